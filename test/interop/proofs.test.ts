/** Validating peers in front of a signed root and TLD: what one of them has checked, a cold one can check without any authority. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chunkView, lookupView, statusView } from '../../src/observe/views.ts'
import { type Cluster, type PeerProcess, startCluster } from '../world/cluster.ts'
import { createWorld, demoSpec, signWorld, type World } from '../world/index.ts'

const run = promisify(execFile)
const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url))
const PEERS = 5

async function chordns(...args: string[]): Promise<unknown> {
  return JSON.parse((await run(process.execPath, [CLI, ...args, '--json'])).stdout)
}
const node = (peer: PeerProcess) => ['--node', `127.0.0.1:${peer.statusPort}`]
const statusOf = async (peer: PeerProcess) => statusView.parse(await chordns('status', ...node(peer)))
const lookup = async (peer: PeerProcess, name: string) =>
  lookupView.parse(await chordns('lookup', name, 'A', ...node(peer)))
const chunkOf = async (peer: PeerProcess, name: string) => chunkView.parse(await chordns('chunk', name, ...node(peer)))
const peerId = (peer: PeerProcess) => peer.multiaddr.split('/p2p/')[1]!

async function until(what: string, condition: () => Promise<boolean>, timeoutMs = 20_000): Promise<void> {
  const end = Date.now() + timeoutMs
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`not in time: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}

async function allKnow(peers: readonly PeerProcess[]): Promise<void> {
  await until('all members known to all', async () => {
    const views = await Promise.all(peers.map(statusOf))
    return views.every((view) => view.ring?.joined === true && view.ring.members.length === PEERS)
  })
}

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
    await world.stopAll()
    const first = await lookup(await cold(keepers), unsigned)
    expect([first.rcode, first.provenance, first.security]).toEqual(['NOERROR', 'agreed', 'insecure'])
    expect(first.answers.join('\n')).toContain('203.0.113.81')

    const second = await lookup(await cold(provers), secure)
    expect([second.rcode, second.security]).toEqual(['NOERROR', 'secure'])
    expect(second.answers.join('\n')).toContain('192.0.2.81')
    expect(second.steps.some((step) => step.kind === 'ring' && step.text === 'secure')).toBe(true)
    await world.restartAll()
  }, 180_000)
})
