import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { latin1 } from '../../src/base/index.ts'
import { canonicalRRset, nameFromWire, type Question, type RRset, Type } from '../../src/dns/index.ts'
import type { ZoneSecurity } from '../../src/dnssec/index.ts'
import type { Outcome } from '../../src/evidence/index.ts'
import { effort } from '../setup/effort.ts'
import { buildInternet, newBudget } from './internet.ts'

const APEX = '@ 3600 IN SOA ns h 1 7200 900 1209600 300\n@ NS ns\nns A 192.0.2.53\n'
const net = buildInternet([
  { origin: '.', text: `${APEX}com. NS ns.com.\n`, sign: {} },
  {
    origin: 'com.',
    text: `${APEX}example NS ns.example\nplain NS ns.plain\n`,
    sign: { nsec: 'nsec3', salt: 'ab', iterations: 2 },
  },
  { origin: 'example.com.', text: `${APEX}www A 192.0.2.1\n*.w MX 5 Mail\nal CNAME www\n`, sign: {} },
  { origin: 'plain.com.', text: `${APEX}www A 192.0.2.1\n` },
])

const QUESTIONS: readonly (readonly [string, number])[] = [
  ['www.example.com.', Type.A],
  ['x.w.example.com.', Type.MX],
  ['al.example.com.', Type.A],
  ['missing.example.com.', Type.A],
  ['www.example.com.', Type.TXT],
  ['missing.com.', Type.A],
  ['com.', Type.TXT],
  ['example.com.', Type.DS],
  ['plain.com.', Type.DS],
]

/** One octet of one rdata, signature or owner name is changed, or a part is dropped. */
interface Mutation {
  readonly set: number
  readonly part: 'rdata' | 'signature' | 'owner' | 'dropSet' | 'dropRdata' | 'dropSignature'
  readonly index: number
  readonly at: number
  readonly xor: number
}

const mutation: fc.Arbitrary<Mutation> = fc.record({
  set: fc.nat(7),
  part: fc.constantFrom('rdata', 'signature', 'owner', 'dropSet', 'dropRdata', 'dropSignature'),
  index: fc.nat(3),
  at: fc.nat(200),
  xor: fc.integer({ min: 1, max: 255 }),
})

function setsOf(outcome: Outcome): RRset[] {
  if (outcome.kind === 'rrset') return [outcome.rrset, ...outcome.proofs]
  return [...(outcome.soa === undefined ? [] : [outcome.soa]), ...outcome.proofs]
}

function mutate(outcome: Outcome, change: Mutation): Outcome {
  const sets = setsOf(outcome)
  const target = sets[change.set % Math.max(1, sets.length)]
  const replace = (set: RRset): RRset => (set === target ? mutateSet(set, change) : set)
  const proofs = outcome.proofs.filter((set) => change.part !== 'dropSet' || set !== target).map(replace)
  if (outcome.kind === 'rrset') return { ...outcome, rrset: replace(outcome.rrset), proofs }
  return { ...outcome, soa: outcome.soa === undefined ? undefined : replace(outcome.soa), proofs }
}

function mutateSet(set: RRset, { part, index, at, xor }: Mutation): RRset {
  const flip = (bytes: Uint8Array) =>
    bytes.length === 0 ? bytes : bytes.with(at % bytes.length, bytes[at % bytes.length]! ^ xor)
  const change = <T>(list: readonly T[], to: (item: T) => T[]) =>
    list.flatMap((item, i) => (i === index % list.length ? to(item) : [item]))
  switch (part) {
    case 'rdata':
      return { ...set, rdatas: change(set.rdatas, (rdata) => [flip(rdata)]) }
    case 'dropRdata':
      return { ...set, rdatas: change(set.rdatas, () => []) }
    case 'signature':
      return { ...set, signatures: change(set.signatures, (rdata) => [flip(rdata)]) }
    case 'dropSignature':
      return { ...set, signatures: change(set.signatures, () => []) }
    case 'owner':
      try {
        return { ...set, name: nameFromWire(flip(set.name.wire)) }
      } catch {
        return set
      }
    default:
      return set
  }
}

/** What a set says, without its signatures and without what canonical form takes away. */
function contentOf(set: RRset): string {
  return `${set.name.key} ${set.type} ${canonicalRRset(set).map(latin1).join('|')}`
}

describe('whatever is changed on the way', () => {
  it('in an answer: never a wrong one secure, never an unsigned one insecure, never an exception', () => {
    const links = new Map<string, ZoneSecurity>()
    fc.assert(
      fc.property(
        fc.constantFrom(...QUESTIONS),
        fc.array(mutation, { minLength: 1, maxLength: 3 }),
        ([name, type], changes) => {
          const claim = net.claim(name, type)
          const outcome = changes.reduce(mutate, claim.outcome)
          const judged = net.judge({ ...claim, outcome }, { links, budget: newBudget() })
          expect(judged.verdict).not.toBe('insecure')
          if (judged.verdict !== 'secure') return
          const honest = setsOf(claim.outcome).map(contentOf)
          for (const set of setsOf(judged.outcome)) expect(honest).toContain(contentOf(set))
        },
      ),
      { numRuns: effort(400, 1_500) },
    )
  })

  it('in the chain: never a wrong key secure, never a signed zone insecure, never an exception', () => {
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 3 }), fc.nat(4), (changes, hit) => {
        let count = 0
        const fetch = (_: Question, outcome: Outcome) => (count++ === hit ? changes.reduce(mutate, outcome) : outcome)
        const judged = net.judge(net.claim('www.example.com.', Type.A), { fetch })
        expect(judged.verdict).not.toBe('insecure')
        if (judged.verdict === 'secure')
          expect(contentOf(setsOf(judged.outcome)[0]!)).toBe(contentOf(net.set('www.example.com.', Type.A)))
      }),
      { numRuns: 300 },
    )
  })
})
