import { describe, expect, it } from 'vitest'
import { concatBytes } from '../../../src/base/index.ts'
import { encodeMessage, type Message, nameToText, parseName, Rcode, readEde } from '../../../src/dns/index.ts'
import { classify, type Sender } from '../../../src/serve/desk/etiquette.ts'
import { queryFor } from '../../world/ask.ts'

const SENDER: Sender = { allowed: true, protocol: 'udp', port: 5_000 }

const query = (change: Partial<Message> = {}, type: string | number = 'A', cls = 1): Uint8Array =>
  encodeMessage({ ...queryFor({ name: 'wWw.Example.com', type, class: cls }, { id: 4_711 }), ...change })

const plain = (change: Partial<Message> = {}): Uint8Array =>
  encodeMessage({ ...queryFor({ name: 'www.example.com' }, { id: 4_711, edns: false }), ...change })

const withOpcode = (opcode: number): Uint8Array => query({ opcode })
const withBytes = (bytes: Uint8Array, change: (copy: Uint8Array) => void): Uint8Array => {
  const copy = bytes.slice()
  change(copy)
  return copy
}

describe('packets that get no reply', () => {
  it.each<[string, Uint8Array]>([
    ['nothing', new Uint8Array()],
    ['11 bytes', query().slice(0, 11)],
    ['an answer', query({ qr: true })],
    ['an answer with an odd opcode', query({ qr: true, opcode: 4 })],
    ['an answer that is malformed', query({ qr: true }).slice(0, 20)],
    ['an answer with BADVERS', query({ qr: true, edns: { udpSize: 512, version: 3, do: false, options: [] } })],
  ])('%s', (_, packet) => {
    expect(classify(packet, SENDER)).toEqual({ kind: 'drop' })
    expect(classify(packet, { ...SENDER, allowed: false })).toEqual({ kind: 'drop' })
  })

  it('anything from port 0', () => {
    expect(classify(query(), { ...SENDER, port: 0 })).toEqual({ kind: 'drop' })
  })
})

/** OPT, counted. */
function withSecondOpt(packet: Uint8Array): Uint8Array {
  const twice = concatBytes(packet, Uint8Array.of(0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0))
  twice[11] = twice[11]! + 1
  return twice
}

