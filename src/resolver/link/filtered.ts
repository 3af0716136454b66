/** The operator's filter as a link: each name of a chain of aliases is judged before anybody is asked for it. */
import { ChordnsError, type Clock } from '../../base/index.ts'
import { Ede, groupRRsets, type Question } from '../../dns/index.ts'
import type { Outcome } from '../../evidence/index.ts'
import type { FilterAnswer, QuestionFilter } from '../../filter/index.ts'
import type { Resolution } from '../types.ts'
import type { LinkResolver } from './types.ts'

/** What is blocked at a link takes the place of the whole answer. */
export interface BlockedDetail {
  readonly answer: FilterAnswer
  readonly isForAll: boolean
}

/** Rejects with FILTER_BLOCKED (detail BlockedDetail), and as `resolveLink` does. */
export function filtered(filter: QuestionFilter, clock: Clock, resolveLink: LinkResolver): LinkResolver {
  return async (request) => {
    const { question, client } = request
    const { answer, isForAll } = filter.judge(question, client)
    if (answer === undefined) {
      const link = await resolveLink(request)
      return isForAll ? link : { ...link, isForAll }
    }
    request.onStep?.({ kind: 'local', question, detail: `${answer.verdict} by ${answer.list}` })
    if (answer.verdict === 'blocked')
      throw new ChordnsError('FILTER_BLOCKED', `blocked by ${answer.list}`, { answer, isForAll })
    const [rrset] = groupRRsets(answer.answers)
    const [soa] = groupRRsets(answer.authorities)
    const apex = question.name
    const outcome: Outcome =
      rrset === undefined
        ? { kind: 'absent', rcode: 0, apex, soa, proofs: [] }
        : { kind: 'rrset', rrset, apex, proofs: [] }
    const expires = clock.now() + (rrset ?? soa)!.ttl * 1000
    const evidence = { security: 'insecure', provenance: 'local', observers: [] } as const
    return { finding: { question, outcome, evidence, expires }, ede: [], isForAll: false }
  }
}

/** In the name that was asked: a client learns nothing of where it led. `isWhole`: the name itself is blocked, not what it is an alias of. */
export function blockedResolution(
  question: Question,
  { answer, isForAll }: BlockedDetail,
  isWhole: boolean,
): Resolution {
  const { name } = question
  return {
    rcode: answer.rcode,
    answers: answer.answers.map((record) => ({ ...record, name })),
    authorities: answer.authorities.map((record) => ({ ...record, name })),
    security: 'insecure',
    provenance: 'local',
    ede: [{ code: Ede.BLOCKED, text: `blocked by ${answer.list}` }],
    findings: [],
    authoritative: true,
    blockedBy: answer.list,
    // An alias may lead elsewhere tomorrow.
    ...(!(isForAll && isWhole) && { isForAll: false }),
  }
}
