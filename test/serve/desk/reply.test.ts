import { describe, expect, it } from 'vitest'
import {
  Class,
  decodeMessage,
  encodeMessage,
  type Message,
  parseName,
  Rcode,
  type ResourceRecord,
  readEde,
  Type,
} from '../../../src/dns/index.ts'
import type { Resolution } from '../../../src/resolver/index.ts'
import type { Query } from '../../../src/serve/desk/etiquette.ts'
import { encodeReply, failureMessage, type ReplyOptions, replyMessage } from '../../../src/serve/desk/reply.ts'
import { type AskFlags, queryFor } from '../../world/ask.ts'
import { address, resolution, text } from '../support.ts'

const OPTIONS: ReplyOptions = { explain: false, minimalResponses: true, protocol: 'udp' }

function query(flags: AskFlags = {}, type: string | number = 'A', name = 'www.example.com'): Query {
  const message = queryFor({ name, type }, { id: 99, ...flags })
  return { message, question: message.questions[0]! }
}

const record = (type: number, name = 'www.example.com', rdata: Uint8Array = new Uint8Array(20)): ResourceRecord => ({
  name: parseName(name),
  type,
  class: Class.IN,
  ttl: 60,
  rdata,
})
const soa = record(Type.SOA, 'example.com', Uint8Array.from([0, 0, ...new Array<number>(20).fill(1)]))
const ns = record(Type.NS, 'example.com', parseName('ns.example.com').wire)
const types = (records: readonly ResourceRecord[]) => records.map(({ type }) => type)
const edes = (message: Message) => readEde(message.edns?.options ?? [])

describe('flags of a reply', () => {
  // RFC 4035 section 3.2.3, RFC 6840 sections 5.7 and 5.8: AD is for those who ask, by AD or DO, and for `secure` alone.
  const cases: [flags: AskFlags, security: Resolution['security'], rcode: number, ad: boolean][] = []
  for (const security of ['secure', 'insecure', 'indeterminate', 'bogus'] as const) {
    for (const cd of [false, true]) {
      cases.push([{ cd }, security, 0, false])
      cases.push([{ cd, ad: true }, security, 0, security === 'secure'])
      cases.push([{ cd, do: true }, security, 0, security === 'secure'])
      cases.push([{ cd, ad: true, edns: false }, security, 0, security === 'secure'])
      cases.push([{ cd, ad: true }, security, Rcode.NXDOMAIN, security === 'secure'])
      cases.push([{ cd, ad: true, do: true }, security, Rcode.SERVFAIL, false])
    }
  }
  it.each(cases)('%j with %s, rcode %i: AD %s', (flags, security, rcode, ad) => {
    const reply = replyMessage(
      query(flags),
      resolution({ security, rcode, answers: [address('www.example.com')] }),
      OPTIONS,
    )
    expect(reply).toMatchObject({ id: 99, qr: true, ra: true, rd: true, ad, cd: flags.cd, rcode, aa: false, tc: false })
  })

  it('AA only for our own data', () => {
    expect(replyMessage(query(), resolution({ authoritative: true, provenance: 'local' }), OPTIONS).aa).toBe(true)
  })

  it('OPT, DO and 1232 bytes only for those who speak EDNS', () => {
    expect(replyMessage(query({ edns: false }), resolution(), OPTIONS).edns).toBeUndefined()
    expect(replyMessage(query({ do: true }), resolution(), OPTIONS).edns).toMatchObject({
      do: true,
      udpSize: 1232,
      version: 0,
    })
    expect(replyMessage(query({ do: false }), resolution(), OPTIONS).edns).toMatchObject({ do: false })
  })
})

