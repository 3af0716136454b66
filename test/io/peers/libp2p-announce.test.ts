import { connect, createServer, type Server } from 'node:net'
import os from 'node:os'
import { afterAll, describe, expect, it, vi } from 'vitest'
import type { Transport } from '../../../src/base/index.ts'
import { createLibp2pTransport, systemClock, systemRandom } from '../../../src/io/index.ts'
import { openDoorkeeper } from '../../../src/ring/index.ts'
import { quietLog, seedOf } from './libp2p-world.ts'

describe('a peer behind a port forwarding', () => {
  const closers: (() => Promise<void>)[] = []
  afterAll(async () => {
    for (const close of closers.reverse()) await close()
  })

  async function transport(name: string, port = 0, announce: readonly string[] = []): Promise<Transport> {
    const doorkeeper = openDoorkeeper({ ringId: 'test', random: systemRandom() })
    const listen = [`/ip4/127.0.0.1/tcp/${port}`]
    const made = await createLibp2pTransport({
      seed: seedOf(name),
      listen,
      announce,
      doorkeeper,
      clock: systemClock(),
      log: quietLog,
    })
    closers.push(() => made.close())
    return made
  }

  it('tells the outer address, and is reached there', async () => {
    const inner = await freePort()
    let forwarded = 0
    const forwarding: Server = createServer((socket) => {
      forwarded++
      const far = connect(inner, '127.0.0.1')
      socket.pipe(far).pipe(socket)
      for (const one of [socket, far]) one.on('error', () => one.destroy())
    })
    const outer = await listenAnywhere(forwarding)
    closers.push(() => new Promise((resolve) => forwarding.close(() => resolve())))

    const announced = `/ip4/127.0.0.1/tcp/${outer}`
    const inside = await transport('inside', inner, [announced])
    expect(inside.addresses()).toEqual([`${announced}/p2p/${inside.self}`])
    inside.onRequest((_, body) => body)

    const asker = await transport('outside')
    expect(await asker.connect(inside.addresses(), { timeoutMs: 30_000 })).toBe(inside.self)
    const reply = await asker.request(inside.self, Uint8Array.of(7), { timeoutMs: 30_000 })
    expect([...reply]).toEqual([7])
    expect(forwarded).toBe(1)
  })
})

describe('a peer on a public interface', () => {
  const address = (address: string, family: 'IPv4' | 'IPv6') =>
    ({ address, family, internal: false, netmask: '', mac: '', cidr: null }) as os.NetworkInterfaceInfo

  it('names its public addresses though nobody has confirmed them, and loopback last', async () => {
    const interfaces = vi.spyOn(os, 'networkInterfaces').mockReturnValue({
      lo: [address('127.0.0.1', 'IPv4')],
      eth0: [address('45.90.0.1', 'IPv4'), address('fe80::1', 'IPv6')],
      eth1: [address('10.0.0.7', 'IPv4')],
    })
    const made = await createLibp2pTransport({
      seed: seedOf('public'),
      listen: ['/ip4/0.0.0.0/tcp/0'],
      doorkeeper: openDoorkeeper({ ringId: 'test', random: systemRandom() }),
      clock: systemClock(),
      log: quietLog,
    })
    try {
      const hosts = () => made.addresses().map((one) => one.split('/')[2])
      expect(hosts()).toEqual(['45.90.0.1', '10.0.0.7', '127.0.0.1'])
      for (const one of made.addresses()) expect(one).toMatch(new RegExp(`/tcp/[1-9][0-9]*/p2p/${made.self}$`))
      // And those that it gets later.
      interfaces.mockReturnValue({ eth0: [address('45.90.0.2', 'IPv4')] })
      expect(hosts()).toEqual(['45.90.0.2'])
    } finally {
      interfaces.mockRestore()
      await made.close()
    }
  })
})

function listenAnywhere(server: Server): Promise<number> {
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)),
  )
}

async function freePort(): Promise<number> {
  const server = createServer()
  const port = await listenAnywhere(server)
  await new Promise((resolve) => server.close(resolve))
  return port
}
