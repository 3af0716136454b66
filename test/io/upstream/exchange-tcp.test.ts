import type { Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { concatBytes } from '../../../src/base/index.ts'
import { createExchange, type SystemExchange, systemClock, systemRandom } from '../../../src/io/index.ts'
import { limits } from '../../../src/io/limits.ts'
import { type VirtualClock, virtualClock } from '../../../src/sim/index.ts'
import { until } from '../../setup/until.ts'
import { ask, framed, freePort, message, openSockets, type TcpServer, tcpServer, textOf } from './upstream.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function serve(onQuery: (query: Uint8Array, socket: Socket) => void): Promise<TcpServer> {
  const server = await tcpServer(onQuery)
  closers.push(server.close)
  return server
}

function exchange(options: Partial<Parameters<typeof createExchange>[0]> = {}): SystemExchange {
  const made = createExchange({ clock: systemClock(), random: systemRandom(), bind: [], ...options })
  closers.push(() => made.close())
  return made
}

function frozen(): { clock: VirtualClock; made: SystemExchange } {
  const clock = virtualClock({ settle: setImmediate })
  return { clock, made: exchange({ clock }) }
}

const echo = (query: Uint8Array, socket: Socket) => void socket.write(framed(query))

describe('a query by TCP', () => {
  it('resolves with the reply, in pieces of one byte as well', async () => {
    const server = await serve(async (query, socket) => {
      for (const byte of framed(query)) {
        socket.write(Uint8Array.of(byte))
        await setImmediate()
      }
    })
    expect(await exchange().exchange(ask(server.endpoint, 'tcp', message(5, 'answer')))).toEqual(message(5, 'answer'))
  })

  it('carries messages of 65,535 bytes both ways', async () => {
    const server = await serve(echo)
    const long = concatBytes(message(5), new Uint8Array(65_533).fill(1))
    expect(await exchange().exchange(ask(server.endpoint, 'tcp', long))).toEqual(long)
  })

  it('goes on waiting when another reply comes first, and gives up after a flood', async () => {
    const patient = await serve((query, socket) => {
      socket.write(framed(message(0xffff, 'other')))
      socket.write(framed(query))
    })
    expect(textOf(await exchange().exchange(ask(patient.endpoint, 'tcp', message(5, 'x'))))).toBe('x')
    const flooding = await serve((_, socket) => {
      for (let i = 0; i < 200; i++) socket.write(framed(message(i, 'junk')))
    })
    await expect(
      exchange().exchange(ask(flooding.endpoint, 'tcp', message(0xeeee, 'x'), { timeoutMs: 60_000 })),
    ).rejects.toMatchObject({ code: 'UPSTREAM_TIMEOUT' })
  })

  it('fails at a near miss, when the connection is refused, and when it is closed early', async () => {
    const guessing = await serve((_, socket) => void socket.write(framed(message(6, 'x'))))
    await expect(exchange().exchange(ask(guessing.endpoint, 'tcp', message(5, 'x')))).rejects.toMatchObject({
      code: 'UPSTREAM_NEAR_MISS',
    })
    const nobody = { address: '127.0.0.1', port: await freePort() }
    await expect(exchange().exchange(ask(nobody, 'tcp', message(5)))).rejects.toMatchObject({
      code: 'UPSTREAM_REFUSED',
    })
    const rude = await serve((_, socket) => void socket.destroy())
    await expect(exchange().exchange(ask(rude.endpoint, 'tcp', message(5)))).rejects.toMatchObject({
      code: 'UPSTREAM_CLOSED',
    })
    const resetting = await serve((_, socket) => void socket.resetAndDestroy())
    await expect(exchange().exchange(ask(resetting.endpoint, 'tcp', message(5)))).rejects.toMatchObject({
      code: 'UPSTREAM_CLOSED',
    })
    const half = await serve((query, socket) => void socket.end(framed(query).subarray(0, 3)))
    await expect(exchange().exchange(ask(half.endpoint, 'tcp', message(5)))).rejects.toMatchObject({
      code: 'UPSTREAM_CLOSED',
    })
    // One try each: a server that hangs up on a new connection is not asked again.
    expect(rude.connections).toHaveLength(1)
  })

  it('times out by the clock, and ends when its asker gives up', async () => {
    const { clock, made } = frozen()
    const server = await serve(() => {})
    const late = made.exchange(ask(server.endpoint, 'tcp', message(5), { timeoutMs: 900 }))
    late.catch(() => {})
    clock.advance(900)
    await expect(late).rejects.toMatchObject({ code: 'UPSTREAM_TIMEOUT' })
    const giveUp = new AbortController()
    const dropped = made.exchange(ask(server.endpoint, 'tcp', message(5), { signal: giveUp.signal }))
    giveUp.abort()
    await expect(dropped).rejects.toMatchObject({ code: 'ABORTED' })
    expect(clock.pending).toBe(0)
  })
})

