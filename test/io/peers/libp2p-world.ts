/** Transports over libp2p on the loopback interface, for tests. */
import { setTimeout } from 'node:timers/promises'
import type { Clock, Doorkeeper, Log, PeerAddress } from '../../../src/base/index.ts'
import { sha256 } from '../../../src/crypto/index.ts'
import { systemClock } from '../../../src/io/index.ts'
import { createLibp2pTransport, type Libp2pTransport } from '../../../src/io/peers/libp2p-transport.ts'
import type { World } from '../../base/transport.compliance.ts'

export const quietLog: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

export const seedOf = (name: string): Uint8Array => sha256(new TextEncoder().encode(name))

export interface Libp2pWorld extends World {
  transport(name: string, doorkeeper: Doorkeeper, address?: PeerAddress): Promise<Libp2pTransport>
}

export function createLibp2pWorld(clock: Clock = systemClock()): Libp2pWorld {
  const transports: Libp2pTransport[] = []
  return {
    async transport(name, doorkeeper, address = '/ip4/127.0.0.1/tcp/0') {
      const made = await createLibp2pTransport({
        seed: seedOf(name),
        listen: [address],
        doorkeeper,
        clock,
        log: quietLog,
      })
      transports.push(made)
      return made
    },
    // The discard port: nothing listens there.
    emptyAddress: '/ip4/127.0.0.1/tcp/9',
    run: (promise) => promise,
    pass: (ms) => setTimeout(ms),
    async close() {
      // One after the other: two that stop at once wait half a second for each other.
      for (const transport of transports) await transport.close()
    },
  }
}
