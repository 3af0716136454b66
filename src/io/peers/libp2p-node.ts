/** The libp2p node: TCP, Noise, Yamux. Each option that is not its default has its reason beside it. */
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import type { ConnectionGater, Libp2p } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p, type ServiceFactoryMap } from 'libp2p'
import { ChordnsError, errorText, type PeerAddress } from '../../base/index.ts'
import type { LanOptions } from '../finding/lan-discovery.ts'
import { limits } from '../limits.ts'
import { inOneWrite } from './few-packets.ts'
import { listening } from './own-addresses.ts'
import { decodingQuietly } from './quiet-decoder.ts'
import { sealing } from './sealing.ts'

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
  /** Which connections that come in are served; all, if left out. */
  readonly gater?: ConnectionGater
}

/**
 * A node that listens. `prepare` runs before it does: an early peer must find the handlers there. Throws
 * PEER_LISTEN_FAILED when an address cannot be bound.
 */
export async function createNode(
  { seed, listen, announce = [], lan, services = {}, gater = {} }: Libp2pNodeOptions,
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
      connectionEncrypters: [decodingQuietly(inOneWrite(noise({ crypto: sealing })))],
      peerDiscovery,
      streamMuxers: [yamux({ streamOptions: { maxStreamWindowSize: limits.MAX_STREAM_WINDOW } })],
      connectionGater: gater,
      connectionManager: {
        // Who waits at the door is bounded on the doorstep. libp2p's own bounds hold for members and strangers alike: few
        // silent sockets would keep all members out.
        inboundConnectionThreshold: Number.POSITIVE_INFINITY,
        maxIncomingPendingConnections: Number.POSITIVE_INFINITY,
        maxConnections: 2 * limits.MAX_PEER_CONNECTIONS,
        inboundUpgradeTimeout: limits.STRANGER_MS,
        inboundStreamProtocolNegotiationTimeout: limits.STRANGER_MS,
        dialTimeout: limits.DIAL_TIMEOUT_MS,
        addressDialTimeout: limits.DIAL_TIMEOUT_MS,
        // No look-ups of /dnsaddr: an address says where a peer is, and is nothing to ask others about.
        resolvers: {},
      },
      // It would ping every connection each ten seconds, on a stream of its own, and hang up on whoever is late: a hundred
      // members that know each other keep two cores busy with nothing else. The ring asks its neighbours itself.
      connectionMonitor: { enabled: false },
      // No identify: it tells strangers versions and all addresses, and asks every peer for theirs. Members say in their rows
      // where they are.
      services: { listening, ...services },
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
