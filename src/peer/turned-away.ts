/**
 * Members of a ring that do not let this node in, and say why: the list of the ledger does not have it, or no more. Anybody at such an
 * address could say so, so it is shown to the operator and changes nothing.
 */
import type { Clock, Log, PeerId } from '../base/index.ts'
import { limits } from './limits.ts'

export interface TurnedAwayState {
  /** Members that said so, and have not let this node in since. */
  readonly members: number
  /** Unix ms: the first of them. */
  readonly since: number
  /** Whether this node was on the list, as it knew it or as members let it in: then it was taken off. */
  readonly wasListed: boolean
}

export interface TurnedAwayDeps {
  readonly clock: Clock
  readonly log: Log
  /** Whether this node is on the list as it knows it. */
  readonly isListed: () => boolean
}

/** An operator who reads the log sees it, and it does not fill. */
const SAID_AGAIN_MS = 3_600_000

export class TurnedAway {
  readonly #deps: TurnedAwayDeps
  /** When each said so first, Unix ms. */
  readonly #peers = new Map<PeerId, number>()
  #saidAt = Number.NEGATIVE_INFINITY
  #wasListed = false
  /** When it was seen first that this node's own list does not have it any more, Unix ms. */
  #offSince: number | undefined

  constructor(deps: TurnedAwayDeps) {
    this.#deps = deps
    this.listChanged()
  }

  /** This node knows another list now: what one had is remembered when the next one does not have it. */
  listChanged(): void {
    this.#hasBeenListed()
  }

  heard(peer: PeerId, fault: string): void {
    const { clock, log } = this.#deps
    if (fault !== 'not-listed') {
      log.debug({ peer, fault }, 'a member does not let this node in')
      return
    }
    if (!this.#peers.has(peer) && this.#peers.size < limits.MAX_TURNED_AWAY) this.#peers.set(peer, clock.now())
    if (clock.monotonic() - this.#saidAt < SAID_AGAIN_MS) return
    this.#saidAt = clock.monotonic()
    const why = this.#hasBeenListed()
      ? 'this node was taken off the list of its ring: members do not let it in'
      : 'this node is not on the list of its ring: members do not let it in before its organisation is endorsed and its place is drawn'
    log.warn({ peer }, why)
  }

  welcomed(peer: PeerId): void {
    this.#hasBeenListed()
    this.#peers.delete(peer)
    if (this.#peers.size === 0) this.#saidAt = Number.NEGATIVE_INFINITY
  }

  /** Undefined: nobody says so. */
  state(): TurnedAwayState | undefined {
    const wasListed = this.#hasBeenListed()
    const isOff = wasListed && !this.#deps.isListed()
    if (this.#peers.size === 0 && !isOff) return undefined
    const since = Math.min(this.#offSince ?? Number.POSITIVE_INFINITY, ...this.#peers.values())
    return { members: this.#peers.size, since, wasListed }
  }

  /** Its own list may have lost it already, by the last that it could read of the ledger. */
  #hasBeenListed(): boolean {
    const { clock, log, isListed } = this.#deps
    if (isListed()) {
      this.#wasListed = true
      this.#offSince = undefined
    } else if (this.#wasListed && this.#offSince === undefined) {
      this.#offSince = clock.now()
      log.warn({}, 'this node was taken off the list of its ring')
    }
    return this.#wasListed
  }
}
