/** Validates a finding, fetching the links of the chain of trust that are missing. */
import {
  Ede,
  type ExtendedError,
  type Name,
  nameToText,
  parentName,
  type Question,
  typeToText,
} from '../../dns/index.ts'
import { type Claim, type Verdict, validateFinding } from '../../dnssec/index.ts'
import { failed } from '../job/failure.ts'
import type { TrustEngine } from './engine.ts'
import { cutsOf } from './given.ts'
import { LinkSearch } from './link-search.ts'
import type { ValidationTask } from './task.ts'
import type { Trust } from './trust.ts'

/** Throws RECURSE_FAILED when a link of the chain cannot be fetched, BUDGET_SPENT, ABORTED. Bogus is a verdict, not an error. */
export async function validate(engine: TrustEngine, trust: Trust, task: ValidationTask): Promise<Verdict> {
  const { finding, budget, onStep } = task
  const claim: Claim = {
    question: finding.question,
    outcome: finding.outcome,
    cuts: [
      ...cutsAbove(engine, task),
      ...(task.given === undefined ? [] : cutsOf(engine, task.given.links, finding.question.name)),
    ],
  }
  const links = new LinkSearch(engine, trust, task)
  for (let round = 0; round < engine.limits.CHAIN_LINKS; round++) {
    const verdict = validateFinding(claim, links.context(), budget)
    if ('need' in verdict) {
      await links.find(verdict)
      continue
    }
    if (verdict.verdict === 'bogus' && (await links.improve(verdict, claim))) continue
    onStep?.({ kind: 'validate', zone: finding.outcome.apex, question: finding.question, verdict: textOf(verdict) })
    return verdict
  }
  const text = `the chain of trust to ${nameToText(finding.question.name)} has too many links`
  throw failed('too-deep', text, [{ code: Ede.DNSSEC_INDETERMINATE, text }])
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
