/** Ways to break a signed zone: what is taken out, bent, or signed again with other words. */
import { concatBytes } from '../../src/base/index.ts'
import {
  coveredType,
  groupRRsets,
  type Name,
  nameToText,
  parseName,
  parseZone,
  type ResourceRecord,
  type RRset,
  Type,
  typeFromText,
} from '../../src/dns/index.ts'
import { isKeyType, type SignatureFields, signature } from './keys.ts'
import type { Key, SignedZone } from './types.ts'

const DAY = 86_400

export const typeNumber = (type: string): number => {
  const number = typeFromText(type)
  if (number === undefined) throw new Error(`unknown type ${type}`)
  return number
}

const nameIn = (zone: SignedZone, name: string): Name =>
  parseName(name === '@' ? zone.origin : name, parseName(zone.origin))

/** Records of a type at a name ('@' or relative), or anywhere (`*any*`). */
function is(zone: SignedZone, name: string, type: string): (record: ResourceRecord) => boolean {
  const number = typeNumber(type)
  const key = name === '*any*' ? undefined : nameIn(zone, name).key
  return (record) => record.type === number && (key === undefined || record.name.key === key)
}

/** RRSIGs over a type at a name. */
function covers(zone: SignedZone, name: string, type: string): (record: ResourceRecord) => boolean {
  const number = typeNumber(type)
  const key = name === '*any*' ? undefined : nameIn(zone, name).key
  return (record) =>
    record.type === Type.RRSIG && coveredType(record.rdata) === number && (key === undefined || record.name.key === key)
}

function mustChange(zone: SignedZone, before: readonly ResourceRecord[], what: string): void {
  if (before.length === zone.records.length) throw new Error(`${zone.origin} has nothing to break: ${what}`)
}

export function remove(zone: SignedZone, name: string, type: string): void {
  const before = zone.records
  const [records, signatures] = [is(zone, name, type), covers(zone, name, type)]
  zone.records = before.filter((record) => !records(record) && !signatures(record))
  mustChange(zone, before, `${name} ${type}`)
}

export function removeSignatures(zone: SignedZone, name: string, type: string): void {
  const before = zone.records
  const match = covers(zone, name, type)
  zone.records = before.filter((record) => !match(record))
  mustChange(zone, before, `RRSIG ${name} ${type}`)
}

export function removeAllSignatures(zone: SignedZone): void {
  zone.records = zone.records.filter(({ type }) => type !== Type.RRSIG)
}

/** One bit of each signature over the set is turned. */
export function corrupt(zone: SignedZone, name: string, type: string): void {
  change(zone, covers(zone, name, type), (rdata) => {
    rdata[rdata.length - 1] = rdata[rdata.length - 1]! ^ 1
  })
}

/** Changes RDATA in place, without signing again. */
export function change(
  zone: SignedZone,
  match: (record: ResourceRecord) => boolean,
  by: (rdata: Uint8Array) => void,
): void {
  let count = 0
  zone.records = zone.records.map((record) => {
    if (!match(record)) return record
    count++
    const rdata = Uint8Array.from(record.rdata)
    by(rdata)
    return { ...record, rdata }
  })
  if (count === 0) throw new Error(`${zone.origin} has nothing to change`)
}

export const changeSignatures = (zone: SignedZone, name: string, type: string, by: (rdata: Uint8Array) => void): void =>
  change(zone, covers(zone, name, type), by)

/** Adds zone-file lines (relative names belong to the origin). */
export function add(zone: SignedZone, text: string): void {
  zone.records = [...zone.records, ...parseZone(text, { origin: parseName(zone.origin), defaultTtl: 3600 })]
}

/** Sets of a zone, without their signatures. */
export function sets(zone: SignedZone): RRset[] {
  return groupRRsets(zone.records.filter(({ type }) => type !== Type.RRSIG))
}

/** Signs the set again, with the right key unless `fields` say otherwise. */
export function resign(zone: SignedZone, name: string, type: string, fields: Partial<SignatureFields> = {}): void {
  const key = nameIn(zone, name).key
  const set = sets(zone).find((one) => one.name.key === key && one.type === typeNumber(type))
  if (set === undefined) throw new Error(`${zone.origin} has no ${name} ${type}`)
  const match = covers(zone, name, type)
  zone.records = [...zone.records.filter((record) => !match(record)), signed(zone, set, fields)]
}

