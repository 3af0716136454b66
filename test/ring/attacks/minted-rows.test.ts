/**
 * A member that mints rows: it makes keys, signs rows about them and sends them to everybody. A row costs nothing, so it must be
 * worth nothing: a seat is for who answers, and for whom more than half of its neighbours have spoken to.
 */
import { beforeEach, describe, expect, it } from 'vitest'
import type { RingId } from '../../../src/base/index.ts'
import { keyOfPrefix } from '../../../src/ring/index.ts'
import { limits } from '../../../src/ring/limits.ts'
import { signEntry } from '../../../src/ring/members/member.ts'
import { replicaSet } from '../../../src/ring/members/replicas.ts'
import { signWelcome } from '../../../src/ring/members/welcomes.ts'
import type { MemberEntry } from '../../../src/ring/types.ts'
import { flaw, keyOf, type Node, scheme, tableFlaw, World } from '../world.ts'

const MEMBERS = 13
const CHUNKS = Array.from({ length: 256 }, (_, i) => keyOfPrefix(8, i))

let world: World
let liar: Node
let honest: readonly Node[]

beforeEach(() => {
  world = new World({ seed: 3 })
  const first = world.add([])
  for (let i = 1; i < MEMBERS; i++) world.at(100 * i, () => void world.add([first]))
  world.run(20_000)
  expect(flaw(world)).toBeUndefined()
  expect(tableFlaw(world)).toBeUndefined()
  liar = world.nodes[4]!
  honest = world.nodes.filter((node) => node !== liar)
})

function mint(count: number, from = 0): MemberEntry[] {
  return Array.from({ length: count }, (_, i) => phantom(from + i))
}

function phantom(i: number, over: { incarnation?: number; welcomes?: MemberEntry['welcomes'] } = {}): MemberEntry {
  const row = signEntry('test', scheme.signer(keyOf(`phantom ${i}`)), {
    salt: new Uint8Array(),
    addresses: [`/memory/phantom-${i}`],
    status: 'alive',
    incarnation: over.incarnation ?? Math.floor(world.now),
  })
  return over.welcomes === undefined ? row : { ...row, welcomes: over.welcomes }
}

/** The liar says it to every honest member, and again every ten seconds, for so long. */
function insist(entries: readonly MemberEntry[], ms: number, watch: () => void): void {
  for (let passed = 0; passed < ms; passed += 10_000) {
    for (const node of honest) {
      for (let i = 0; i < entries.length; i += limits.MAX_ENTRIES) {
        const part = entries.slice(i, i + limits.MAX_ENTRIES)
        world.feed(node, {
          kind: 'request',
          from: liar.peer,
          request: { type: 'push', entries: part, accusations: [] },
        })
      }
    }
    world.run(10_000)
    watch()
  }
}

/** Who has a seat in some chunk, as this node counts, and is none of the members. */
function strangersSeated(node: Node): Set<RingId> {
  const members = new Set(world.nodes.map(({ id }) => id))
  const out = new Set<RingId>()
  for (const key of CHUNKS)
    for (const { id } of replicaSet(node.state.table, node.state.count.largest, 2, key).members)
      if (!members.has(id)) out.add(id)
  return out
}

function seatsOf(node: Node, id: RingId): number {
  return CHUNKS.filter((key) =>
    replicaSet(node.state.table, node.state.count.largest, 2, key).members.some((one) => one.id === id),
  ).length
}

function expectOnlyMembers(): void {
  for (const node of honest) {
    expect(strangersSeated(node)).toEqual(new Set())
    expect(world.status(node)).toMatchObject({ largest: MEMBERS, n: 3 })
    expect(world.status(node).members).toHaveLength(MEMBERS)
  }
}

describe('one member of 13 that mints 1,000 rows', { timeout: 60_000 }, () => {
  it('holds its own seats only', () => {
    const before = seatsOf(honest[0]!, liar.id)
    insist(mint(1_000), 40_000, expectOnlyMembers)
    expect(seatsOf(honest[0]!, liar.id)).toBe(before)
    expect(flaw(world)).toBeUndefined()
  })

  it('gains nothing by welcoming them itself, nor by having them welcome each other', () => {
    const key = (i: number) => keyOf(`phantom ${i}`)
    const at = Math.floor(world.now)
    const rows = mint(1_000).map((row, i) => {
      const others = [1, 2, 3, 4, 5, 6, 7].map((k) => scheme.signer(key((i + k) % 1_000)))
      const welcomes = [liar.context.signer, ...others].map((signer) => signWelcome('test', signer, row.publicKey, at))
      return { ...row, welcomes }
    })
    insist(rows, 10_000, expectOnlyMembers)
  })

  it('gains nothing with a newcomer that it tells of them while that one joins', () => {
    const late = world.add([honest[0]!])
    for (let passed = 0; passed < 3_000; passed += 50) {
      const request = { type: 'push', entries: mint(limits.MAX_ENTRIES), accusations: [] } as const
      world.feed(late, { kind: 'request', from: liar.peer, request })
      world.run(50)
      expect(strangersSeated(late)).toEqual(new Set())
    }
    world.run(5_000)
    expect(world.status(late).members).toHaveLength(MEMBERS + 1)
  })

  it('does not keep an honest newcomer waiting', () => {
    insist(mint(1_000), 10_000, expectOnlyMembers)
    const late = world.add([honest[0]!])
    const flood = mint(1_000, 1_000)
    for (const node of honest)
      world.feed(node, {
        kind: 'request',
        from: liar.peer,
        request: { type: 'push', entries: flood.slice(0, limits.MAX_ENTRIES), accusations: [] },
      })
    const took = world.runUntil(() => honest.every((node) => node.state.table.isAlive(late.id)), 5_000, 50)
    expect(took).toBeLessThan(2_500)
  })
})

describe('a machine that answers for 1,000 identities', { timeout: 60_000 }, () => {
  /** Each identity speaks to every honest member itself. */
  function speak(rows: readonly MemberEntry[]): void {
    for (const row of rows) {
      world.hollow.add(row.peer)
      for (const node of honest)
        world.feed(node, { kind: 'request', from: row.peer, request: { type: 'ask-welcome', entry: row } })
    }
  }

  it('gets seats no faster than newcomers do', () => {
    const start = world.now
    speak(mint(1_000))
    for (let i = 0; i < 6; i++) {
      for (const node of honest) {
        const most = limits.NEWCOMERS_BURST + ((world.now - start) / 1_000) * limits.NEWCOMERS_PER_SECOND
        expect(world.status(node).members.length - MEMBERS).toBeLessThanOrEqual(most + 1)
      }
      world.run(5_000)
    }
  })

  it('loses them within two minutes when it answers no more, and newer rows bring none back', () => {
    const rows = mint(5)
    speak(rows)
    world.run(10_000)
    expect(strangersSeated(honest[0]!).size).toBeGreaterThan(0)
    world.hollow.clear()
    world.run(110_000)
    for (const node of honest) expect(strangersSeated(node)).toEqual(new Set())
    const newer = rows.map((_, i) => phantom(i, { incarnation: Math.floor(world.now) + 1_000 }))
    insist(newer, 20_000, () => {
      for (const node of honest) expect(strangersSeated(node)).toEqual(new Set())
    })
  })
})
