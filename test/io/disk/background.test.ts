/** The store that another thread writes: what those see who read, and when they hear that it is on disk. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ChordnsError, type Log, type StoreWrite, settled } from '../../../src/base/index.ts'
import { BackgroundStore } from '../../../src/io/disk/background/background-store.ts'
import type { Batch, Failure } from '../../../src/io/disk/background/messages.ts'
import { type DiskThread, ioLimits, openSqliteStore, startDiskThread } from '../../../src/io/index.ts'
import { createMemoryDisk, seededRandom } from '../../../src/sim/index.ts'
import { storeCompliance } from '../../base/store.compliance.ts'

let errors: string[]
const log: Log = { debug() {}, info() {}, warn() {}, error: (_, message) => void errors.push(message) }
const bytes = (...values: number[]) => Uint8Array.from(values)
const put = (key: number, value: number): StoreWrite => ({ kind: 'put', key: bytes(key), value: bytes(value) })
const drop = (key: number): StoreWrite => ({ kind: 'delete', key: bytes(key) })
const full: Failure = { code: 'STORE_FULL', message: 'full', detail: {} }

beforeEach(() => {
  errors = []
})

/** A store whose writer does its work when the test says so. */
function heldBack() {
  const disk = createMemoryDisk({ random: seededRandom('disk') }).open()
  const sent: (readonly Batch[])[] = []
  const store = new BackgroundStore({
    file: 'data.db',
    reader: { get: disk.get, range: disk.range, damaged: 0, bytesOnDisk: () => 0, close: () => disk.close() },
    log,
    send: (batches) => sent.push(batches),
  })
  /** Carries out the oldest message; batches with these numbers fail. Then the store may send the next one. */
  async function work(...failing: number[]): Promise<void> {
    const batches = sent.shift()!
    const failures = batches.map(({ writes, durable }, i) => {
      if (failing.includes(i)) return full
      disk.batch(writes, { durable })
      return undefined
    })
    store.settle(failures, { batches: 0, writeMs: 0, longestWriteMs: 0 })
    await Promise.resolve()
  }
  return { store, disk, sent, work }
}

const all = (store: Pick<BackgroundStore, 'range'>) =>
  [...store.range(bytes())].map(([key, value]) => [...key, ...value])

