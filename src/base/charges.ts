/**
 * What each peer has made this node do, and may still. What a message costs is often known only when the work is done: it is charged
 * then, a peer may come into debt by one message, and is refused until it has earned the debt back.
 */
import type { Clock } from './ports.ts'

export interface ChargesOptions {
  /** In whatever unit the work is counted. */
  readonly perSecond: number
  readonly burst: number
  /** Peers that are remembered; whoever was charged longest ago is forgotten first. */
  readonly maxPeers: number
}

export class Charges {
  readonly #accounts = new Map<string, { credit: number; at: number }>()
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #options: ChargesOptions

  constructor(clock: Pick<Clock, 'monotonic'>, options: ChargesOptions) {
    this.#clock = clock
    this.#options = options
  }

  /** True while the peer has nothing left: its next message is not worked on. */
  isSpent(peer: string): boolean {
    return this.#accounts.has(peer) && this.#credit(peer) <= 0
  }

  charge(peer: string, cost: number): void {
    const credit = this.#credit(peer) - cost
    this.#accounts.delete(peer)
    this.#accounts.set(peer, { credit, at: this.#clock.monotonic() })
    if (this.#accounts.size > this.#options.maxPeers) this.#accounts.delete(this.#accounts.keys().next().value!)
  }

  #credit(peer: string): number {
    const { perSecond, burst } = this.#options
    const account = this.#accounts.get(peer)
    if (account === undefined) return burst
    return Math.min(burst, account.credit + ((this.#clock.monotonic() - account.at) * perSecond) / 1_000)
  }
}
