import type { Transport } from '../../base/index.ts'
import type { Rendezvous, RendezvousOptions } from '../finding/rendezvous.ts'
import type { Libp2pTransportOptions } from './libp2p-transport.ts'

/** The transport over libp2p, whose 83 packages are loaded only by a node that is on a ring. */
export async function createLibp2pTransport(options: Libp2pTransportOptions): Promise<Transport> {
  const libp2p = await import('./libp2p-transport.ts')
  return libp2p.createLibp2pTransport(options)
}

/** The rendezvous through a DHT, whose packages only those load who use it. */
export async function startRendezvous(options: RendezvousOptions): Promise<Rendezvous> {
  const rendezvous = await import('../finding/rendezvous.ts')
  return rendezvous.startRendezvous(options)
}
