/** One question, validated: fetched, checked by the chain of trust, asked of the other servers when it is bogus, kept with its verdict. */
import { isChordnsError } from '../../base/index.ts'
import type { CacheContext } from '../../cache/index.ts'
import { isSubdomain, sameName, Type } from '../../dns/index.ts'
import type { Verdict } from '../../dnssec/index.ts'
import type { Finding, ProofLink } from '../../evidence/index.ts'
import { isFailure, type RecurseFailed } from '../job/failure.ts'
import type { RecurseRequest } from '../job/types.ts'
import { Copies } from '../trust/copies.ts'
import { givenLinks } from '../trust/given.ts'
import { keepVerdict } from '../trust/keep-verdict.ts'
import { bogusFailure, validate } from '../trust/validate.ts'
import type { WalkEngine } from '../walk/engine.ts'
import { fetchedSide } from '../walk/store.ts'
import { rememberBogus, throwIfBogus } from './failures.ts'
import { reportBogus } from './report.ts'
import { keysAhead, taskOf, type ValidatingDeps } from './validating.ts'

/** A copy that is not good: bogus, or one of which that cannot be told. */
interface BadCopy {
  readonly found: Finding
  readonly verdict?: Bogus
  readonly failure?: RecurseFailed
}

type Bogus = Verdict & { readonly verdict: 'bogus' }

/**
 * Fetches without validating, so that one copy serves those who check and those who do not, and validates for both: whoever sets CD
 * gets what there is (RFC 4035 section 3.2.2), but AD must be told, and bogus data must lie in the cache as what it is (so do Unbound
 * and BIND). Rejects with RECURSE_FAILED, BUDGET_SPENT or ABORTED.
 */
export async function resolveValidated(
  deps: ValidatingDeps,
  request: RecurseRequest,
  context: CacheContext,
): Promise<Finding> {
  const { engine, inference, fetch } = deps
  const { question } = request
  // What was bogus for somebody else may be so for the clock's sake alone.
  const isRememberedFor = !request.checkingDisabled && request.fresh !== true && request.forTimeServer !== true
  if (isRememberedFor) throwIfBogus(engine, context, question)
  const copies = new Copies(engine, question, (again, avoid) => {
    const fresh = (request.fresh ?? false) || again
    const infer = fresh ? undefined : () => inference.answer(request, context)
    const onCut = keysAhead(deps, request, context)
    return fetch({ ...request, checkingDisabled: true, fresh }, context, { infer, onCut, avoid })
  })
  let bad: BadCopy | undefined
  try {
    for (;;) {
      const found = await copies.next()
      if (found === undefined) break
      if (isSettled(found, request)) return found
      const result = await checked(deps, found, request, context)
      if ('evidence' in result) return result
      bad = result
      if (isSigned(found) && isFaultAbove(bad)) break
    }
  } catch (error) {
    if (request.checkingDisabled && bad !== undefined && isChordnsError(error, 'BUDGET_SPENT')) return bad.found
    throw error
  }
  return lastCopy(deps, bad!, request, context)
}

function isSettled({ evidence: { security } }: Finding, { checkingDisabled }: RecurseRequest): boolean {
  return security === 'secure' || security === 'insecure' || (security === 'bogus' && checkingDisabled)
}

/** The copy as it is kept, or that it is bad. Rejects with BUDGET_SPENT or ABORTED. */
async function checked(
  deps: ValidatingDeps,
  found: Finding,
  request: RecurseRequest,
  context: CacheContext,
): Promise<Finding | BadCopy> {
  const { engine, trust } = deps
  try {
    const verdict = await validate(engine, trust, taskOf(deps, found, request, context))
    if (verdict.verdict === 'bogus') return { found, verdict }
    const kept = keepAndLearn(deps, context, found, verdict)
    keepDname(engine, context, found, verdict)
    return kept
  } catch (error) {
    if (isFailure(error)) return { found, failure: error }
    if (request.checkingDisabled && isChordnsError(error, 'BUDGET_SPENT')) return found
    throw error
  }
}

/** No server has a good copy. */
async function lastCopy(
  deps: ValidatingDeps,
  { found, verdict, failure }: BadCopy,
  request: RecurseRequest,
  context: CacheContext,
): Promise<Finding> {
  const { engine, fetch, wrongClock } = deps
  const { question, checkingDisabled } = request
  if (verdict === undefined) {
    if (checkingDisabled) return found
    throw failure
  }
  if (wrongClock.isCauseOf(verdict) && request.origin === 'any' && !checkingDisabled) {
    const lenient = await wrongClock.lenient(taskOf(deps, found, request, context), request)
    if (lenient !== undefined) return lenient
  }
  const kept = keepVerdict(engine, context, found, verdict, fetchedSide(found))
  rememberBogus(engine, context, question, verdict)
  if (checkingDisabled) return kept
  reportBogus(engine, question, verdict.ede, (report) => fetch(report, engine.zones.contextOf(report.question)))
  throw bogusFailure(question, verdict.ede, verdict.reason)
}

/** The signatures are there, and what they hang on is bad or cannot be had: the other servers of the zone have the same. */
function isFaultAbove({ found, verdict, failure }: BadCopy): boolean {
  return failure !== undefined || (verdict?.at !== undefined && isSubdomain(found.outcome.apex, verdict.at))
}

function isSigned({ outcome }: Finding): boolean {
  const sets = outcome.kind === 'rrset' ? [outcome.rrset] : outcome.proofs
  return sets.some(({ signatures }) => signatures.length > 0)
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
