/**
 * A machine whose clock is far off can validate nothing, not even the names of the servers that would set it. That is seen by the
 * root's own keys: they are signed, but not for the time that the clock shows. The log says so; and for the configured names of time
 * servers and what they are aliases of, and no other, the times of signatures then do not count.
 */
import { Ede, isSubdomain } from '../../dns/index.ts'
import { nearestAnchor, type Verdict } from '../../dnssec/index.ts'
import type { Finding } from '../../evidence/index.ts'
import type { ValidationOptions } from '../job/options.ts'
import type { RecurseRequest } from '../job/types.ts'
import type { TrustEngine } from './engine.ts'
import type { ValidationTask } from './task.ts'
import { Trust } from './trust.ts'
import { validate } from './validate.ts'

const TIMES: ReadonlySet<number> = new Set([
  Ede.SIGNATURE_EXPIRED,
  Ede.SIGNATURE_NOT_YET_VALID,
  Ede.SIGNATURE_EXPIRED_BEFORE_VALID,
])

export class WrongClock {
  readonly #engine: TrustEngine
  readonly #options: ValidationOptions
  #warnAgain = Number.NEGATIVE_INFINITY

  constructor(engine: TrustEngine, options: ValidationOptions) {
    this.#engine = engine
    this.#options = options
  }

  /** True when it is the clock that makes this bogus. Says so in the log, now and then. */
  isCauseOf({ at, ede }: Verdict & { readonly verdict: 'bogus' }): boolean {
    if (at === undefined || !ede.some(({ code }) => TIMES.has(code))) return false
    if (nearestAnchor(at, this.#options.anchors())?.zone.key !== at.key) return false
    this.#warn()
    return true
  }

  /** The answer, checked without regard to time, for a time server's name; undefined for all others, and when it is bogus still. */
  async lenient(
    task: ValidationTask,
    { question, forTimeServer = false }: Pick<RecurseRequest, 'question' | 'forTimeServer'>,
  ): Promise<Finding | undefined> {
    const { ntpNames = [] } = this.#options
    if (!forTimeServer && !ntpNames.some((name) => isSubdomain(question.name, name))) return undefined
    // What is learned this way is forgotten with it.
    const { limits, now, monotonic } = this.#engine
    const trust = new Trust(this.#options, { limits, now, monotonic, anyTime: true })
    const verdict = await validate(this.#engine, trust, task)
    if (verdict.verdict !== 'secure') return undefined
    const { finding } = task
    const expires = Math.min(finding.expires, this.#engine.now() + limits.ANY_TIME_SECONDS * 1000)
    // Found bogus by somebody else, a moment ago: not for this asker.
    const evidence = { ...finding.evidence, security: 'indeterminate' } as const
    return { ...finding, outcome: verdict.outcome, evidence, expires }
  }

  #warn(): void {
    const { monotonic, now, limits, deps } = this.#engine
    if (monotonic() < this.#warnAgain) return
    this.#warnAgain = monotonic() + limits.CLOCK_WARN_MS
    deps.log.warn(
      { clock: new Date(now()).toISOString() },
      "the signatures of the root's keys are not valid at the time that this clock shows, so no signed name can be validated: set the clock, and name its time servers in dnssec.ntpNames",
    )
  }
}