/** Signs everything again that has a signature. */
export function resignAll(zone: SignedZone, fields: Partial<SignatureFields> = {}): void {
  const had = new Set(
    zone.records
      .filter(({ type }) => type === Type.RRSIG)
      .map(({ name, rdata }) => `${name.key} ${coveredType(rdata)}`),
  )
  const again = sets(zone).filter(({ name, type }) => had.has(`${name.key} ${type}`))
  zone.records = [
    ...zone.records.filter(({ type }) => type !== Type.RRSIG),
    ...again.map((set) => signed(zone, set, fields)),
  ]
}

function signed(zone: SignedZone, set: RRset, fields: Partial<SignatureFields>): ResourceRecord {
  const now = Math.floor(Date.now() / 1000)
  const rdata = signature(set, {
    key: isKeyType(set.type) ? zone.keys.ksk : zone.keys.zsk,
    signer: parseName(zone.origin),
    inception: now - 3_600,
    expiration: now + 30 * DAY,
    ...fields,
  })
  return { name: set.name, type: Type.RRSIG, class: set.class, ttl: set.ttl, rdata }
}

/** Another DNSKEY set, signed by the zone's KSK. */
export function setDnskeys(zone: SignedZone, keys: readonly Uint8Array[], signer?: Key): void {
  const apex = parseName(zone.origin)
  zone.records = [
    ...zone.records.filter(({ type }) => type !== Type.DNSKEY),
    ...keys.map((rdata) => ({ name: apex, type: Type.DNSKEY, class: 1, ttl: 3600, rdata })),
  ]
  resign(zone, '@', 'DNSKEY', signer === undefined ? {} : { key: signer })
}

/** Replaces the RDATA of the NSEC at a name: next name and types; signed again. */
export function setNsec(zone: SignedZone, name: string, edit: (nsec: { next: Name; types: number[] }) => void): void {
  change(zone, is(zone, name, 'NSEC'), () => {})
  const match = is(zone, name, 'NSEC')
  zone.records = zone.records.map((record) => {
    if (!match(record)) return record
    const nsec = readNsec(record.rdata)
    edit(nsec)
    return { ...record, rdata: concatBytes(nsec.next.wire, bitmap(nsec.types)) }
  })
  resign(zone, name, 'NSEC')
}

function readNsec(rdata: Uint8Array): { next: Name; types: number[] } {
  let offset = 0
  while (rdata[offset] !== 0) offset += rdata[offset]! + 1
  const types: number[] = []
  let text = ''
  for (let at = 0; at < offset; at += rdata[at]! + 1)
    text += `${[...rdata.subarray(at + 1, at + 1 + rdata[at]!)].map((byte) => `\\${String(byte).padStart(3, '0')}`).join('')}.`
  for (let at = offset + 1; at < rdata.length; at += 2 + rdata[at + 1]!) {
    const bits = rdata.subarray(at + 2, at + 2 + rdata[at + 1]!)
    bits.forEach((byte, i) => {
      for (let bit = 0; bit < 8; bit++) if (byte & (0x80 >> bit)) types.push(rdata[at]! * 256 + i * 8 + bit)
    })
  }
  return { next: parseName(text === '' ? '.' : text), types }
}

/** RFC 4034 section 4.1.2. */
export function bitmap(types: readonly number[]): Uint8Array {
  const windows = new Map<number, Uint8Array>()
  for (const type of types) {
    const bits = windows.get(type >> 8) ?? new Uint8Array(32)
    windows.set(type >> 8, bits)
    bits[(type & 255) >> 3] = bits[(type & 255) >> 3]! | (0x80 >> (type & 7))
  }
  const blocks = [...windows]
    .sort(([a], [b]) => a - b)
    .map(([window, bits]) => {
      const length = bits.findLastIndex((byte) => byte !== 0) + 1
      return concatBytes(Uint8Array.of(window, length), bits.subarray(0, length))
    })
  return concatBytes(...blocks)
}

/** The NSEC whose owner sorts last before the name: the one that would deny it. */
export function nsecBefore(zone: SignedZone, compare: (a: Name, b: Name) => number, name: string): string {
  const target = nameIn(zone, name)
  const owners = zone.records.filter(({ type }) => type === Type.NSEC).map(({ name: owner }) => owner)
  const before = owners.filter((owner) => compare(owner, target) < 0).sort(compare)
  return nameToText(before.at(-1) ?? owners.sort(compare).at(-1)!)
}
