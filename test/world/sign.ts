/** Signs the zones of a world in memory: DNSKEY, RRSIG, NSEC or NSEC3, and the DS sets up to the root. */
import { concatBytes, fromHex, toHex } from '../../src/base/index.ts'
import {
  canonicalName,
  canonicalRRset,
  compareNames,
  groupRRsets,
  isSubdomain,
  type Name,
  nameToText,
  parseName,
  parseZone,
  prependLabel,
  type ResourceRecord,
  type RRset,
  rrsetToRecords,
  sameName,
  suffixName,
  Type,
  typeToText,
} from '../../src/dns/index.ts'
import { nsec3Hash } from './denial.ts'
import { type Algorithm, dsRdata, makeKeys, type ZoneKey, type ZoneKeys } from './keys.ts'
import type { WorldSpec, ZoneSpec } from './types.ts'

export interface SignOptions {
  /** Default 13. */
  readonly algorithm?: Algorithm
  /** Default NSEC. */
  readonly nsec3?: { readonly iterations?: number; readonly salt?: string; readonly optOut?: boolean }
  /** Unix seconds. Default: an hour ago, and in thirty days. */
  readonly inception?: number
  readonly expiration?: number
  readonly keys?: ZoneKeys
  /**
   * Sets that stay unsigned, whose signatures are broken in one bit, or whose signatures ran out two days before `inception`:
   * "www.example.com. A" for one set, "DS" for all sets of a type, "*" for all.
   */
  readonly unsigned?: readonly string[]
  readonly corrupt?: readonly string[]
  readonly expired?: readonly string[]
  /** Seconds of the DNSKEY set, and of the DS set at the parent. Default 3600. */
  readonly dnskeyTtl?: number
  readonly dsTtl?: number
  /** `ksk`: the DNSKEY set lacks the key that signs the data. */
  readonly dnskeys?: 'both' | 'ksk'
  /** `signWorld`: the last change of the zone's text, when the DS sets of its children are in it. */
  readonly edit?: (text: string) => string
}

export interface SignedWorld {
  readonly spec: WorldSpec
  /** DS line of the root: what goes to `dnssec.trustAnchors`. */
  readonly anchorText: string
  readonly keys: ReadonlyMap<string, ZoneKeys>
  /** The zones before they were signed, the DS sets of their children included, and how each was signed: for copies.ts. */
  readonly unsignedTexts: ReadonlyMap<string, string>
  readonly options: ReadonlyMap<string, SignOptions>
}

/** Signs the named zones (by origin, with options) and puts each one's DS into its parent, if that is part of the world. */
export function signWorld(spec: WorldSpec, signed: Readonly<Record<string, SignOptions>>): SignedWorld {
  const texts = new Map(spec.zones.map(({ origin, text }) => [origin, text]))
  const keys = new Map<string, ZoneKeys>()
  const unsignedTexts = new Map(texts)
  const used = new Map<string, SignOptions>()
  let anchorText = ''
  const deepestFirst = Object.keys(signed).sort((a, b) => parseName(b).labels - parseName(a).labels)
  for (const origin of deepestFirst) {
    const options = signed[origin] ?? {}
    const own = options.keys ?? makeKeys(options.algorithm ?? 13)
    keys.set(origin, own)
    const given = texts.get(origin)
    if (given === undefined) throw new Error(`the world has no zone ${origin}`)
    const text = options.edit?.(given) ?? given
    unsignedTexts.set(origin, text)
    used.set(origin, { ...options, keys: own })
    texts.set(origin, signZone(origin, text, { ...options, keys: own }))
    const ds = `${origin} ${options.dsTtl ?? 3600} IN DS \\# 36 ${toHex(dsRdata(parseName(origin), own.ksk))}`
    const parent = parentOf(origin, spec.zones)
    if (parent === undefined) anchorText = `${ds}\n`
    else texts.set(parent, `${texts.get(parent)}\n${ds}\n`)
  }
  for (const [origin, text] of texts) if (!used.has(origin)) unsignedTexts.set(origin, text)
  const zones = spec.zones.map((zone) => ({ ...zone, text: texts.get(zone.origin) ?? zone.text }))
  return { spec: { ...spec, zones }, anchorText, keys, unsignedTexts, options: used }
}

