/** The thread that writes to the disk, from the side of the node that answers: it opens files, and ends with all of them closed. */
import { Worker } from 'node:worker_threads'
import { ChordnsError, errorText, type Log } from '../../../base/index.ts'
import { PairsReader } from '../pairs.ts'
import { doing, openReader } from '../sqlite-file.ts'
import { bytesOnDisk } from '../sqlite-store.ts'
import { BackgroundStore, type FileReader } from './background-store.ts'
import { errorOf, type FromWriter, type OpenWish, readFromWriter, type ToWriter } from './messages.ts'

export interface DiskThreadHooks {
  /** The thread ended though nobody asked it to: nothing is written any more. Owes that the node stops. Called once. */
  readonly onBroken: (failure: ChordnsError) => void
}

export interface DiskThread {
  /** Rejects as `openSqliteFile` throws, and with STORE_FAILED when the thread is gone. */
  open(wish: OpenWish): Promise<BackgroundStore>
  /** All that was written is on disk when it resolves, and all files are closed. Twice is harmless. */
  close(): Promise<void>
}

/** In the package this file is JavaScript, and so is that one. */
const WRITER = new URL(import.meta.url.endsWith('.ts') ? './writer.ts' : './writer.js', import.meta.url)

export function startDiskThread({ log }: { readonly log: Log }, { onBroken }: DiskThreadHooks): DiskThread {
  return new RunningThread(log, onBroken)
}

class RunningThread implements DiskThread {
  readonly #log: Log
  readonly #onBroken: (failure: ChordnsError) => void
  readonly #worker: Worker
  readonly #stores = new Map<number, BackgroundStore>()
  /** Who waits for a file to be opened or closed, by its id. */
  readonly #waiting = new Map<number, (failure?: ChordnsError) => void>()
  #nextId = 1
  #closing: Promise<void> | undefined
  #failure: ChordnsError | undefined

  constructor(log: Log, onBroken: (failure: ChordnsError) => void) {
    this.#log = log
    this.#onBroken = onBroken
    this.#worker = new Worker(WRITER, { name: 'disk', resourceLimits: { maxYoungGenerationSizeMb: 4 } })
    this.#worker.on('message', (message: unknown) => this.#heard(readFromWriter(message)))
    this.#worker.on('error', (error) => this.#broken(errorText(error)))
    this.#worker.on('exit', (code) => this.#broken(`exit code ${code}`))
  }

  async open(wish: OpenWish): Promise<BackgroundStore> {
    const { file } = wish
    const id = this.#nextId++
    await this.#answered(id, { kind: 'open', id, wish })
    const store = new BackgroundStore({
      file,
      reader: readerOf(file, this.#log),
      log: this.#log,
      send: (batches) => this.#say({ kind: 'write', id, batches }),
    })
    this.#stores.set(id, store)
    return store
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const closing = [...this.#stores].map(async ([id, store]) => {
      await store.close()
      if (this.#failure === undefined) await this.#answered(id, { kind: 'close', id })
    })
    await Promise.allSettled(closing)
    await this.#worker.terminate()
  }

  /** The writer answered `message`. Throws what it failed with. */
  #answered(id: number, message: ToWriter): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure)
      this.#waiting.set(id, (failure) => (failure === undefined ? resolve() : reject(failure)))
      this.#say(message)
    })
  }

  #say(message: ToWriter): void {
    this.#worker.postMessage(message)
  }

  #heard(message: FromWriter): void {
    if (message.kind === 'log') {
      this.#log[message.level](message.detail, message.message)
    } else if (message.kind === 'written') {
      this.#stores.get(message.id)?.settle(message.failures, message.stats)
    } else {
      const failure = message.kind === 'opened' ? message.failure : undefined
      const done = this.#waiting.get(message.id)
      this.#waiting.delete(message.id)
      done?.(failure && errorOf(failure))
    }
  }

  #broken(reason: string): void {
    if (this.#failure !== undefined) return
    this.#failure = new ChordnsError('STORE_FAILED', `the thread that writes to the disk has ended: ${reason}`, {})
    for (const done of this.#waiting.values()) done(this.#failure)
    this.#waiting.clear()
    for (const store of this.#stores.values()) store.broken(this.#failure)
    // After `close` it is only the end.
    if (this.#closing === undefined) this.#onBroken(this.#failure)
  }
}

function readerOf(file: string, log: Log): FileReader {
  const database = openReader(file)
  const pairs = new PairsReader(database, { file, log })
  return {
    get: (key) => doing(file, () => pairs.get(key)),
    *range(from, to) {
      const found = pairs.range(from, to)
      for (let pair = doing(file, () => found.next()); pair.done !== true; pair = doing(file, () => found.next()))
        yield pair.value
    },
    get damaged() {
      return pairs.damaged
    },
    bytesOnDisk: () => bytesOnDisk(file),
    close: () => database.close(),
  }
}
