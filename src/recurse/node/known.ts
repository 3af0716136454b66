/** What the cache already says of a question. */
import type { CacheEntry } from '../../cache/index.ts'
import { nameToText, Type } from '../../dns/index.ts'
import type { Finding } from '../../evidence/index.ts'
import { sideOf } from '../job/job.ts'
import type { WalkEngine } from '../walk/engine.ts'
import { findingOf } from '../walk/store.ts'
import { throwIfFailed } from './failures.ts'
import type { FetchTask } from './fetch-task.ts'

/** Undefined when the question must be asked. Throws RECURSE_FAILED when it failed a moment ago. */
export function fromCache(engine: WalkEngine, { request, context }: FetchTask): Finding | undefined {
  if (request.fresh === true) return undefined
  const { question } = request
  const entry = engine.deps.cache.get(context, question, engine.now(), sideOf(request.origin))
  if (entry !== undefined && (entry.security !== 'bogus' || request.checkingDisabled)) {
    request.onStep?.({ kind: 'cache', question, what: 'answer', detail: describe(entry) })
    return findingOf(entry)
  }
  throwIfFailed(engine, context, request)
  return undefined
}

/** A DNAME that this node fetched itself answers for all names below its owner, as it was validated (RFC 6672 section 3.1). */
export function fromDname(engine: WalkEngine, { request, context }: FetchTask): Finding | undefined {
  if (request.fresh === true || request.origin === 'own' || engine.dnames.size === 0) return undefined
  const { question } = request
  const { cache } = engine.deps
  const now = engine.now()
  const owner = engine.dnames.above(context, question.name)
  if (owner === undefined) return undefined
  const entry = cache.get(context, { ...question, name: owner, type: Type.DNAME }, now, { side: 'own' })
  if (entry?.outcome.kind !== 'rrset' || entry.outcome.rrset.type !== Type.DNAME) return undefined
  if (entry.security === 'bogus' && !request.checkingDisabled) return undefined
  // A DNAME has no zone below it. A known cut there is newer than the DNAME.
  const cut = cache.delegation(context, question.name, now)?.delegation.zone.labels ?? 0
  if (cut > owner.labels) return undefined
  request.onStep?.({ kind: 'cache', question, what: 'answer', detail: `DNAME at ${nameToText(owner)}` })
  return { ...findingOf(entry), question }
}

function describe({ provenance, security, side }: CacheEntry): string {
  return `${provenance}, ${security}, ${side}`
}
