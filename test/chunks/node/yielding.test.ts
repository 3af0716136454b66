/** Rounds yield to answers: nodes whose timers are late open none and take part in none, save now and then, and answer as ever. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Clock, createWork, type Work } from '../../../src/base/index.ts'
import { limits } from '../../../src/chunks/limits.ts'
import { type ChunkRequest, decodeReply } from '../../../src/chunks/wire/messages.ts'
import { type Question, suffixName } from '../../../src/dns/index.ts'
import { contentDigest, type Outcome } from '../../../src/evidence/index.ts'
import { answer, ask, createWorld, type Node, type World } from '../world.ts'

let world: World
/** Ms that the timers of each node are late. */
let late: (index: number) => number
const works: Work[] = []

beforeEach(() => {
  late = () => 0
})
afterEach(async () => {
  for (const work of works.splice(0)) work.stop()
  await world.stop()
})

function workOf(index: number, clock: Clock): Work {
  const timers = {
    monotonic: () => clock.monotonic(),
    after: (delayMs: number, callback: () => void) => clock.after(delayMs + late(index), callback),
  }
  const work = createWork({ clock: timers }, { isAnswering: () => false })
  works.push(work)
  return work
}

// Each of a zone of its own: rounds of one zone are bounded.
const questions = Array.from({ length: 60 }, (_, i) => ask(`www.zone${i}.com`))
const seen = (question: Question, last: number): Outcome => ({
  ...answer(question, [last]),
  apex: suffixName(question.name, 2),
})

function three(): Node[] {
  world = createWorld({ nodes: 3, n: 3, work: workOf, options: { admitAfter: 1 } })
  for (const [i, question] of questions.entries()) world.publish(question, seen(question, i + 1))
  return [...world.nodes]
}

const sent = (kind: ChunkRequest['kind']) => world.requests.filter(({ request }) => request.kind === kind)
const heldBy = ({ chunks }: Node) => questions.filter((question) => chunks.entry(question) !== undefined).length
/** A member has fetched all the names, and tells the others. */
async function tellAll(teller: Node) {
  for (const question of questions) {
    teller.chunks.tell(question)
    await world.clock.advanceAsync(100)
  }
}

describe('replicas without CPU to spare', () => {
  it('open few rounds, answer reads at once, and agree on all names when they have some again', async () => {
    const nodes = three()
    late = () => 30
    await tellAll(nodes[0]!)
    const openedLate = sent('round').length / 2
    // One begins now and then, at each of the three.
    expect(openedLate).toBeLessThan(questions.length / 2)
    const before = world.clock.monotonic()
    await world.read(nodes[1]!, questions[0]!)
    expect(world.clock.monotonic() - before).toBeLessThan(20)
    late = () => 0
    await world.clock.advanceAsync(20_000)
    expect(nodes.map(heldBy)).toEqual([60, 60, 60])
  })

  it('say so to an opener that has some: its rounds are tried again soon, and come to the same', async () => {
    const nodes = three()
    const opener = nodes[0]!
    const many = Array.from({ length: 200 }, (_, i) => ask(`www.other${i}.com`))
    const mine = many.filter((question) => world.replicas(question)[0] === opener)
    for (const question of mine) world.publish(question, seen(question, 7))
    late = (index) => (index === opener.index ? 0 : 30)
    let busy = 0
    for (const node of nodes)
      node.liar = async (request, _from, honest) => {
        const reply = await honest()
        if (request.kind === 'round' && (reply instanceof Uint8Array ? decodeReply(reply) : reply).kind === 'busy')
          busy++
        return reply
      }
    for (const question of mine) opener.chunks.tell(question)
    // In any case each of the others takes part in two a second.
    await world.clock.advanceAsync(6_000)
    expect(mine.length).toBeGreaterThan(10)
    expect(busy).toBeGreaterThan(2)
    late = () => 0
    await world.clock.advanceAsync(2 * limits.BUSY_REST_MS + 3_000)
    for (const question of mine) {
      const entries = nodes.map(({ chunks }) => chunks.entry(question))
      expect(entries.map((entry) => entry?.class)).toEqual(['agreed', 'agreed', 'agreed'])
      const [first, ...others] = entries.map((entry) => contentDigest(question, entry!.outcome as Outcome))
      for (const other of others) expect(other).toEqual(first)
    }
  })

  it('put what a stub waits for before all that waits', async () => {
    const nodes = three()
    late = () => 30
    await tellAll(nodes[0]!)
    const urgent = ask('www.urgent.com')
    world.publish(urgent, seen(urgent, 99))
    nodes[0]!.chunks.tell(urgent, undefined, undefined, { isAwaited: true })
    await world.clock.advanceAsync(1_500)
    for (const { chunks } of nodes) expect(chunks.entry(urgent)).toBeDefined()
    expect(Math.max(...nodes.map(heldBy))).toBeLessThan(questions.length)
  })
})
