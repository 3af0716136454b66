/**
 * What a correct authoritative server says about its zone: RFC 1034 section 4.3.2, wildcards (RFC 4592), DNAME (RFC 6672),
 * empty non-terminals, and the denial proofs of a zone that was signed (RFC 4035 section 3.1, RFC 5155 section 7.2). Pure.
 */

import { concatBytes } from '../../src/base/index.ts'
import {
  cnameTarget,
  groupRRsets,
  isSubdomain,
  type Name,
  nameFromWire,
  nsName,
  parseName,
  parseZone,
  prependLabel,
  type Question,
  Rcode,
  type ResourceRecord,
  type RRset,
  sameName,
  suffixName,
  Type,
} from '../../src/dns/index.ts'
import { Denial } from './denial.ts'

/** RRsets of one owner by type; an empty map is an empty non-terminal. */
export type ZoneNode = ReadonlyMap<number, RRset>

export interface Zone {
  readonly origin: Name
  readonly soa: RRset
  /** By the owner's `key`; NSEC3 owners are not nodes. */
  readonly nodes: ReadonlyMap<string, ZoneNode>
  readonly denial: Denial
}

/** The sections of a reply before they are cut to size. Signatures travel inside the sets. */
export interface ZoneAnswer {
  readonly kind: 'answer' | 'referral' | 'nodata' | 'nxdomain' | 'yxdomain' | 'refused'
  readonly rcode: number
  readonly aa: boolean
  readonly answers: readonly RRset[]
  readonly authorities: readonly RRset[]
  readonly additionals: readonly RRset[]
}

export const REFUSED_ANSWER: ZoneAnswer = {
  kind: 'refused',
  rcode: Rcode.REFUSED,
  aa: false,
  answers: [],
  authorities: [],
  additionals: [],
}

/** Bound of a chain inside one zone; a loop ends here, with what was collected. */
const MAX_CHAIN = 20

/** Reads zone-file text. Throws when there is no SOA at the apex or a record lies outside of the zone. */
export function loadZone(originText: string, text: string, overlay?: string): Zone {
  const origin = parseName(originText)
  const records = parseZone(text, { origin, defaultTtl: 3600 })
  const over = overlay === undefined ? [] : parseZone(overlay, { origin, defaultTtl: 3600 })
  return zoneOf(origin, [...without(records, over), ...over])
}

export function zoneOf(origin: Name, records: readonly ResourceRecord[]): Zone {
  const nodes = new Map<string, Map<number, RRset>>()
  const nsec3: RRset[] = []
  for (const rrset of groupRRsets(records)) {
    if (!isSubdomain(rrset.name, origin)) throw new Error(`${rrset.name.key} is outside of zone ${origin.key}`)
    if (rrset.type === Type.NSEC3) {
      nsec3.push(rrset)
      continue
    }
    addNode(nodes, rrset.name, origin).set(rrset.type, rrset)
  }
  const soa = nodes.get(origin.key)?.get(Type.SOA)
  if (soa === undefined) throw new Error(`zone ${origin.key} has no SOA`)
  const nsec = [...nodes.values()].flatMap((node) => node.get(Type.NSEC) ?? [])
  return { origin, soa, nodes, denial: new Denial(nsec, nsec3) }
}

function without(records: readonly ResourceRecord[], over: readonly ResourceRecord[]): ResourceRecord[] {
  const replaced = new Set(over.map((record) => `${record.name.key}/${record.type}`))
  return records.filter((record) => !replaced.has(`${record.name.key}/${record.type}`))
}

function addNode(nodes: Map<string, Map<number, RRset>>, owner: Name, origin: Name): Map<number, RRset> {
  for (let labels = origin.labels; labels <= owner.labels; labels++) {
    const { key } = suffixName(owner, labels)
    if (!nodes.has(key)) nodes.set(key, new Map())
  }
  return nodes.get(owner.key)!
}