describe('connections', () => {
  it('are used again, one after the other', async () => {
    const server = await serve(echo)
    const made = exchange()
    for (let id = 0; id < 5; id++) await made.exchange(ask(server.endpoint, 'tcp', message(id)))
    expect(server.connections).toHaveLength(1)
  })

  it('are not used again by a query that must come by a new way', async () => {
    const server = await serve(echo)
    const made = exchange()
    await made.exchange(ask(server.endpoint, 'tcp', message(1)))
    await made.exchange(ask(server.endpoint, 'tcp', message(2), { fresh: true }))
    await made.exchange(ask(server.endpoint, 'tcp', message(3), { fresh: true }))
    const ports = server.connections.map((one) => one.remotePort)
    expect(new Set(ports).size).toBe(3)
  })

  it('carry several queries at once, whose replies may come in any order', async () => {
    const held: [Uint8Array, Socket][] = []
    const server = await serve((query, socket) => {
      if (textOf(query) === 'first') echo(query, socket)
      else held.push([query, socket])
      if (held.length < limits.MAX_PIPELINED_QUERIES) return
      for (const [one, its] of held.splice(0).reverse()) echo(one, its)
    })
    const made = exchange()
    await made.exchange(ask(server.endpoint, 'tcp', message(1, 'first')))
    const ids = Array.from({ length: limits.MAX_PIPELINED_QUERIES }, (_, i) => 100 + i)
    const replies = await Promise.all(
      ids.map((id) => made.exchange(ask(server.endpoint, 'tcp', message(id, `text ${id}`)))),
    )
    expect(replies.map(textOf)).toEqual(ids.map((id) => `text ${id}`))
    expect(server.connections).toHaveLength(1)
  })

  it('carry no more than the bound at once, and never two queries with one id', async () => {
    const server = await serve(() => {})
    const made = exchange()
    const more = limits.MAX_PIPELINED_QUERIES + 1
    const crowd = Array.from({ length: more }, (_, id) => made.exchange(ask(server.endpoint, 'tcp', message(id))))
    const twins = [made.exchange(ask(server.endpoint, 'tcp', message(8, 'a')))]
    const settled = Promise.allSettled([...crowd, ...twins])
    // Ids 0 to 7 on the first, 8 on the second, 8 again on a third.
    await until(() => server.connections.length === 3)
    await made.close()
    for (const one of await settled) expect(one.status).toBe('rejected')
  })

  it('are closed after ten idle seconds, and not before', async () => {
    const { clock, made } = frozen()
    const server = await serve(echo)
    await made.exchange(ask(server.endpoint, 'tcp', message(1)))
    clock.advance(limits.TCP_IDLE_MS - 1)
    await made.exchange(ask(server.endpoint, 'tcp', message(2)))
    clock.advance(limits.TCP_IDLE_MS - 1)
    expect(server.connections.map((one) => one.destroyed)).toEqual([false])
    clock.advance(1)
    await until(() => server.connections[0]!.destroyed || server.connections[0]!.readableEnded)
    expect(clock.pending).toBe(0)
    await made.exchange(ask(server.endpoint, 'tcp', message(3)))
    expect(server.connections).toHaveLength(2)
  })

  it('that the server closed just as a query was on its way cost that query nothing', async () => {
    let seen = 0
    const server = await serve((query, socket) => {
      // The second query of the first connection finds it closed.
      if (++seen === 2) socket.resetAndDestroy()
      else echo(query, socket)
    })
    const made = exchange()
    await made.exchange(ask(server.endpoint, 'tcp', message(1)))
    expect(await made.exchange(ask(server.endpoint, 'tcp', message(2)))).toEqual(message(2))
    expect(server.connections).toHaveLength(2)
  })

  it('are asked again once only: who always hangs up on the second query fails it on a connection of its own', async () => {
    const server = await serve((query, socket) => {
      if (textOf(query) === 'first') echo(query, socket)
      else socket.destroy()
    })
    const made = exchange()
    await made.exchange(ask(server.endpoint, 'tcp', message(1, 'first')))
    await expect(made.exchange(ask(server.endpoint, 'tcp', message(2, 'second')))).rejects.toMatchObject({
      code: 'UPSTREAM_CLOSED',
    })
    expect(server.connections).toHaveLength(2)
  })

  it('that gave a time-out are not used for anything new, and end when nothing waits', async () => {
    const { clock, made } = frozen()
    const server = await serve((query, socket) => {
      if (textOf(query) !== 'swallow') echo(query, socket)
    })
    await made.exchange(ask(server.endpoint, 'tcp', message(1)))
    const late = made.exchange(ask(server.endpoint, 'tcp', message(2, 'swallow'), { timeoutMs: 500 }))
    late.catch(() => {})
    clock.advance(500)
    await expect(late).rejects.toMatchObject({ code: 'UPSTREAM_TIMEOUT' })
    await made.exchange(ask(server.endpoint, 'tcp', message(3)))
    expect(server.connections).toHaveLength(2)
  })

  it('survive that an asker gives up; the reply that comes late disturbs nobody', async () => {
    const held: (() => void)[] = []
    const server = await serve((query, socket) => {
      if (textOf(query) === 'slow') held.push(() => echo(query, socket))
      else echo(query, socket)
    })
    const made = exchange()
    await made.exchange(ask(server.endpoint, 'tcp', message(1)))
    const giveUp = new AbortController()
    const dropped = made.exchange(ask(server.endpoint, 'tcp', message(2, 'slow'), { signal: giveUp.signal }))
    dropped.catch(() => {})
    await until(() => held.length === 1)
    giveUp.abort()
    await expect(dropped).rejects.toMatchObject({ code: 'ABORTED' })
    held[0]!()
    expect(await made.exchange(ask(server.endpoint, 'tcp', message(3)))).toEqual(message(3))
    expect(server.connections).toHaveLength(1)
  })

  it('on which a server talks without being asked are ended', async () => {
    const server = await serve((query, socket) => {
      echo(query, socket)
      for (let i = 0; i < 2 * limits.MAX_IGNORED_REPLIES; i++) socket.write(framed(message(i, 'chatter')))
    })
    await exchange().exchange(ask(server.endpoint, 'tcp', message(1)))
    await until(() => server.connections[0]!.destroyed || server.connections[0]!.readableEnded)
  })

  it('are left free in part by queries to servers that were silent lately', async () => {
    const { made } = frozen()
    const alive = await serve(echo)
    const deaf = await serve(() => {})
    const settled = Array.from({ length: limits.MAX_TCP_CONNECTIONS + 10 }, () =>
      made.exchange(ask(deaf.endpoint, 'tcp', message(7), { patient: true })).catch((error) => error.code),
    )
    expect(await made.exchange(ask(alive.endpoint, 'tcp', message(9)))).toEqual(message(9))
    await until(() => deaf.connections.length === limits.MAX_TCP_CONNECTIONS * limits.PATIENT_PART)
    await made.close()
    expect(new Set(await Promise.all(settled))).toEqual(new Set(['UPSTREAM_CLOSED']))
  })

  it('are at most so many; the one that is idle for longest makes room, further queries wait', async () => {
    const { clock, made } = frozen()
    const idle = await serve(echo)
    const deaf = await serve(() => {})
    await made.exchange(ask(idle.endpoint, 'tcp', message(1)))
    const settled: Promise<unknown>[] = []
    const full = limits.MAX_TCP_CONNECTIONS
    // One connection each, since all have the same id.
    for (let i = 0; i < full; i++)
      settled.push(made.exchange(ask(deaf.endpoint, 'tcp', message(7))).catch((error: { code: string }) => error.code))
    await until(() => idle.connections[0]!.destroyed || idle.connections[0]!.readableEnded)
    const giveUp = new AbortController()
    const dropped = made.exchange(ask(deaf.endpoint, 'tcp', message(7), { signal: giveUp.signal }))
    let sent = 0
    const waiting = made.exchange(ask(idle.endpoint, 'tcp', message(9), { onSent: () => sent++ }))
    const impatient = made.exchange(ask(idle.endpoint, 'tcp', message(9), { waitMs: 50 }))
    impatient.catch(() => {})
    giveUp.abort()
    await expect(dropped).rejects.toMatchObject({ code: 'ABORTED' })
    clock.advance(50)
    await expect(impatient).rejects.toMatchObject({ code: 'UPSTREAM_BUSY' })
    expect(sent).toBe(0)
    deaf.connections[0]!.destroy()
    expect(await waiting).toEqual(message(9))
    expect(sent).toBe(1)
    await made.close()
    expect(new Set(await Promise.all(settled))).toEqual(new Set(['UPSTREAM_CLOSED']))
  })

  it('are all closed by close, idle ones too, and by whatever ends their queries', async () => {
    const before = await openSockets()
    const { clock, made } = frozen()
    const server = await serve(echo)
    const deaf = await serve(() => {})
    await made.exchange(ask(server.endpoint, 'tcp', message(1)))
    const late = made.exchange(ask(deaf.endpoint, 'tcp', message(1), { timeoutMs: 5 }))
    late.catch(() => {})
    clock.advance(5)
    await expect(late).rejects.toMatchObject({ code: 'UPSTREAM_TIMEOUT' })
    await made.close()
    await until(() => [...server.connections, ...deaf.connections].every((one) => one.destroyed || one.readableEnded))
    for (const one of [...server.connections, ...deaf.connections]) one.destroy()
    // The two listening sockets.
    expect(await openSockets()).toBe(before + 2)
    expect(clock.pending).toBe(0)
  })
})
