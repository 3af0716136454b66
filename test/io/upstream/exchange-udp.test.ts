import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { networkInterfaces } from 'node:os'
import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import type { Random } from '../../../src/base/index.ts'
import { createExchange, type SystemExchange, systemClock, systemRandom } from '../../../src/io/index.ts'
import { AVOIDED_PORTS, limits } from '../../../src/io/limits.ts'
import { randomPort } from '../../../src/io/upstream/udp.ts'
import { seededRandom, virtualClock } from '../../../src/sim/index.ts'
import { until } from '../../setup/until.ts'
import { ask, freePort, message, openSockets, textOf, type UdpServer, udpServer } from './upstream.ts'

const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'))
const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function serve(...parts: Parameters<typeof udpServer>): Promise<UdpServer> {
  const server = await udpServer(...parts)
  closers.push(server.close)
  return server
}

function exchange(options: Partial<Parameters<typeof createExchange>[0]> = {}): SystemExchange {
  const made = createExchange({ clock: systemClock(), random: systemRandom(), bind: [], ...options })
  closers.push(() => made.close())
  return made
}

/** Draws these numbers first, then by chance. */
function scripted(draws: number[]): Random {
  const random = systemRandom()
  return { bytes: random.bytes, below: (bound) => draws.shift() ?? random.below(bound) }
}

