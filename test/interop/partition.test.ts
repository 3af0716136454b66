/**
 * The network between two halves of a ring is cut for a minute, and healed: packets vanish, nobody is told. Each half lives in
 * a namespace of its own, the link between them is a pair of interfaces that is taken down.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ChunkView, chunkView, type StatusView, statusView } from '../../src/observe/views.ts'
import { parseReady } from '../world/cluster.ts'
import { available, Namespace } from './namespace.ts'
import { CLI, comesTrue, pause } from './scenes/asking.ts'

const WORLD = fileURLToPath(new URL('./scenes/world-process.ts', import.meta.url))
const runnable = available('curl', 'dig')
if (!runnable) console.warn('skipped: the partition test needs root, ip, curl and dig')

const HALF = 3
const ZONES = 12
const WORLD_PORT = 20_053
const CUT_MS = 60_000

interface Peer {
  readonly ns: Namespace
  readonly index: number
  readonly port: number
  readonly statusPort: number
  readonly multiaddr: string
}

describe.skipIf(!runnable)('a ring whose network is cut in two for a minute', () => {
  const dir = mkdtempSync(join(tmpdir(), 'chordns-cut-'))
  const halves: Namespace[] = []
  const peers: Peer[] = []
  let hints = ''

  const get = (peer: Peer, path: string): unknown =>
    JSON.parse(peer.ns.run('curl', ['-s', '--max-time', '100', `http://127.0.0.1:${peer.statusPort}${path}`]))
  const statusOf = (peer: Peer): StatusView => statusView.parse(get(peer, '/status'))
  const chunkOf = (peer: Peer, name: string): ChunkView => chunkView.parse(get(peer, `/chunk?name=${name}`))
  const resolve = (peer: Peer, name: string): string =>
    peer.ns.run('dig', ['+short', '+time=40', '+tries=1', '-p', String(peer.port), '@127.0.0.1', name]).trim()

  async function startWorld(ns: Namespace): Promise<void> {
    const world = ns.spawn(process.execPath, [WORLD, String(WORLD_PORT), String(ZONES)])
    const lines: string[] = []
    for await (const line of createInterface({ input: world.stdout! })) {
      if (line === 'ready') break
      lines.push(line)
    }
    hints = `${lines.join('\n')}\n`
  }

  async function startPeer(ns: Namespace, index: number, address: string): Promise<Peer> {
    const data = join(dir, `peer-${index}`)
    mkdirSync(data, { mode: 0o700 })
    const listen = `127.0.0.1:${5_300 + index}`
    const file = join(data, 'resolver.config.json')
    const config = {
      listen: { udp: [listen], tcp: [listen] },
      iterator: { rootHints: join(dir, 'root.hints'), port: WORLD_PORT, queryLoopback: true, ipv6: false },
      dnssec: { validate: false },
      ring: {
        id: 'cut',
        listen: [`/ip4/${address}/tcp/4153`],
        bootstrap: peers.map((peer) => peer.multiaddr),
        secretFile: join(dir, 'ring.secret'),
        replicas: 2,
      },
      chunks: { admitAfter: 1 },
      status: { listen: `127.0.0.1:${8_053 + index}` },
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
      if (ready !== undefined) return { ns, index, ...ready }
    }
    throw new Error(`peer ${index} ended before it was ready:\n${log}`)
  }

  beforeAll(async () => {
    writeFileSync(join(dir, 'ring.secret'), `${'5a'.repeat(32)}\n`, { mode: 0o600 })
    const [left, right] = [new Namespace('cut-a'), new Namespace('cut-b')]
    halves.push(left, right)
    execFileSync('ip', [
      'link',
      'add',
      'cut0',
      'netns',
      left.name,
      'type',
      'veth',
      'peer',
      'name',
      'cut0',
      'netns',
      right.name,
    ])
    for (const [half, ns] of halves.entries()) {
      for (let i = 0; i < HALF; i++) ns.run('ip', ['addr', 'add', `10.77.0.${1 + half * 100 + i}/24`, 'dev', 'cut0'])
      ns.run('ip', ['link', 'set', 'cut0', 'up'])
      await startWorld(ns)
    }
    writeFileSync(join(dir, 'root.hints'), hints)
    const start = (i: number) => startPeer(halves[i % 2]!, i, `10.77.0.${1 + (i % 2) * 100 + Math.floor(i / 2)}`)
    peers.push(await start(0))
    peers.push(...(await Promise.all(Array.from({ length: 2 * HALF - 1 }, (_, i) => start(i + 1)))))
    await settled('a ring of all')
  })
  afterAll(async () => {
    await Promise.all(halves.map((ns) => ns.close()))
    rmSync(dir, { recursive: true, force: true })
  })

  /** One ordered ring: all tables are equal, each successor list is exact, each predecessor is right. */
  function ringFault(): string | undefined {
    const views = peers.map(statusOf)
    const ids = views.map((view) => idOf(view)).sort()
    for (const view of views) {
      const ring = view.ring!
      const table = ring.members.filter((one) => one.status === 'alive').map((one) => one.id)
      if ([...table].sort().join() !== ids.join()) return `${idOf(view)} knows ${table.length} of ${ids.length}`
      const at = ids.indexOf(idOf(view))
      const after = [...ids.slice(at + 1), ...ids.slice(0, at)]
      if (ring.successors.join() !== after.join()) return `${idOf(view)}: successors ${ring.successors.join(' ')}`
      if (ring.predecessor !== after.at(-1)) return `${idOf(view)}: predecessor ${ring.predecessor}`
      if (ring.n !== 3) return `${idOf(view)}: n = ${ring.n}`
    }
    return undefined
  }

  async function settled(what: string): Promise<number> {
    const begun = performance.now()
    await comesTrue(what, () => expect(ringFault()).toBeUndefined())
    return performance.now() - begun
  }

  it('answers on both sides meanwhile, and is one ring with all its entries afterwards', async () => {
    const names = Array.from({ length: ZONES }, (_, i) => `before.zone${i}.org`)
    for (const [i, name] of names.entries()) expect(resolve(peers[i % peers.length]!, name)).toBe('192.0.2.7')
    const replicasOf = (name: string) => {
      const ids = new Set(chunkOf(peers[0]!, name).replicas.map((one) => one.id))
      return peers.filter((peer) => ids.has(idOf(statusOf(peer))))
    }
    const keepers = new Map(names.map((name) => [name, replicasOf(name)]))
    const agreed = () =>
      names.filter((name) => keepers.get(name)!.every((peer) => chunkOf(peer, name).entries.length > 0))
    await comesTrue('all names agreed', () => expect(agreed()).toEqual(names))

    halves[0]!.run('ip', ['link', 'set', 'cut0', 'down'])
    const cutAt = performance.now()
    let asked = 0
    while (performance.now() - cutAt < CUT_MS) {
      for (const peer of peers) {
        expect(resolve(peer, `during${asked}.zone${asked % ZONES}.org`), `peer ${peer.index} in the cut`).toBe(
          '192.0.2.7',
        )
        expect(resolve(peer, names[asked % names.length]!)).toBe('192.0.2.7')
        asked++
      }
      await pause(1_500)
    }
    // Both halves have noticed.
    const alive = () => peers.map((peer) => statusOf(peer).ring!.members.filter((one) => one.status === 'alive').length)
    await comesTrue('halves that know of themselves only', () => expect(alive()).toEqual(peers.map(() => HALF)))
    halves[0]!.run('ip', ['link', 'set', 'cut0', 'up'])
    const tookMs = await settled('one ring after the cut')
    console.log(
      `one ring ${(tookMs / 1_000).toFixed(1)} s after the link was up again; ${2 * asked} questions during the cut`,
    )

    const missing = () =>
      names.flatMap((name) =>
        keepers
          .get(name)!
          .flatMap((peer) => (chunkOf(peer, name).entries.length === 0 ? [`${name} at peer ${peer.index}`] : [])),
      )
    await comesTrue('all entries with their replicas', () => expect(missing()).toEqual([]))
    for (const peer of peers) expect(resolve(peer, 'after.zone0.org')).toBe('192.0.2.7')
  })
})

function idOf(view: StatusView): string {
  return view.ring!.id
}
