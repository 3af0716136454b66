/**
 * What a node does beside answering yields to answers. One plan for all of it, the most urgent kind first:
 *
 * | kind      | what                                                     | begins                                                  |
 * |-----------|----------------------------------------------------------|---------------------------------------------------------|
 * | (answer)  | a question of a stub, a read of a peer                   | at once, always: it is not planned here                 |
 * | `awaited` | a round that a stub waits for                            | while few are in work, however late the machine is      |
 * | `tell`    | what others are told, and what a tell brings about       | when no stub waits for this node, a second late at most |
 * | `join`    | this node's part in a round that another member opened   | while there is CPU to spare                             |
 * | `round`   | a round of this node's own                               | the same, and nothing above waits                       |
 * | `chain`   | a chunk chain is given something to decide               | the same                                                |
 * | `repair`  | replicas compare what they hold                          | the same                                                |
 *
 * Whether there is CPU to spare is told by the timers: where they fire late, work waits for this process, be it its own or that of other
 * processes on the machine. As long as they do, nothing that can wait begins, save one piece now and then, so that a machine that is
 * never idle does its part all the same. How much may be in work at once is found out as TCP finds its window: a little more while
 * nothing is late, much less when something is.
 */
import { limits } from './limits.ts'
import type { Clock } from './ports.ts'
import type { Cancel } from './types.ts'

export type WorkKind = 'awaited' | 'tell' | 'join' | 'round' | 'chain' | 'repair'

export interface WorkDeps {
  /** Its timers fire as late as those of the machine. */
  readonly clock: Pick<Clock, 'after' | 'monotonic'>
}

export interface WorkHooks {
  /** Whether somebody waits for an answer of this node. */
  readonly isAnswering: () => boolean
}

/** How long work may wait. */
export interface WorkWait {
  /** Ms after which it is refused; left out: it waits until it is too much. */
  readonly withinMs?: number
  /** It will not be begun: it waited too long, or too much of its kind waits. */
  readonly onRefused?: () => void
}

export interface Work {
  /** Whether work of this kind may begin now. `counted`: so much of it is in work, by whoever does not say so with `enter`, and begins one if it may. */
  isFree(kind: WorkKind, counted?: number): boolean
  /** Calls `begin` once, as soon as it may: now, where nothing else waits. It must not throw, and takes a few milliseconds. */
  whenFree(kind: WorkKind, begin: () => void, wait?: WorkWait): Cancel
  /** Work of this kind has begun; it has ended when what is returned is called. */
  enter(kind: WorkKind): Cancel
  /** Those who work along had no CPU to spare: less is begun from now on. */
  slower(): void
  /** What waits is refused. */
  stop(): void
}

interface Rule {
  /** The part of the places that work of this kind may take. */
  readonly part: number
  /** One piece begins when none has for so long, ms, however late the machine is. */
  readonly leastMs: number
  /** What waits at most. */
  readonly most: number
}

type Planned = Exclude<WorkKind, 'tell' | 'awaited'>

const ORDER: readonly WorkKind[] = ['awaited', 'tell', 'join', 'round', 'chain', 'repair']
const RULES: Readonly<Record<Planned, Rule>> = {
  join: { part: 1, leastMs: limits.WORK_LEAST_MS, most: limits.MAX_WORK_WAITING },
  round: { part: 0.5, leastMs: 2 * limits.WORK_LEAST_MS, most: limits.MAX_WORK_WAITING },
  chain: { part: 0.5, leastMs: 4 * limits.WORK_LEAST_MS, most: limits.MAX_WORK_WAITING },
  repair: { part: 0.25, leastMs: 60 * limits.WORK_LEAST_MS, most: limits.MAX_WORK_WAITING },
}

interface Waiting {
  readonly begin: () => void
  readonly onRefused: (() => void) | undefined
  /** Monotonic ms. */
  readonly since: number
  readonly until: number
}

interface Lane {
  readonly waiting: Set<Waiting>
  inWork: number
  /** When one of this kind began last. Monotonic ms. */
  begunAt: number
}

