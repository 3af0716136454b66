/** What goes into the table, and what never does: the table is a projection of the cache, and of what the operator configured. */
import type { Clock } from '../../base/index.ts'
import type { EdnsOption, Message, Question } from '../../dns/index.ts'
import type { Resolution } from '../../resolver/index.ts'
import type { AnswerMemory } from '../desk/desk.ts'
import type { ServeLimits } from '../limits.ts'
import { isStale, packAnswer } from './table/pack.ts'
import type { AnswerTable } from './table/table.ts'

export interface KeeperDeps {
  readonly clock: Clock
  readonly limits: ServeLimits
  /** Nothing is kept: every question is answered by the main thread. */
  readonly tellsAll: boolean
  /** Whether answers to a question hold until the cache changes or their time is over. */
  readonly mayRemember: (question: Question) => boolean
}

/** When an answer began to be looked for. */
interface Stamp {
  readonly change: number
  readonly turn: number
}

export class AnswerKeeper implements AnswerMemory<Stamp> {
  tellsAll: boolean
  readonly #table: AnswerTable
  readonly #deps: KeeperDeps
  #turn = 0
  #isTurnWatched = false
  /** By how much the wall clock was ahead of the monotonic one at the last answer. */
  #aheadMs: number

  constructor(table: AnswerTable, deps: KeeperDeps) {
    const { clock, tellsAll } = deps
    this.#table = table
    this.#deps = deps
    this.tellsAll = tellsAll
    this.#aheadMs = clock.now() - clock.monotonic()
  }

  /** Called before an answer is looked for. */
  begin(): Stamp {
    if (!this.#isTurnWatched) {
      this.#isTurnWatched = true
      setImmediate(() => {
        this.#isTurnWatched = false
        this.#turn++
      })
    }
    return { change: this.#table.stamp, turn: this.#turn }
  }

  /**
   * Puts an answer into the table if the next one who asks would get it from the cache, too: it was there at once, without anything
   * that had to be waited for, and the cache was not changed meanwhile. So a name is kept when it is asked for the second time. A stale answer was
   * waited for, in vain: who asks next should not have to wait as long.
   */
  keep({ change, turn }: Stamp, reply: Message, resolution: Resolution, options: readonly EdnsOption[]): void {
    const { clock, limits, mayRemember } = this.#deps
    // What one client gets is not for the next.
    if (resolution.isForAll === false) return
    if (this.tellsAll || (turn !== this.#turn && !isStale(resolution))) return
    if (!resolution.findings.every(({ question }) => mayRemember(question))) return
    const [now, monotonic] = [clock.now(), clock.monotonic()]
    this.#noticeStep(now - monotonic)
    const answer = packAnswer({ reply, resolution, options }, { now, monotonic }, limits.MAX_UDP_REPLY)
    if (answer !== undefined) this.#table.put(answer, change)
  }

  /** What holds until a time by the wall clock, such as a signature, is looked at anew when that clock is set. */
  #noticeStep(aheadMs: number): void {
    if (Math.abs(aheadMs - this.#aheadMs) < this.#deps.limits.FAST_CLOCK_STEP_MS) return
    this.#aheadMs = aheadMs
    this.#table.drop()
  }
}
