import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  compareNames,
  type Name,
  nameToText,
  parseName,
  prependLabel,
  type Question,
  type RRset,
  suffixName,
  Type,
} from '../../../src/dns/index.ts'
import { proveExpansion, proveNodata, proveNxdomain } from '../../../src/dnssec/denial/prove.ts'
import { readProofs } from '../../../src/dnssec/index.ts'
import type { Outcome } from '../../../src/evidence/index.ts'
import { type DenialLimits, DenialStore } from '../../../src/recurse/denials/denial-store.ts'
import { Ordered } from '../../../src/recurse/denials/ordered.ts'
import { orderKey } from '../../../src/recurse/denials/zone-denials.ts'
import { limits } from '../../../src/recurse/limits.ts'
import { APEX, CHAINS, type Drawn, signDrawn, types } from '../../dnssec/denial/drawn.ts'
import { newBudget } from '../../dnssec/internet.ts'
import type { SignZoneOptions } from '../../dnssec/signer.ts'
import { effort } from '../../setup/effort.ts'
import { answerFrom, type Zone, zoneOf } from '../../world/zone.ts'

const NOW = 1_800_000_000_000
const TTL_MS = 300_000

const label = fc.constantFrom('a', 'b', 'c', '*', '!', 'B', '\\000', '\\001')
const relative = fc.array(label, { minLength: 1, maxLength: 4 })
const data = fc.constantFrom(
  'A 192.0.2.1',
  'A 192.0.2.2',
  'TXT "x"',
  'CNAME a',
  'NS ns.elsewhere.',
  'SECURE',
  'DNAME x.',
)
const entries = fc.array(fc.tuple(relative, data), { minLength: 0, maxLength: 9 })
const questions = fc.array(fc.tuple(relative, types), { minLength: 1, maxLength: 16 })

const build = (drawn: Drawn, options: Partial<SignZoneOptions>, apex = APEX): Zone =>
  zoneOf(apex, signDrawn(drawn, options, apex))

const ask = (name: Name | string, type: number): Question => ({
  name: typeof name === 'string' ? parseName(name) : name,
  type,
  class: 1,
})
const inZone = (labels: readonly string[]) => parseName(`${labels.join('.')}.example.`)
const store = (change: Partial<DenialLimits> = {}) => new DenialStore({ ...limits, ...change })
const chainOf = (zone: Zone): RRset[] =>
  [...zone.nodes.values()].flatMap((node) => [...node.values()].filter(({ type }) => type === Type.NSEC))

/** What the zone's server says, as the validator would hand it over; undefined where there is no secure verdict. */
function secureAnswer(zone: Zone, question: Question): { outcome: Outcome; wildcard?: Name } | undefined {
  const { name, type } = question
  const answer = answerFrom(zone, question, true)
  const { origin: apex } = zone
  const sets = answer.authorities.filter((set) => set.type === Type.NSEC || set.type === Type.NSEC3)
  const proofs = { ...readProofs(sets, apex, newBudget()), ttl: 300, failure: undefined }
  const [rrset] = answer.answers
  if (rrset !== undefined) {
    if (rrset.name.key !== name.key || zone.nodes.has(name.key))
      return { outcome: { kind: 'rrset', rrset, apex, proofs: [] } }
    const encloser = deepestNode(zone, name)
    const denial = proveExpansion(name, encloser, type, proofs)
    const wildcard = prependLabel('*', encloser)
    return denial.kind === 'proven'
      ? { outcome: { kind: 'rrset', rrset, apex, proofs: denial.used }, wildcard }
      : undefined
  }
  if (answer.kind !== 'nodata' && answer.kind !== 'nxdomain') return undefined
  const rcode = answer.kind === 'nxdomain' ? 3 : 0
  const denial = rcode === 3 ? proveNxdomain(question, proofs) : proveNodata(question, proofs)
  const soa = answer.authorities.find((set) => set.type === Type.SOA)
  return denial.kind === 'proven' ? { outcome: { kind: 'absent', rcode, apex, soa, proofs: denial.used } } : undefined
}

function deepestNode(zone: Zone, name: Name): Name {
  for (let labels = name.labels - 1; ; labels--) {
    const above = suffixName(name, labels)
    if (zone.nodes.has(above.key)) return above
  }
}

