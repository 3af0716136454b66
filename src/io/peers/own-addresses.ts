/**
 * The addresses at which this node listens. libp2p names those on public interfaces only when other peers have confirmed them,
 * so that a ring on public addresses would tell nobody where it is; a node knows its own interfaces.
 */
import type { Libp2p } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { asPeerId, type PeerAddress } from '../../base/index.ts'
import { withPeer } from '../finding/addresses.ts'

interface Listening {
  addresses(): readonly Multiaddr[]
}

/** A service of the node that says where its transports listen. */
export function listening(components: { readonly transportManager: { getAddrs(): Multiaddr[] } }): Listening {
  return { addresses: () => components.transportManager.getAddrs() }
}

/** What is announced, if anything is; else where it listens now, each interface of a wildcard by itself, loopback last. */
export function ownAddresses(node: Libp2p, announced: readonly PeerAddress[]): readonly PeerAddress[] {
  const service = (node.services as { readonly listening?: Listening }).listening
  if (announced.length > 0 || service === undefined) return node.getMultiaddrs().map((one) => one.toString())
  const self = asPeerId(node.peerId.toString())
  const all = service.addresses().map((one) => withPeer(one, self).toString())
  return [...new Set(all)].sort((a, b) => Number(isLoopback(a)) - Number(isLoopback(b)))
}

function isLoopback(address: PeerAddress): boolean {
  return /^\/(ip4\/127\.|ip6\/::1\/)/.test(address)
}
