/** What a peer may do to the transport over libp2p: with a plain libp2p node, and by dying. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setImmediate, setTimeout } from 'node:timers/promises'
import type { Libp2p, Stream } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { asPeerId, BulkKind, baseLimits, type ChordnsError, type PeerId } from '../../../src/base/index.ts'
import { isPlainAddress } from '../../../src/io/finding/addresses.ts'
import { systemRandom } from '../../../src/io/index.ts'
import { limits } from '../../../src/io/limits.ts'
import { BULK_PROTOCOL } from '../../../src/io/peers/bulk-streams.ts'
import { createNode } from '../../../src/io/peers/libp2p-node.ts'
import type { Libp2pTransport } from '../../../src/io/peers/libp2p-transport.ts'
import { PEER_PROTOCOL } from '../../../src/io/peers/request-streams.ts'
import { BulkFrameReader, encodeBulkFrame } from '../../../src/io/streams/bulk-frames.ts'
import { encodePeerFrame, PeerFrameKind, PeerFrameReader } from '../../../src/io/streams/peer-frames.ts'
import { openDoorkeeper } from '../../../src/ring/index.ts'
import { virtualClock } from '../../../src/sim/index.ts'
import { until as comes } from '../../setup/until.ts'
import { createLibp2pWorld, type Libp2pWorld, seedOf } from './libp2p-world.ts'

const until = (what: string, isSo: () => boolean) => comes(isSo, what)

const door = openDoorkeeper({ ringId: 'test', random: systemRandom() })
const OPTIONS = { timeoutMs: 30_000 }
const bytes = (...values: number[]) => Uint8Array.from(values)
const outcome = (work: Promise<unknown>) =>
  work.then(
    () => 'answered',
    (error: ChordnsError) => error.code,
  )

let world: Libp2pWorld
let victim: Libp2pTransport
let node: Libp2p
let requests: Uint8Array[]

beforeEach(async () => {
  world = createLibp2pWorld()
  requests = []
  victim = await world.transport('victim', door)
  victim.onRequest((_, body) => {
    requests.push(body)
    return body
  })
  node = await createNode({ seed: seedOf('attacker'), listen: ['/ip4/127.0.0.1/tcp/0'] })
})

afterEach(async () => {
  await node.stop()
  await world.close()
})

interface Raw {
  readonly stream: Stream
  /** Frames that came. */
  readonly received: { id: number; kind: number; payload: Uint8Array }[]
}

async function openRaw(): Promise<Raw> {
  const connection = await node.dial(victim.addresses().map((address) => multiaddr(address)))
  const stream = await connection.newStream(PEER_PROTOCOL)
  const received: Raw['received'] = []
  const reader = new PeerFrameReader(baseLimits.MAX_FRAME_BYTES)
  stream.addEventListener('message', ({ data }) => void received.push(...reader.feed(data.subarray())))
  return { stream, received }
}

/**
 * A raw stream whose hello is over; `piece` is how many bytes are sent at once. A machine that is busy otherwise may take longer than a stranger
 * has for it: then it comes again.
 */
async function openAdmitted(piece = Number.POSITIVE_INFINITY): Promise<Raw> {
  const isInside = () => victim.connectedPeers().length === 1
  for (;;) {
    const raw = await openRaw()
    const isOver = () => raw.stream.status !== 'open'
    await introduce(raw, piece, isOver)
    await until('admission', () => isInside() || isOver())
    if (isInside()) return raw
  }
}

async function introduce({ stream, received }: Raw, piece: number, isOver: () => boolean): Promise<void> {
  const session = door.hello(asPeerId(node.peerId.toString()), victim.self, 'dialer')
  const say = async (payload: Uint8Array) => {
    if (!isOver()) await sendPieces(stream, encodePeerFrame({ id: 0, kind: PeerFrameKind.HELLO, payload }), piece)
  }
  await say(session.opening()!)
  await until('an answer to hello', () => received.length > 0 || isOver())
  const answer = received.shift()
  if (answer !== undefined) await say(session.receive(answer.payload).send!)
}

async function sendPieces(stream: Stream, all: Uint8Array, piece: number): Promise<void> {
  for (let at = 0; at < all.length; at += piece) {
    stream.send(all.slice(at, at + piece))
    if (piece < all.length) await setTimeout(1)
  }
}

