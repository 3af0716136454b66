/** Validates a finding, fetching the links of the chain of trust that are missing. */
import type { Budget } from '../../base/index.ts'
import type { CacheContext } from '../../cache/index.ts'
import {
  Class,
  Ede,
  type ExtendedError,
  type Name,
  nameToText,
  parentName,
  type Question,
  sameName,
  Type,
  typeToText,
} from '../../dns/index.ts'
import { learn, type Need, type Verdict, validateFinding, type ZoneSecurity } from '../../dnssec/index.ts'
import type { Finding, Outcome } from '../../evidence/index.ts'
import { failed, isFailure } from '../job/failure.ts'
import { dsOfReferral } from '../job/referral.ts'
import type { IterationStep } from '../job/types.ts'
import type { TrustEngine } from './engine.ts'
import { cutsOf, type GivenLinks, linkFromGiven } from './given.ts'
import type { Trust } from './trust.ts'

/** What is to be validated, and for whom. */
export interface ValidationTask {
  readonly finding: Finding
  readonly context: CacheContext
  readonly budget: Budget
  /** Fetches without validating: the links of the chain validate each other. */
  readonly fetch: (question: Question, fresh: boolean) => Promise<Finding>
  readonly onStep: ((step: IterationStep) => void) | undefined
  /** Links that came beside the finding, from whoever brought it. */
  readonly given?: GivenLinks
  /** A link that cannot be fetched, as the ring has it: it has to validate like any other. */
  readonly agreedLink?: ((need: Need) => Promise<Outcome | undefined>) | undefined
}

/** Throws RECURSE_FAILED when a link of the chain cannot be fetched, BUDGET_SPENT, ABORTED. Bogus is a verdict, not an error. */
export async function validate(engine: TrustEngine, trust: Trust, task: ValidationTask): Promise<Verdict> {
  const { finding, budget, onStep } = task
  const claim = {
    question: finding.question,
    outcome: finding.outcome,
    cuts: [
      ...cutsAbove(engine, task),
      ...(task.given === undefined ? [] : cutsOf(engine, task.given.links, finding.question.name)),
    ],
  }
  for (let round = 0; round < engine.limits.CHAIN_LINKS; round++) {
    const verdict = validateFinding(claim, trust.context(), budget)
    if (!('need' in verdict)) {
      onStep?.({ kind: 'validate', zone: finding.outcome.apex, question: finding.question, verdict: textOf(verdict) })
      return verdict
    }
    await fetchLink(engine, trust, task, verdict)
  }
  const text = `the chain of trust to ${nameToText(finding.question.name)} has too many links`
  throw failed('too-deep', text, [{ code: Ede.DNSSEC_INDETERMINATE, text }])
}

async function fetchLink(engine: TrustEngine, trust: Trust, task: ValidationTask, need: Need): Promise<void> {
  const shortCut = dsFromReferral(engine, task.context, need)
  if (shortCut !== undefined) {
    const link = learn(need, shortCut, trust.context(), task.budget)
    // A referral without the proof says nothing: the parent is asked.
    if (link.status !== 'unproven' && link.status !== 'bogus') {
      trust.learnt(need.zone, link)
      return
    }
  }
  const link = (task.given && linkFromGiven(trust, task.given, need)) ?? (await learntLink(engine, trust, task, need))
  task.onStep?.({
    kind: 'validate',
    zone: need.zone,
    question: questionOf(need),
    verdict: link.status === 'bogus' || link.status === 'unproven' ? (link.ede.text ?? link.status) : link.status,
  })
  trust.learnt(need.zone, link)
}

/** The DS set that came with the referral to a zone, if one is known: saves a question for each zone on the way. */
function dsFromReferral(engine: TrustEngine, context: CacheContext, { need, zone, parent }: Need): Outcome | undefined {
  if (need !== 'DS') return undefined
  const now = engine.now()
  const cached = engine.deps.cache.delegation(context, zone, now)?.delegation
  const known = cached !== undefined && sameName(cached.zone, zone) ? cached : engine.agreed.get(zone, now)?.delegation
  return known === undefined ? undefined : dsOfReferral(known, parent)
}

/** A link is bogus for all that lies below it: another server of the zone may have the true copy, and is asked first. */
async function learntLink(engine: TrustEngine, trust: Trust, task: ValidationTask, need: Need): Promise<ZoneSecurity> {
  for (let retries = 0; ; retries++) {
    const answer = await answerTo(task, need, retries > 0)
    const context = trust.context()
    const link = learn(need, answer, context, task.budget)
    // One that has expired already was lost on the way, and is asked for again as it is.
    if (link.status !== 'bogus' || link.expires <= context.now) return link
    engine.servers.onBogus(questionOf(need))
    if (retries >= engine.limits.BOGUS_RETRIES) return link
  }
}

async function answerTo(task: ValidationTask, need: Need, fresh: boolean): Promise<Outcome> {
  // This walk began with an agreed delegation because the zones above did not answer, so they would not answer for their keys either.
  const isBlocked = task.finding.start === 'agreed' && !fresh
  const known = isBlocked ? await task.agreedLink?.(need) : undefined
  if (known !== undefined) return known
  try {
    return (await task.fetch(questionOf(need), fresh)).outcome
  } catch (error) {
    if (!isFailure(error)) throw error
    const agreed = isBlocked ? undefined : await task.agreedLink?.(need)
    if (agreed !== undefined) return agreed
    const text = `no answer to ${nameToText(need.zone)} ${need.need}, which validation needs`
    const code = need.need === 'DNSKEY' ? Ede.DNSKEY_MISSING : Ede.DNSSEC_INDETERMINATE
    throw failed(error.detail.reason, `${text}: ${error.message}`, [{ code, text }, ...error.detail.ede])
  }
}

function questionOf({ need, zone }: Need): Question {
  return { name: zone, type: need === 'DS' ? Type.DS : Type.DNSKEY, class: Class.IN }
}

/** Zone cuts that iteration went through: hints, which save questions for names that are no cuts. */
function cutsAbove(engine: TrustEngine, { finding, context }: ValidationTask): Name[] {
  const cuts: Name[] = []
  let name = finding.question.name
  for (;;) {
    const zone = engine.deps.cache.delegation(context, name, engine.now())?.delegation.zone
    if (zone === undefined) return cuts
    cuts.push(zone)
    if (zone.labels === 0) return cuts
    name = parentName(zone)
  }
}

function textOf(verdict: Verdict): string {
  return verdict.verdict === 'secure'
    ? `secure, signed by ${nameToText(verdict.zone)}`
    : `${verdict.verdict}: ${verdict.reason}`
}

export function bogusFailure(question: Question, ede: readonly ExtendedError[], reason: string) {
  return failed('bogus', `${nameToText(question.name)} ${typeToText(question.type)} is bogus: ${reason}`, ede)
}
