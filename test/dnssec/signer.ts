/**
 * A small zone signer: DNSKEY, RRSIG, NSEC or NSEC3 chain with opt-out, any algorithm. `signZone` signs a whole zone as a
 * good signer would; `signRRset` signs one set, as wrongly as an attack needs it.
 */
import { createHash } from 'node:crypto'
import { concatBytes, fromHex, toHex } from '../../src/base/index.ts'
import {
  buildRdata,
  canonicalName,
  canonicalRRset,
  compareNames,
  groupRRsets,
  isSubdomain,
  isWildcard,
  type Name,
  parseName,
  prependLabel,
  type ResourceRecord,
  type RRset,
  rrsetToRecords,
  sameName,
  soaView,
  suffixName,
  Type,
} from '../../src/dns/index.ts'
import { dsFor, KSK, makeSigningKey, type SigningAlgorithm, type SigningKey, ZSK } from './signing-keys.ts'

export interface SignZoneOptions {
  readonly apex: Name | string
  /** Default 13. Ignored when `keys` are given. */
  readonly algorithm?: SigningAlgorithm
  /** Keys with the SEP bit sign the DNSKEY set, those without it all else; a single key signs everything. */
  readonly keys?: readonly SigningKey[]
  /** `split`: a key signing key and a zone signing key; `single`: one key for both. Default split. */
  readonly split?: 'split' | 'single'
  readonly nsec?: 'nsec' | 'nsec3'
  /** Unsigned delegations have no NSEC3 record of their own. */
  readonly optOut?: boolean
  readonly iterations?: number
  /** Hex digits. */
  readonly salt?: string
  /** Unix seconds. */
  readonly inception: number
  readonly expiration: number
  /** Digest types of the DS records; default 2. */
  readonly digests?: readonly number[]
}

export interface SignedZone {
  readonly apex: Name
  /** All records, DNSKEY, RRSIG, NSEC or NSEC3 and NSEC3PARAM included. */
  readonly records: readonly ResourceRecord[]
  /** DS records for the parent, or for a trust anchor. */
  readonly ds: readonly ResourceRecord[]
  readonly keys: readonly SigningKey[]
}

export interface Validity {
  /** Unix seconds. */
  readonly inception: number
  readonly expiration: number
}

const DNSKEY_TTL = 3_600

export function signZone(records: readonly ResourceRecord[], options: SignZoneOptions): SignedZone {
  const apex = typeof options.apex === 'string' ? parseName(options.apex) : options.apex
  const keys = options.keys ?? makeKeys(options)
  const params = { iterations: options.iterations ?? 0, salt: fromHex(options.salt ?? '') }
  const added = keys.map(({ rdata }) => record(apex, Type.DNSKEY, DNSKEY_TTL, rdata))
  if (options.nsec === 'nsec3') added.push(record(apex, Type.NSEC3PARAM, 0, nsec3Head(params, 0)))
  const sets = groupRRsets([...records, ...added])
  const cuts = sets.filter(({ name, type }) => type === Type.NS && !sameName(name, apex)).map(({ name }) => name)
  const own = sets.filter((set) => !isOccluded(set, sets, cuts))
  const minimum = negativeTtl(sets, apex)
  const isCut = (name: Name) => cuts.some((cut) => sameName(cut, name))
  const chain =
    options.nsec === 'nsec3'
      ? nsec3Chain(own, apex, isCut, minimum, { ...params, optOut: options.optOut ?? false })
      : nsecChain(own, minimum)
  const signed = [...own, ...chain].map((set) =>
    set.type === Type.NS && isCut(set.name) ? set : withSignatures(set, apex, keys, options),
  )
  const occluded = sets.filter((set) => !own.includes(set))
  const anchored = keys.filter(({ flags }) => flags === KSK)
  const ds = (anchored.length === 0 ? keys : anchored).flatMap((key) =>
    (options.digests ?? [2]).map((digest) => record(apex, Type.DS, DNSKEY_TTL, dsFor(apex, key, digest))),
  )
  return { apex, records: [...signed, ...occluded].flatMap((set) => rrsetToRecords(set)), ds, keys }
}

export interface SignatureOptions extends Validity {
  readonly signer: Name
  /** Default: as many as the owner has, not counting an asterisk. */
  readonly labels?: number
  readonly originalTtl?: number
  readonly typeCovered?: number
  /** The owner that is signed, if not the set's own: the wildcard of an expanded set. */
  readonly owner?: Name
}

/** RDATA of an RRSIG over the set: RFC 4034 section 3.1.8.1. */
export function signRRset(set: RRset, key: SigningKey, options: SignatureOptions): Uint8Array {
  const owner = options.owner ?? set.name
  const originalTtl = options.originalTtl ?? set.ttl
  const head = new Uint8Array(18)
  const view = new DataView(head.buffer)
  view.setUint16(0, options.typeCovered ?? set.type)
  view.setUint8(2, key.algorithm)
  view.setUint8(3, options.labels ?? (isWildcard(owner) ? owner.labels - 1 : owner.labels))
  view.setUint32(4, originalTtl)
  view.setUint32(8, options.expiration)
  view.setUint32(12, options.inception)
  view.setUint16(16, key.tag)
  const prefix = concatBytes(head, canonicalName(options.signer).wire)
  const records = canonicalRRset(set).map((rdata) => {
    const fixed = new Uint8Array(10)
    const fields = new DataView(fixed.buffer)
    fields.setUint16(0, set.type)
    fields.setUint16(2, set.class)
    fields.setUint32(4, originalTtl)
    fields.setUint16(8, rdata.length)
    return concatBytes(canonicalName(owner).wire, fixed, rdata)
  })
  return concatBytes(prefix, key.sign(concatBytes(prefix, ...records)))
}

