import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeMessage, Ede, encodeMessage, type Message, parseName, Type } from '../../../src/dns/index.ts'
import type { Finding } from '../../../src/evidence/index.ts'
import { cutReply, encodeReply } from '../../../src/serve/desk/reply.ts'
import { queryFor } from '../../world/ask.ts'
import {
  addresses,
  alias,
  found,
  localAnswer,
  NOW,
  replyOf,
  resolve,
  rrset,
  STRIDE,
  signature,
  slowReply,
  slowReplyOf,
  soaOf,
  TableBench,
} from './support.ts'

const plain = (name: string, flags: Parameters<typeof queryFor>[1] = {}) =>
  queryFor({ name }, { edns: false, ...flags })
const one = (name: string, change: Partial<Finding> = {}) => [found(name, Type.A, addresses(name), change)]

describe('the answer table', () => {
  it('gives the bytes of the slow path to the same question', () => {
    const bench = new TableBench()
    const query = plain('www.example.com')
    expect(bench.keep(one('www.example.com'), query)).toBe(true)
    expect(bench.askOne(encodeMessage(query))).toEqual(slowReply(one('www.example.com'), query))
  })

  it('answers in the letters of the client', () => {
    const bench = new TableBench()
    bench.keep(one('www.example.com'), plain('www.example.com'))
    const query = plain('wWw.eXAMple.com')
    const reply = bench.askOne(encodeMessage(query))!
    expect(reply).toEqual(slowReply(one('www.example.com'), query))
    expect(reply.subarray(12, 29)).toEqual(parseName('wWw.eXAMple.com').wire)
  })

  it('counts TTLs down, and ends with the least of them', () => {
    const bench = new TableBench()
    const findings = [
      found('www.example.com', Type.A, alias('www.example.com', 'a.example.net'), { expires: NOW + 20_000 }),
      found('a.example.net', Type.A, addresses('a.example.net', 3), { expires: NOW + 9_000 }),
    ]
    const query = plain('www.example.com')
    expect(bench.keep(findings, query)).toBe(true)
    for (const later of [0, 499, 500, 1_000, 8_400, 8_999])
      expect(bench.askOne(encodeMessage(query), NOW + later)).toEqual(slowReply(findings, query, NOW + later))
    expect(bench.askOne(encodeMessage(query), NOW + 9_000)).toBeUndefined()
  })

  it('keeps a TTL that the cache holds longer than its owner said', () => {
    const bench = new TableBench()
    const query = plain('www.example.com')
    const findings = [
      found('www.example.com', Type.A, addresses('www.example.com', 1, { ttl: 5 }), { expires: NOW + 60_000 }),
    ]
    bench.keep(findings, query)
    for (const later of [0, 30_000, 57_000])
      expect(bench.askOne(encodeMessage(query), NOW + later)).toEqual(slowReply(findings, query, NOW + later))
  })

  it('has an answer of its own for DO and for CD', () => {
    const bench = new TableBench()
    const set = addresses('www.example.com', 1, { signatures: [signature(Type.A, 'example.com')] })
    const secure = { evidence: { security: 'secure', provenance: 'solo', observers: [] } } as const
    const findings = [found('www.example.com', Type.A, set, secure)]
    const queries = [{ do: true }, { do: false }, { do: true, cd: true }, { cd: true }].map((flags) =>
      queryFor({ name: 'www.example.com' }, flags),
    )
    for (const query of queries) {
      expect(bench.askOne(encodeMessage(query))).toBeUndefined()
      bench.keep(findings, query)
    }
    for (const query of queries) expect(bench.askOne(encodeMessage(query))).toEqual(slowReply(findings, query))
    const wantsAd = plain('www.example.com', { ad: true })
    expect(bench.askOne(encodeMessage(wantsAd))).toEqual(slowReply(findings, wantsAd))
    expect(bench.askOne(encodeMessage(wantsAd))![3]! & 0x20).toBe(0x20)
  })

  it('cuts to the size that the client offers, and what is too long for UDP at all', () => {
    const bench = new TableBench()
    for (const [name, count] of [
      ['many.example.com', 40],
      ['more.example.com', 100],
    ] as const) {
      const findings = [found(name, Type.A, addresses(name, count))]
      bench.keep(findings, plain(name))
      for (const edns of [false, 0, 512, 700, 1_232, 4_096] as const) {
        const query = queryFor({ name }, { edns })
        expect(bench.askOne(encodeMessage(query))).toEqual(slowReply(findings, query))
      }
    }
  })

  it('gives absences with their SOA', () => {
    const bench = new TableBench()
    const findings = [found('no.example.com', Type.A, soaOf('example.com'))]
    const query = queryFor({ name: 'no.ExamplE.com' })
    bench.keep(findings, plain('no.example.com'))
    expect(bench.askOne(encodeMessage(query))).toEqual(slowReply(findings, query))
  })

  it('gives nothing that was found before the cache was changed under one of its names', () => {
    const bench = new TableBench()
    const findings = [
      found('www.example.com', Type.A, alias('www.example.com', 'a.example.net')),
      found('a.example.net', Type.A, addresses('a.example.net')),
    ]
    const query = plain('www.example.com')
    for (const name of ['www.example.com', 'A.example.NET']) {
      bench.keep(findings, query)
      expect(bench.askOne(encodeMessage(query))).toBeDefined()
      bench.table.changed(parseName('other.example').wire)
      expect(bench.askOne(encodeMessage(query))).toBeDefined()
      bench.table.changed(parseName(name).wire)
      expect(bench.askOne(encodeMessage(query))).toBeUndefined()
    }
    bench.keep(findings, query)
    bench.table.drop()
    expect(bench.askOne(encodeMessage(query))).toBeUndefined()
  })

  it('takes no answer that was found before a change', () => {
    const bench = new TableBench()
    const answer = {
      name: parseName('www.example.com').wire,
      type: Type.A,
      variant: 0,
      flags: 0,
      answers: 0,
      authorities: 0,
      bytes: new Uint8Array(),
      options: new Uint8Array(),
      groups: [],
      links: [parseName('a.example.net').wire],
      expires: 9e6,
      hintFrom: 8e6,
    }
    const before = bench.table.stamp
    bench.table.changed(parseName('a.example.net').wire)
    expect(bench.table.put(answer, before)).toBe(false)
    const later = bench.table.stamp
    expect(bench.table.put(answer, later)).toBe(true)
    bench.table.drop()
    expect(bench.table.put(answer, later)).toBe(false)
  })

  it('says once that an answer is worth fetching again', () => {
    const bench = new TableBench()
    const query = encodeMessage(plain('www.example.com'))
    bench.keep(one('www.example.com'), plain('www.example.com'))
    const hint = (later: number) => {
      bench.askOne(query, NOW + later)
      return bench.answerer.hints[0]
    }
    expect([hint(0), hint(200_000), hint(280_000), hint(281_000)]).toEqual([0, 0, 1, 0])
  })

  it('gives what the operator configured, with its extended errors, and without counting down', () => {
    const bench = new TableBench()
    const local = localAnswer('ads.example', ['192.0.2.9', '192.0.2.10'], 'blocked here by blocklist.txt:12')
    for (const edns of [false, 1_232] as const) {
      const query = queryFor({ name: 'aDs.example' }, { edns, cd: edns === false })
      expect(bench.keepResolution(local, query)).toBe(true)
      for (const later of [0, 30_000, 3_599_000])
        expect(bench.askOne(encodeMessage(query), NOW + later)).toEqual(slowReplyOf(local, query))
      expect(bench.askOne(encodeMessage(query), NOW + 3_600_000)).toBeUndefined()
    }
  })

  it('gives a stale answer for five seconds, with the extended error that says so', () => {
    const bench = new TableBench()
    const findings = one('www.example.com', { expires: NOW + 30_000 })
    const ede = [{ code: Ede.STALE_ANSWER, text: 'the authorities did not answer in time' }]
    const staleAt = (query: Message, later: number) => ({ ...resolve(findings, query, NOW + later), ede })
    for (const edns of [false, 1_232] as const) {
      const query = queryFor({ name: 'www.example.com' }, { edns })
      expect(bench.keepResolution(staleAt(query, 0), query)).toBe(true)
      for (const later of [0, 4_900])
        expect(bench.askOne(encodeMessage(query), NOW + later)).toEqual(slowReplyOf(staleAt(query, later), query))
      expect(bench.askOne(encodeMessage(query), NOW + 5_000)).toBeUndefined()
      // What else is extraordinary about an answer stays with the main thread.
      const more = [...ede, { code: Ede.SYNTHESIZED }]
      expect(bench.keepResolution({ ...staleAt(query, 0), ede: more }, query)).toBe(false)
    }
  })

  it('leaves to the main thread which options a reply loses that does not fit', () => {
    const bench = new TableBench()
    const all = Array.from({ length: 28 }, (_, i) => `192.0.2.${i}`)
    const local = localAnswer('ads.example', all, 'blocked here by blocklist.txt:12')
    bench.keepResolution(local, queryFor({ name: 'ads.example' }))
    const asked = (edns: number | false) =>
      bench.askOne(encodeMessage(queryFor({ name: 'ads.example' }, { edns, id: 7 })))
    expect(asked(512)).toBeUndefined()
    expect(asked(600)).toEqual(slowReplyOf(local, queryFor({ name: 'ads.example' }, { edns: 600, id: 7 })))
    expect(asked(false)).toEqual(slowReplyOf(local, queryFor({ name: 'ads.example' }, { edns: false, id: 7 })))
  })

  it('says where a cookie goes, and keeps the query whole if it is a miss', () => {
    const bench = new TableBench()
    const cookie = Uint8Array.from({ length: 24 }, (_, i) => i + 1)
    const of = (name: string, bytes: number) =>
      encodeMessage(queryFor({ name }, { options: [{ code: 10, data: cookie.subarray(0, bytes) }] }))
    bench.keep(one('www.example.com'), plain('www.example.com'))
    for (const bytes of [8, 24]) {
      const reply = bench.askOne(of('www.example.com', bytes))!
      const at = bench.answerer.cookiesAt[0]!
      expect(reply.subarray(at, at + bytes)).toEqual(cookie.subarray(0, bytes))
      expect(at + 24).toBe(reply.length)
      expect(decodeMessage(reply).edns!.options).toMatchObject([{ code: 10 }])
      const miss = of('other.example.com', bytes)
      expect(bench.askOne(miss)).toBeUndefined()
      expect(bench.buffer.subarray(0, miss.length)).toEqual(miss)
    }
    for (const bytes of [0, 7, 9, 16, 23]) expect(bench.askOne(of('www.example.com', bytes))).toBeUndefined()
  })

  it('puts a query back over which a reply was written', () => {
    const bench = new TableBench()
    bench.keep(one('www.example.com'), plain('www.example.com'))
    for (const given of [
      { edns: false },
      { edns: 700, cd: false },
      { options: [{ code: 10, data: new Uint8Array(8).fill(3) }] },
    ] as const) {
      const query = encodeMessage(queryFor({ name: 'wWw.example.com' }, { ...given, ad: true }))
      expect(bench.askOne(query)).toBeDefined()
      bench.answerer.reader.restore(0, 0)
      expect(bench.buffer.subarray(0, query.length)).toEqual(query)
    }
  })

  it('cuts a reply afterwards as the slow path cuts one above the limit of its client', () => {
    const bench = new TableBench()
    const findings = one('www.example.com')
    bench.keep(findings, plain('www.example.com'))
    for (const edns of [false, 1_232] as const) {
      const query = queryFor({ name: 'www.example.com' }, { edns })
      bench.askOne(encodeMessage(query))
      const length = bench.answerer.cut(0)
      expect(bench.buffer.slice(0, length)).toEqual(encodeReply(cutReply(replyOf(findings, query)), query, 'udp'))
    }
  })

  it('does not keep what the next moment may answer otherwise', () => {
    const bench = new TableBench()
    // An alias of the operator's that leads into the world.
    const local = { evidence: { security: 'insecure', provenance: 'local', observers: [] } } as const
    expect(bench.keep(one('www.example.com', local), plain('www.example.com'))).toBe(false)
    expect(bench.keep(one('www.example.com', { expires: NOW + 400 }), plain('www.example.com'))).toBe(false)
    expect(bench.keep(one('www.example.com'), plain('www.example.com', { rd: false }))).toBe(false)
    const any = queryFor({ name: 'www.example.com', type: 'ANY' })
    expect(bench.keep(one('www.example.com'), any)).toBe(false)
  })

  it('lets what was not read go first when it is full, and keeps all it says it has', () => {
    const bench = new TableBench(65_536)
    const name = (i: number) => `host${i}.example.com`
    const isThere = (i: number) => bench.askOne(encodeMessage(plain(name(i)))) !== undefined
    for (let i = 0; i < 3_000; i++) {
      expect(bench.keep(one(name(i)), plain(name(i)))).toBe(true)
      expect(isThere(0)).toBe(true)
      expect(isThere(i)).toBe(true)
    }
    const { entries, evictions, bytes } = bench.table.stats()
    expect(bytes).toBeLessThanOrEqual(65_536 * 1.02)
    expect(entries + evictions).toBe(3_000)
    expect(Array.from({ length: 3_000 }, (_, i) => isThere(i)).filter(Boolean)).toHaveLength(entries)
  })

  it('is not filled by one name with many types', () => {
    const bench = new TableBench()
    for (let type = 1_000; type < 1_100; type++) {
      const query = queryFor({ name: 'www.example.com', type })
      bench.keep([found('www.example.com', type, soaOf('example.com'))], query)
    }
    expect(bench.table.stats().entries).toBeLessThanOrEqual(8)
  })
})

