/** Seven replicas that see what seven places see: which class each kind of name gets, and what is never agreed. */
import { afterEach, describe, expect, it } from 'vitest'
import type { RingRead } from '../../../src/chunks/index.ts'
import { limits } from '../../../src/chunks/limits.ts'
import { type Question, Type } from '../../../src/dns/index.ts'
import { type Content, delegationQuestion, type Outcome } from '../../../src/evidence/index.ts'
import { answer, ask, createWorld, type Node, nothing, type World } from '../world.ts'

let world: World
afterEach(() => world.stop())

/** Each member has digests of all: with sixteen times as many, the tests would be about these. */
const FEW_CHUNKS = { chunkBits: 4 }
const question = ask('www.example.com')
/** An address that only a liar on the way to the authority would say. */
const HIJACKED = 66

/** Addresses 203.0.<network>.<last>: other networks than those of `answer`. */
function at(network: number, last: readonly number[], ttl = 300, asked = question): Outcome {
  const outcome = answer(asked, last, ttl)
  if (outcome.kind !== 'rrset') return outcome
  return { ...outcome, rrset: { ...outcome.rrset, rdatas: last.map((byte) => Uint8Array.of(203, 0, network, byte)) } }
}

const hijack = (ttl = 300): Outcome => at(6, [HIJACKED], ttl)

/** What each replica sees, by its place and how often it has observed. */
type View = (place: number, fetch: number) => Content | undefined

async function agreeOn(view: View, asked: Question = question, how: (tcp: boolean) => View = () => view) {
  world = createWorld({ nodes: 9, n: 7, options: FEW_CHUNKS })
  const replicas = world.replicas(asked)
  for (const [place, replica] of replicas.entries()) {
    let fetches = 0
    replica.sees = (_question, kind) => how(kind === 'tcp')(place, fetches++)
  }
  await world.told(asked, world.outsiders(asked), 30_000)
  const read = await world.read(world.outsiders(asked)[0]!, asked)
  return { read, replicas }
}

const fetches = (replicas: readonly Node[]) => replicas.map((node) => node.fetches)

function addresses(content: Content | undefined): string[] {
  return content?.kind === 'rrset' ? content.rrset.rdatas.map((rdata) => rdata.join('.')) : []
}

const shown = (read: RingRead) => (read.kind === 'accepted' ? addresses(read.finding.outcome) : [])
const classOf = (read: RingRead) => (read.kind === 'accepted' ? read.finding.evidence.provenance : read.kind)
const prefixes = (read: RingRead) =>
  read.kind === 'divergent' ? read.divergence.prefixes.map(({ bytes }) => bytes.join('.')) : []

/** Anything that names the hijacked address or its network: in what is read, and in what any replica keeps. */
function hijackedIn(read: RingRead): boolean {
  const kept = world.nodes.flatMap((node) => addresses(node.chunks.entry(question)?.outcome))
  return [...shown(read), ...prefixes(read), ...kept].some((text) => text.startsWith('203.0.6'))
}