interface Draft {
  readonly answers: RRset[]
  readonly authorities: RRset[]
  readonly additionals: RRset[]
}

/** `dnssecOk` decides whether denial proofs are gathered; the signatures in the sets are dropped by the caller. */
export function answerFrom(zone: Zone, question: Question, dnssecOk: boolean): ZoneAnswer {
  const draft: Draft = { answers: [], authorities: [], additionals: [] }
  let owner = question.name
  for (let link = 0; link < MAX_CHAIN; link++) {
    const step = lookUp(zone, owner, question.type, dnssecOk, draft)
    if (step.kind !== 'alias') return finish(step.kind, draft)
    if (!isSubdomain(step.target, zone.origin)) return finish('answer', draft)
    owner = step.target
  }
  return finish('answer', draft)
}

const RCODES: Readonly<Partial<Record<ZoneAnswer['kind'], number>>> = {
  nxdomain: Rcode.NXDOMAIN,
  yxdomain: Rcode.YXDOMAIN,
}

function finish(kind: Exclude<ZoneAnswer['kind'], 'refused'>, draft: Draft): ZoneAnswer {
  const chain = draft.answers.length > 0
  return {
    kind,
    rcode: RCODES[kind] ?? Rcode.NOERROR,
    aa: kind !== 'referral' || chain,
    ...draft,
  }
}

type Step =
  | { readonly kind: 'answer' | 'referral' | 'nodata' | 'nxdomain' | 'yxdomain' }
  | { readonly kind: 'alias'; readonly target: Name }

function lookUp(zone: Zone, owner: Name, type: number, dnssecOk: boolean, draft: Draft): Step {
  for (let labels = zone.origin.labels; labels <= owner.labels; labels++) {
    const at = suffixName(owner, labels)
    const node = zone.nodes.get(at.key)
    if (node === undefined) return missing(zone, owner, suffixName(owner, labels - 1), type, dnssecOk, draft)
    const isApex = labels === zone.origin.labels
    const cut = isApex ? undefined : node.get(Type.NS)
    const parentSide = labels === owner.labels && (type === Type.DS || type === Type.NSEC)
    if (cut !== undefined && !parentSide) return refer(zone, cut, node, dnssecOk, draft)
    const dname = labels < owner.labels ? node.get(Type.DNAME) : undefined
    if (dname !== undefined) return redirect(owner, dname, draft)
  }
  const node = zone.nodes.get(owner.key)!
  return fromNode(zone, node, owner, type, draft) ?? nodata(zone, owner, dnssecOk, draft)
}

/** What a node holds for the type; undefined when it has nothing. The owner is renamed for wildcards. */
function fromNode(zone: Zone, node: ZoneNode, owner: Name, type: number, draft: Draft): Step | undefined {
  const cname = node.get(Type.CNAME)
  if (cname !== undefined && type !== Type.CNAME && type !== Type.ANY && type !== Type.NSEC) {
    draft.answers.push({ ...cname, name: owner })
    return { kind: 'alias', target: cnameTarget(cname.rdatas[0]!) }
  }
  const found = type === Type.ANY ? [...node.values()] : [node.get(type)].filter((set) => set !== undefined)
  if (found.length === 0) return undefined
  for (const rrset of found) {
    draft.answers.push({ ...rrset, name: owner })
    for (const target of targetsOf(rrset)) pushAddresses(zone, target, draft)
  }
  return { kind: 'answer' }
}

function missing(zone: Zone, owner: Name, encloser: Name, type: number, dnssecOk: boolean, draft: Draft): Step {
  const wildcardName = prependLabel('*', encloser)
  const wildcard = zone.nodes.get(wildcardName.key)
  if (wildcard === undefined) {
    draft.authorities.push(negativeSoa(zone))
    if (dnssecOk) pushNew(draft.authorities, zone.denial.nameError(owner, encloser))
    return { kind: 'nxdomain' }
  }
  const step = fromNode(zone, wildcard, owner, type, draft)
  if (step !== undefined) {
    if (dnssecOk) pushNew(draft.authorities, zone.denial.expansion(owner, encloser))
    return step
  }
  draft.authorities.push(negativeSoa(zone))
  if (dnssecOk) pushNew(draft.authorities, zone.denial.wildcardNodata(owner, encloser))
  return { kind: 'nodata' }
}

