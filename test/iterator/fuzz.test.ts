import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ChordnsError } from '../../src/base/index.ts'
import {
  decodeMessage,
  encodeMessage,
  isSubdomain,
  type Message,
  makeQuery,
  parseName,
  parseZone,
} from '../../src/dns/index.ts'
import { type Asked, classify } from '../../src/iterator/index.ts'
import { effort } from '../setup/effort.ts'

const ASKED: Asked = {
  question: { name: parseName('www.example.test.'), type: 1, class: 1 },
  zone: parseName('test.'),
  role: 'authority',
}

const LINES = [
  'www.example.test. A 192.0.2.1',
  'www.example.test. CNAME a.example.test.',
  'a.example.test. A 192.0.2.1',
  'example.test. DNAME other.test.',
  'example.test. NS ns.example.test.',
  'test. NS ns.example.test.',
  '. NS ns.example.test.',
  'other.test. NS ns.other.test.',
  'ns.example.test. A 192.0.2.2',
  'ns.example.test. AAAA 2001:db8::2',
  'victim.org. A 192.0.2.3',
  'example.test. SOA a. b. 1 2 3 4 5',
  '. SOA a. b. 1 2 3 4 5',
  'example.test. DS 1 13 2 AABB',
  'example.test. NSEC z.test. NS',
  'www.example.test. RRSIG A 13 3 60 20300101000000 20200101000000 1 example.test. AAAA',
  'example.test. RRSIG NS 13 3 60 20300101000000 20200101000000 1 . AAAA',
]

const SECTION = fc
  .array(fc.constantFrom(...LINES), { maxLength: 6 })
  .map((lines) => parseZone(lines.join('\n'), { origin: parseName('.'), defaultTtl: 60 }))

const MESSAGE: fc.Arbitrary<Message> = fc
  .record({
    answers: SECTION,
    authorities: SECTION,
    additionals: SECTION,
    aa: fc.boolean(),
    ra: fc.boolean(),
    rcode: fc.nat(5),
  })
  .map((parts) => ({ ...makeQuery({ id: 1, name: ASKED.question.name, type: 1, rd: false }), qr: true, ...parts }))

/** Every name that a reply would bring into the cache or make us follow. */
function statedNames(message: Message) {
  const reply = classify(message, ASKED)
  if (reply.kind === 'referral') return { inside: [reply.delegation.zone], reply }
  if (!('outcome' in reply)) return { inside: [], reply }
  const outcomes = [reply.outcome, ...reply.extras.map((extra) => extra.outcome)]
  const owners = outcomes.flatMap((outcome) => [
    outcome.apex,
    ...(outcome.kind === 'rrset' ? [outcome.rrset.name] : outcome.soa === undefined ? [] : [outcome.soa.name]),
    ...outcome.proofs.map((proof) => proof.name),
  ])
  return { inside: [...owners, ...reply.extras.map((extra) => extra.question.name)], reply }
}

describe('classify, whatever the reply', () => {
  it('states nothing outside the zone asked', () => {
    fc.assert(
      fc.property(MESSAGE, (message) => {
        const { inside, reply } = statedNames(message)
        for (const name of inside) expect(isSubdomain(name, ASKED.zone)).toBe(true)
        if (reply.kind === 'referral') {
          expect(reply.delegation.zone.labels).toBeGreaterThan(ASKED.zone.labels)
          expect(isSubdomain(ASKED.question.name, reply.delegation.zone)).toBe(true)
          expect([...reply.delegation.addresses.keys()].every((key) => key.endsWith(ASKED.zone.key))).toBe(true)
        }
      }),
      { numRuns: effort(300, 1_000) },
    )
  })

  it('never throws on bytes that the codec accepts, however mangled', () => {
    const mangled = fc.tuple(MESSAGE, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }))
    fc.assert(
      fc.property(mangled, ([message, edits]) => {
        const bytes = encodeMessage(message)
        for (const [at, value] of edits) bytes[at % bytes.length] = value
        let decoded: Message
        try {
          decoded = decodeMessage(bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(ChordnsError)
          return
        }
        statedNames(decoded)
      }),
      { numRuns: effort(900, 3_000) },
    )
  })
})
