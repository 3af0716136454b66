/** What validating one question's answer needs of the rest: missing links of the chain of trust, and keys fetched ahead. */
import type { CacheContext } from '../../cache/index.ts'
import { Class, type Delegation, Ede, nameToText, Type } from '../../dns/index.ts'
import type { Need } from '../../dnssec/index.ts'
import type { Finding, Outcome } from '../../evidence/index.ts'
import type { Inference } from '../denials/infer.ts'
import { failed } from '../job/failure.ts'
import { dsOfReferral } from '../job/referral.ts'
import type { RecurseRequest } from '../job/types.ts'
import { MAIN } from '../job/zones.ts'
import type { ValidationTask } from '../trust/task.ts'
import type { Trust } from '../trust/trust.ts'
import type { WrongClock } from '../trust/wrong-clock.ts'
import type { WalkEngine } from '../walk/engine.ts'
import type { FetchTask } from './fetch-task.ts'

export interface ValidatingDeps {
  readonly engine: WalkEngine
  readonly trust: Trust
  readonly inference: Inference
  readonly wrongClock: WrongClock
  /** Fetches without validating. Rejects with RECURSE_FAILED, BUDGET_SPENT or ABORTED. */
  readonly fetch: (
    request: RecurseRequest,
    context: CacheContext,
    more?: Pick<FetchTask, 'infer' | 'onCut' | 'avoid'>,
  ) => Promise<Finding>
}

/** What `validate` of trust/ takes, for a finding that came to this request. */
export function taskOf(
  deps: ValidatingDeps,
  finding: Finding,
  request: RecurseRequest,
  context: CacheContext,
): ValidationTask {
  const { engine, fetch } = deps
  return {
    finding,
    context,
    budget: request.budget,
    onStep: request.onStep,
    agreedLink: context === MAIN ? (need) => agreedLink(engine, need, request.signal) : undefined,
    fetch: (question, fresh, avoid) => {
      const inner = { ...request, question, checkingDisabled: true, fresh }
      const run = (signal: AbortSignal) => fetch({ ...inner, signal }, engine.zones.contextOf(question), { avoid })
      return question.type === Type.DS ? inPartOfTheTime(engine, inner, run) : run(request.signal)
    },
  }
}

/** A DS question that nobody answers must leave time for what can be done without it. Rejects with RECURSE_FAILED when it took too long. */
async function inPartOfTheTime(
  { deps: { clock }, limits }: WalkEngine,
  { question, budget, signal }: RecurseRequest,
  run: (signal: AbortSignal) => Promise<Finding>,
): Promise<Finding> {
  const patience = new AbortController()
  const cancel = clock.after(budget.timeLeft() * limits.DS_TIME_PART, () => patience.abort())
  try {
    return await run(AbortSignal.any([signal, patience.signal]))
  } catch (error) {
    if (!patience.signal.aborted || signal.aborted) throw error
    const text = `${nameToText(question.name)} DS was not answered in time`
    throw failed('all-servers-failed', text, [{ code: Ede.NO_REACHABLE_AUTHORITY, text }])
  } finally {
    cancel()
  }
}

/**
 * Fetches the keys of a signed zone while the walk goes on below it, instead of one zone after the other once the answer is
 * there: a cold answer comes a round trip earlier for each zone on its way. They are paid for from the same budget, and
 * validated only when they are needed; a failure to get them counts only then, too.
 */
export function keysAhead(
  { engine, trust, fetch }: ValidatingDeps,
  request: RecurseRequest,
  context: CacheContext,
): (delegation: Delegation) => void {
  return ({ zone, ds }) => {
    if (ds === undefined || !trust.needsKeys(zone, ds)) return
    const question = { name: zone, type: Type.DNSKEY, class: Class.IN }
    fetch({ ...request, question, checkingDisabled: true, fresh: false }, context).catch((error: unknown) =>
      engine.deps.log.debug({ failure: error }, 'keys were not to be had ahead'),
    )
  }
}

/** A link of the chain of trust as the ring has agreed on it. */
async function agreedLink(
  { deps: { delegations } }: WalkEngine,
  { need, zone, parent }: Need,
  signal: AbortSignal,
): Promise<Outcome | undefined> {
  if (need === 'DNSKEY') return delegations?.keys(zone, signal)
  const found = await delegations?.find(zone, zone.labels - 1, signal)
  return found === undefined ? undefined : dsOfReferral(found.delegation, parent)
}
