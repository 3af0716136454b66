/** How far this node's clock is off those of its peers: what it signs counts for nothing when it is off by half a minute. */
import type { Clock, Log, PeerId } from '../../base/index.ts'
import { limits } from '../limits.ts'

export class Skew {
  readonly #offsets = new Map<PeerId, number>()
  readonly #clock: Clock
  readonly #log: Log
  #warnedAt = Number.NEGATIVE_INFINITY

  constructor(clock: Clock, log: Log) {
    this.#clock = clock
    this.#log = log
  }

  /** `when`: what the peer's clock said at some time between `askedAt` (unix ms, this node's clock) and now. */
  measure(peer: PeerId, when: number, askedAt: number): void {
    const now = this.#clock.now()
    this.#offsets.delete(peer)
    this.#offsets.set(peer, (askedAt + now) / 2 - when)
    if (this.#offsets.size > limits.MAX_CLOCKS) this.#offsets.delete(this.#offsets.keys().next().value!)
    const { ms } = this
    // With one peer only, its clock may be the wrong one.
    if (this.#offsets.size < 2 || Math.abs(ms) < limits.WARN_SKEW_MS || now - this.#warnedAt < limits.WARN_AGAIN_MS)
      return
    this.#warnedAt = now
    this.#log.warn(
      { skewMs: ms, peers: this.#offsets.size },
      'this clock is off those of the other members: beyond 30 s nothing that this node signs is counted',
    )
  }

  /** Ms that this clock is ahead of the median of its peers. 0 when none is known. */
  get ms(): number {
    const sorted = [...this.#offsets.values()].sort((a, b) => a - b)
    const middle = sorted.length >> 1
    if (sorted.length === 0) return 0
    return Math.round(sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2)
  }
}