describe('a name that is the same everywhere', () => {
  it('is agreed after one observation each', async () => {
    const { read, replicas } = await agreeOn(() => answer(question, [1, 2]))
    expect(classOf(read)).toBe('agreed')
    expect(fetches(replicas)).toEqual([1, 1, 1, 1, 1, 1, 1])
  })

  it.each([1, 2, 3])('is agreed as it is when hijacked at %i of seven places', async (count) => {
    for (const from of [0, 4]) {
      const { read } = await agreeOn((place) => (place >= from && place < from + count ? hijack() : answer(question)))
      expect(classOf(read)).toBe('agreed')
      expect(shown(read)).toEqual(['198.51.100.1'])
      expect(hijackedIn(read)).toBe(false)
      await world.stop()
    }
    world = createWorld({ nodes: 1, n: 1 })
  })

  it('is agreed as what more than half see when hijacked at four, and the observers say who saw it', async () => {
    const { read, replicas } = await agreeOn((place) => (place < 4 ? hijack() : answer(question)))
    expect(shown(read)).toEqual([`203.0.6.${HIJACKED}`])
    const saw = replicas.slice(0, 4).map((node) => node.member.peer)
    expect(read.kind === 'accepted' && [...read.finding.evidence.observers].sort()).toEqual(saw.sort())
  })

  it.each([1, 2, 3])('is agreed as it is when %i of seven are told that it does not exist', async (count) => {
    const { read, replicas } = await agreeOn((place) => (place < count ? nothing(3) : answer(question)))
    expect(shown(read)).toEqual(['198.51.100.1'])
    // Absence against data is a conflict: all observed once more, over TCP.
    expect(fetches(replicas)).toEqual([2, 2, 2, 2, 2, 2, 2])
    const dissents = world.nodes.reduce((sum, node) => sum + node.chunks.stats().dissents, 0)
    expect(dissents).toBe(count)
  })

  it('is agreed by all when those who were lied to over UDP observe over TCP', async () => {
    const truth: View = () => answer(question)
    const { read } = await agreeOn(truth, question, (tcp) =>
      tcp ? truth : (place) => (place < 3 ? nothing(3) : truth(0, 0)),
    )
    expect(shown(read)).toEqual(['198.51.100.1'])
    expect(read.kind === 'accepted' && read.finding.evidence.observers).toHaveLength(7)
  })

  it('four of seven that are lied to over UDP only do not make it vanish', async () => {
    const truth: View = () => answer(question)
    const { read } = await agreeOn(truth, question, (tcp) =>
      tcp ? truth : (place) => (place < 4 ? nothing(3) : truth(0, 0)),
    )
    expect(shown(read)).toEqual(['198.51.100.1'])
  })

  it('is not agreed to be private: who sees such an address says only that', async () => {
    const inside: Outcome = { ...(answer(question) as Extract<Outcome, { kind: 'rrset' }>) }
    const lie: Outcome = { ...inside, rrset: { ...inside.rrset, rdatas: [Uint8Array.of(10, 10, 34, 34)] } }
    const { read, replicas } = await agreeOn((place) => (place === 1 || place === 5 ? lie : answer(question)))
    expect(shown(read)).toEqual(['198.51.100.1'])
    expect(fetches(replicas)).toEqual([2, 2, 2, 2, 2, 2, 2])
    expect(JSON.stringify(world.requests)).not.toContain('"0":10,"1":10,"2":34,"3":34')
  })

  it('where servers do not speak TCP the round before it stands', async () => {
    const first: View = (place) => (place < 2 ? nothing(3) : answer(question))
    const { read } = await agreeOn(first, question, (tcp) => (tcp ? () => undefined : first))
    expect(shown(read)).toEqual(['198.51.100.1'])
  })
})

describe('a name whose addresses rotate', () => {
  /** Four of six, others each time. */
  const rotated = (place: number, fetch: number) => {
    const first = (place * 2 + fetch * 3) % 6
    return at(
      1,
      [0, 1, 2, 3].map((i) => 10 + ((first + i) % 6)),
    )
  }

  it('is agreed by the addresses that more than half saw within three rounds', async () => {
    const { read, replicas } = await agreeOn(rotated)
    expect(classOf(read)).toBe('rotating')
    expect(shown(read)).toEqual([10, 11, 12, 13, 14, 15].map((last) => `203.0.1.${last}`))
    expect(Math.max(...fetches(replicas))).toBeLessThanOrEqual(3)
  })

  it.each([1, 2, 3])('keeps no address of those that hijack it at %i of seven places', async (count) => {
    const { read, replicas } = await agreeOn((place, fetch) => (place < count ? hijack() : rotated(place, fetch)))
    expect(classOf(read)).toBe('rotating')
    expect(hijackedIn(read)).toBe(false)
    const observers = read.kind === 'accepted' ? read.finding.evidence.observers : []
    for (const { member } of replicas.slice(0, count)) expect(observers).not.toContain(member.peer)
  })
})

