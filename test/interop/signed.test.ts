/** A signed answer that five real members were told: a sixth that joins has it, it survives a restart of all, its chain shows it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Cluster, type PeerProcess, startCluster } from '../world/cluster.ts'
import { createWorld, demoSpec, signWorld, type World } from '../world/index.ts'
import { allKnow, chunkOf, lookup, nodeOf, saidJson, until } from './scenes/asking.ts'

const NAME = 'www.example.com'

/** What the peer holds of the name, if it is signed; and the block that recorded it. */
async function signedAt(peer: PeerProcess) {
  const { entries } = await chunkOf(peer, NAME)
  const entry = entries.find((one) => one.class === 'signed')
  return entry && { records: entry.records.filter((one) => !one.includes('RRSIG')), block: entry.block }
}

describe('a signed answer that five members were told', () => {
  let world: World
  let cluster: Cluster

  beforeAll(async () => {
    const signed = signWorld(demoSpec(), { '.': {}, 'com.': {}, 'org.': {}, 'example.com.': {} })
    world = await createWorld(signed.spec)
    cluster = await startCluster({
      peers: 5,
      hints: world.hintsText(),
      authorityPort: world.port,
      anchors: signed.anchorText,
      replicas: 6,
      admitAfter: 1,
    })
    await allKnow(cluster.peers)
  })
  afterAll(async () => {
    await cluster?.stop()
    await world?.stopAll()
  })

  it('is in their chain, is had by a sixth that joins, and survives a restart of all', async () => {
    const [first] = cluster.peers
    expect((await lookup(first!, NAME)).security).toBe('secure')
    const five = [...cluster.peers]
    const blocks = await until('a block at all five', async () => {
      const held = await Promise.all(five.map(signedAt))
      return held.every((one) => one?.block != null) && held.map((one) => one!.block!)
    })
    for (const block of blocks) expect(block).toEqual(blocks[0])

    await world.stopAll()
    const sixth = await cluster.start(5)
    await allKnow(cluster.peers)
    const had = await until('the sixth to have it', () => signedAt(sixth))
    expect(had.records.join('\n')).toContain('192.0.2.81')

    for (const peer of [...cluster.peers]) await peer.stop('SIGTERM')
    for (const { index } of [...cluster.peers]) await cluster.start(index)
    await allKnow(cluster.peers)
    for (const peer of cluster.peers) {
      const held = await until(`peer ${peer.index} to have it again`, () => signedAt(peer))
      expect(held.records.join('\n')).toContain('192.0.2.81')
      if (peer.index < 5) expect(held.block).toEqual(blocks[0])
    }
    const verified = await saidJson('chain', 'verify', ...nodeOf(cluster.peers[0]!))
    expect(verified).toMatchObject({ state: 'done', faults: [] })
    await world.restartAll()
  })
})
