/** The CDS and DNSKEY sets of a zone with their signatures, as its servers have them now. */
import { Budget, type Clock, isChordnsError } from '../../base/index.ts'
import { Class, type Name, Type } from '../../dns/index.ts'
import type { CdsEvidence } from '../../ledger/index.ts'
import type { Recursor } from '../../recurse/index.ts'
import { type Resolver, resolverLimits } from '../../resolver/index.ts'

export interface CdsSetsDeps {
  readonly resolver: Pick<Resolver, 'resolve'>
  readonly recursor: Pick<Recursor, 'resolve'>
  readonly clock: Clock
}

/** Undefined: the zone has no CDS set, or it cannot be had, or does not validate. Rejects with ABORTED only. */
export async function signedCdsSets(
  { resolver, recursor, clock }: CdsSetsDeps,
  zone: Name,
  signal: AbortSignal,
): Promise<CdsEvidence | undefined> {
  // As a stub's question it learns where the zone is anchored; what is read then comes from its servers, and not from the cache.
  await resolver.resolve({
    question: { name: zone, type: Type.SOA, class: Class.IN },
    recursionDesired: true,
    checkingDisabled: false,
    dnssecOk: true,
    authenticData: true,
    client: 'carrier',
    signal,
  })
  const setOf = async (type: number) => {
    const budget = new Budget(resolverLimits.REFRESH, () => clock.monotonic())
    const question = { name: zone, type, class: Class.IN }
    try {
      const { outcome } = await recursor.resolve({
        question,
        budget,
        signal,
        origin: 'own',
        checkingDisabled: false,
        fresh: true,
      })
      return outcome.kind === 'rrset' && outcome.rrset.type === type ? outcome.rrset : undefined
    } catch (error) {
      if (!isChordnsError(error) || error.code === 'ABORTED') throw error
      return undefined
    }
  }
  const cds = await setOf(Type.CDS)
  const dnskeys = cds && (await setOf(Type.DNSKEY))
  if (cds === undefined || dnskeys === undefined) return undefined
  return {
    cds: cds.rdatas,
    cdsSignatures: cds.signatures,
    dnskeys: dnskeys.rdatas,
    dnskeySignatures: dnskeys.signatures,
  }
}