/** Zone-file text -> the same zone with DNSKEY, NSEC or NSEC3, and RRSIG records. */
export function signZone(originText: string, text: string, options: SignOptions = {}): string {
  const origin = parseName(originText)
  const keys = options.keys ?? makeKeys(options.algorithm ?? 13)
  const plain = parseZone(text, { origin, defaultTtl: 3600 })
  const dnskeys = (options.dnskeys === 'ksk' ? [keys.ksk] : [keys.ksk, keys.zsk]).map(({ rdata }) =>
    recordOf(origin, Type.DNSKEY, options.dnskeyTtl ?? 3600, rdata),
  )
  const params =
    options.nsec3 === undefined ? [] : [recordOf(origin, Type.NSEC3PARAM, 0, nsec3Params(options.nsec3, 0))]
  const sets = groupRRsets([...plain, ...dnskeys, ...params])
  const cuts = sets.filter(({ name, type }) => type === Type.NS && !sameName(name, origin)).map(({ name }) => name)
  const authoritative = sets.filter((set) => !isGlue(set, cuts))
  const minimum = negativeTtl(sets)
  const denial =
    options.nsec3 === undefined
      ? nsecChain(authoritative, minimum)
      : nsec3Chain(authoritative, cuts, origin, minimum, options.nsec3)
  const toSign = [...authoritative.filter((set) => !(set.type === Type.NS && isAt(set.name, cuts))), ...denial]
  const signatures = toSign.flatMap((set) => signature(set, origin, keys, options))
  const records = [
    ...sets.flatMap((set) => [...rrsetToRecords(set, { signatures: false })]),
    ...denial.flatMap((set) => [...rrsetToRecords(set)]),
  ]
  return `${[...records, ...signatures].map(line).join('\n')}\n`
}

function parentOf(origin: string, zones: readonly ZoneSpec[]): string | undefined {
  const name = parseName(origin)
  return zones
    .filter((zone) => zone.origin !== origin && isSubdomain(name, parseName(zone.origin)))
    .sort((a, b) => parseName(b.origin).labels - parseName(a.origin).labels)[0]?.origin
}

const recordOf = (name: Name, type: number, ttl: number, rdata: Uint8Array): ResourceRecord => ({
  name,
  type,
  class: 1,
  ttl,
  rdata,
})

const line = ({ name, type, ttl, rdata }: ResourceRecord): string =>
  `${nameToText(name)} ${ttl} IN ${typeToText(type)} \\# ${rdata.length} ${toHex(rdata)}`

const isAt = (name: Name, cuts: readonly Name[]): boolean => cuts.some((cut) => sameName(cut, name))

/** Below a cut, or address records at one: the child's data. */
function isGlue({ name, type }: RRset, cuts: readonly Name[]): boolean {
  return cuts.some((cut) => isSubdomain(name, cut) && (!sameName(name, cut) || (type !== Type.NS && type !== Type.DS)))
}

function negativeTtl(sets: readonly RRset[]): number {
  const soa = sets.find(({ type }) => type === Type.SOA)?.rdatas[0]
  if (soa === undefined) throw new Error('the zone has no SOA')
  return new DataView(soa.buffer, soa.byteOffset + soa.length - 4, 4).getUint32(0)
}

/** RFC 4034 section 3.1.8.1. */
function signature(set: RRset, origin: Name, keys: ZoneKeys, options: SignOptions): ResourceRecord[] {
  const label = `${nameToText(set.name)} ${typeToText(set.type)}`
  const named = (labels: readonly string[] = []) =>
    labels.includes(label) || labels.includes(typeToText(set.type)) || labels.includes('*')
  if (named(options.unsigned)) return []
  const key: ZoneKey = set.type === Type.DNSKEY ? keys.ksk : keys.zsk
  const now = Math.floor(Date.now() / 1000)
  const head = new Uint8Array(18)
  const view = new DataView(head.buffer)
  view.setUint16(0, set.type)
  head[2] = key.algorithm
  head[3] = nameToText(set.name).startsWith('*.') ? set.name.labels - 1 : set.name.labels
  view.setUint32(4, set.ttl)
  const inception = options.inception ?? now - 3_600
  const ranOut = named(options.expired)
  view.setUint32(8, ranOut ? inception - 2 * 86_400 : (options.expiration ?? now + 30 * 86_400))
  view.setUint32(12, ranOut ? inception - 32 * 86_400 : inception)
  view.setUint16(16, key.tag)
  const prefix = concatBytes(head, canonicalName(origin).wire)
  const owner = canonicalName(set.name).wire
  const records = canonicalRRset(set).map((rdata) => {
    const fixed = new Uint8Array(10)
    const fixedView = new DataView(fixed.buffer)
    fixedView.setUint16(0, set.type)
    fixedView.setUint16(2, set.class)
    fixedView.setUint32(4, set.ttl)
    fixedView.setUint16(8, rdata.length)
    return concatBytes(owner, fixed, rdata)
  })
  const signed = key.sign(concatBytes(prefix, ...records))
  if (named(options.corrupt)) signed[signed.length - 1] = signed.at(-1)! ^ 1
  return [recordOf(set.name, Type.RRSIG, set.ttl, concatBytes(prefix, signed))]
}