describe('a name that is another one in each place', () => {
  /** Six views: two replicas see the same. */
  const regional = (place: number) => at(10 + (place % 6), [1, 2])

  it('is divergent, after two observations: nothing rotates', async () => {
    const { read, replicas } = await agreeOn(regional)
    expect(classOf(read)).toBe('divergent')
    expect(fetches(replicas)).toEqual([2, 2, 2, 2, 2, 2, 2])
    // Two saw one of them: as many as one hijacker may stand before. All saw their operator's network.
    expect(prefixes(read)).toEqual(['203.0'])
    expect(world.nodes.every((node) => addresses(node.chunks.entry(question)?.outcome).length === 0)).toBe(true)
  })

  it('is told by the network that more than half see, though with other addresses', async () => {
    const { read } = await agreeOn((place) => (place < 4 ? at(10, [place + 1]) : at(20 + place, [1])))
    expect(classOf(read)).toBe('divergent')
    expect(prefixes(read)).toEqual(['203.0.10'])
  })

  it('of another operator in each place agrees on no network', async () => {
    const elsewhere = (place: number): Outcome => {
      const seen = at(1, [1])
      if (seen.kind !== 'rrset') return seen
      return { ...seen, rrset: { ...seen.rrset, rdatas: [Uint8Array.of(20 + place, 0, 1, 1)] } }
    }
    const { read } = await agreeOn(elsewhere)
    expect(classOf(read)).toBe('divergent')
    expect(prefixes(read)).toEqual([])
  })

  it.each([1, 2, 3])('does not agree on the network that %i of seven are hijacked to', async (count) => {
    const { read } = await agreeOn((place) => (place < count ? hijack() : regional(place)))
    expect(classOf(read)).toBe('divergent')
    expect(hijackedIn(read)).toBe(false)
  })

  it('holds ten minutes, whatever its TTL', async () => {
    const { read } = await agreeOn(regional)
    const left = read.kind === 'divergent' ? read.divergence.expires - world.clock.now() : 0
    expect(left).toBeGreaterThan(500_000)
    expect(left).toBeLessThanOrEqual(600_000)
  })

  it('is not tried again on demand that would pay for a name that is the same everywhere', async () => {
    const roundsAfter = async (view: (place: number) => Outcome, gapMs: number) => {
      await world?.stop()
      world = createWorld({ nodes: 30, n: 3, options: { admitAfter: 'auto', ...FEW_CHUNKS } })
      for (const [place, replica] of world.replicas(question).entries()) replica.sees = () => view(place)
      const [one, two, three, four, five] = world.outsiders(question)
      await world.told(question, [one!, two!, three!], 30_000)
      // Entry and marker are over, and so is what the asks of then said.
      await world.clock.advanceAsync(limits.ASK_WINDOW_MS)
      const rounds = () => world.requests.filter(({ request }) => request.kind === 'round').length
      const before = rounds()
      await world.told(question, [three!], 0)
      await world.clock.advanceAsync(gapMs / 2)
      await world.told(question, [five!], 0)
      await world.clock.advanceAsync(gapMs / 2)
      await world.told(question, [four!], 30_000)
      return rounds() - before
    }
    // Three asks in 250 s: enough for 900 s, and not enough for ten minutes.
    expect(await roundsAfter(() => at(10, [1, 2], 900), 250_000)).toBeGreaterThan(0)
    expect(await roundsAfter((place) => at(10 + place, [1, 2], 900), 250_000)).toBe(0)
    expect(await roundsAfter((place) => at(10 + place, [1, 2], 900), 150_000)).toBeGreaterThan(0)
  })

  it('is told by its aliases too', async () => {
    const alias = (place: number): Outcome => {
      const base = answer(question) as Extract<Outcome, { kind: 'rrset' }>
      const target = Uint8Array.of(1, 97 + (place % 4), 3, 99, 100, 110, 0)
      return { ...base, rrset: { ...base.rrset, type: Type.CNAME, rdatas: [target] } }
    }
    const { read } = await agreeOn(alias)
    expect(classOf(read)).toBe('divergent')
    expect(read.kind === 'divergent' && read.divergence.prefixes.map(({ type }) => type)).toEqual([])
  })
})

