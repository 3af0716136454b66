/** Differences of a zone: held against zones that are compared by themselves, and such as a primary must not send. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  encodeMessage,
  framedForTcp,
  makeQuery,
  parseName,
  parseZone,
  type ResourceRecord,
  ROOT,
} from '../../../src/dns/index.ts'
import { changedText, readDifferences } from '../../../src/peer/filtering/transfer/differences.ts'
import { Incoming, isNewer } from '../../../src/peer/filtering/transfer/incoming.ts'
import { walk } from '../../../src/peer/filtering/transfer/walk.ts'
import { zoneText } from '../../../src/peer/filtering/transfer/zone-text.ts'
import { limits } from '../../../src/peer/limits.ts'

const ZONE = parseName('rpz.example')
const records = (...lines: string[]) => parseZone(lines.join('\n'), { origin: ROOT })
const soa = (serial: number) =>
  records(`rpz.example. 60 IN SOA ns.example. mail.example. ${serial} 300 100 1000 60`)[0]!
const rule = (name: string) => records(`${name}.rpz.example. 60 IN CNAME .`)[0]!
const all = (serial: number, names: Iterable<string>) => [soa(serial), ...[...names].map(rule)]
const cut = (given: readonly ResourceRecord[], each: number): Uint8Array[] =>
  Array.from({ length: Math.ceil(given.length / each) }, (_, i) =>
    encodeMessage({
      ...makeQuery({ id: 1, name: ZONE, type: 251, rd: false }),
      qr: true,
      answers: given.slice(i * each, (i + 1) * each),
    }),
  )
const framed = (messages: readonly Uint8Array[]) => new Uint8Array(Buffer.concat(messages.map(framedForTcp)))
const textOf = (given: readonly ResourceRecord[]) => Buffer.from([...zoneText(framed(cut(given, 50)), ZONE)].join(''))
const changed = (text: Uint8Array, given: readonly ResourceRecord[]) =>
  Buffer.concat([...changedText(text, readDifferences(framed(cut(given, 3)), ZONE))]).toString()

type Step = { readonly serial: number; readonly names: ReadonlySet<string> }
/** All steps behind each other, as RFC 1995 section 4 has them. */
const stepsOf = (zones: readonly Step[]): ResourceRecord[] => {
  const last = soa(zones.at(-1)!.serial)
  const steps = zones.slice(1).flatMap((to, i) => {
    const from = zones[i]!
    const gone = [...from.names].filter((name) => !to.names.has(name))
    const come = [...to.names].filter((name) => !from.names.has(name))
    return [soa(from.serial), ...gone.map(rule), soa(to.serial), ...come.map(rule)]
  })
  return [last, ...steps, last]
}
const taken = (messages: readonly Uint8Array[], known: number | undefined) => {
  const incoming = new Incoming(ZONE, known)
  const ends = messages.map((message) => incoming.take(walk(message)))
  return { kind: incoming.kind, end: ends.at(-1)?.serial, early: ends.slice(0, -1).filter((one) => one !== undefined) }
}

const names = fc.uniqueArray(fc.constantFrom(...'abcdefghij'), { maxLength: 8 }).map((one) => new Set(one))
const zones = fc
  .tuple(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.array(names, { minLength: 2, maxLength: 5 }))
  .map(([first, sets]) => sets.map((set, i): Step => ({ serial: (first + i * 3) >>> 0, names: set })))