describe('odd questions', () => {
  const compressedLoop = withBytes(query(), (copy) => copy.set([0xc0, 0x0c], 12))
  it.each<[what: string, packet: Uint8Array, rcode: number, ede: number[]]>([
    ['a bare header', query().slice(0, 12), Rcode.FORMERR, []],
    ['a question that ends early', query().slice(0, 20), Rcode.FORMERR, []],
    ['bytes after the end', concatBytes(query(), Uint8Array.of(0)), Rcode.FORMERR, []],
    ['a record after the end', concatBytes(query(), query().slice(12)), Rcode.FORMERR, []],
    ['a second OPT', withSecondOpt(query()), Rcode.FORMERR, []],
    ['a compression loop', compressedLoop, Rcode.FORMERR, []],
    ['no question', plain({ questions: [] }), Rcode.FORMERR, []],
    [
      'two questions',
      query({ questions: [...queryFor({ name: 'a' }).questions, ...queryFor({ name: 'b' }).questions] }),
      Rcode.FORMERR,
      [],
    ],
    ['IQUERY', withOpcode(1), Rcode.NOTIMP, []],
    ['STATUS', withOpcode(2), Rcode.NOTIMP, []],
    ['NOTIFY', withOpcode(4), Rcode.NOTIMP, []],
    ['UPDATE', withOpcode(5), Rcode.NOTIMP, []],
    ['an UPDATE that no parser of queries can read', withOpcode(5).slice(0, 19), Rcode.NOTIMP, []],
    ['opcode 15', withOpcode(15), Rcode.NOTIMP, []],
    ['EDNS version 1', query({ edns: { udpSize: 1232, version: 1, do: true, options: [] } }), Rcode.BADVERS, []],
    ['EDNS version 255', query({ edns: { udpSize: 1232, version: 255, do: false, options: [] } }), Rcode.BADVERS, []],
    ['class CH', query({}, 'TXT', 3), Rcode.REFUSED, [21]],
    ['class HS', query({}, 'A', 4), Rcode.REFUSED, [21]],
    ['class NONE', query({}, 'A', 254), Rcode.REFUSED, [21]],
    ['class ANY', query({}, 'A', 255), Rcode.REFUSED, [21]],
    ['AXFR', query({}, 'AXFR'), Rcode.REFUSED, [21]],
    ['IXFR', query({}, 'IXFR'), Rcode.REFUSED, [21]],
    ['MAILB', query({}, 253), Rcode.REFUSED, [21]],
    ['MAILA', query({}, 254), Rcode.REFUSED, [21]],
    ['TKEY', query({}, 249), Rcode.REFUSED, [21]],
    ['a meta type that nobody has defined', query({}, 200), Rcode.REFUSED, [21]],
    ['type 0', query({}, 0), Rcode.FORMERR, []],
    ['type OPT', query({}, 41), Rcode.FORMERR, []],
    ['type TSIG', query({}, 250), Rcode.FORMERR, []],
    ['type NXNAME (RFC 9824 section 3.4)', query({}, 128), Rcode.FORMERR, [30]],
  ])('%s', (_, packet, rcode, ede) => {
    const verdict = classify(packet, SENDER)
    if (verdict.kind !== 'reply') throw new Error(`unexpected ${verdict.kind}`)
    const { reply } = verdict
    expect(reply).toMatchObject({ id: 4_711, qr: true, ra: true, aa: false, tc: false, ad: false, rd: true, rcode })
    expect(readEde(reply.edns?.options ?? []).map(({ code }) => code)).toEqual(ede)
    expect(encodeMessage(reply).length).toBeLessThanOrEqual(Math.max(12, packet.length) + 6)
  })

  it.each(['A', 'ANY', 'NS', 'SOA', 'RRSIG', 'NSEC3', 'DS', 'TYPE65280', 'TYPE65535', 'TYPE127', 'URI'])(
    'type %s is an ordinary question',
    (type) => {
      expect(classify(query({}, type), SENDER).kind).toBe('ask')
    },
  )

  it('RD=0, AD, CD and unknown EDNS options are for the resolver', () => {
    const edns = {
      udpSize: 0,
      version: 0,
      do: true,
      options: [{ code: 8, data: Uint8Array.of(0, 1, 24, 0, 192, 0, 2) }],
    }
    expect(classify(query({ rd: false, ad: true, cd: true, edns }), SENDER).kind).toBe('ask')
  })
})

describe('who is not on the list', () => {
  it.each<[string, Uint8Array]>([
    ['a question', query()],
    ['class CH', query({}, 'TXT', 3)],
    ['UPDATE', withOpcode(5)],
    ['garbage behind a header', query().slice(0, 20)],
    [
      'two questions',
      query({ questions: [...queryFor({ name: 'a' }).questions, ...queryFor({ name: 'b' }).questions] }),
    ],
  ])('is refused with %s', (_, packet) => {
    const verdict = classify(packet, { ...SENDER, allowed: false })
    expect(verdict).toMatchObject({ kind: 'reply', because: 'refused', reply: { rcode: Rcode.REFUSED, answers: [] } })
  })
  it('and told why, if it speaks EDNS', () => {
    const verdict = classify(query(), { ...SENDER, allowed: false })
    const options = verdict.kind === 'reply' ? (verdict.reply.edns?.options ?? []) : []
    expect(readEde(options)).toEqual([{ code: 18 }])
  })
})

describe('a reply', () => {
  it('carries OPT only when the query did, and echoes DO, never the options', () => {
    const ecs = { code: 8, data: Uint8Array.of(0, 1, 24, 0, 192, 0, 2) }
    const edns = { udpSize: 4096, version: 0, do: true, options: [ecs] }
    const judged = classify(query({ edns }, 'AXFR'), SENDER)
    if (judged.kind !== 'reply') throw new Error('no reply')
    expect(judged.reply.edns).toMatchObject({ udpSize: 1232, version: 0, do: true })
    expect(judged.reply.edns?.options.some(({ code }) => code === 8)).toBe(false)
    const bare = classify(plain({ opcode: 2 }), SENDER)
    expect(bare.kind === 'reply' && bare.reply.edns).toBeUndefined()
  })

  it('echoes the question in its own case', () => {
    const judged = classify(query({}, 'AXFR'), SENDER)
    if (judged.kind !== 'reply') throw new Error('no reply')
    expect(nameToText(judged.reply.questions[0]!.name)).toBe('wWw.Example.com.')
    expect(judged.reply.questions[0]!.name.wire).toEqual(parseName('wWw.Example.com').wire)
  })
})
