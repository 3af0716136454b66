/** Rings of more members than a node may have connections: all join, all look-ups end at the owner, and late ones get in. */
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Transport } from '../../src/base/index.ts'
import { peerIdFromPublicKey } from '../../src/crypto/index.ts'
import { createRing, openDoorkeeper, type RunningRing } from '../../src/ring/index.ts'
import { createMemoryNetwork, type MemoryNetwork, seededRandom, virtualClock } from '../../src/sim/index.ts'
import { keyOf, OPTIONS, scheme } from './world.ts'

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

interface Node {
  readonly ring: RunningRing
  readonly transport: Transport
}

let clock: ReturnType<typeof virtualClock>
let network: MemoryNetwork
let nodes: Node[]

beforeEach(() => {
  clock = virtualClock({ settle: setImmediate })
  network = createMemoryNetwork({ clock, random: seededRandom('growth') })
  nodes = []
})

afterEach(async () => {
  await clock.run(Promise.all(nodes.map(({ ring, transport }) => ring.stop().then(() => transport.close()))))
})

function start(maxPeers: number): Node {
  const name = `growth ${nodes.length}`
  const random = seededRandom(name)
  const door = openDoorkeeper({ ringId: 'test', random: random.split('door') })
  const address = `/memory/${nodes.length}`
  const transport = network.transport(peerIdFromPublicKey(keyOf(name)), door, { address, maxPeers })
  const options = { ...OPTIONS, graceMs: 20_000, bootstrap: nodes.length === 0 ? [] : ['/memory/0'] }
  const ring = createRing(
    { transport, clock, random, signer: scheme.signer(keyOf(name)), scheme, log, options },
    {
      send: (peer, body, how) => transport.request(peer, body, how),
      addresses: () => transport.addresses(),
    },
  )
  transport.onRequest((from, body) => ring.handle(from, body))
  const node = { ring, transport }
  nodes.push(node)
  void ring.start()
  return node
}

const know = (count: number) => nodes.filter(({ ring }) => ring.members().length === count).length
const most = () => Math.max(...nodes.map(({ transport }) => transport.connectedPeers().length))

describe('a ring of more members than connections', () => {
  it('lets all of 44 join where each may have 36', async () => {
    for (let i = 0; i < 44; i++) {
      start(36)
      await clock.advanceAsync(100)
    }
    for (let i = 0; i < 30 && know(44) < 44; i++) await clock.advanceAsync(1_000)
    expect(know(44)).toBe(44)
    expect(most()).toBeLessThanOrEqual(36)
    // And nobody is taken for dead for want of a place.
    await clock.advanceAsync(40_000)
    expect(know(44)).toBe(44)
  }, 120_000)
})
