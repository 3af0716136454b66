import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { baseLimits, type PeerId, type Transport } from '../../src/base/index.ts'
import { peerIdFromPublicKey, sha256 } from '../../src/crypto/index.ts'
import { openDoorkeeper } from '../../src/ring/index.ts'
import { createMemoryNetwork, type MemoryNetworkOptions, seededRandom, virtualClock } from '../../src/sim/index.ts'
import { bulkCompliance } from './bulk.compliance.ts'
import { transportCompliance, type World } from './transport.compliance.ts'

const peerOf = (name: string): PeerId => peerIdFromPublicKey(sha256(new TextEncoder().encode(name)))
const OPTIONS = { timeoutMs: 1_000 }
const bytes = (...values: number[]) => Uint8Array.from(values)

function lab(options: Partial<MemoryNetworkOptions> = {}) {
  const clock = virtualClock({ settle: setImmediate })
  const random = seededRandom('memory transport')
  const network = createMemoryNetwork({ clock, random, ...options })
  const doorkeeper = openDoorkeeper({ ringId: 'lab', random: random.split('hello') })
  const transport = (name: string, address?: string) =>
    network.transport(peerOf(name), doorkeeper, address === undefined ? {} : { address })
  return { clock, network, transport }
}

async function createWorld(): Promise<World> {
  const clock = virtualClock({ settle: setImmediate })
  const network = createMemoryNetwork({ clock, random: seededRandom(1) })
  const transports: Transport[] = []
  return {
    async transport(name, doorkeeper, address) {
      const made = network.transport(peerOf(name), doorkeeper, address === undefined ? {} : { address })
      transports.push(made)
      return made
    },
    emptyAddress: '/memory/nobody',
    run: (promise) => clock.run(promise),
    pass: (ms) => clock.advanceAsync(ms),
    async close() {
      for (const transport of transports) await transport.close()
      await clock.advanceAsync(1_000)
      // No timer is left behind.
      expect(clock.pending).toBe(0)
    },
  }
}

describe('the transport in memory', () => {
  transportCompliance(createWorld)
  bulkCompliance(createWorld)
})

