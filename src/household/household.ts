/**
 * A ring whose members believe each other (`ring.acceptFrom: "any-member"`): what one has resolved, the others have at once, with
 * the zone cuts and keys that led to it (DESIGN 5, *Household*).
 */
import { type Cancel, ChordnsError, type Clock, errorText, type Log, type PeerId, type Work } from '../base/index.ts'
import type { Cache, CacheContents } from '../cache/index.ts'
import { Rates } from '../chunks/index.ts'
import type { Question } from '../dns/index.ts'
import { type AskForAll, catchUp, supplied } from './catch-up.ts'
import { limits } from './limits.ts'
import { createOutbox, type SendTold } from './outbox.ts'
import { type HouseholdRing, isWhole, othersOf, TimeAway } from './presence.ts'
import { decodeMessage, FIRST_VERSION, type MessageVersion, type ToldRow, VERSION } from './rows.ts'
import { createTaking, type Taking } from './taking.ts'
import { createTeller } from './telling.ts'
import type { CacheWatcher } from './watched-cache.ts'

export interface HouseholdDeps {
  readonly ring: HouseholdRing
  /** What is taken goes into this one, which nobody watches. */
  readonly cache: Cache & CacheContents
  readonly clock: Clock
  readonly log: Log
  /** What is told and taken waits until no stub waits for this node. */
  readonly work: Pick<Work, 'whenFree'>
}

export interface HouseholdHooks {
  readonly send: SendTold
  readonly bulk: AskForAll
  /** Whether a question may be told to a peer, or taken from one. */
  readonly mayShare: (question: Question) => boolean
  /** Whether a peer understands what is left of an answer in ms: messages of version 2. */
  readonly countsMs: (peer: PeerId) => boolean
}

export interface HouseholdStats {
  readonly rowsTold: number
  readonly messagesSent: number
  readonly messagesLost: number
  readonly rowsTaken: number
  readonly messagesTaken: number
  readonly messagesRefused: number
  readonly messagesMalformed: number
  readonly caughtUp: number
}

export interface Household {
  start(): void
  /** Says what it has not told yet. Resolves when nobody is waited for any more: 2 s at most. */
  stop(): Promise<void>
  /** Few enough members that all tell all: the ring is not asked, since what it knows is here. */
  isWhole(): boolean
  /** Hears of what this node puts into its cache, and tells the others. */
  readonly watcher: CacheWatcher
  /** Answers a telling. Throws HOUSEHOLD_REFUSED; and HOUSEHOLD_MALFORMED, EVIDENCE_MALFORMED where it is read at once. */
  handle(from: PeerId, body: Uint8Array): Uint8Array
  /**
   * Takes what others have told and nobody had time for: a question is about to be fetched, which takes longer. True: there may be more in
   * the cache now.
   */
  takeWaiting(): boolean
  /** Answers a member that was away. */
  supply(from: PeerId, signal: AbortSignal): AsyncIterable<Uint8Array>
  /** The member whose word an answer in the cache is, if it is another's. */
  sourceOf(question: Question): PeerId | undefined
  stats(): HouseholdStats
}

const ACKNOWLEDGED = new Uint8Array()

export function createHousehold(deps: HouseholdDeps, { mayShare, bulk, send, countsMs }: HouseholdHooks): Household {
  const { ring, cache, clock, log, work } = deps
  const stop = new AbortController()
  const stopping = stop.signal
  const taking = createTaking({ cache, clock, mayShare })
  const outbox = createOutbox(send, stopping)
  const versionOf = (peer: PeerId): MessageVersion => (countsMs(peer) ? VERSION : FIRST_VERSION)
  const telling = createTeller({ clock, work, outbox, mayShare, versionOf, others: () => othersOf(ring) })
  const door = createDoor(deps)
  const away = new TimeAway(clock)
  const turns = createTurns(deps, taking)
  const counts = { caughtUp: 0 }
  let unsubscribe: Cancel | undefined
  let again: Cancel | undefined

  function ringChanged(): void {
    const others = othersOf(ring)
    if (away.endsWith(others.length) && !stopping.aborted) catchUpWith(others, 1)
  }

  function catchUpWith(others: readonly PeerId[], attempt: number): void {
    again?.()
    catchUp({ taking, bulk, clock, log, stopping }, others).then(
      ({ kept, isDone }) => {
        counts.caughtUp += kept
        if (isDone || stopping.aborted || attempt >= limits.CATCH_UP_TRIES) return
        const pauseMs = limits.CATCH_UP_AGAIN_MS * 2 ** (attempt - 1)
        again = clock.after(pauseMs, () => catchUpWith(othersOf(ring), attempt + 1))
      },
      (error: unknown) => log.warn({ reason: String(error) }, 'catching up with the household failed unexpectedly'),
    )
  }

  return {
    start() {
      unsubscribe = ring.onChange(ringChanged)
      ringChanged()
    },
    async stop() {
      unsubscribe?.()
      again?.()
      await telling.flush()
      stop.abort()
    },
    isWhole: () => isWhole(ring),
    watcher: {
      answer(entry) {
        if (!taking.isVerdict(entry)) telling.answer(entry)
      },
      delegation: telling.delegation,
    },
    handle(from, body) {
      door.admitTelling(from, body.length)
      turns.take(from, body)
      return ACKNOWLEDGED
    },
    takeWaiting: turns.takeWaiting,
    supply(from, signal) {
      door.admitReturn(from)
      const what = { contents: cache, clock, mayShare, version: versionOf(from) }
      return supplied(what, AbortSignal.any([signal, stopping]))
    },
    sourceOf: taking.sourceOf,
    stats: () => ({
      ...counts,
      ...turns.counts,
      ...outbox.counts,
      rowsTold: telling.rowsTold(),
      messagesRefused: door.refused(),
    }),
  }
}

