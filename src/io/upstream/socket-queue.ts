/**
 * Which queries have a UDP socket, and which wait for one. A shortage of this node is nobody's failure: what cannot be sent now is
 * sent when a socket is free, in the order of asking; queries to servers that were silent lately after all others, and never on the
 * last sockets. Where a bound is met, what is worth least gives way: first a query that timed out and is kept for a late reply, then
 * the one that has waited for longest.
 */
import { type Cancel, type Clock, WorkList } from '../../base/index.ts'
import { limits } from '../limits.ts'
import type { PendingQuery } from './pending-query.ts'

/** Opens a socket for the query and sends it. */
export type SendByUdp = (pending: PendingQuery) => void

/** How much the ceiling rises with each query that ends well: one refusal in so many tries to find out costs little. */
const RISE = 0.1

export class SocketQueue {
  readonly #clock: Clock
  readonly #send: SendByUdp
  readonly #most: number
  /** In the order in which they were sent. */
  readonly #open = new WorkList<PendingQuery>()
  /** In the order in which they came. */
  readonly #waiting = new WorkList<PendingQuery>()
  /** The same, to servers that were silent lately. */
  readonly #patient = new WorkList<PendingQuery>()
  /** Of those that are open. */
  #openPatient = 0
  /** Those that the system refused a socket: earlier than all that wait. */
  readonly #refused: PendingQuery[] = []
  #turn = 0
  /** How many may be open: falls when the system refuses a socket, and rises with each one that ends well. */
  #ceiling: number
  #cancelRetry: Cancel | undefined

  constructor(clock: Clock, send: SendByUdp, most: number = limits.MAX_UDP_SOCKETS) {
    this.#clock = clock
    this.#send = send
    this.#most = most
    this.#ceiling = most
  }

  get open(): number {
    return this.#open.size
  }

  get waiting(): number {
    return this.#waiting.size + this.#patient.size + this.#refused.length
  }

  /** Sends it now, or when it is its turn. Fails it with UPSTREAM_BUSY after its `waitMs`. */
  add(pending: PendingQuery): void {
    pending.onSettled(() => {
      this.#forget(pending)
      if (!this.#close(pending)) return
      if (pending.state === 'answered' && this.#ceiling < this.#most) this.#ceiling += RISE
      this.#next()
    })
    this.#lineOf(pending).add(pending)
    if (this.#waiting.size + this.#patient.size > limits.MAX_WAITING_QUERIES) {
      const oldest = this.#patient.first ?? this.#waiting.first
      oldest?.fail('UPSTREAM_BUSY', 'too many queries wait for a socket of this node')
    }
    this.#next()
    if (this.#lineOf(pending).has(pending)) pending.beginWaiting()
  }

  /** The system had no socket: it waits again, as the first, and no more than are open now are tried for a while. */
  refused(pending: PendingQuery): void {
    if (!this.#close(pending)) return
    pending.putBack()
    this.#ceiling = Math.max(limits.MIN_UDP_SOCKETS, Math.min(this.#ceiling, this.#open.size))
    this.#refused.push(pending)
    // Where nothing of ours is open whose end would call for the next one, somebody else has them all.
    this.#cancelRetry ??= this.#clock.after(limits.SOCKET_RETRY_MS, () => {
      this.#cancelRetry = undefined
      this.#next()
    })
  }

  /** Fails all with `UPSTREAM_CLOSED`. */
  close(): void {
    this.#cancelRetry?.()
    this.#requeue()
    for (const pending of [...this.#waiting.all(), ...this.#patient.all(), ...this.#open.all()])
      pending.fail('UPSTREAM_CLOSED', 'this node is stopping')
  }

  #next(): void {
    // Until the retry is due, the system has nothing to give.
    if (this.#cancelRetry !== undefined) return
    this.#requeue()
    for (const line of [this.#waiting, this.#patient])
      for (let pending = line.first; pending !== undefined; pending = line.first) {
        if (line === this.#patient && this.#openPatient >= this.#mostPatient) return
        if (this.#open.size >= Math.floor(this.#ceiling) && !this.#dropLate()) return
        line.delete(pending)
        this.#begin(pending)
        if (this.#cancelRetry !== undefined) return
      }
  }

  #begin(pending: PendingQuery): void {
    this.#open.add(pending)
    if (isPatient(pending)) this.#openPatient++
    pending.turn = this.#turn++
    pending.begin()
    this.#send(pending)
  }

  /** False when it has no socket. */
  #close(pending: PendingQuery): boolean {
    if (!this.#open.delete(pending)) return false
    if (isPatient(pending)) this.#openPatient--
    return true
  }

  get #mostPatient(): number {
    return Math.max(1, Math.floor(this.#ceiling * limits.PATIENT_PART))
  }

  #lineOf(pending: PendingQuery): WorkList<PendingQuery> {
    return isPatient(pending) ? this.#patient : this.#waiting
  }

  #forget(pending: PendingQuery): void {
    if (this.#lineOf(pending).delete(pending)) return
    const index = this.#refused.indexOf(pending)
    if (index >= 0) this.#refused.splice(index, 1)
  }

  /** Those that were refused go before the others, in the order in which they were sent. */
  #requeue(): void {
    if (this.#refused.length === 0) return
    const first = this.#refused.splice(0).sort((a, b) => a.turn - b.turn)
    for (const line of [this.#waiting, this.#patient]) {
      const after = line.all()
      for (const pending of after) line.delete(pending)
      for (const pending of [...first.filter((one) => this.#lineOf(one) === line), ...after]) line.add(pending)
    }
  }

  /** Ends the oldest of those that are only kept for a late reply; false when there is none. */
  #dropLate(): boolean {
    for (let pending = this.#open.first; pending !== undefined; pending = pending.place?.newer)
      if (pending.state === 'late') {
        // Its end calls for the next one by itself: taken out first, so that this happens once.
        this.#close(pending)
        pending.fail('UPSTREAM_TIMEOUT', 'its socket was needed')
        return true
      }
    return false
  }
}

function isPatient({ query }: PendingQuery): boolean {
  return query.patient === true
}
