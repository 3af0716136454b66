/**
 * `dns-packet` as a second opinion, both ways, where it is right: labels of printable ASCII without dots, class IN, and the
 * types it knows. Beyond that it decodes distinct names to equal strings and does not look at RDLENGTH.
 */
import dnsPacket from 'dns-packet'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  addressRdata,
  addressText,
  buildRdata,
  decodeMessage,
  encodeMessage,
  type Message,
  type Name,
  nameFromWire,
  nameToText,
  type ResourceRecord,
  Type,
  typeToText,
  viewRdata,
} from '../../src/dns/index.ts'
import { effort } from '../setup/effort.ts'
import { message, view } from './arbitrary.ts'

const plainLabel = fc.string({ unit: fc.constantFrom(...'abcXYZ019-_'), minLength: 1, maxLength: 12 })
const plainName: fc.Arbitrary<Name> = fc
  .array(plainLabel, { maxLength: 5 })
  .map((labels) => nameFromWire(Uint8Array.from([...labels.flatMap((one) => [one.length, ...Buffer.from(one)]), 0])))

/** The names of a view, made plain. */
const plainFields: Readonly<Record<string, fc.Arbitrary<Name>>> = {
  target: plainName,
  exchange: plainName,
  mname: plainName,
  rname: plainName,
  mailbox: plainName,
  text: plainName,
  signer: plainName,
  next: plainName,
  replacement: plainName,
}

const text = (octets: Uint8Array) => Buffer.from(octets).toString('utf8')
/** dns-packet writes names without the final dot. */
const dotless = (name: Name) => (name.labels === 0 ? '.' : nameToText(name).slice(0, -1))
/** What dns-packet calls types: mnemonics of those it knows. */
const mnemonic = (type: number) => typeToText(type).replace('TYPE', 'UNKNOWN_')

/** The `data` that dns-packet has for a record of ours, and takes for it. */
function dataOf({ type, rdata }: ResourceRecord): unknown {
  const view = viewRdata(type, rdata)
  switch (view.type) {
    case Type.A:
    case Type.AAAA:
      return addressText(rdata)
    case Type.NS:
    case Type.CNAME:
    case Type.PTR:
    case Type.DNAME:
      return dotless(view.target)
    case Type.MX:
      return { preference: view.preference, exchange: dotless(view.exchange) }
    case Type.SOA:
      return { ...without(view, 'type'), mname: dotless(view.mname), rname: dotless(view.rname) }
    case Type.SRV:
      return { ...without(view, 'type'), target: dotless(view.target) }
    case Type.TXT:
      return view.strings.map((one) => Buffer.from(one))
    case Type.RP:
      return { mbox: dotless(view.mailbox), txt: dotless(view.text) }
    case Type.DS:
      return { ...without(view, 'type'), digest: Buffer.from(view.digest) }
    case Type.SSHFP:
      return {
        algorithm: view.algorithm,
        hash: view.fingerprintType,
        fingerprint: Buffer.from(view.fingerprint).toString('hex'),
      }
    case Type.TLSA:
      return {
        usage: view.usage,
        selector: view.selector,
        matchingType: view.matchingType,
        certificate: Buffer.from(view.data),
      }
    case Type.DNSKEY:
      return { flags: view.flags, algorithm: view.algorithm, key: Buffer.from(view.publicKey) }
    case Type.RRSIG:
      return {
        typeCovered: mnemonic(view.typeCovered),
        algorithm: view.algorithm,
        labels: view.labels,
        originalTTL: view.originalTtl,
        expiration: view.expiration,
        inception: view.inception,
        keyTag: view.keyTag,
        signersName: dotless(view.signer),
        signature: Buffer.from(view.signature),
      }
    case Type.NSEC:
      return { nextDomain: dotless(view.next), rrtypes: view.types.map(mnemonic) }
    case Type.NSEC3:
      return {
        algorithm: view.hashAlgorithm,
        flags: view.flags,
        iterations: view.iterations,
        salt: Buffer.from(view.salt),
        nextDomain: Buffer.from(view.nextHash),
        rrtypes: view.types.map(mnemonic),
      }
    case Type.NAPTR:
      return {
        order: view.order,
        preference: view.preference,
        flags: text(view.flags),
        services: text(view.services),
        regexp: text(view.regexp),
        replacement: dotless(view.replacement),
      }
    default:
      return Buffer.from(rdata)
  }
}

function without<T extends object, K extends keyof T>(from: T, key: K): Omit<T, K> {
  const { [key]: _, ...rest } = from
  return rest
}

/** Types whose text it keeps as bytes, and those it passes through. NSEC bitmaps: types it has a name for, and no others. */
const TYPES = [
  Type.A,
  Type.AAAA,
  Type.NS,
  Type.CNAME,
  Type.PTR,
  Type.DNAME,
  Type.MX,
  Type.SOA,
  Type.SRV,
  Type.TXT,
  Type.RP,
  Type.DS,
  Type.SSHFP,
  Type.TLSA,
  Type.DNSKEY,
  Type.RRSIG,
  Type.NSEC,
  Type.NSEC3,
  Type.NAPTR,
]
const NAMED = [1, 2, 5, 6, 12, 15, 16, 28, 33, 43, 46, 47, 48, 50, 52]
const ascii = (max: number) =>
  fc.string({ unit: fc.constantFrom(...'aZ0!+ "\\'), maxLength: max }).map((one) => new Uint8Array(Buffer.from(one)))

