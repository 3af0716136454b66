/** Many entries: an index in memory, the evidence elsewhere. */
import { describe, expect, it } from 'vitest'
import type { ChunkEntry } from '../../../src/chunks/entries/entry.ts'
import { type Disk, EntryStore, type EntryStoreOptions } from '../../../src/chunks/entries/entry-store.ts'
import { chunkOf } from '../../../src/chunks/index.ts'
import { ed25519Signer, sha256 } from '../../../src/crypto/index.ts'
import { answer, ask, paper } from '../world.ts'

const now = 1_800_000_000_000
const signers = [1, 2, 3].map((i) => ed25519Signer(sha256(Uint8Array.of(i))))

function entry(name: string, ttl = 60, last = 1): ChunkEntry {
  const question = ask(name)
  const outcome = { ...answer(question, [last], ttl), apex: question.name }
  const observations = signers.map((signer) => paper(signer, question, outcome, now))
  const certificate = { kind: 'agreed' as const, contents: [], observations }
  return {
    question,
    chunk: chunkOf(question.name, 8),
    class: 'agreed',
    outcome,
    certificate,
    expires: now + ttl * 1000,
    seen: now,
  }
}

function createDisk() {
  const rows = new Map<string, Uint8Array>()
  const late: (() => void)[] = []
  const disk = {
    rows,
    /** `late`: what it cannot write it says with the next call of `fail`. */
    full: false as boolean | 'late',
    fail: () => {
      for (const onLost of late.splice(0)) onLost()
    },
    put(key: string, row: Uint8Array, onLost: () => void) {
      if (disk.full === false) rows.set(key, row)
      else if (disk.full === 'late') late.push(onLost)
      else onLost()
    },
    get: (key: string) => rows.get(key),
    drop: (key: string) => void rows.delete(key),
  } satisfies Disk & Record<string, unknown>
  return disk
}

/** So that nothing is served from what was used last. */
function filled(options: EntryStoreOptions, entries: readonly ChunkEntry[]): EntryStore {
  const store = new EntryStore(options)
  for (const one of entries) store.put(one)
  return store
}

const many = Array.from({ length: 40 }, (_, i) => entry(`a${i}.example.com`))

describe('the store of entries', () => {
  it('gives out what was put in, from memory and from the disk', () => {
    for (const disk of [undefined, createDisk()]) {
      const store = filled(disk === undefined ? {} : { disk }, many)
      store.forgetUsed()
      for (const one of many) expect(store.get(one.question, now)).toEqual(one)
      expect(store.memoryBytes > 0).toBe(disk === undefined)
      const walked = store.chunks().flatMap((chunk) => [...store.ofChunk(chunk, now)])
      expect(walked).toHaveLength(many.length)
    }
  })

  it('keeps in memory what the disk does not take, within its bound', () => {
    const disk = createDisk()
    const store = filled({ disk, maxMemoryBytes: 8_000 }, many.slice(0, 20))
    disk.full = true
    for (const one of many.slice(20)) store.put(one)
    store.forgetUsed()
    expect(store.memoryBytes).toBeLessThanOrEqual(8_000)
    expect(store.memoryBytes).toBeGreaterThan(4_000)
    for (const one of many.slice(0, 20)) expect(store.get(one.question, now)).toEqual(one)
    expect(store.get(many[39]!.question, now)).toEqual(many[39])
    expect(store.get(many[20]!.question, now)).toBeUndefined()
  })

  it('keeps in memory what the disk says later that it did not take, unless another took its place meanwhile', () => {
    const disk = createDisk()
    disk.full = 'late'
    const store = filled({ disk }, [entry('b.example.com', 60, 1), many[0]!])
    disk.full = false
    store.put(entry('b.example.com', 90, 2))
    expect(store.memoryBytes).toBe(0)
    disk.fail()
    store.forgetUsed()
    expect(store.get(many[0]!.question, now)).toEqual(many[0])
    expect(store.get(ask('b.example.com'), now)).toEqual(entry('b.example.com', 90, 2))
    expect(store.memoryBytes).toBeLessThan(2 * store.bytes)
  })

  it('holds so many entries and no more: what was used longest ago goes, from the disk, too', () => {
    const disk = createDisk()
    const store = filled({ disk, maxEntries: 10 }, many.slice(0, 10))
    store.get(many[0]!.question, now)
    store.put(many[10]!)
    expect([store.size, disk.rows.size]).toEqual([10, 10])
    expect(store.get(many[0]!.question, now)).toBeDefined()
    expect(store.get(many[1]!.question, now)).toBeUndefined()
  })

  it('an entry whose row the disk lost or turned is not there, and not in its chunk', () => {
    const disk = createDisk()
    const store = filled({ disk }, many.slice(0, 3))
    store.forgetUsed()
    const [lost, turned, other] = [...disk.rows.keys()]
    disk.rows.delete(lost!)
    disk.rows.set(turned!, disk.rows.get(other!)!)
    expect(many.slice(0, 3).map((one) => store.get(one.question, now) !== undefined)).toEqual([false, false, true])
    expect(store.chunks()).toEqual([many[2]!.chunk])
    expect(store.bytes).toBe(disk.rows.get(other!)!.length)
  })

  it('a newer entry takes the place of the older one, and what expired is gone everywhere', () => {
    const disk = createDisk()
    const store = filled({ disk }, [entry('b.example.com', 60, 1), entry('b.example.com', 90, 2), many[0]!])
    store.forgetUsed()
    expect(store.size).toBe(2)
    expect(store.get(ask('b.example.com'), now)).toEqual(entry('b.example.com', 90, 2))
    const { chunk } = many[0]!
    expect(store.summariesOf(chunk, now + 60_000).filter(({ key }) => key.startsWith('a0'))).toEqual([])
    store.sweep(now + 60_000)
    expect([store.size, disk.rows.size]).toEqual([1, 1])
    store.sweep(now + 90_000)
    expect([store.size, store.bytes, store.memoryBytes, store.chunks().length, disk.rows.size]).toEqual([0, 0, 0, 0, 0])
  })
})
