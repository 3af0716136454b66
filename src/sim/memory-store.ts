/**
 * `Store` in memory, on a disk that can fail: the twin of the one over SQLite. A batch is there as a whole or not at all, and
 * batches are lost from the end only, as with a log of checksummed writes that is read up to the first torn one.
 */
import {
  ChordnsError,
  compareBytes,
  concatBytes,
  latin1,
  piecesOf,
  type Random,
  type Store,
  type StoredBytes,
  type StoreWrite,
} from '../base/index.ts'

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

/** What is wrong with a disk; whoever holds it may change it at any time. */
export interface DiskFaults {
  /** No batch finds room: STORE_FULL. */
  isFull: boolean
  /** Part of the reads and batches that end in STORE_FAILED, 0 to 1; of such a batch nothing is written. */
  failing: number
  /** It says that it has synced, and has not: a loss of power takes durable batches as well. */
  isForgetful: boolean
}

export interface MemoryDiskOptions {
  readonly random: Random
  /** Of all keys and values; default: no bound. */
  readonly maxBytes?: number
  /** Default: none. */
  readonly faults?: DiskFaults
}

/** A sound disk, that may get worse. */
export function soundDisk(): DiskFaults {
  return { isFull: false, failing: 0, isForgetful: false }
}

type Pairs = Map<string, { readonly key: Uint8Array; readonly value: Uint8Array }>

export function createMemoryDisk(options: MemoryDiskOptions): MemoryDisk {
  const { random, maxBytes = Number.POSITIVE_INFINITY, faults = soundDisk() } = options
  const fails = () => faults.failing > 0 && random.below(2 ** 32) < faults.failing * 2 ** 32
  const disk: DiskState = {
    maxBytes,
    faults,
    fails,
    synced: new Map(),
    unsynced: [],
    pairs: new Map(),
    handle: undefined,
  }
  let lost = 0
  return {
    open() {
      if (disk.handle !== undefined) throw new ChordnsError('STORE_BUSY', 'the store is open already', {})
      return storeOn(disk)
    },
    crash(how) {
      disk.handle = undefined
      if (how === 'process') return
      const survivors = random.below(disk.unsynced.length + 1)
      lost += disk.unsynced.length - survivors
      for (const batch of disk.unsynced.slice(0, survivors)) apply(disk.synced, batch)
      disk.unsynced = []
      disk.pairs = new Map(disk.synced)
    },
    get lost() {
      return lost
    },
  }
}

interface DiskState {
  readonly maxBytes: number
  readonly faults: DiskFaults
  /** Drawn for each access. */
  readonly fails: () => boolean
  /** What is safe, and the batches after it. */
  readonly synced: Pairs
  unsynced: (readonly StoreWrite[])[]
  /** Both together: what a reader sees. */
  pairs: Pairs
  /** Of the store that is open; undefined: none is. */
  handle: object | undefined
}

function storeOn(disk: DiskState): Store {
  const handle = {}
  disk.handle = handle
  const check = () => {
    if (disk.handle !== handle) throw new ChordnsError('STORE_CLOSED', 'the store is closed', {})
    if (disk.fails()) throw new ChordnsError('STORE_FAILED', 'the disk reports an error', {})
  }
  return {
    get(key) {
      check()
      return disk.pairs.get(latin1(key))?.value.slice()
    },
    batch(writes, { durable }) {
      check()
      const owned = writes.map(copy)
      if (disk.faults.isFull || !fits(disk, owned)) throw new ChordnsError('STORE_FULL', 'the store is full', {})
      apply(disk.pairs, owned)
      disk.unsynced.push(owned)
      if (durable && !disk.faults.isForgetful) sync(disk)
    },
    written: (done) => done(),
    *range(from, to) {
      check()
      const inside = [...disk.pairs.values()].filter(
        ({ key }) => compareBytes(key, from) >= 0 && (to === undefined || compareBytes(key, to) < 0),
      )
      for (const { key, value } of inside.sort((a, b) => compareBytes(a.key, b.key))) {
        check()
        yield [key.slice(), value.slice()]
      }
    },
    close() {
      if (disk.handle !== handle) return
      disk.handle = undefined
      // The end of a process does what a checkpoint does.
      sync(disk)
    },
  }
}

function sync(disk: DiskState): void {
  for (const batch of disk.unsynced) apply(disk.synced, batch)
  disk.unsynced = []
}

function fits({ maxBytes, pairs }: DiskState, writes: readonly StoreWrite[]): boolean {
  if (maxBytes === Number.POSITIVE_INFINITY) return true
  const after = new Map(pairs)
  apply(after, writes)
  return bytesOf(after) <= maxBytes
}

function apply(pairs: Pairs, writes: readonly StoreWrite[]): void {
  for (const write of writes) {
    if (write.kind === 'put') pairs.set(latin1(write.key), { key: write.key, value: joined(write.value) })
    else pairs.delete(latin1(write.key))
  }
}

function copy(write: StoreWrite): StoreWrite {
  const key = write.key.slice()
  return write.kind === 'put' ? { kind: 'put', key, value: joined(write.value) } : { kind: 'delete', key }
}

/** A copy. */
function joined(value: StoredBytes): Uint8Array {
  return concatBytes(...piecesOf(value))
}

function bytesOf(pairs: Pairs): number {
  let bytes = 0
  for (const { key, value } of pairs.values()) bytes += key.length + value.length
  return bytes
}
