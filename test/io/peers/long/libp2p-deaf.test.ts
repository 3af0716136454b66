/** A path on which nothing comes any more, though no connection ends: the other host has another address, or none. */
import { createServer, type Server, type Socket, connect as tcpConnect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { systemRandom } from '../../../../src/io/index.ts'
import { openDoorkeeper } from '../../../../src/ring/index.ts'
import { createLibp2pWorld, type Libp2pWorld } from '../libp2p-world.ts'

const door = openDoorkeeper({ ringId: 'test', random: systemRandom() })

/** Forwards TCP until it is cut: from then on it takes all, says nothing, and ends nothing. New connections it still forwards. */
async function relay(port: number) {
  const sockets = new Set<Socket>()
  const server: Server = createServer((near) => {
    const far = tcpConnect(port, '127.0.0.1')
    near.pipe(far)
    far.pipe(near)
    for (const one of [near, far]) {
      sockets.add(one)
      one.on('error', () => {})
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    port: address.port,
    cut: () => {
      for (const one of sockets) {
        one.unpipe()
        one.resume()
      }
    },
    close: () => {
      for (const one of sockets) one.destroy()
      server.close()
    },
  }
}

describe('a connection on which nothing comes any more', () => {
  let world: Libp2pWorld
  let between: Awaited<ReturnType<typeof relay>>

  afterEach(async () => {
    between.close()
    await world.close()
  })

  it('is ended when requests time out, and the peer is dialled anew', async () => {
    world = createLibp2pWorld()
    const asker = await world.transport('asker', door)
    const peer = await world.transport('peer', door)
    peer.onRequest(async () => Uint8Array.of(7))
    const port = Number(/\/tcp\/(\d+)/.exec(peer.addresses()[0]!)![1])
    between = await relay(port)
    const id = await asker.connect([`/ip4/127.0.0.1/tcp/${between.port}/p2p/${peer.self}`], { timeoutMs: 30_000 })
    const ask = (timeoutMs = 1_000) =>
      asker.request(id, new Uint8Array(1), { timeoutMs }).then(
        ([one]) => one,
        (error) => error.code,
      )
    expect(await ask(30_000)).toBe(7)
    between.cut()
    const said: unknown[] = []
    for (const end = Date.now() + 200_000; Date.now() < end && said.at(-1) !== 7; ) said.push(await ask())
    expect(said.slice(0, 5)).toEqual(Array(5).fill('PEER_TIMEOUT'))
    expect(said.at(-1)).toBe(7)
  })
})
