/** One question, validated: fetched, checked by the chain of trust, asked once more when it is bogus, kept with its verdict. */
import { isChordnsError } from '../../base/index.ts'
import type { CacheContext } from '../../cache/index.ts'
import { sameName, Type } from '../../dns/index.ts'
import type { Verdict } from '../../dnssec/index.ts'
import type { Finding, ProofLink } from '../../evidence/index.ts'
import { isFailure } from '../job/failure.ts'
import type { RecurseRequest } from '../job/types.ts'
import { givenLinks } from '../trust/given.ts'
import { keepVerdict } from '../trust/keep-verdict.ts'
import { bogusFailure, validate } from '../trust/validate.ts'
import type { WalkEngine } from '../walk/engine.ts'
import { fetchedSide } from '../walk/store.ts'
import { rememberBogus, throwIfBogus } from './failures.ts'
import { reportBogus } from './report.ts'
import { keysAhead, taskOf, type ValidatingDeps } from './validating.ts'

/**
 * Fetches without validating, so that one copy serves those who check and those who do not, and validates for those who do.
 * Rejects with RECURSE_FAILED, BUDGET_SPENT or ABORTED.
 */
export async function resolveValidated(
  deps: ValidatingDeps,
  request: RecurseRequest,
  context: CacheContext,
): Promise<Finding> {
  const { engine, trust, inference, fetch } = deps
  const { question } = request
  if (!request.checkingDisabled && request.fresh !== true) throwIfBogus(engine, context, question)
  const infer = () => inference.answer(request, context)
  for (let retries = 0; ; retries++) {
    const fresh = (request.fresh ?? false) || retries > 0
    const found = await fetch({ ...request, checkingDisabled: true, fresh }, context, {
      infer: fresh ? undefined : infer,
      onCut: keysAhead(deps, request, context),
    })
    const { security } = found.evidence
    if (security === 'secure' || security === 'insecure') return found
    if (request.checkingDisabled) return security === 'bogus' ? found : unchecked(deps, found, request, context)
    const verdict = await validate(engine, trust, taskOf(deps, found, request, context))
    if (verdict.verdict !== 'bogus') {
      const kept = keepAndLearn(deps, context, found, verdict)
      keepDname(engine, context, found, verdict)
      return kept
    }
    // Another server of the zone may have a valid copy, so the question is asked once more.
    engine.servers.onBogus(question)
    if (retries < engine.limits.BOGUS_RETRIES) continue
    keepVerdict(engine, context, found, verdict, fetchedSide(found))
    rememberBogus(engine, context, question, verdict)
    reportBogus(engine, question, verdict.ede, (report) => fetch(report, engine.zones.contextOf(report.question)))
    throw bogusFailure(question, verdict.ede, verdict.reason)
  }
}

/** What `Recursor.validate` promises. */
export async function validateCopy(
  deps: ValidatingDeps,
  finding: Finding,
  request: Omit<RecurseRequest, 'question'>,
  links: readonly ProofLink[],
): Promise<Finding> {
  const { engine, trust, inference } = deps
  const { question } = finding
  const context = request.context ?? engine.zones.contextOf(question)
  const plain = taskOf(deps, finding, { ...request, question }, context)
  const task = links.length === 0 ? plain : { ...plain, given: givenLinks(engine, links, request.budget.timeLeft()) }
  const verdict = await validate(engine, trust, task)
  if (verdict.verdict === 'bogus') throw bogusFailure(question, verdict.ede, verdict.reason)
  const validated: Finding = {
    ...finding,
    outcome: verdict.outcome,
    evidence: { ...finding.evidence, security: verdict.verdict },
    expires: Math.min(finding.expires, engine.now() + verdict.ttlCap * 1000),
  }
  inference.learn(context, validated, verdict, false)
  return validated
}

/**
 * RFC 4035 section 3.2.2: whoever sets CD gets what there is. It is validated all the same, as Unbound and BIND do: so that AD
 * can be told, and that bogus data lies in the cache as what it is.
 */
async function unchecked(
  deps: ValidatingDeps,
  found: Finding,
  request: RecurseRequest,
  context: CacheContext,
): Promise<Finding> {
  const { engine, trust } = deps
  try {
    const verdict = await validate(engine, trust, taskOf(deps, found, request, context))
    const kept = keepAndLearn(deps, context, found, verdict)
    if (verdict.verdict === 'bogus') rememberBogus(engine, context, found.question, verdict)
    return kept
  } catch (error) {
    if (isFailure(error) || isChordnsError(error, 'BUDGET_SPENT')) return found
    throw error
  }
}

function keepAndLearn(
  { engine, inference }: ValidatingDeps,
  context: CacheContext,
  found: Finding,
  verdict: Verdict,
): Finding {
  const kept = keepVerdict(engine, context, found, verdict, fetchedSide(found))
  inference.learn(context, kept, verdict, found.start !== 'agreed')
  return kept
}

/** A verdict on a DNAME holds for its owner too, whatever name it was asked for. */
function keepDname(engine: WalkEngine, context: CacheContext, found: Finding, verdict: Verdict): void {
  const { question, outcome } = found
  if (outcome.kind !== 'rrset' || outcome.rrset.type !== Type.DNAME) return
  if (sameName(outcome.rrset.name, question.name)) return
  const own = { ...found, question: { ...question, name: outcome.rrset.name, type: Type.DNAME } }
  keepVerdict(engine, context, own, verdict, fetchedSide(found))
}