export function createWork({ clock }: WorkDeps, { isAnswering }: WorkHooks): Work {
  return new WorkPlan(clock, isAnswering)
}

/** For who has nothing else to do: all is done at once. */
export const ALWAYS_FREE: Work = {
  isFree: () => true,
  whenFree(_kind, begin) {
    begin()
    return () => {}
  },
  enter: () => () => {},
  slower() {},
  stop() {},
}

class WorkPlan implements Work {
  readonly #clock: WorkDeps['clock']
  readonly #isAnswering: () => boolean
  readonly #lanes = new Map<WorkKind, Lane>(
    ORDER.map((kind) => [kind, { waiting: new Set(), inWork: 0, begunAt: Number.NEGATIVE_INFINITY }]),
  )
  /** How late timers were, ms; it fades. */
  #late = 0
  #places: number = limits.WORK_PLACES_FIRST
  #fewerAt = Number.NEGATIVE_INFINITY
  #next: { readonly at: number; readonly cancel: Cancel } | undefined
  /** Until when it is looked though nothing waits: others count their work themselves. */
  #lookUntil = Number.NEGATIVE_INFINITY
  /** A tell was done in this turn of the event loop. */
  #hasTold = false

  constructor(clock: WorkDeps['clock'], isAnswering: () => boolean) {
    this.#clock = clock
    this.#isAnswering = isAnswering
  }

  isFree(kind: WorkKind, counted?: number): boolean {
    const lane = this.#lane(kind)
    if (counted !== undefined) this.#lookOn()
    if (lane.waiting.size > 0 || this.#isBehindOthers(kind) || !this.#mayBegin(kind, counted ?? lane.inWork))
      return false
    if (counted !== undefined) lane.begunAt = this.#clock.monotonic()
    return true
  }

  whenFree(
    kind: WorkKind,
    begin: () => void,
    { withinMs = Number.POSITIVE_INFINITY, onRefused }: WorkWait = {},
  ): Cancel {
    const lane = this.#lane(kind)
    if (lane.waiting.size === 0 && !this.#isBehindOthers(kind) && this.#mayBegin(kind, lane.inWork)) {
      this.#begin(kind, begin)
      return () => {}
    }
    const since = this.#clock.monotonic()
    const one: Waiting = { begin, onRefused, since, until: since + withinMs }
    lane.waiting.add(one)
    if (lane.waiting.size > mostOf(kind)) this.#overflow(kind, lane)
    this.#lookLater(limits.WORK_LOOK_MS)
    return () => void lane.waiting.delete(one)
  }

  enter(kind: WorkKind): Cancel {
    const lane = this.#lane(kind)
    lane.inWork++
    lane.begunAt = this.#clock.monotonic()
    this.#lookLater(limits.WORK_LOOK_MS)
    let isOver = false
    return () => {
      if (!isOver) lane.inWork--
      isOver = true
    }
  }

  slower(): void {
    const now = this.#clock.monotonic()
    if (now - this.#fewerAt < limits.WORK_FEWER_MS) return
    this.#fewerAt = now
    this.#places = Math.max(1, this.#places * limits.WORK_FEWER_PART)
  }

  stop(): void {
    this.#next?.cancel()
    this.#next = undefined
    for (const { waiting } of this.#lanes.values())
      for (const one of [...waiting]) {
        waiting.delete(one)
        one.onRefused?.()
      }
  }

  #lane(kind: WorkKind): Lane {
    return this.#lanes.get(kind)!
  }

  /** Something that is more urgent waits for CPU, too. */
  #isBehindOthers(kind: WorkKind): boolean {
    for (const one of ORDER) {
      if (one === kind) return false
      if (one in RULES && this.#lane(one).waiting.size > 0) return true
    }
    return false
  }

  #mayBegin(kind: WorkKind, inWork: number): boolean {
    if (kind === 'tell') return !this.#hasTold && !this.#isAnswering()
    if (kind === 'awaited') return inWork < limits.MAX_WORK_AWAITED
    const { part, leastMs } = RULES[kind]
    if (this.#clock.monotonic() - this.#lane(kind).begunAt >= leastMs) return true
    return this.#late < limits.WORK_LATE_MS && inWork < Math.max(1, Math.floor(this.#places * part))
  }

  #begin(kind: WorkKind, begin: () => void): void {
    this.#lane(kind).begunAt = this.#clock.monotonic()
    if (kind === 'tell') {
      this.#hasTold = true
      this.#lookLater(0)
    }
    begin()
  }

  /** A tell that waited for so long is done: it was promised. Whoever waits for anything else is told that it will not be. */
  #overflow(kind: WorkKind, { waiting }: Lane): void {
    const [oldest] = waiting
    waiting.delete(oldest!)
    if (kind === 'tell') oldest!.begin()
    else oldest!.onRefused?.()
  }

  #lookOn(): void {
    this.#lookUntil = this.#clock.monotonic() + limits.WORK_LOOK_ON_MS
    this.#lookLater(limits.WORK_LOOK_MS)
  }

  #lookLater(delayMs: number): void {
    const at = this.#clock.monotonic() + delayMs
    if (this.#next !== undefined && this.#next.at <= at) return
    this.#next?.cancel()
    this.#next = { at, cancel: this.#clock.after(delayMs, () => this.#look(at)) }
  }

  #look(dueAt: number): void {
    this.#next = undefined
    this.#hasTold = false
    const now = this.#clock.monotonic()
    this.#measure(now - dueAt)
    this.#refuseLate(now)
    const isMore = this.#beginSome(now)
    if (isMore) this.#lookLater(0)
    else if (this.#isInUse(now)) this.#lookLater(limits.WORK_LOOK_MS)
    else this.#late = 0
  }

  /** How late this look is, and what follows from it for how much may be in work. */
  #measure(lateMs: number): void {
    this.#late = Math.max(lateMs, this.#late * limits.WORK_LATE_FADES)
    if (lateMs >= limits.WORK_LATE_MS) {
      this.slower()
    } else if (this.#late < limits.WORK_LATE_MS && this.#isWaited()) {
      this.#places = Math.min(limits.MAX_WORK_PLACES, this.#places + limits.WORK_MORE)
    }
  }

  #refuseLate(now: number): void {
    for (const { waiting } of this.#lanes.values())
      for (const one of waiting) {
        if (one.until > now) continue
        waiting.delete(one)
        one.onRefused?.()
      }
  }

  /** One tell, and a few pieces of the rest: what they cost is measured before more begin. True when a tell is to follow at once. */
  #beginSome(now: number): boolean {
    let left: number = limits.WORK_BEGUN_AT_ONCE
    for (const kind of ORDER) {
      const lane = this.#lane(kind)
      for (const one of lane.waiting) {
        const isDue = kind === 'tell' && !this.#hasTold && now - one.since >= limits.LEISURE_LATE_MS
        if (left === 0 || !(isDue || this.#mayBegin(kind, lane.inWork))) break
        lane.waiting.delete(one)
        if (kind !== 'tell') left--
        this.#begin(kind, one.begin)
      }
      // What is less urgent comes after all of what is more so.
      if (kind in RULES && lane.waiting.size > 0) break
    }
    return this.#hasTold
  }

  #isWaited(): boolean {
    for (const kind of ORDER) if (kind in RULES && this.#lane(kind).waiting.size > 0) return true
    return this.#lookUntil > this.#clock.monotonic()
  }

  #isInUse(now: number): boolean {
    if (this.#lookUntil > now) return true
    for (const { waiting, inWork } of this.#lanes.values()) if (waiting.size > 0 || inWork > 0) return true
    return false
  }
}

function mostOf(kind: WorkKind): number {
  return kind === 'tell' ? limits.MAX_LEISURE : limits.MAX_WORK_WAITING
}