const requestFrame = (id: number, payload: Uint8Array) => encodePeerFrame({ id, kind: PeerFrameKind.REQUEST, payload })

describe('a stranger', () => {
  it('is hung up on when it asks before hello', async () => {
    const { stream } = await openRaw()
    stream.send(requestFrame(1, bytes(1)))
    await until('the end of the connection', () => node.getConnections().length === 0)
    expect(requests).toEqual([])
    expect(victim.counters).toMatchObject({ accepted: 1, refused: 1, malformed: 1 })
  })

  it.each([
    ['noise', bytes(255, 254, 253, 252, 251)],
    ['a hello that is none', encodePeerFrame({ id: 0, kind: PeerFrameKind.HELLO, payload: bytes(1, 2, 3) })],
    ['a huge hello', encodePeerFrame({ id: 0, kind: PeerFrameKind.HELLO, payload: new Uint8Array(2_000) })],
  ])('is hung up on when it says %s', async (_, said) => {
    const { stream } = await openRaw()
    stream.send(said)
    await until('the end of the connection', () => node.getConnections().length === 0)
    expect(victim.connectedPeers()).toEqual([])
    expect(victim.counters.refused).toBe(1)
  })

  it('is hung up on when it says nothing, with a stream or without', async () => {
    const clock = virtualClock({ settle: setImmediate })
    const patient = createLibp2pWorld(clock)
    const second = await createNode({ seed: seedOf('idle'), listen: [] })
    const connections = () => node.getConnections().length + second.getConnections().length
    const first = victim
    try {
      victim = await patient.transport('patient', door)
      await second.dial(victim.addresses().map((address) => multiaddr(address)))
      await openRaw()
      await until('a stream on the other side', () => victim.counters.accepted === 1)
      clock.advance(limits.STRANGER_MS / 2)
      await setTimeout(50)
      expect(connections()).toBe(2)
      clock.advance(limits.STRANGER_MS / 2)
      await until('the end of both', () => connections() === 0)
    } finally {
      victim = first
      await second.stop()
      await patient.close()
    }
    expect(clock.pending).toBe(0)
  })

  it('does not end a connection of members', async () => {
    const member = await world.transport('member', door)
    await member.connect(victim.addresses(), OPTIONS)
    const { stream } = await openRaw()
    stream.send(bytes(255, 255, 255, 255))
    await until('the end of the connection', () => node.getConnections().length === 0)
    expect(await member.request(victim.self, bytes(7), OPTIONS)).toEqual(bytes(7))
  })
})

