import { describe, expect, it } from 'vitest'
import { comparable, faultOf, type Kind, PERIOD_MS, questionOf, SLACK_MS } from '../../bench/worlds/changing.ts'
import { encodeMessage, type Message, makeQuery, parseName, Type } from '../../src/dns/index.ts'

const RECEIVED = 100 * PERIOD_MS + 2_000

function asked(kind: Kind, isProof = false) {
  const { name, type } = questionOf(kind, 3)
  const edns = { udpSize: 1232, version: 0, do: isProof, options: [] }
  const query = makeQuery({ id: 7, name: parseName(name), type, rd: true, edns })
  return { kind, query, queryBytes: encodeMessage(query), receivedAt: RECEIVED }
}

/** An address of the period that ended so many periods ago. */
function reply(kind: Kind, periods: number, ttl: number, change: Partial<Message> = {}): Message {
  const { query } = asked(kind)
  const period = 100 - periods
  const record = { name: query.questions[0]!.name, type: Type.A, class: 1, ttl }
  const rdata = kind === 'fixed' ? [192, 0, 2, 7] : [198, 51, period >> 8, period & 255]
  return { ...query, qr: true, ra: true, answers: [{ ...record, rdata: Uint8Array.from(rdata) }], ...change }
}

const judge = (kind: Kind, message: Message) => faultOf(encodeMessage(message), asked(kind))

describe('the judge of a long load', () => {
  it('lets an address be as old as its TTL, and no older', () => {
    // 2 s after the end of the last period; the address of the one before that ended a period earlier.
    expect(judge('changing', reply('changing', 0, 20))).toBeUndefined()
    expect(judge('changing', reply('changing', 1, 18))).toBeUndefined()
    expect(judge('changing', reply('changing', 3, 4))).toBeUndefined()
    expect(judge('changing', reply('changing', 3, 8))).toContain('after its end, with a TTL of 8')
    expect(judge('changing', reply('changing', 4, 0))).toContain('after its end')
    expect(SLACK_MS).toBeLessThan(PERIOD_MS)
  })

  it.each<[string, Partial<Message>]>([
    ['another question', { id: 8 }],
    ['another question', { questions: [{ name: parseName('host4.fixed.soak.org'), type: Type.A, class: 1 }] }],
    ['another question', { questions: [{ name: parseName('HOST3.fixed.soak.org'), type: Type.A, class: 1 }] }],
    ['rcode 2', { rcode: 2 }],
    ['AD is true', { ad: true }],
    ['wrong flags', { cd: true }],
    ['a short answer that is cut', { tc: true }],
    ['OPT where none was', { edns: undefined } as unknown as Partial<Message>],
    ['records of types ', { answers: [] }],
  ])('says %s', (fault, change) => {
    expect(judge('fixed', reply('fixed', 0, 30))).toBeUndefined()
    expect(judge('fixed', reply('fixed', 0, 30, change))).toContain(fault)
  })

  it('does not take the address of another kind, a longer TTL, or the future', () => {
    expect(judge('fixed', { ...reply('changing', 0, 5), questions: reply('fixed', 0, 5).questions })).toBeDefined()
    expect(judge('fixed', reply('fixed', 0, 31))).toContain('a TTL of 31')
    expect(judge('changing', reply('changing', -2, 5))).toContain('future')
  })

  it('calls two replies the same that differ in TTLs and periods alone', () => {
    const octets = (periods: number, ttl: number, change = {}) =>
      comparable(encodeMessage(reply('changing', periods, ttl, change)))
    expect(octets(0, 20)).toBe(octets(2, 3))
    expect(octets(0, 20)).not.toBe(octets(0, 20, { ad: true }))
    expect(comparable(encodeMessage(reply('fixed', 0, 3)))).not.toBe(octets(0, 3))
  })
})
