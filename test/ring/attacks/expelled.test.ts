/** Members vote one of them out: it takes more than half of the others, and holds everywhere and for good. */
import { beforeEach, describe, expect, it } from 'vitest'
import { keyOfPrefix } from '../../../src/ring/index.ts'
import { limits } from '../../../src/ring/limits.ts'
import { Expulsions, signVote, verifyVote } from '../../../src/ring/members/expulsions.ts'
import { replicaSet } from '../../../src/ring/members/replicas.ts'
import { flaw, keyOf, type Node, scheme, World } from '../world.ts'

const MEMBERS = 13

let world: World
let liar: Node
let honest: readonly Node[]

beforeEach(() => {
  world = new World({ seed: 3 })
  const first = world.add([])
  for (let i = 1; i < MEMBERS; i++) world.at(100 * i, () => void world.add([first]))
  world.run(20_000)
  expect(flaw(world)).toBeUndefined()
  liar = world.nodes[4]!
  honest = world.nodes.filter((node) => node !== liar)
})

const voteOut = (node: Node, whom = liar) => world.feed(node, { kind: 'vote-out', id: whom.id })

const seatsOf = (node: Node, { id }: Node) =>
  Array.from({ length: 256 }, (_, i) => keyOfPrefix(8, i)).filter((key) =>
    replicaSet(node.state.table, node.state.count.largest, 2, key).members.some((one) => one.id === id),
  ).length

describe('a member of 13 that others vote out', { timeout: 60_000 }, () => {
  it('keeps its seats while no more than half of the others have', () => {
    for (const node of honest.slice(0, 6)) voteOut(node)
    world.run(30_000)
    for (const node of honest) {
      expect(seatsOf(node, liar)).toBeGreaterThan(0)
      expect(world.status(node).expulsions).toMatchObject([{ isExpelled: false, needed: 7 }])
      expect(world.status(node).expulsions[0]?.voters).toHaveLength(6)
    }
  })

  it('holds none at all when more than half have, and n counts one less', () => {
    for (const node of honest.slice(0, 7)) voteOut(node)
    world.run(10_000)
    for (const node of honest) {
      expect(seatsOf(node, liar)).toBe(0)
      expect(node.state.expulsions.isExpelledPeer(liar.peer)).toBe(true)
      expect(world.status(node)).toMatchObject({ largest: MEMBERS - 1 })
    }
  })

  it('does not come back by a newer row, by speaking to members, or by a restart', () => {
    for (const node of honest.slice(0, 7)) voteOut(node)
    world.run(10_000)
    world.crash(liar)
    world.run(60_000)
    world.restart(liar, honest)
    world.run(60_000)
    for (const node of honest) expect(node.state.table.get(liar.id)).toBeUndefined()
  })

  it('is expelled for those who come later, and when those who voted are gone', () => {
    for (const node of honest.slice(0, 7)) voteOut(node)
    world.run(10_000)
    for (const node of honest.slice(0, 5)) world.leave(node)
    world.run(20_000)
    const late = world.add([honest[8]!])
    world.run(20_000)
    expect(late.state.expulsions.isExpelledPeer(liar.peer)).toBe(true)
    expect(late.state.table.isAlive(liar.id)).toBe(false)
  })

  it('is expelled, too, when a vote was lost on the way', () => {
    world.loss = 0.3
    for (const node of honest.slice(0, 7)) voteOut(node)
    world.run(5_000)
    world.loss = 0
    world.run(120_000)
    for (const node of honest) expect(node.state.expulsions.isExpelledPeer(liar.peer)).toBe(true)
  })
})

describe('votes', () => {
  it('of who is no member count for nothing', () => {
    const strangers = Array.from({ length: 40 }, (_, i) =>
      signVote('test', scheme.signer(keyOf(`nobody ${i}`)), liar.context.signer.publicKey, world.now),
    )
    for (const node of honest)
      world.feed(node, {
        kind: 'request',
        from: honest[0]!.peer,
        request: { type: 'push', entries: [], accusations: [], votes: strangers },
      })
    world.run(10_000)
    for (const node of honest) expect(world.status(node).expulsions).toEqual([])
  })

  it('of one member against all others expel nobody, and are held to a number', () => {
    for (const node of honest) voteOut(liar, node)
    world.run(10_000)
    for (const node of honest) {
      expect(world.status(node).members).toHaveLength(MEMBERS)
      expect(world.status(node).expulsions.length).toBeLessThanOrEqual(limits.MAX_VOTES_OF_ONE)
    }
  })

  it('are for one key on one ring', () => {
    const key = keyOf('target')
    const vote = signVote('test', scheme.signer(keyOf('voter')), key, 1_000)
    expect(verifyVote({ ringId: 'test', scheme }, vote)).toBe(true)
    expect(verifyVote({ ringId: 'other', scheme }, vote)).toBe(false)
    expect(verifyVote({ ringId: 'test', scheme }, { ...vote, expelled: keyOf('another') })).toBe(false)
  })

  it('about those with the fewest give way when there are too many', () => {
    const expulsions = new Expulsions()
    const vote = (target: number, voter: number) =>
      signVote('test', scheme.signer(keyOf(`voter ${voter}`)), keyOf(`target ${target}`), 1_000)
    for (let i = 0; i < limits.MAX_EXPULSIONS; i++) {
      expulsions.add(vote(i, i))
      if (i > 0) expulsions.add(vote(i, i + 1_000))
    }
    expect(expulsions.add(vote(999, 999))).toBe(true)
    expect(expulsions.size).toBe(limits.MAX_EXPULSIONS)
    expect(expulsions.has(vote(0, 0))).toBe(false)
  })
})
