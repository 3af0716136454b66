import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeMessage,
  encodeMessage,
  encodeWithin,
  type Message,
  makeQuery,
  parseName,
  Rcode,
  type ResourceRecord,
  Type,
} from '../../src/dns/index.ts'
import { message } from './arbitrary.ts'
import { thrownBy } from './malformed.ts'

const example = parseName('example.com')
const query = makeQuery({ id: 4711, name: example, type: Type.A, rd: true })
const address = (last: number): ResourceRecord => ({
  name: example,
  type: Type.A,
  class: 1,
  ttl: 60,
  rdata: Uint8Array.of(192, 0, 2, last),
})
const opaque = (octets: number): ResourceRecord => ({ ...address(0), type: 65_280, rdata: new Uint8Array(octets) })

describe('messages', () => {
  it('come back from wire as they were, compressed or not', () => {
    fc.assert(
      fc.property(message, (one) => {
        const compressed = encodeMessage(one)
        const plain = encodeMessage(one, { compress: false })
        expect(compressed.length).toBeLessThanOrEqual(plain.length)
        expect(decodeMessage(plain)).toEqual(one)
        expect(decodeMessage(compressed)).toEqual(one)
      }),
      { numRuns: 400 },
    )
  })

  it('share no memory with the packet they came from', () => {
    const packet = Buffer.from(encodeMessage({ ...query, answers: [address(1), opaque(3)] }))
    const decoded = decodeMessage(packet)
    const before = structuredClone(decoded)
    packet.fill(0xff)
    expect(decoded).toEqual(before)
  })

  it('are the same bytes whatever was encoded before, even if that failed', () => {
    const once = encodeMessage({ ...query, answers: [address(1)] })
    thrownBy(
      () => encodeMessage({ ...query, answers: Array.from({ length: 3 }, () => opaque(40_000)) }),
      'DNS_TOO_LONG',
    )
    thrownBy(() => encodeMessage({ ...query, answers: [{ ...address(1), rdata: new Uint8Array(5) }] }), 'DNS_MALFORMED')
    expect(encodeMessage({ ...query, answers: [address(1)] })).toEqual(once)
  })

  it('carry all 12 bits of the rcode through OPT (RFC 6891 section 6.1.3)', () => {
    const edns = { udpSize: 1232, version: 0, do: true, options: [] }
    for (const rcode of [0, 15, 16, 0xfff]) {
      expect(decodeMessage(encodeMessage({ ...query, rcode, edns })).rcode).toBe(rcode)
    }
    thrownBy(() => encodeMessage({ ...query, rcode: Rcode.BADVERS }), 'DNS_UNENCODABLE')
  })
})

describe('encodeMessage refuses', () => {
  it('fields that do not fit their place', () => {
    const edns = { udpSize: 1232, version: 0, do: false, options: [] }
    const wrong: Message[] = [
      { ...query, id: 0x10000 },
      { ...query, id: -1 },
      { ...query, opcode: 16 },
      { ...query, rcode: 0x1000, edns },
      { ...query, edns: { ...edns, version: 256 } },
      { ...query, edns: { ...edns, udpSize: 0x10000 } },
      { ...query, questions: [{ name: example, type: 0x10000, class: 1 }] },
    ]
    for (const one of wrong) thrownBy(() => encodeMessage(one), 'DNS_UNENCODABLE')
  })

  it('rdata that is not of its type, rather than send a packet nobody can read', () => {
    for (const [type, octets] of [
      [Type.A, 5],
      [Type.NS, 0],
      [Type.SOA, 21],
      [Type.SRV, 6],
      [Type.NAPTR, 5],
    ] as const) {
      const answers = [{ ...address(0), type, rdata: new Uint8Array(octets) }]
      thrownBy(() => encodeMessage({ ...query, answers }), 'DNS_MALFORMED')
      thrownBy(() => encodeMessage({ ...query, answers }, { compress: false }), 'DNS_MALFORMED')
    }
  })

  it('more than 65535 octets, by record, by sum or by options', () => {
    const room = 65_535 - encodeMessage({ ...query, answers: [opaque(0)] }).length
    expect(encodeMessage({ ...query, answers: [opaque(room)] })).toHaveLength(65_535)
    thrownBy(() => encodeMessage({ ...query, answers: [opaque(room + 1)] }), 'DNS_TOO_LONG')
    thrownBy(() => encodeMessage({ ...query, answers: [opaque(70_000)] }), 'DNS_TOO_LONG')
    const records = Array.from({ length: 70_000 }, () => address(1))
    thrownBy(() => encodeMessage({ ...query, answers: records }), 'DNS_TOO_LONG')
    const options = [
      { code: 12, data: new Uint8Array(40_000) },
      { code: 12, data: new Uint8Array(40_000) },
    ]
    thrownBy(() => encodeMessage({ ...query, edns: { udpSize: 0, version: 0, do: false, options } }), 'DNS_TOO_LONG')
  })
})

describe('encodeWithin', () => {
  const edns = { udpSize: 1232, version: 0, do: true, options: [{ code: 10, data: new Uint8Array(8) }] }
  const reply: Message = {
    ...query,
    qr: true,
    answers: Array.from({ length: 40 }, (_, i) => address(i)),
    authorities: [address(41)],
    additionals: [address(42)],
    edns,
  }

  it('sends all of it when it fits to the octet', () => {
    const whole = encodeMessage(reply)
    expect(encodeWithin(reply, whole.length)).toEqual(whole)
  })

  it('cuts to header, question and OPT when it is one octet too long', () => {
    const cut = encodeWithin(reply, encodeMessage(reply).length - 1)
    expect(decodeMessage(cut)).toEqual({ ...reply, tc: true, answers: [], authorities: [], additionals: [] })
  })

  it('cuts what is too long to be a message at all', () => {
    const huge = { ...reply, answers: [opaque(60_000), opaque(60_000)] }
    expect(decodeMessage(encodeWithin(huge, 65_535))).toMatchObject({ tc: true, answers: [], edns })
  })

  it('drops the options when even they do not fit, but never OPT', () => {
    const padded = { ...reply, edns: { ...edns, options: [{ code: 12, data: new Uint8Array(600) }] } }
    const cut = encodeWithin(padded, 512)
    expect(cut.length).toBeLessThanOrEqual(512)
    expect(decodeMessage(cut).edns).toEqual({ ...edns, options: [] })
    const hopeless = { ...reply, edns: { ...edns, options: [{ code: 12, data: new Uint8Array(70_000) }] } }
    expect(decodeMessage(encodeWithin(hopeless, 512)).edns).toEqual({ ...edns, options: [] })
  })
})
