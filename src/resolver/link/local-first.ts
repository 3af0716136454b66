/** Local names as links of a chain: an alias of the operator's leads into the world, and one of the world may lead here. */
import { ChordnsError, type Clock } from '../../base/index.ts'
import { groupRRsets, type Question, Rcode, Type } from '../../dns/index.ts'
import type { Finding, Outcome } from '../../evidence/index.ts'
import type { LocalAnswer } from '../local/answer.ts'
import type { LocalNames } from '../local/names.ts'
import type { LinkResolver } from './types.ts'

/** Asks local names first. Rejects with LOCAL_REFUSED (detail {ede}), and as `resolveLink` does. */
export function localFirst(names: LocalNames, clock: Clock, resolveLink: LinkResolver): LinkResolver {
  return async (request) => {
    const { question } = request
    const local = names.answer(question)
    if (local === undefined) return resolveLink(request)
    request.onStep?.({ kind: 'local', question, detail: local.detail })
    return { finding: findingOf(question, local, clock.now()), ede: local.ede }
  }
}

/** True when the answer leads on to another name. */
export function isAlias({ answers }: LocalAnswer, { type }: Question): boolean {
  return answers[0] !== undefined && answers[0].type !== type && type !== Type.ANY
}

function findingOf(question: Question, local: LocalAnswer, now: number): Finding {
  if (local.rcode !== Rcode.NOERROR && local.rcode !== Rcode.NXDOMAIN) throw refusal(local)
  const [rrset] = groupRRsets(local.answers)
  const [soa] = groupRRsets(local.authorities)
  const apex = soa?.name ?? question.name
  const outcome: Outcome =
    rrset === undefined
      ? { kind: 'absent', rcode: local.rcode, apex, soa, proofs: [] }
      : { kind: 'rrset', rrset, apex, proofs: [] }
  const expires = now + (rrset ?? soa)!.ttl * 1000
  return { question, outcome, evidence: { security: 'insecure', provenance: 'local', observers: [] }, expires }
}

function refusal({ detail, ede }: LocalAnswer) {
  return new ChordnsError('LOCAL_REFUSED', `refused here by ${detail}`, { ede })
}
