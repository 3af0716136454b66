/** NSEC and NSEC3 records that a zone has signed: what proofs of absence are built from. */
import type { Budget } from '../../base/index.ts'
import { type ExtendedError, isSubdomain, type Name, type RRset, Type } from '../../dns/index.ts'
import { limits } from '../limits.ts'
import { verifyRRset } from '../signatures/rrsig.ts'
import type { SigningZone } from '../types.ts'
import { bogus, setText } from '../why.ts'
import { type NsecRecord, readNsec } from './nsec.ts'
import { Nsec3Set, readNsec3 } from './nsec3.ts'

/** All of one zone, signatures checked. */
export interface ProofSet {
  readonly zone: Name
  readonly nsec: readonly NsecRecord[]
  readonly nsec3: Nsec3Set | undefined
  /** What was kept of the RRsets handed in. */
  readonly accepted: readonly RRset[]
  /** Seconds: the least of all that was kept. */
  readonly ttl: number
  /** Why something was left out, if it was for its signature. */
  readonly failure: ExtendedError | undefined
}

/**
 * Keeps what `zone` has signed and what is sound: owner and next name inside the zone (CVE-2026-13321), NSEC3 directly below
 * its apex (CVE-2026-10723), no wildcard expansion. Draws signatures and hashes on the budget.
 */
export function loadProofs(rrsets: readonly RRset[], signing: SigningZone): ProofSet {
  const { zone, budget } = signing
  const candidates = rrsets.filter(({ type, name }) => isProofType(type) && isSubdomain(name, zone))
  const accepted: RRset[] = []
  let ttl = Number.POSITIVE_INFINITY
  let failure: ExtendedError | undefined
  for (const rrset of candidates.slice(0, limits.MAX_PROOFS)) {
    const signed = verifyRRset({ rrset, ...signing })
    if (!signed.ok) {
      failure ??= signed.ede
      continue
    }
    // An expanded NSEC has an owner that it was not made for, so its span would be false.
    if (signed.wildcard !== undefined) {
      failure ??= bogus(`${setText(rrset)} was expanded from a wildcard: it proves nothing`)
      continue
    }
    ttl = Math.min(ttl, signed.ttl)
    accepted.push(rrset)
  }
  return { ...readProofs(accepted, zone, budget), ttl, failure }
}

/** The same from RRsets that were validated before, as an aggressive cache keeps them. */
export function readProofs(
  rrsets: readonly RRset[],
  zone: Name,
  budget: Budget,
): Pick<ProofSet, 'zone' | 'nsec' | 'nsec3' | 'accepted'> {
  const nsec = rrsets.flatMap((rrset) => (rrset.type === Type.NSEC ? (readNsec(rrset, zone) ?? []) : []))
  const nsec3 = rrsets.flatMap((rrset) => (rrset.type === Type.NSEC3 ? (readNsec3(rrset, zone) ?? []) : []))
  const accepted = [...nsec, ...nsec3].map(({ rrset }) => rrset)
  return { zone, nsec, nsec3: nsec3.length === 0 ? undefined : new Nsec3Set(zone, nsec3, budget), accepted }
}

export function isProofType(type: number): boolean {
  return type === Type.NSEC || type === Type.NSEC3
}

/** The RRsets that the records stand in, each once. */
export function setsOf(records: readonly { readonly rrset: RRset }[]): readonly RRset[] {
  return [...new Set(records.map(({ rrset }) => rrset))]
}
