/** Packets that must be refused, each for its own reason. Offsets point at the fault. */
import { describe, expect, it } from 'vitest'
import { fromHex } from '../../src/base/index.ts'
import { decodeMessage, decodeReply, dnsLimits, peekHeader, readName } from '../../src/dns/index.ts'
import { malformedBy } from './malformed.ts'

const uint16 = (value: number) => value.toString(16).padStart(4, '0')
const header = (qd: number, an = 0, ns = 0, ar = 0) => `0001 8180 ${uint16(qd)}${uint16(an)}${uint16(ns)}${uint16(ar)}`
const question = '0161 00 0001 0001'
const record = (type: number, rdata: string, rdlength?: number, owner = '00', klass = 1) => {
  const octets = rdata.replaceAll(' ', '')
  return `${owner} ${uint16(type)} ${uint16(klass)} 00000001 ${uint16(rdlength ?? octets.length / 2)} ${octets}`
}
const packet = (...parts: string[]) => fromHex(parts.join('').replaceAll(' ', ''))
const opt = (options = '', owner = '00') => record(41, options, undefined, owner, 1232)

const cases: readonly (readonly [title: string, bytes: Uint8Array, what: RegExp])[] = [
  ['nothing', packet(), /header ends early/],
  ['11 of 12 header octets', packet(header(0)).slice(0, 11), /header ends early/],
  ['a message above 65535 octets', new Uint8Array(65_536), /longer than a message/],
  ['65535 promised in every section', packet(header(65535, 65535, 65535, 65535)), /more entries promised/],
  ['one question promised, none there', packet(header(1)), /more entries promised/],
  ['one record promised in 10 octets', packet(header(0, 1), '00'.repeat(10)), /more entries promised/],
  ['a name that runs off the end', packet(header(1), '05 6161 6161'), /label ends early/],
  ['a name without its root label', packet(header(1), '04 61616161'), /name ends early/],
  ['a question without its class', packet(header(1), '0161 00 0001'), /question ends early/],
  ['a record without its RDLENGTH', packet(header(0, 1), '02 6161 00 0001 0001 00000001'), /record ends early/],
  ['a pointer to itself', packet(header(1), 'c00c 0001 0001'), /backwards/],
  ['a pointer forwards', packet(header(1), 'c010 0001 0001 0000'), /backwards/],
  ['two pointers in a ring', packet(header(2), '0161 c00c 0001 0001 00 0001 0001'), /backwards/],
  ['a pointer into its own label', packet(header(1), '0261c0 c00c 0001 0001'), /backwards/],
  ['a pointer into the header', packet(header(1), 'c004 0001 0001'), /into the header/],
  ['half a pointer', packet(header(1), '0261 61 c0'), /more entries|pointer ends early/],
  ['half a pointer at the very end', packet(header(1), '0461616161 c0'), /pointer ends early/],
  ['label type 01 (RFC 2673)', packet(header(1), '41 00 00 0001 0001'), /label type/],
  ['label type 10', packet(header(1), '81 00 00 0001 0001'), /label type/],
  ['a name of 256 octets', packet(header(1), `3f${'61'.repeat(63)}`.repeat(4), '00 0001 0001'), /255 octets/],
  [
    'a name of 256 octets by way of a pointer',
    packet(header(2), `3f${'61'.repeat(63)}`.repeat(3), '00 0001 0001', `3e${'61'.repeat(62)}`, 'c00c 0001 0001'),
    /255 octets/,
  ],
  ['RDLENGTH beyond the end', packet(header(0, 1), record(1, '01020304', 5)), /over the end of the message/],
  ['A of no octets', packet(header(0, 1), record(1, '')), /rdata ends early/],
  ['A of 2 octets', packet(header(0, 1), record(1, '0102')), /rdata ends early/],
  ['A of 5 octets', packet(header(0, 1), record(1, '0102030405')), /left over/],
  ['AAAA of 4 octets', packet(header(0, 1), record(28, '01020304')), /rdata ends early/],
  ['AAAA of 17 octets', packet(header(0, 1), record(28, '00'.repeat(17))), /left over/],
  ['NS of no octets', packet(header(0, 1), record(2, '')), /name ends early/],
  ['NS whose name is shorter than RDLENGTH', packet(header(0, 1), record(2, '0161 00 00')), /left over/],
  [
    'NS whose name runs past RDLENGTH into the next record',
    packet(header(0, 2), record(2, '0261', 2), record(1, '01020304')),
    /label ends early/,
  ],
  [
    'NS whose pointer is cut by RDLENGTH',
    packet(header(1, 2), question, record(2, 'c0', 1), record(1, '01020304')),
    /ends early/,
  ],
  ['MX without a name', packet(header(0, 1), record(15, '0001')), /name ends early/],
  ['MX of one octet', packet(header(0, 1), record(15, '00')), /rdata ends early/],
  ['SOA with half of its numbers', packet(header(0, 1), record(6, '00 00 0000 0001')), /rdata ends early/],
  ['SOA with an octet too many', packet(header(0, 1), record(6, `00 00 ${'00'.repeat(21)}`)), /left over/],
  ['SRV of four octets', packet(header(0, 1), record(33, '00000000')), /rdata ends early/],
  ['NAPTR whose string runs over', packet(header(0, 1), record(35, '0000 0000 05 61')), /rdata ends early/],
  ['NAPTR that ends before a string', packet(header(0, 1), record(35, '0000 0000')), /rdata ends early/],
  ['DNAME with a compressed target', packet(header(1, 1), question, record(39, 'c00c')), /compression/],
  ['KX with a compressed target', packet(header(1, 1), question, record(36, '0001 c00c')), /compression/],
  ['a second OPT', packet(header(0, 0, 0, 2), opt(), opt()), /second OPT/],
  ['OPT with an owner', packet(header(0, 0, 0, 1), opt('', '0161 00')), /owner other than the root/],
  ['OPT in the answer section', packet(header(0, 1), opt()), /answer section/],
  ['OPT in the authority section', packet(header(0, 0, 1), opt()), /authority section/],
  ['an option longer than OPT', packet(header(0, 0, 0, 1), opt('000a 0009 0102')), /runs over/],
  ['an option of three octets', packet(header(0, 0, 0, 1), opt('000a 00')), /option ends early/],
  [
    'more options than anybody sends',
    packet(header(0, 0, 0, 1), opt('fde8 0000'.repeat(dnsLimits.MAX_EDNS_OPTIONS + 1))),
    /too many EDNS options/,
  ],
  ['an octet after the last record', packet(header(1), question, '00'), /after the last record/],
  ['a record more than promised', packet(header(1), question, record(1, '01020304')), /after the last record/],
]

