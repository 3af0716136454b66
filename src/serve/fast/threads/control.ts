/** What the main thread says to one worker, and the worker's counters: shared memory, each word written by one side. */
import { limits } from '../../limits.ts'

/** Sockets of one worker: as many as the addresses of the machine, twice. */
export const MAX_SOCKETS = limits.FAST_SOCKETS
const WORD_STOP = 0
const WORD_LIST = 1
const WORD_SEEN = 2
const WORD_COUNT = 3
const HEAD_WORDS = 8
/** fd, door, family. */
const SOCKET_WORDS = 3
const COUNTERS = 16
const COUNTER_BYTES = COUNTERS * 8

/**
 * Names of the counters, by their place. Two are the main thread's: `offsetMs`, what to add to the system's monotonic clock, and `wallMs`, what
 * to add to that to have the time of day.
 */
export const COUNTER = {
  answered: 0,
  cut: 1,
  handedOver: 2,
  lost: 3,
  unsent: 4,
  hints: 5,
  batches: 6,
  offsetMs: 7,
  wallMs: 8,
  limited: 9,
} as const

export interface WorkerSocket {
  readonly fd: number
  readonly door: number
  readonly family: number
}

export function controlMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(COUNTER_BYTES + (HEAD_WORDS + MAX_SOCKETS * SOCKET_WORDS) * 4)
}

export class WorkerControl {
  readonly counters: Float64Array
  readonly #words: Int32Array

  constructor(memory: SharedArrayBuffer) {
    this.counters = new Float64Array(memory, 0, COUNTERS)
    this.#words = new Int32Array(memory, COUNTER_BYTES)
  }

  /** Main thread: from now on these. The worker has taken it over when `isSeen`. */
  list(sockets: readonly WorkerSocket[]): void {
    // Odd while it is being written: a worker that reads it then reads it again.
    Atomics.add(this.#words, WORD_LIST, 1)
    this.#words[WORD_COUNT] = sockets.length
    for (const [index, { fd, door, family }] of sockets.entries())
      this.#words.set([fd, door, family], HEAD_WORDS + index * SOCKET_WORDS)
    Atomics.add(this.#words, WORD_LIST, 1)
  }

  get isSeen(): boolean {
    return Atomics.load(this.#words, WORD_SEEN) === Atomics.load(this.#words, WORD_LIST)
  }

  stop(): void {
    Atomics.store(this.#words, WORD_STOP, 1)
  }

  /** Worker: true when it is to end. */
  get isStopped(): boolean {
    return Atomics.load(this.#words, WORD_STOP) === 1
  }

  /** Worker: the list, if there is one that it has not seen. */
  news(): readonly WorkerSocket[] | undefined {
    const version = Atomics.load(this.#words, WORD_LIST)
    if (version === Atomics.load(this.#words, WORD_SEEN) || (version & 1) === 1) return undefined
    const sockets = Array.from({ length: this.#words[WORD_COUNT]! }, (_, index): WorkerSocket => {
      const at = HEAD_WORDS + index * SOCKET_WORDS
      return { fd: this.#words[at]!, door: this.#words[at + 1]!, family: this.#words[at + 2]! }
    })
    if (Atomics.add(this.#words, WORD_LIST, 0) !== version) return undefined
    Atomics.store(this.#words, WORD_SEEN, version)
    return sockets
  }
}

/** Ms of the system's monotonic clock: the same in all threads, unlike `performance.now()`. */
export function systemMonotonic(): number {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1000 + nanoseconds / 1e6
}