/** What is told is taken when no stub waits for this node, a part in a turn of the event loop, so that an answer never waits for all of it. */
interface Turns {
  /** Throws HOUSEHOLD_MALFORMED or EVIDENCE_MALFORMED where it begins at once. */
  take(from: PeerId, body: Uint8Array): void
  /** Takes some of what waits, the oldest first. False: nothing does. */
  takeWaiting(): boolean
  readonly counts: Pick<HouseholdStats, 'rowsTaken' | 'messagesTaken' | 'messagesMalformed'>
}

interface Telling {
  readonly from: PeerId
  readonly body: Uint8Array
  /** Unix ms. */
  readonly heard: number
  cancel: Cancel | undefined
}

function createTurns({ work, log, clock }: HouseholdDeps, taking: Taking): Turns {
  /** The oldest first. */
  const waiting = new Set<Telling>()
  const counts = { rowsTaken: 0, messagesTaken: 0, messagesMalformed: 0 }

  function takePart(from: PeerId, rows: readonly ToldRow[], heard: number): void {
    counts.rowsTaken += taking.take(from, rows.slice(0, limits.ROWS_AT_ONCE), heard)
    const rest = rows.slice(limits.ROWS_AT_ONCE)
    if (rest.length > 0) work.whenFree('tell', () => takePart(from, rest, heard))
  }

  /** Returns what was wrong with it. */
  function read(telling: Telling): unknown {
    waiting.delete(telling)
    try {
      takePart(telling.from, decodeMessage(telling.body), telling.heard)
      counts.messagesTaken++
      return undefined
    } catch (error) {
      counts.messagesMalformed++
      if (!(error instanceof ChordnsError)) log.warn({ reason: errorText(error) }, 'a telling could not be taken')
      return error
    }
  }

  return {
    counts,
    take(from, body) {
      const telling: Telling = { from, body, heard: clock.now(), cancel: undefined }
      waiting.add(telling)
      let wrong: unknown
      telling.cancel = work.whenFree('tell', () => {
        wrong = read(telling)
      })
      // Where it waits, whoever sent it has its answer before anybody sees what it says.
      if (wrong !== undefined) throw wrong
    },
    takeWaiting() {
      const isAny = waiting.size > 0
      let left: number = limits.TAKEN_BEFORE_FETCH_BYTES
      for (const telling of waiting) {
        left -= telling.body.length
        if (left < 0) break
        telling.cancel?.()
        read(telling)
      }
      return isAny
    },
  }
}

/** Who may tell, and ask, and how much. Both throw HOUSEHOLD_REFUSED. */
interface Door {
  admitTelling(from: PeerId, bytes: number): void
  admitReturn(from: PeerId): void
  refused(): number
}

function createDoor({ ring, clock }: HouseholdDeps): Door {
  const bytes = new Rates(clock, limits.TAKEN_BYTES_PER_SECOND, limits.TAKEN_BURST_BYTES, limits.MAX_RATED)
  const returns = new Rates(clock, 1000 / limits.CATCH_UP_EVERY_MS, limits.CATCH_UP_BURST, limits.MAX_RATED)
  let refused = 0

  /** Strangers come to no bucket, or a crowd of them would push the members' out. */
  function admit(from: PeerId, rates: Rates, cost: number): void {
    const isMember = ring.memberByPeer(from) !== undefined
    if (isMember && rates.spend(from, cost)) return
    refused++
    throw new ChordnsError('HOUSEHOLD_REFUSED', isMember ? 'too much at once' : 'not a member', { peer: from })
  }

  return {
    admitTelling: (from, length) => admit(from, bytes, length),
    admitReturn: (from) => admit(from, returns, 1),
    refused: () => refused,
  }
}
