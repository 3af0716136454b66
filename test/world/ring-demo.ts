/** The demo of the ring: prints a dig line for each of five peers and one explained look-up that another peer answers from the ring. Ctrl-C ends everything. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Cluster, startCluster } from './cluster.ts'
import { demoSpec } from './demo-world.ts'
import { signWorld } from './sign.ts'
import { createWorld } from './world.ts'

const run = promisify(execFile)
const CLI = fileURLToPath(new URL('../../bin/sources.mjs', import.meta.url))
export const RING_PEERS = 5
const BASE_PORT = 5301

/** Ends the process when it is told to, or with 1 when something went wrong. */
export async function runRingDemo(say: (text: string) => void): Promise<void> {
  const signed = signWorld(demoSpec(), { '.': {}, 'com.': {}, 'net.': {}, 'org.': { nsec3: {} }, 'example.com.': {} })
  const world = await createWorld(signed.spec)
  say(`The world: root, TLDs and zones on loopback addresses, port ${world.port}.`)
  say(`Starting ${RING_PEERS} peers ...`)
  const cluster = await startCluster({
    peers: RING_PEERS,
    hints: world.hintsText(),
    authorityPort: world.port,
    anchors: signed.anchorText,
    replicas: 2,
    admitAfter: 1,
    basePort: BASE_PORT,
  })
  let stopping = false
  const stop = async (code: number) => {
    if (stopping) return
    stopping = true
    say('Stopping ...')
    await cluster.stop()
    await world.stopAll()
    process.exit(code)
  }
  process.once('SIGINT', () => void stop(0))
  process.once('SIGTERM', () => void stop(0))
  try {
    await explainOne(cluster, say)
  } catch (error) {
    say(`The demo failed: ${error instanceof Error ? error.message : String(error)}`)
    for (const peer of cluster.peers) say(peer.log())
    await stop(1)
  }
}

async function explainOne(cluster: Cluster, say: (text: string) => void): Promise<void> {
  // Not signed: what the ring agrees on is the best that can be known of it.
  const name = 'www.example.org'
  const node = (index: number) => `127.0.0.1:${cluster.peers[index]!.statusPort}`
  await waitForMembers(cluster)
  // Whoever resolves it first tells the replicas; a peer that is no replica then asks them.
  await chordns('lookup', name, '--node', node(0))
  const view = JSON.parse(await chordns('chunk', name, '--json', '--node', node(0))) as { replicas: { peer: string }[] }
  const replicas = new Set(view.replicas.map((one) => one.peer))
  const idOf = (multiaddr: string) => multiaddr.split('/p2p/')[1] ?? ''
  const asker = cluster.peers.findIndex((peer, i) => i > 0 && !replicas.has(idOf(peer.multiaddr)))
  const replica = cluster.peers.findIndex((peer) => replicas.has(idOf(peer.multiaddr)))
  await waitForEntry(name, node(replica))
  say(`\nchordns lookup ${name} --explain --node ${node(asker)}\n`)
  say(await chordns('lookup', name, '--explain', '--node', node(asker)))
  say('Try it (Ctrl-C ends everything):')
  for (const peer of cluster.peers) say(`  dig @${peer.address} -p ${peer.port} ${name}`)
  say(`  dig @127.0.0.1 -p ${BASE_PORT} www.example.com +adflag  # signed: AD is set`)
  say(`  dig @127.0.0.1 -p ${BASE_PORT} big.example.com TXT      # 4 KB: by TCP`)
  say(`  dig @127.0.0.1 -p ${BASE_PORT} missing.example.com      # NXDOMAIN with SOA`)
}

async function chordns(...args: string[]): Promise<string> {
  return (await run(process.execPath, [CLI, ...args])).stdout
}

/** Every peer knows every other. */
async function waitForMembers({ peers }: Cluster): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const counts = await Promise.all(
      peers.map(async (peer) => {
        const ring = JSON.parse(await chordns('ring', '--json', '--node', `127.0.0.1:${peer.statusPort}`)) as {
          members: unknown[]
        }
        return ring.members.length
      }),
    )
    if (counts.every((count) => count === RING_PEERS)) return
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  throw new Error('the peers did not find each other')
}

async function waitForEntry(name: string, node: string): Promise<void> {
  for (let tries = 0; tries < 50; tries++) {
    const text = await chordns('chunk', name, '--json', '--node', node)
    if ((JSON.parse(text) as { entries: unknown[] }).entries.length > 0) return
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  throw new Error(`no certificate for ${name} came about`)
}
