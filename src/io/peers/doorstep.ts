/**
 * The doorstep: connections that came in and whose peer has not passed hello, from their first packet on. Each has a term and
 * a place (places.ts); libp2p asks here before it spends anything on one.
 */
import type { ConnectionGater, MultiaddrConnection } from '@libp2p/interface'
import { asPeerId, type Clock, type PeerId } from '../../base/index.ts'
import { limits } from '../limits.ts'
import { DoorPlaces, hostOf } from './places.ts'

interface Waiting {
  readonly host: string
  /** Known once Noise is over. */
  peer: PeerId | undefined
  readonly leave: () => void
}

export interface DoorstepHooks {
  /** Owes whether a member is known to be at this host. */
  readonly isKnownHost: (host: string) => boolean
  readonly isAdmitted: (peer: PeerId) => boolean
  /** A peer that came from this host was let in. */
  readonly onAdmitted: (host: string) => void
}

export class Doorstep {
  readonly counters = { turnedAway: 0 }
  readonly #clock: Clock
  readonly #hooks: DoorstepHooks
  readonly #places: DoorPlaces
  readonly #waiting = new Map<MultiaddrConnection, Waiting>()

  constructor(clock: Clock, hooks: DoorstepHooks) {
    this.#clock = clock
    this.#hooks = hooks
    this.#places = new DoorPlaces({ isKnown: hooks.isKnownHost })
  }

  /** What libp2p asks about each connection that comes in. */
  gater(): ConnectionGater {
    return {
      denyInboundConnection: (connection) => !this.#enter(connection),
      denyInboundUpgradedConnection: (peer, connection) => {
        this.#identify(asPeerId(peer.toString()), connection)
        return false
      },
    }
  }

  /** The peer passed hello: its connections wait no longer. */
  admit(peer: PeerId): void {
    for (const waiting of [...this.#waiting.values()]) if (waiting.peer === peer) this.#letIn(waiting)
  }

  /** Connections that wait now, and of how many of them a member is known to be at the host. */
  counts(): { readonly known: number; readonly strangers: number } {
    return this.#places.counts()
  }

  /** No term runs after this. */
  end(): void {
    for (const { leave } of [...this.#waiting.values()]) leave()
  }

  #enter(connection: MultiaddrConnection): boolean {
    const host = hostOf(connection.remoteAddr.getComponents()[0]?.value ?? '')
    const turnAway = () => {
      this.counters.turnedAway++
      leave()
      connection.abort(new Error('hello was not over in time'))
    }
    const giveBack = this.#places.take(host, { evict: turnAway }, this.#clock.monotonic())
    if (giveBack === undefined) {
      this.counters.turnedAway++
      return false
    }
    const cancel = this.#clock.after(limits.STRANGER_MS, turnAway)
    const leave = () => {
      cancel()
      giveBack()
      this.#waiting.delete(connection)
    }
    this.#waiting.set(connection, { host, peer: undefined, leave })
    connection.addEventListener('close', leave)
    return true
  }

  #identify(peer: PeerId, connection: MultiaddrConnection): void {
    const waiting = this.#waiting.get(connection)
    if (waiting === undefined) return
    waiting.peer = peer
    if (this.#hooks.isAdmitted(peer)) this.#letIn(waiting)
  }

  #letIn(waiting: Waiting): void {
    waiting.leave()
    this.#hooks.onAdmitted(waiting.host)
  }
}