function learn(denials: DenialStore, zone: Zone, question: Question, now = NOW, context = 'main'): boolean {
  const answer = secureAnswer(zone, question)
  if (answer === undefined) return false
  const evidence = { security: 'secure', provenance: 'solo', observers: [] } as const
  const finding = { question, outcome: answer.outcome, evidence, expires: now + TTL_MS }
  const { wildcard } = answer
  const verdict = { verdict: 'secure', outcome: answer.outcome, zone: zone.origin, ttlCap: 300 } as const
  denials.learn(context, finding, wildcard === undefined ? verdict : { ...verdict, wildcard }, now)
  return true
}

function inferred(denials: DenialStore, question: Question, now = NOW, context = 'main', cut = 0): Outcome | undefined {
  return denials.answer(context, question, cut, now, newBudget())?.outcome
}

/** `NXDOMAIN`, `NODATA`, or the set: what a client would see. */
function seen(outcome: Outcome | undefined): string {
  if (outcome === undefined) return 'nothing'
  if (outcome.kind === 'absent') return outcome.rcode === 3 ? 'NXDOMAIN' : 'NODATA'
  const { name, type, rdatas } = outcome.rrset
  return `${nameToText(name).toLowerCase()} ${type} ${rdatas.map((rdata) => rdata.join('.')).join(' ')}`
}

function truth(zone: Zone, question: Question): string {
  const { kind, answers } = answerFrom(zone, question, true)
  if (answers[0] !== undefined) return seen({ kind: 'rrset', rrset: answers[0], apex: zone.origin, proofs: [] })
  return kind === 'nxdomain' ? 'NXDOMAIN' : kind === 'nodata' ? 'NODATA' : kind
}

describe.each(CHAINS)('a store of denials by %s', (_, options) => {
  it('never says what the zone itself would not say', () => {
    fc.assert(
      fc.property(entries, questions, fc.constantFrom(3, 1_000), (drawn, asked, perZone) => {
        const zone = build(drawn, options)
        const denials = store({ DENIAL_RECORDS_PER_ZONE: perZone })
        for (const [labels, type] of [...asked, ...asked]) {
          const question = ask(inZone(labels), type)
          const said = inferred(denials, question)
          if (said !== undefined) {
            const text = `${nameToText(question.name)} ${type}`
            expect(`${text}: ${seen(said)}`).toBe(`${text}: ${truth(zone, question)}`)
          }
          learn(denials, zone, question)
        }
      }),
      { numRuns: effort(75, 300) },
    )
  })

  it('speaks with proofs that hold by themselves', () => {
    fc.assert(
      fc.property(entries, questions, (drawn, asked) => {
        const zone = build(drawn, options)
        const denials = store()
        for (const [labels, type] of asked) learn(denials, zone, ask(inZone(labels), type))
        for (const [labels, type] of asked.toReversed()) {
          const question = ask(prependLabel('x', inZone(labels)), type)
          const said = inferred(denials, question)
          if (said === undefined) continue
          const proofs = { ...readProofs(said.proofs, APEX, newBudget()), ttl: 300, failure: undefined }
          const denial =
            said.kind === 'rrset'
              ? proveExpansion(question.name, deepestNode(zone, question.name), type, proofs)
              : said.rcode === 3
                ? proveNxdomain(question, proofs)
                : proveNodata(question, proofs)
          expect(denial.kind).toBe('proven')
        }
      }),
      { numRuns: effort(40, 150) },
    )
  })
})

describe.each(CHAINS.slice(0, 2))('a store of denials by %s', (_, options) => {
  it('knows again every absence that it has learnt', () => {
    fc.assert(
      fc.property(entries, questions, (drawn, asked) => {
        // What ends just behind its owner looks as if it was made up for the question: not kept.
        fc.pre(drawn.every(([labels]) => labels[0] !== '\\000'))
        const zone = build(drawn, options)
        const denials = store()
        const known = asked
          .map(([labels, type]) => ask(inZone(labels), type))
          .filter((question) => question.type !== Type.DS && !nameToText(question.name).startsWith('*'))
          .filter(
            (question) => secureAnswer(zone, question)?.outcome.kind === 'absent' && learn(denials, zone, question),
          )
        for (const question of known) expect(seen(inferred(denials, question))).toBe(truth(zone, question))
      }),
      { numRuns: effort(40, 150) },
    )
  })
})

