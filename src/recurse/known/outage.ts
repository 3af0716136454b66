/**
 * Whether the way out of this machine was gone, and is back. While nobody answers, names fail and servers rest for a fault that is not
 * theirs; what was remembered against them meanwhile is forgotten with the first reply, and when the machine's addresses change.
 */
export interface OutageHooks {
  /** Forgets what was remembered against names and servers. */
  readonly onOver: () => void
  /** The same, and what was bogus: it was somebody on the other network who made it so, perhaps. */
  readonly onMoved: () => void
}

export interface OutageLimits {
  /** Failures in a row, without a reply from anybody. */
  readonly OUTAGE_FAILURES: number
  /** And for so long, ms: no single zone is waited for as long. */
  readonly OUTAGE_MS: number
}

export class Outage {
  readonly #limits: OutageLimits
  readonly #monotonic: () => number
  readonly #hooks: OutageHooks
  #failures = 0
  #firstFailure = 0
  #network: string | undefined
  /** How many have ended: what was learnt in an earlier one is out of date. */
  #ended = 0
  #moves = 0

  constructor(limits: OutageLimits, monotonic: () => number, hooks: OutageHooks) {
    this.#limits = limits
    this.#monotonic = monotonic
    this.#hooks = hooks
  }

  get ended(): number {
    return this.#ended
  }

  /** How often this machine's addresses have changed. */
  get moves(): number {
    return this.#moves
  }

  /** A server was silent, or the network said no. */
  onFailure(): void {
    if (this.#failures++ === 0) this.#firstFailure = this.#monotonic()
  }

  onReply(): void {
    const { OUTAGE_FAILURES, OUTAGE_MS } = this.#limits
    const wasAway = this.#failures >= OUTAGE_FAILURES && this.#monotonic() - this.#firstFailure >= OUTAGE_MS
    this.#failures = 0
    if (wasAway) this.#end()
  }

  /** `network`: what this machine's addresses are now. */
  onNetwork(network: string): void {
    const before = this.#network
    this.#network = network
    if (before === undefined || before === network) return
    this.#end()
    this.#moves++
    this.#hooks.onMoved()
  }

  #end(): void {
    this.#ended++
    this.#failures = 0
    this.#hooks.onOver()
  }
}
