import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { concatBytes } from '../../../src/base/index.ts'
import {
  decodeMessage,
  encodeMessage,
  type Message,
  nameToText,
  Rcode,
  TcpMessageReader,
} from '../../../src/dns/index.ts'
import { ask, frame, queryFor } from '../../world/ask.ts'
import { held, resolution, type Started, start, text, until } from '../support.ts'

const running: Started[] = []
const clients: Client[] = []
const started = async (...args: Parameters<typeof start>) => {
  const one = await start(...args)
  running.push(one)
  return one
}
afterEach(async () => {
  for (const { socket } of clients.splice(0)) socket.destroy()
  await Promise.all(running.splice(0).map((one) => closed(one)))
})

/** Closes while time goes on: what is still in work has no other end. */
async function closed({ frontEnd, clock }: Started): Promise<void> {
  let done = false
  const closing = frontEnd.close(0).then(() => {
    done = true
  })
  await until(() => {
    clock.advance(100)
    return done
  })
  await closing
}

interface Client {
  readonly socket: Socket
  readonly replies: Message[]
  closed: boolean
}

async function client({ tcp }: Started, from = '127.0.0.1'): Promise<Client> {
  const socket = connect({ host: tcp.address, port: tcp.port, localAddress: from, allowHalfOpen: true })
  const reader = new TcpMessageReader({ minBytes: 12 })
  const one: Client = { socket, replies: [], closed: false }
  clients.push(one)
  socket.on('data', (chunk) => {
    reader.push(chunk)
    for (let next = reader.next(); next !== undefined; next = reader.next()) one.replies.push(decodeMessage(next))
  })
  socket.on('error', () => {})
  socket.on('end', () => {
    one.closed = true
  })
  socket.on('close', () => {
    one.closed = true
  })
  await once(socket, 'connect')
  return one
}

const question = (name: string, id: number) => frame(encodeMessage(queryFor({ name }, { id })))
const ids = ({ replies }: Client) => replies.map(({ id }) => id)

describe('over TCP', () => {
  it('many questions in one segment are all answered', async () => {
    const one = await client(await started())
    one.socket.write(concatBytes(...Array.from({ length: 50 }, (_, i) => question(`q${i}`, i))))
    await until(() => one.replies.length === 50)
    expect(new Set(ids(one)).size).toBe(50)
  })

  it('answers leave in the order they are ready (RFC 7766 section 6.2.1.1)', async () => {
    const server = await started()
    const slow = held()
    server.resolver.answer = (request) =>
      nameToText(request.question.name).startsWith('slow') ? slow.answer(request) : resolution()
    const one = await client(server)
    one.socket.write(concatBytes(question('slow1', 1), question('quick', 2), question('slow2', 3)))
    await until(() => one.replies.length === 1 && slow.waiting.length === 2)
    slow.waiting[1]!.release()
    await until(() => one.replies.length === 2)
    slow.waiting[0]!.release()
    await until(() => one.replies.length === 3)
    expect(ids(one)).toEqual([2, 3, 1])
  })

  it('bytes may come one by one', async () => {
    const one = await client(await started())
    one.socket.setNoDelay(true)
    for (const byte of concatBytes(question('a', 1), question('b', 2))) {
      one.socket.write(Uint8Array.of(byte))
      await new Promise((resolve) => setImmediate(resolve))
    }
    await until(() => one.replies.length === 2)
  })

  it('a half-closed connection still gets its answers, and then ends', async () => {
    const server = await started()
    const slow = held()
    server.resolver.answer = slow.answer
    const one = await client(server)
    one.socket.end(concatBytes(question('a', 1), question('b', 2)))
    await until(() => slow.waiting.length === 2)
    expect(one.closed).toBe(false)
    for (const { release } of slow.waiting) release()
    await until(() => one.closed)
    expect(ids(one)).toEqual([1, 2])
    await until(() => server.frontEnd.stats().tcpConnections === 0)
  })

  it('a client that vanishes takes its questions along', async () => {
    const server = await started()
    const slow = held()
    server.resolver.answer = slow.answer
    const one = await client(server)
    one.socket.write(question('a', 1))
    await until(() => slow.waiting.length === 1)
    one.socket.resetAndDestroy()
    await until(() => slow.waiting[0]!.request.signal.aborted)
    expect(server.frontEnd.stats()).toMatchObject({ inFlight: 0 })
    await until(() => server.frontEnd.stats().tcpConnections === 0)
    server.resolver.answer = () => resolution()
    expect((await ask(server.tcp, { name: 'still.there' })).rcode).toBe(Rcode.NOERROR)
  })

  it('a length that no query has ends the connection, after what was asked before it', async () => {
    const server = await started()
    const one = await client(server)
    one.socket.write(concatBytes(question('a', 1), Uint8Array.of(0xff, 0xff), new Uint8Array(40)))
    await until(() => one.closed)
    expect(ids(one)).toEqual([1])
    expect(server.frontEnd.stats().malformed).toBe(1)
  })
})

