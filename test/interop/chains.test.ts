/** The chains of the chunks in real processes: killed, damaged, and checked. */
import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ChunkView, verifyView } from '../../src/observe/views.ts'
import { type Cluster, startCluster } from '../world/cluster.ts'
import { ask, simpleWorld, type World } from '../world/index.ts'
import { CLI, chunkOf as show, until } from './scenes/asking.ts'
import { runChainKills } from './scenes/chains.ts'

describe('the chains of chunks whose replicas are all killed at once', () => {
  it('open again, hold from their starts, are one history, and show no two votes in one place', async () => {
    const lines: string[] = []
    const result = await runChainKills({ kills: 5, seed: 1, say: (line) => lines.push(line) })
    expect(result.faults, lines.join('\n')).toEqual([])
    expect(result.contradictions).toEqual([])
    expect(result.evidence).toBe(0)
    expect(result.kills).toBe(5)
    expect(result.wentOn, lines.join('\n')).toBe(5)
    expect(result.transactions).toBeGreaterThan(20)
  })
})

const run = promisify(execFile)

/** Exit code and output of `chordns`. */
async function chordns(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  try {
    return { code: 0, ...(await run(process.execPath, [CLI, ...args])) }
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string }
    return { code, stdout, stderr }
  }
}

/** All that is in the file, as it stands there. */
function rowsOf(file: string): { readonly key: Buffer; readonly value: Buffer }[] {
  const database = new DatabaseSync(file, { readOnly: true })
  const rows = database.prepare('SELECT key, value FROM pairs').all()
  database.close()
  return rows.map(({ key, value }) => ({
    key: Buffer.from(key as Uint8Array),
    value: Buffer.from(value as Uint8Array),
  }))
}

describe('a ring of three real peers', () => {
  let world: World
  let cluster: Cluster

  beforeAll(async () => {
    world = await simpleWorld({ 'org.': '', 'zone.org.': '* 600 A 192.0.2.7' })
    cluster = await startCluster({
      peers: 3,
      hints: world.hintsText(),
      authorityPort: world.port,
      replicas: 2,
      admitAfter: 1,
      config: { ring: { chunkBits: 2 } },
    })
  })
  afterAll(async () => {
    await cluster?.stop()
    await world?.stopAll()
  })

  it('shows in which block an entry stands, who made it, and who saw it', async () => {
    // More than are waited for: a round that failed is tried again when somebody asks, and by then all three have the answer.
    const names = Array.from({ length: 18 }, (_, i) => `n${i}.zone.org`)
    const isRecorded = ({ entries: [entry] }: ChunkView) => entry !== undefined && entry.block !== null
    const recorded = await until('twelve names in blocks, at all three', async () => {
      for (const { address, port } of cluster.peers) for (const name of names) await ask({ address, port }, { name })
      const views = await Promise.all(names.map((name) => Promise.all(cluster.peers.map((peer) => show(peer, name)))))
      const found = names.filter((_, i) => views[i]!.every(isRecorded))
      if (found.length < 12) throw new Error(`recorded: ${found.join(' ') || 'nothing'}`)
      return found
    })
    const [first, second] = await Promise.all(cluster.peers.map((peer) => show(peer, recorded[0]!)))
    const [entry] = first!.entries
    expect(entry!.class).toBe('agreed')
    expect(entry!.observers.length).toBeGreaterThanOrEqual(2)
    expect(entry!.block!.chain).toBe(first!.chain!.chain)
    expect(second!.entries[0]!.block).toEqual(entry!.block)
    const [block] = first!.chain!.blocks
    expect(first!.replicas.map(({ peer }) => peer)).toContain(block!.proposer)
    expect(block!.transactions.length).toBeGreaterThan(0)
    const text = (await chordns('chunk', recorded[0]!, '--node', `127.0.0.1:${cluster.peers[0]!.statusPort}`)).stdout
    expect(text).toContain(`chain ${entry!.block!.chain}`)
    expect(text).toContain('observed by')
  })

  it('checks itself while it runs, asked by address or by its data directory', async () => {
    const [peer] = cluster.peers
    for (const where of [
      ['--node', `127.0.0.1:${peer!.statusPort}`],
      ['--config', peer!.configFile],
    ]) {
      // The configuration names port 0 for the status address.
      if (where[0] === '--config') where.push('--set', `status.listen=127.0.0.1:${peer!.statusPort}`)
      const { code, stdout, stderr } = await chordns('chain', 'verify', '--json', ...where)
      expect(code, stderr).toBe(0)
      const view = verifyView.parse(JSON.parse(stdout))
      expect(view.faults).toEqual([])
      expect(view.chains.checked).toBe(view.chains.total)
      expect(view.transactions).toBeGreaterThanOrEqual(12)
    }
  })

  it('finds a byte that has changed on the disk of a stopped peer, and says where', async () => {
    const peer = cluster.peers[2]!
    // Without this peer the others are another group, with another chain.
    const { chain } = await show(peer, 'n0.zone.org')
    const chainId = Buffer.from(chain!.chain!, 'hex')
    await peer.stop('SIGTERM')
    const sound = await chordns('chain', 'verify', '--config', peer.configFile)
    expect(sound.stdout).toContain('every block, certificate, state root and transaction holds')
    expect(sound.code).toBe(0)
    const file = join(dirname(peer.configFile), 'data.db')
    const bytes = readFileSync(file)
    const rows = rowsOf(file).filter(({ key }) => key.indexOf(chainId) !== -1)
    // The chain itself, and a block: on a slow machine all that was agreed stands in one.
    expect(rows.length).toBeGreaterThanOrEqual(2)
    for (const { value } of rows) {
      const damaged = Buffer.from(bytes)
      const part = value.subarray(8, Math.min(value.length, 60))
      // SQLite leaves copies behind where a row has moved.
      for (let at = damaged.indexOf(part); at !== -1; at = damaged.indexOf(part, at)) damaged[at + 7]! ^= 4
      writeFileSync(file, damaged)
      const { code, stderr } = await chordns('chain', 'verify', '--config', peer.configFile)
      expect(code).toBe(1)
      expect(stderr).toMatch(/the stored chains do not hold: \d+ faults/)
    }
    writeFileSync(file, bytes)
    expect((await chordns('chain', 'verify', '--config', peer.configFile)).code).toBe(0)
  })
})
