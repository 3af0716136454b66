import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isChordnsError } from '../../src/base/index.ts'
import { Rank } from '../../src/cache/index.ts'
import { encodeCanonical } from '../../src/crypto/index.ts'
import { isSubdomain, type Name, parseName, sameName } from '../../src/dns/index.ts'
import { evidenceLimits } from '../../src/evidence/index.ts'
import { limits } from '../../src/household/limits.ts'
import {
  type AnswerRow,
  type DelegationRow,
  decodeMessage,
  encodeMessage,
  encodeRow,
  type ToldRow,
} from '../../src/household/rows.ts'
import { names, outcomes } from '../evidence/helpers.ts'
import { addressOf, delegationOf, question } from './boxes.ts'

const answers: fc.Arbitrary<AnswerRow> = fc
  .record({
    outcome: outcomes,
    rank: fc.constantFrom(Rank.AUTHORITY_SECTION, Rank.AUTHORITATIVE),
    seconds: fc.integer({ min: 0, max: limits.MAX_SECONDS * 1_000 }).map((ms) => ms / 1_000),
    type: fc.constantFrom(1, 28, 65_300),
  })
  .map(({ outcome, rank, seconds, type }) => {
    if (outcome.kind === 'absent') {
      const apex = outcome.soa?.name ?? outcome.apex
      return { kind: 'answer', question: { name: apex, type, class: 1 }, outcome: { ...outcome, apex }, rank, seconds }
    }
    const rrset = { ...outcome.rrset, class: 1 }
    const asked = { name: rrset.name, type: rrset.type, class: 1 }
    return { kind: 'answer', question: asked, outcome: { ...outcome, rrset, apex: rrset.name }, rank, seconds }
  })

const addresses = fc.array(fc.constantFrom('198.51.100.1', '2001:db8::7', '203.0.113.255'), { maxLength: 3 })

const delegations: fc.Arbitrary<DelegationRow> = fc
  .record({
    zone: names.filter((name) => name.labels > 0),
    servers: fc.uniqueArray(
      names.filter((name) => name.labels > 0),
      {
        minLength: 1,
        maxLength: 5,
        selector: (name: Name) => name.key,
      },
    ),
    addresses,
    ttl: fc.integer({ min: 0, max: 604_800 }),
    glueTtl: fc.option(fc.integer({ min: 0, max: limits.MAX_SECONDS }), { nil: undefined }),
    hasParent: fc.boolean(),
  })
  .map(({ zone, servers, addresses, ttl, glueTtl, hasParent }) => ({
    kind: 'delegation',
    parent: hasParent ? parseName('.') : undefined,
    delegation: {
      zone,
      nameServers: servers,
      addresses: new Map(addresses.length === 0 ? [] : servers.map((server) => [server.key, addresses])),
      ds: undefined,
      proofs: [],
      ttl,
      ...(glueTtl !== undefined && { glueTtl }),
    },
  }))

const rows: fc.Arbitrary<ToldRow> = fc.oneof(answers, delegations)

