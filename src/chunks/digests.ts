/**
 * The digests of others, which decide whether the ring is asked at all, and this node's own. A digest is a hint: where it lies, a
 * question costs one hedge delay more, or one fetch that the ring could have spared.
 */
import { type ChunkId, type Clock, isChordnsError, type PeerId, type RequestOptions } from '../base/index.ts'
import type { Question } from '../dns/index.ts'
import type { Ring } from '../ring/index.ts'
import { buildDigest, type ChunkDigest, digestOf, hashOf, isSameTag, names } from './digest.ts'
import {
  type DigestReply,
  decodeDigestReply,
  decodeDigestRequest,
  encodeDigestReply,
  encodeDigestRequest,
} from './digest-messages.ts'
import { limits } from './limits.ts'
import type { Send } from './peers.ts'
import type { Rates } from './rates.ts'
import type { Seats } from './seats.ts'
import { BoundedMap, questionKey } from './store.ts'

/** `no`: most of the replicas have nothing for it; `unknown`: too few of their digests are known to say so. */
export type Expectation = 'yes' | 'no' | 'unknown'

export interface DigestsParts {
  readonly clock: Clock
  readonly send: Send
  readonly ring: Pick<Ring, 'isSuspect' | 'memberByPeer'>
  readonly stopping: AbortSignal
  readonly rates: Rates
  /** Keys of the questions of a chunk that this node has something for. */
  readonly keysOf: (chunk: ChunkId) => readonly string[]
  readonly onFault: (peer: PeerId) => void
}

export interface Digests {
  /** What the digests of the seats say; those that are missing or old are asked for meanwhile. `held`: this node has it itself. */
  expects(question: Question, seats: Seats, held: boolean): Expectation
  answer(from: PeerId, body: Uint8Array): Uint8Array
  /** What this node has for a chunk has changed. */
  changed(chunk: ChunkId): void
  stats(): DigestStats
}

export interface DigestStats {
  /** Of other replicas, held now, and their bytes. */
  readonly digests: number
  readonly digestBytes: number
  /** Requests for digests that went out. */
  readonly digestsAsked: number
  /** Questions that the ring was not asked, since no digest named them. */
  readonly spared: number
}

interface Heard {
  /** Undefined: the peer has more than a digest holds, or says nothing. */
  readonly digest: ChunkDigest | undefined
  /** Monotonic ms. */
  readonly at: number
}

export function createDigests(parts: DigestsParts): Digests {
  const { clock, ring, rates } = parts
  const heard = new BoundedMap<Heard>(limits.MAX_DIGESTS_BYTES)
  const asking = new Set<string>()
  const own = new Map<ChunkId, { readonly digest: ChunkDigest | undefined; readonly at: number }>()
  const dirty = new Set<ChunkId>()
  const counts = { digestsAsked: 0, spared: 0 }

  function expects(question: Question, seats: Seats, held: boolean): Expectation {
    if (held) return 'yes'
    const hash = hashOf(questionKey(question))
    const now = clock.monotonic()
    let known = seats.mine ? 1 : 0
    let named = false
    for (const { peer, id } of seats.others) {
      const last = heard.get(keyOf(peer, seats.chunk), 0)
      const age = last === undefined ? Number.POSITIVE_INFINITY : now - last.at
      if (age >= limits.DIGEST_REFRESH_MS && !ring.isSuspect(id)) ask(peer, seats.chunk, last)
      if (last?.digest === undefined || age > limits.DIGEST_OLD_MS) continue
      known++
      named ||= names(last.digest, hash)
    }
    if (named) return 'yes'
    if (2 * known <= seats.members.length) return 'unknown'
    counts.spared++
    return 'no'
  }

  function ask(peer: PeerId, chunk: ChunkId, last: Heard | undefined): void {
    const key = keyOf(peer, chunk)
    if (asking.has(key) || asking.size >= limits.MAX_DIGESTS_ASKED) return
    asking.add(key)
    counts.digestsAsked++
    const options: RequestOptions = { timeoutMs: limits.DIGEST_TIMEOUT_MS, signal: parts.stopping }
    const tag = last?.digest?.tag ?? new Uint8Array()
    void parts
      .send(peer, encodeDigestRequest({ chunk, tag }), options)
      .then((body) => take(peer, chunk, last, decodeDigestReply(body)))
      .catch((error: unknown) => {
        if (isChordnsError(error, 'CHUNK_MALFORMED')) parts.onFault(peer)
        // Not at once again, and not believed for longer than it is good for.
        if (last === undefined) put(peer, chunk, undefined)
      })
      .finally(() => asking.delete(key))
  }

  function take(peer: PeerId, chunk: ChunkId, last: Heard | undefined, reply: DigestReply): void {
    if (reply === 'busy') return
    if (reply === 'full') put(peer, chunk, undefined)
    else put(peer, chunk, reply === 'same' ? last?.digest : digestOf(reply.bits))
  }

  function put(peer: PeerId, chunk: ChunkId, digest: ChunkDigest | undefined): void {
    const bytes = (digest?.bits.length ?? 0) + limits.DIGEST_OVERHEAD_BYTES
    heard.set(keyOf(peer, chunk), { digest, at: clock.monotonic() }, bytes, Number.POSITIVE_INFINITY)
  }

  /** Built anew when something has changed, and at most so often: a peer that asks costs no more than one that does not. */
  function ownDigest(chunk: ChunkId): ChunkDigest | undefined {
    const now = clock.monotonic()
    const built = own.get(chunk)
    if (built !== undefined && (!dirty.has(chunk) || now - built.at < limits.DIGEST_BUILD_MS)) return built.digest
    dirty.delete(chunk)
    const digest = buildDigest(parts.keysOf(chunk))
    own.set(chunk, { digest, at: now })
    if (own.size > limits.MAX_OWN_DIGESTS) own.delete(own.keys().next().value!)
    return digest
  }

  return {
    expects,
    answer(from, body) {
      const { chunk, tag } = decodeDigestRequest(body)
      if (ring.memberByPeer(from) === undefined || !rates.take(from)) return encodeDigestReply('busy')
      const digest = ownDigest(chunk)
      if (digest === undefined) return encodeDigestReply('full')
      return encodeDigestReply(tag.length > 0 && isSameTag(tag, digest.tag) ? 'same' : { bits: digest.bits })
    },
    changed: (chunk) => void dirty.add(chunk),
    stats: () => ({ digests: heard.size, digestBytes: heard.bytes, ...counts }),
  }
}

function keyOf(peer: PeerId, chunk: ChunkId): string {
  return `${peer} ${chunk}`
}
