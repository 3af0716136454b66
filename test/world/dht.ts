/** A node of somebody's Kademlia DHT on loopback: it stores records, and knows nothing of rings. */
import { identify } from '@libp2p/identify'
import type { Libp2p } from '@libp2p/interface'
import { type KadDHT, kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'

export const DHT_PROTOCOL = '/example/kad/1.0.0'

export type DhtNode = Libp2p<{ identify: unknown; ping: unknown; dht: KadDHT }>

export async function startDhtNode(): Promise<DhtNode> {
  return createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionManager: { inboundConnectionThreshold: 100 },
    services: {
      identify: identify(),
      ping: ping(),
      dht: kadDHT({ protocol: DHT_PROTOCOL, clientMode: false, peerInfoMapper: passthroughMapper }),
    },
  })
}

/** With its id. */
export function addressOf(node: DhtNode): string {
  return node.getMultiaddrs()[0]!.toString()
}
