/**
 * Copies of the answer to one question. A copy that does not validate is one server's, not the zone's: the others are asked, each
 * once, before anything is bogus. Who gave a bad copy is asked last for that zone from then on.
 */
import type { Question } from '../../dns/index.ts'
import type { Finding } from '../../evidence/index.ts'
import { isFailure, isOurs } from '../job/failure.ts'
import type { Answerer } from '../known/server-memory.ts'
import type { TrustEngine } from './engine.ts'

/** `avoid`: servers, for the zones that they gave bad copies for, that are not asked (`Answerer.key`). */
export type FetchCopy = (fresh: boolean, avoid: ReadonlySet<string>) => Promise<Finding>

export class Copies {
  readonly #engine: TrustEngine
  readonly #question: Question
  readonly #fetch: FetchCopy
  readonly #avoid = new Set<string>()
  #taken = 0
  #answerer: Answerer | undefined
  #isOver = false

  constructor(engine: TrustEngine, question: Question, fetch: FetchCopy) {
    this.#engine = engine
    this.#question = question
    this.#fetch = fetch
  }

  /** Every further copy is asked for; nothing that is known counts. */
  startAfresh(): void {
    if (this.#taken === 0) this.#taken = 1
  }

  /**
   * The copy that is at hand, or the next one: the one before was bad. Undefined when nobody else has one. Rejects as the fetch does
   * for the first copy, and with BUDGET_SPENT or ABORTED. `isBad` false: that copy verifies, and yet does not fit: nobody is to
   * blame for it.
   */
  async next(isBad = true): Promise<Finding | undefined> {
    if (this.#taken > 0) this.#reject(isBad)
    if (this.#isOver) return undefined
    const isFirst = this.#taken === 0
    const { servers } = this.#engine
    const before = servers.answererOf(this.#question)
    try {
      const finding = await this.#fetch(!isFirst, this.#avoid)
      this.#taken++
      const now = servers.answererOf(this.#question)
      // What was at hand may have been good when it came, and its signatures have run out since: its server may have a newer one.
      this.#answerer = now === before ? undefined : now
      return finding
    } catch (error) {
      // What could not be asked for is not known to be missing.
      if (isFirst || !isFailure(error) || isOurs(error)) throw error
      this.#isOver = true
      return undefined
    }
  }

  #reject(isBad: boolean): void {
    const who = this.#answerer
    // Where nobody knows who answered, the same copy may come again: one more try has to do.
    const isNew = who !== undefined && !this.#avoid.has(who.key)
    if (isNew) {
      this.#avoid.add(who.key)
      if (isBad) this.#engine.servers.onUseless(who.server, who.zone)
    }
    if ((this.#taken > 1 && !isNew) || this.#taken > this.#engine.limits.OTHER_COPIES) this.#isOver = true
  }
}
