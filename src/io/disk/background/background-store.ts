/**
 * `Store` over a file that another thread writes. Reads are this thread's own, of the file and of what is still to be written, so that a
 * write is seen at once; they never wait for the disk to sync. One message at a time is on its way to the writer: what is written
 * meanwhile goes with the next one, so that a slow disk makes transactions larger, not more.
 */
import { ChordnsError, type Log, piecesOf, type Store, type StoredBytes, type StoreWrite } from '../../../base/index.ts'
import { limits } from '../../limits.ts'
import { type Batch, errorOf, type Failure, type WriteStats } from './messages.ts'
import { merged, UnwrittenKeys, wholeValueOf } from './unwritten.ts'

/** What this thread sees of the file. */
export interface FileReader extends Pick<Store, 'get' | 'range'> {
  readonly damaged: number
  bytesOnDisk(): number
  close(): void
}

export interface BackgroundDeps {
  readonly file: string
  readonly reader: FileReader
  readonly log: Log
  /** Owes a call of `settle`, or one of `broken`. */
  readonly send: (batches: readonly Batch[]) => void
}

interface Waiting extends Batch {
  readonly bytes: number
  readonly done: ((failure?: ChordnsError) => void)[]
}

export class BackgroundStore implements Store {
  readonly #deps: BackgroundDeps
  readonly #unwritten = new UnwrittenKeys()
  #queue: Waiting[] = []
  #sent: Waiting[] = []
  #bytes = 0
  #isPosting = false
  /** Nobody may have waited for the batch that failed: it is told once, until one succeeds. */
  #failing = false
  #broken: ChordnsError | undefined
  #isClosed = false
  #stats: WriteStats = { batches: 0, writeMs: 0, longestWriteMs: 0 }

  constructor(deps: BackgroundDeps) {
    this.#deps = deps
  }

  get damaged(): number {
    return this.#deps.reader.damaged
  }

  get(key: Uint8Array): Uint8Array | undefined {
    this.#check()
    const unwritten = this.#unwritten.get(key)
    return unwritten === undefined ? this.#deps.reader.get(key) : wholeValueOf(unwritten)
  }

  *range(from: Uint8Array, to?: Uint8Array): Iterable<readonly [Uint8Array, Uint8Array]> {
    this.#check()
    for (const pair of merged(this.#deps.reader.range(from, to), this.#unwritten.inside(from, to))) {
      yield pair
      this.#check()
    }
  }

  batch(writes: readonly StoreWrite[], { durable }: { readonly durable: boolean }): void {
    this.#check()
    if (this.#broken !== undefined) throw this.#broken
    if (writes.length === 0) return
    const own = writes.map(copyOf)
    const bytes = own.reduce((sum, write) => sum + bytesOf(write), 0)
    // What must not be lost has room of its own.
    const most = limits.MAX_UNWRITTEN_BYTES * (durable ? 2 : 1)
    if (this.#bytes > 0 && this.#bytes + bytes > most) {
      const { file } = this.#deps
      throw new ChordnsError('STORE_BEHIND', `${file}: the disk is too slow for what is to be written`, { file })
    }
    const waiting: Waiting = { writes: own, durable, bytes, done: [] }
    this.#bytes += bytes
    this.#unwritten.add(waiting, own)
    this.#queue.push(waiting)
    this.#postSoon()
  }

  written(done: (failure?: Error) => void): void {
    const last = this.#queue.at(-1) ?? this.#sent.at(-1)
    if (last === undefined) done()
    else last.done.push(done)
  }

  /** The writer has answered what was sent last. */
  settle(failures: readonly (Failure | undefined)[], stats: WriteStats): void {
    const sent = this.#sent
    this.#sent = []
    this.#stats = stats
    this.#postSoon()
    for (const [i, batch] of sent.entries()) {
      const failure = failures[i]
      this.#forget(batch, failure && errorOf(failure))
    }
  }

  /** The writer is gone: what was not on disk is lost, and nothing more is written. */
  broken(failure: ChordnsError): void {
    this.#broken ??= failure
    const lost = [...this.#sent, ...this.#queue]
    this.#sent = []
    this.#queue = []
    for (const batch of lost) this.#forget(batch, failure)
  }

  async close(): Promise<void> {
    const isFirst = !this.#isClosed
    this.#isClosed = true
    await new Promise<void>((resolve) => this.written(() => resolve()))
    if (isFirst) this.#deps.reader.close()
  }

  stats() {
    const { reader } = this.#deps
    const waiting = this.#sent.length + this.#queue.length
    return { bytes: reader.bytesOnDisk(), ...this.#stats, damaged: reader.damaged, waiting, waitingBytes: this.#bytes }
  }

  /** What is written in one go of this thread goes together. */
  #postSoon(): void {
    if (this.#isPosting || this.#sent.length > 0 || this.#queue.length === 0) return
    this.#isPosting = true
    queueMicrotask(() => {
      this.#isPosting = false
      if (this.#sent.length > 0 || this.#queue.length === 0) return
      this.#sent = this.#queue.splice(0, this.#asManyAsFit())
      this.#deps.send(this.#sent.map(({ writes, durable }) => ({ writes, durable })))
    })
  }

  /** So many that other files need not wait for long. */
  #asManyAsFit(): number {
    let bytes = 0
    const tooMany = this.#queue.findIndex((batch) => {
      bytes += batch.bytes
      return bytes > limits.WRITTEN_AT_ONCE_BYTES
    })
    return tooMany === -1 ? this.#queue.length : Math.max(1, tooMany)
  }

  #forget(batch: Waiting, failure: ChordnsError | undefined): void {
    this.#bytes -= batch.bytes
    this.#unwritten.remove(batch, batch.writes)
    const { file, log } = this.#deps
    if (failure !== undefined && !this.#failing)
      log.error({ file, code: failure.code, error: failure.message }, 'the disk does not take what is to be written')
    this.#failing = failure !== undefined
    for (const done of batch.done) done(failure)
  }

  #check(): void {
    const { file } = this.#deps
    if (this.#isClosed) throw new ChordnsError('STORE_CLOSED', 'the store is closed', { file })
  }
}

function copyOf(write: StoreWrite): StoreWrite {
  const key = write.key.slice()
  return write.kind === 'put' ? { kind: 'put', key, value: copyOfValue(write.value) } : { kind: 'delete', key }
}

function copyOfValue(value: StoredBytes): StoredBytes {
  return value instanceof Uint8Array ? copyOfBytes(value) : value.map(copyOfBytes)
}

/** Large ones in memory that both threads see: they are copied once, and not again on their way; what stands there already is not copied at all. */
function copyOfBytes(bytes: Uint8Array): Uint8Array {
  if (bytes.length < limits.SHARED_FROM_BYTES) return bytes.slice()
  if (bytes.buffer instanceof SharedArrayBuffer && bytes.length === bytes.buffer.byteLength) return bytes
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length))
  copy.set(bytes)
  return copy
}

function bytesOf(write: StoreWrite): number {
  return limits.UNWRITTEN_OVERHEAD_BYTES + write.key.length + (write.kind === 'put' ? lengthOf(write.value) : 0)
}

function lengthOf(value: StoredBytes): number {
  return piecesOf(value).reduce((sum, { length }) => sum + length, 0)
}
