/** `chordns chunks seed` on one of five peers in five processes: what it asked for, the ring has when no authority answers. */
import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { lookupView } from '../../src/observe/views.ts'
import { type Cluster, type PeerProcess, startCluster } from '../world/cluster.ts'
import { demoWorld, type World } from '../world/index.ts'
import { allKnow, CLI, chunkOf, nodeOf, peerId, until } from './scenes/asking.ts'

const NAMES = ['www.example.com', 'www.example.org', 'chain.example.com']

function chordns(...args: string[]): Promise<{ code: number; out: string; error: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [CLI, ...args], (error, out, text) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, error: text }),
    )
  })
}
const json = async (peer: PeerProcess, ...args: string[]) =>
  JSON.parse((await chordns(...args, '--json', ...nodeOf(peer))).out)

describe('chordns chunks seed', () => {
  const dir = mkdtempSync(join(tmpdir(), 'chordns-seed-'))
  const file = join(dir, 'names.txt')
  let world: World
  let cluster: Cluster

  beforeAll(async () => {
    world = await demoWorld()
    cluster = await startCluster({
      peers: 5,
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
    rmSync(dir, { recursive: true, force: true })
  })

  it('asks nothing when a line is wrong, and names the line', async () => {
    writeFileSync(file, 'www.example.com\nwww.example.org BANANA\n')
    const { code, error } = await chordns('chunks', 'seed', file, ...nodeOf(cluster.peers[0]!))
    expect([code, error]).toEqual([2, expect.stringContaining(`${file} line 2: unknown record type "BANANA"`)])
  })

  it('stops in order, and says with which line to go on', async () => {
    writeFileSync(file, `${NAMES[0]} A\n`.repeat(200))
    const args = [CLI, 'chunks', 'seed', file, '--rate', '5', ...nodeOf(cluster.peers[0]!)]
    const child = spawn(process.execPath, args)
    let text = ''
    child.stdout.on('data', (data) => (text += String(data)))
    child.stderr.on('data', (data) => (text += String(data)))
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
    await until(
      'a first question',
      () => world.queries(({ name }) => name.toLowerCase().startsWith(NAMES[0]!)).length > 0,
    )
    child.kill('SIGINT')
    expect(await ended).toBe(1)
    expect(text).toMatch(/of 200 questions/)
    expect(text).toMatch(/go on with --from \d+/)
  })

  it('shares what it looked up: the ring answers when all authorities are gone', async () => {
    writeFileSync(file, `# what we use\n${NAMES.map((name) => `${name} A`).join('\n')}\n`)
    const result = await json(cluster.peers[0]!, 'chunks', 'seed', file, '--rate', '2')
    expect(result).toMatchObject({ questions: 3, done: 3, failed: 0, goOnWith: null })
    for (const name of NAMES.slice(0, 2))
      await until(`${name} on all replicas`, async () => {
        const views = await Promise.all(cluster.peers.map((peer) => chunkOf(peer, name)))
        return views.filter(({ entries }) => entries.length > 0).length >= 3
      })
    await world.stopAll()
    for (const name of NAMES.slice(0, 2)) {
      const { replicas } = await chunkOf(cluster.peers[0]!, name)
      const ids = replicas.map(({ peer }) => peer)
      // Neither the one that seeded nor a replica: it has never seen the name.
      const asker = cluster.peers.slice(1).find((peer) => !ids.includes(peerId(peer)))!
      // Whoever asks a machine that is too busy asks again.
      const { provenance } = await until(`an answer for ${name}`, async () => {
        const view = lookupView.parse(await json(asker, 'lookup', name))
        return view.rcode === 'NOERROR' && view
      })
      expect(provenance).toBe('agreed')
    }
  })
})