describe('a store that another thread writes', () => {
  it('shows at once what is still to be written, over what lies on the disk', async () => {
    const { store, disk, work } = heldBack()
    disk.batch([put(1, 1), put(3, 3), put(5, 5)], { durable: false })
    store.batch([put(0, 9), put(3, 9), drop(5), put(6, 9)], { durable: false })
    expect(all(store)).toEqual([
      [0, 9],
      [1, 1],
      [3, 9],
      [6, 9],
    ])
    expect([3, 5, 1].map((key) => store.get(bytes(key))?.[0])).toEqual([9, undefined, 1])
    await Promise.resolve()
    await work()
    expect(all(store)).toEqual(all(disk))
    expect(store.stats()).toMatchObject({ waiting: 0, waitingBytes: 0 })
  })

  it('says that a batch is written only when the disk has it, and batches before it', async () => {
    const { store, work } = heldBack()
    const heard: string[] = []
    const write = (name: string) => {
      store.batch([put(1, 1)], { durable: true })
      store.written((failure) => heard.push(failure === undefined ? name : `${name}: ${failure.message}`))
    }
    store.written(() => heard.push('nothing to write'))
    write('a')
    write('b')
    await Promise.resolve()
    write('c')
    expect(heard).toEqual(['nothing to write'])
    await work()
    expect(heard).toEqual(['nothing to write', 'a', 'b'])
    await work()
    expect(heard.at(-1)).toBe('c')
  })

  it('has one message on its way, and puts what comes meanwhile into the next: a slow disk costs few commits', async () => {
    const { store, sent, work } = heldBack()
    for (let i = 0; i < 50; i++) {
      store.batch([put(i, i)], { durable: true })
      await Promise.resolve()
    }
    expect(sent.map((batches) => batches.length)).toEqual([1])
    await work()
    expect(sent.map((batches) => batches.length)).toEqual([49])
  })

  it('hands a long piece in shared memory to the writer as it is, and copies what may change', async () => {
    const { store, sent, work } = heldBack()
    const long = new Uint8Array(new SharedArrayBuffer(2 * ioLimits.SHARED_FROM_BYTES)).fill(7)
    const short = bytes(1, 2)
    store.batch([{ kind: 'put', key: bytes(1), value: [short, long] }], { durable: true })
    short.fill(9)
    await Promise.resolve()
    const [write] = sent[0]![0]!.writes
    const value = write?.kind === 'put' ? write.value : []
    expect(value[1]).toBe(long)
    expect(value[0]).toEqual(bytes(1, 2))
    expect(store.stats().waitingBytes).toBeGreaterThan(long.length)
    expect(store.get(bytes(1))?.length).toBe(long.length + 2)
    await work()
    expect(store.get(bytes(1))?.subarray(0, 3)).toEqual(bytes(1, 2, 7))
  })

  it('takes back what could not be written, and tells who waits for it and the log', async () => {
    const { store, work } = heldBack()
    const heard: unknown[] = []
    store.batch([put(1, 1)], { durable: false })
    store.batch([put(1, 2), put(2, 2)], { durable: false })
    store.written((failure) => heard.push((failure as ChordnsError | undefined)?.code))
    store.batch([put(3, 3)], { durable: false })
    await Promise.resolve()
    await work(1)
    expect(heard).toEqual(['STORE_FULL'])
    expect(all(store)).toEqual([
      [1, 1],
      [3, 3],
    ])
    expect(errors).toEqual(['the disk does not take what is to be written'])
  })

  it('refuses more than may wait for the disk; what must be durable has room of its own', () => {
    const { store } = heldBack()
    const large = (): StoreWrite => ({ kind: 'put', key: bytes(1), value: new Uint8Array(8 * 1024 * 1024) })
    const most = ioLimits.MAX_UNWRITTEN_BYTES / (8 * 1024 * 1024) - 1
    for (let i = 0; i < most; i++) store.batch([large()], { durable: false })
    expect(() => store.batch([large()], { durable: false })).toThrow(expect.objectContaining({ code: 'STORE_BEHIND' }))
    for (let i = 0; i < most; i++) store.batch([large()], { durable: true })
    expect(() => {
      for (let i = 0; i < 3; i++) store.batch([large()], { durable: true })
    }).toThrow(expect.objectContaining({ code: 'STORE_BEHIND' }))
  })

  it('without its writer tells all who wait, takes nothing more, and still reads', async () => {
    const { store, disk } = heldBack()
    disk.batch([put(1, 1)], { durable: false })
    const heard: (string | undefined)[] = []
    store.batch([put(1, 2)], { durable: true })
    store.written((failure) => heard.push(failure?.message))
    await Promise.resolve()
    store.broken(new ChordnsError('STORE_FAILED', 'gone', {}))
    expect(heard).toEqual(['gone'])
    expect(() => store.batch([put(2, 2)], { durable: false })).toThrow('gone')
    expect(store.get(bytes(1))).toEqual(bytes(1))
    await store.close()
    expect(() => store.get(bytes(1))).toThrow(expect.objectContaining({ code: 'STORE_CLOSED' }))
  })
})

