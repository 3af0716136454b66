/** DNS over TCP (RFC 7766): pipelined questions, answers in the order they are ready, and clients that mean no good. */
import { once } from 'node:events'
import { createServer, isIPv6, type Socket } from 'node:net'
import type { Cancel, Clock, Endpoint, Log } from '../../base/index.ts'
import { errorText } from '../../base/index.ts'
import { framedForTcp, TcpMessageReader } from '../../dns/index.ts'
import type { Client } from '../access/access.ts'
import { connectionShare, Shares } from '../access/fairness.ts'
import type { Asker, Desk, QuestionInWork } from '../desk/desk.ts'
import type { ServeLimits } from '../limits.ts'
import type { Door } from './udp.ts'

/** What answers many questions of one connection at once, without the desk. */
export interface ConnectionAnswers {
  /** Messages that it takes in one go. */
  readonly most: number
  /** The client in the form that `answer` wants. */
  senderOf(client: Endpoint): Uint8Array
  /** Messages as they came, of a client that may ask. */
  answer(messages: readonly Uint8Array[], sender: Uint8Array): FromTable
}

export interface FromTable {
  /** Framed, one after the other; undefined when there is none. */
  readonly replies: Uint8Array | undefined
  /** For the desk. */
  readonly misses: readonly Uint8Array[]
}

/** All connections of a front end: the limits hold over its addresses together. */
export class Connections {
  readonly #open = new Set<Connection>()
  readonly #shares = new Shares()
  readonly #limits: ServeLimits
  readonly #clientOf: (address: string) => Client
  readonly #answers: ConnectionAnswers | undefined
  #whenEmpty: (() => void) | undefined

  /** `answers`: asked before the desk. Without it the desk is asked everything. */
  constructor(limits: ServeLimits, clientOf: (address: string) => Client, answers?: ConnectionAnswers) {
    this.#limits = limits
    this.#clientOf = clientOf
    this.#answers = answers
  }

  get size(): number {
    return this.#open.size
  }