describe('a name that lives under half a minute', () => {
  it('is divergent after one observation each, with the network that all saw', async () => {
    const { read, replicas } = await agreeOn(() => at(1, [1], 20))
    expect(classOf(read)).toBe('divergent')
    expect(prefixes(read)).toEqual(['203.0.1'])
    expect(fetches(replicas)).toEqual([1, 1, 1, 1, 1, 1, 1])
  })

  it.each([1, 2, 3])('does not agree on the network that %i of seven are hijacked to', async (count) => {
    const { read } = await agreeOn((place) => (place < count ? hijack(20) : at(1, [1], 20)))
    expect(classOf(read)).toBe('divergent')
    expect(prefixes(read)).toEqual(['203.0.1'])
  })

  it.each([0, 29])('is not made of a longer-lived one by three that say a TTL of %i', async (ttl) => {
    const { read } = await agreeOn((place) => answer(question, [1], place < 3 ? ttl : 300))
    expect(classOf(read)).toBe('agreed')
  })
})

describe('a name that does not exist', () => {
  it('is agreed as such, though three of seven are shown something', async () => {
    const { read } = await agreeOn((place) => (place > 3 ? hijack() : nothing(3, place)))
    expect(read).toMatchObject({ kind: 'accepted', finding: { outcome: { kind: 'absent', rcode: 3 } } })
    expect(hijackedIn(read)).toBe(false)
  })
})

describe('a delegation', () => {
  const zone = delegationQuestion(ask('example.com').name)
  const delegation = (last: number, order = false): Content => {
    const servers = ['ns1.example.com', 'ns2.example.net'].map((name) => ask(name).name)
    return {
      kind: 'delegation',
      zone: zone.name,
      apex: ask('com').name,
      nameServers: order ? servers.reverse() : servers,
      ds: undefined,
      glue: [{ name: ask('ns1.example.com').name, addresses: [Uint8Array.of(203, 0, 1, last)] }],
      ttl: 172_800,
      proofs: [],
    }
  }

  it('is agreed by its servers and their glue, whatever their order, and holds a day at most', async () => {
    const { read } = await agreeOn((place) => delegation(1, place % 2 === 0), zone)
    expect(read).toMatchObject({ kind: 'delegation', delegation: { delegated: { ttl: 86_400 } } })
    const left = read.kind === 'delegation' ? read.delegation.expires - world.clock.now() : 0
    expect(left).toBeLessThanOrEqual(86_400_000)
    expect(left).toBeGreaterThan(86_000_000)
  })

  it('of another glue at three of seven places is agreed as it is', async () => {
    const { read } = await agreeOn((place) => delegation(place < 3 ? HIJACKED : 1), zone)
    const glue = read.kind === 'delegation' ? read.delegation.delegated.glue : []
    expect(glue.map(({ addresses: [one] }) => one?.join('.'))).toEqual(['203.0.1.1'])
  })

  it('has no glue but that of servers inside the zone: whoever brings more is refused', async () => {
    const { replicas } = await agreeOn(() => delegation(1), zone)
    const honest = delegation(1) as Extract<Content, { kind: 'delegation' }>
    const forged = [
      ...honest.glue,
      { name: ask('ns2.example.net').name, addresses: [Uint8Array.of(203, 0, 6, HIJACKED)] },
    ]
    const { certificate } = replicas[0]!.chunks.entry(zone)!
    for (const replica of replicas)
      replica.liar = async (request, _from, said) =>
        request.kind === 'read' ? { kind: 'entry', certificate, outcome: { ...honest, glue: forged } } : said()
    const read = await world.read(world.outsiders(zone)[0]!, zone)
    expect(read).toMatchObject({
      kind: 'insufficient',
      replies: [{ word: { kind: 'discarded' } }, {}, {}, {}, {}, {}, {}],
    })
  })

  it('that differs everywhere is nothing: no marker takes its place', async () => {
    const { read } = await agreeOn((place) => delegation(place), zone)
    expect(read.kind).toBe('insufficient')
  })
})