describe('an admitted peer', () => {
  it('may send its frames byte by byte', async () => {
    const { stream, received } = await openAdmitted(1)
    await sendPieces(stream, requestFrame(3, bytes(1, 2)), 1)
    await until('the reply', () => received.length === 1)
    expect(received).toEqual([{ id: 3, kind: PeerFrameKind.REPLY, payload: bytes(1, 2) }])
  })

  it.each([
    ['an oversized frame', bytes(0, 1, 1, 0, 0, 0, 0, 1, 1)],
    ['an empty frame', bytes(0, 0, 0, 0)],
    ['a frame of an unknown kind', bytes(0, 0, 0, 5, 0, 0, 0, 1, 9)],
    ['a second hello', encodePeerFrame({ id: 0, kind: PeerFrameKind.HELLO, payload: bytes(1) })],
  ])('loses its stream by %s, and may open another', async (_, said) => {
    const first = await openAdmitted()
    first.stream.send(said)
    await until('the reset', () => first.stream.status === 'reset')
    expect(victim.counters.malformed).toBe(1)
    const second = await openAdmitted()
    second.stream.send(requestFrame(1, bytes(5)))
    await until('the reply', () => second.received.length === 1)
  })

  it('has one stream: a new one ends the one before', async () => {
    const first = await openAdmitted()
    const second = await openAdmitted()
    await until('the end of the first', () => first.stream.status !== 'open')
    second.stream.send(requestFrame(1, bytes(5)))
    await until('the reply', () => second.received.length === 1)
  })

  it('that never reads its replies is not read either, and costs no more memory', async () => {
    const large = new Uint8Array(baseLimits.MAX_FRAME_BYTES)
    let calls = 0
    victim.onRequest(() => {
      calls++
      return large
    })
    const { stream } = await openAdmitted()
    stream.pause()
    // 10,000 requests for 64 KiB each: 640 MB of replies.
    for (let id = 1; id <= 10_000; id++) {
      stream.send(requestFrame(id, new Uint8Array(1_000)))
      if (id % 500 === 0) await setTimeout(5)
    }
    await setTimeout(200)
    const before = calls
    await setTimeout(200)
    expect(calls).toBe(before)
    const bound = limits.MAX_STREAM_WINDOW + limits.MAX_QUEUED_REPLY_BYTES
    expect(calls * large.length).toBeLessThan(bound + 2 * baseLimits.MAX_INBOUND_REQUESTS_PER_PEER * large.length)
    // It goes on where it stopped as soon as it is read.
    stream.resume()
    await until('more calls', () => calls > before)
  })

  it('that closes while everything is full raises no exception', async () => {
    // Issues 3415 and 3512 of js-libp2p: an uncaught exception in the microtask that goes on sending after a drain. The
    // test runner fails on any.
    const large = new Uint8Array(baseLimits.MAX_FRAME_BYTES)
    victim.onRequest(() => large)
    for (const end of ['abort', 'close', 'connection abort', 'connection close']) {
      const { stream } = await openAdmitted()
      for (let id = 1; id <= 400; id++) stream.send(requestFrame(id, bytes()))
      await setTimeout(20)
      const [connection] = node.getConnections()
      if (end === 'abort') stream.abort(new Error('enough'))
      else if (end === 'connection abort') connection?.abort(new Error('enough'))
      else {
        // What is not read is never all sent: an end in order waits for that, and this test does not.
        const signal = AbortSignal.timeout(2_000)
        await (end === 'close' ? stream : connection)?.close({ signal }).catch(() => {})
      }
      await setTimeout(50)
      for (const one of node.getConnections()) one.abort(new Error('next'))
      await until('an empty house', () => victim.connectedPeers().length === 0)
    }
    expect(await (await world.transport('member', door)).connect(victim.addresses(), OPTIONS)).toBe(victim.self)
  })

  it('whose own replies are held up is closed without an exception, too', async () => {
    const member = await world.transport('member', door)
    const large = new Uint8Array(baseLimits.MAX_FRAME_BYTES)
    for (let round = 0; round < 5; round++) {
      await member.connect(victim.addresses(), OPTIONS)
      const work = Array.from({ length: 100 }, () => outcome(member.request(victim.self, large, OPTIONS)))
      await setTimeout(round * 5)
      if (round % 2 === 0) {
        await victim.close()
        victim = await world.transport('victim', door)
        victim.onRequest((_, body) => body)
      } else {
        await member.request(victim.self, bytes(), OPTIONS)
      }
      for (const code of await Promise.all(work)) expect(['answered', 'PEER_GONE']).toContain(code)
    }
  })
})

describe('a peer in a process of its own', () => {
  const children: ChildProcess[] = []

  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL')
  })

  async function start(
    name: string,
    address?: string,
  ): Promise<{ child: ChildProcess; addresses: string[]; id: PeerId }> {
    const child = spawn(
      process.execPath,
      ['test/io/peers/peer-process.ts', name, ...(address === undefined ? [] : [address])],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    children.push(child)
    const [line] = (await once(child.stdout!, 'data')) as [Buffer]
    const addresses = JSON.parse(line.toString()) as string[]
    return { child, addresses, id: asPeerId(addresses[0]!.split('/p2p/')[1]!) }
  }

  const wait = (ms: number) => {
    const body = new Uint8Array(4)
    new DataView(body.buffer).setUint32(0, ms)
    return body
  }

  it('that is killed fails what waits for it at once, and is found again when it is back', async () => {
    const { child, addresses, id } = await start('mortal')
    await victim.connect(addresses, OPTIONS)
    const gone: PeerId[] = []
    victim.onPeerGone((peer) => gone.push(peer))
    const waiting = [1, 2, 3].map(() => outcome(victim.request(id, wait(60_000), { timeoutMs: 60_000 })))
    expect(await victim.request(id, wait(0), OPTIONS)).toEqual(wait(0))
    child.kill('SIGKILL')
    expect(await Promise.all(waiting)).toEqual(['PEER_GONE', 'PEER_GONE', 'PEER_GONE'])
    await until('word of it', () => gone.length === 1)
    expect(victim.connectedPeers()).toEqual([])
    await start('mortal', addresses[0]!.replace(/\/p2p\/.*/, ''))
    expect(await victim.request(id, wait(0), OPTIONS)).toEqual(wait(0))
  })
})

