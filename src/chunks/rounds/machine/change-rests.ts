/**
 * How often the replicas look again because a member saw something else than what was agreed on. A member that lies, or whose way to
 * the authority is bent, says so at each question: it is heard at once, and then ever more rarely. Pure.
 */
import { limits } from '../../limits.ts'

interface Rest {
  readonly until: number
  readonly restMs: number
}

export class ChangeRests {
  readonly #rests = new Map<string, Rest>()

  /** Whether it is time to look at this question again; if so, it rests from now on. `now` is monotonic ms. */
  mayLook(key: string, now: number): boolean {
    const before = this.#rests.get(key)
    if (before !== undefined && now < before.until) return false
    const isLongAgo = before === undefined || now >= before.until + before.restMs
    const restMs = isLongAgo ? limits.CHANGE_REST_MS : Math.min(2 * before.restMs, limits.MAX_CHANGE_REST_MS)
    this.#rests.delete(key)
    this.#rests.set(key, { until: now + restMs, restMs })
    if (this.#rests.size > limits.MAX_CHANGES) this.#rests.delete(this.#rests.keys().next().value!)
    return true
  }
}
