/**
 * Links that take a while. A kernel without netem holds nothing back, so the router of `hosts.ts` sends what goes from one machine to another
 * through a TUN device, and a thread of this process holds each packet (`held-links-thread.ts`). What goes to and from the router
 * itself does not pass there: authorities have delays of their own.
 */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'

const THREAD = fileURLToPath(new URL('./held-links-thread.ts', import.meta.url))
const DEVICE = 'held0'
const TABLE = '100'
const START_MS = 10_000

/** Where the thread counts: packets, bytes, those that were lost, and one that says when to end. */
export const Count = { END: 0, PACKETS: 1, BYTES: 2, LOST: 3, HELD: 4 } as const
/** How long packets were held really, counted in steps of 10 microseconds up to 20 ms. */
export const STEP_US = 10
export const STEPS = 2_000

export interface HeldLinksData {
  readonly device: string
  readonly holdUs: number
  readonly counts: Int32Array
}

export interface HeldSeen {
  readonly packets: number
  readonly bytes: number
  readonly lost: number
  /** One way, ms. */
  readonly p50: number
  readonly p99: number
}

export class HeldLinks {
  readonly #thread: Worker
  readonly #counts: Int32Array

  private constructor(thread: Worker, counts: Int32Array) {
    this.#thread = thread
    this.#counts = counts
  }

  /** In the namespace of `Hosts`. `holdMs`: one way, added to what the way takes anyway. */
  static async begin(holdMs: number): Promise<HeldLinks> {
    const counts = new Int32Array(new SharedArrayBuffer(4 * (Count.HELD + STEPS + 1)))
    const workerData: HeldLinksData = { device: DEVICE, holdUs: Math.round(holdMs * 1_000), counts }
    const thread = new Worker(THREAD, { workerData })
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('the thread that holds packets does not begin')), START_MS)
      const ready = () => {
        clearTimeout(timer)
        resolve()
      }
      thread.once('message', ready).once('error', reject)
    })
    ip('link', 'set', DEVICE, 'up', 'txqueuelen', '5000')
    // The packet comes back by another device than its sender is at.
    for (const one of ['all', DEVICE]) writeFileSync(`/proc/sys/net/ipv4/conf/${one}/rp_filter`, '0')
    ip('route', 'add', 'default', 'dev', DEVICE, 'table', TABLE)
    return new HeldLinks(thread, counts)
  }

  /** From now on what comes from this machine and goes to another one is held. */
  hold(port: string): void {
    ip('rule', 'add', 'iif', port, 'lookup', TABLE)
  }

  /** Since it began, or was cleared. */
  seen(): HeldSeen {
    const counts = this.#counts.slice()
    const held = counts.subarray(Count.HELD)
    const quantile = (share: number) => {
      let left = share * held.reduce((sum, one) => sum + one, 0)
      const step = held.findIndex((one) => {
        left -= one
        return left <= 0
      })
      return (step * STEP_US) / 1_000
    }
    return {
      packets: counts[Count.PACKETS]!,
      bytes: counts[Count.BYTES]!,
      lost: counts[Count.LOST]!,
      p50: quantile(0.5),
      p99: quantile(0.99),
    }
  }

  clear(): void {
    this.#counts.fill(0, Count.PACKETS)
  }

  async end(): Promise<void> {
    Atomics.store(this.#counts, Count.END, 1)
    await new Promise<void>((resolve) => this.#thread.once('exit', () => resolve()))
  }
}

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] })
}