describe('a query by UDP', () => {
  it('resolves with the reply that is accepted, as a copy', async () => {
    const server = await serve((query, from, socket) => void socket.send(query, from.port, from.address))
    const sent = message(7, 'question')
    expect(await exchange().exchange(ask(server.endpoint, 'udp', sent))).toEqual(sent)
  })

  it.skipIf(!hasIpv6)('works over IPv6', async () => {
    const server = await serve((query, from, socket) => void socket.send(query, from.port, from.address), '::1')
    const sent = message(7, 'question')
    expect(await exchange().exchange(ask(server.endpoint, 'udp', sent))).toEqual(sent)
  })

  it('leaves from the address it is bound to', async () => {
    const seen: string[] = []
    const server = await serve((query, from, socket) => {
      seen.push(from.address)
      socket.send(query, from.port, from.address)
    })
    const bound = exchange({ bind: ['127.0.0.7', '::1'] })
    await bound.exchange(ask(server.endpoint, 'udp', message(1)))
    expect(seen).toEqual(['127.0.0.7'])
  })

  it('has a port of its own each time, chosen by our own source of chance', async () => {
    const ports: number[] = []
    const server = await serve((query, from, socket) => {
      ports.push(from.port)
      socket.send(query, from.port, from.address)
    })
    // By chance, one of these ports may be taken; then the next one is.
    const drawn = [40_000, 51_234, 20_001].map((port) => port - limits.MIN_PORT)
    const made = exchange({ random: scripted(drawn) })
    for (let i = 0; i < 3; i++) await made.exchange(ask(server.endpoint, 'udp', message(i)))
    expect(new Set(ports).size).toBe(3)
    expect(ports.filter((port) => [40_000, 51_234, 20_001].includes(port)).length).toBeGreaterThanOrEqual(2)
  })

  it('takes another port when the first is in use', async () => {
    const taken = await serve(() => {})
    const server = await serve((query, from, socket) => void socket.send(query, from.port, from.address))
    const random = scripted([taken.endpoint.port - limits.MIN_PORT])
    const made = exchange({ random, bind: [] })
    // The other socket is bound to 127.0.0.1, ours to all addresses: they clash.
    expect(await made.exchange(ask(server.endpoint, 'udp', message(9)))).toEqual(message(9))
  })

  it('goes on waiting when something else comes first', async () => {
    const server = await serve((query, from, socket) => {
      socket.send(message(0xffff, 'nonsense'), from.port, from.address)
      socket.send(new Uint8Array(0), from.port, from.address)
      socket.send(query, from.port, from.address)
    })
    expect(textOf(await exchange().exchange(ask(server.endpoint, 'udp', message(3, 'true'))))).toBe('true')
  })

  it('never sees what comes from another address or port', async () => {
    const judged: Uint8Array[] = []
    const stranger = createSocket('udp4')
    stranger.bind(0, '127.0.0.2')
    await once(stranger, 'listening')
    closers.push(async () => void stranger.close())
    const server = await serve((query, from, socket) => {
      stranger.send(query, from.port, from.address, async () => {
        const sameAddress = createSocket('udp4')
        sameAddress.bind(0, '127.0.0.1', () =>
          sameAddress.send(query, from.port, from.address, () => {
            sameAddress.close()
            socket.send(query, from.port, from.address)
          }),
        )
      })
    })
    const classify = (reply: Uint8Array) => {
      judged.push(reply)
      return 'accept' as const
    }
    await exchange().exchange(ask(server.endpoint, 'udp', message(3, 'x'), { classify }))
    expect(judged).toHaveLength(1)
  })

  it('fails at a near miss: somebody may be guessing ids', async () => {
    const server = await serve((_, from, socket) => void socket.send(message(8, 'x'), from.port, from.address))
    await expect(exchange().exchange(ask(server.endpoint, 'udp', message(7, 'x')))).rejects.toMatchObject({
      code: 'UPSTREAM_NEAR_MISS',
      detail: { server: server.endpoint, protocol: 'udp' },
    })
  })

  it('gives up after a flood of wrong replies, long before its time is over', async () => {
    let judged = 0
    const server = await serve((_, from, socket) => {
      for (let i = 0; i < 200; i++) socket.send(message(i, 'junk'), from.port, from.address)
    })
    const classify = () => {
      judged++
      return 'ignore' as const
    }
    const work = exchange().exchange(ask(server.endpoint, 'udp', message(7), { classify, timeoutMs: 60_000 }))
    await expect(work).rejects.toMatchObject({ code: 'UPSTREAM_TIMEOUT' })
    expect(judged).toBe(limits.MAX_IGNORED_REPLIES + 1)
  })

  it('is refused at once when nobody listens', async () => {
    const endpoint = { address: '127.0.0.1', port: await freePort() }
    const work = exchange().exchange(ask(endpoint, 'udp', message(7), { timeoutMs: 60_000 }))
    await expect(work).rejects.toMatchObject({ code: 'UPSTREAM_REFUSED' })
  })

  it('is unreachable without a route, with a name instead of an address, and without a port', async () => {
    const made = exchange()
    for (const server of [
      { address: 'localhost', port: 53 },
      { address: '127.0.0.1', port: 0 },
      { address: '127.0.0.1', port: 65_536 },
    ])
      await expect(made.exchange(ask(server, 'udp', message(7)))).rejects.toMatchObject({
        code: 'UPSTREAM_UNREACHABLE',
      })
    // Source and destination that no route joins.
    const nowhere = exchange({ bind: ['192.0.2.77'] })
    await expect(nowhere.exchange(ask({ address: '127.0.0.1', port: 53 }, 'udp', message(7)))).rejects.toMatchObject({
      code: 'UPSTREAM_UNREACHABLE',
    })
  })

  it('times out by the clock', async () => {
    const clock = virtualClock({ settle: setImmediate })
    let arrived: () => void = () => {}
    const arrival = new Promise<void>((resolve) => {
      arrived = resolve
    })
    const server = await serve(() => arrived())
    const made = exchange({ clock })
    const work = made.exchange(ask(server.endpoint, 'udp', message(7), { timeoutMs: 800 }))
    work.catch(() => {})
    await arrival
    clock.advance(799)
    clock.advance(1)
    await expect(work).rejects.toMatchObject({ code: 'UPSTREAM_TIMEOUT' })
    expect(clock.pending).toBe(0)
  })

  it('ends when its asker gives up, before and after it was sent', async () => {
    const server = await serve(() => {})
    const made = exchange()
    const giveUp = new AbortController()
    const work = made.exchange(ask(server.endpoint, 'udp', message(7), { signal: giveUp.signal }))
    giveUp.abort()
    await expect(work).rejects.toMatchObject({ code: 'ABORTED' })
    await expect(
      made.exchange(ask(server.endpoint, 'udp', message(7), { signal: giveUp.signal })),
    ).rejects.toMatchObject({ code: 'ABORTED' })
  })

  it('rejects with what its asker throws for a reply, instead of ending the process', async () => {
    const server = await serve((query, from, socket) => void socket.send(query, from.port, from.address))
    const classify = () => {
      throw new Error('a fault in the judge')
    }
    await expect(exchange().exchange(ask(server.endpoint, 'udp', message(7), { classify }))).rejects.toThrow('a fault')
  })
})