const plainRecord: fc.Arbitrary<ResourceRecord> = fc.constantFrom(...TYPES).chain((type) =>
  fc
    .record({
      name: plainName,
      ttl: fc.nat(0x7fff_ffff),
      base: view(type),
      names: fc.record(plainFields),
      types: fc.subarray(NAMED, { minLength: 1 }),
      typeCovered: fc.constantFrom(...NAMED),
      strings: fc.record({ flags: ascii(10), services: ascii(10), regexp: ascii(10) }),
    })
    .map(({ name, ttl, base, names, types, typeCovered, strings }) => {
      const plain: Record<string, unknown> = { ...base }
      for (const field of Object.keys(plain))
        if (field in names && typeof plain[field] === 'object') plain[field] = names[field]
      if ('types' in plain) plain['types'] = types
      if ('typeCovered' in plain) plain['typeCovered'] = typeCovered
      if (type === Type.NAPTR) Object.assign(plain, strings)
      // It takes protocol 3 and nothing else, and has no word for a fingerprint or hash it does not know.
      if (type === Type.DNSKEY) plain['protocol'] = 3
      if (type === Type.SSHFP)
        Object.assign(plain, { algorithm: 4, fingerprintType: 2, fingerprint: new Uint8Array(32).fill(7) })
      return { name, type, class: 1, ttl, rdata: buildRdata(plain as never) }
    }),
)

const plainMessage: fc.Arbitrary<Message> = fc
  .record({
    base: message,
    question: plainName,
    answers: fc.array(plainRecord, { maxLength: 6 }),
    authorities: fc.array(plainRecord, { maxLength: 3 }),
    additionals: fc.array(plainRecord, { maxLength: 3 }),
  })
  .map(({ base, question, ...sections }) => {
    const { edns: _, ...header } = base
    return {
      ...header,
      opcode: 0,
      rcode: base.rcode & 15,
      questions: [{ name: question, type: Type.A, class: 1 }],
      ...sections,
    }
  })

const packetOf = (one: Message) => ({
  id: one.id,
  type: one.qr ? ('response' as const) : ('query' as const),
  flags:
    (one.aa ? dnsPacket.AUTHORITATIVE_ANSWER : 0) |
    (one.tc ? dnsPacket.TRUNCATED_RESPONSE : 0) |
    (one.rd ? dnsPacket.RECURSION_DESIRED : 0) |
    (one.ra ? dnsPacket.RECURSION_AVAILABLE : 0) |
    (one.ad ? dnsPacket.AUTHENTIC_DATA : 0) |
    (one.cd ? dnsPacket.CHECKING_DISABLED : 0) |
    one.rcode,
  questions: one.questions.map(({ name }) => ({ name: dotless(name), type: 'A' as const, class: 'IN' as const })),
  answers: one.answers.map(recordOf),
  authorities: one.authorities.map(recordOf),
  additionals: one.additionals.map(recordOf),
})

const recordOf = (record: ResourceRecord) =>
  ({
    name: dotless(record.name),
    type: mnemonic(record.type),
    class: 'IN',
    ttl: record.ttl,
    data: dataOf(record),
  }) as dnsPacket.Answer

/** It shortens the first run of zeros in an IPv6 address, not the longest (RFC 5952 section 4.2.3). */
function shortest(record: dnsPacket.Answer): dnsPacket.Answer {
  return record.type === 'AAAA' ? { ...record, data: addressText(addressRdata(record.data).rdata) } : record
}

describe('against dns-packet', () => {
  it('what we encode, compressed or not, it decodes to the same', () => {
    fc.assert(
      fc.property(plainMessage, fc.boolean(), (one, compress) => {
        const decoded = dnsPacket.decode(Buffer.from(encodeMessage(one, { compress })))
        const expected = packetOf(one)
        expect(decoded.id).toBe(expected.id)
        expect(decoded.type).toBe(expected.type)
        // It keeps the QR bit out of the flags on the way in, and in them on the way out.
        expect((decoded.flags ?? 0) & 0x7fff).toBe(expected.flags)
        expect(decoded.questions).toEqual(expected.questions)
        for (const section of ['answers', 'authorities', 'additionals'] as const) {
          expect(decoded[section]?.map(shortest)).toEqual(
            expected[section].map((record) => ({ ...record, flush: false })),
          )
        }
      }),
      { numRuns: effort(100, 300) },
    )
  })

  it('what it encodes, we decode to the same', () => {
    fc.assert(
      fc.property(plainMessage, (one) => {
        expect(decodeMessage(dnsPacket.encode(packetOf(one)))).toEqual(one)
      }),
      { numRuns: effort(100, 300) },
    )
  })

  it('agrees on options of EDNS', () => {
    const packet = dnsPacket.encode({
      type: 'query',
      id: 1,
      questions: [{ name: 'a', type: 'A' }],
      additionals: [
        {
          type: 'OPT',
          name: '.',
          udpPayloadSize: 1400,
          flags: dnsPacket.DNSSEC_OK,
          ednsVersion: 0,
          extendedRcode: 1,
          options: [{ code: 12, data: Buffer.alloc(7) }],
        } as unknown as dnsPacket.Answer,
      ],
    })
    const { edns, rcode } = decodeMessage(packet)
    expect(rcode).toBe(16)
    expect(edns).toEqual({ udpSize: 1400, version: 0, do: true, options: [{ code: 12, data: new Uint8Array(7) }] })
  })
})
