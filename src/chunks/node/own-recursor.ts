/** What the chunks use this node's own recursor for, on budgets far below a client's: to observe, and to check proofs. */
import { Budget, type Clock, isChordnsError } from '../../base/index.ts'
import { Type } from '../../dns/index.ts'
import { isDelegation } from '../../evidence/index.ts'
import { isBogusFailure, type Recursor } from '../../recurse/index.ts'
import type { ProofSource } from '../entries/proof-checks.ts'
import { limits } from '../limits.ts'
import { delegationFinding } from '../observations/delegation-finding.ts'
import type { OwnFetch } from '../observations/own-observations.ts'

/**
 * Own iteration only. Further rounds fetch anew (`fresh`), those about a conflict by TCP over new connections. `zonesAreFree`:
 * delegations and keys, which nobody asks for by themselves, are observed by those only whose own questions have led there.
 */
export function ownFetchOf(
  recursor: Pick<Recursor, 'resolve' | 'delegation'>,
  clock: Clock,
  zonesAreFree: boolean,
): OwnFetch {
  return async (question, signal, how) => {
    const isFree = zonesAreFree && (isDelegation(question) || question.type === Type.DNSKEY)
    const { OWN_FETCH } = limits
    const budget = new Budget(isFree ? { ...OWN_FETCH, queries: 0 } : OWN_FETCH, () => clock.monotonic())
    const request = { budget, signal, fresh: how !== 'known', tcpOnly: how === 'tcp' }
    if (isDelegation(question)) return delegationFinding(await recursor.delegation(question.name, request))
    return recursor.resolve({ ...request, question, origin: 'own', checkingDisabled: false })
  }
}

/** This node's own validation, and the chain links that it can give to others. */
export function proofSourceOf(recursor: Pick<Recursor, 'validate' | 'links' | 'knownCut'>, clock: Clock): ProofSource {
  return {
    async verify(finding, links, signal, mayFetch) {
      const { VERIFY_PROOF } = limits
      const allowed = mayFetch ? VERIFY_PROOF : { ...VERIFY_PROOF, queries: 0 }
      const budget = new Budget(allowed, () => clock.monotonic())
      const request = { budget, signal, origin: 'any', checkingDisabled: false } as const
      try {
        const validated = await recursor.validate(finding, request, links)
        return validated.evidence.security === 'secure' ? validated : 'unproven'
      } catch (error) {
        if (isBogusFailure(error)) return 'bogus'
        if (isChordnsError(error, 'BUDGET_SPENT') || isChordnsError(error, 'RECURSE_FAILED')) return 'unproven'
        throw error
      }
    },
    links: (question, from) => recursor.links(question.name, from),
    knownCut: (question) => recursor.knownCut(question.name),
  }
}