function nodata(zone: Zone, owner: Name, dnssecOk: boolean, draft: Draft): Step {
  draft.authorities.push(negativeSoa(zone))
  if (dnssecOk) pushNew(draft.authorities, zone.denial.nodata(owner))
  return { kind: 'nodata' }
}

function refer(zone: Zone, cut: RRset, node: ZoneNode, dnssecOk: boolean, draft: Draft): Step {
  draft.authorities.push({ ...cut, signatures: [] })
  const ds = node.get(Type.DS)
  if (dnssecOk) pushNew(draft.authorities, ds === undefined ? zone.denial.nodata(cut.name) : [ds])
  for (const rdata of cut.rdatas) pushAddresses(zone, nsName(rdata), draft)
  return { kind: 'referral' }
}

/** DNAME: the CNAME is synthesised with the DNAME's TTL and never signed (RFC 6672 sections 2.2 and 3.1). */
function redirect(owner: Name, dname: RRset, draft: Draft): Step {
  const target = cnameTarget(dname.rdatas[0]!)
  const prefix = owner.wire.subarray(0, owner.wire.length - dname.name.wire.length)
  const wire = concatBytes(prefix, target.wire)
  draft.answers.push(dname)
  if (wire.length > 255) return { kind: 'yxdomain' }
  draft.answers.push({ name: owner, type: Type.CNAME, class: 1, ttl: dname.ttl, rdatas: [wire], signatures: [] })
  return { kind: 'alias', target: nameFromWire(wire) }
}

/** The SOA as it stands in a negative answer: TTL is the lesser of its own and MINIMUM (RFC 2308 section 3). */
function negativeSoa(zone: Zone): RRset {
  const rdata = zone.soa.rdatas[0]!
  const minimum = new DataView(rdata.buffer, rdata.byteOffset + rdata.length - 4, 4).getUint32(0)
  return { ...zone.soa, ttl: Math.min(zone.soa.ttl, minimum) }
}

function targetsOf(rrset: RRset): Name[] {
  switch (rrset.type) {
    case Type.NS:
      return rrset.rdatas.map((rdata) => nsName(rdata))
    case Type.MX:
      return rrset.rdatas.map((rdata) => nameFromWire(rdata.slice(2)))
    case Type.SRV:
      return rrset.rdatas.map((rdata) => nameFromWire(rdata.slice(6)))
    default:
      return []
  }
}

/** Addresses that the zone's data has for a name, glue below a cut included. */
function pushAddresses(zone: Zone, name: Name, draft: Draft): void {
  const node = zone.nodes.get(name.key)
  const sets = [node?.get(Type.A), node?.get(Type.AAAA)].filter((set) => set !== undefined)
  pushNew(draft.additionals, sets)
}

function pushNew(section: RRset[], sets: readonly RRset[]): void {
  for (const set of sets) {
    if (!section.some((other) => other.type === set.type && sameName(other.name, set.name))) section.push(set)
  }
}

/** The zone that answers: the deepest one at or above the name; for DS the parent's side of a cut, if it is here too. */
export function zoneFor<T extends { readonly origin: Name }>(zones: readonly T[], question: Question): T | undefined {
  const above = zones
    .filter(({ origin }) => isSubdomain(question.name, origin))
    .sort((a, b) => b.origin.labels - a.origin.labels)
  const atApex = above[0] !== undefined && sameName(above[0].origin, question.name)
  return question.type === Type.DS && atApex && above.length > 1 ? above[1] : above[0]
}