/** Types at each owner that the denial chain speaks of, in canonical order of the owners. */
function typesByOwner(sets: readonly RRset[]): Map<string, { readonly name: Name; readonly types: Set<number> }> {
  const owners = new Map<string, { readonly name: Name; readonly types: Set<number> }>()
  for (const { name, type } of [...sets].sort((a, b) => compareNames(a.name, b.name))) {
    const owner = owners.get(name.key) ?? { name, types: new Set<number>() }
    owners.set(name.key, owner)
    owner.types.add(type)
  }
  return owners
}

function nsecChain(sets: readonly RRset[], ttl: number): RRset[] {
  const owners = [...typesByOwner(sets).values()]
  return owners.map(({ name, types }, i) => {
    const next = owners[(i + 1) % owners.length]!.name
    const rdata = concatBytes(next.wire, bitmap([...types, Type.RRSIG, Type.NSEC]))
    return { name, type: Type.NSEC, class: 1, ttl, rdatas: [rdata], signatures: [] }
  })
}

function nsec3Chain(
  sets: readonly RRset[],
  cuts: readonly Name[],
  origin: Name,
  ttl: number,
  params: NonNullable<SignOptions['nsec3']>,
): RRset[] {
  const salt = fromHex(params.salt ?? '')
  const hashed = new Map<string, number[]>()
  const add = (name: Name, types: readonly number[]) => {
    const hash = nsec3Hash(name, salt, params.iterations ?? 0)
    hashed.set(hash, [...(hashed.get(hash) ?? []), ...types])
  }
  for (const { name, types } of typesByOwner(sets).values()) {
    const insecureCut = isAt(name, cuts) && !types.has(Type.DS)
    if (insecureCut && params.optOut) continue
    add(name, insecureCut ? [...types] : [...types, Type.RRSIG])
    // Empty non-terminals have NSEC3 records too (RFC 5155 section 7.1).
    for (let labels = origin.labels + 1; labels < name.labels; labels++) add(suffixName(name, labels), [])
  }
  const hashes = [...hashed.keys()].sort()
  return hashes.map((hash, i) => {
    const next = fromBase32Hex(hashes[(i + 1) % hashes.length]!)
    const head = nsec3Params(params, params.optOut ? 1 : 0)
    const rdata = concatBytes(head, Uint8Array.of(next.length), next, bitmap(hashed.get(hash)!))
    return { name: prependLabel(hash, origin), type: Type.NSEC3, class: 1, ttl, rdatas: [rdata], signatures: [] }
  })
}

function nsec3Params({ iterations = 0, salt = '' }: NonNullable<SignOptions['nsec3']>, flags: number): Uint8Array {
  const bytes = fromHex(salt)
  return concatBytes(Uint8Array.of(1, flags, iterations >> 8, iterations & 255, bytes.length), bytes)
}

/** RFC 4034 section 4.1.2. */
function bitmap(types: readonly number[]): Uint8Array {
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

function fromBase32Hex(text: string): Uint8Array {
  const out: number[] = []
  let held = 0
  let bits = 0
  for (const digit of text) {
    held = (held << 5) | Number.parseInt(digit, 32)
    bits += 5
    if (bits >= 8) {
      bits -= 8
      out.push((held >> bits) & 255)
      held &= (1 << bits) - 1
    }
  }
  return Uint8Array.from(out)
}