describe('without recursion', () => {
  it('what others asked for is not told', () => {
    const reply = replyMessage(query({ rd: false }), resolution({ answers: [address('www.example.com')] }), OPTIONS)
    expect(reply).toMatchObject({ rcode: Rcode.REFUSED, answers: [], rd: false })
  })
  it('local data is', () => {
    const own = resolution({ answers: [address('router.lan')], provenance: 'local', authoritative: true })
    expect(replyMessage(query({ rd: false }), own, OPTIONS)).toMatchObject({
      rcode: Rcode.NOERROR,
      answers: own.answers,
    })
  })
})

describe('records of a reply', () => {
  const signed = resolution({
    answers: [address('www.example.com'), record(Type.RRSIG)],
    authorities: [record(Type.NSEC), record(Type.NSEC3), record(Type.RRSIG), ns],
  })
  it('hold no proofs without DO', () => {
    const reply = replyMessage(query(), signed, OPTIONS)
    expect([types(reply.answers), types(reply.authorities)]).toEqual([[Type.A], []])
  })
  it.each([
    ['www.example.com', 'WWW.eXaMpLe.com'],
    ['wWw.Example.com', 'WWW.eXaMpLe.com'],
    ['wWw.Example.com', 'www.example.com'],
  ])('asked for %s have its letters, where another asked for %s before, and cost a pointer', (name, before) => {
    const asked = query({ edns: false }, 'A', name)
    const found = resolution({ answers: [address(before)] })
    const bytes = encodeReply(replyMessage(asked, found, OPTIONS), asked.message, 'udp')
    expect(bytes.length).toBe(encodeMessage(asked.message).length + 2 + 10 + 4)
    expect(decodeMessage(bytes).answers[0]!.name.wire).toEqual(parseName(name).wire)
  })
  it('hold them with DO, also in minimal responses', () => {
    const reply = replyMessage(query({ do: true }), signed, OPTIONS)
    expect([types(reply.answers), types(reply.authorities)]).toEqual([
      [Type.A, Type.RRSIG],
      [Type.NSEC, Type.NSEC3, Type.RRSIG],
    ])
  })
  it('hold the name servers when responses are not minimal', () => {
    expect(types(replyMessage(query(), signed, { ...OPTIONS, minimalResponses: false }).authorities)).toEqual([Type.NS])
  })
  it.each([Type.RRSIG, Type.NSEC, Type.NSEC3])('hold type %i when that is the question', (type) => {
    const reply = replyMessage(query({}, type), resolution({ answers: [record(type)] }), OPTIONS)
    expect(types(reply.answers)).toEqual([type])
  })
  it('hold the SOA of a negative answer', () => {
    for (const rcode of [Rcode.NOERROR, Rcode.NXDOMAIN]) {
      expect(types(replyMessage(query(), resolution({ rcode, authorities: [soa] }), OPTIONS).authorities)).toEqual([
        Type.SOA,
      ])
    }
  })
})

describe('extended errors', () => {
  const stale = resolution({ ede: [{ code: 3, text: 'served stale' }] })
  it('go to those who speak EDNS', () => {
    expect(edes(replyMessage(query(), stale, OPTIONS))).toEqual([{ code: 3, text: 'served stale' }])
    expect(encodeMessage(replyMessage(query({ edns: false }), stale, OPTIONS)).length).toBeLessThan(40)
  })
  it('are few and short', () => {
    const long = Array.from({ length: 50 }, (_, code) => ({ code, text: 'ä'.repeat(5_000) }))
    const sent = edes(replyMessage(query(), resolution({ ede: long }), OPTIONS))
    expect(sent).toHaveLength(4)
    for (const { text: said } of sent) expect(said).toMatch(/^ä{70,80}$/)
  })
  it('explain the answer when the operator wants it', () => {
    const explained = replyMessage(query(), resolution({ provenance: 'solo', security: 'insecure' }), {
      ...OPTIONS,
      explain: true,
    })
    expect(edes(explained)).toEqual([{ code: 0, text: 'solo, insecure' }])
  })
  it('come with failures', () => {
    expect(edes(failureMessage(query().message, { code: 22, text: 'nobody answers' }))).toEqual([
      { code: 22, text: 'nobody answers' },
    ])
  })
})

