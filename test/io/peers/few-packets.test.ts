/** What goes over the sockets for one request and its reply, and that nothing stands still for it. */
import { Socket } from 'node:net'
import type { Stream } from '@libp2p/interface'
import { afterEach, describe, expect, it } from 'vitest'
import { systemRandom } from '../../../src/io/index.ts'
import { withFewWindowUpdates } from '../../../src/io/peers/few-packets.ts'
import { createNode } from '../../../src/io/peers/libp2p-node.ts'
import { openDoorkeeper } from '../../../src/ring/index.ts'
import { until } from '../../setup/until.ts'
import { createLibp2pWorld, seedOf } from './libp2p-world.ts'

const REQUESTS = 40
const LOCAL = '/ip4/127.0.0.1/tcp/0'
const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

/** Each is a packet at least: there is no Nagle's delay. */
async function writesOf(work: () => Promise<void>): Promise<number> {
  const { write } = Socket.prototype
  let writes = 0
  Socket.prototype.write = function (this: Socket, ...args: unknown[]) {
    writes++
    return (write as (...all: unknown[]) => boolean).apply(this, args)
  } as typeof write
  try {
    await work()
  } finally {
    Socket.prototype.write = write
  }
  return writes
}

async function twoTransports() {
  const world = createLibp2pWorld()
  ends.push(() => world.close())
  const door = () => openDoorkeeper({ ringId: 'home', random: systemRandom() })
  const [asker, answerer] = [await world.transport('asker', door()), await world.transport('answerer', door())]
  const connect = () => asker.connect(answerer.addresses(), { timeoutMs: 30_000 })
  // The door waits two seconds for hello, which a busy machine may need.
  const peer = await connect().catch(connect)
  return { asker, answerer, peer }
}

describe('a request and its reply', () => {
  it.each([40, 1_000, 8_000])('of %i bytes are two writes to a socket', async (bytes) => {
    const { asker, answerer, peer } = await twoTransports()
    answerer.onRequest((_, body) => body)
    const ask = async (count: number) => {
      for (let i = 0; i < count; i++) {
        const reply = await asker.request(peer, new Uint8Array(bytes).fill(i), { timeoutMs: 30_000 })
        expect(reply.length).toBe(bytes)
      }
    }
    await ask(5)
    const writes = await writesOf(() => ask(REQUESTS))
    // Now and then a window is opened again, and the connection is looked after.
    expect(writes / REQUESTS).toBeGreaterThanOrEqual(2)
    expect(writes / REQUESTS).toBeLessThan(2.3)
  })

  it('are read without an exception for each packet', async () => {
    const { asker, answerer, peer } = await twoTransports()
    answerer.onRequest((_, body) => body)
    const ask = async (count: number) => {
      for (let i = 0; i < count; i++) await asker.request(peer, new Uint8Array(100), { timeoutMs: 30_000 })
    }
    await ask(5)
    const Before = globalThis.RangeError
    let thrown = 0
    globalThis.RangeError = new Proxy(Before, {
      apply(target, self, args: [string]) {
        thrown++
        return Reflect.apply(target, self, args)
      },
    })
    try {
      await ask(REQUESTS)
    } finally {
      globalThis.RangeError = Before
    }
    expect(thrown).toBe(0)
  })

  it('keep flowing when they are many times what a window holds, in both directions at once', async () => {
    const { asker, answerer, peer } = await twoTransports()
    answerer.onRequest((_, body) => body)
    const size = 60_000
    for (let round = 0; round < 3; round++) {
      const replies = await Promise.all(
        Array.from({ length: 60 }, (_, i) => asker.request(peer, new Uint8Array(size).fill(i), { timeoutMs: 20_000 })),
      )
      replies.forEach((reply, i) => {
        expect([reply.length, reply[0], reply.at(-1)]).toEqual([size, i, i])
      })
    }
  })
})

describe('a stream whose window is seldom opened', () => {
  /** Both ends of one stream; the reading end opens its window seldom. */
  async function streams(): Promise<{ writer: Stream; reader: Stream; received: () => number }> {
    let accept: (stream: Stream) => void = () => {}
    const accepted = new Promise<Stream>((resolve) => {
      accept = resolve
    })
    let bytes = 0
    const reading = await createNode({ seed: seedOf('reading'), listen: [LOCAL] }, async (node) => {
      await node.handle('/test/1', (stream: Stream) => {
        withFewWindowUpdates(stream)
        stream.addEventListener('message', ({ data }) => {
          bytes += data.byteLength
        })
        accept(stream)
      })
    })
    const writing = await createNode({ seed: seedOf('writing'), listen: [LOCAL] })
    ends.push(
      async () => writing.stop(),
      async () => reading.stop(),
    )
    const writer = await writing.dialProtocol(reading.getMultiaddrs()[0]!, '/test/1')
    return { writer, reader: await accepted, received: () => bytes }
  }

  async function send(writer: Stream, total: number): Promise<void> {
    const piece = new Uint8Array(50_000).fill(7)
    for (let sent = 0; sent < total; sent += piece.length)
      if (!writer.send(piece.subarray(0, Math.min(piece.length, total - sent))))
        await new Promise<void>((resolve) => writer.addEventListener('drain', () => resolve(), { once: true }))
  }

  const arrived = async (received: () => number, total: number) => {
    await until(() => received() >= total, `${total} bytes`)
    return received()
  }

  it('brings ten windows, and a little more after each', async () => {
    const { writer, received } = await streams()
    let total = 0
    for (const bytes of [2_500_000, 1, 300_000, 100, 700_000]) {
      await send(writer, bytes)
      total += bytes
      expect(await arrived(received, total)).toBe(total)
    }
  })

  it('goes on after it was paused, wherever its window stood', async () => {
    const { writer, reader, received } = await streams()
    let total = 0
    for (const before of [10, 100_000, 140_000, 260_000]) {
      await send(writer, before)
      total += before
      expect(await arrived(received, total)).toBe(total)
      reader.pause()
      const sending = send(writer, 1_500_000)
      await new Promise((resolve) => setTimeout(resolve, 100))
      // What it holds while it is paused is bounded by its window.
      expect(received()).toBe(total)
      reader.resume()
      await sending
      total += 1_500_000
      expect(await arrived(received, total)).toBe(total)
    }
  })
})
