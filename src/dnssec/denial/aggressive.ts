/** What validated NSEC and NSEC3 records already say of a question that nobody has asked yet: RFC 8198. */
import { isWildcard, type Name, prependLabel, type Question, type RRset, sameName, Type } from '../../dns/index.ts'
import { nsecNodata, nsecNxdomain, nsecStatusOf } from './nsec.ts'
import { type ProofSet, setsOf } from './proof-set.ts'

export type Aggressive =
  | { readonly kind: 'absent'; readonly rcode: 0 | 3; readonly used: readonly RRset[] }
  /** The name does not exist, but this wildcard does and has the type: its validated set, if cached, is the answer. */
  | { readonly kind: 'wildcard'; readonly wildcard: Name; readonly used: readonly RRset[] }

/**
 * Answers from a zone's validated records (`readProofs`), or says nothing. Only what is `secure` is ever used: no opt-out
 * spans, no costly iterations, never DS (the zone above may hold it), and only names inside the records' own zone, so that
 * no proof reaches into a neighbour (CVE-2026-13321).
 * The caller vouches that no zone cut is known between `proofs.zone` and the name. Throws BUDGET_SPENT (NSEC3 hashes).
 */
export function aggressiveAnswer(
  { name, type }: Question,
  proofs: Pick<ProofSet, 'nsec' | 'nsec3'>,
): Aggressive | undefined {
  if (type === Type.DS || type === Type.RRSIG || type === Type.ANY) return undefined
  return fromNsec(name, type, proofs) ?? fromNsec3(name, type, proofs)
}

function fromNsec(name: Name, type: number, { nsec }: Pick<ProofSet, 'nsec'>): Aggressive | undefined {
  const missing = nsecNxdomain(name, nsec)
  if (missing !== undefined) return { kind: 'absent', rcode: 3, used: setsOf(missing) }
  const nodata = nsecNodata(name, type, nsec)
  if (nodata !== undefined) return { kind: 'absent', rcode: 0, used: setsOf(nodata.used) }
  const status = nsecStatusOf(name, nsec)
  if (status?.kind !== 'missing') return undefined
  const wildcard = prependLabel('*', status.encloser)
  const record = nsec.find(({ owner }) => sameName(owner, wildcard))
  if (record === undefined || !record.types.has(type) || isWildcard(name)) return undefined
  return { kind: 'wildcard', wildcard, used: [status.record.rrset] }
}

function fromNsec3(name: Name, type: number, { nsec3 }: Pick<ProofSet, 'nsec3'>): Aggressive | undefined {
  if (nsec3 === undefined || nsec3.tooManyIterations) return undefined
  const missing = nsec3.nxdomain(name)
  if (missing !== undefined)
    return missing.optOut ? undefined : { kind: 'absent', rcode: 3, used: setsOf(missing.used) }
  const nodata = nsec3.nodata(name, type)
  if (nodata === undefined || nodata.proof === 'opt-out') return undefined
  return { kind: 'absent', rcode: 0, used: setsOf(nodata.used) }
}