describe('the thread that writes', () => {
  let dir: string
  let file: string
  const threads: { readonly thread: DiskThread; readonly broken: string[] }[] = []

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'chordns-thread-'))
    file = join(dir, 'data', 'data.db')
  })
  const closeAll = () => Promise.all(threads.splice(0).map(({ thread }) => thread.close()))
  afterEach(async () => {
    await closeAll()
    rmSync(dir, { recursive: true, force: true })
  })

  async function open(maxBytes = 16 * 1024 * 1024): Promise<BackgroundStore> {
    const broken: string[] = []
    const thread = startDiskThread({ log }, { onBroken: ({ message }) => broken.push(message) })
    threads.push({ thread, broken })
    return thread.open({ file, maxBytes, patienceMs: 20 })
  }

  describe('keeps', () => {
    storeCompliance(() => ({
      open: () => open(),
      openSmall: () => open(100_000),
      // A thread that is closed writes all; the real thing is below.
      kill: async () => void (await closeAll()),
      close: async () => void (await closeAll()),
    }))
  })

  it('writes all that is left when it is closed', async () => {
    const store = await open()
    for (let i = 0; i < 200; i++) store.batch([put(i, i)], { durable: i % 3 === 0 })
    await closeAll()
    const after = openSqliteStore({ file, maxBytes: 1 << 24, log, now: () => 0 })
    expect([...after.range(bytes())].length).toBe(200)
    after.close()
  })

  it('takes large values as they were when they were put, and gives back others of its own', async () => {
    const store = await open()
    const large = new Uint8Array(3 * ioLimits.SHARED_FROM_BYTES).map((_, i) => i * 7)
    const expected = large.slice()
    store.batch([{ kind: 'put', key: bytes(1), value: large }], { durable: true })
    large.fill(0)
    const unwritten = store.get(bytes(1))!
    expect(Buffer.compare(unwritten, expected)).toBe(0)
    unwritten.fill(1)
    await settled(store)
    expect(Buffer.compare(store.get(bytes(1))!, expected)).toBe(0)
    await closeAll()
    const after = openSqliteStore({ file, maxBytes: 1 << 24, log, now: () => 0 })
    expect(Buffer.compare(after.get(bytes(1))!, expected)).toBe(0)
    expect(after.damaged).toBe(0)
    after.close()
  })

  it('keeps its files to their owner, and to one process', async () => {
    const store = await open()
    store.batch([put(1, 1)], { durable: true })
    await settled(store)
    for (const name of readdirSync(join(dir, 'data'))) expect(statSync(join(dir, 'data', name)).mode & 0o077).toBe(0)
    expect(() => openSqliteStore({ file, maxBytes: 1 << 24, log, now: () => 0, patienceMs: 0 })).toThrow(
      expect.objectContaining({ code: 'STORE_BUSY' }),
    )
  })

  it('puts aside what is of no use, and says so in the log', async () => {
    await open()
    await closeAll()
    writeFileSync(file, 'not a database '.repeat(1_000))
    const store = await open()
    expect(errors.join()).toContain('put aside')
    expect(all(store)).toEqual([])
  })

  it('that cannot open a file says why, and goes on', async () => {
    writeFileSync(join(dir, 'data'), 'a file where the directory should be')
    await expect(open()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    const other = await threads[0]!.thread.open({ file: join(dir, 'other.db'), maxBytes: 1 << 24 })
    other.batch([put(1, 1)], { durable: true })
    await settled(other)
  })

  it.each([
    ['soon', 1_500],
    ['durable', 60],
  ])('loses nothing that it said is written when the process is killed (%s, after %i)', async (mode, count) => {
    const child = spawn(process.execPath, [fileURLToPath(new URL('thread-process.ts', import.meta.url)), file, mode], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let text = ''
    child.stdout.setEncoding('utf8')
    child.stdout.on('data', (part: string) => {
      text += part
      if (text.split('\n').length > count) child.kill('SIGKILL')
    })
    await new Promise((resolve) => child.once('close', resolve))
    const last = Number(text.slice(0, text.lastIndexOf('\n')).split('\n').at(-1))
    expect(last).toBeGreaterThanOrEqual(count - 2)
    const store = openSqliteStore({ file, maxBytes: 1 << 26, log, now: () => 0 })
    const keys = [...store.range(bytes())].map(([key]) => key)
    store.close()
    expect(errors).toEqual([])
    // Both of a pair, or none; and without a gap.
    const firsts = keys.filter((key) => key[0] === 0).length
    expect(keys.length).toBe(2 * firsts)
    expect(firsts).toBeGreaterThan(last)
  })
})