describe('sockets for UDP', () => {
  it('are all closed however queries end', async () => {
    const before = await openSockets()
    const clock = virtualClock({ settle: setImmediate })
    const made = exchange({ clock })
    const echo = await serve((query, from, socket) => void socket.send(query, from.port, from.address))
    const deaf = await serve(() => {})
    const nobody = { address: '127.0.0.1', port: await freePort() }
    const giveUp = new AbortController()
    const work = Array.from({ length: 40 }, (_, i) => [
      made.exchange(ask(echo.endpoint, 'udp', message(i))),
      made.exchange(ask(nobody, 'udp', message(i))),
      made.exchange(ask(deaf.endpoint, 'udp', message(i), { timeoutMs: 100 })),
      made.exchange(ask(deaf.endpoint, 'udp', message(i), { signal: giveUp.signal })),
    ]).flat()
    const settled = Promise.allSettled(work)
    await Promise.allSettled(work.filter((_, i) => i % 4 < 2))
    clock.advance(100)
    giveUp.abort()
    const codes = (await settled).map((one) => (one.status === 'fulfilled' ? 'ok' : one.reason.code))
    expect(new Set(codes)).toEqual(new Set(['ok', 'UPSTREAM_REFUSED', 'UPSTREAM_TIMEOUT', 'ABORTED']))
    // The two servers are still there.
    expect(await openSockets()).toBe(before + 2)
    expect(clock.pending).toBe(0)
  })

  it('are never more than the bound: further queries wait, and their time-out begins when they are sent', async () => {
    const clock = virtualClock({ settle: setImmediate })
    const made = exchange({ clock, maxUdpSockets: 3 })
    const deaf = await serve(() => {})
    const echo = await serve((query, from, socket) => void socket.send(query, from.port, from.address))
    const sent: number[] = []
    const giveUp = new AbortController()
    const stuck = Array.from({ length: 3 }, (_, i) =>
      made.exchange(
        ask(deaf.endpoint, 'udp', message(i), { signal: giveUp.signal, onSent: () => sent.push(i), timeoutMs: 60_000 }),
      ),
    )
    const ended = Promise.allSettled(stuck)
    const waiting = [7, 8].map((id) =>
      made.exchange(
        ask(echo.endpoint, 'udp', message(id), { onSent: () => sent.push(id), timeoutMs: 100, waitMs: 10_000 }),
      ),
    )
    clock.advance(5_000)
    expect(sent).toEqual([0, 1, 2])
    giveUp.abort()
    expect(await Promise.all(waiting)).toEqual([message(7), message(8)])
    expect(sent).toEqual([0, 1, 2, 7, 8])
    await ended
    expect(clock.pending).toBe(0)
  })

  it('that are not to be had for so long are said to be this node’s own shortage', async () => {
    const clock = virtualClock({ settle: setImmediate })
    const made = exchange({ clock, maxUdpSockets: 1 })
    const deaf = await serve(() => {})
    const stuck = made.exchange(ask(deaf.endpoint, 'udp', message(1), { timeoutMs: 60_000 }))
    stuck.catch(() => {})
    let sent = 0
    const waiting = made.exchange(ask(deaf.endpoint, 'udp', message(2), { waitMs: 900, onSent: () => sent++ }))
    waiting.catch(() => {})
    clock.advance(900)
    await expect(waiting).rejects.toMatchObject({ code: 'UPSTREAM_BUSY' })
    expect(sent).toBe(0)
  })

  it('are opened no more after close, which may be called twice', async () => {
    const deaf = await serve(() => {})
    const made = exchange()
    const work = made.exchange(ask(deaf.endpoint, 'udp', message(1)))
    work.catch(() => {})
    await made.close()
    await made.close()
    await expect(work).rejects.toMatchObject({ code: 'UPSTREAM_CLOSED' })
    await expect(made.exchange(ask(deaf.endpoint, 'udp', message(1)))).rejects.toMatchObject({
      code: 'UPSTREAM_CLOSED',
    })
  })
})

