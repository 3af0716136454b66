/** This node's own digests, for others: what it holds of each section, in few bytes. A `chunk` here is the number of a section. */
import type { ChunkId, Clock } from '../../base/index.ts'
import { limits } from '../limits.ts'
import type { DigestChanges, DigestReply, DigestRequest, DigestStamp } from '../wire/digest-messages.ts'
import { buildDigest, type ChunkDigest, isSameTag } from './digest.ts'

export interface OwnDigests {
  replyTo(request: DigestRequest): DigestReply
  /** What the digests given out by now stand for. */
  stamp(): DigestStamp
  /** Those that have changed since they were told under this stamp. */
  changesSince(stamp: DigestStamp): DigestChanges
  /** What this node holds of a chunk has changed. */
  changed(chunk: ChunkId): void
}

/** `keysOf` returns the keys of the questions of a chunk that this node has something for. */
export function createOwnDigests(clock: Clock, keysOf: (chunk: ChunkId) => readonly string[]): OwnDigests {
  const built = new Map<ChunkId, { readonly digest: ChunkDigest | undefined; readonly at: number }>()
  const dirty = new Set<ChunkId>()
  const start = Math.max(0, Math.floor(clock.now()))
  let count = 0
  /** When each chunk changed last, by `count`, in that order; what changed before `forgotten` is not known any more. */
  const changedAt = new Map<ChunkId, number>()
  let forgotten = 0

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

  /** A digest that is younger than DIGEST_BUILD_MS is told as it was before: its change is still to be told. */
  function stamp(): DigestStamp {
    const untold = Math.min(...[...dirty].map((chunk) => changedAt.get(chunk) ?? forgotten))
    return { start, count: Math.min(count, Math.max(0, untold - 1)) }
  }

  return {
    stamp,
    changesSince(before) {
      if (before.start !== start || before.count < forgotten || before.count > count)
        return { stamp: stamp(), rows: undefined }
      const chunks = [...changedAt].flatMap(([chunk, at]) => (at > before.count ? [chunk] : []))
      const rows = chunks.map((chunk) => {
        const digest = digestOfChunk(chunk)
        return [chunk, digest === undefined ? 'full' : { bits: digest.bits }] as const
      })
      return { stamp: stamp(), rows }
    },
    replyTo({ chunk, tag }) {
      const digest = digestOfChunk(chunk)
      if (digest === undefined) return 'full'
      return tag.length > 0 && isSameTag(tag, digest.tag) ? 'same' : { bits: digest.bits }
    },
    changed(chunk) {
      dirty.add(chunk)
      changedAt.delete(chunk)
      changedAt.set(chunk, ++count)
      if (changedAt.size <= limits.MAX_OWN_DIGESTS) return
      const [oldest] = changedAt
      if (oldest === undefined) return
      changedAt.delete(oldest[0])
      forgotten = oldest[1]
    },
  }
}
