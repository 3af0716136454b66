/** The workers of a fast path: started, told which sockets are theirs, replaced when they die, ended. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { type Cancel, type Clock, errorText, type Log } from '../../../base/index.ts'
import type { ServeLimits } from '../../limits.ts'
import type { Libc } from '../system/libc.ts'
import type { SharedTable } from '../table/layout.ts'
import { accessMemory, writeAccess } from './access-list.ts'
import { COUNTER, controlMemory, systemMonotonic, WorkerControl, type WorkerSocket } from './control.ts'
import { PacketTaker, type QueuedPacket, queueMemory } from './queue.ts'
import type { WorkerData } from './worker.ts'

export interface CrewDeps {
  readonly libc: Libc
  readonly table: SharedTable
  /** Counts replies by client (`ReplyRate`). */
  readonly rate: SharedArrayBuffer
  /** What server cookies are made with; undefined: workers leave queries with a cookie to the main thread. */
  readonly cookieSecret: Uint8Array | undefined
  readonly workers: number
  readonly clock: Clock
  readonly log: Log
  readonly limits: ServeLimits
}

export interface CrewHooks {
  /** Hears of each packet that a worker hands over. Must not throw. */
  readonly onPacket: (packet: QueuedPacket) => void
}

/** In the package this file is JavaScript, and so is that one. */
const WORKER = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url)
const EFD_NONBLOCK = 0x800
const EFD_CLOEXEC = 0x80000
const ONE = new BigUint64Array(new ArrayBuffer(128))
ONE[0] = 1n
/** How long a worker may take to let a socket go, ms: it is in the middle of a batch, or dead. */
const LET_GO_MS = 2_000

export class Crew {
  readonly #deps: CrewDeps
  readonly #access = accessMemory()
  readonly #members: readonly Member[]
  #cancelTick: Cancel = () => {}
  readonly #onExit = () => {
    for (const member of this.#members) member.stop()
  }

  constructor(deps: CrewDeps, hooks: CrewHooks) {
    this.#deps = deps
    this.#members = Array.from({ length: deps.workers }, (_, number) => new Member(deps, hooks, number, this.#access))
  }

  get size(): number {
    return this.#members.length
  }

