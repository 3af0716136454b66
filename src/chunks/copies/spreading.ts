/**
 * Marks go from member to member: each node asks one of its fingers, with which it is connected anyway, what it has learned lately; and
 * once, when it has begun, for all marks. It makes the marks that its own reads call for, too.
 */
import { asRingId, type Cancel, type Clock, type PeerId, type Random, toHex } from '../../base/index.ts'
import type { Signer } from '../../crypto/index.ts'
import type { MemberEntry, Ring } from '../../ring/index.ts'
import { limits } from '../limits.ts'
import type { Placement } from '../seats/placement.ts'
import type { Faults } from '../wire/faults.ts'
import type { Rates } from '../wire/rates.ts'
import type { Send } from '../wire/request.ts'
import { type Heat, type RecentCount, wantedLevel } from './heat.ts'
import { chunkOfHint, hintToBytes, type PopularMark, signMark } from './mark.ts'
import { decodePopularReply, decodePopularRequest, encodePopularReply, encodePopularRequest } from './messages.ts'
import type { Popular } from './popular.ts'

export interface SpreadingDeps {
  readonly clock: Clock
  readonly random: Random
  readonly ring: Ring
  readonly signer: Signer
  readonly placement: Pick<Placement, 'seatsOfChunk'>
  readonly chunkBits: number
  /** Smaller rings have no popular names. */
  readonly copiesFrom: number
  readonly send: Send
  readonly faults: Faults
  readonly rates: Rates
  readonly popular: Popular
  readonly heat: Heat
  /** Reads of the ring that this node makes. */
  readonly ownReads: RecentCount
  readonly stopping: AbortSignal
}

export interface Spreading {
  start(): void
  stop(): void
  /** Throws CHUNK_MALFORMED. */
  answer(from: PeerId, body: Uint8Array): Uint8Array
  /** Reads a second that a member makes, in the mean: the middle of what others said of themselves. */
  mean(): number
}

export function createSpreading(deps: SpreadingDeps): Spreading {
  const { clock, random, ring, popular, heat, ownReads } = deps
  /** Reads a second that others make, by their own word. */
  const others: number[] = []
  let next: Cancel | undefined
  /** Where the reading of all marks goes on; undefined: it is done. */
  let after: Uint8Array | undefined = new Uint8Array()

  function mean(): number {
    const sorted = [...others, ownReads.perSecond].sort((a, b) => a - b)
    return sorted[Math.floor(sorted.length / 2)]!
  }

  function tick(): void {
    const isLarge = ring.members().length >= deps.copiesFrom
    next = clock.after(isLarge ? limits.SPREAD_MS / 2 + random.below(limits.SPREAD_MS) : limits.SPREAD_MS, tick)
    if (!isLarge) return
    markOwn()
    void exchange()
  }

  /** Marks what is read of this node, as long as it is the first replica that lives. */
  function markOwn(): void {
    const nowSeconds = Math.floor(clock.now() / 1_000)
    const ringMean = mean()
    for (const hint of heat.names()) {
      const { n, mine, before } = deps.placement.seatsOfChunk(chunkOfHint(hint, deps.chunkBits))
      if (!mine || heat.readers(hint) < limits.LEAST_READERS) continue
      const marked = popular.ofSigner(hint, deps.signer.publicKey)
      const popularity = { reads: n * heat.rate(hint), mean: ringMean, n, members: ring.members().length }
      const level = wantedLevel(marked, popularity, nowSeconds, before.length === 0)
      if (level !== undefined) popular.take(signMark(ring.ringId, deps.signer, { hint, level, at: nowSeconds }))
    }
  }

  async function exchange(): Promise<void> {
    const partner = finger()
    if (partner === undefined) return
    const wanted = after
    const known = wanted === undefined ? popular.learnedWithin(limits.MARK_FRESH_MS) : []
    const body = encodePopularRequest({ readsADay: DAY_SECONDS * ownReads.perSecond, after: wanted, known })
    try {
      const options = { timeoutMs: limits.DIGEST_TIMEOUT_MS, signal: deps.stopping }
      const { readsADay, marks } = decodePopularReply(await deps.send(partner.peer, body, options))
      others.push(readsADay / DAY_SECONDS)
      if (others.length > limits.MAX_RATES_HEARD) others.shift()
      for (const mark of marks) popular.take(mark)
      if (wanted !== undefined) after = pageAfter(marks)
    } catch {
      // The next one will say it: what is lost is asked for again.
    }
  }

  /** One of the members at 1/2, 1/4, 1/8 ... of the ring after this one. */
  function finger(): MemberEntry | undefined {
    const members = Math.max(2, ring.members().length)
    const step = 2 ** (48 - 1 - random.below(Math.ceil(Math.log2(members))))
    const top = (Number.parseInt(ring.self.id.slice(0, 12), 16) + step) % 2 ** 48
    const key = asRingId(top.toString(16).padStart(12, '0').padEnd(64, '0'))
    const member = ring.ownerOf(key)
    return member === undefined || member.id === ring.self.id || ring.isSuspect(member.id) ? undefined : member
  }

  return {
    mean,
    start() {
      next = clock.after(limits.SPREAD_MS, tick)
    },
    stop: () => next?.(),
    answer(from, body) {
      const request = decodePopularRequest(body)
      const isServed = ring.memberByPeer(from) !== undefined && deps.rates.spend(from)
      const marks = isServed ? marksFor(popular, request) : []
      return encodePopularReply({ readsADay: DAY_SECONDS * ownReads.perSecond, marks })
    },
  }
}

const DAY_SECONDS = 86_400

function marksFor(popular: Popular, { after, known }: ReturnType<typeof decodePopularRequest>): readonly PopularMark[] {
  if (after !== undefined) return popular.page(toHex(after), limits.MARKS_OF_A_PAGE)
  const theirs = new Set(known.map(({ hint, at }) => `${hint}/${at}`))
  return popular.learnedWithin(limits.MARK_FRESH_MS).filter(({ hint, at }) => !theirs.has(`${hint}/${at}`))
}

/** Where the next page begins; undefined: this was the last. */
function pageAfter(marks: readonly PopularMark[]): Uint8Array | undefined {
  const last = marks.at(-1)
  return last === undefined || marks.length < limits.MARKS_OF_A_PAGE / 2 ? undefined : hintToBytes(last.hint)
}