describe('limits of a connection', () => {
  it('only so many of its questions are in work; the rest waits and is answered later', async () => {
    const server = await started({ limits: { MAX_IN_WORK_PER_CONNECTION: 5 } })
    const slow = held()
    server.resolver.answer = slow.answer
    const one = await client(server)
    one.socket.write(concatBytes(...Array.from({ length: 12 }, (_, i) => question(`q${i}`, i))))
    await until(() => slow.waiting.length === 5)
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(slow.waiting).toHaveLength(5)
    for (let i = 0; i < 12; i++) {
      await until(() => slow.waiting.length > i)
      expect(server.frontEnd.stats().inFlight).toBeLessThanOrEqual(5)
      slow.waiting[i]!.release()
    }
    await until(() => one.replies.length === 12)
  })

  it('idle for ten seconds, it is closed', async () => {
    const server = await started()
    const one = await client(server)
    one.socket.write(question('a', 1))
    await until(() => one.replies.length === 1)
    server.clock.advance(9_900)
    expect(server.frontEnd.stats().tcpConnections).toBe(1)
    server.clock.advance(200)
    await until(() => one.closed)
    await until(() => server.frontEnd.stats().tcpConnections === 0)
  })

  it('bytes that trickle do not keep it open (slow loris)', async () => {
    const server = await started()
    const one = await client(server)
    const bytes = question('a', 1)
    for (let i = 0; i < 12 && !one.closed; i++) {
      one.socket.write(bytes.slice(i, i + 1))
      await new Promise((resolve) => setTimeout(resolve, 2))
      server.clock.advance(1_000)
    }
    await until(() => one.closed)
    expect(one.replies).toEqual([])
  })

  it('a question in work keeps it open', async () => {
    const server = await started()
    const slow = held()
    server.resolver.answer = slow.answer
    const one = await client(server)
    one.socket.write(question('a', 1))
    await until(() => slow.waiting.length === 1)
    server.clock.advance(11_000)
    slow.waiting[0]!.release()
    await until(() => one.replies.length === 1)
    expect(one.replies[0]!.rcode).toBe(Rcode.NOERROR)
  })

  it('a client that does not read is not read either, and ends', async () => {
    const server = await started({ limits: { MAX_TCP_UNSENT: 100_000 } })
    server.resolver.answer = () => resolution({ answers: Array.from({ length: 150 }, () => text('big', 250)) })
    const one = await client(server)
    one.socket.pause()
    const many = concatBytes(...Array.from({ length: 90 }, (_, i) => question('big', i)))
    for (let i = 0; i < 20; i++) one.socket.write(many)
    let before = -1
    while (before !== server.frontEnd.stats().queries) {
      before = server.frontEnd.stats().queries
      await new Promise((resolve) => setTimeout(resolve, 60))
    }
    // 1,800 answers of 60 KB would be 108 MB; what the system's buffers took and one batch more is all that was made.
    expect(before).toBeLessThan(900)
    server.clock.advance(10_000)
    await until(() => server.frontEnd.stats().tcpConnections === 0)
  })
})

describe('limits of connections', () => {
  it('one client has its share', async () => {
    const server = await started({ limits: { MAX_TCP_CONNECTIONS_PER_LOOPBACK_CLIENT: 3 } })
    const first = [await client(server), await client(server), await client(server)]
    await until(() => server.frontEnd.stats().tcpConnections === 3)
    const fourth = await client(server)
    await until(() => fourth.closed)
    const other = await client(server, '127.0.0.2')
    other.socket.write(question('a', 1))
    await until(() => other.replies.length === 1)
    expect(first.every(({ closed }) => !closed)).toBe(true)
  })

  it('when all are taken, the one idle longest makes room; busy ones never do', async () => {
    const server = await started({ limits: { MAX_TCP_CONNECTIONS: 2 } })
    const slow = held()
    server.resolver.answer = slow.answer
    const busy = await client(server)
    busy.socket.write(question('a', 1))
    await until(() => slow.waiting.length === 1)
    server.clock.advance(1_000)
    const idle = await client(server)
    await until(() => server.frontEnd.stats().tcpConnections === 2)
    const third = await client(server)
    await until(() => idle.closed)
    third.socket.write(question('b', 2))
    await until(() => slow.waiting.length === 2)
    const fourth = await client(server)
    await until(() => fourth.closed)
    expect([busy.closed, third.closed]).toEqual([false, false])
  })
})

describe('closing', () => {
  it('lets the last answer through and ends the connection', async () => {
    const server = await started()
    const slow = held()
    server.resolver.answer = slow.answer
    const one = await client(server)
    one.socket.write(question('a', 1))
    await until(() => slow.waiting.length === 1)
    const closing = server.frontEnd.close(5_000)
    slow.waiting[0]!.release()
    await until(() => one.closed)
    expect(ids(one)).toEqual([1])
    one.socket.destroy()
    await closing
  })

  it('does not wait for a client that keeps its side open', async () => {
    const server = await started()
    const one = await client(server)
    one.socket.write(question('a', 1))
    await until(() => one.replies.length === 1)
    let isOver = false
    const closing = server.frontEnd.close(0).then(() => {
      isOver = true
    })
    await until(() => one.closed)
    // Its time begins when the other doors are closed, too.
    await until(() => {
      server.clock.advance(250)
      return isOver
    })
    await closing
  })
})