/** To a packet that was changed on its way, by the slow path's own decoder. */
function slowReplyTo(bytes: Uint8Array): Uint8Array {
  const query = decodeMessage(bytes)
  expect(query).toMatchObject({ qr: false, opcode: 0, rd: true })
  return slowReply(one('www.example.com'), query)
}

const label = fc.stringMatching(/^[a-cA-C]{1,3}$/)
const nameText = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'))
const flags = fc.record({
  edns: fc.oneof(fc.constant(false as const), fc.nat(65_535)),
  do: fc.boolean(),
  cd: fc.boolean(),
  ad: fc.boolean(),
})

interface Case {
  readonly findings: readonly Finding[]
  readonly first: Message
  readonly second: Message
  readonly later: number
}

/** A chain of aliases with an end of any kind, asked once to be kept, and once more at a later time in other letters and with other flags. */
const cases: fc.Arbitrary<Case> = fc
  .record({
    names: fc.uniqueArray(nameText, { minLength: 1, maxLength: 4, selector: (text) => text.toLowerCase() }),
    end: fc.constantFrom('addresses', 'texts', 'absent'),
    count: fc.integer({ min: 1, max: 90 }),
    lives: fc.array(fc.integer({ min: 1_000, max: 400_000 }), { minLength: 4, maxLength: 4 }),
    ttl: fc.integer({ min: 1, max: 600 }),
    security: fc.constantFrom('secure' as const, 'insecure' as const),
    signed: fc.boolean(),
    upper: fc.boolean(),
    first: flags,
    second: flags,
    later: fc.nat(450_000),
  })
  .map(({ names, end, count, lives, ttl, security, signed, upper, first, second, later }) => {
    const signatures = (type: number) => (signed ? [signature(type, 'c')] : [])
    const ends = (name: string) =>
      end === 'addresses'
        ? addresses(name, count, { ttl, signatures: signatures(Type.A) })
        : end === 'texts'
          ? rrset(name, Type.TXT, [new Uint8Array(count).fill(65)], { ttl, signatures: signatures(Type.TXT) })
          : soaOf('c', { ttl, signatures: signatures(Type.SOA) })
    const type = end === 'texts' ? Type.TXT : Type.A
    const findings = names.map((name, i) => {
      const owner = i === 0 ? name.toLowerCase() : name
      const to = names[i + 1]
      const set = to === undefined ? ends(owner) : alias(owner, to, { ttl, signatures: signatures(Type.CNAME) })
      const evidence = { security, provenance: 'solo', observers: [] } as const
      return found(name, type, set, { evidence, expires: NOW + lives[i]! })
    })
    const name = names[0]!
    const question = (text: string, given: typeof first) => queryFor({ name: text, type }, given)
    return {
      findings,
      first: question(name, first),
      second: question(upper ? name.toUpperCase() : name, second),
      later,
    }
  })