describe('differences of a zone', () => {
  it('make of the text that is there the text of the zone as it is now, in however many messages and steps they come', () => {
    fc.assert(
      fc.property(zones, fc.integer({ min: 1, max: 9 }), (steps, each) => {
        const given = stepsOf(steps)
        const [first, last] = [steps[0]!, steps.at(-1)!]
        expect(taken(cut(given, each), first.serial)).toEqual({ kind: 'differences', end: last.serial, early: [] })
        const now = changed(textOf(all(first.serial, first.names)), given)
          .trim()
          .split('\n')
        const whole = textOf(all(last.serial, last.names)).toString().trim().split('\n')
        expect(now[0]).toBe(whole[0])
        expect(now.sort()).toEqual(whole.sort())
      }),
      { numRuns: 60 },
    )
  })

  it('are told from a whole zone by the second record', () => {
    const zone = [...all(9, 'ab'), soa(9)]
    for (const each of [1, 2, 50]) expect(taken(cut(zone, each), 7)).toEqual({ kind: 'whole', end: 9, early: [] })
    for (const each of [1, 2])
      expect(taken(cut([soa(9), soa(9)], each), 7)).toEqual({ kind: 'whole', end: 9, early: [] })
  })

  const [a, b] = [rule('a'), rule('b')]
  it.each<[string, ResourceRecord[], RegExp]>([
    ['from another serial', [soa(9), soa(6), a, soa(9), b, soa(9)], /another serial/],
    ['with a gap between steps', [soa(9), soa(7), a, soa(8), b, soa(7), soa(9), soa(9)], /gap/],
    ['that stand still', [soa(9), soa(7), a, soa(7), b, soa(9)], /lead nowhere/],
    ['that go back', [soa(9), soa(7), soa(8), soa(8), soa(6), soa(9)], /lead nowhere/],
    ['that go too far', [soa(9), soa(7), soa(10), soa(10), soa(9), soa(9)], /lead nowhere/],
    ['without an SOA before them', [a, soa(9), soa(7), soa(9), soa(9)], /begin with its SOA/],
    ['of another zone', [...records('x.example. 1 IN SOA a. b. 9 1 1 1 1'), soa(7)], /zone x\.example/],
  ])('%s are refused', (_what, given, why) => {
    for (const each of [1, 2, 50]) expect(() => taken(cut(given, each), 7)).toThrow(why)
  })

  it('with records behind their end, in the same message, are refused', () => {
    const whole = [soa(9), soa(7), a, soa(9), b, soa(9)]
    for (const more of [b, soa(9)]) expect(() => taken(cut([...whole, more], 50), 7)).toThrow(/behind the end/)
  })

  it('never end before all is there, and cannot go on for ever', () => {
    const step = (serial: number) => [soa(serial), soa(serial + 1)]
    const many = [soa(2 ** 31 - 1), ...Array.from({ length: 300 }, (_, i) => step(i + 7)).flat()]
    expect(taken(cut(many, 100), 7)).toMatchObject({ end: undefined, early: [] })
    const incoming = new Incoming(ZONE, 7)
    const message = walk(cut([soa(9), soa(7)], 2)[0]!)
    incoming.take(message)
    const more = { answers: 60_000, soas: [] }
    const calls = Math.ceil(limits.MAX_DIFFERENCE_RECORDS / more.answers)
    expect(() => {
      for (let i = 0; i < calls; i++) incoming.take(more)
    }).toThrow(/more than 200000 records/)
    expect(() => incoming.take({ answers: 0, soas: [] })).toThrow(/without records/)
  })

  it.each<[string, ResourceRecord[], RegExp]>([
    ['delete what is not there', [soa(9), soa(7), rule('x'), soa(9), soa(9)], /not there/],
    ['add what is there', [soa(9), soa(7), soa(9), b, soa(9)], /what is there/],
    ['delete twice', [soa(9), soa(7), a, a, soa(9), soa(9)], /twice/],
    ['add twice', [soa(9), soa(7), soa(9), rule('x'), rule('x'), soa(9)], /twice/],
    [
      'begin at another SOA',
      [soa(9), records('rpz.example. 61 IN SOA ns.example. mail.example. 7 300 100 1000 60')[0]!, soa(9), soa(9)],
      /another SOA/,
    ],
    [
      'bring records of another zone',
      [soa(9), soa(7), soa(9), ...records('evil.test. 1 IN CNAME .'), soa(9)],
      /not of the zone/,
    ],
  ])('that %s do not fit', (_what, given, why) => {
    expect(() => changed(textOf(all(7, 'ab')), given)).toThrow(why)
  })

  it('do not fit a text that is not the zone', () => {
    const given = [soa(9), soa(7), a, soa(9), soa(9)]
    for (const text of ['', 'log in first', '\n', `${textOf(all(7, 'b')).toString()}`])
      expect(() => changed(Buffer.from(text), given)).toThrow(/another SOA|not there/)
  })
})

describe('serials', () => {
  it('go round (RFC 1982)', () => {
    expect([isNewer(1, 0), isNewer(0, 1), isNewer(1, 1), isNewer(0, 2 ** 32 - 1), isNewer(2 ** 32 - 1, 0)]).toEqual([
      true,
      false,
      false,
      true,
      false,
    ])
  })
})
