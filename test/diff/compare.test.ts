import { describe, expect, it } from 'vitest'
import { brokenZones } from './broken.ts'
import { compare } from './compare.ts'
import { makeQuestions, questionText } from './questions.ts'
import type { BuiltZone } from './sign.ts'
import type { Question, Reply } from './types.ts'
import { internet } from './zones.ts'

const question: Question = {
  name: 'www.example.com.',
  type: 'A',
  flags: { edns: true, do: true, cd: false, ad: false },
  kind: 'signed',
  zone: 'example.com.',
}
const data: Reply = {
  rcode: 'NOERROR',
  ad: true,
  answers: ['www.example.com. A 192.0.2.1'],
  soa: false,
  denial: false,
  ede: [],
  milliseconds: 1,
}
const failure: Reply = { ...data, rcode: 'SERVFAIL', ad: false, answers: [] }

describe('compare', () => {
  it('is silent when all four say the same, whatever the time and the extended errors', () => {
    const other = { ...data, ede: ['3'], milliseconds: 900, ttl: 7 }
    expect(compare(question, { chordns: other, unbound: data, bind: data, knot: data })).toMatchObject({
      verdict: 'same',
    })
  })

  it.each([
    ['rcode', failure],
    ['ad', { ...data, ad: false }],
    ['answer', { ...data, answers: ['www.example.com. A 192.0.2.66'] }],
    ['answer', { ...data, answers: [] }],
    ['soa', { ...data, soa: true }],
    ['denial', { ...data, denial: true }],
  ] as const)('finds a difference in %s', (field, chordns) => {
    const compared = compare(question, { chordns, unbound: data, bind: data, knot: data })
    expect(compared).toMatchObject({ verdict: 'different', fields: [field] })
  })

  it('takes a reply that never comes for the failure that it is', () => {
    const none = { ...failure, rcode: 'TIMEOUT' }
    expect(compare(question, { chordns: failure, unbound: none, bind: failure, knot: none }).verdict).toBe('same')
    expect(compare(question, { chordns: none, unbound: data, bind: data, knot: data }).verdict).toBe('different')
  })

  it('goes by what two of three references say', () => {
    const odd = { ...data, ad: false, answers: ['www.example.com. A 192.0.2.66'] }
    for (const [unbound, bind, knot] of [
      [odd, data, data],
      [data, odd, data],
      [data, data, odd],
    ] as const) {
      expect(compare(question, { chordns: data, unbound, bind, knot })).toMatchObject({
        verdict: 'references-differ',
        openFields: ['ad', 'answer'],
        aloneFields: [],
      })
      expect(compare(question, { chordns: odd, unbound, bind, knot })).toMatchObject({
        verdict: 'different',
        fields: ['ad', 'answer'],
      })
    }
    const negative = { ...data, rcode: 'NXDOMAIN', answers: [] }
    expect(compare(question, { chordns: negative, unbound: data, bind: failure, knot: data })).toMatchObject({
      verdict: 'different',
      fields: ['rcode'],
    })
  })

  it('counts nothing against us where each reference says something else', () => {
    const negative = { ...data, rcode: 'NXDOMAIN', answers: [] }
    const refused = { ...failure, rcode: 'REFUSED' }
    expect(compare(question, { chordns: refused, unbound: data, bind: negative, knot: failure })).toMatchObject({
      verdict: 'references-differ',
      fields: [],
      aloneFields: ['rcode'],
    })
  })

  it('counts a failure against us when a single reference answers', () => {
    for (const answered of [data, { ...data, rcode: 'NXDOMAIN', answers: [] }])
      expect(compare(question, { chordns: failure, unbound: failure, bind: failure, knot: answered })).toMatchObject({
        verdict: 'different',
        fields: ['rcode'],
      })
    const refused = { ...failure, rcode: 'REFUSED' }
    expect(compare(question, { chordns: failure, unbound: failure, bind: failure, knot: refused })).toMatchObject({
      verdict: 'references-differ',
    })
  })

  it('counts an answer against us where two references fail', () => {
    expect(compare(question, { chordns: data, unbound: failure, bind: failure, knot: data }).verdict).toBe('different')
  })

  it('excuses only the fields that an explanation speaks of', () => {
    const iterations = { ...question, name: 'missing.b-n3-iter150.com.' }
    const unchecked = { ...data, ad: false }
    expect(compare(iterations, { chordns: unchecked, unbound: data, bind: data, knot: data }).verdict).toBe('explained')
    const empty = { ...unchecked, answers: [] }
    expect(compare(iterations, { chordns: empty, unbound: data, bind: data, knot: data }).verdict).toBe('different')
  })
})

describe('the plans', () => {
  it('break DNSSEC in more than 25 ways, and name no zone twice', () => {
    expect(brokenZones().length).toBeGreaterThan(25)
    const origins = internet().map(({ origin }) => origin)
    expect(new Set(origins).size).toBe(origins.length)
  })
})

describe('makeQuestions', () => {
  const zones: BuiltZone[] = internet()
    .slice(0, 40)
    .map((plan) => ({
      plan,
      file: '',
      keys: undefined,
      plain: `$ORIGIN ${plan.origin}\n$TTL 60\n@ NS ns1\n${plan.records}`,
      addresses: [],
      copies: {},
    }))
  const texts = (seed: number) => makeQuestions(zones, { count: 400, seed }).map(questionText)

  it('gives as many different questions as were asked for, the same for the same seed', () => {
    expect(new Set(texts(1)).size).toBe(400)
    expect(texts(1)).toEqual(texts(1))
    expect(texts(2)).not.toEqual(texts(1))
  })

  it('keeps to the pattern', () => {
    const some = makeQuestions(zones, { count: 50, seed: 1, only: /^missing/ })
    expect(some.length).toBeGreaterThan(10)
    expect(some.every(({ name }) => name.startsWith('missing'))).toBe(true)
  })
})
