/** Strangers at the door of the transport: silent sockets, half-said hellos, floods of them. Members still get in. */
import { connect as connectTcp, type Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import type { Libp2p } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { asPeerId } from '../../../../src/base/index.ts'
import { systemRandom } from '../../../../src/io/index.ts'
import { limits } from '../../../../src/io/limits.ts'
import { createNode } from '../../../../src/io/peers/libp2p-node.ts'
import type { Libp2pTransport } from '../../../../src/io/peers/libp2p-transport.ts'
import { PEER_PROTOCOL } from '../../../../src/io/peers/request-streams.ts'
import { encodePeerFrame, PeerFrameKind } from '../../../../src/io/streams/peer-frames.ts'
import { openDoorkeeper } from '../../../../src/ring/index.ts'
import { createLibp2pWorld, type Libp2pWorld, seedOf } from '../libp2p-world.ts'

const door = openDoorkeeper({ ringId: 'test', random: systemRandom() })
const OPTIONS = { timeoutMs: 30_000 }

let world: Libp2pWorld
let victim: Libp2pTransport
let sockets: Socket[]
let nodes: Libp2p[]

beforeEach(async () => {
  world = createLibp2pWorld()
  victim = await world.transport('victim', door)
  victim.onRequest((_, body) => body)
  sockets = []
  nodes = []
})

afterEach(async () => {
  for (const socket of sockets) socket.destroy()
  for (const node of nodes) await node.stop()
  await world.close()
})

const portOf = (transport: Libp2pTransport) => Number(/tcp\/(\d+)/.exec(transport.addresses()[0]!)![1])

/** Opens a connection that says nothing, and opens the next when it is ended. */
function holdSilently(from: string, isOver: () => boolean): void {
  const socket = connectTcp({ port: portOf(victim), host: '127.0.0.1', localAddress: from })
  sockets.push(socket)
  socket.on('error', () => {})
  socket.resume()
  socket.on('close', async () => {
    await setTimeout(20)
    if (!isOver()) holdSilently(from, isOver)
  })
}

/** A node of libp2p whose connections come from one host. */
async function nodeFrom(name: string, host: string): Promise<Libp2p> {
  return createLibp2p({
    privateKey: await generateKeyPairFromSeed('Ed25519', seedOf(name)),
    transports: [tcp({ dialOpts: { localAddress: host } as object })],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionMonitor: { enabled: false },
  })
}

async function whileHeld<T>(from: readonly string[], each: number, work: () => Promise<T>): Promise<T> {
  let isOver = false
  for (const host of from) for (let i = 0; i < each; i++) holdSilently(host, () => isOver)
  await setTimeout(300)
  try {
    return await work()
  } finally {
    isOver = true
  }
}

/** How many of nine new peers get in, one after the other. */
async function connects(isKnown: boolean): Promise<number> {
  let inside = 0
  for (let i = 0; i < 9; i++) {
    const member = await world.transport(`member ${i}`, door)
    if (isKnown) victim.learn(member.self, member.addresses())
    await member.connect(victim.addresses(), OPTIONS).then(
      () => inside++,
      () => {},
    )
  }
  return inside
}

describe('silent connections', () => {
  it('from one host keep nobody else out: 64 of them', async () => {
    expect(await whileHeld(['127.0.5.1'], 64, () => connects(false))).toBe(9)
  })

  it('from one host keep nobody else out: 256 of them', async () => {
    expect(await whileHeld(['127.0.5.1'], 256, () => connects(false))).toBe(9)
  })

  it('from many networks do not take the place of a member whose address is known', async () => {
    const hosts = Array.from({ length: 40 }, (_, i) => `127.0.${i + 10}.1`)
    expect(await whileHeld(hosts, 8, () => connects(true))).toBe(9)
  })

  it('live two seconds, and are few from one network', async () => {
    const from = performance.now()
    // What this machine is late by, whatever the transport does.
    let lateMs = 0
    let last = from
    const timer = setInterval(() => {
      const now = performance.now()
      lateMs = Math.max(lateMs, now - last)
      last = now
    }, 20)
    const ends = await Promise.all(
      Array.from({ length: 100 }, (_, i) => {
        const socket = connectTcp({ port: portOf(victim), host: '127.0.0.1', localAddress: `127.0.5.${i + 1}` })
        sockets.push(socket)
        socket.on('error', () => {})
        socket.resume()
        return new Promise<number>((resolve) => socket.on('close', () => resolve(performance.now() - from)))
      }),
    )
    clearInterval(timer)
    const held = ends.filter((ms) => ms > limits.STRANGER_MS - 100)
    expect(held.length).toBeGreaterThan(0)
    expect(held.length).toBeLessThanOrEqual(limits.MAX_STRANGERS_PER_NETWORK)
    expect(Math.max(...ends)).toBeLessThan(limits.STRANGER_MS + 1_500 + 3 * lateMs)
  })

  it('that only speak Noise are bounded alike', async () => {
    // Connections that have a peer, but no hello: four nodes, 20 each.
    let dialled = 0
    for (let i = 0; i < 4; i++) {
      const node = await createNode({ seed: seedOf(`quiet ${i}`), listen: [] })
      nodes.push(node)
      for (let j = 0; j < 20; j++)
        await node.dial(multiaddr(victim.addresses()[0]!), { force: true }).then(
          () => dialled++,
          () => {},
        )
    }
    await setTimeout(50)
    const open = nodes.reduce((sum, node) => sum + node.getConnections().length, 0)
    expect(open).toBeLessThanOrEqual(limits.MAX_STRANGERS_PER_NETWORK)
    expect(dialled).toBeGreaterThan(0)
  })
})

describe('hosts that begin hello again and again, and never end it', () => {
  it('do not fill the connections, and members get in meanwhile: four of them, as fast as they can', async () => {
    let isOver = false
    let begun = 0
    const attack = async (node: Libp2p) => {
      while (!isOver) {
        try {
          const connection = await node.dial(multiaddr(victim.addresses()[0]!), { force: true })
          const stream = await connection.newStream(PEER_PROTOCOL)
          const hello = door.hello(asPeerId(node.peerId.toString()), victim.self, 'dialer').opening()!
          stream.send(encodePeerFrame({ id: 0, kind: PeerFrameKind.HELLO, payload: hello }))
          begun++
        } catch {
          await setTimeout(5)
        }
      }
    }
    for (let i = 0; i < 4; i++) nodes.push(await nodeFrom(`flood ${i}`, `127.0.${20 + i}.1`))
    const attacks = nodes.flatMap((node) => [attack(node), attack(node)])
    const open = () => nodes.reduce((sum, node) => sum + node.getConnections().length, 0)
    let most = 0
    for (let i = 0; i < 30 || begun <= 50; i++) {
      await setTimeout(100)
      most = Math.max(most, open())
    }
    const inside = await connects(true)
    isOver = true
    await Promise.all(attacks)
    expect(begun).toBeGreaterThan(50)
    // What the attackers have not yet noticed to be ended is a few more.
    expect(most).toBeLessThanOrEqual(limits.MAX_STRANGERS + 8)
    expect(inside).toBe(9)
  })
})

describe('before hello', () => {
  it.each(['/ipfs/id/1.0.0', '/ipfs/id/push/1.0.0', '/ipfs/ping/1.0.0', '/ipfs/kad/1.0.0'])(
    'nothing answers %s',
    async (protocol) => {
      const node = await createNode({ seed: seedOf('curious'), listen: [] })
      nodes.push(node)
      const connection = await node.dial(multiaddr(victim.addresses()[0]!))
      const outcome = await connection.newStream(protocol).then(
        () => 'answered',
        () => 'refused',
      )
      expect(outcome).toBe('refused')
    },
  )

  it('the only protocols are our own two, and a stream of them says nothing first', async () => {
    const node = await createNode({ seed: seedOf('curious'), listen: [], services: { identify: identify() } })
    nodes.push(node)
    const connection = await node.dial(multiaddr(victim.addresses()[0]!))
    const stream = await connection.newStream(PEER_PROTOCOL)
    let heard = 0
    stream.addEventListener('message', ({ data }) => {
      heard += data.byteLength
    })
    await setTimeout(300)
    expect(heard).toBe(0)
    expect(await node.peerStore.get(connection.remotePeer).then(({ protocols }) => protocols)).toEqual([PEER_PROTOCOL])
  })
})
