import type { Transport } from '../base/index.ts'
import type { Libp2pTransportOptions } from './libp2p-transport.ts'

/** The transport over libp2p, whose 83 packages are loaded only by a node that is on a ring. */
export async function createLibp2pTransport(options: Libp2pTransportOptions): Promise<Transport> {
  const libp2p = await import('./libp2p-transport.ts')
  return libp2p.createLibp2pTransport(options)
}
