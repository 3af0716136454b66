/**
 * A ring whose members believe each other (`ring.acceptFrom: "any-member"`): what one has resolved, the others have at once, with
 * the zone cuts and keys that led to it (DESIGN 5, *Household*).
 */
import { type Cancel, ChordnsError, type Clock, type Log, type PeerId } from '../base/index.ts'
import type { Cache, CacheContents } from '../cache/index.ts'
import { Rates } from '../chunks/index.ts'
import type { Question } from '../dns/index.ts'
import type { Ring } from '../ring/index.ts'
import { type AskForAll, catchUp, supplied } from './catch-up.ts'
import { limits } from './limits.ts'
import { decodeMessage } from './rows.ts'
import { createTaking } from './taking.ts'
import { createTeller, type SendTold, type TellerStats } from './telling.ts'
import type { CacheWatcher } from './watched-cache.ts'

export interface HouseholdDeps {
  readonly ring: Pick<Ring, 'self' | 'members' | 'memberByPeer' | 'isSuspect' | 'onChange'>
  /** What is taken goes into this one, which nobody watches. */
  readonly cache: Cache & CacheContents
  readonly clock: Clock
  readonly log: Log
}

export interface HouseholdHooks {
  readonly send: SendTold
  readonly bulk: AskForAll
  /** Whether a question may be told to a peer, or taken from one. */
  readonly mayShare: (question: Question) => boolean
}

export interface HouseholdStats extends TellerStats {
  readonly rowsTaken: number
  readonly messagesTaken: number
  readonly messagesRefused: number
  readonly caughtUp: number
}

export interface Household {
  start(): void
  stop(): void
  /** Few enough members that all tell all: the ring is not asked, since what it knows is here. */
  isWhole(): boolean
  /** Hears of what this node puts into its cache, and tells the others. */
  readonly watcher: CacheWatcher
  /** Answers a telling. Throws HOUSEHOLD_MALFORMED, HOUSEHOLD_REFUSED, EVIDENCE_MALFORMED. */
  handle(from: PeerId, body: Uint8Array): Uint8Array
  /** Answers a member that was away. */
  supply(from: PeerId, signal: AbortSignal): AsyncIterable<Uint8Array>
  /** The member whose word an answer in the cache is, if it is another's. */
  sourceOf(question: Question): PeerId | undefined
  stats(): HouseholdStats
}

const ACKNOWLEDGED = new Uint8Array()

export function createHousehold(deps: HouseholdDeps, hooks: HouseholdHooks): Household {
  const { ring, cache, clock, log } = deps
  const { mayShare, bulk, send } = hooks
  const stop = new AbortController()
  const stopping = stop.signal
  const taking = createTaking({ cache, clock, mayShare })
  const telling = createTeller({ clock, mayShare, others: () => (isWhole() ? others() : []), send, stopping })
  const rates = new Rates(clock, limits.TAKEN_BYTES_PER_SECOND, limits.TAKEN_BURST_BYTES, limits.MAX_RATED)
  const supplies = new Rates(clock, 1000 / limits.CATCH_UP_EVERY_MS, 2, limits.MAX_RATED)
  const counts = { rowsTaken: 0, messagesTaken: 0, messagesRefused: 0, caughtUp: 0 }
  /** When there was nobody else for the first time; undefined while there is somebody. */
  let aloneSince: number | undefined = Number.NEGATIVE_INFINITY
  let unsubscribe: Cancel | undefined

  function isWhole(): boolean {
    const { length } = ring.members()
    return length > 1 && length <= limits.MAX_MEMBERS
  }

  function others(): PeerId[] {
    return ring.members().flatMap(({ id, peer }) => (id === ring.self.id || ring.isSuspect(id) ? [] : [peer]))
  }

  function ringChanged(): void {
    if (others().length === 0) {
      aloneSince ??= clock.monotonic()
      return
    }
    const wasAway = aloneSince !== undefined && clock.monotonic() - aloneSince >= limits.AWAY_MS
    aloneSince = undefined
    if (!wasAway || !isWhole() || stopping.aborted) return
    catchUp({ taking, bulk, log, stopping }, others()).then(
      (kept) => {
        counts.caughtUp += kept
      },
      (error: unknown) => log.warn({ reason: String(error) }, 'catching up with the household failed unexpectedly'),
    )
  }

  function admit(from: PeerId, isAllowed: boolean): void {
    if (ring.memberByPeer(from) !== undefined && isAllowed) return
    counts.messagesRefused++
    throw new ChordnsError('HOUSEHOLD_REFUSED', 'not a member, or too much at once', { peer: from })
  }

  return {
    start() {
      unsubscribe = ring.onChange(ringChanged)
      ringChanged()
    },
    stop() {
      unsubscribe?.()
      telling.flush()
      stop.abort()
    },
    isWhole,
    watcher: {
      answer(entry) {
        taking.ownFound(entry.question)
        telling.answer(entry)
      },
      delegation: telling.delegation,
    },
    handle(from, body) {
      admit(from, rates.spend(from, body.length))
      counts.rowsTaken += taking.take(from, decodeMessage(body))
      counts.messagesTaken++
      return ACKNOWLEDGED
    },
    supply(from, signal) {
      admit(from, supplies.spend(from))
      return supplied({ contents: cache, clock, mayShare }, AbortSignal.any([signal, stopping]))
    },
    sourceOf: taking.sourceOf,
    stats: () => ({ ...counts, ...telling.stats() }),
  }
}
