/** What single NSEC records say, and the proofs made of them: RFC 4034 section 4, RFC 4035 section 5.4, RFC 6840 section 4. */
import {
  commonAncestor,
  compareNames,
  isSubdomain,
  type Name,
  prependLabel,
  type RRset,
  sameName,
  Type,
  viewRdata,
} from '../../dns/index.ts'
import { orMalformed } from '../signatures/rrsig.ts'

export interface NsecRecord {
  readonly rrset: RRset
  readonly owner: Name
  readonly next: Name
  readonly types: ReadonlySet<number>
  readonly zone: Name
}

/** Compact denial of existence: the name in question does not exist (RFC 9824 section 2). */
const NXNAME = 128

/** Reads an NSEC set of `zone`; undefined unless it is one sound record with both names inside the zone. */
export function readNsec(rrset: RRset, zone: Name): NsecRecord | undefined {
  const [rdata] = rrset.rdatas
  if (rdata === undefined || rrset.rdatas.length !== 1) return undefined
  const view = orMalformed(() => viewRdata(Type.NSEC, rdata))
  if (view === undefined) return undefined
  const { next, types } = view
  const owner = rrset.name
  // Only the zone's own names can be spoken of; a range that leaves the zone would deny its neighbours (CVE-2026-13321).
  if (!isSubdomain(owner, zone) || !isSubdomain(next, zone)) return undefined
  // The last record of the chain points back to the apex, and only to it (RFC 4034 section 4.1.1).
  if (compareNames(next, owner) <= 0 && !sameName(next, zone)) return undefined
  return { rrset, owner, next, types: new Set(types), zone }
}

/**
 * What the zone's records show of `name`:
 * `exists` - a record stands at the name itself; `empty` - the name has no records, but names below it do;
 * `missing` - the name does not exist, and `encloser` is the deepest name above it that does.
 * Undefined: nothing is shown, or only by the parent's side of a zone cut, which has no say below it (RFC 6840 section 4.1).
 */
export type NsecStatus =
  | { readonly kind: 'exists'; readonly record: NsecRecord }
  | { readonly kind: 'empty'; readonly record: NsecRecord }
  | { readonly kind: 'missing'; readonly record: NsecRecord; readonly encloser: Name }

export function nsecStatusOf(name: Name, records: readonly NsecRecord[]): NsecStatus | undefined {
  const exact = records.find(({ owner }) => sameName(owner, name))
  if (exact !== undefined) return { kind: 'exists', record: exact }
  const record = records.find((candidate) => covers(candidate, name))
  if (record === undefined) return undefined
  if (isSubdomain(record.next, name)) return { kind: 'empty', record }
  const byOwner = commonAncestor(name, record.owner)
  const byNext = commonAncestor(name, record.next)
  return { kind: 'missing', record, encloser: byOwner.labels > byNext.labels ? byOwner : byNext }
}

/** True when the record spans the name and may speak of it. */
function covers({ owner, next, types, zone }: NsecRecord, name: Name): boolean {
  if (!isSubdomain(name, zone) || compareNames(owner, name) >= 0) return false
  const isLast = compareNames(next, owner) <= 0
  if (!isLast && compareNames(name, next) >= 0) return false
  return !(isSubdomain(name, owner) && endsZone(types))
}

/** NS without SOA is the parent's side of a cut; below a DNAME there are no names (RFC 6840 section 4.1, RFC 6672 5.3.4.1). */
export function endsZone(types: ReadonlySet<number>): boolean {
  return types.has(Type.DNAME) || isDelegation(types)
}

export function isDelegation(types: ReadonlySet<number>): boolean {
  return types.has(Type.NS) && !types.has(Type.SOA)
}

/**
 * Whether a bitmap at a name shows that `type` is absent there. The parent's side of a cut answers for DS only, and the
 * child's side never does (RFC 6840 sections 4.1 and 4.4), the root being nobody's child. A CNAME would have been the
 * answer (RFC 6840 section 4.3), but for the types that stand beside one (RFC 4034 sections 3 and 4).
 */
export function deniesType(types: ReadonlySet<number>, type: number, owner: Name): boolean {
  if (types.has(type)) return false
  if (types.has(Type.CNAME) && type !== Type.NSEC && type !== Type.RRSIG) return false
  if (type === Type.DS) return !types.has(Type.SOA) || owner.labels === 0
  return !isDelegation(types)
}

export type NsecNodata =
  | { readonly proof: 'exact'; readonly types: ReadonlySet<number>; readonly used: readonly NsecRecord[] }
  | { readonly proof: 'empty' | 'wildcard'; readonly used: readonly NsecRecord[] }

/** Shows that the name exists without that type: by its own record, as an empty non-terminal, or through a wildcard. */
export function nsecNodata(name: Name, type: number, records: readonly NsecRecord[]): NsecNodata | undefined {
  const status = nsecStatusOf(name, records)
  if (status === undefined) return undefined
  const { record } = status
  if (status.kind === 'exists') {
    if (!deniesType(record.types, type, name)) return undefined
    return { proof: 'exact', types: record.types, used: [record] }
  }
  if (status.kind === 'empty') return { proof: 'empty', used: [record] }
  const wildcard = nsecStatusOf(prependLabel('*', status.encloser), records)
  if (wildcard === undefined || wildcard.kind === 'missing') return undefined
  if (wildcard.kind === 'exists') {
    const { types, owner } = wildcard.record
    // A delegation cannot be expanded (RFC 4592 section 4.2), not even for DS.
    if (isDelegation(types) || !deniesType(types, type, owner)) return undefined
  }
  return { proof: 'wildcard', used: [record, wildcard.record] }
}

/** Shows that neither the name nor a wildcard for it exists. */
export function nsecNxdomain(name: Name, records: readonly NsecRecord[]): readonly NsecRecord[] | undefined {
  const status = nsecStatusOf(name, records)
  if (status === undefined || status.kind === 'empty') return undefined
  if (status.kind === 'exists') return isCompactDenial(status.record.types) ? [status.record] : undefined
  const wildcard = nsecStatusOf(prependLabel('*', status.encloser), records)
  return wildcard?.kind === 'missing' ? [status.record, wildcard.record] : undefined
}

/** Shows that the name itself does not exist, and that `encloser` is the deepest that does: what an expanded answer needs. */
export function nsecExpansion(
  name: Name,
  encloser: Name,
  records: readonly NsecRecord[],
): readonly NsecRecord[] | undefined {
  const status = nsecStatusOf(name, records)
  return status?.kind === 'missing' && sameName(status.encloser, encloser) ? [status.record] : undefined
}

function isCompactDenial(types: ReadonlySet<number>): boolean {
  return types.has(NXNAME) && [...types].every((type) => type === NXNAME || type === Type.NSEC || type === Type.RRSIG)
}