describe('decodeMessage refuses', () => {
  it.each(cases)('%s', (_, bytes, what) => {
    const detail = malformedBy(() => decodeMessage(bytes))
    expect(detail.what).toMatch(what)
    expect(detail.offset).toBeGreaterThanOrEqual(0)
    expect(detail.offset).toBeLessThanOrEqual(bytes.length)
  })

  it('a name with more pointers than a name has labels', () => {
    // Pointers to pointers, each one step back: legal by direction, work without end by number (CVE-2024-8508's family).
    const chain = new Uint8Array(12 + 1 + 2 * 200)
    for (let i = 0; i < 200; i++) {
      const at = 13 + 2 * i
      const target = i === 0 ? 12 : at - 2
      chain.set([0xc0 | (target >> 8), target & 0xff], at)
    }
    expect(readName(chain, 13 + 2 * (dnsLimits.MAX_POINTERS_PER_NAME - 1)).name.labels).toBe(0)
    expect(malformedBy(() => readName(chain, 13 + 2 * dnsLimits.MAX_POINTERS_PER_NAME)).what).toMatch(
      /pointers in one name/,
    )
  })

  it('a message whose names follow more pointers than an honest one has', () => {
    // A chain of 100 pointers in the rdata of the first record, then 4,000 NS records whose targets go through it.
    const length = 100
    const start = 12 + 11
    const chain = ['00']
    for (let i = 0; i < length; i++) chain.push(uint16(0xc000 | (i === 0 ? start : start + 1 + 2 * (i - 1))))
    const target = uint16(0xc000 | (start + 1 + 2 * (length - 1)))
    const bytes = packet(header(0, 4_001), record(65280, chain.join('')), record(2, target).repeat(4_000))
    expect(bytes.length).toBeLessThan(65_535)
    expect(malformedBy(() => decodeMessage(bytes)).what).toMatch(/pointers in one message/)
  })
})