  /** Nobody may ask before it is called. */
  allow(allow: readonly string[]): void {
    writeAccess(this.#access, { allow })
    for (const member of this.#members) member.wake()
  }

  start(): void {
    // A thread that waits in a system call would hold up the end of the process.
    process.once('exit', this.#onExit)
    this.#tick()
    for (const member of this.#members) member.start()
  }

  /** `sockets`: one for each worker. What comes before a worker reads them waits in the system. */
  add(sockets: readonly WorkerSocket[]): void {
    for (const [index, member] of this.#members.entries()) member.change((all) => [...all, sockets[index]!])
  }

  /** When it resolves, no worker reads them. */
  async remove(door: number): Promise<void> {
    for (const member of this.#members) member.change((all) => all.filter((one) => one.door !== door))
    await Promise.all(this.#members.map((member) => member.settled()))
  }

  /** Of all workers. */
  count(counter: keyof typeof COUNTER): number {
    return this.#members.reduce((sum, { control }) => sum + control.counters[COUNTER[counter]]!, 0)
  }

  get restarts(): number {
    return this.#members.reduce((sum, member) => sum + member.restarts, 0)
  }

  async close(): Promise<void> {
    this.#cancelTick()
    process.removeListener('exit', this.#onExit)
    await Promise.all(this.#members.map((member) => member.end()))
  }

  /** The workers' time is that of this thread's clock, which may have slept. */
  #tick(): void {
    const { clock, limits } = this.#deps
    const offset = clock.monotonic() - systemMonotonic()
    const wall = clock.now() - clock.monotonic()
    for (const { control } of this.#members) {
      control.counters[COUNTER.offsetMs] = offset
      control.counters[COUNTER.wallMs] = wall
    }
    this.#cancelTick = clock.after(limits.FAST_TICK_MS, () => this.#tick())
  }
}

class Member {
  readonly control: WorkerControl
  restarts = 0
  readonly #deps: CrewDeps
  readonly #hooks: CrewHooks
  readonly #number: number
  readonly #data: WorkerData
  readonly #taker: PacketTaker
  #worker: Worker | undefined
  #ended: Promise<void> = Promise.resolve()
  #sockets: readonly WorkerSocket[] = []
  #isStopped = false
  #isTaking = false
  #startedAt = 0
  #delayMs: number

  constructor(deps: CrewDeps, hooks: CrewHooks, number: number, access: SharedArrayBuffer) {
    const { libc, table, rate, cookieSecret, limits } = deps
    const control = controlMemory()
    const queue = queueMemory(limits.FAST_QUEUE_BYTES)
    this.#deps = deps
    this.#hooks = hooks
    this.#number = number
    this.control = new WorkerControl(control)
    this.#taker = new PacketTaker(queue)
    this.#delayMs = limits.FAST_RESTART_MS
    this.#data = {
      table,
      access,
      rate,
      cookieSecret,
      control,
      queue,
      wakeFd: libc.eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC),
      maxReply: limits.MAX_UDP_REPLY,
      minReply: limits.MIN_UDP_REPLY,
      maxQuery: limits.MAX_UDP_QUERY,
      batch: limits.FAST_BATCH,
    }
    this.#taker.sleep()
  }

  start(): void {
    const worker = new Worker(WORKER, {
      name: `serve-${this.#number}`,
      workerData: this.#data,
      resourceLimits: { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 64 },
    })
    this.#worker = worker
    this.#startedAt = performance.now()
    this.#ended = new Promise((resolve) => worker.once('exit', () => resolve()))
    worker.on('message', () => this.#takeAll())
    let reason = 'it ended by itself'
    worker.on('error', (error) => {
      reason = errorText(error)
    })
    worker.once('exit', () => this.#gone(reason))
  }

  /** The sockets stay: what comes meanwhile waits in the system. Whoever dies again and again is started more and more seldom. */
  #gone(reason: string): void {
    this.#worker = undefined
    if (this.#isStopped) return
    const { log, limits } = this.#deps
    const livedMs = performance.now() - this.#startedAt
    this.#delayMs =
      livedMs > limits.FAST_RESTART_MAX_MS
        ? limits.FAST_RESTART_MS
        : Math.min(this.#delayMs * 2, limits.FAST_RESTART_MAX_MS)
    log.error(
      { worker: this.#number, reason, again: this.#delayMs },
      'a worker that answers queries has died, and is replaced',
    )
    this.restarts++
    // What it had not seen yet is news to the next one, too.
    this.control.list(this.#sockets)
    setTimeout(() => {
      if (!this.#isStopped) this.start()
    }, this.#delayMs).unref()
  }

  change(to: (sockets: readonly WorkerSocket[]) => readonly WorkerSocket[]): void {
    this.#sockets = to(this.#sockets)
    this.control.list(this.#sockets)
    this.wake()
  }

  /** Resolves when the worker has taken over which sockets are its. */
  async settled(): Promise<void> {
    const end = performance.now() + LET_GO_MS
    while (this.#worker !== undefined && !this.control.isSeen && performance.now() < end) await sleep(1)
  }

  wake(): void {
    this.#deps.libc.write(this.#data.wakeFd, ONE, 8)
  }

  stop(): void {
    this.#isStopped = true
    this.control.stop()
    this.wake()
  }

  async end(): Promise<void> {
    this.stop()
    await this.#ended
    this.#takeAll()
    this.#deps.libc.close(this.#data.wakeFd)
  }

  /** A few at a time, so that replies of authorities have their turn, too. */
  #takeAll(): void {
    if (this.#isTaking) return
    for (let i = 0; i < this.#deps.limits.FAST_PACKETS_IN_A_ROW; i++) {
      const packet = this.#taker.take()
      if (packet !== undefined) this.#hooks.onPacket(packet)
      else if (this.#taker.sleep()) return
    }
    this.#isTaking = true
    setImmediate(() => {
      this.#isTaking = false
      this.#takeAll()
    })
  }
}
