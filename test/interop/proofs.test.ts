/** Validating peers in front of a signed root and TLD: what one of them has checked, a cold one can check without any authority. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Cluster, type PeerProcess, startCluster } from '../world/cluster.ts'
import { createWorld, demoSpec, signWorld, type World } from '../world/index.ts'
import { allKnow, chunkOf, lookup, peerId, statusOf, until } from './scenes/asking.ts'

const PEERS = 5

describe('validating peers when all authorities are gone', () => {
  let world: World
  let cluster: Cluster

  beforeAll(async () => {
    const signed = signWorld(demoSpec(), { '.': {}, 'com.': {}, 'org.': {}, 'example.com.': {} })
    world = await createWorld(signed.spec)
    cluster = await startCluster({
      peers: PEERS,
      hints: world.hintsText(),
      authorityPort: world.port,
      anchors: signed.anchorText,
      replicas: 2,
      admitAfter: 1,
      // A restarted peer is a newcomer here.
      config: { cache: { persist: false } },
    })
    await allKnow(cluster.peers)
  })
  afterAll(async () => {
    await cluster?.stop()
    await world?.stopAll()
  })

  it('a cold one answers an unsigned name as agreed, and a signed one as secure', async () => {
    const unsigned = 'www.example.org'
    const secure = 'www.example.com'
    await lookup(cluster.peers[0]!, unsigned)
    expect((await lookup(cluster.peers[0]!, secure)).security).toBe('secure')
    const replicasOf = async (name: string) =>
      new Set((await chunkOf(cluster.peers[0]!, name)).replicas.map((one) => one.peer))
    const [keepers, provers] = await Promise.all([replicasOf(unsigned), replicasOf(secure)])
    await until('a certificate', async () => {
      const views = await Promise.all(
        cluster.peers.filter((peer) => keepers.has(peerId(peer))).map((peer) => chunkOf(peer, unsigned)),
      )
      return views.every((view) => view.entries.length > 0)
    })
    await until('proofs', async () => {
      const views = await Promise.all(
        cluster.peers.filter((peer) => provers.has(peerId(peer)) && peer.index !== 0).map(statusOf),
      )
      return views.every((view) => Number(view.chunks?.['proofs'] ?? 0) > 0)
    })
    // Cold for the one name is whoever is none of its replicas: one and the same peer may not be cold for both.
    const cold = async (keep: ReadonlySet<string>) => {
      const old = cluster.peers.find((peer) => !keep.has(peerId(peer)) && peer.index !== 0)!
      await old.stop('SIGTERM')
      const asker = await cluster.start(old.index)
      await allKnow(cluster.peers)
      expect((await statusOf(asker)).cache['entries']).toBe(0)
      return asker
    }
    /** Nobody but the ring can answer: whoever asks a machine that is too busy asks again. */
    const answered = (asker: PeerProcess, name: string) =>
      until(`an answer for ${name}`, async () => {
        const view = await lookup(asker, name)
        return view.rcode === 'NOERROR' && view
      })
    await world.stopAll()
    const first = await answered(await cold(keepers), unsigned)
    expect([first.rcode, first.provenance, first.security]).toEqual(['NOERROR', 'agreed', 'insecure'])
    expect(first.answers.join('\n')).toContain('203.0.113.81')

    const second = await answered(await cold(provers), secure)
    expect([second.rcode, second.security]).toEqual(['NOERROR', 'secure'])
    expect(second.answers.join('\n')).toContain('192.0.2.81')
    expect(second.steps.some((step) => step.kind === 'ring' && step.text === 'secure')).toBe(true)
    await world.restartAll()
  })
})
