/**
 * The digests of others, which decide whether the ring is asked at all, and this node's own. A digest is a hint: where it lies, a
 * question costs one hedge delay more, or one fetch that the ring could have spared.
 */
import {
  asChunkId,
  type Cancel,
  type ChunkId,
  type Clock,
  isChordnsError,
  type PeerId,
  type RequestOptions,
} from '../../base/index.ts'
import type { Question } from '../../dns/index.ts'
import type { Ring } from '../../ring/index.ts'
import { BoundedMap, questionKey } from '../entries/bounded-map.ts'
import { limits } from '../limits.ts'
import type { Seats } from '../seats/seats.ts'
import {
  type DigestReply,
  type DigestRequest,
  decodeDigestReply,
  decodeDigestRequest,
  encodeDigestReply,
  encodeDigestRequest,
} from '../wire/digest-messages.ts'
import type { Rates } from '../wire/rates.ts'
import type { Send } from '../wire/request.ts'
import { buildDigest, type ChunkDigest, digestOf, hashOf, isSameTag, names } from './digest.ts'

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
  /** 2^chunkBits. */
  readonly chunks: number
  readonly seatsOfChunk: (chunk: ChunkId) => Seats
}

export interface Digests {
  /** What the digests of the seats say; those that are missing or old are asked for meanwhile. `held`: this node has it itself. */
  expects(question: Question, seats: Seats, held: boolean): Expectation
  answer(from: PeerId, body: Uint8Array): Uint8Array
  /** What this node has for a chunk has changed. */
  changed(chunk: ChunkId): void
  /** Asks for all that is missing or old, in a ring small enough, as long as this node is in use. */
  start(): void
  /** Others keep the chunks now. */
  ringChanged(): void
  stop(): void
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
  /** Nobody has asked yet. */
  let usedAt = Number.NEGATIVE_INFINITY
  let next: Cancel | undefined
  let nextAt = 0
  let requests = 0

  function expects(question: Question, seats: Seats, held: boolean): Expectation {
    if (held) return 'yes'
    const hash = hashOf(questionKey(question))
    const now = clock.monotonic()
    if (now - usedAt > limits.DIGEST_IDLE_MS && next !== undefined) refreshIn(0)
    usedAt = now
    let known = seats.mine ? 1 : 0
    let named = false
    for (const { peer, id } of seats.others) {
      const last = heard.get(keyOf(peer, seats.chunk), 0)
      const age = last === undefined ? Number.POSITIVE_INFINITY : now - last.at
      if (age >= limits.DIGEST_REFRESH_MS && !ring.isSuspect(id)) ask(peer, [seats.chunk])
      if (last?.digest === undefined || age > limits.DIGEST_OLD_MS) continue
      known++
      named ||= names(last.digest, hash)
    }
    if (named) return 'yes'
    if (2 * known <= seats.members.length) return 'unknown'
    counts.spared++
    return 'no'
  }

  /** One question for some chunks of one peer. */
  function ask(peer: PeerId, chunks: readonly ChunkId[]): void {
    const wanted = chunks.filter((chunk) => !asking.has(keyOf(peer, chunk))).slice(0, limits.MAX_DIGESTS_AT_ONCE)
    if (wanted.length === 0 || requests >= limits.MAX_DIGEST_REQUESTS) return
    requests++
    counts.digestsAsked++
    for (const chunk of wanted) asking.add(keyOf(peer, chunk))
    const rows = wanted.map((chunk) => ({ chunk, tag: heardOf(peer, chunk)?.digest?.tag ?? NOTHING }))
    const options: RequestOptions = { timeoutMs: limits.DIGEST_TIMEOUT_MS, signal: parts.stopping }
    void parts
      .send(peer, encodeDigestRequest(rows), options)
      .then((body) => {
        const replies = decodeDigestReply(body)
        for (const [i, chunk] of wanted.entries()) take(peer, chunk, replies[i] ?? 'busy')
      })
      .catch((error: unknown) => {
        if (isChordnsError(error, 'CHUNK_MALFORMED')) parts.onFault(peer)
        // Not at once again, and what was known before is believed as long as it is good for.
        for (const chunk of wanted) if (heardOf(peer, chunk) === undefined) put(peer, chunk, undefined)
      })
      .finally(() => {
        requests--
        for (const chunk of wanted) asking.delete(keyOf(peer, chunk))
      })
  }

  function heardOf(peer: PeerId, chunk: ChunkId): Heard | undefined {
    return heard.get(keyOf(peer, chunk), 0)
  }

  function take(peer: PeerId, chunk: ChunkId, reply: DigestReply): void {
    if (reply === 'busy') return
    if (reply === 'full') put(peer, chunk, undefined)
    else put(peer, chunk, reply === 'same' ? heardOf(peer, chunk)?.digest : digestOf(reply.bits))
  }

  function refreshIn(ms: number): void {
    next?.()
    nextAt = clock.monotonic() + ms
    next = clock.after(ms, refresh)
  }

  /** In a small ring all digests are had before they are needed: a few hundred bytes a second. */
  function refresh(): void {
    refreshIn(limits.DIGEST_REFRESH_MS)
    const now = clock.monotonic()
    if (now - usedAt > limits.DIGEST_IDLE_MS || parts.chunks > limits.MAX_DIGESTS_AHEAD) return
    const wanted = new Map<PeerId, ChunkId[]>()
    for (let number = 0; number < parts.chunks; number++) {
      const chunk = asChunkId(number)
      for (const { peer, id } of parts.seatsOfChunk(chunk).others) {
        if (
          ring.isSuspect(id) ||
          now - (heardOf(peer, chunk)?.at ?? -limits.DIGEST_OLD_MS) < limits.DIGEST_REFRESH_MS / 2
        )
          continue
        const chunks = wanted.get(peer)
        if (chunks === undefined) wanted.set(peer, [chunk])
        else chunks.push(chunk)
        if (wanted.size > limits.MAX_DIGEST_REQUESTS) return
      }
    }
    for (const [peer, chunks] of wanted)
      for (let at = 0; at < chunks.length; at += limits.MAX_DIGESTS_AT_ONCE)
        ask(peer, chunks.slice(at, at + limits.MAX_DIGESTS_AT_ONCE))
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

  function wordOn({ chunk, tag }: DigestRequest): DigestReply {
    const digest = ownDigest(chunk)
    if (digest === undefined) return 'full'
    return tag.length > 0 && isSameTag(tag, digest.tag) ? 'same' : { bits: digest.bits }
  }

  return {
    expects,
    answer(from, body) {
      const wanted = decodeDigestRequest(body)
      const known = ring.memberByPeer(from) !== undefined && rates.take(from, Math.ceil(wanted.length / CHUNKS_A_TOKEN))
      return encodeDigestReply(known ? wanted.map(wordOn) : wanted.map(() => 'busy'))
    },
    changed: (chunk) => void dirty.add(chunk),
    start: () => refreshIn(limits.DIGEST_FIRST_MS),
    ringChanged() {
      if (next !== undefined && nextAt > clock.monotonic() + limits.DIGEST_FIRST_MS) refreshIn(limits.DIGEST_FIRST_MS)
    },
    stop() {
      next?.()
      next = undefined
    },
    stats: () => ({ digests: heard.size, digestBytes: heard.bytes, ...counts }),
  }
}

/** A batch costs its maker little: most of it is the same as before. */
const CHUNKS_A_TOKEN = 16
const NOTHING = new Uint8Array()

function keyOf(peer: PeerId, chunk: ChunkId): string {
  return `${peer} ${chunk}`
}
