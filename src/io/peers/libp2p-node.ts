/** The libp2p node: TCP, Noise, Yamux. Each option that is not its default has its reason beside it. */
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import type { Libp2p } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p, type ServiceFactoryMap } from 'libp2p'
import { ChordnsError, errorText, type PeerAddress } from '../../base/index.ts'
import type { LanOptions } from '../finding/lan-discovery.ts'
import { limits } from '../limits.ts'

export interface Libp2pNodeOptions {
  /** The Ed25519 seed of this node's identity, 32 bytes. */
  readonly seed: Uint8Array
  readonly listen: readonly PeerAddress[]
  /** What others are told instead of the addresses that are listened on: behind a port forwarding, the outer one. */
  readonly announce?: readonly PeerAddress[]
  /** Looks for other members on the local network. */
  readonly lan?: LanOptions | undefined
  /** Protocols beside our own on the same node: what Kademlia and gossipsub are measured on. */
  readonly services?: ServiceFactoryMap
}

/**
 * A node that listens. `prepare` runs before it does: an early peer must find the handlers there. Throws
 * PEER_LISTEN_FAILED when an address cannot be bound.
 */
export async function createNode(
  { seed, listen, announce = [], lan, services = {} }: Libp2pNodeOptions,
  prepare?: (node: Libp2p) => Promise<void>,
): Promise<Libp2p> {
  const peerDiscovery = lan === undefined ? [] : [(await import('../finding/lan-discovery.ts')).lanDiscovery(lan)]
  const privateKey = await generateKeyPairFromSeed('Ed25519', seed)
  try {
    const node = await createLibp2p({
      start: false,
      privateKey,
      addresses: { listen: [...listen], announce: [...announce] },
      transports: [tcp()],
      connectionEncrypters: [noise()],
      peerDiscovery,
      streamMuxers: [yamux({ streamOptions: { maxStreamWindowSize: limits.MAX_STREAM_WINDOW } })],
      connectionManager: {
        // The default of 5 a second and host is less than a household behind one address needs, let alone a test ring.
        inboundConnectionThreshold: limits.MAX_INBOUND_CONNECTIONS_PER_SECOND,
        maxIncomingPendingConnections: limits.MAX_PENDING_CONNECTIONS,
        maxConnections: limits.MAX_PEER_CONNECTIONS,
        dialTimeout: limits.DIAL_TIMEOUT_MS,
        addressDialTimeout: limits.DIAL_TIMEOUT_MS,
        // No look-ups of /dnsaddr: an address says where a peer is, and is nothing to ask others about.
        resolvers: {},
      },
      // It would ping every connection each ten seconds, on a stream of its own, and hang up on whoever is late: a hundred
      // members that know each other keep two cores busy with nothing else. The ring asks its neighbours itself.
      connectionMonitor: { enabled: false },
      // Whoever fails hello is hung up on, so that it serves strangers for seconds at most.
      services: { identify: identify(), ...services },
    })
    await prepare?.(node)
    await node.start()
    return node
  } catch (cause) {
    throw new ChordnsError(
      'PEER_LISTEN_FAILED',
      `cannot listen for peers on ${listen.join(', ')}: ${errorText(cause)}; set ring.listen to a free address`,
      { listen },
      { cause },
    )
  }
}