describe('faults of the network in memory', () => {
  async function pair(options: Partial<MemoryNetworkOptions> = {}) {
    const { clock, network, transport } = lab(options)
    const a = transport('a')
    const b = transport('b')
    a.onRequest((_, body) => body)
    b.onRequest((_, body) => body)
    await clock.run(a.connect(b.addresses(), OPTIONS))
    const outcome = () =>
      a.request(b.self, bytes(1), OPTIONS).then(
        () => 'answered',
        (error: { code: string }) => error.code,
      )
    return { clock, network, transport, a, b, outcome, ask: () => clock.run(outcome()) }
  }

  it('takes the time that the delay says, both ways', async () => {
    const { clock, network, a, ask } = await pair({ delayMs: 40 })
    const started = clock.monotonic()
    expect(await ask()).toBe('answered')
    expect(clock.monotonic() - started).toBe(80)
    network.setDelay((from) => (from === a.self ? 100 : 7))
    const again = clock.monotonic()
    await ask()
    expect(clock.monotonic() - again).toBe(107)
  })

  it('lets no message overtake another', async () => {
    let delayMs = 5
    const { clock, a, b } = await pair({ delayMs: () => delayMs })
    delayMs = 500
    const order: number[] = []
    b.onRequest((_, body) => {
      order.push(body[0]!)
      return body
    })
    const requests = Array.from({ length: 5 }, (_, i) => {
      const work = a.request(b.self, bytes(i), { timeoutMs: 10_000 })
      delayMs /= 5
      return work
    })
    await clock.run(Promise.all(requests))
    expect(order).toEqual([0, 1, 2, 3, 4])
  })

  it('drops one way only, until it is healed', async () => {
    const { network, a, b, ask } = await pair()
    const heal = network.drop(b.self, a.self)
    expect(await ask()).toBe('PEER_TIMEOUT')
    expect(a.connectedPeers()).toEqual([b.self])
    heal()
    expect(await ask()).toBe('answered')
  })

  it('parts two sides, and what is on its way is lost with them', async () => {
    const { clock, network, a, b } = await pair({ delayMs: 100 })
    const work = a.request(b.self, bytes(1), OPTIONS).catch((error: { code: string }) => error.code)
    await clock.advanceAsync(50)
    network.partition([a.self], [b.self])
    expect(await clock.run(work)).toBe('PEER_TIMEOUT')
    expect(network.counters.lost).toBeGreaterThan(0)
  })

  it('kills without a word: requests time out, and dials, too', async () => {
    const { clock, network, a, b, transport, ask } = await pair()
    const gone: PeerId[] = []
    a.onPeerGone((peer) => gone.push(peer))
    network.kill(b.self)
    expect(await ask()).toBe('PEER_TIMEOUT')
    expect(gone).toEqual([])
    const c = transport('c')
    const started = clock.monotonic()
    await expect(clock.run(c.connect(b.addresses(), { timeoutMs: 3_000 }))).rejects.toMatchObject({
      code: 'PEER_UNREACHABLE',
    })
    expect(clock.monotonic() - started).toBe(3_000)
  })

  it('kills a process: its connections end after the delay, and what waits fails', async () => {
    const { clock, network, a, b, ask, outcome } = await pair({ delayMs: 20 })
    const gone: PeerId[] = []
    a.onPeerGone((peer) => gone.push(peer))
    b.onRequest(() => new Promise(() => {}))
    const waiting = outcome()
    await clock.advanceAsync(100)
    const started = clock.monotonic()
    network.kill(b.self, { silent: false })
    expect(await clock.run(waiting)).toBe('PEER_GONE')
    expect(clock.monotonic() - started).toBe(20)
    expect(gone).toEqual([b.self])
    expect(await ask()).toBe('PEER_UNREACHABLE')
  })

  it('lets a peer that lost its power come back to the connections of before', async () => {
    const { clock, network, a, b, transport, ask } = await pair()
    network.kill(b.self)
    const back = transport('b')
    back.onRequest((_, body) => body)
    // The machine knows nothing of the old connection, and says so.
    expect(await ask()).toBe('PEER_GONE')
    expect(await ask()).toBe('answered')
    expect(a.connectedPeers()).toEqual([back.self])
    await clock.advanceAsync(10_000)
    expect(b.connectedPeers()).toEqual([])
  })

  it('hangs up on whoever does not finish hello', async () => {
    const { clock, network, transport } = lab()
    const a = transport('a')
    const silent = network.transport(peerOf('mute'), {
      hello: () => ({ opening: () => undefined, receive: () => ({ admitted: false }) }),
    })
    const work = silent.connect(a.addresses(), { timeoutMs: 60_000 }).catch((error: { code: string }) => error.code)
    const started = clock.monotonic()
    expect(await clock.run(work)).toBe('PEER_GONE')
    expect(clock.monotonic() - started).toBeLessThan(baseLimits.HELLO_TIMEOUT_MS + 100)
    await a.close()
    await silent.close()
    await clock.advanceAsync(1_000)
    expect(clock.pending).toBe(0)
  })

  it('loses the part of the messages that it was told to', async () => {
    const { clock, network, transport } = lab({ loss: 0.2 })
    const [a, b] = [transport('a'), transport('b')]
    b.onRequest((_, body) => body)
    const tryConnect = () => a.connect(b.addresses(), OPTIONS).catch(() => undefined)
    while ((await clock.run(tryConnect())) === undefined);
    const outcomes = await clock.run(
      Promise.all(
        Array.from({ length: 500 }, () =>
          a.request(b.self, bytes(1), OPTIONS).then(
            () => 'answered',
            (error: { code: string }) => error.code,
          ),
        ),
      ),
    )
    // 1 - 0.8 squared is 36 %: 180 of 500.
    const lost = outcomes.filter((one) => one === 'PEER_TIMEOUT').length
    expect(lost).toBeGreaterThan(140)
    expect(lost).toBeLessThan(220)
    expect(network.counters.sent).toBe(network.counters.lost + network.counters.delivered)
  })

  it('does the same again from the same seed', async () => {
    const run = async () => {
      const { clock, network, a, b } = await pair()
      const random = seededRandom('delays')
      network.setDelay(() => 1 + random.below(50))
      const times = await clock.run(
        Promise.all(
          Array.from({ length: 50 }, async (_, i) => {
            await a.request(b.self, bytes(i), OPTIONS)
            return clock.monotonic()
          }),
        ),
      )
      return times
    }
    expect(await run()).toEqual(await run())
  })
})