describe('decodeMessage accepts', () => {
  it('the neighbours of what it refuses', () => {
    expect(decodeMessage(packet(header(1), question)).questions).toHaveLength(1)
    expect(decodeMessage(packet(header(0, 1), record(1, '01020304'))).answers[0]!.rdata).toEqual(fromHex('01020304'))
    expect(decodeMessage(packet(header(1, 1), question, record(33, '0001 0002 0003 c00c'))).answers[0]!.rdata).toEqual(
      fromHex('000100020003016100'),
    )
    expect(decodeMessage(packet(header(0, 0, 0, 1), opt('000a 0002 0102'))).edns?.options).toEqual([
      { code: 10, data: fromHex('0102') },
    ])
    const options = 'fde8 0000'.repeat(dnsLimits.MAX_EDNS_OPTIONS)
    expect(decodeMessage(packet(header(0, 0, 0, 1), opt(options))).edns?.options).toHaveLength(
      dnsLimits.MAX_EDNS_OPTIONS,
    )
  })

  it('OPT anywhere in the additional section', () => {
    const { additionals, edns } = decodeMessage(packet(header(0, 0, 0, 2), opt(), record(1, '01020304')))
    expect(additionals).toHaveLength(1)
    expect(edns).toEqual({ udpSize: 1232, version: 0, do: false, options: [] })
  })

  it('odd rdata of types that are checked when they are viewed, so that one record does not hide the others', () => {
    const odd = [
      record(48, '01'),
      record(46, ''),
      record(47, 'c0'),
      record(43, '00'),
      record(16, '05'),
      record(64, '00'),
    ]
    expect(decodeMessage(packet(header(0, odd.length), ...odd)).answers).toHaveLength(odd.length)
  })

  it('A of another class than IN as it comes, and empty rdata in the classes of UPDATE', () => {
    const chaos = decodeMessage(packet(header(0, 1), record(1, '0161 00 1234', undefined, '00', 3)))
    expect(chaos.answers[0]).toMatchObject({ class: 3, rdata: fromHex('0161001234') })
    expect(
      decodeMessage(packet(header(0, 2), record(2, '', 0, '00', 255), record(6, '', 0, '00', 254))).answers,
    ).toHaveLength(2)
  })

  it('a TTL with its top bit set as the greatest there is (RFC 8767 section 4)', () => {
    const bytes = packet(header(0, 1), record(1, '01020304'))
    bytes[12 + 5] = 0x80
    expect(decodeMessage(bytes).answers[0]!.ttl).toBe(0x7fff_ffff)
    bytes[12 + 5] = 0x7f
    expect(decodeMessage(bytes).answers[0]!.ttl).toBe(0x7f00_0001)
  })
})

describe('decodeReply', () => {
  const address = record(1, '01020304')
  const wanted = decodeMessage(packet(header(1, 1, 0, 1), question, address, opt('000a 0002 0102')))

  it('passes over octets after the last record, whatever they are, and a second OPT', () => {
    const whole = [question, address, opt('000a 0002 0102')]
    for (const tail of ['00', 'ff'.repeat(40), record(1, '06060606'), opt('000a 0002 0303')])
      expect(decodeReply(packet(header(1, 1, 0, 1), ...whole, tail))).toEqual(wanted)
    expect(decodeReply(packet(header(1, 1, 0, 2), ...whole, opt('000a 0002 0303')))).toEqual(wanted)
  })

  it('reads no record that the header does not count, and no second OPT: the first is the server’s word', () => {
    const forged = record(1, '06060606')
    const { answers } = decodeReply(packet(header(1, 1), question, address, forged))
    expect(answers.map(({ rdata }) => rdata[0])).toEqual([1])
    // An extended rcode or a cookie of the second one would be somebody else's.
    const second = record(41, '', undefined, '00', 1232).replace('00000001', 'ff000001')
    expect(decodeReply(packet(header(0, 0, 0, 2), opt(), second)).rcode).toBe(0)
  })

  it.each(cases.filter(([, , what]) => !/after the last|second OPT/.test(what.source)))(
    'refuses what no message may have: %s',
    (_, bytes, what) => {
      expect(malformedBy(() => decodeReply(bytes)).what).toMatch(what)
    },
  )

  it('refuses a second OPT that is none: under another owner, in another section, with broken options', () => {
    expect(malformedBy(() => decodeReply(packet(header(0, 0, 0, 2), opt(), opt('', '0161 00')))).what).toMatch(/owner/)
    expect(malformedBy(() => decodeReply(packet(header(0, 1, 0, 1), opt(), opt()))).what).toMatch(/section/)
    expect(malformedBy(() => decodeReply(packet(header(0, 0, 0, 1), opt('000a 0004 0102')))).what).toMatch(/option/i)
  })
})

describe('peekHeader', () => {
  it('reads the header of what cannot be decoded, so that FORMERR can be answered', () => {
    expect(peekHeader(packet('abcd 0110 0001 0000 0000 0000', 'ff'))).toEqual({
      id: 0xabcd,
      qr: false,
      opcode: 0,
      aa: false,
      tc: false,
      rd: true,
      ra: false,
      ad: false,
      cd: true,
      rcode: 0,
      questionCount: 1,
    })
    expect(peekHeader(new Uint8Array(11))).toBeUndefined()
  })
})
