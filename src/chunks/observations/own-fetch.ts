/** What this node looks up for itself when it observes: own iteration only, on a budget far below a client's. */
import { Budget, type Clock } from '../../base/index.ts'
import { isDelegation } from '../../evidence/index.ts'
import type { Recursor } from '../../recurse/index.ts'
import { limits } from '../limits.ts'
import { delegationFinding } from './delegation-finding.ts'
import type { OwnFetch } from './observations.ts'

/** Further rounds fetch anew (`fresh`), those about a conflict by TCP over new connections. */
export function ownFetchOf(recursor: Pick<Recursor, 'resolve' | 'delegation'>, clock: Clock): OwnFetch {
  return async (question, signal, how) => {
    const budget = new Budget(limits.OWN_FETCH, () => clock.monotonic())
    const request = { budget, signal, fresh: how !== 'known', tcpOnly: how === 'tcp' }
    if (isDelegation(question)) return delegationFinding(await recursor.delegation(question.name, request))
    return recursor.resolve({ ...request, question, origin: 'own', checkingDisabled: false })
  }
}
