/** Faults of all links: loss, duplicates, overtaking, bandwidth, clogging, one-way cuts, and delays as on the Internet. */
import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { PeerId } from '../../src/base/index.ts'
import { peerIdFromPublicKey, sha256 } from '../../src/crypto/index.ts'
import { openDoorkeeper } from '../../src/ring/index.ts'
import { createMemoryNetwork, createWeather, latencySpace, seededRandom, virtualClock } from '../../src/sim/index.ts'

const peerOf = (name: string): PeerId => peerIdFromPublicKey(sha256(new TextEncoder().encode(name)))

async function pair() {
  const clock = virtualClock({ settle: () => setImmediate() })
  const random = seededRandom('weather')
  const weather = createWeather(random.split('weather'))
  const network = createMemoryNetwork({ clock, random, weather, delayMs: 10 })
  const door = openDoorkeeper({ ringId: 'lab', random: random.split('hello') })
  const [a, b] = ['a', 'b'].map((name) => network.transport(peerOf(name), door))
  const received: number[] = []
  b!.onRequest((_, body) => {
    received.push(body[0]!)
    return body
  })
  await clock.run(a!.connect(b!.addresses(), { timeoutMs: 1_000 }))
  const ask = (value: number, size = 1) => {
    const body = new Uint8Array(size)
    body[0] = value
    return a!.request(b!.self, body, { timeoutMs: 5_000 }).then(
      () => 'answered',
      (error: { code: string }) => error.code,
    )
  }
  const askAll = (count: number, size?: number) =>
    clock.run(Promise.all(Array.from({ length: count }, (_, i) => ask(i, size))))
  await clock.run(ask(0))
  received.length = 0
  return { clock, network, weather, a: a!.self, b: b!.self, received, ask, askAll }
}

describe('weather', () => {
  it('loses about the part that it says', async () => {
    const { weather, network, askAll } = await pair()
    weather.loss = 0.5
    const answered = (await askAll(60)).filter((outcome) => outcome === 'answered').length
    // A request and its reply must both pass: a quarter.
    expect(answered).toBeGreaterThan(4)
    expect(answered).toBeLessThan(30)
    expect(network.counters.lost).toBeGreaterThan(20)
  })

  it('delivers requests twice, and their answers once', async () => {
    const { weather, network, received, askAll } = await pair()
    weather.duplicates = 1
    expect(new Set(await askAll(10))).toEqual(new Set(['answered']))
    expect(received).toHaveLength(20)
    expect(network.counters.duplicated).toBeGreaterThanOrEqual(10)
  })

  it('lets messages overtake others', async () => {
    const { weather, received, askAll } = await pair()
    weather.reorder = 0.5
    await askAll(20)
    expect([...received].sort((x, y) => x - y)).toEqual(Array.from({ length: 20 }, (_, i) => i))
    expect(received).not.toEqual([...received].sort((x, y) => x - y))
  })

  it('makes large messages wait for those before them where bandwidth is bounded', async () => {
    const { clock, weather, askAll } = await pair()
    weather.bytesPerSecond = 10_000
    const started = clock.monotonic()
    await askAll(3, 1_000)
    // Three times 100 ms out, the last 100 ms back, and two delays of 10 ms.
    expect(clock.monotonic() - started).toBeCloseTo(420, 0)
  })

  it('clogs one way, and lets go in order', async () => {
    const { clock, network, a, b, received, ask } = await pair()
    const release = network.clog([a], [b])
    const work = [1, 2, 3].map((value) => ask(value))
    await clock.advanceAsync(1_000)
    expect(received).toEqual([])
    release()
    expect(await clock.run(Promise.all(work))).toEqual(['answered', 'answered', 'answered'])
    expect(received).toEqual([1, 2, 3])
  })

  it('cuts one way for many', async () => {
    const { clock, network, a, b, received, ask } = await pair()
    const heal = network.cut([b], [a])
    expect(await clock.run(ask(1))).toBe('PEER_TIMEOUT')
    expect(received).toEqual([1])
    heal()
    expect(await clock.run(ask(2))).toBe('answered')
  })

  it('draws each fault from a stream of its own', () => {
    const fates = (duplicates: number) => {
      const weather = createWeather(seededRandom(3))
      weather.loss = 0.3
      weather.duplicates = duplicates
      return Array.from({ length: 50 }, () => weather.fate().lost)
    }
    expect(fates(0.5)).toEqual(fates(0))
  })
})

describe('the latency space', () => {
  const space = latencySpace(seededRandom(11))
  const peers = Array.from({ length: 80 }, (_, i) => peerOf(`host ${i}`))
  const trips = peers.flatMap((from, i) => peers.slice(i + 1).map((to) => space.roundTrip(from, to)))
  trips.sort((x, y) => x - y)
  const quantile = (q: number) => trips[Math.floor(q * trips.length)]!

  it('has round trips as they are measured between hosts: tens of ms in the middle, and a long tail', () => {
    expect(quantile(0.5)).toBeGreaterThan(50)
    expect(quantile(0.5)).toBeLessThan(150)
    expect(quantile(0.95)).toBeGreaterThan(1.6 * quantile(0.5))
    expect(quantile(1 - 1e-9)).toBeLessThanOrEqual(420)
  })

  it('gives half of the round trip to each way, and jitter; all of it follows from the seed', () => {
    const [from, to] = [peers[0]!, peers[1]!]
    expect(space.delay(from, to)).toBeGreaterThan(space.roundTrip(from, to) / 2)
    expect(space.roundTrip(from, to)).toBe(space.roundTrip(to, from))
    expect(latencySpace(seededRandom(11)).roundTrip(from, to)).toBe(space.roundTrip(from, to))
    expect(new Set(peers.map((peer) => space.region(peer)))).toEqual(new Set([0, 1, 2]))
  })
})
