/**
 * `Store` in memory, on a disk that can fail: the twin of the one over SQLite. A batch is there as a whole or not at all, and
 * batches are lost from the end only, as with a log of checksummed writes that is read up to the first torn one.
 */
import { ChordnsError, compareBytes, latin1, type Random, type Store, type StoreWrite } from '../base/index.ts'

export interface MemoryDisk {
  /** Throws STORE_BUSY while an earlier store is open. */
  open(): Store
  /**
   * `process`: killed; what was written stays. `power`: of the batches after the last durable one a random number is lost, the
   * last that remained being torn or not. The open store is of no use afterwards.
   */
  crash(how: 'process' | 'power'): void
  /** Batches that power failures took. */
  readonly lost: number
}

export interface MemoryDiskOptions {
  readonly random: Random
  /** Of all keys and values; default: no bound. */
  readonly maxBytes?: number
}

type Pairs = Map<string, { readonly key: Uint8Array; readonly value: Uint8Array }>

export function createMemoryDisk({ random, maxBytes = Number.POSITIVE_INFINITY }: MemoryDiskOptions): MemoryDisk {
  /** What is safe, and the batches after it. */
  const synced: Pairs = new Map()
  let unsynced: (readonly StoreWrite[])[] = []
  let pairs: Pairs = new Map()
  let current: object | undefined
  let lost = 0

  function store(): Store {
    const handle = {}
    current = handle
    const check = () => {
      if (current !== handle) throw new ChordnsError('STORE_CLOSED', 'the store is closed', {})
    }
    return {
      get(key) {
        check()
        return pairs.get(latin1(key))?.value.slice()
      },
      batch(writes, { durable }) {
        check()
        const owned = writes.map(copy)
        if (maxBytes < Number.POSITIVE_INFINITY) {
          const after = new Map(pairs)
          apply(after, owned)
          if (bytesOf(after) > maxBytes) throw new ChordnsError('STORE_FULL', 'the store is full', {})
        }
        apply(pairs, owned)
        unsynced.push(owned)
        if (!durable) return
        for (const batch of unsynced) apply(synced, batch)
        unsynced = []
      },
      *range(from, to) {
        check()
        const inside = [...pairs.values()].filter(
          ({ key }) => compareBytes(key, from) >= 0 && (to === undefined || compareBytes(key, to) < 0),
        )
        for (const { key, value } of inside.sort((a, b) => compareBytes(a.key, b.key))) {
          check()
          yield [key.slice(), value.slice()]
        }
      },
      close() {
        if (current !== handle) return
        current = undefined
        // The end of a process does what a checkpoint does.
        for (const batch of unsynced) apply(synced, batch)
        unsynced = []
      },
    }
  }

  return {
    open() {
      if (current !== undefined) throw new ChordnsError('STORE_BUSY', 'the store is open already', {})
      return store()
    },
    crash(how) {
      current = undefined
      if (how === 'process') return
      const survivors = random.below(unsynced.length + 1)
      lost += unsynced.length - survivors
      for (const batch of unsynced.slice(0, survivors)) apply(synced, batch)
      unsynced = []
      pairs = new Map(synced)
    },
    get lost() {
      return lost
    },
  }
}

function apply(pairs: Pairs, writes: readonly StoreWrite[]): void {
  for (const write of writes) {
    if (write.kind === 'put') pairs.set(latin1(write.key), write)
    else pairs.delete(latin1(write.key))
  }
}

function copy(write: StoreWrite): StoreWrite {
  const key = write.key.slice()
  return write.kind === 'put' ? { kind: 'put', key, value: write.value.slice() } : { kind: 'delete', key }
}

function bytesOf(pairs: Pairs): number {
  let bytes = 0
  for (const { key, value } of pairs.values()) bytes += key.length + value.length
  return bytes
}