/** The set with one signature by each key that is due. */
export function withSignatures(set: RRset, apex: Name, keys: readonly SigningKey[], validity: Validity): RRset {
  const due = keys.filter(({ flags }) => ((flags & 1) !== 0) === (set.type === Type.DNSKEY))
  const { inception, expiration } = validity
  const signatures = (due.length === 0 ? keys : due).map((key) =>
    signRRset(set, key, { signer: apex, inception, expiration }),
  )
  return { ...set, signatures }
}

/** RFC 5155 section 5. */
export function nsec3HashOf(name: Name, { salt, iterations }: { salt: Uint8Array; iterations: number }): Uint8Array {
  let digest = createHash('sha1').update(canonicalName(name).wire).update(salt).digest()
  for (let i = 0; i < iterations; i++) digest = createHash('sha1').update(digest).update(salt).digest()
  return new Uint8Array(digest)
}

export function base32hexOf(bytes: Uint8Array): string {
  const bits = Array.from(bytes, (octet) => octet.toString(2).padStart(8, '0')).join('')
  return (bits.match(/.{1,5}/g) ?? []).map((group) => Number.parseInt(group.padEnd(5, '0'), 2).toString(32)).join('')
}

function makeKeys({ algorithm = 13, split = 'split' }: SignZoneOptions): SigningKey[] {
  const key = makeSigningKey(algorithm, KSK)
  return split === 'single' ? [key] : [key, makeSigningKey(algorithm, ZSK)]
}

const record = (name: Name, type: number, ttl: number, rdata: Uint8Array): ResourceRecord => ({
  name,
  type,
  class: 1,
  ttl,
  rdata,
})

/** Glue at a cut, everything below one, and everything below a DNAME. */
function isOccluded({ name, type }: RRset, sets: readonly RRset[], cuts: readonly Name[]): boolean {
  const atCut = cuts.some((cut) => sameName(cut, name))
  if (atCut && type !== Type.NS && type !== Type.DS) return true
  const isBelow = (above: Name) => isSubdomain(name, above) && !sameName(name, above)
  return cuts.some(isBelow) || sets.some((set) => set.type === Type.DNAME && isBelow(set.name))
}

function negativeTtl(sets: readonly RRset[], apex: Name): number {
  const soa = sets.find(({ name, type }) => type === Type.SOA && sameName(name, apex))
  if (soa === undefined) throw new Error('a zone to be signed needs its SOA')
  return Math.min(soa.ttl, soaView(soa.rdatas[0]!).minimum)
}

function typesByName(sets: readonly RRset[]): { readonly name: Name; readonly types: number[] }[] {
  const names = new Map<string, { readonly name: Name; readonly types: number[] }>()
  for (const { name, type } of sets) {
    const entry = names.get(name.key) ?? { name, types: [] }
    names.set(name.key, entry)
    entry.types.push(type)
  }
  return [...names.values()].sort((a, b) => compareNames(a.name, b.name))
}

function nsecChain(sets: readonly RRset[], ttl: number): RRset[] {
  const names = typesByName(sets)
  return names.map(({ name, types }, i) => {
    const next = names[(i + 1) % names.length]!.name
    const rdata = buildRdata({ type: Type.NSEC, next, types: [...types, Type.NSEC, Type.RRSIG] })
    return { name, type: Type.NSEC, class: 1, ttl, rdatas: [rdata], signatures: [] }
  })
}

interface Nsec3Params {
  readonly iterations: number
  readonly salt: Uint8Array
}

function nsec3Chain(
  sets: readonly RRset[],
  apex: Name,
  isCut: (name: Name) => boolean,
  ttl: number,
  params: Nsec3Params & { readonly optOut: boolean },
): RRset[] {
  const hashed = new Map<string, { readonly hash: Uint8Array; readonly types: Set<number> }>()
  const add = (name: Name, types: readonly number[]) => {
    const hash = nsec3HashOf(name, params)
    const entry = hashed.get(toHex(hash)) ?? { hash, types: new Set<number>() }
    hashed.set(toHex(hash), entry)
    for (const type of types) entry.types.add(type)
  }
  for (const { name, types } of typesByName(sets)) {
    const isUnsignedCut = isCut(name) && !types.includes(Type.DS)
    if (isUnsignedCut && params.optOut) continue
    add(name, isUnsignedCut ? types : [...types, Type.RRSIG])
    // Empty non-terminals have their own records (RFC 5155 section 7.1).
    for (let labels = apex.labels + 1; labels < name.labels; labels++) add(suffixName(name, labels), [])
  }
  const order = [...hashed.keys()].sort()
  return order.map((key, i) => {
    const { hash, types } = hashed.get(key)!
    const next = hashed.get(order[(i + 1) % order.length]!)!.hash
    const { iterations, salt } = params
    const rdata = buildRdata({
      type: Type.NSEC3,
      hashAlgorithm: 1,
      flags: params.optOut ? 1 : 0,
      iterations,
      salt,
      nextHash: next,
      types: [...types],
    })
    return {
      name: prependLabel(base32hexOf(hash), apex),
      type: Type.NSEC3,
      class: 1,
      ttl,
      rdatas: [rdata],
      signatures: [],
    }
  })
}

function nsec3Head({ iterations, salt }: Nsec3Params, flags: number): Uint8Array {
  return buildRdata({ type: Type.NSEC3PARAM, hashAlgorithm: 1, flags, iterations, salt })
}
