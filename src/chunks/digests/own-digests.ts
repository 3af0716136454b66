/** This node's own digests, for others: what it holds of each chunk, in few bytes. */
import type { ChunkId, Clock } from '../../base/index.ts'
import { limits } from '../limits.ts'
import type { DigestReply, DigestRequest } from '../wire/digest-messages.ts'
import { buildDigest, type ChunkDigest, isSameTag } from './digest.ts'

export interface OwnDigests {
  replyTo(request: DigestRequest): DigestReply
  /** What this node holds of a chunk has changed. */
  changed(chunk: ChunkId): void
}

/** `keysOf` returns the keys of the questions of a chunk that this node has something for. */
export function createOwnDigests(clock: Clock, keysOf: (chunk: ChunkId) => readonly string[]): OwnDigests {
  const built = new Map<ChunkId, { readonly digest: ChunkDigest | undefined; readonly at: number }>()
  const dirty = new Set<ChunkId>()

  /** It is built anew when something has changed, at most once in DIGEST_BUILD_MS: so a peer that asks often costs nothing more. */
  function digestOfChunk(chunk: ChunkId): ChunkDigest | undefined {
    const now = clock.monotonic()
    const before = built.get(chunk)
    if (before !== undefined && (!dirty.has(chunk) || now - before.at < limits.DIGEST_BUILD_MS)) return before.digest
    dirty.delete(chunk)
    const digest = buildDigest(keysOf(chunk))
    built.set(chunk, { digest, at: now })
    if (built.size > limits.MAX_OWN_DIGESTS) built.delete(built.keys().next().value!)
    return digest
  }

  return {
    replyTo({ chunk, tag }) {
      const digest = digestOfChunk(chunk)
      if (digest === undefined) return 'full'
      return tag.length > 0 && isSameTag(tag, digest.tag) ? 'same' : { bits: digest.bits }
    },
    changed: (chunk) => void dirty.add(chunk),
  }
}
