/** Peers in processes of their own: names that live for seconds, strict mode, and zones whose parents are blocked. */
import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Rcode } from '../../src/dns/index.ts'
import { type Cluster, type PeerProcess, startCluster } from '../world/cluster.ts'
import { ask, simpleWorld, texts, type World } from '../world/index.ts'
import { allKnow, chunkOf, lookup, nodeOf, said, until } from './scenes/asking.ts'

const PEERS = 4

const dig = ({ address, port }: PeerProcess, name: string) => ask({ address, port }, { name })

/** The record of a name (or the delegation of a zone) at somebody who keeps it. */
async function kept(peers: readonly PeerProcess[], name: string, question: string) {
  const views = await Promise.all(peers.map((peer) => chunkOf(peer, name)))
  return views.flatMap(({ entries }) => entries).find((entry) => entry.question === question)
}

describe('answers that differ, and parents that are silent', () => {
  let world: World
  let cluster: Cluster
  /** A name that lives five seconds. */
  let short = ''

  beforeAll(async () => {
    world = await simpleWorld({
      'com.': '',
      'static.com.': 'www 300 A 192.0.2.1\nother 300 A 192.0.2.2\n',
      'short.com.': Array.from({ length: 40 }, (_, i) => `www${i} 5 A 192.0.2.3\n`).join(''),
    })
    cluster = await startCluster({
      peers: PEERS,
      hints: world.hintsText(),
      authorityPort: world.port,
      replicas: 2,
      admitAfter: 1,
    })
    await allKnow(cluster.peers)
  })
  afterAll(async () => {
    await cluster?.stop()
    await world?.stopAll()
  })

  it('a name that lives five seconds is divergent, and its keepers say who saw what and when', async () => {
    const [first, second] = cluster.peers
    // A replica that has no time abstains: of one name after the other, until all three have seen one.
    let tries = 0
    const entry = await until('a name that all three have seen', async () => {
      short = `www${tries++}.short.com`
      for (const peer of [first!, second!]) expect(texts((await dig(peer, short)).answers)).toEqual(['A 192.0.2.3'])
      const marker = await until('a marker', () => kept(cluster.peers, short, `${short}. A`))
      return marker.observers.length === 3 && marker
    })
    expect(entry.class).toBe('divergent')
    expect(entry.networks).toEqual([{ network: '192.0.2.0/24', observers: 3 }])
    expect(entry.observers.map(({ saw, ttl }) => [saw, ttl])).toEqual(Array(3).fill([['192.0.2.3'], 5]))
    const keepers = await Promise.all(cluster.peers.map((peer) => said('chunk', short, ...nodeOf(peer))))
    expect(keepers.join('\n')).toMatch(
      /divergent,[\s\S]*observed by \S+ at \S+, TTL 5: 192\.0\.2\.3[\s\S]*192\.0\.2\.0\/24: seen by 3 of 3, agreed/,
    )
  })

  it('in strict mode it is answered in the network that most see, and a name that is new once the others have seen it, too', async () => {
    const peer = cluster.peers[2]!
    const config = JSON.parse(await readFile(peer.configFile, 'utf8'))
    await peer.reload({ ...config, resolver: { ...config.resolver, strict: true } })
    // The others hear that somebody waits, and agree that it is not there.
    await until('an agreement', async () => (await dig(peer, 'missing.short.com')).rcode === Rcode.NXDOMAIN)
    expect(await lookup(peer, 'missing.short.com')).toMatchObject({ provenance: 'agreed' })
    expect(texts((await dig(peer, short)).answers)).toEqual(['A 192.0.2.3'])
    const view = await lookup(peer, short)
    expect(view).toMatchObject({
      provenance: 'divergent',
      findings: [{ networks: [{ network: '192.0.2.0/24', observers: 3 }] }],
    })
    expect(await said('lookup', short, 'A', '--explain', ...nodeOf(peer))).toContain('in 192.0.2.0/24: seen by 3')
  })

  it('a newcomer resolves names of a zone whose parents are all silent, from the delegation that was agreed', async () => {
    await Promise.all(cluster.peers.slice(0, 2).map((peer) => dig(peer, 'www.static.com')))
    await until('an agreed delegation', async () => {
      return (await kept(cluster.peers, 'static.com', 'static.com. delegation')) !== undefined
    })
    await world.stop('a.root')
    await world.stop('ns1.com')
    const newcomer = await cluster.start(PEERS)
    await allKnow(cluster.peers)
    await until('an answer', async () => texts((await dig(newcomer, 'other.static.com')).answers)[0] === 'A 192.0.2.2')
    const view = await lookup(newcomer, 'other.static.com')
    expect(view.answers.join()).toContain('192.0.2.2')
  })
})
