/** Builds of different versions in one ring, for as long as an upgrade takes. */
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Doorkeeper, Transport } from '../../../src/base/index.ts'
import { peerIdFromPublicKey } from '../../../src/crypto/index.ts'
import { createRing, pskDoorkeeper, type RunningRing } from '../../../src/ring/index.ts'
import { createMemoryNetwork, type MemoryNetwork, seededRandom, virtualClock } from '../../../src/sim/index.ts'
import { firstRelease } from '../door/first-release.ts'
import { keyOf, OPTIONS, scheme } from '../world.ts'

const SECRET = new Uint8Array(32).fill(9)
const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

interface Node {
  readonly ring: RunningRing
  readonly transport: Transport
}

let clock: ReturnType<typeof virtualClock>
let network: MemoryNetwork
let nodes: Map<string, Node>

beforeEach(() => {
  clock = virtualClock({ settle: setImmediate })
  network = createMemoryNetwork({ clock, random: seededRandom('versions') })
  nodes = new Map()
})

afterEach(async () => {
  await clock.run(Promise.all([...nodes.keys()].map(stop)))
})

function start(name: string, door: Doorkeeper): void {
  const random = seededRandom(`${name} ${nodes.size}`)
  const transport = network.transport(peerIdFromPublicKey(keyOf(name)), door, { address: `/memory/${name}` })
  const bootstrap = ['a', 'b', 'c'].map((one) => `/memory/${one}`)
  const ring = createRing(
    { transport, clock, random, signer: scheme.signer(keyOf(name)), scheme, log, options: { ...OPTIONS, bootstrap } },
    {
      send: (peer, body, options) => transport.request(peer, body, options),
      addresses: () => transport.addresses(),
    },
  )
  transport.onRequest((from, body) => ring.handle(from, body))
  nodes.set(name, { ring, transport })
  void ring.start()
}

async function stop(name: string): Promise<void> {
  const node = nodes.get(name)!
  nodes.delete(name)
  await node.ring.stop()
  await node.transport.close()
}

const counts = () => [...nodes.values()].map(({ ring }) => ring.members().length)
const names = ['a', 'b', 'c', 'd', 'e', 'f']
const random = seededRandom('doors')
const constants = { chunkBits: 8, replicas: 2 }
const spoken: number[] = []
const past = firstRelease({ ringId: 'test', secret: SECRET, random })
const speaking = (lowest: number, highest: number, changes: Record<string, number> = {}) =>
  pskDoorkeeper({
    ringId: 'test',
    secret: SECRET,
    random,
    versions: { lowest, highest },
    constants: { ...constants, ...changes },
    onSpoken: (_, { version }) => void spoken.push(version),
  })

describe('a ring of two releases', () => {
  it('is one ring while its members are upgraded one by one', async () => {
    for (const name of names) start(name, past)
    await clock.advanceAsync(20_000)
    expect(counts()).toEqual([6, 6, 6, 6, 6, 6])
    for (const name of names) {
      await clock.run(stop(name))
      await clock.advanceAsync(2_000)
      start(name, speaking(1, 2))
      await clock.advanceAsync(8_000)
      expect(counts()).toEqual([6, 6, 6, 6, 6, 6])
    }
    expect(new Set(spoken)).toEqual(new Set([1, 2]))
  })

  it('does not let a member with other constants in, and tells it why', async () => {
    for (const name of names.slice(0, 3)) start(name, speaking(1, 1))
    start('odd', speaking(1, 1, { chunkBits: 6 }))
    await clock.advanceAsync(20_000)
    expect(counts()).toEqual([3, 3, 3, 1])
    const { transport } = nodes.get('odd')!
    const outcome = transport.connect(['/memory/a'], { timeoutMs: 5_000 }).then(
      () => 'in',
      (error: Error) => error.message,
    )
    expect(await clock.run(outcome)).toContain('chunkBits is 6 here and 8 there')
  })
})
