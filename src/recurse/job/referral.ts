/** What a referral says of the DS set of the zone that it leads to. */
import { type Delegation, type Name, Type } from '../../dns/index.ts'
import type { Outcome } from '../../evidence/index.ts'

/** In the words of `parent`, whose referral it was; undefined when it says nothing: neither a DS set nor a proof that there is none. */
export function dsOfReferral({ ds, proofs }: Delegation, parent: Name): Outcome | undefined {
  if (ds?.type === Type.DS) return { kind: 'rrset', rrset: ds, apex: parent, proofs: [] }
  return proofs.length === 0 ? undefined : { kind: 'absent', rcode: 0, apex: parent, soa: undefined, proofs }
}