describe('addresses of other peers', () => {
  it.each([
    ['/ip4/192.0.2.1/tcp/4153', true],
    ['/ip4/127.0.0.1/tcp/4153/p2p/12D3KooWBtg3aaRMjxwedh83aGiUkSwxDwUZkzuJcfaqUmo7R3pq', true],
    ['/ip6/2001:db8::1/tcp/4153', true],
    ['/dns4/example.com/tcp/4153', false],
    ['/dnsaddr/example.com', false],
    ['/ip4/192.0.2.1/udp/4153/quic-v1', false],
    ['/ip4/192.0.2.1/tcp/4153/ws', false],
    ['/unix/tmp/socket', false],
    ['nonsense', false],
    ['', false],
  ])('%s is dialled: %s', (address, isDialled) => {
    expect(isPlainAddress(address)).toBe(isDialled)
  })
})

describe('bulks of an attacker', () => {
  let served: number
  beforeEach(() => {
    served = 0
    victim.onBulk(async function* () {
      served++
      for (;;) yield new Uint8Array(baseLimits.MAX_FRAME_BYTES)
    })
  })

  async function openBulk(): Promise<{ stream: Stream; received: number[] }> {
    const connection = await node.dial(victim.addresses().map((address) => multiaddr(address)))
    const stream = await connection.newStream(BULK_PROTOCOL)
    const received: number[] = []
    const reader = new BulkFrameReader()
    stream.addEventListener('message', ({ data }) => {
      for (const { kind } of reader.feed(data.subarray())) received.push(kind)
    })
    return { stream, received }
  }
  const asking = encodeBulkFrame({ kind: BulkKind.REQUEST, payload: bytes(1) })

  it('are not served before hello', async () => {
    const { stream, received } = await openBulk()
    if (stream.status === 'open') stream.send(asking)
    await until('the end of the stream', () => stream.status !== 'open')
    expect([served, received]).toEqual([0, []])
  })

  it.each([
    ['a frame that is too long', () => bytes(0x00, 0x02, 0x00, 0x00, 1)],
    ['a frame without a kind', () => bytes(0, 0, 0, 0)],
    ['a frame of a kind that is not', () => bytes(0, 0, 0, 1, 9)],
    ['a frame that is the source\u2019s to send', () => encodeBulkFrame({ kind: BulkKind.DATA, payload: bytes(1) })],
    ['a grant before the question', () => encodeBulkFrame({ kind: BulkKind.GRANT, payload: bytes(1) })],
    ['two questions', () => Buffer.concat([asking, asking])],
    ['a grant of more than a window', () => Buffer.concat([asking, bytes(0, 0, 0, 2, BulkKind.GRANT, 200)])],
  ])('end with %s', async (_, what) => {
    await openAdmitted()
    const { stream } = await openBulk()
    stream.send(what())
    await until('the end of the stream', () => stream.status !== 'open')
    // And its place is free again.
    for (let i = 0; i < limits.MAX_BULKS_PER_PEER; i++) {
      const next = await openBulk()
      next.stream.send(asking)
      await until('frames', () => next.received.length === baseLimits.BULK_WINDOW)
      expect(next.received).not.toContain(BulkKind.ERROR)
    }
  })

  it('are told that there are too many, and do not hold up requests', async () => {
    const { stream, received } = await openAdmitted()
    const open: Awaited<ReturnType<typeof openBulk>>[] = []
    for (let i = 0; i < limits.MAX_BULKS_PER_PEER + 3; i++) {
      const next = await openBulk()
      if (next.stream.status === 'open') next.stream.send(asking)
      open.push(next)
    }
    await until('refusals', () => open.filter((one) => one.received.includes(BulkKind.ERROR)).length === 3)
    expect(served).toBe(limits.MAX_BULKS_PER_PEER)
    stream.send(encodePeerFrame({ id: 9, kind: PeerFrameKind.REQUEST, payload: bytes(4) }))
    await until('a reply', () => received.some(({ id }) => id === 9))
  })
})
