/**
 * Whether the ring is asked at all: what the digests of a chunk's replicas say about a question. A digest is a hint: where it lies,
 * a question costs one hedge delay more, or one fetch that the ring could have spared. Each is of a section of the ring: all that a replica
 * has there, of whatever chunks.
 */
import { asChunkId, type Cancel, type ChunkId, type Clock, type PeerId } from '../../base/index.ts'
import type { Question } from '../../dns/index.ts'
import type { MemberEntry, Ring } from '../../ring/index.ts'
import { limits } from '../limits.ts'
import type { Placement } from '../seats/placement.ts'
import type { Seats } from '../seats/seats.ts'
import { chunksOfSection, type Section } from '../seats/sections.ts'
import {
  type DigestChanges,
  type DigestStamp,
  decodeChangesRequest,
  decodeDigestRequest,
  encodeChangesReply,
  encodeDigestReply,
  isChangesRequest,
} from '../wire/digest-messages.ts'
import type { Faults } from '../wire/faults.ts'
import { questionKey } from '../wire/question-key.ts'
import type { Rates } from '../wire/rates.ts'
import type { Send } from '../wire/request.ts'
import { hashOf, names } from './digest.ts'
import { createHeardDigests, type HeardDigests, type PeerDigest } from './heard-digests.ts'
import { createOwnDigests } from './own-digests.ts'

/** `no`: most of the replicas have nothing for it; `unknown`: too few of their digests are known to say so. */
export type Expectation = 'yes' | 'no' | 'unknown'

export interface DigestsDeps {
  readonly clock: Clock
  readonly send: Send
  readonly ring: Pick<Ring, 'isCrowded' | 'isSuspect' | 'memberByPeer' | 'members'>
  readonly placement: Pick<Placement, 'digestNumber' | 'seatsOfSection'>
  readonly stopping: AbortSignal
  /** How many sections one peer may ask about. */
  readonly rates: Rates
  readonly faults: Faults
  readonly chunkBits: number
  /** Digests are requested ahead in rings of at most so many members; `limits.DIGESTS_AHEAD_UP_TO` if left out. */
  readonly aheadUpTo?: number | undefined
}

export interface DigestsHooks {
  /** Returns the keys of the questions of a section that this node has something for. */
  readonly keysOf: (section: Section) => readonly string[]
}

export interface Digests {
  /** Whether digests are requested before they are needed. Where there are many members, those of the next question are not known. */
  readonly areAhead: boolean

