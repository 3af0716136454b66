/** A record that has changed at its authority is agreed on anew when a member has seen so, long before its TTL ends. */
import { afterEach, describe, expect, it } from 'vitest'
import { limits } from '../../../src/chunks/limits.ts'
import { ChangeRests } from '../../../src/chunks/rounds/machine/change-rests.ts'
import type { Finding } from '../../../src/evidence/index.ts'
import { answer, ask, createWorld, type Node, type World } from '../world.ts'

let world: World
afterEach(() => world.stop())

const question = ask('www.example.com')
const HOUR = 3_600

/** `isAhead`: all digests are had before they are needed. */
async function agreed(isAhead = true) {
  world = createWorld({ nodes: 5, n: 3 })
  if (!isAhead) for (const node of world.nodes) node.isCrowded = true
  world.publish(question, answer(question, [1], HOUR))
  await world.told(question, [world.outsiders(question)[0]!])
  expect(contents()).toEqual([1, 1, 1])
}

function contents() {
  return world.replicas(question).map(({ chunks }) => {
    const outcome = chunks.entry(question)?.outcome
    return outcome?.kind === 'rrset' ? outcome.rrset.rdatas[0]![3] : undefined
  })
}

const fetches = () => world.nodes.reduce((sum, node) => sum + node.fetches, 0)

async function tells(node: Node, last: number): Promise<void> {
  // It knows by a digest that the ring has an answer: else it would say nothing of its own.
  node.chunks.expects(question)
  await world.clock.advanceAsync(3_000)
  node.chunks.tell(question, answer(question, [last], HOUR), 'insecure')
  await world.clock.advanceAsync(10_000)
}

describe('an agreed answer', () => {
  it('that a member has seen change is agreed on anew at all replicas, within seconds', async () => {
    await agreed()
    world.publish(question, answer(question, [2], HOUR))
    await world.clock.advanceAsync(60_000)
    expect(contents()).toEqual([1, 1, 1])
    await tells(world.outsiders(question)[1]!, 2)
    expect(contents()).toEqual([2, 2, 2])
  })

  it('that a replica itself has seen change is so, too', async () => {
    await agreed()
    world.publish(question, answer(question, [2], HOUR))
    await tells(world.replicas(question)[1]!, 2)
    expect(contents()).toEqual([2, 2, 2])
  })

  /** Its zone has told it so; it has asked no digest, so it does not know that the ring has an answer. */
  async function saysChanged(node: Node, last: number): Promise<void> {
    const evidence = { security: 'insecure', provenance: 'solo', observers: [] } as unknown as Finding['evidence']
    node.chunks.observedAnew(question, {
      question,
      outcome: answer(question, [last], HOUR),
      expires: world.clock.now() + HOUR * 1_000,
      evidence,
    } as Finding)
    await world.clock.advanceAsync(10_000)
  }

  it('is agreed on anew when a member, who is no replica, hears from the zone that it has changed', async () => {
    await agreed(false)
    world.publish(question, answer(question, [2], HOUR))
    await world.clock.advanceAsync(60_000)
    await saysChanged(world.outsiders(question)[1]!, 2)
    expect(contents()).toEqual([2, 2, 2])
    const tolds = world.requests.flatMap(({ request }) =>
      request.kind === 'tell' && request.isChanged ? [request] : [],
    )
    expect(tolds.map((told) => told.tag)).toEqual([undefined, undefined, undefined])
  })

  it('stays what it is, whatever a member says of the zone, and costs a few looks an hour', async () => {
    await agreed()
    const before = fetches()
    for (let i = 0; i < 60; i++) {
      await saysChanged(world.outsiders(question)[1]!, 66)
      await world.clock.advanceAsync(50_000)
    }
    expect(contents()).toEqual([1, 1, 1])
    expect(fetches() - before).toBeLessThanOrEqual(4 * 3)
  })

  it('is not fetched for a member that speaks of a name which nobody holds', async () => {
    world = createWorld({ nodes: 5, n: 3, options: { admitAfter: 'auto' } })
    world.publish(question, answer(question, [2], HOUR))
    await saysChanged(world.outsiders(question)[1]!, 2)
    expect(fetches()).toBe(0)
  })

  it('is not observed again when a member has seen the same', async () => {
    await agreed()
    const before = fetches()
    await tells(world.outsiders(question)[1]!, 1)
    expect(fetches()).toBe(before)
  })

  it('stays what it is when only one member sees something else, which costs a few looks an hour', async () => {
    await agreed()
    const before = fetches()
    for (let i = 0; i < 60; i++) {
      await tells(world.outsiders(question)[1]!, 66)
      await world.clock.advanceAsync(47_000)
    }
    expect(contents()).toEqual([1, 1, 1])
    // At once, after 5, 15 and 35 minutes; three replicas look each time.
    expect(fetches() - before).toBeLessThanOrEqual(4 * 3)
  })
})

describe('a member that saw an answer', () => {
  it('says nothing of it to replicas that have none', async () => {
    world = createWorld({ nodes: 5, n: 3 })
    const teller = world.outsiders(question)[0]!
    await tells(teller, 1)
    const tolds = world.requests.flatMap(({ request }) => (request.kind === 'tell' ? [request] : []))
    expect(tolds.map((told) => told.tag)).toEqual([undefined, undefined, undefined])
  })
})

describe('a question that members see change', () => {
  it('rests for twice as long each time, and is new again when it was quiet for long', () => {
    const rests = new ChangeRests()
    const { CHANGE_REST_MS: rest } = limits
    expect(rests.mayLook('a', 0)).toBe(true)
    expect(rests.mayLook('a', rest - 1)).toBe(false)
    expect(rests.mayLook('b', rest - 1)).toBe(true)
    expect(rests.mayLook('a', rest)).toBe(true)
    expect(rests.mayLook('a', 3 * rest - 1)).toBe(false)
    expect(rests.mayLook('a', 3 * rest)).toBe(true)
    expect(rests.mayLook('a', 100 * rest)).toBe(true)
    expect(rests.mayLook('a', 101 * rest)).toBe(true)
  })
})
