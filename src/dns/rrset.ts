/** Records grouped into RRsets with their signatures, and back. */
import { compareBytes, equalBytes, latin1 } from '../base/index.ts'
import { limits } from './limits.ts'
import { sameName } from './names/names.ts'
import { canonicalRdata } from './rdata/canonical.ts'
import { Class, type Name, type ResourceRecord, type RRset, Type } from './types.ts'

/** A Map key: equal for equal owner (caseless), type and class. */
export function rrsetKey(name: Name, type: number, klass: number = Class.IN): string {
  return `${type}/${klass}/${name.key}`
}

interface Draft {
  readonly name: Name
  readonly type: number
  readonly class: number
  ttl: number
  readonly rdatas: Distinct
  readonly signatures: Distinct
}

/**
 * RRsets in order of first appearance; equal rdata counts once (RFC 2181 section 5). An RRSIG joins the set that it covers, with
 * owner and class equal; RRSIGs whose set is not there become RRsets of type RRSIG. The TTL is the least of the records';
 * signatures lower it too, since set and signature must leave a cache together (RFC 4035 section 2.2 wants them equal).
 */
export function groupRRsets(records: readonly ResourceRecord[]): RRset[] {
  if (records.length === 0) return []
  const drafts = new Map<string, Draft>()
  let last: Draft | undefined
  const signatures: ResourceRecord[] = []
  for (const record of records) {
    if (record.type === Type.RRSIG) {
      signatures.push(record)
      continue
    }
    last = add(drafts, last, record)
  }
  const orphans = signatures.filter((record) => {
    const covered = coveredType(record.rdata)
    const draft = covered === undefined ? undefined : drafts.get(rrsetKey(record.name, covered, record.class))
    if (draft === undefined) return true
    draft.signatures.add(record.rdata)
    draft.ttl = Math.min(draft.ttl, record.ttl)
    return false
  })
  let group: Draft | undefined
  for (const record of orphans) group = add(drafts, group, record)
  return Array.from(drafts.values(), (draft) => ({
    ...draft,
    rdatas: draft.rdatas.list,
    signatures: draft.signatures.list,
  }))
}

/** Each rdata, then each signature unless `signatures` is false; with `ttl` in place of the set's own if given. */
export function rrsetToRecords(
  rrset: RRset,
  options: { readonly ttl?: number; readonly signatures?: boolean } = {},
): ResourceRecord[] {
  const { name, class: klass } = rrset
  const ttl = options.ttl ?? rrset.ttl
  const records: ResourceRecord[] = rrset.rdatas.map((rdata) => ({ name, type: rrset.type, class: klass, ttl, rdata }))
  if (options.signatures === false) return records
  for (const rdata of rrset.signatures) records.push({ name, type: Type.RRSIG, class: klass, ttl, rdata })
  return records
}

/** Canonical rdata, sorted, without duplicates: what is signed (RFC 4034 section 6.3). Throws DNS_MALFORMED. */
export function canonicalRRset(rrset: RRset): Uint8Array[] {
  const sorted = rrset.rdatas.map((rdata) => canonicalRdata(rrset.type, rdata)).sort(compareBytes)
  return sorted.filter((rdata, i) => i === 0 || !equalBytes(rdata, sorted[i - 1]!))
}

/** The type an RRSIG covers (RFC 4034 section 3.1.1); undefined if it is too short to say. */
export function coveredType(rdata: Uint8Array): number | undefined {
  return rdata.length < 2 ? undefined : (rdata[0]! << 8) | rdata[1]!
}

function add(drafts: Map<string, Draft>, last: Draft | undefined, record: ResourceRecord): Draft {
  // Records of a set mostly stand together: no key is built for the second and later ones.
  let draft = last
  if (
    draft === undefined ||
    draft.type !== record.type ||
    draft.class !== record.class ||
    !sameName(draft.name, record.name)
  ) {
    const key = rrsetKey(record.name, record.type, record.class)
    draft = drafts.get(key)
    if (draft === undefined) {
      const { name, type, class: klass, ttl } = record
      draft = { name, type, class: klass, ttl, rdatas: new Distinct(), signatures: new Distinct() }
      drafts.set(key, draft)
    }
  }
  draft.ttl = Math.min(draft.ttl, record.ttl)
  draft.rdatas.add(record.rdata)
  return draft
}

/** Byte strings without duplicates, in order. Large sets go by a key: comparing each with each is quadratic in one packet. */
class Distinct {
  readonly list: Uint8Array[] = []
  #keys: Set<string> | undefined

  add(bytes: Uint8Array): void {
    if (this.list.length < limits.MAX_PAIRWISE) {
      if (!this.list.some((other) => equalBytes(other, bytes))) this.list.push(bytes)
      return
    }
    this.#keys ??= new Set(this.list.map(latin1))
    const key = latin1(bytes)
    if (this.#keys.has(key)) return
    this.#keys.add(key)
    this.list.push(bytes)
  }
}
