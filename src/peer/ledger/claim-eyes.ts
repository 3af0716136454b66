/** How a validator's node sees what the holder of a claimed domain shows: by its own iteration, past its cache, and past all ledgers. */
import { Budget, type Clock } from '../../base/index.ts'
import { Class, type Name, Type } from '../../dns/index.ts'
import type { ClaimEyes } from '../../ledger/index.ts'
import type { Recursor } from '../../recurse/index.ts'
import { resolverLimits } from '../../resolver/index.ts'

export interface ClaimEyesDeps {
  readonly recursor: Pick<Recursor, 'resolve'>
  readonly clock: Pick<Clock, 'monotonic'>
}

export function claimEyes({ recursor, clock }: ClaimEyesDeps): ClaimEyes {
  return {
    async texts(name, signal) {
      return (await fetched(name, Type.TXT, signal)) ?? []
    },
    async page() {
      return undefined
    },
  }

  /** RDATA; undefined: there is none, or none that validates. */
  async function fetched(name: Name, type: number, signal: AbortSignal): Promise<readonly Uint8Array[] | undefined> {
    const budget = new Budget(resolverLimits.REFRESH, () => clock.monotonic())
    const question = { name, type, class: Class.IN }
    const how = { origin: 'own', checkingDisabled: false, context: 'main', fresh: true } as const
    const { outcome, evidence } = await recursor.resolve({ question, budget, signal, ...how })
    const isOwn = outcome.kind === 'rrset' && outcome.rrset.type === type
    return isOwn && evidence.security !== 'bogus' ? outcome.rrset.rdatas : undefined
  }
}