describe('a store of denials', () => {
  const zone = build(
    [
      [['a'], 'A 192.0.2.1'],
      [['m'], 'A 192.0.2.1'],
      [['*', 'w'], 'TXT "x"'],
      [['z'], 'NS ns.elsewhere.'],
    ],
    { nsec: 'nsec' },
  )
  const missing = ask('bb.example.', Type.A)
  const filled = () => {
    const denials = store()
    learn(denials, zone, missing)
    return denials
  }

  it('answers for all names in the span, not only for the one that was asked', () => {
    const denials = filled()
    expect(seen(inferred(denials, ask('bc.example.', Type.AAAA)))).toBe('NXDOMAIN')
    expect(seen(inferred(denials, ask('deep.below.bc.example.', Type.A)))).toBe('NXDOMAIN')
    expect(inferred(denials, ask('m.example.', Type.A))).toBeUndefined()
    expect(inferred(denials, ask('n.example.', Type.A))).toBeUndefined()
  })

  it('answers for names that a wildcard covers', () => {
    const denials = store()
    learn(denials, zone, ask('one.w.example.', Type.TXT))
    const other = inferred(denials, ask('two.w.example.', Type.TXT))
    expect(seen(other)).toBe('two.w.example. 16 1.120')
    expect(other?.proofs.map(({ type }) => type)).toEqual([Type.NSEC])
    expect(inferred(denials, ask('two.w.example.', Type.A))).toBeUndefined()
  })

  it('says nothing once it has expired, to the millisecond', () => {
    const denials = filled()
    expect(inferred(denials, missing, NOW + TTL_MS - 1)).toBeDefined()
    expect(inferred(denials, missing, NOW + TTL_MS)).toBeUndefined()
    expect(denials.records).toBeLessThan(2)
  })

  it('never lives longer than the record itself, whatever the answer lived', () => {
    const denials = store()
    const answer = secureAnswer(zone, missing)!
    const short = { ...answer.outcome, proofs: answer.outcome.proofs.map((set) => ({ ...set, ttl: 10 })) } as Outcome
    const finding = { question: missing, outcome: short, evidence: SECURE, expires: NOW + TTL_MS }
    denials.learn('main', finding, { verdict: 'secure', outcome: short, zone: APEX, ttlCap: 300 }, NOW)
    expect(denials.answer('main', missing, 0, NOW, newBudget())?.expires).toBe(NOW + 10_000)
    expect(inferred(denials, missing, NOW + 10_000)).toBeUndefined()
  })

  it('carries the SOA, and says nothing of an absence without one', () => {
    expect(inferred(filled(), missing)).toMatchObject({ soa: { type: Type.SOA, name: { key: APEX.key } } })
    const denials = store()
    learn(denials, zone, ask('one.w.example.', Type.TXT))
    expect(seen(inferred(denials, ask('two.w.example.', Type.TXT)))).not.toBe('nothing')
    expect(inferred(denials, ask('w.example.', Type.TXT))).toBeUndefined()
  })

  it('never speaks for another context', () => {
    expect(inferred(filled(), missing, NOW, 'stub:example.')).toBeUndefined()
  })

  it('never speaks below a known zone cut, nor at one', () => {
    expect(inferred(filled(), ask('x.bb.example.', Type.A), NOW, 'main', 2)).toBeUndefined()
    const denials = store()
    learn(denials, zone, ask('zz.example.', Type.A))
    learn(denials, zone, ask('y.example.', Type.A))
    expect(inferred(denials, ask('z.example.', Type.A))).toBeUndefined()
    expect(inferred(denials, ask('www.z.example.', Type.A))).toBeUndefined()
  })

  it.each([Type.DS, Type.RRSIG, Type.ANY])('never answers for type %s', (type) => {
    expect(inferred(filled(), ask(missing.name, type))).toBeUndefined()
  })

  it('never answers for a wildcard itself', () => {
    expect(inferred(filled(), ask('*.bb.example.', Type.A))).toBeUndefined()
  })

  it('takes no record with a next name outside of its zone (CVE-2026-13321)', () => {
    const denials = store()
    const [owner, next] = [parseName('example.'), parseName('zzz.')]
    const forged: RRset = { ...chainOf(zone)[0]!, name: owner, rdatas: [new Uint8Array([...next.wire, 0, 1, 0x40])] }
    const soa = zone.soa
    const outcome: Outcome = { kind: 'absent', rcode: 3, apex: APEX, soa, proofs: [forged] }
    const finding = { question: missing, outcome, evidence: SECURE, expires: NOW + TTL_MS }
    denials.learn('main', finding, { verdict: 'secure', outcome, zone: APEX, ttlCap: 300 }, NOW)
    expect(denials.records).toBe(0)
    for (const name of ['other.', 'www.other.', 'b.example.']) {
      expect(inferred(denials, ask(name, Type.A))).toBeUndefined()
    }
  })

  it('never denies names of a neighbour, a parent or a child by the records of a zone', () => {
    const denials = filled()
    for (const name of ['bb.', 'bb.examples.', 'example.net.', 'com.', '.'])
      expect(inferred(denials, ask(name, Type.A))).toBeUndefined()
    const child = build([[['k'], 'A 192.0.2.9']], { nsec: 'nsec' }, parseName('m.example.'))
    learn(denials, child, ask('j.m.example.', Type.A))
    // The parent's span of "m" says nothing here, the child's own does.
    expect(inferred(denials, ask('x.m.example.', Type.A))).toBeUndefined()
    expect(seen(inferred(denials, ask('i.m.example.', Type.A)))).toBe('NXDOMAIN')
    expect(seen(inferred(denials, ask('bb.example.', Type.A)))).toBe('NXDOMAIN')
  })

  it('takes no wildcard of another zone, and never expands one for it', () => {
    const denials = store()
    const answer = secureAnswer(zone, ask('one.w.example.', Type.TXT))!
    const finding = { question: missing, outcome: answer.outcome, evidence: SECURE, expires: NOW + TTL_MS }
    const zoneBelow = parseName('w.example.')
    const verdict = { verdict: 'secure', outcome: answer.outcome, zone: zoneBelow, ttlCap: 300 } as const
    denials.learn('main', finding, { ...verdict, wildcard: parseName('*.example.') }, NOW)
    expect(denials.records).toBe(0)
    learn(denials, build([[['a'], 'A 192.0.2.9']], { nsec: 'nsec' }, zoneBelow), ask('b.w.example.', Type.TXT))
    expect(seen(inferred(denials, ask('two.w.example.', Type.TXT)))).not.toContain('16')
    expect(inferred(denials, ask('two.example.', Type.TXT))).toBeUndefined()
  })

  it('forgets a chain whose parameters have changed', () => {
    const first = build([[['a'], 'A 192.0.2.1']], { nsec: 'nsec3', salt: 'aa' })
    const second = build([[['a'], 'A 192.0.2.1']], { nsec: 'nsec3', salt: 'bb' })
    const denials = store()
    learn(denials, first, missing)
    const before = denials.records
    learn(denials, second, ask('a.example.', Type.TXT))
    expect([before, denials.records]).toEqual([2, 1])
    expect(inferred(denials, missing)).toBeUndefined()
  })

  it('keeps no opt-out spans, no costly chains and no records that span nothing', () => {
    const denials = store()
    learn(denials, build([[['a'], 'A 192.0.2.1']], { nsec: 'nsec3', optOut: true }), ask('a.example.', Type.TXT))
    const made = parseName('bb.example.')
    const next = prependLabel('\0', made)
    const nsec = { ...chainOf(zone)[0]!, name: made, rdatas: [new Uint8Array([...next.wire, 0, 6, 0, 0, 0, 0, 0, 3])] }
    const outcome: Outcome = { kind: 'absent', rcode: 0, apex: APEX, soa: zone.soa, proofs: [nsec] }
    const finding = { question: missing, outcome, evidence: SECURE, expires: NOW + TTL_MS }
    denials.learn('main', finding, { verdict: 'secure', outcome, zone: APEX, ttlCap: 300 }, NOW)
    expect(denials.records).toBe(0)
  })

  it('spends no more hashes than it may, and none that are not there', () => {
    const chain = build([[['a'], 'A 192.0.2.1']], { nsec: 'nsec3', iterations: 50 })
    const denials = store()
    learn(denials, chain, ask('b.example.', Type.A))
    const spent = (name: string, hashes: number) => {
      const budget = newBudget(0, hashes)
      const found = denials.answer('main', ask(name, Type.A), 0, NOW, budget)
      return [found !== undefined, hashes - budget.left('hashes')]
    }
    expect(spent('c.example.', 1_000)[0]).toBe(true)
    expect(spent('c.example.', 1_000)[1]).toBeLessThanOrEqual(limits.DENIAL_HASHES)
    expect(spent(`${'x.'.repeat(100)}example.`, 10_000)).toEqual([false, 0])
    expect(spent('c.example.', 3)).toEqual([false, 0])
  })

  it('is bounded: by zone, and in all, the zone that was not used for longest going first', () => {
    const denials = store({ DENIAL_RECORDS: 40, DENIAL_RECORDS_PER_ZONE: 20 })
    const big = build(
      Array.from({ length: 60 }, (_, i): [string[], string] => [[`n${i}`], 'A 192.0.2.1']),
      { nsec: 'nsec' },
    )
    for (let i = 0; i < 60; i++) learn(denials, big, ask(`n${i}x.example.`, Type.A))
    expect(denials.records).toBe(20)
    for (let i = 0; i < 30; i++) {
      const apex = parseName(`z${i}.`)
      learn(denials, build([[['a'], 'A 192.0.2.1']], { nsec: 'nsec' }, apex), ask(`b.z${i}.`, Type.A))
    }
    expect(denials.records).toBeLessThanOrEqual(40)
    expect(seen(inferred(denials, ask('b.z29.', Type.A)))).toBe('NXDOMAIN')
    expect(inferred(denials, ask('n1y.example.', Type.A))).toBeUndefined()
    denials.clear()
    expect([denials.records, denials.zones]).toEqual([0, 0])
  })

  it('keeps no message alive that a record came in', () => {
    const denials = store()
    const answer = secureAnswer(zone, missing)!
    const [set] = answer.outcome.proofs
    const message = new Uint8Array(65_535)
    message.set(set!.rdatas[0]!)
    const held = { ...set!, rdatas: [message.subarray(0, set!.rdatas[0]!.length)] }
    const outcome = { ...answer.outcome, proofs: [held] } as Outcome
    const finding = { question: missing, outcome, evidence: SECURE, expires: NOW + TTL_MS }
    denials.learn('main', finding, { verdict: 'secure', outcome, zone: APEX, ttlCap: 300 }, NOW)
    const said = inferred(denials, ask(set!.name, Type.HINFO))
    expect(said?.proofs[0]?.rdatas[0]?.buffer.byteLength).toBeLessThan(1_000)
  })
})