describe('properties of the answer table', () => {
  it('what it answers is byte for byte what the slow path would', () => {
    let answered = 0
    fc.assert(
      fc.property(cases, ({ findings, first, second, later }) => {
        const bench = new TableBench(65_536)
        bench.keep(findings, first)
        for (const [query, at] of [
          [first, NOW],
          [second, NOW + later],
        ] as const) {
          const bytes = encodeMessage(query)
          const reply = bench.askOne(bytes, at)
          if (reply === undefined) {
            expect(bench.buffer.subarray(0, bytes.length)).toEqual(bytes)
            continue
          }
          answered++
          expect(findings.every(({ expires }) => expires > at)).toBe(true)
          expect(reply).toEqual(slowReply(findings, query, at))
        }
      }),
      { numRuns: 500 },
    )
    expect(answered).toBeGreaterThan(300)
  })

  it('answers nothing but whole, plain questions, and leaves all else as it came', () => {
    const name = 'www.example.com'
    fc.assert(
      fc.property(
        flags,
        fc.array(fc.tuple(fc.nat(60), fc.nat(255)), { minLength: 1, maxLength: 3 }),
        fc.integer({ min: -12, max: 12 }),
        (given, changes, longer) => {
          const bench = new TableBench(65_536)
          const query = queryFor({ name }, given)
          bench.keep(one(name), query)
          const whole = encodeMessage(query)
          const bytes = new Uint8Array(Math.max(0, whole.length + longer))
          bytes.set(whole.subarray(0, bytes.length))
          for (const [at, octet] of changes) if (at < bytes.length) bytes[at] = octet
          const reply = bench.askOne(bytes)
          // What the matcher returns is no verdict on the property.
          if (reply === undefined) expect(bench.buffer.subarray(0, bytes.length)).toEqual(bytes)
          else expect(reply).toEqual(slowReplyTo(bytes))
        },
      ),
      { numRuns: 500 },
    )
  })

  it('survives any bytes', () => {
    const bench = new TableBench()
    bench.keep(one('www.example.com'), plain('www.example.com'))
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        expect(bench.askOne(bytes)).toBeUndefined()
        expect(bench.buffer.subarray(0, bytes.length)).toEqual(bytes)
        expect(bench.buffer.subarray(bytes.length, STRIDE).every((octet) => octet === 0xee)).toBe(true)
      }),
      { numRuns: 500 },
    )
  })
})
