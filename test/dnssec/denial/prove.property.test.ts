import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  groupRRsets,
  isSubdomain,
  type Name,
  nameToText,
  parseName,
  prependLabel,
  type Question,
  type RRset,
  sameName,
  suffixName,
  Type,
} from '../../../src/dns/index.ts'
import { type Denial, proveExpansion, proveNodata, proveNxdomain } from '../../../src/dnssec/denial/prove.ts'
import { aggressiveAnswer, readProofs } from '../../../src/dnssec/index.ts'
import { answerFrom, type Zone, zoneOf } from '../../world/zone.ts'
import { newBudget } from '../internet.ts'
import type { SignZoneOptions } from '../signer.ts'
import { APEX, CHAINS, type Drawn, signDrawn, types } from './drawn.ts'

/** Few labels, so that names meet: also one before and one after the asterisk in canonical order. */
const label = fc.constantFrom('a', 'b', 'c', '*', '!', 'B')
const relative = fc.array(label, { minLength: 1, maxLength: 4 })
const data = fc.constantFrom('A 192.0.2.1', 'TXT "x"', 'CNAME a', 'NS ns.elsewhere.', 'SECURE', 'DNAME elsewhere.')
const entry = fc.tuple(relative, data)
const entries = fc.array(entry, { minLength: 0, maxLength: 9 })
const questions = fc.array(fc.tuple(relative, types), { minLength: 1, maxLength: 12 })

interface World {
  readonly zone: Zone
  readonly chain: readonly RRset[]
}

function build(drawn: Drawn, options: Partial<SignZoneOptions>): World {
  const records = signDrawn(drawn, options)
  const chain = groupRRsets(records).filter(({ type }) => type === Type.NSEC || type === Type.NSEC3)
  return { zone: zoneOf(APEX, records), chain }
}

const nameOf = (labels: readonly string[]): Name => parseName(`${labels.join('.')}.example.`)
const ask = (name: Name, type: number): Question => ({ name, type, class: 1 })
const proofsOf = (sets: readonly RRset[]) => ({
  ...readProofs(sets, APEX, newBudget()),
  ttl: 300,
  failure: undefined,
})
const isShown = (denial: Denial) => denial.kind === 'proven' || denial.kind === 'opt-out'

/** True for names at and below unsigned delegations and nothing else: of those an opt-out span may say that they are missing. */
function isUnsignedDelegation({ zone }: World, name: Name): boolean {
  for (let labels = APEX.labels + 1; labels <= name.labels; labels++) {
    const node = zone.nodes.get(suffixName(name, labels).key)
    if (node?.has(Type.NS) === true) return !node.has(Type.DS)
  }
  return false
}

/**
 * At or below an empty non-terminal that opt-out leaves out, with a wildcard in the zone: the records look as if the wildcard
 * held, and the server's word cannot be told from a stripped wildcard answer. Refused, as Unbound does.
 */
function isHiddenBesideWildcard(world: World, name: Name): boolean {
  const { nodes } = world.zone
  if (![...nodes.keys()].some((key) => key.startsWith('\x01*'))) return false
  for (let labels = APEX.labels + 1; labels <= name.labels; labels++) {
    const above = suffixName(name, labels)
    if (nodes.get(above.key)?.size === 0 && leadsToUnsignedOnly(world, above)) return true
  }
  return false
}

/** True for names that are there only because an unsigned delegation lies below: opt-out leaves them out too. */
function leadsToUnsignedOnly(world: World, name: Name): boolean {
  const names = [...world.zone.nodes.values()].flatMap((node) => [...node.values()].map((set) => set.name))
  return names.filter((below) => isSubdomain(below, name)).every((below) => isUnsignedDelegation(world, below))
}

it('takes an opt-out span for the absence of DS even beside a wildcard alias (seed -675016932)', () => {
  const world = build(
    [
      [['*'], 'CNAME a'],
      [['a'], 'NS ns.elsewhere.'],
    ],
    { nsec: 'nsec3', optOut: true },
  )
  expect(proveNodata(ask(nameOf(['a']), Type.DS), proofsOf(world.chain)).kind).toBe('opt-out')
})

