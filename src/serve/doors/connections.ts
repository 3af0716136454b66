/** All connections of a front end, whatever they carry: how many there may be, and of whom. */
import type { Socket } from 'node:net'
import type { Clock, Endpoint } from '../../base/index.ts'
import type { Client } from '../access/access.ts'
import { connectionShare, Shares } from '../access/fairness.ts'
import type { ServeLimits } from '../limits.ts'

/** What answers many questions of one connection at once, without the desk. */
export interface ConnectionAnswers {
  /** Messages that it takes in one go. */
  readonly most: number
  /** The client in the form that `answer` wants. */
  senderOf(client: Endpoint): Uint8Array
  /** Messages as they came, of a client that may ask. `isPadded`: replies to queries with padding are padded (RFC 8467). */
  answer(messages: readonly Uint8Array[], sender: Uint8Array, isPadded: boolean): FromTable
}

export interface FromTable {
  /** Framed, one after the other; undefined when there is none. */
  readonly replies: Uint8Array | undefined
  /** For the desk. */
  readonly misses: readonly Uint8Array[]
}

/** What a connection is at the moment: one whose handshake is under way, one of framed questions, one of HTTP. */
export interface Connected {
  /** No question of it is in work. */
  readonly isIdle: boolean
  /** Monotonic ms of the last whole question or answer. */
  readonly activeAt: number
  /** Answers what is in work, and ends. */
  stopReading(): void
  destroy(): void
}

/** A connection's place among those that may be open. */
export interface ConnectionPlace {
  readonly address: string
  readonly port: number
  /** From now on the connection is this. */
  become(connected: Connected): void
}

/** The limits hold over all addresses of the front end together. */
export class Connections {
  readonly #open = new Map<Socket, Connected>()
  readonly #shares = new Shares()
  readonly #limits: ServeLimits
  readonly #clientOf: (address: string) => Client
  /** Asked before the desk. Undefined: the desk is asked everything. */
  readonly answers: ConnectionAnswers | undefined
  #whenEmpty: (() => void) | undefined

  constructor(limits: ServeLimits, clientOf: (address: string) => Client, answers?: ConnectionAnswers) {
    this.#limits = limits
    this.#clientOf = clientOf
    this.answers = answers
  }

  get size(): number {
    return this.#open.size
  }

  /** It may change while a connection is open. */
  mayAsk(address: string): boolean {
    return this.#clientOf(address).allowed
  }

  /** Takes a connection in, or closes it and returns undefined when the client or everybody has too many. */
  enter(socket: Socket, now: number): ConnectionPlace | undefined {
    const { remoteAddress: address, remotePort: port } = socket
    // A client that has gone before it was accepted.
    if (address === undefined || port === undefined) return void socket.destroy()
    const client = this.#clientOf(address)
    if (this.#shares.of(client.key) >= connectionShare(client, this.#limits) || !this.#makeRoom())
      return void socket.destroy()
    const destroy = () => void socket.destroy()
    this.#open.set(socket, { isIdle: true, activeAt: now, stopReading: destroy, destroy })
    this.#shares.hold(client.key)
    socket.once('close', () => {
      this.#open.delete(socket)
      this.#shares.release(client.key)
      if (this.#open.size === 0) this.#whenEmpty?.()
    })
    return {
      address,
      port,
      become: (connected) => {
        if (this.#open.has(socket)) this.#open.set(socket, connected)
        else connected.destroy()
      },
    }
  }

  /** No more questions are read; what is in work is answered. */
  finishAll(): void {
    for (const connected of this.#open.values()) connected.stopReading()
  }

  /** Gives answers that are on their way `graceMs` to leave, then ends what is left. */
  async closeAll(clock: Clock, graceMs: number): Promise<void> {
    this.finishAll()
    if (this.#open.size > 0) {
      await new Promise<void>((resolve) => {
        const cancel = clock.after(graceMs, resolve)
        this.#whenEmpty = () => {
          cancel()
          resolve()
        }
      })
    }
    for (const connected of this.#open.values()) connected.destroy()
  }

  /** The connection that has been idle longest makes room (RFC 7766 section 6.2.3). */
  #makeRoom(): boolean {
    if (this.#open.size < this.#limits.MAX_TCP_CONNECTIONS) return true
    let idlest: Connected | undefined
    for (const one of this.#open.values()) {
      if (one.isIdle && (idlest === undefined || one.activeAt < idlest.activeAt)) idlest = one
    }
    idlest?.destroy()
    return idlest !== undefined
  }
}
