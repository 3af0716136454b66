/** Seven vantage points with real recursors: which class each kind of name gets, and what liars on the way to some come to. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { RingRead } from '../../../src/chunks/index.ts'
import { addressText, type Question } from '../../../src/dns/index.ts'
import { type Content, delegationQuestion } from '../../../src/evidence/index.ts'
import { ask, type Node } from '../world.ts'
import { censor, createVantage, evilAddress, HIJACKED, hijack, misdirect, REPLICAS, type Vantage } from './vantage.ts'

let vantage: Vantage
const www = (zone: string): Question => ask(`www.${zone}`)

afterEach(() => vantage.world.stop())

async function agreeOn(asked: Question): Promise<RingRead> {
  const { world } = vantage
  const outsiders = world.outsiders(asked)
  await world.told(asked, outsiders, 40_000)
  return world.read(outsiders[0]!, asked)
}

const texts = (content: Content | undefined): string[] =>
  content?.kind === 'rrset'
    ? content.rrset.rdatas.map(addressText)
    : content?.kind === 'delegation'
      ? content.glue.flatMap((one) => one.addresses.map(addressText))
      : []

const shown = (read: RingRead): string[] =>
  read.kind === 'accepted'
    ? texts(read.finding.outcome)
    : read.kind === 'delegation'
      ? texts(read.delegation.delegated)
      : []
const classOf = (read: RingRead) => (read.kind === 'accepted' ? read.finding.evidence.provenance : read.kind)
const prefixes = (read: RingRead): string[] =>
  read.kind === 'divergent' ? read.divergence.prefixes.map(({ bytes }) => bytes.join('.')) : []

/** The liar's address or network: in what is read, and in all that any peer keeps for others. */
function lieIn(read: RingRead): string[] {
  const kept = vantage.world.nodes.flatMap(({ chunks }) =>
    chunks
      .held()
      .flatMap((chunk) => chunks.summariesOf(chunk).flatMap(({ key }) => texts(chunks.entryOf(key)!.outcome))),
  )
  const lies = [HIJACKED, HIJACKED.split('.').slice(0, 3).join('.'), evilAddress(vantage.internet)]
  return [...shown(read), ...prefixes(read), ...kept].filter((text) => lies.includes(text))
}

/** Of those who keep the name the last few, and of three the first as well: one of these opens the round. */
const somePlaces = (asked: Question, count: number): Node[][] => {
  const replicas = vantage.world.replicas(asked)
  return [replicas.slice(REPLICAS - count), ...(count === 3 ? [replicas.slice(0, count)] : [])]
}

const POOL = [10, 11, 12, 13, 14, 15].map((last) => `203.0.1.${last}`)
const STATIC = ['198.51.100.1', '198.51.100.2']

/** Zone, the class it has, and what is agreed of it. */
const KINDS: readonly (readonly [string, string, (read: RingRead) => void])[] = [
  ['static.com', 'agreed', (read) => expect(shown(read).sort()).toEqual(STATIC)],
  ['pool.com', 'rotating', (read) => expect(shown(read)).toEqual(POOL)],
  // No place is seen by more than half, and all see the network of its operator (docs/decisions/0051).
  ['geo.com', 'divergent', (read) => expect(prefixes(read)).toEqual(['203.0'])],
  ['short.com', 'divergent', (read) => expect(prefixes(read)).toEqual(['203.0.7'])],
]

describe.each(KINDS)('%s', (zone, kind, holds) => {
  const asked = www(zone)
  beforeEach(async () => {
    vantage = await createVantage(asked.name)
  })

  it(`is ${kind}`, async () => {
    const read = await agreeOn(asked)
    expect(classOf(read)).toBe(kind)
    holds(read)
  })

  it.each([1, 2, 3])(`is ${kind} as it is when its answers are hijacked at %i of seven places`, async (count) => {
    for (const liars of somePlaces(asked, count)) {
      vantage = await createVantage(asked.name)
      vantage.between(liars, `ns1.${zone}`, hijack(zone === 'short.com' ? 5 : 300))
      const read = await agreeOn(asked)
      expect(lieIn(read)).toEqual([])
      expect(classOf(read)).toBe(kind)
      holds(read)
      await vantage.world.stop()
    }
  })

  it.each([1, 2, 3])(`is ${kind} as it is when %i of seven are told that it does not exist`, async (count) => {
    for (const liars of somePlaces(asked, count)) {
      vantage = await createVantage(asked.name)
      vantage.between(liars, `ns1.${zone}`, censor())
      const read = await agreeOn(asked)
      expect(classOf(read)).toBe(kind)
      holds(read)
      await vantage.world.stop()
    }
  })

  it.each([1, 2, 3])(`is ${kind} as it is when %i of seven are led to another server`, async (count) => {
    for (const liars of somePlaces(asked, count)) {
      vantage = await createVantage(asked.name)
      vantage.between(liars, 'ns1.com', misdirect(vantage.internet))
      const read = await agreeOn(asked)
      expect(lieIn(read)).toEqual([])
      expect(classOf(read)).toBe(kind)
      holds(read)
      await vantage.world.stop()
    }
  })
})

describe('a name that is the same everywhere', () => {
  const asked = www('static.com')
  beforeEach(async () => {
    vantage = await createVantage(asked.name)
  })

  it('is what four of seven see when it is hijacked there, and the observers say who saw it', async () => {
    const liars = vantage.world.replicas(asked).slice(2, 6)
    vantage.between(liars, 'ns1.static.com', hijack())
    const read = await agreeOn(asked)
    expect(shown(read)).toEqual([HIJACKED])
    const observers = read.kind === 'accepted' ? read.finding.evidence.observers : []
    expect([...observers].sort()).toEqual(liars.map(({ member }) => member.peer).sort())
  })

  it('is there for all when four of seven are told otherwise by datagram only', async () => {
    vantage.between(vantage.world.replicas(asked).slice(0, 4), 'ns1.static.com', censor(true))
    const read = await agreeOn(asked)
    expect(shown(read).sort()).toEqual(STATIC)
    expect(read.kind === 'accepted' && read.finding.evidence.observers).toHaveLength(REPLICAS)
    expect(vantage.internet.count(({ protocol, name }) => protocol === 'tcp' && /^www/i.test(name))).toBe(REPLICAS)
  })
})

describe('the delegation of a zone that is asked for', () => {
  const asked = www('static.com')
  const zone = delegationQuestion(ask('static.com').name)
  beforeEach(async () => {
    vantage = await createVantage(zone.name)
  })

  it.each([0, 1, 2, 3])('is agreed as the parent says it, hijacked at %i of seven places', async (count) => {
    vantage.between(vantage.world.replicas(zone).slice(0, count), 'ns1.com', misdirect(vantage.internet))
    await agreeOn(asked)
    const read = await vantage.world.read(vantage.world.outsiders(zone)[0]!, zone)
    expect(read.kind).toBe('delegation')
    expect(shown(read)).toEqual(vantage.internet.server('ns1.static.com').addresses)
    expect(lieIn(read)).toEqual([])
  })
})