const SECURE = { security: 'secure', provenance: 'solo', observers: [] } as const

describe('the order of names', () => {
  it('is the canonical order', () => {
    const name = fc
      .array(fc.uint8Array({ minLength: 1, maxLength: 3 }), { maxLength: 4 })
      .map((labels) => labels.reduce<Name>((below, bytes) => prependLabel(bytes, below), parseName('.')))
    fc.assert(
      fc.property(name, name, (a, b) => {
        const [x, y] = [orderKey(a), orderKey(b)]
        expect(Math.sign(compareNames(a, b))).toBe(x < y ? -1 : x > y ? 1 : 0)
      }),
    )
  })
})

describe('ordered values', () => {
  it('are found like in a sorted list', () => {
    const key = fc.string({ maxLength: 2 })
    const step = fc.tuple(fc.constantFrom('set', 'delete', 'oldest'), key)
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), key, (steps, wanted) => {
        const ordered = new Ordered<string>()
        const model = new Map<string, string>()
        for (const [what, k] of steps) {
          if (what === 'set') {
            ordered.set(k, k)
            model.delete(k)
            model.set(k, k)
          } else if (what === 'delete') expect(ordered.delete(k)).toBe(model.delete(k))
          else {
            ordered.deleteOldest()
            for (const [oldest] of model) {
              model.delete(oldest)
              break
            }
          }
        }
        const keys = [...model.keys()].sort((a, b) => (a < b ? -1 : 1))
        expect(ordered.size).toBe(keys.length)
        expect(ordered.get(wanted)).toBe(model.get(wanted))
        expect(ordered.floor(wanted)).toBe(keys.findLast((one) => one <= wanted))
        expect(ordered.last()).toBe(keys.at(-1))
      }),
    )
  })
})
