/**
 * Three machines on one local network, each a namespace with an interface on a bridge: one node is given the address of another,
 * one is given nothing and finds them by mDNS.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { limits as chunkLimits } from '../../src/chunks/limits.ts'
import { chunkView, lookupView, statusView } from '../../src/observe/views.ts'
import { parseReady } from '../world/cluster.ts'
import { available, Namespace } from './namespace.ts'
import { CLI, comesTrue, pause, until } from './scenes/asking.ts'

const WORLD = fileURLToPath(new URL('./scenes/world-process.ts', import.meta.url))
const runnable = available('curl', 'dig')
if (!runnable) console.warn('skipped: the test on a local network needs root, ip, curl and dig')

const WORLD_PORT = 20_053
/** Names of one batch: digests are renewed while they are looked up one after the other. */
const LOOKS = 5

interface Peer {
  readonly ns: Namespace
  readonly multiaddr: string
}

describe.skipIf(!runnable)('three machines on a local network', () => {
  const dir = mkdtempSync(join(tmpdir(), 'chordns-lan-'))
  const hosts: Namespace[] = []
  let bridge: Namespace
  let first: Peer
  let byAddress: Peer
  let byMulticast: Peer

  const get = (peer: Peer, path: string): unknown =>
    JSON.parse(peer.ns.run('curl', ['-s', '--max-time', '100', '-H', 'X-Chordns: 1', `http://127.0.0.1:8053${path}`]))
  const membersOf = (peer: Peer) => statusView.parse(get(peer, '/status')).ring?.members.length ?? 0
  const resolve = (peer: Peer, name: string): string =>
    peer.ns.run('dig', ['+short', '+time=40', '+tries=1', '-p', '5300', '@127.0.0.1', name]).trim()

  /** A machine with the address 10.77.0.(index + 1), from which multicast goes out to the bridge. */
  function addHost(index: number): Namespace {
    const host = new Namespace(`lan-${index}`)
    const port = `port${index}`
    execFileSync('ip', [
      'link',
      'add',
      'eth0',
      'netns',
      host.name,
      'type',
      'veth',
      'peer',
      'name',
      port,
      'netns',
      bridge.name,
    ])
    bridge.run('ip', ['link', 'set', port, 'master', 'br0', 'up'])
    host.run('ip', ['addr', 'add', `10.77.0.${index + 1}/24`, 'dev', 'eth0'])
    host.run('ip', ['link', 'set', 'eth0', 'up'])
    host.run('ip', ['route', 'add', '224.0.0.0/4', 'dev', 'eth0'])
    hosts.push(host)
    return host
  }

  /** The same small Internet on each machine: authorities that only it can reach. */
  async function startWorld(ns: Namespace): Promise<string> {
    const world = ns.spawn(process.execPath, [WORLD, String(WORLD_PORT), '6'])
    const lines: string[] = []
    for await (const line of createInterface({ input: world.stdout! })) {
      if (line === 'ready') break
      lines.push(line)
    }
    return `${lines.join('\n')}\n`
  }

  async function startPeer(index: number, ring: object): Promise<Peer> {
    const ns = hosts[index]!
    const data = join(dir, `host-${index}`)
    mkdirSync(data, { mode: 0o700 })
    writeFileSync(join(data, 'root.hints'), await startWorld(ns))
    const file = join(data, 'resolver.config.json')
    const config = {
      listen: { udp: ['127.0.0.1:5300'], tcp: ['127.0.0.1:5300'] },
      iterator: { rootHints: join(data, 'root.hints'), port: WORLD_PORT, queryLoopback: true, ipv6: false },
      dnssec: { validate: false },
      ring: {
        id: 'lan',
        listen: [`/ip4/10.77.0.${index + 1}/tcp/4153`],
        secretFile: join(dir, 'ring.secret'),
        // One of the three keeps no copy, and must be told by the other two.
        replicas: 1,
        mdns: true,
        ...ring,
      },
      chunks: { admitAfter: 1 },
      status: { listen: '127.0.0.1:8053' },
      data,
    }
    writeFileSync(file, JSON.stringify(config))
    const child = ns.spawn(process.execPath, [CLI, 'start', '--config', file])
    let log = ''
    child.stderr!.on('data', (chunk) => {
      log = (log + String(chunk)).slice(-20_000)
    })
    for await (const line of createInterface({ input: child.stdout! })) {
      const ready = parseReady(line)
      if (ready !== undefined) return { ns, multiaddr: ready.multiaddr }
    }
    throw new Error(`host ${index} ended before it was ready:\n${log}`)
  }

  beforeAll(async () => {
    writeFileSync(join(dir, 'ring.secret'), `${'6b'.repeat(32)}\n`, { mode: 0o600 })
    bridge = new Namespace('lan-bridge')
    bridge.run('ip', ['link', 'add', 'br0', 'type', 'bridge', 'mcast_snooping', '0'])
    bridge.run('ip', ['link', 'set', 'br0', 'up'])
    for (let i = 0; i < 3; i++) addHost(i)
    first = await startPeer(0, {})
    const others = [startPeer(1, { bootstrap: [first.multiaddr], mdns: false }), startPeer(2, {})] as const
    ;[byAddress, byMulticast] = await Promise.all(others)
  })

  afterAll(async () => {
    await Promise.all(hosts.map((host) => host.close()))
    await bridge?.close()
    rmSync(dir, { recursive: true, force: true })
  })

  it('are one ring, joined by bootstrap and by mDNS', async () => {
    const peers = [first, byAddress, byMulticast]
    await comesTrue('three members', () => expect(peers.map(membersOf)).toEqual([3, 3, 3]))
  })

  it('each answers what the others agreed on', async () => {
    const peers = [first, byAddress, byMulticast]
    const chunkAt = (peer: Peer, name: string) => chunkView.parse(get(peer, `/chunk?name=${name}`))
    /** Names that the others keep, agreed on by both: LOOKS, or fewer where the ids of this run give the asker a part of nearly every chunk. */
    async function agreedOn(asker: Peer, batch: number): Promise<string[]> {
      const names: string[] = []
      for (let k = 0; k < 400 && names.length < LOOKS; k++) {
        const name = `lan${peers.indexOf(asker)}-${batch}-${k}.zone${k % 6}.org`
        if (chunkAt(asker, name).replicas.every(({ self }) => !self)) names.push(name)
      }
      const others = peers.filter((one) => one !== asker)
      for (const name of names) expect(resolve(others[0]!, name)).toBe('192.0.2.7')
      for (const name of names)
        await until(`${name} at both`, () => others.every((one) => chunkAt(one, name).entries.length > 0))
      return names
    }
    const { DIGEST_REFRESH_MS, DIGEST_PATIENCE_MS, DIGEST_TIMEOUT_MS } = chunkLimits
    const seen: string[] = []
    let looked = 0
    // A digest from before the agreement says that there is nothing to ask for, until it is renewed: soon in a node that is in use and has
    // time for it. What was fetched without the ring is known then: another look needs another name.
    let left = peers
    for (let batch = 0; batch < 5 && left.length > 0; batch++) {
      const names = new Map<Peer, readonly string[]>()
      for (const asker of left) names.set(asker, await agreedOn(asker, batch))
      left = left.filter((asker) => names.get(asker)!.length > 0)
      looked += left.length
      for (let look = 0; look < LOOKS && left.length > 0; look++) {
        for (const peer of left) expect(resolve(peer, `lan${batch}-${look}.zone0.org`)).toBe('192.0.2.7')
        await pause((DIGEST_REFRESH_MS + DIGEST_PATIENCE_MS + DIGEST_TIMEOUT_MS) / 3)
        left = left.filter((asker) => {
          const name = names.get(asker)![look]
          if (name === undefined) return true
          const view = lookupView.parse(get(asker, `/lookup?name=${name}&type=A`))
          seen.push(`${name}: ${view.provenance}`)
          expect(view.rcode).toBe('NOERROR')
          return view.provenance !== 'agreed' || view.findings[0]!.observers?.length !== 2
        })
      }
    }
    expect(left, seen.join('; ')).toEqual([])
    expect(looked).toBeGreaterThan(0)
  })
})
