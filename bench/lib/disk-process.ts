/**
 * One process that answers nothing, and writes to disk as a node does that decides ten blocks a second: three votes and a block each, and rows
 * of entries. Says how late its event loop was, and how much CPU it took. `node disk-process.ts sync|thread DIR SECONDS`
 */
import { join } from 'node:path'
import { argv, stdout } from 'node:process'
import type { Store } from '../../src/base/index.ts'
import { openSqliteStore, startDiskThread } from '../../src/io/index.ts'

const [kind = '', dir = '', seconds = ''] = argv.slice(2)
const log = { debug() {}, info() {}, warn() {}, error() {} }
const MAX_BYTES = 128 * 1024 * 1024
const BLOCKS_A_SECOND = 10
const VOTES_A_BLOCK = 3
const ROWS_A_BLOCK = 4
const PROBE_MS = 2

async function stores(): Promise<{ readonly data: Store; readonly votes: Store; close(): Promise<void> }> {
  const files = [join(dir, 'data.db'), join(dir, 'votes.db')]
  if (kind === 'sync') {
    const [data, votes] = files.map((file) => openSqliteStore({ file, maxBytes: MAX_BYTES, log, now: Date.now }))
    return { data: data!, votes: votes!, close: async () => [data, votes].forEach((store) => void store!.close()) }
  }
  const thread = startDiskThread({ log }, { onBroken: (failure) => Promise.reject(failure) })
  const [data, votes] = await Promise.all(files.map((file) => thread.open({ file, maxBytes: MAX_BYTES })))
  return { data: data!, votes: votes!, close: () => thread.close() }
}

const { data, votes, close } = await stores()
const late: number[] = []
const written: number[] = []
let count = 0

function put(store: Store, prefix: number, bytes: number, durable: boolean): void {
  const key = new Uint8Array(40).fill(prefix)
  new DataView(key.buffer).setUint32(1, count++)
  store.batch([{ kind: 'put', key, value: new Uint8Array(bytes).fill(count) }], { durable })
}

function block(): void {
  const began = performance.now()
  for (let i = 0; i < VOTES_A_BLOCK; i++) put(votes, 1, 600, true)
  put(data, 2, 3_000, true)
  for (let i = 0; i < ROWS_A_BLOCK; i++) put(data, 3, 500, false)
  data.written(() => written.push(performance.now() - began))
}

let expected = performance.now() + PROBE_MS
const probe = setInterval(() => {
  late.push(Math.max(0, performance.now() - expected))
  expected = performance.now() + PROBE_MS
}, PROBE_MS)
const blocks = setInterval(block, 1_000 / BLOCKS_A_SECOND)
await new Promise((resolve) => setTimeout(resolve, Number(seconds) * 1_000))
clearInterval(blocks)
clearInterval(probe)
const { user, system } = process.cpuUsage()
await close()
stdout.write(JSON.stringify({ late, written, cpuMs: (user + system) / 1_000 }))
