/** More members than connections: who stays connected over libp2p, who makes room, and what is closed when idle. */
import { setImmediate, setTimeout } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { baseLimits, type Clock, type Transport } from '../../../src/base/index.ts'
import { createLibp2pTransport, systemClock, systemRandom } from '../../../src/io/index.ts'
import type { Libp2pTransport } from '../../../src/io/peers/libp2p-transport.ts'
import { openDoorkeeper } from '../../../src/ring/index.ts'
import { virtualClock } from '../../../src/sim/index.ts'
import { until as comes } from '../../setup/until.ts'
import { quietLog, seedOf } from './libp2p-world.ts'

const until = (what: string, isSo: () => boolean) => comes(isSo, what)

const OPTIONS = { timeoutMs: 30_000 }
const door = openDoorkeeper({ ringId: 'test', random: systemRandom() })
let transports: Transport[]

beforeEach(() => {
  transports = []
})
afterEach(async () => {
  for (const transport of transports) await transport.close()
})

async function transport(name: string, maxPeers = 100, clock: Clock = systemClock()): Promise<Libp2pTransport> {
  const made = (await createLibp2pTransport({
    seed: seedOf(name),
    listen: ['/ip4/127.0.0.1/tcp/0'],
    doorkeeper: door,
    clock,
    log: quietLog,
    maxPeers,
  })) as Libp2pTransport
  made.onRequest((_, body) => body)
  transports.push(made)
  return made
}

describe('a node with fewer connections than its ring has members', () => {
  it('serves them all in turn: whoever was quiet for longest makes room, and those that are kept stay', async () => {
    const few = await transport('few', 3)
    const kept = await transport('kept')
    const gone: string[] = []
    few.onPeerGone((peer) => gone.push(peer))
    few.keep([kept.self])
    await kept.connect(few.addresses(), OPTIONS)
    const others = await Promise.all(Array.from({ length: 5 }, (_, i) => transport(`other ${i}`)))
    for (const other of others) {
      await setTimeout(baseLimits.PEER_REST_MS / 2 + 100)
      other.learn(few.self, few.addresses())
      expect(await other.request(few.self, Uint8Array.of(1), OPTIONS)).toEqual(Uint8Array.of(1))
      expect(few.connectedPeers().length).toBeLessThanOrEqual(3)
    }
    expect(few.connectedPeers()).toContain(kept.self)
    await until('the end of three', () => gone.length === 3)
    expect(gone).toEqual(others.slice(0, 3).map(({ self }) => self))
    expect(few.counters).toMatchObject({ madeRoom: 3, noPlace: 0 })
    expect(await kept.request(few.self, Uint8Array.of(2), OPTIONS)).toEqual(Uint8Array.of(2))
  })

  it('turns away whom it has no place for, and lets it in when there is one', async () => {
    const few = await transport('few', 1)
    const first = await transport('first')
    const second = await transport('second')
    // Who waits for an answer does not make room.
    let answer: (body: Uint8Array) => void = () => {}
    few.onRequest((_, body) => (body[0] === 9 ? new Promise((resolve) => (answer = resolve)) : body))
    first.learn(few.self, few.addresses())
    const waiting = first.request(few.self, Uint8Array.of(9), { timeoutMs: 20_000 })
    await until('the first', () => few.connectedPeers().length === 1)
    await setTimeout(2 * baseLimits.PEER_REST_MS)
    second.learn(few.self, few.addresses())
    const outcome = await second.request(few.self, Uint8Array.of(1), OPTIONS).then(
      () => 'answered',
      (error: { code: string }) => error.code,
    )
    expect(['PEER_GONE', 'PEER_REFUSED']).toContain(outcome)
    expect(few.connectedPeers()).toEqual([first.self])
    answer(Uint8Array.of(8))
    expect(await waiting).toEqual(Uint8Array.of(8))
    await setTimeout(1_500)
    expect(await second.request(few.self, Uint8Array.of(1), OPTIONS)).toEqual(Uint8Array.of(1))
  })

  it('closes what is idle, and not what is kept', async () => {
    const clock = virtualClock({ settle: setImmediate })
    const patient = await transport('patient', 100, clock)
    const [kept, idle] = [await transport('kept'), await transport('idle')]
    patient.keep([kept.self])
    await Promise.all([kept, idle].map((one) => one.connect(patient.addresses(), OPTIONS)))
    await until('both', () => patient.connectedPeers().length === 2)
    clock.advance(baseLimits.PEER_IDLE_MS + 1)
    clock.advance(baseLimits.PEER_IDLE_MS / 2)
    await until('the end of one', () => patient.connectedPeers().length === 1)
    expect(patient.connectedPeers()).toEqual([kept.self])
    await until('word of it', () => idle.connectedPeers().length === 0)
    expect(await idle.request(patient.self, Uint8Array.of(3), OPTIONS)).toEqual(Uint8Array.of(3))
    await patient.close()
    expect(clock.pending).toBe(0)
  })
})
