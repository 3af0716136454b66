import { spawn } from 'node:child_process'
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Log, Store } from '../../../src/base/index.ts'
import { openSqliteStore, type SqliteStore } from '../../../src/io/index.ts'
import { storeCompliance } from '../../base/store.compliance.ts'

let dir: string
let file: string
let errors: { detail: object; message: string }[]
const log: Log = {
  debug() {},
  info() {},
  warn() {},
  error: (detail, message) => void errors.push({ detail, message }),
}
const opened: SqliteStore[] = []

function open(maxBytes = 16 * 1024 * 1024): SqliteStore {
  const store = openSqliteStore({ file, maxBytes, log, now: () => 1_800_000_000_000, patienceMs: 20 })
  opened.push(store)
  return store
}

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'chordns-store-'))
  file = join(dir, 'data', 'data.db')
  errors = []
})
afterEach(() => {
  for (const store of opened.splice(0)) store.close()
  rmSync(dir, { recursive: true, force: true })
})

const key = (value: number) => Uint8Array.of(value)
const put = (store: Store, value: number, length = 1) =>
  store.batch([{ kind: 'put', key: key(value), value: new Uint8Array(length).fill(value) }], { durable: false })

describe('the store over SQLite', () => {
  storeCompliance(() => ({
    open: () => open(),
    openSmall: () => open(100_000),
    // A process that ends without a word: only the lock goes, since a handle cannot be killed. The real thing is below.
    kill: () => opened.at(-1)?.close(),
    close() {
      for (const store of opened.splice(0)) store.close()
    },
  }))
})

describe('the data file', () => {
  it('is readable by its owner only, all files of it', () => {
    const store = open()
    put(store, 1)
    for (const name of readdirSync(join(dir, 'data'))) expect(statSync(join(dir, 'data', name)).mode & 0o077).toBe(0)
    store.close()
    chmodSync(file, 0o644)
    put(open(), 2)
    for (const name of readdirSync(join(dir, 'data'))) expect(statSync(join(dir, 'data', name)).mode & 0o077).toBe(0)
  })

  it('never grows above its bound', () => {
    const store = open(512 * 1024)
    let full = 0
    for (let i = 0; i < 200; i++) {
      try {
        put(store, i, 20_000)
      } catch (error) {
        expect(error).toMatchObject({ code: 'STORE_FULL' })
        full++
      }
    }
    expect(full).toBeGreaterThan(100)
    store.close()
    expect(statSync(file).size).toBeLessThanOrEqual(512 * 1024)
  })

  it('tells that the directory cannot be written', () => {
    writeFileSync(join(dir, 'data'), 'a file where the directory should be')
    expect(() => open()).toThrow(expect.objectContaining({ code: 'STORE_UNAVAILABLE' }))
  })

  it('counts what it writes', () => {
    const store = open()
    put(store, 1, 10_000)
    const stats = store.stats()
    expect(stats.batches).toBe(1)
    expect(stats.bytes).toBeGreaterThan(10_000)
    expect(stats.damaged).toBe(0)
  })
})

