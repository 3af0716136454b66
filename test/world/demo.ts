/**
 * `npm run demo`: the embedded world and five peers in separate processes. Prints a dig line for each peer and one
 * explained look-up that another peer answers from the ring. Ctrl-C ends everything.
 */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Command } from 'commander'
import { startCluster } from './cluster.ts'
import { demoSpec } from './demo-world.ts'
import { signWorld } from './sign.ts'
import { createWorld } from './world.ts'

const run = promisify(execFile)
const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url))
const PEERS = 5
const BASE_PORT = 5301

new Command('demo')
  .description(
    `start an embedded Internet and ${PEERS} peers in front of it, and explain a look-up that a peer answers from the ring; Ctrl-C ends all`,
  )
  .parse()

const say = (text: string) => process.stdout.write(`${text}\n`)

const signed = signWorld(demoSpec(), { '.': {}, 'com.': {}, 'net.': {}, 'org.': { nsec3: {} }, 'example.com.': {} })
const world = await createWorld(signed.spec)
say(`The world: root, TLDs and zones on loopback addresses, port ${world.port}.`)
say(`Starting ${PEERS} peers ...`)
const cluster = await startCluster({
  peers: PEERS,
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
  // Not signed: what the ring agrees on is the best that can be known of it.
  const name = 'www.example.org'
  const node = (index: number) => `127.0.0.1:${cluster.peers[index]!.statusPort}`
  await waitForMembers()
  // Whoever resolves it first tells the replicas; a peer that is no replica then asks them.
  await chordns('lookup', name, '--node', node(0))
  const view = JSON.parse(await chordns('chunk', name, '--json', '--node', node(0))) as { replicas: { peer: string }[] }
  const replicas = new Set(view.replicas.map((one) => one.peer))
  const asker = cluster.peers.findIndex((peer, i) => i > 0 && !replicas.has(peer.multiaddr.split('/p2p/')[1] ?? ''))
  await waitForEntry(
    name,
    cluster.peers.findIndex((peer) => replicas.has(peer.multiaddr.split('/p2p/')[1] ?? '')),
  )
  say(`\nchordns lookup ${name} --explain --node ${node(asker)}\n`)
  say(await chordns('lookup', name, '--explain', '--node', node(asker)))
  say('Try it (Ctrl-C ends everything):')
  for (const peer of cluster.peers) say(`  dig @${peer.address} -p ${peer.port} ${name}`)
  say(`  dig @127.0.0.1 -p ${BASE_PORT} www.example.com +adflag  # signed: AD is set`)
  say(`  dig @127.0.0.1 -p ${BASE_PORT} big.example.com TXT      # 4 KB: by TCP`)
  say(`  dig @127.0.0.1 -p ${BASE_PORT} missing.example.com      # NXDOMAIN with SOA`)
} catch (error) {
  say(`The demo failed: ${error instanceof Error ? error.message : String(error)}`)
  for (const peer of cluster.peers) say(peer.log())
  await stop(1)
}

async function chordns(...args: string[]): Promise<string> {
  return (await run(process.execPath, [CLI, ...args])).stdout
}

/** Every peer knows every other. */
async function waitForMembers(): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const counts = await Promise.all(
      cluster.peers.map(async (peer) => {
        const ring = JSON.parse(await chordns('ring', '--json', '--node', `127.0.0.1:${peer.statusPort}`)) as {
          members: unknown[]
        }
        return ring.members.length
      }),
    )
    if (counts.every((count) => count === PEERS)) return
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  throw new Error('the peers did not find each other')
}

async function waitForEntry(name: string, replica: number): Promise<void> {
  for (let tries = 0; tries < 50; tries++) {
    const text = await chordns('chunk', name, '--json', '--node', `127.0.0.1:${cluster.peers[replica]!.statusPort}`)
    if ((JSON.parse(text) as { entries: unknown[] }).entries.length > 0) return
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  throw new Error(`no certificate for ${name} came about`)
}
