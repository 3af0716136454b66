/**
 * Members of a ring that do not let this node in, and say why: the list of the ledger does not have it, or no more. Anybody at such an
 * address could say so, so it is shown to the operator and changes nothing.
 */
import type { Clock, Log, PeerId } from '../base/index.ts'

export interface TurnedAwayState {
  /** Members that said so, and have not let this node in since. */
  readonly members: number
  /** Unix ms: the first of them. */
  readonly since: number
  /** Whether this node's own list has it: then the members have a newer one, and it was taken off. */
  readonly wasListed: boolean
}

export interface TurnedAwayDeps {
  readonly clock: Clock
  readonly log: Log
  /** Whether this node is on the list as it knows it. */
  readonly isListed: () => boolean
}

const MAX_PEERS = 64
/** An operator who reads the log sees it, and it does not fill. */
const SAID_AGAIN_MS = 3_600_000

export class TurnedAway {
  readonly #deps: TurnedAwayDeps
  /** When each said so first, Unix ms. */
  readonly #peers = new Map<PeerId, number>()
  #saidAt = Number.NEGATIVE_INFINITY

  constructor(deps: TurnedAwayDeps) {
    this.#deps = deps
  }

  heard(peer: PeerId, fault: string): void {
    const { clock, log, isListed } = this.#deps
    if (fault !== 'not-listed') {
      log.debug({ peer, fault }, 'a member does not let this node in')
      return
    }
    if (!this.#peers.has(peer) && this.#peers.size < MAX_PEERS) this.#peers.set(peer, clock.now())
    if (clock.monotonic() - this.#saidAt < SAID_AGAIN_MS) return
    this.#saidAt = clock.monotonic()
    const why = isListed()
      ? 'this node was taken off the list of its ring: members have a newer list, and do not let it in'
      : 'this node is not on the list of its ring: members do not let it in before its organisation is endorsed and its place is drawn'
    log.warn({ peer }, why)
  }

  welcomed(peer: PeerId): void {
    this.#peers.delete(peer)
    if (this.#peers.size === 0) this.#saidAt = Number.NEGATIVE_INFINITY
  }

  /** Undefined: nobody says so. */
  state(): TurnedAwayState | undefined {
    if (this.#peers.size === 0) return undefined
    return {
      members: this.#peers.size,
      since: Math.min(...this.#peers.values()),
      wasListed: this.#deps.isListed(),
    }
  }
}
