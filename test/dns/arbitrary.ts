/** fast-check generators of everything the codec takes, from the same table that drives it. */
import fc from 'fast-check'
import {
  buildRdata,
  type Edns,
  type Message,
  type Name,
  nameFromWire,
  type Question,
  type RdataView,
  type ResourceRecord,
  ROOT,
  SvcKey,
  type SvcParam,
} from '../../src/dns/index.ts'
import type { KindName } from '../../src/dns/rdata/kinds.ts'
import { TABLE } from '../../src/dns/rdata/table.ts'

const bytes = (minLength: number, maxLength: number) => fc.uint8Array({ minLength, maxLength })
const u8 = fc.nat(0xff)
const u16 = fc.nat(0xffff)
const u32 = fc.nat(0xffff_ffff)

/** Few labels and in both cases, so that names share suffixes that differ in case only. */
const commonLabel = fc
  .constantFrom(
    'com',
    'COM',
    'example',
    'eXample',
    'www',
    'WWW',
    'ns1',
    'a',
    'a.b',
    '*',
    'a b',
    '\\',
    '"',
    '\0',
    '\xff',
  )
  .map((text) => Uint8Array.from(text, (unit) => unit.charCodeAt(0)))

export const label: fc.Arbitrary<Uint8Array> = fc.oneof({ weight: 4, arbitrary: commonLabel }, bytes(1, 63))

export function nameOfLabels(labels: readonly Uint8Array[]): Name {
  const wire: number[] = []
  for (const one of labels) {
    if (wire.length + one.length + 2 > 255) break
    wire.push(one.length, ...one)
  }
  return wire.length === 0 ? ROOT : nameFromWire(Uint8Array.from([...wire, 0]))
}

export const name: fc.Arbitrary<Name> = fc
  .oneof({ weight: 9, arbitrary: fc.array(label, { maxLength: 6 }) }, fc.array(label, { maxLength: 130 }))
  .map(nameOfLabels)

const dotted = fc.tuple(u8, u8, u8, u8).map((octets) => octets.join('.'))
const centimetres = fc.tuple(fc.nat(9), fc.nat(9)).map(([digit, power]) => digit * 10 ** power)
const text = (characters: string, minLength: number, maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...characters), minLength, maxLength })

const svcValues: Readonly<Record<number, fc.Arbitrary<Uint8Array>>> = {
  [SvcKey.ALPN]: fc
    .array(bytes(1, 12), { minLength: 1, maxLength: 3 })
    .map((ids) => Uint8Array.from(ids.flatMap((id) => [id.length, ...id]))),
  [SvcKey.PORT]: bytes(2, 2),
  [SvcKey.IPV4HINT]: fc.nat(2).chain((more) => bytes(4 + 4 * more, 4 + 4 * more)),
  [SvcKey.ECH]: bytes(1, 20),
  [SvcKey.IPV6HINT]: fc.nat(2).chain((more) => bytes(16 + 16 * more, 16 + 16 * more)),
  [SvcKey.DOHPATH]: bytes(1, 20),
  [SvcKey.OHTTP]: bytes(0, 0),
  9: bytes(0, 12),
  667: bytes(0, 12),
  65534: bytes(0, 12),
}

const params: fc.Arbitrary<SvcParam[]> = fc
  .tuple(fc.subarray(Object.keys(svcValues).map(Number)), fc.boolean(), fc.boolean())
  .chain(([keys, noDefault, mandatory]) =>
    fc.tuple(...keys.map((key) => svcValues[key]!.map((value) => ({ key, value })))).map((chosen) => {
      const all: SvcParam[] = [...chosen].sort((a, b) => a.key - b.key)
      if (noDefault && keys.includes(SvcKey.ALPN)) {
        all.splice(1, 0, { key: SvcKey.NO_DEFAULT_ALPN, value: new Uint8Array() })
      }
      if (!mandatory || keys.length === 0) return all
      const demanded = all.slice(0, 2).flatMap(({ key }) => [key >> 8, key & 0xff])
      return [{ key: SvcKey.MANDATORY, value: Uint8Array.from(demanded) }, ...all]
    }),
  )

/** Values of each kind, as views hold them. */
/** Groups of an IPv6 address, many of them zero. */
const groups = (length: number) =>
  fc.array(fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, u16), { minLength: length, maxLength: length })

