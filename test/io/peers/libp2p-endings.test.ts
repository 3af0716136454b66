/**
 * Every way in which a peer can go while all buffers between us are full. Issues 3415 and 3512 of js-libp2p: some raised an
 * exception that nobody could catch, so that any peer could end the process.
 */
import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { asPeerId, baseLimits } from '../../../src/base/index.ts'
import { systemRandom } from '../../../src/io/index.ts'
import { createNode } from '../../../src/io/peers/libp2p-node.ts'
import type { Libp2pTransport } from '../../../src/io/peers/libp2p-transport.ts'
import { PEER_PROTOCOL } from '../../../src/io/peers/request-streams.ts'
import { encodePeerFrame, PeerFrameKind, PeerFrameReader } from '../../../src/io/streams/peer-frames.ts'
import { openDoorkeeper } from '../../../src/ring/index.ts'
import { createLibp2pWorld, type Libp2pWorld, seedOf } from './libp2p-world.ts'

const door = openDoorkeeper({ ringId: 'test', random: systemRandom() })
const OPTIONS = { timeoutMs: 5_000 }
const LARGE = new Uint8Array(baseLimits.MAX_FRAME_BYTES)

let world: Libp2pWorld
let victim: Libp2pTransport
let attacker: Libp2p
const uncaught: unknown[] = []
const note = (error: unknown) => void uncaught.push(error)

beforeAll(async () => {
  process.on('uncaughtException', note)
  process.on('unhandledRejection', note)
  world = createLibp2pWorld()
  victim = await world.transport('victim', door)
  attacker = await createNode({ seed: seedOf('attacker'), listen: ['/ip4/127.0.0.1/tcp/0'] })
})

afterEach(() => {
  expect(uncaught.splice(0)).toEqual([])
})

afterAll(async () => {
  await attacker.stop()
  await world.close()
  process.off('uncaughtException', note)
  process.off('unhandledRejection', note)
})

interface Line {
  readonly stream: Stream
  readonly connection: Connection
  readonly muxer: Muxer
  readonly socket: Socket
}

/** What is below a connection of libp2p: not of its interface, but an attacker has no need to keep to that. */
interface Muxer {
  sendFrame(header: { type: number; flag: number; streamID: number; length: number }, data?: Uint8Array): void
  sendGoAway(reason: number): void
}

const Type = { DATA: 0, WINDOW: 1, PING: 2 } as const
const Flag = { NONE: 0, SYN: 1, ACK: 2, FIN: 4, RST: 8 } as const

async function admittedLine(): Promise<Line> {
  const connection = await attacker.dial(victim.addresses().map((address) => multiaddr(address)))
  const stream = await connection.newStream(PEER_PROTOCOL)
  const hello = door.hello(asPeerId(attacker.peerId.toString()), victim.self, 'dialer')
  const reader = new PeerFrameReader(baseLimits.MAX_FRAME_BYTES)
  const say = (payload: Uint8Array) => void stream.send(encodePeerFrame({ id: 0, kind: PeerFrameKind.HELLO, payload }))
  await new Promise<void>((resolve) => {
    const onMessage = ({ data }: { data: { subarray(): Uint8Array } }) => {
      for (const frame of reader.feed(data.subarray())) {
        const { send, admitted } = hello.receive(frame.payload)
        if (send !== undefined) say(send)
        if (!admitted) continue
        stream.removeEventListener('message', onMessage)
        resolve()
      }
    }
    stream.addEventListener('message', onMessage)
    say(hello.opening()!)
  })
  return { stream, connection, ...below(connection) }
}

/** The muxer and the socket, wherever this version keeps them. */
function below(connection: Connection): { muxer: Muxer; socket: Socket } {
  const layer = (from: unknown, name: string): unknown => (from as Readonly<Record<string, unknown>>)[name]
  let at: unknown = connection
  for (let depth = 0; depth < 8 && at !== undefined; depth++) {
    const socket = layer(at, 'socket')
    if (socket !== undefined) return { muxer: layer(connection, 'muxer') as Muxer, socket: socket as Socket }
    at = layer(at, 'maConn') ?? layer(at, 'stream')
  }
  throw new Error('no socket below the connection')
}

const idOf = (stream: Stream) => Number(stream.id)

