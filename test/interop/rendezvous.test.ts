/** Peers that know no address of each other, as processes: a DHT of others brings them together. */
import { afterAll, beforeAll, it } from 'vitest'
import { type Cluster, startCluster } from '../world/cluster.ts'
import { addressOf, DHT_PROTOCOL, type DhtNode, startDhtNode } from '../world/dht.ts'
import { allKnow } from './scenes/asking.ts'

let nodes: DhtNode[] = []
let cluster: Cluster | undefined

beforeAll(async () => {
  nodes = [await startDhtNode(), await startDhtNode()]
  await nodes[1]!.dial(nodes[0]!.getMultiaddrs())
})

afterAll(async () => {
  await cluster?.stop()
  await Promise.all(nodes.map((node) => node.stop()))
})

it('three peers with no address but those of a DHT are one ring', async () => {
  cluster = await startCluster({
    peers: 3,
    // Nobody is asked.
    hints: '. 3600 NS a.root.\na.root. 3600 A 127.0.0.1\n',
    authorityPort: 1,
    replicas: 2,
    admitAfter: 1,
    config: { ring: { bootstrap: [], rendezvous: nodes.map(addressOf), rendezvousProtocol: DHT_PROTOCOL } },
  })
  await allKnow(cluster.peers)
})
