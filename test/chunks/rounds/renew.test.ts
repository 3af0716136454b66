/** What is still asked for is observed anew before it ends; what is not is let go. */
import { afterEach, describe, expect, it } from 'vitest'
import { limits } from '../../../src/chunks/limits.ts'
import { answer, ask, createWorld, type Node, type World } from '../world.ts'

let world: World
afterEach(() => world.stop())

const question = ask('www.example.com')
const fetches = () => world.nodes.reduce((sum, node) => sum + node.fetches, 0)
const lastOctet = async (node: Node) => {
  const read = await world.read(node, question)
  return read.kind === 'accepted' && read.finding.outcome.kind === 'rrset'
    ? read.finding.outcome.rrset.rdatas[0]?.[3]
    : undefined
}

/** Agreed 300 s long, at about `began`. */
async function agreed() {
  world = createWorld({ nodes: 7, n: 5 })
  world.publish(question, answer(question, [1]))
  const [teller, reader] = world.outsiders(question)
  await world.told(question, [teller!])
  const { expires } = world.replicas(question)[0]!.chunks.entry(question)!
  const until = (ms: number) => world.clock.advanceAsync(expires - world.clock.now() + ms)
  return { reader: reader!, replica: world.replicas(question)[2]!, until }
}

describe('an entry', () => {
  it.each(['an outsider', 'a replica'])(
    'that %s reads near its end is observed anew, with what holds then',
    async (who) => {
      const { reader, replica, until } = await agreed()
      await until(-20_000)
      world.publish(question, answer(question, [2]))
      const before = fetches()
      expect(await lastOctet(who === 'a replica' ? replica : reader)).toBe(1)
      await until(-10_000)
      expect(fetches() - before).toBe(5)
      expect(await lastOctet(reader)).toBe(2)
      await until(200_000)
      expect(await lastOctet(reader)).toBe(2)
    },
  )

  it('that is read early costs nothing, and ends when it ends', async () => {
    const { reader, until } = await agreed()
    const before = fetches()
    await until(-150_000)
    expect(await lastOctet(reader)).toBe(1)
    await until(1_000)
    expect(await lastOctet(reader)).toBeUndefined()
    expect(fetches()).toBe(before)
  })

  it('that many read near its end is observed anew once', async () => {
    const { reader, replica, until } = await agreed()
    await until(-20_000)
    const before = fetches()
    for (let i = 0; i < 8; i++) {
      await Promise.all([lastOctet(reader), lastOctet(replica)])
      await world.clock.advanceAsync(1_000)
    }
    expect(fetches() - before).toBe(5)
  })

  it('that rests after a failed round is observed when the rest is over, if somebody asked meanwhile', async () => {
    world = createWorld({ nodes: 7, n: 5 })
    const [teller, reader] = world.outsiders(question)
    await world.told(question, [teller!])
    expect(await lastOctet(reader!)).toBeUndefined()
    world.publish(question, answer(question, [3]))
    await world.told(question, [teller!], 1_000)
    expect(await lastOctet(reader!)).toBeUndefined()
    await world.clock.advanceAsync(60_000)
    expect(await lastOctet(reader!)).toBe(3)
  })

  it.each([
    ['that too few could observe', 2],
    ['whose opener keeps what it hears to itself', 0],
  ])('whose round failed, %s, is observed again without anybody asking, while it is wanted', async (_, blind) => {
    world = createWorld({ nodes: 7, n: 5 })
    world.publish(question, answer(question, [3]))
    const replicas = world.replicas(question)
    const [teller, reader] = world.outsiders(question)
    if (blind > 0) for (const node of replicas.slice(blind)) node.sees = () => undefined
    else {
      const [opener] = replicas
      // The others answer it; it takes none of it, and so never delivers.
      for (const node of replicas.slice(1))
        node.liar = async (request, from, honest) => {
          const reply = await honest()
          return request.kind === 'round' && from === opener!.member.peer ? { kind: 'unknown' } : reply
        }
    }
    await world.told(question, [teller!])
    expect(replicas[1]!.chunks.entry(question)).toBeUndefined()
    for (const node of replicas) node.sees = undefined
    await world.clock.advanceAsync(120_000)
    expect(replicas[1]!.chunks.entry(question)).toBeDefined()
    expect(await lastOctet(reader!)).toBe(3)
  })

  it('whose rounds fail again and again is left alone after some of them, until somebody asks', async () => {
    world = createWorld({ nodes: 7, n: 5 })
    world.publish(question, answer(question, [3]))
    for (const node of world.replicas(question).slice(2)) node.sees = () => undefined
    await world.told(question, [world.outsiders(question)[0]!])
    await world.clock.advanceAsync(3_600_000)
    expect(fetches()).toBeLessThanOrEqual(5 * (1 + limits.MAX_UNASKED_ROUNDS) * 3)
    const before = fetches()
    await world.clock.advanceAsync(4 * 3_600_000)
    expect(fetches()).toBe(before)
  })
})