describe.each(CHAINS)('denial by %s', (_, options) => {
  it('shows every absence that an honest server answers with', () => {
    fc.assert(
      fc.property(entries, questions, (drawn, asked) => {
        const world = build(drawn, options)
        for (const [labels, type] of asked) {
          const question = ask(nameOf(labels), type)
          const answer = answerFrom(world.zone, question, true)
          // Opt-out wants the closest *provable* encloser: the test server does not look for it, so it presents all it has.
          const proofs = proofsOf(options.optOut === true ? world.chain : answer.authorities)
          const text = `${nameToText(question.name)} ${type} ${answer.kind}`
          if (answer.answers.length > 0 || (options.optOut === true && isHiddenBesideWildcard(world, question.name)))
            continue
          if (answer.kind === 'nxdomain')
            expect(`${text} ${isShown(proveNxdomain(question, proofs))}`).toBe(`${text} true`)
          if (answer.kind === 'nodata') expect(`${text} ${isShown(proveNodata(question, proofs))}`).toBe(`${text} true`)
          if (options.optOut !== true && answer.kind === 'nxdomain') {
            expect(proveNxdomain(question, proofs)).toMatchObject({ kind: 'proven', by: 'missing' })
          }
        }
      }),
      { numRuns: 150 },
    )
  })

  it('never denies what exists, whichever records of the chain are presented', () => {
    fc.assert(
      fc.property(entries, questions, fc.infiniteStream(fc.boolean()), (drawn, asked, coins) => {
        const world = build(drawn, options)
        for (const [labels, type] of asked) {
          const question = ask(nameOf(labels), type)
          const answer = answerFrom(world.zone, question, true)
          const some = world.chain.filter(() => coins.next().value)
          for (const sets of [world.chain, some]) {
            const proofs = proofsOf(sets)
            const nodata = proveNodata(question, proofs)
            const nxdomain = proveNxdomain(question, proofs)
            const text = `${nameToText(question.name)} ${type} ${answer.kind} of ${sets.length}`
            if (answer.kind !== 'nodata') expect(`${text} ${nodata.kind === 'proven'}`).toBe(`${text} false`)
            if (answer.kind !== 'nxdomain') expect(`${text} ${nxdomain.kind === 'proven'}`).toBe(`${text} false`)
            // Data that the zone has signed is never explained away by opt-out either.
            const exists = answer.kind === 'answer' && answer.answers[0]!.type !== Type.DNAME
            const own = exists && sameName(answer.answers[0]!.name, question.name) && type !== Type.NS
            if (own && !isUnsignedDelegation(world, question.name) && isNotWildcard(world, question.name)) {
              expect(`${text} ${isShown(nodata) || isShown(nxdomain)}`).toBe(`${text} false`)
            }
            expectAggressive(world, question, proofs, answer.kind)
          }
        }
      }),
      { numRuns: 150 },
    )
  })

  it('shows that an expanded name does not exist itself, and never that an existing one does not', () => {
    fc.assert(
      fc.property(entries, fc.array(relative, { minLength: 1, maxLength: 12 }), (drawn, names) => {
        const world = build(drawn, options)
        for (const labels of names) {
          const name = nameOf(labels)
          // Below a cut and below a DNAME the zone signs nothing, wildcards included: there is nothing to be expanded.
          const answer = answerFrom(world.zone, ask(name, Type.A), true)
          if (answer.kind === 'referral' || answer.answers[0]?.type === Type.DNAME) continue
          for (let depth = APEX.labels; depth < name.labels; depth++) {
            const encloser = suffixName(name, depth)
            const denial = proveExpansion(name, encloser, Type.A, proofsOf(world.chain))
            const next = suffixName(name, depth + 1)
            const nextExists = world.zone.nodes.has(next.key)
            if (nextExists && !(options.optOut === true && leadsToUnsignedOnly(world, next))) {
              expect(isShown(denial)).toBe(false)
            }
          }
        }
      }),
      { numRuns: 100 },
    )
  })

  /** What an aggressive cache may say must be what the server would say. */
  function expectAggressive(world: World, question: Question, proofs: ReturnType<typeof proofsOf>, kind: string): void {
    const said = aggressiveAnswer(question, proofs)
    if (said === undefined) return
    const text = `${nameToText(question.name)} ${question.type}`
    if (said.kind === 'absent') expect(`${text} ${kind}`).toBe(`${text} ${said.rcode === 3 ? 'nxdomain' : 'nodata'}`)
    else {
      expect(`${text} ${kind}`).toBe(`${text} answer`)
      expect(world.zone.nodes.get(said.wildcard.key)?.has(question.type)).toBe(true)
    }
  }
})

function isNotWildcard({ zone }: World, name: Name): boolean {
  return zone.nodes.has(name.key)
}

describe('the random zones', () => {
  it('hold delegations, wildcards, aliases and empty non-terminals, so that the properties above mean something', () => {
    const kinds = new Set<string>()
    fc.assert(
      fc.property(entries, questions, (drawn, asked) => {
        const { zone } = build(drawn, { nsec: 'nsec' })
        for (const [labels, type] of asked) {
          const name = nameOf(labels)
          const answer = answerFrom(zone, ask(name, type), true)
          kinds.add(answer.kind)
          const first = answer.answers[0]
          if (first !== undefined && !zone.nodes.has(name.key) && isSubdomain(name, APEX)) kinds.add('expanded')
          if (zone.nodes.get(name.key)?.size === 0) kinds.add('empty')
          if (zone.nodes.has(prependLabel('*', APEX).key)) kinds.add('wildcard')
        }
      }),
      { numRuns: 300 },
    )
    expect([...kinds].sort()).toEqual(['answer', 'empty', 'expanded', 'nodata', 'nxdomain', 'referral', 'wildcard'])
  })
})
