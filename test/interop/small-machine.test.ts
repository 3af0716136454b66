/**
 * A node on a machine like a small board: one core and 512 MiB. Control groups belong to whoever runs the tests, so the core is set by `taskset`, and the memory that the
 * process ever had is read from the system. How fast it is there depends on what else the machine does, and is not asked.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Cluster, startCluster } from '../world/cluster.ts'
import { ask, demoWorld, texts, type World } from '../world/index.ts'

const LIMIT_MIB = 512
const NAMES = 2_000
const WINDOW = 16

const hasTaskset = spawnSync('taskset', ['--version']).status === 0

describe.skipIf(!hasTaskset)('a node with one core and 512 MiB', () => {
  let world: World
  let cluster: Cluster
  beforeAll(async () => {
    world = await demoWorld()
    cluster = await startCluster({
      peers: 1,
      hints: world.hintsText(),
      authorityPort: world.port,
      replicas: 2,
      admitAfter: 1,
      place: async () => ({ address: '127.0.0.1', prefix: ['taskset', '--cpu-list', firstCore()] }),
    })
  })
  afterAll(async () => {
    await cluster?.stop()
    await world?.stopAll()
  })

  it('answers, and stays within its memory while it learns names', async () => {
    const peer = cluster.peers[0]!
    const status = () => readFileSync(`/proc/${peer.pid}/status`, 'utf8')
    expect(/^Cpus_allowed_list:\s+(.*)$/m.exec(status())![1]).toBe(firstCore())
    const reply = await ask({ address: peer.address, port: peer.port }, { name: 'www.example.com', type: 'A' })
    expect(texts(reply.answers)).toEqual(['A 192.0.2.81'])
    let next = 0
    const rcodes = new Map<number, number>()
    const one = async () => {
      while (next < NAMES) {
        const name = `n${next++}.wild.example.com`
        const { rcode } = await ask({ address: peer.address, port: peer.port }, { name, type: 'A' })
        rcodes.set(rcode, (rcodes.get(rcode) ?? 0) + 1)
      }
    }
    await Promise.all(Array.from({ length: WINDOW }, one))
    expect([...rcodes]).toEqual([[0, NAMES]])
    expect(Number(/^VmHWM:\s+(\d+)/m.exec(status())![1]) / 1_024).toBeLessThan(LIMIT_MIB)
  })
})

/** One that this process may use. */
function firstCore(): string {
  return /^Cpus_allowed_list:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))![1]!
}
