/** A signed answer that five real members were told: a sixth that joins has it, it survives a restart of all, its chain shows it. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chunkView, lookupView, statusView } from '../../src/observe/views.ts'
import { type Cluster, type PeerProcess, startCluster } from '../world/cluster.ts'
import { createWorld, demoSpec, signWorld, type World } from '../world/index.ts'

const run = promisify(execFile)
const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url))
const NAME = 'www.example.com'

async function chordns(...args: string[]): Promise<unknown> {
  return JSON.parse((await run(process.execPath, [CLI, ...args, '--json'])).stdout)
}
const node = (peer: PeerProcess) => ['--node', `127.0.0.1:${peer.statusPort}`]
const statusOf = async (peer: PeerProcess) => statusView.parse(await chordns('status', ...node(peer)))

/** What the peer holds of the name, if it is signed; and the block that recorded it. */
async function signedAt(peer: PeerProcess) {
  const view = chunkView.parse(await chordns('chunk', NAME, ...node(peer)))
  const entry = view.entries.find((one) => one.class === 'signed')
  return entry && { records: entry.records.filter((one) => !one.includes('RRSIG')), block: entry.block }
}

async function until<T>(what: string, look: () => Promise<T | undefined | false>, timeoutMs = 60_000): Promise<T> {
  const end = Date.now() + timeoutMs
  for (;;) {
    const found = await look()
    if (found !== undefined && found !== false) return found
    if (Date.now() > end) throw new Error(`not in time: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 300))
  }
}

async function allKnow(peers: readonly PeerProcess[]): Promise<void> {
  await until('all members known to all', async () => {
    const views = await Promise.all(peers.map(statusOf))
    return views.every((view) => view.ring?.joined === true && view.ring.members.length === peers.length)
  })
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
  }, 120_000)
  afterAll(async () => {
    await cluster?.stop()
    await world?.stopAll()
  })

  it('is in their chain, is had by a sixth that joins, and survives a restart of all', async () => {
    const [first] = cluster.peers
    const asked = lookupView.parse(await chordns('lookup', NAME, 'A', ...node(first!)))
    expect(asked.security).toBe('secure')
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
    const verified = await chordns('chain', 'verify', ...node(cluster.peers[0]!))
    expect(verified).toMatchObject({ state: 'done', faults: [] })
    await world.restartAll()
  }, 240_000)
})
