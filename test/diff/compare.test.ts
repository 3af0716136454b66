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
  it('is silent when all three say the same, whatever the time and the extended errors', () => {
    const other = { ...data, ede: ['3'], milliseconds: 900, ttl: 7 }
    expect(compare(question, { chordns: other, unbound: data, bind: data })).toMatchObject({ verdict: 'same' })
  })

  it.each([
    ['rcode', failure],
    ['ad', { ...data, ad: false }],
    ['answer', { ...data, answers: ['www.example.com. A 192.0.2.66'] }],
    ['answer', { ...data, answers: [] }],
    ['soa', { ...data, soa: true }],
    ['denial', { ...data, denial: true }],
  ] as const)('finds a difference in %s', (field, chordns) => {
    const compared = compare(question, { chordns, unbound: data, bind: data })
    expect(compared).toMatchObject({ verdict: 'different', fields: [field] })
  })

  it('takes a reply that never comes for the failure that it is', () => {
    const none = { ...failure, rcode: 'TIMEOUT' }
    expect(compare(question, { chordns: failure, unbound: none, bind: failure }).verdict).toBe('same')
    expect(compare(question, { chordns: none, unbound: data, bind: data }).verdict).toBe('different')
  })

  it('counts nothing against us where the references differ, but all else', () => {
    const bind = { ...data, ad: false }
    expect(compare(question, { chordns: bind, unbound: data, bind }).verdict).toBe('references-differ')
    const wrong = { ...data, answers: [] }
    expect(compare(question, { chordns: wrong, unbound: data, bind })).toMatchObject({
      verdict: 'different',
      fields: ['answer'],
      openFields: ['ad'],
    })
    expect(compare(question, { chordns: wrong, unbound: data, bind: failure })).toMatchObject({
      verdict: 'references-differ',
      fields: [],
    })
  })

  it('excuses only the fields that an explanation speaks of', () => {
    const iterations = { ...question, name: 'missing.b-n3-iter150.com.' }
    const unchecked = { ...data, ad: false }
    expect(compare(iterations, { chordns: unchecked, unbound: data, bind: data }).verdict).toBe('explained')
    const empty = { ...unchecked, answers: [] }
    expect(compare(iterations, { chordns: empty, unbound: data, bind: data }).verdict).toBe('different')
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