describe('a file that is of no use', () => {
  const aside = () => readdirSync(join(dir, 'data')).filter((name) => name.includes('unreadable'))

  function expectAside(content: Buffer): void {
    const store = open()
    expect(aside().filter((name) => !name.endsWith('-wal'))).toHaveLength(1)
    expect(readFileSync(join(dir, 'data', aside()[0]!))).toEqual(content)
    expect(errors.map(({ message }) => message).join()).toContain('put aside')
    expect([...store.range(key(0))]).toEqual([])
    put(store, 1)
    store.close()
    expect(open().get(key(1))).toEqual(key(1))
    expect(errors).toHaveLength(1)
  }

  it('is put aside when it is no database', () => {
    open().close()
    writeFileSync(file, 'not a database '.repeat(1_000))
    expectAside(readFileSync(file))
  })

  it('is put aside when it was cut off', () => {
    const store = open()
    for (let i = 0; i < 50; i++) put(store, i, 10_000)
    store.close()
    truncateSync(file, 100_000)
    expectAside(readFileSync(file))
  })

  it('has pages of the length that was asked for, and a file of an earlier release keeps its own, with its bound', () => {
    const pagesOf = () => {
      const database = new DatabaseSync(file, { readOnly: true })
      const { page_size } = database.prepare('PRAGMA page_size').get() as { page_size: number }
      database.close()
      return page_size
    }
    const reopened = (pageBytes?: number) => {
      for (const store of opened.splice(0)) store.close()
      const store = openSqliteStore({ file, maxBytes: 400_000, log, now: () => 0, ...(pageBytes && { pageBytes }) })
      opened.push(store)
      return store
    }
    put(reopened(), 1, 900)
    const old = reopened(16_384)
    expect(old.get(key(1))).toEqual(new Uint8Array(900).fill(1))
    for (let value = 2; value < 40; value++) put(old, value, 8_000)
    expect(() => old.batch([{ kind: 'put', key: key(99), value: new Uint8Array(200_000) }], { durable: true })).toThrow(
      'full',
    )
    for (const store of opened.splice(0)) store.close()
    expect(pagesOf()).toBe(4_096)
    rmSync(file)
    put(reopened(16_384), 1)
    for (const store of opened.splice(0)) store.close()
    expect(pagesOf()).toBe(16_384)
    expect(reopened().get(key(1))).toEqual(Uint8Array.of(1))
    expect(errors).toEqual([])
  })

  it('is put aside when pages are overwritten', () => {
    const store = open()
    for (let i = 0; i < 200; i++) put(store, i, 2_000)
    store.close()
    const content = readFileSync(file)
    content.fill(0xa5, 4_096, 16_384)
    writeFileSync(file, content)
    expectAside(content)
  })

  it('is put aside when it belongs to another program', () => {
    open().close()
    rmSync(file)
    const other = new DatabaseSync(file)
    other.exec('CREATE TABLE theirs(a); INSERT INTO theirs VALUES (1)')
    other.close()
    expectAside(readFileSync(file))
  })

  it('is put aside when it is of another version', () => {
    open().close()
    const later = new DatabaseSync(file)
    later.exec('PRAGMA user_version = 99')
    later.close()
    expectAside(readFileSync(file))
  })

  it('leaves out a single value that was changed on the disk', () => {
    const store = open()
    for (let i = 1; i <= 3; i++) put(store, i, 100)
    store.close()
    const content = readFileSync(file)
    const at = content.indexOf(Buffer.alloc(50, 2))
    content[at + 20] = 9
    writeFileSync(file, content)
    const again = open()
    expect([...again.range(key(0))].map(([one]) => one[0])).toEqual([1, 3])
    expect(again.get(key(2))).toBeUndefined()
    expect(again.stats().damaged).toBe(2)
    expect(errors).toHaveLength(1)
  })
})

describe('SIGKILL in the middle of writes', () => {
  const PROCESS = fileURLToPath(new URL('store-process.ts', import.meta.url))

  /** Starts the writer, kills it after so many acknowledged batches, and resolves with the last one. */
  function killedAfter(count: number, mode: string): Promise<number> {
    const child = spawn(process.execPath, [PROCESS, file, mode], { stdio: ['ignore', 'pipe', 'inherit'] })
    let text = ''
    child.stdout.setEncoding('utf8')
    child.stdout.on('data', (part: string) => {
      text += part
      if (text.split('\n').length > count) child.kill('SIGKILL')
    })
    return new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('close', () => resolve(Number(text.slice(0, text.lastIndexOf('\n')).split('\n').at(-1))))
    })
  }

  it.each([
    ['soon', 1_500],
    ['soon', 37],
    ['durable', 60],
  ])('loses no acknowledged batch, and tears none (%s, after %i)', async (mode, count) => {
    const last = await killedAfter(count, mode)
    expect(last).toBeGreaterThanOrEqual(count - 2)
    const store = open()
    expect(errors).toEqual([])
    const keys = [...store.range(Uint8Array.of(0))].map(([one]) => one)
    const low = keys.filter((one) => one[0] === 0).length
    expect(low).toBeGreaterThan(last)
    expect(low).toBeLessThanOrEqual(last + 2)
    expect(keys.filter((one) => one[0] === 1).length).toBe(low)
  })
})
