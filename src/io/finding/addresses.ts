/** Addresses of peers as texts, and which of them are dialled. */
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { ChordnsError, type PeerAddress, type PeerId } from '../../base/index.ts'

/** Throws PEER_ADDRESS. */
export function parseAddress(text: PeerAddress): Multiaddr {
  try {
    return multiaddr(text)
  } catch (cause) {
    throw new ChordnsError('PEER_ADDRESS', `not a multiaddr: ${text}`, { address: text }, { cause })
  }
}

export function withPeer(address: Multiaddr, peer: PeerId): Multiaddr {
  return address.toString().includes('/p2p/') ? address : address.encapsulate(`/p2p/${peer}`)
}

/**
 * TCP on an IP address. What other peers say is dialled only so: names would send queries of their choice to the system's
 * resolver, which may be this very node.
 */
export function isPlainAddress(text: PeerAddress): boolean {
  try {
    const [host, port, peer, ...rest] = multiaddr(text).getComponents()
    return (
      (host?.name === 'ip4' || host?.name === 'ip6') &&
      port?.name === 'tcp' &&
      (peer === undefined || peer.name === 'p2p') &&
      rest.length === 0
    )
  } catch {
    return false
  }
}