describe('rows between members of a household', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(fc.array(rows, { minLength: 1, maxLength: 5 }), (told) => {
        const bytes = encodeMessage(told.map((row) => encodeRow(row)!))
        expect(decodeMessage(bytes)).toEqual(told)
      }),
    )
  })

  it('have what is left in whole seconds, rounded down, for members of the release before', () => {
    fc.assert(
      fc.property(rows, (row) => {
        const bytes = encodeMessage([encodeRow(row, 1)!], 1)
        const whole = row.kind === 'answer' ? { ...row, seconds: Math.floor(row.seconds) } : row
        expect(decodeMessage(bytes)).toEqual([whole])
      }),
    )
  })

  it('are refused with an error of ours, or read, whatever becomes of their bytes', () => {
    const changes = fc.array(fc.record({ at: fc.nat(), to: fc.nat(255) }), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(rows, changes, fc.nat(), fc.boolean(), (row, mutations, cut, isCut) => {
        const inner = encodeRow(row)!.slice()
        for (const { at, to } of mutations) inner[at % inner.length] = to
        for (const bytes of [encodeMessage([inner]), mutated(encodeMessage([encodeRow(row)!]), mutations)]) {
          try {
            decodeMessage(isCut ? bytes.subarray(0, cut % bytes.length) : bytes)
          } catch (error) {
            expect(isChordnsError(error), String(error)).toBe(true)
          }
        }
      }),
      { numRuns: 2_000 },
    )
  })

  it('leave out what is larger than a row may be', () => {
    const big = question('big.example.com', 'TXT')
    const text = { ...addressOf(big, []), rrset: { ...rrsetOf(big), rdatas: many(200, 255) } }
    expect(encodeRow(answer({ question: big, outcome: text }))).toBeUndefined()
    const small = { ...text, rrset: { ...rrsetOf(big), rdatas: many(100, 255) } }
    expect(encodeRow(answer({ question: big, outcome: small }))!.length).toBeLessThanOrEqual(limits.MAX_ROW_BYTES)
  })

  it('carry no more name servers and addresses than evidence may have', () => {
    const servers = Array.from({ length: 40 }, (_, i) => parseName(`ns${i}.example.com`))
    const ips = Array.from({ length: 30 }, (_, i) => `198.51.100.${i}`)
    const delegation = {
      ...delegationOf('example.com'),
      nameServers: servers,
      addresses: new Map(servers.map(({ key }) => [key, ips])),
    }
    const [row] = decodeMessage(encodeMessage([encodeRow({ kind: 'delegation', delegation, parent: undefined })!]))
    const read = (row as DelegationRow).delegation
    expect(read.nameServers).toHaveLength(evidenceLimits.MAX_NAME_SERVERS)
    for (const list of read.addresses.values()) expect(list.length).toBe(evidenceLimits.MAX_GLUE_ADDRESSES)
  })

  it.each([
    ['another version', encodeCanonical([3, [encodeRow(answer())!]])],
    ['a version that is no number', encodeCanonical(['2', [encodeRow(answer())!]])],
    ['ms in a message that has seconds', encodeMessage([encodeRow(answer({ seconds: limits.MAX_SECONDS }))!], 1)],
    ['no rows', encodeCanonical([1, []])],
    ['more rows than a message may have', encodeCanonical([1, many(limits.MAX_ROWS + 1, 1)])],
    ['a kind that nobody knows', encodeMessage([encodeCanonical([7, 1])])],
    ['a rank above what one has fetched', encodeMessage([withRank(Rank.SECURE)])],
    ['a rank of glue', encodeMessage([withRank(Rank.GLUE)])],
    ['more seconds than a week', encodeMessage([encodeRow(answer({ seconds: limits.MAX_SECONDS + 1 }))!])],
    ['an answer to another question', encodeMessage([encodeRow(answer({ question: question('other.example.') }))!])],
    ['a delegation without servers', encodeMessage([cut({ nameServers: [] })])],
    ['a parent that is not above', encodeMessage([cut({}, 'example.org')])],
    ['a parent that is the zone', encodeMessage([cut({}, 'example.com')])],
    ['DS of another zone', encodeMessage([cut({ ds: { ...rrsetOf(question('example.org', 'DS')), ttl: 60 } })])],
    ['more bytes than a frame has', new Uint8Array(limits.MESSAGE_BYTES + 2_000)],
  ])('are refused with %s', (_, bytes) => {
    expect(() => decodeMessage(bytes)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^(HOUSEHOLD|EVIDENCE|CBOR)_MALFORMED$/) }),
    )
  })

  it('name a parent above the zone', () => {
    fc.assert(
      fc.property(delegations, (row) => {
        const [read] = decodeMessage(encodeMessage([encodeRow(row)!])) as [DelegationRow]
        const { parent, delegation } = read
        if (parent === undefined) return
        expect(isSubdomain(delegation.zone, parent) && !sameName(delegation.zone, parent)).toBe(true)
      }),
    )
  })
})

function answer(change: Partial<AnswerRow> = {}): AnswerRow {
  const asked = question('www.example.com')
  return {
    kind: 'answer',
    question: asked,
    outcome: addressOf(asked, [192, 0, 2, 1]),
    rank: Rank.AUTHORITATIVE,
    seconds: 300,
    ...change,
  }
}

function withRank(rank: Rank): Uint8Array {
  return encodeRow(answer({ rank }))!
}

function cut(change: Partial<DelegationRow['delegation']>, parent?: string): Uint8Array {
  const delegation = delegationOf('example.com', change)
  return encodeRow({ kind: 'delegation', delegation, parent: parent === undefined ? undefined : parseName(parent) })!
}

function rrsetOf({ name, type }: ReturnType<typeof question>) {
  return { name, type, class: 1, ttl: 300, rdatas: [Uint8Array.of(1, 2, 3, 4)], signatures: [] }
}

function many(count: number, length: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => new Uint8Array(length).fill(i % 250))
}

function mutated(bytes: Uint8Array, mutations: readonly { at: number; to: number }[]): Uint8Array {
  const copy = bytes.slice()
  for (const { at, to } of mutations) copy[at % copy.length] = to
  return copy
}
