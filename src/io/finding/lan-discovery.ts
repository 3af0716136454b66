/**
 * Members on the local network, by mDNS (RFC 6762). What answers is a candidate address and nothing more: hello decides. The
 * service's name is a keyed hash, so that who listens on the network learns neither the ring's name nor whether two rings
 * are one.
 */
import type { PeerDiscovery } from '@libp2p/interface'
import { mdns } from '@libp2p/mdns'
import { asPeerId, type PeerAddress, type PeerId } from '../../base/index.ts'
import { isPlainAddress } from './addresses.ts'

export interface LanOptions {
  readonly tag: string
  /** Called each time that a member is heard, every few seconds; the addresses are what anybody may have written. */
  readonly onFound: (peer: PeerId, addresses: readonly PeerAddress[]) => void
}

/** Members ask for each other so often, ms. */
const QUERY_EVERY_MS = 10_000

type MdnsComponents = Parameters<ReturnType<typeof mdns>>[0]

export function lanDiscovery({ tag, onFound }: LanOptions): (components: MdnsComponents) => PeerDiscovery {
  const create = mdns({ serviceTag: tag, interval: QUERY_EVERY_MS })
  return (components) => {
    const discovery = create(components)
    discovery.addEventListener('peer', ({ detail }) => {
      onFound(
        asPeerId(detail.id.toString()),
        detail.multiaddrs.map((address) => address.toString()).filter(isPlainAddress),
      )
    })
    return discovery
  }
}
