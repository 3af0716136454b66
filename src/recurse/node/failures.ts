/** Questions that failed a moment ago, or whose answer was bogus: remembered in the cache, so that they are not asked at once again (RFC 9520). */
import type { CacheContext } from '../../cache/index.ts'
import { Ede, type Question } from '../../dns/index.ts'
import type { Verdict } from '../../dnssec/index.ts'
import type { Engine } from '../job/engine.ts'
import { failed, type RecurseFailed } from '../job/failure.ts'
import type { Job } from '../job/job.ts'
import type { RecurseRequest } from '../job/types.ts'
import { bogusFailure } from '../trust/validate.ts'

/** The code under which a bogus answer is remembered. */
export const BOGUS = 'bogus'

/**
 * Kept for two seconds, doubled with each failure in a row up to five (RFC 9520 section 3.2: at least one, at most 300). The ceiling is low
 * because nobody can tell a zone that is dead from a line that is: whoever still asks is answered within seconds when it is back, and
 * what that costs is bounded by the rest of the servers themselves. Only for failures that the question itself has caused.
 */
export function rememberFailure(engine: Engine, job: Job, error: RecurseFailed): void {
  const { cache } = engine.deps
  const { reason, ede } = error.detail
  const before = cache.failure(job.context, job.question, 0)?.count ?? 0
  const ms = Math.min(engine.limits.MAX_FAILURE_MS, engine.limits.FAILURE_MS * 2 ** Math.min(before, 16))
  const expires = engine.monotonic() + ms
  cache.putFailure(job.context, { question: job.question, code: reason, ede, expires, count: before + 1 })
}

/** Throws RECURSE_FAILED (`cached-failure`). Bogus is for those who check: `throwIfBogus` tells them. */
export function throwIfFailed(engine: Engine, context: CacheContext, { question, onStep }: RecurseRequest): void {
  const failure = engine.deps.cache.failure(context, question, engine.monotonic())
  if (failure === undefined || failure.code === BOGUS) return
  onStep?.({ kind: 'cache', question, what: 'failure', detail: failure.code })
  const text = `failed a moment ago: ${failure.code}`
  throw failed('cached-failure', text, [{ code: Ede.CACHED_ERROR, text }, ...failure.ede])
}

export function rememberBogus(engine: Engine, context: CacheContext, question: Question, verdict: Verdict): void {
  const { ede, ttlCap } = verdict.verdict === 'bogus' ? verdict : { ede: [], ttlCap: 0 }
  const expires = engine.monotonic() + ttlCap * 1000
  engine.deps.cache.putFailure(context, { question, code: BOGUS, ede, expires, count: 1 })
}

/** Throws RECURSE_FAILED (`bogus`). */
export function throwIfBogus(engine: Engine, context: CacheContext, question: Question): void {
  const failure = engine.deps.cache.failure(context, question, engine.monotonic())
  if (failure?.code === BOGUS) throw bogusFailure(question, failure.ede, 'found so a moment ago')
}