const values: Readonly<Record<KindName, fc.Arbitrary<unknown>>> = {
  u8,
  u16,
  u32,
  algorithm: u8,
  certificateType: u16,
  period: u32,
  type: u16,
  time: u32,
  name,
  ipv4: dotted,
  ipv6: fc
    .oneof(
      { weight: 9, arbitrary: groups(8) },
      { weight: 1, arbitrary: groups(2).map((rest) => [0, 0, 0, 0, 0, 0xffff, ...rest]) },
    )
    .map(canonicalIpv6),
  string: bytes(0, 255),
  strings: fc.array(bytes(0, 255), { minLength: 1, maxLength: 4 }),
  tag: text('abcXYZ019', 1, 15),
  quotedRest: bytes(0, 300),
  hexRest: bytes(0, 64),
  base64Rest: bytes(0, 140),
  salt: bytes(0, 255),
  base32Counted: bytes(1, 255),
  types: fc.uniqueArray(fc.oneof(fc.nat(300), u16), { maxLength: 20 }).map((types) => types.sort((a, b) => a - b)),
  params,
  location: fc.record({
    size: centimetres,
    horizontalPrecision: centimetres,
    verticalPrecision: centimetres,
    latitude: fc.integer({ min: -324_000_000, max: 324_000_000 }),
    longitude: fc.integer({ min: -648_000_000, max: 648_000_000 }),
    altitude: fc.integer({ min: -10_000_000, max: 0xffff_ffff - 10_000_000 }),
  }),
  eui48: bytes(6, 6),
  eui64: bytes(8, 8),
}

/** The canonical text of an IPv6 address of eight groups: as a URL has it, but with the mapped addresses of RFC 5952 section 5. */
function canonicalIpv6(groups: readonly number[]): string {
  const [a = 0, b = 0] = groups.slice(6)
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff)
    return `::ffff:${a >> 8}.${a & 255}.${b >> 8}.${b & 255}`
  return new URL(`http://[${groups.map((group) => group.toString(16)).join(':')}]/`).hostname.slice(1, -1)
}

export const KNOWN_TYPES = Object.keys(TABLE).map(Number)

export function view(type: number): fc.Arbitrary<RdataView> {
  const fields = Object.entries<KindName>(TABLE[type as keyof typeof TABLE].fields)
  const arbitraries = Object.fromEntries(fields.map(([field, kind]) => [field, values[kind]]))
  return fc.record(arbitraries).map((value) => ({ type, ...value }) as unknown as RdataView)
}

const ttl = fc.nat(0x7fff_ffff)

export const record: fc.Arbitrary<ResourceRecord> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .constantFrom(...KNOWN_TYPES)
      .chain((type) =>
        fc.record({ name, type: fc.constant(type), class: fc.constant(1), ttl, rdata: view(type).map(buildRdata) }),
      ),
  },
  // Types nobody has described, in any class; and OPT is not one of them.
  fc.record({ name, type: fc.integer({ min: 263, max: 0xffff }), class: u16, ttl, rdata: bytes(0, 300) }),
)

export const edns: fc.Arbitrary<Edns> = fc.record({
  udpSize: u16,
  version: u8,
  do: fc.boolean(),
  options: fc.array(fc.record({ code: u16, data: bytes(0, 40) }), { maxLength: 5 }),
})

const question: fc.Arbitrary<Question> = fc.record({ name, type: u16, class: u16 })

export const message: fc.Arbitrary<Message> = fc
  .record({
    id: u16,
    qr: fc.boolean(),
    opcode: fc.nat(15),
    aa: fc.boolean(),
    tc: fc.boolean(),
    rd: fc.boolean(),
    ra: fc.boolean(),
    ad: fc.boolean(),
    cd: fc.boolean(),
    rcode: fc.nat(0xfff),
    questions: fc.array(question, { maxLength: 2 }),
    answers: fc.array(record, { maxLength: 6 }),
    authorities: fc.array(record, { maxLength: 4 }),
    additionals: fc.array(record, { maxLength: 4 }),
    edns: fc.option(edns, { nil: undefined }),
  })
  .map(({ edns: opt, ...rest }) => (opt === undefined ? { ...rest, rcode: rest.rcode & 15 } : { ...rest, edns: opt }))