  /** What the digests of the seats say; those that are missing or old are requested meanwhile. `held`: this node has it itself. */
  expects(question: Question, seats: Seats, held: boolean): Expectation
  /** The replicas whose digests name the question, as far as they are known. */
  namers(question: Question, seats: Seats): ReadonlySet<PeerId>
  answer(from: PeerId, body: Uint8Array): Uint8Array
  /** What this node has for a chunk has changed. */
  changed(chunk: ChunkId): void
  /** Requests all that is missing or old, in a ring small enough, as long as this node is in use. */
  start(): void
  /** Others are the replicas now. */
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

export function createDigests(deps: DigestsDeps, { keysOf }: DigestsHooks): Digests {
  const { clock, ring, rates } = deps
  const heard = createHeardDigests(deps)
  const chunksEach = chunksOfSection(deps.chunkBits)
  const numberOf = deps.placement.digestNumber
  const own = createOwnDigests(clock, (number) => keysOf({ first: asChunkId(number * chunksEach), count: chunksEach }))
  const areAhead = () => ring.members().length <= (deps.aheadUpTo ?? limits.DIGESTS_AHEAD_UP_TO)
  let spared = 0
  /** When somebody last asked, or the node started: whoever starts one is about to ask. Monotonic ms. */
  let usedAt = Number.NEGATIVE_INFINITY
  /** Somebody has asked since the start. Until then digests are only kept from growing too old. */
  let isUsed = false
  let next: Cancel | undefined
  let nextAt = 0

  /** Those that are refreshed ahead are on their way for a while when they are that old: they are not requested one by one meanwhile. */
  const refreshMs = () => (areAhead() ? 1.5 * limits.DIGEST_REFRESH_MS : limits.DIGEST_REFRESH_MS)

  function expects(question: Question, seats: Seats, held: boolean): Expectation {
    if (held) return 'yes'
    const hash = hashOf(questionKey(question))
    const now = clock.monotonic()
    if (next !== undefined && now - usedAt > limits.DIGEST_IDLE_MS) refreshIn(0)
    else if (next !== undefined && !isUsed) refreshIn(limits.DIGEST_FIRST_MS)
    isUsed = true
    usedAt = now
    let known = seats.mine ? 1 : 0
    let named = false
    const number = numberOf(seats.chunk)
    const oldAt = refreshMs()
    for (const { peer, id } of seats.others) {
      const last = heard.of(peer, number)
      const age = last === undefined ? Number.POSITIVE_INFINITY : now - last.at
      if (age >= oldAt && !ring.isSuspect(id)) heard.request(peer, [number])
      if (last?.digest === undefined || age > limits.DIGEST_OLD_MS) continue
      known++
      named ||= names(last.digest, hash)
    }
    if (named) return 'yes'
    if (2 * known <= seats.members.length) return 'unknown'
    spared++
    return 'no'
  }

  function namers(question: Question, { chunk, others }: Seats): ReadonlySet<PeerId> {
    const hash = hashOf(questionKey(question))
    const oldest = clock.monotonic() - limits.DIGEST_OLD_MS
    const isNaming = (last: PeerDigest | undefined) =>
      last?.digest !== undefined && last.at >= oldest && names(last.digest, hash)
    const number = numberOf(chunk)
    return new Set(others.map(({ peer }) => peer).filter((peer) => isNaming(heard.of(peer, number))))
  }

  function refreshIn(ms: number): void {
    next?.()
    nextAt = clock.monotonic() + ms
    next = clock.after(ms, refresh)
  }

  /** In a small ring all digests are requested before they are needed: that costs a few hundred bytes a second. */
  function refresh(): void {
    refreshIn(isUsed ? limits.DIGEST_REFRESH_MS : limits.DIGEST_UNUSED_MS)
    if (clock.monotonic() - usedAt > limits.DIGEST_IDLE_MS || !areAhead()) return
    // Each would be a connection that is opened and closed again.
    if (ring.isCrowded()) return
    const wanted = oldDigests(deps, heard)
    // More than may be requested at once: they are requested as they are needed.
    if (wanted.size > limits.MAX_DIGEST_REQUESTS) return
    for (const [peer, numbers] of wanted) heard.refresh(peer, numbers)
  }

  function changesFor(from: PeerId, since: DigestStamp): DigestChanges {
    const nothing = { stamp: since, rows: undefined }
    return ring.memberByPeer(from) !== undefined && rates.spend(from) ? own.changesSince(since) : nothing
  }

  return {
    get areAhead() {
      return areAhead()
    },
    expects,
    namers,
    answer(from, body) {
      if (isChangesRequest(body)) return encodeChangesReply(changesFor(from, decodeChangesRequest(body)))
      const wanted = decodeDigestRequest(body)
      const known =
        ring.memberByPeer(from) !== undefined && rates.spend(from, Math.ceil(wanted.length / SECTIONS_A_TOKEN))
      if (!known) return encodeDigestReply(wanted.map(() => 'busy'))
      const replies = wanted.map(own.replyTo)
      return encodeDigestReply(replies, own.stamp())
    },
    changed: (chunk) => own.changed(numberOf(chunk)),
    start() {
      usedAt = clock.monotonic()
      refreshIn(limits.DIGEST_FIRST_MS)
    },
    ringChanged() {
      if (next !== undefined && nextAt > clock.monotonic() + limits.DIGEST_FIRST_MS) refreshIn(limits.DIGEST_FIRST_MS)
    },
    stop() {
      next?.()
      next = undefined
    },
    stats: () => ({ digests: heard.size, digestBytes: heard.bytes, digestsAsked: heard.requested, spared }),
  }
}

/** A batch costs little: most digests are the same as before, and are not sent again. */
const SECTIONS_A_TOKEN = 16

/** The numbers of the sections whose digests are missing or old, by peer. */
function oldDigests({ clock, ring, placement, chunkBits }: DigestsDeps, heard: HeardDigests): Map<PeerId, ChunkId[]> {
  const wanted = new Map<PeerId, ChunkId[]>()
  const oldest = clock.monotonic() - limits.DIGEST_REFRESH_MS / 2
  const chunksEach = chunksOfSection(chunkBits)
  for (let at = 0; at * chunksEach < 2 ** chunkBits; at++) {
    const number = asChunkId(at)
    for (const { peer, id } of holdersOf(placement, { first: asChunkId(at * chunksEach), count: chunksEach })) {
      if (ring.isSuspect(id) || (heard.peek(peer, number)?.at ?? Number.NEGATIVE_INFINITY) > oldest) continue
      const numbers = wanted.get(peer)
      if (numbers === undefined) wanted.set(peer, [number])
      else numbers.push(number)
      if (wanted.size > limits.MAX_DIGEST_REQUESTS) return wanted
    }
  }
  return wanted
}

/** The other replicas of any chunk of the section, each once. */
function holdersOf(placement: Pick<Placement, 'seatsOfSection'>, section: Section): ReadonlySet<MemberEntry> {
  const holders = new Set<MemberEntry>()
  for (const { others } of placement.seatsOfSection(section)) for (const member of others) holders.add(member)
  return holders
}
