/** Five peers in five processes, in front of the embedded world: what a user of the demo sees. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Rcode, typeToText } from '../../src/dns/index.ts'
import { lookupView, statusView } from '../../src/observe/views.ts'
import { type Cluster, type PeerProcess, startCluster } from '../world/cluster.ts'
import { ask, demoWorld, texts, type World } from '../world/index.ts'
import { allKnow, chunkOf, comesTrue, lookup, nodeOf, peerId, saidJson, statusOf, until } from './scenes/asking.ts'

const PEERS = 5

/** Waits until one of the replicas holds a certificate, and says which peers are replicas. */
async function certified(peers: readonly PeerProcess[], name: string): Promise<ReadonlySet<string>> {
  const { replicas } = await chunkOf(peers[0]!, name)
  const ids = new Set(replicas.map((one) => one.peer))
  await until(`a certificate for ${name}`, async () => {
    const views = await Promise.all(peers.filter((peer) => ids.has(peerId(peer))).map((peer) => chunkOf(peer, name)))
    return views.length > 0 && views.every((view) => view.entries.length > 0)
  })
  return ids
}

describe('five peers in five processes', () => {
  let world: World
  let cluster: Cluster

  beforeAll(async () => {
    world = await demoWorld()
    cluster = await startCluster({
      peers: PEERS,
      hints: world.hintsText(),
      authorityPort: world.port,
      replicas: 2,
      admitAfter: 1,
      // A restarted peer is a newcomer here.
      config: { cache: { persist: false } },
    })
    await allKnow(cluster.peers)
  })
  let areAway = false
  // Whatever has become of the test that took them away.
  afterEach(async () => {
    if (areAway) await world.restartAll()
    areAway = false
  })
  afterAll(async () => {
    await cluster?.stop()
    await world?.stopAll()
  })

  it('each answer A, NXDOMAIN with SOA, a CNAME chain, a 4 KB TXT by TCP, an HTTPS record and TYPE65280', async () => {
    for (const { address, port } of cluster.peers) {
      const a = await ask({ address, port }, { name: 'www.example.com' })
      expect(texts(a.answers)).toEqual(['A 192.0.2.81'])
      expect(a.ad).toBe(false)

      const missing = await ask({ address, port }, { name: 'missing.example.com' })
      expect(missing.rcode).toBe(Rcode.NXDOMAIN)
      expect(missing.authorities.map((one) => typeToText(one.type))).toEqual(['SOA'])

      const chain = await ask({ address, port }, { name: 'chain.example.com' })
      expect(texts(chain.answers)).toEqual(['CNAME link.example.net.', 'CNAME end.example.org.', 'A 203.0.113.82'])

      const short = await ask({ address, port }, { name: 'big.example.com', type: 'TXT' })
      expect([short.tc, short.answers.length]).toEqual([true, 0])
      const big = await ask({ address, port, protocol: 'tcp' }, { name: 'big.example.com', type: 'TXT' })
      expect(big.answers[0]!.rdata.length).toBeGreaterThan(4000)

      const https = await ask({ address, port }, { name: 'https.example.com', type: 'HTTPS' })
      expect(https.answers.map((one) => typeToText(one.type))).toEqual(['HTTPS'])

      const future = await ask({ address, port }, { name: 'future.example.com', type: 'TYPE65280' })
      expect([...future.answers[0]!.rdata]).toEqual([0xde, 0xad, 0xbe, 0xef])
    }
  })

  it('a peer that is no replica answers from the ring, as agreed, when all authorities are gone', async () => {
    const name = 'www.example.org'
    await lookup(cluster.peers[0]!, name)
    const replicas = await certified(cluster.peers, name)
    // A newcomer has an empty cache; its place on the ring decides whether it becomes a replica, so several may be needed.
    const old = cluster.peers.find((peer) => !replicas.has(peerId(peer)) && peer.index !== 0)!
    expect((await statusOf(old)).cache['entries']).toBeDefined()
    await old.stop('SIGTERM')
    areAway = true
    await world.stopAll()
    const asker = await cluster.start(old.index)
    await allKnow(cluster.peers)
    expect(statusView.parse(await saidJson('status', ...nodeOf(asker))).cache['entries']).toBe(0)

    const view = await until('an answer of the ring', async () => {
      // Nobody else can answer: whoever asks a machine that is too busy asks again.
      const seen = lookupView.parse(await saidJson('lookup', name, 'A', ...nodeOf(asker)))
      return seen.rcode === 'NOERROR' && seen
    })
    expect(view.answers.join('\n')).toContain('203.0.113.81')
    expect(view.provenance).toBe('agreed')
    const observers = view.findings[0]!.observations.map((one) => one.observer)
    expect(observers.length).toBeGreaterThanOrEqual(2)
    for (const observer of observers) expect(replicas).toContain(observer)
    expect(replicas).not.toContain(peerId(asker))
    expect(view.steps.some((step) => step.kind === 'ring' && step.text === 'agreed')).toBe(true)
  })

  it('after SIGKILL of a peer every name still resolves, the ring closes, and certificates still count', async () => {
    const name = 'www.example.net'
    await lookup(cluster.peers[0]!, name)
    const replicas = await certified(cluster.peers, name)
    const victim = cluster.peers.find((peer) => replicas.has(peerId(peer)) && peer.index !== 0)!
    const survivors = cluster.peers.filter((peer) => peer !== victim)
    await victim.stop('SIGKILL')

    // The authorities have just come back: who missed them does not ask again for seconds (RFC 9520), and a stub asks once more.
    for (const peer of survivors)
      for (const [question, type] of [
        ['www.example.net', 'A'],
        ['mail.example.com', 'A'],
        ['x.wild.example.com', 'A'],
        ['www.a.b.c.d.example.info', 'A'],
        ['www.thirteen.org', 'A'],
      ] as const)
        await comesTrue(`${question} at peer ${peer.index}`, async () => {
          const { rcode, steps } = await lookup(peer, question, type)
          expect(rcode, JSON.stringify(steps.slice(-12))).toBe('NOERROR')
        })

    await until('the ring closes', async () => {
      const views = await Promise.all(survivors.map(statusOf))
      return views.every(({ ring }) => ring !== null && !ring.successors.includes(ringIdOf(ring, peerId(victim))))
    })
    const asker = survivors.find((peer) => !replicas.has(peerId(peer)) && peer.index !== 0)
    if (asker !== undefined) {
      const read = await lookup(asker, name)
      expect(['agreed', 'solo']).toContain(read.provenance)
    }
    const views = await Promise.all(
      survivors.filter((peer) => replicas.has(peerId(peer))).map((peer) => chunkOf(peer, name)),
    )
    for (const view of views) expect(view.entries[0]?.observers.length).toBeGreaterThanOrEqual(2)
  })
})

function ringIdOf(
  ring: { readonly members: readonly { readonly id: string; readonly peer: string }[] },
  peer: string,
): string {
  return ring.members.find((member) => member.peer === peer)?.id ?? 'unknown'
}