describe('the size of a reply', () => {
  const answer = (count: number): Resolution =>
    resolution({
      answers: Array.from({ length: count }, (_, i) => ({
        ...address('www.example.com'),
        rdata: Uint8Array.of(192, 0, i >> 8, i & 255),
      })),
    })
  const encoded = (flags: AskFlags, what: Resolution, protocol: 'udp' | 'tcp' = 'udp') => {
    const asked = query(flags)
    const bytes = encodeReply(replyMessage(asked, what, { ...OPTIONS, protocol }), asked.message, protocol)
    return { bytes, message: decodeMessage(bytes) }
  }

  it.each<[AskFlags['edns'], room: number]>([
    [false, 512],
    [0, 512],
    [511, 512],
    [512, 512],
    [700, 700],
    [1_232, 1_232],
    [1_233, 1_232],
    [4_096, 1_232],
    [65_535, 1_232],
  ])('EDNS size %s: at most %i bytes over UDP', (edns, room) => {
    let largest = 0
    for (let count = 1; count < 90; count++) {
      const { bytes, message } = encoded({ edns: edns ?? false }, answer(count))
      expect(bytes.length).toBeLessThanOrEqual(room)
      if (message.tc) {
        expect([message.answers, message.authorities, message.additionals]).toEqual([[], [], []])
        expect(message.questions).toHaveLength(1)
        expect(message.edns !== undefined).toBe(edns !== false)
      } else {
        expect(message.answers).toHaveLength(count)
        largest = bytes.length
      }
    }
    // Nothing that would fit is cut: one more record is 16 bytes.
    expect(largest).toBeGreaterThan(room - 16)
  })

  it('TCP has room for 65,535 bytes', () => {
    const whole = encoded({}, answer(4_000), 'tcp')
    expect(whole.message.answers).toHaveLength(4_000)
    expect(whole.bytes.length).toBeGreaterThan(60_000)
  })

  it('beyond that TCP says SERVFAIL, since TC would send the client where it already is', () => {
    const huge = encoded(
      {},
      resolution({ answers: Array.from({ length: 300 }, () => text('www.example.com', 250)) }),
      'tcp',
    )
    expect(huge.message).toMatchObject({ rcode: Rcode.SERVFAIL, tc: false, answers: [] })
  })

  it('an explanation never pushes out the answer it explains', () => {
    const asked = query({ edns: 1_232 })
    const explained = (count: number) => {
      const what = { ...answer(count), ede: [{ code: 3, text: 'x'.repeat(150) }] }
      return decodeMessage(encodeReply(replyMessage(asked, what, OPTIONS), asked.message, 'udp'))
    }
    const reply = explained(73)
    expect(reply.tc).toBe(false)
    expect(reply.answers).toHaveLength(73)
    expect(edes(reply)).toEqual([{ code: 3 }])
  })

  it('an rcode above 15 needs EDNS on the way back too', () => {
    const asked = query({ edns: false })
    expect(() => encodeReply(replyMessage(asked, resolution({ rcode: 23 }), OPTIONS), asked.message, 'udp')).toThrow()
  })
})

describe('TCP keepalive (RFC 7828)', () => {
  const asked = query({ options: [{ code: 11, data: new Uint8Array() }] })
  it('is told to those who ask over TCP', () => {
    const reply = replyMessage(asked, resolution(), { ...OPTIONS, protocol: 'tcp' })
    expect(reply.edns?.options).toEqual([{ code: 11, data: Uint8Array.of(0, 100) }])
  })
  it('never over UDP, never unasked', () => {
    expect(replyMessage(asked, resolution(), OPTIONS).edns?.options).toEqual([])
    expect(replyMessage(query(), resolution(), { ...OPTIONS, protocol: 'tcp' }).edns?.options).toEqual([])
  })
})
