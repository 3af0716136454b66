/** A question to be fetched, and the job that becomes of it. */
import type { CacheContext } from '../../cache/index.ts'
import { Class, type Name } from '../../dns/index.ts'
import type { Finding } from '../../evidence/index.ts'
import type { Engine } from '../job/engine.ts'
import type { Flight } from '../job/flights.ts'
import type { Job } from '../job/job.ts'
import type { RecurseRequest } from '../job/types.ts'

/** A question with everything decided that its answer may depend on. */
export interface FetchTask {
  readonly request: RecurseRequest
  readonly context: CacheContext
  readonly depth: number
  readonly parent: Flight | undefined
  /** What is known without asking, beside the cache. */
  readonly infer?: (() => Finding | undefined) | undefined
  readonly onCut?: Job['onCut']
  readonly avoid?: Job['avoid']
}

/** The address of a name server on the way of `job`: paid for by it, and given up with it. */
export function addressTask(engine: Engine, job: Job, name: Name, type: number): FetchTask {
  const question = { name, type, class: Class.IN }
  const { budget, tcpOnly, flight } = job
  const request: RecurseRequest = {
    question,
    budget,
    origin: 'own',
    tcpOnly,
    signal: flight.signal,
    checkingDisabled: false,
    onStep: flight.report,
  }
  return { request, context: engine.zones.contextOf(question), depth: job.depth + 1, parent: flight }
}

/** Questions with equal keys may share one walk. */
export function keyOf({ request, context, avoid }: FetchTask): string {
  const { question, origin, checkingDisabled, fresh, tcpOnly } = request
  const flags = `${origin} ${checkingDisabled} ${fresh ?? false} ${tcpOnly ?? false}`
  const without = avoid === undefined ? '' : [...avoid].sort().join(',')
  return `${context}\0${flags} ${question.type} ${question.class} ${question.name.key}\0${without}`
}

/** As it begins, on a flight of its own. */
export function jobOf({ request, context, depth, onCut, avoid }: FetchTask, flight: Flight): Job {
  const { question, origin, checkingDisabled, budget, fresh, tcpOnly } = request
  return {
    question,
    context,
    origin,
    checkingDisabled,
    fresh: fresh ?? false,
    tcpOnly: tcpOnly ?? false,
    budget,
    flight,
    depth,
    onCut,
    avoid: avoid?.size === 0 ? undefined : avoid && new Set(avoid),
    start: 'parent',
    askedRing: false,
    sent: 0,
    limited: false,
    isShort: false,
  }
}