describe('a reply after the time-out', () => {
  it('is handed over once, and may come for so long', async () => {
    // Files share a process.
    const others = await openSockets()
    const clock = virtualClock({ settle: setImmediate })
    const made = exchange({ clock })
    const replies: (() => void)[] = []
    const server = await serve((query, from, socket) => {
      replies.push(() => socket.send(query, from.port, from.address))
    })
    const late: Uint8Array[] = []
    const slow = { timeoutMs: 400, lateMs: 2_000, onLate: (reply: Uint8Array) => void late.push(reply) }
    const first = made.exchange(ask(server.endpoint, 'udp', message(1), slow))
    const second = made.exchange(ask(server.endpoint, 'udp', message(2), slow))
    const ends = Promise.allSettled([first, second])
    await until(() => replies.length === 2)
    clock.advance(400)
    expect((await ends).map((end) => end.status === 'rejected' && end.reason.code)).toEqual([
      'UPSTREAM_TIMEOUT',
      'UPSTREAM_TIMEOUT',
    ])
    replies[0]!()
    replies[0]!()
    await until(() => late.length === 1)
    clock.advance(2_000)
    replies[1]!()
    // The server alone: both sockets are closed, and the second reply found nobody.
    expect(await openSockets()).toBe(others + 1)
    expect(late).toHaveLength(1)
    expect(clock.pending).toBe(0)
  })

  it('is waited for no longer when another query needs the socket', async () => {
    const clock = virtualClock({ settle: setImmediate })
    const made = exchange({ clock, maxUdpSockets: 1 })
    const deaf = await serve(() => {})
    const echo = await serve((query, from, socket) => void socket.send(query, from.port, from.address))
    const slow = made.exchange(
      ask(deaf.endpoint, 'udp', message(1), { timeoutMs: 10, lateMs: 9_000, onLate: () => {} }),
    )
    slow.catch(() => {})
    clock.advance(10)
    expect(await made.exchange(ask(echo.endpoint, 'udp', message(2)))).toEqual(message(2))
  })

  it('that is a near miss is not handed over', async () => {
    const clock = virtualClock({ settle: setImmediate })
    const made = exchange({ clock })
    let forge: (() => void) | undefined
    const server = await serve((query, from, socket) => {
      forge = () => {
        socket.send(message(9, 'x'), from.port, from.address)
        socket.send(query, from.port, from.address)
      }
    })
    let late = 0
    const work = made.exchange(
      ask(server.endpoint, 'udp', message(1, 'x'), { timeoutMs: 10, lateMs: 9_000, onLate: () => late++ }),
    )
    work.catch(() => {})
    await until(() => forge !== undefined)
    clock.advance(10)
    await expect(work).rejects.toMatchObject({ code: 'UPSTREAM_TIMEOUT' })
    forge!()
    await until(() => clock.pending === 0)
    expect(late).toBe(0)
  })
})

describe('source ports', () => {
  it('are spread evenly over all of the range, and never one of those to avoid', () => {
    const random = seededRandom('ports')
    const ports = Array.from({ length: 64_000 }, () => randomPort(random))
    expect(Math.min(...ports)).toBeLessThan(limits.MIN_PORT + 20)
    expect(Math.max(...ports)).toBeGreaterThan(65_515)
    const buckets = new Map<number, number>()
    for (const port of ports) buckets.set(port >> 12, (buckets.get(port >> 12) ?? 0) + 1)
    // 4,096 ports each; the lowest bucket lacks the ports below 1,024. Four standard deviations are about 250.
    for (const [bucket, count] of buckets) {
      const share = bucket === 0 ? (4_096 - 1_024) / 64_512 : 4_096 / 64_512
      expect(Math.abs(count - share * 64_000)).toBeLessThan(260)
    }
    expect(ports.some((port) => AVOIDED_PORTS.has(port))).toBe(false)
  })

  it('to avoid are passed over when they are drawn', () => {
    fc.assert(
      fc.property(fc.constantFrom(...AVOIDED_PORTS), fc.nat(64_000), (avoided, next) => {
        const port = randomPort(scripted([avoided - limits.MIN_PORT, next]))
        expect(AVOIDED_PORTS.has(port)).toBe(false)
      }),
    )
  })
})

describe('families', () => {
  it('say that IPv4 works on a machine with nothing but loopback', () => {
    const { ipv4, ipv6 } = exchange().families()
    expect(ipv4 || ipv6).toBe(true)
  })
})