  /** Takes a connection in, or closes it when the client or everybody has too many. */
  admit(socket: Socket, desk: Desk, clock: Clock): void {
    const address = socket.remoteAddress
    // A client that has gone before it was accepted.
    if (address === undefined) return void socket.destroy()
    const client = this.#clientOf(address)
    if (this.#shares.of(client.key) >= connectionShare(client, this.#limits) || !this.#makeRoom())
      return void socket.destroy()
    const mayAsk = () => this.#clientOf(address).allowed
    const deps = { desk, clock, limits: this.#limits, answers: this.#answers, mayAsk }
    const connection = new Connection(socket, address, deps)
    this.#open.add(connection)
    this.#shares.hold(client.key)
    socket.once('close', () => {
      this.#open.delete(connection)
      this.#shares.release(client.key)
      if (this.#open.size === 0) this.#whenEmpty?.()
    })
  }

  /** No more questions are read; what is in work is answered. */
  finishAll(): void {
    for (const connection of this.#open) connection.stopReading()
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
    for (const connection of this.#open) connection.destroy()
  }

  /** The connection that has been idle longest makes room (RFC 7766 section 6.2.3). */
  #makeRoom(): boolean {
    if (this.#open.size < this.#limits.MAX_TCP_CONNECTIONS) return true
    let idlest: Connection | undefined
    for (const connection of this.#open) {
      if (connection.isIdle && (idlest === undefined || connection.activeAt < idlest.activeAt)) idlest = connection
    }
    idlest?.destroy()
    return idlest !== undefined
  }
}

/** Time for the last answers to leave their sockets when the front end closes. */
const CLOSE_GRACE_MS = 250

/** Listens, or rejects with the system's error. */
export async function openTcp(
  endpoint: Endpoint,
  desk: Desk,
  connections: Connections,
  clock: Clock,
  log: Log,
): Promise<Door> {
  const { address, port } = endpoint
  const listener = createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
    connections.admit(socket, desk, clock),
  )
  const listening = once(listener, 'listening')
  listener.listen({ host: address, port, exclusive: true, ipv6Only: isIPv6(address), backlog: 511 })
  await listening
  listener.on('error', (error) => log.warn({ address, error: errorText(error) }, 'TCP listener error'))
  const bound = listener.address()
  // Not `once`: it would reject on an 'error' of accept (EMFILE), long before anybody waits for it.
  const closed = new Promise<void>((resolve) => listener.once('close', () => resolve()))
  return {
    endpoint: { address, port: typeof bound === 'object' && bound !== null ? bound.port : port },
    async stopTaking() {
      listener.close()
      connections.finishAll()
    },
    async close() {
      listener.close()
      await connections.closeAll(clock, CLOSE_GRACE_MS)
      await closed
    },
    // Connections to an address that is gone hear nothing any more, and end when they have been idle too long.
    async withdraw() {
      listener.close()
    },
  }
}

interface ConnectionDeps {
  readonly desk: Desk
  readonly clock: Clock
  readonly limits: ServeLimits
  readonly answers: ConnectionAnswers | undefined
  /** It may change while the connection is open. */
  readonly mayAsk: () => boolean
}

class Connection {
  /** Monotonic ms of the last whole question or answer. */
  activeAt: number
  readonly #socket: Socket
  readonly #deps: ConnectionDeps
  readonly #desk: Desk
  readonly #clock: Clock
  readonly #limits: ServeLimits
  readonly #asker: Asker
  readonly #sender: Uint8Array | undefined
  readonly #reader: TcpMessageReader
  readonly #works = new Set<QuestionInWork>()
  #cancelIdle: Cancel
  /** The client, or we, will ask no more: the connection ends with its last answer. */
  #finishing = false
  #isHolding = false

  constructor(socket: Socket, address: string, deps: ConnectionDeps) {
    const { desk, clock, limits, answers } = deps
    this.#deps = deps
    this.#socket = socket
    this.#desk = desk
    this.#clock = clock
    this.#limits = limits
    this.#reader = new TcpMessageReader({ minBytes: limits.MIN_TCP_QUERY, maxBytes: limits.MAX_TCP_QUERY })
    this.#asker = {
      address,
      port: socket.remotePort ?? 0,
      protocol: 'tcp',
      send: (bytes) => this.#send(bytes),
      settled: (work) => this.#settled(work),
    }
    this.#sender = answers?.senderOf({ address, port: this.#asker.port })
    this.activeAt = clock.monotonic()
    this.#cancelIdle = this.#watch(limits.TCP_IDLE_MS)
    socket.on('data', (chunk) => {
      this.#reader.push(chunk)
      this.#pump()
    })
    socket.on('end', () => this.#finish())
    socket.on('drain', () => this.#pump())
    // EPIPE, ECONNRESET: the client has gone; 'close' follows and gives its questions up.
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      this.#cancelIdle()
      for (const work of [...this.#works]) desk.abandon(work)
    })
  }

  get isIdle(): boolean {
    return this.#works.size === 0
  }

  stopReading(): void {
    this.#socket.removeAllListeners('data')
    this.#finish()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  /** Takes whole questions as long as the client is within its limits; otherwise the socket is not read. */
  #pump(): void {
    while (this.#hasRoom) {
      const messages = this.#take()
      if (messages.length === 0) break
      this.activeAt = this.#clock.monotonic()
      for (const message of this.#answerFromTable(messages)) {
        const work = this.#desk.receive(message, this.#asker)
        if (work !== undefined) this.#works.add(work)
      }
    }
    if (!this.#hasRoom) return void this.#socket.pause()
    if (this.#reader.broken && !this.#finishing) {
      this.#desk.countMalformed()
      this.#finish()
      return
    }
    this.#socket.resume()
    this.#endIfDone()
  }

  /** As many as may be in work. */
  #take(): Uint8Array[] {
    const { answers, limits } = this.#deps
    const most = Math.min(answers?.most ?? 1, limits.MAX_IN_WORK_PER_CONNECTION - this.#works.size)
    const messages: Uint8Array[] = []
    while (messages.length < most) {
      const message = this.#reader.next()
      if (message === undefined) break
      messages.push(message)
    }
    return messages
  }

  /** Answers what can be answered at once, and returns the rest. */
  #answerFromTable(messages: readonly Uint8Array[]): readonly Uint8Array[] {
    const { answers, mayAsk } = this.#deps
    if (answers === undefined || this.#sender === undefined || !mayAsk()) return messages
    const { replies, misses } = answers.answer(messages, this.#sender)
    if (replies !== undefined) this.#write(replies)
    return misses
  }

  get #hasRoom(): boolean {
    return (
      !this.#socket.destroyed &&
      this.#works.size < this.#limits.MAX_IN_WORK_PER_CONNECTION &&
      this.#socket.writableLength <= this.#limits.MAX_TCP_UNSENT
    )
  }

  #settled(work: QuestionInWork): void {
    this.#works.delete(work)
    if (this.#socket.destroyed) return
    this.#pump()
  }

  #send(bytes: Uint8Array): void {
    this.activeAt = this.#clock.monotonic()
    this.#write(framedForTcp(bytes))
  }

  /** What is ready in one turn of the event loop leaves together. */
  #write(framed: Uint8Array): void {
    if (!this.#socket.writable) return
    if (!this.#isHolding) {
      this.#isHolding = true
      this.#socket.cork()
      setImmediate(() => {
        this.#isHolding = false
        this.#socket.uncork()
      })
    }
    this.#socket.write(framed)
  }

  /** Answers what is in work, and closes. */
  #finish(): void {
    this.#finishing = true
    this.#endIfDone()
  }

  #endIfDone(): void {
    if (this.#finishing && this.#works.size === 0 && this.#socket.writable) this.#socket.end()
  }

  /** One timer for the connection's life: it looks when it is due, instead of being set anew with each question. */
  #watch(delayMs: number): Cancel {
    return this.#clock.after(delayMs, () => {
      const left = this.activeAt + this.#limits.TCP_IDLE_MS - this.#clock.monotonic()
      if (this.#works.size === 0 && left <= 0) return this.destroy()
      this.#cancelIdle = this.#watch(Math.max(left, 100))
    })
  }
}
