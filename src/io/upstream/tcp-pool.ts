/**
 * Queries by TCP over connections that are used again (RFC 7766): a hand-shake less for each further query, several in work
 * at once, matched to their replies by id. A connection that gave a time-out, or broke, is not used for anything new.
 */
import { connect, type Socket } from 'node:net'
import type { Cancel, Clock } from '../../base/index.ts'
import { framedForTcp, TcpMessageReader } from '../../dns/index.ts'
import { limits } from '../limits.ts'
import type { PendingQuery } from './pending-query.ts'

export class TcpPool {
  readonly #clock: Clock
  readonly #connections = new Set<Connection>()
  /** What no connection had room for, in the order of asking. */
  readonly #waiting = new Map<PendingQuery, string | undefined>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Open connections: at most MAX_TCP_CONNECTIONS. */
  get size(): number {
    return this.#connections.size
  }

  /**
   * `source`: the address to connect from; undefined: the system's choice. Where all connections are taken it waits for one, and
   * fails with UPSTREAM_BUSY after its `waitMs`.
   */
  ask(pending: PendingQuery, source: string | undefined): void {
    if (this.#mayOvertake(pending) && this.#begin(pending, source)) return
    this.#waiting.set(pending, source)
    pending.beginWaiting()
    pending.onSettled(() => this.#waiting.delete(pending))
    if (this.#waiting.size <= limits.MAX_WAITING_QUERIES) return
    const [oldest] = this.#waiting.keys()
    oldest?.fail('UPSTREAM_BUSY', 'too many queries wait for a connection of this node')
  }

  /** The first in its line: queries to servers that were silent lately stand in the second. */
  #mayOvertake({ query }: PendingQuery): boolean {
    return query.patient === true
      ? this.#waiting.size === 0
      : ![...this.#waiting.keys()].some((one) => one.query.patient !== true)
  }

  /** False when no connection has room and none can be opened. */
  #begin(pending: PendingQuery, source: string | undefined): boolean {
    const { server } = pending.query
    const key = `${server.address}#${server.port}#${source ?? ''}`
    const used = pending.query.fresh
      ? undefined
      : [...this.#connections].find((one) => one.key === key && one.takes(pending))
    const connection = used ?? this.#open(key, pending, source)
    if (connection === undefined) return false
    pending.begin()
    connection.ask(pending)
    return true
  }

  /** A connection has room, or has ended. */
  #next(): void {
    for (const patient of [false, true])
      for (const [pending, source] of this.#waiting) {
        if ((pending.query.patient === true) !== patient) continue
        if (!this.#begin(pending, source)) break
        this.#waiting.delete(pending)
      }
  }

  close(): void {
    for (const pending of [...this.#waiting.keys()]) pending.fail('UPSTREAM_CLOSED', 'this node is stopping')
    for (const connection of [...this.#connections]) connection.end()
  }

  #open(key: string, pending: PendingQuery, source: string | undefined): Connection | undefined {
    const isPatient = pending.query.patient === true
    const most = limits.MAX_TCP_CONNECTIONS
    if (isPatient && [...this.#connections].filter((one) => one.isPatient).length >= most * limits.PATIENT_PART)
      return undefined
    if (this.#connections.size >= most) {
      // The one that has been idle for longest makes room.
      const idle = [...this.#connections].find((one) => one.idle)
      if (idle === undefined) return undefined
      idle.end()
    }
    const { address, port } = pending.query.server
    const socket = connect({
      host: address,
      port,
      noDelay: true,
      ...(source !== undefined && { localAddress: source }),
    })
    const connection: Connection = new Connection(socket, key, isPatient, this.#clock, {
      onIdle: () => {
        // Last in the set, so that the first idle one is the oldest.
        this.#connections.delete(connection)
        this.#connections.add(connection)
        this.#next()
      },
      onRoom: () => this.#next(),
      onEnd: () => {
        this.#connections.delete(connection)
        this.#next()
      },
      again: (query) => this.ask(query, source),
    })
    this.#connections.add(connection)
    return connection
  }
}

interface Owner {
  onIdle(): void
  /** A query has ended, others are in work still. */
  onRoom(): void
  onEnd(): void
  /** Asks once more, over another connection. */
  again(pending: PendingQuery): void
}

class Connection {
  readonly key: string
  /** Opened for a query to a server that was silent lately. */
  readonly isPatient: boolean
  readonly #socket: Socket
  readonly #clock: Clock
  readonly #owner: Owner
  readonly #reader = new TcpMessageReader()
  readonly #waiting = new Map<number, PendingQuery>()
  /** Queries that were sent after an earlier one had its reply: if the server hangs up on them, they may be asked again. */
  readonly #repeatable = new Set<PendingQuery>()
  #state: 'good' | 'retiring' | 'ended' = 'good'
  #hasAnswered = false
  #unmatched = 0
  #cancelIdle: Cancel | undefined

  constructor(socket: Socket, key: string, isPatient: boolean, clock: Clock, owner: Owner) {
    this.key = key
    this.isPatient = isPatient
    this.#socket = socket
    this.#clock = clock
    this.#owner = owner
    socket.on('error', (error: NodeJS.ErrnoException) => this.#onBroken(error))
    socket.on('close', () => this.#onBroken(undefined))
    socket.on('end', () => this.#onBroken(undefined))
    socket.on('data', (data) => this.#onData(data))
  }

  get idle(): boolean {
    return this.#waiting.size === 0
  }

  /** Two queries with one id could not be told apart. */
  takes(pending: PendingQuery): boolean {
    return (
      this.#state === 'good' &&
      this.#waiting.size < limits.MAX_PIPELINED_QUERIES &&
      !this.#waiting.has(idOf(pending.query.message))
    )
  }

  ask(pending: PendingQuery): void {
    this.#cancelIdle?.()
    this.#cancelIdle = undefined
    const id = idOf(pending.query.message)
    this.#waiting.set(id, pending)
    if (this.#hasAnswered) this.#repeatable.add(pending)
    pending.onSettled(() => {
      if (this.#waiting.get(id) === pending) this.#onSettled(id, pending)
    })
    this.#socket.write(framedForTcp(pending.query.message))
  }

  /** Ends the connection at once; what waits for it fails. */
  end(): void {
    this.#onBroken(undefined, 'this node ended the connection')
  }

  #onData(data: Uint8Array): void {
    for (const reply of this.#reader.feed(data)) {
      if (this.#state === 'ended') return
      const pending = this.#waiting.get(idOf(reply)) ?? this.#only()
      if (pending !== undefined) pending.receive(reply)
      // Late replies to what timed out are in order, a stream of nonsense is not.
      else if (++this.#unmatched > limits.MAX_IGNORED_REPLIES) this.end()
    }
  }

  /** With one query in work, a reply with another id is for it to classify. */
  #only(): PendingQuery | undefined {
    return this.#waiting.size === 1 ? this.#waiting.values().next().value : undefined
  }

  /** By its reply, or because it took too long: then the server may be stuck, and is not trusted with more. */
  #onSettled(id: number, pending: PendingQuery): void {
    this.#waiting.delete(id)
    this.#repeatable.delete(pending)
    if (pending.state === 'answered') this.#hasAnswered = true
    else if (pending.state === 'failed' && this.#state === 'good') this.#state = 'retiring'
    if (this.#state === 'ended') return
    if (!this.idle) {
      this.#owner.onRoom()
      return
    }
    if (this.#state === 'retiring' || !this.#hasAnswered) {
      this.end()
      return
    }
    this.#cancelIdle = this.#clock.after(limits.TCP_IDLE_MS, () => this.end())
    this.#owner.onIdle()
  }

  #onBroken(error: NodeJS.ErrnoException | undefined, what = 'the connection was closed'): void {
    if (this.#state === 'ended') return
    this.#state = 'ended'
    this.#cancelIdle?.()
    this.#socket.destroy()
    this.#owner.onEnd()
    const waiting = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const pending of waiting) {
      // RFC 7766 section 6.2.4: a server may close an idle connection just as a query is on its way.
      if (this.#repeatable.has(pending) && what === 'the connection was closed') this.#owner.again(pending)
      else if (error === undefined) pending.fail('UPSTREAM_CLOSED', what)
      else pending.failBy(error)
    }
  }
}

function idOf(message: Uint8Array): number {
  return (message[0] ?? 0) * 256 + (message[1] ?? 0)
}