const ENDINGS: Readonly<Record<string, (line: Line) => unknown>> = {
  'a socket that is destroyed': ({ socket }) => socket.destroy(),
  'a socket that is reset': ({ socket }) => socket.resetAndDestroy(),
  'a socket that is half closed': ({ socket }) => socket.end(),
  'bytes that are not even encrypted': ({ socket }) => socket.write(randomBytes(3_000)),
  'a connection that is aborted': ({ connection }) => connection.abort(new Error('enough')),
  'a connection that is closed': ({ connection }) => connection.close().catch(() => {}),
  'a stream that is reset': ({ stream }) => stream.abort(new Error('enough')),
  'a stream that is closed': ({ stream }) => void stream.close().catch(() => {}),
  'a stream and its connection at once': ({ stream, connection }) => {
    stream.abort(new Error('enough'))
    connection.abort(new Error('enough'))
  },
  'a close that turns into a reset': ({ connection, socket }) => {
    void connection.close().catch(() => {})
    setImmediate(() => socket.resetAndDestroy())
  },
  'a farewell in peace': ({ muxer }) => muxer.sendGoAway(0),
  'a farewell in anger': ({ muxer }) => muxer.sendGoAway(2),
  'an answer to no ping': ({ muxer }) => muxer.sendFrame({ type: Type.PING, flag: Flag.ACK, streamID: 0, length: 99 }),
  'a window beyond all numbers': ({ muxer, stream }) => {
    for (let i = 0; i < 3; i++)
      muxer.sendFrame({ type: Type.WINDOW, flag: Flag.NONE, streamID: idOf(stream), length: 0xffff_ffff })
  },
  'more data than the window': ({ muxer, stream }) =>
    muxer.sendFrame(
      { type: Type.DATA, flag: Flag.NONE, streamID: idOf(stream), length: 3_000_000 },
      new Uint8Array(3_000_000),
    ),
  'a stream with an id of ours': ({ muxer }) =>
    muxer.sendFrame({ type: Type.WINDOW, flag: Flag.SYN, streamID: 1_000, length: 0 }),
  'two thousand streams': ({ muxer }) => {
    for (let id = 10_001; id < 14_001; id += 2)
      muxer.sendFrame({ type: Type.WINDOW, flag: Flag.SYN, streamID: id, length: 0 })
  },
  'data after the end of the stream': ({ muxer, stream }) => {
    muxer.sendFrame({ type: Type.WINDOW, flag: Flag.FIN, streamID: idOf(stream), length: 0 })
    muxer.sendFrame({ type: Type.DATA, flag: Flag.NONE, streamID: idOf(stream), length: 3 }, new Uint8Array(3))
  },
  'data after a reset': ({ muxer, stream }) => {
    muxer.sendFrame({ type: Type.WINDOW, flag: Flag.RST, streamID: idOf(stream), length: 0 })
    muxer.sendFrame({ type: Type.DATA, flag: Flag.NONE, streamID: idOf(stream), length: 3 }, new Uint8Array(3))
  },
  'five thousand pings and silence': ({ muxer, socket }) => {
    for (let i = 0; i < 5_000; i++) muxer.sendFrame({ type: Type.PING, flag: Flag.SYN, streamID: 0, length: i })
    socket.destroy()
  },
}

describe('a peer that reads nothing, and then goes', () => {
  let member: Libp2pTransport

  beforeAll(async () => {
    member = await world.transport('member', door)
    await member.connect(victim.addresses(), OPTIONS)
  })

  it.each(Object.entries(ENDINGS))(
    'by %s, raises no exception and leaves a node that serves others',
    async (_, end) => {
      victim.onRequest(() => LARGE)
      const line = await admittedLine()
      line.stream.pause()
      line.socket.pause()
      for (let id = 1; id <= 120; id++)
        line.stream.send(encodePeerFrame({ id, kind: PeerFrameKind.REQUEST, payload: new Uint8Array(10) }))
      await setTimeout(20)
      // In the other direction, too: our own stream to it is in the middle of its hello.
      const own = victim.request(asPeerId(attacker.peerId.toString()), LARGE, { timeoutMs: 200 }).catch(() => {})
      await end(line)
      await setTimeout(20)
      line.socket.destroy()
      await own
      const member = await world.transport('member', door)
      await member.connect(victim.addresses(), OPTIONS)
      expect(await member.request(victim.self, new Uint8Array(1), OPTIONS)).toEqual(LARGE)
    },
  )
})

describe('a node that closes', () => {
  it('in the middle of everything raises no exception either', async () => {
    for (let round = 0; round < 2; round++) {
      const hub = await world.transport(`hub ${round}`, door)
      hub.onRequest(() => LARGE)
      const others = await Promise.all([1, 2, 3].map((i) => world.transport(`other ${round} ${i}`, door)))
      for (const other of others) {
        other.onRequest(() => LARGE)
        await other.connect(hub.addresses(), OPTIONS)
      }
      const work = others.flatMap((other) =>
        Array.from({ length: 50 }, () => [
          hub.request(other.self, LARGE, OPTIONS),
          other.request(hub.self, LARGE, OPTIONS),
        ]).flat(),
      )
      const settled = Promise.allSettled(work)
      await setTimeout(5 * round)
      await Promise.all([hub.close(), others[0]!.close()])
      await settled
    }
  })
})

describe('the bound on requests in work', () => {
  it('is not lifted by a new connection', async () => {
    let working = 0
    victim.onRequest((_, body) => {
      if (body.length === 0) return body
      working++
      return new Promise(() => {})
    })
    const member = await world.transport('busy', door)
    await member.connect(victim.addresses(), OPTIONS)
    const bound = baseLimits.MAX_INBOUND_REQUESTS_PER_PEER
    const work = Array.from({ length: bound }, () => member.request(victim.self, new Uint8Array(1), OPTIONS))
    const settled = Promise.allSettled(work)
    while (working < bound) await setTimeout(5)
    await member.close()
    await settled
    const again = await world.transport('busy', door)
    await again.connect(victim.addresses(), OPTIONS)
    await expect(again.request(victim.self, new Uint8Array(1), OPTIONS)).rejects.toMatchObject({
      code: 'PEER_FAILED',
      detail: { remoteCode: 'PEER_BUSY' },
    })
    expect(working).toBe(bound)
  })
})

describe('a listener for lost peers', () => {
  it('that throws ends neither the process nor the others', async () => {
    const member = await world.transport('leaving', door)
    await member.connect(victim.addresses(), OPTIONS)
    victim.onPeerGone(() => {
      throw new Error('a fault in the listener')
    })
    const told = new Promise((resolve) => void victim.onPeerGone(resolve))
    await member.close()
    expect(await told).toBe(member.self)
  })
})
