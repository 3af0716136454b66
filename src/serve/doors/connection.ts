/** One connection of framed questions, TCP (RFC 7766) or TLS (RFC 7858): pipelined, answered in the order that answers are ready. */
import type { Socket } from 'node:net'
import type { Cancel, Clock, Endpoint } from '../../base/index.ts'
import { framedForTcp, TcpMessageReader } from '../../dns/index.ts'
import type { Asker, Desk, QuestionInWork } from '../desk/desk.ts'
import type { ServeLimits } from '../limits.ts'
import type { Connected, ConnectionAnswers } from './connections.ts'
import { endWhenIdle } from './idle.ts'

export interface ConnectionDeps {
  readonly protocol: 'tcp' | 'tls'
  readonly desk: Desk
  readonly clock: Clock
  readonly limits: ServeLimits
  readonly answers: ConnectionAnswers | undefined
  /** It may change while the connection is open. */
  readonly mayAsk: () => boolean
}

export class Connection implements Connected {
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
  readonly #cancelIdle: Cancel
  /** The client, or we, will ask no more: the connection ends with its last answer. */
  #finishing = false
  #isHolding = false

  constructor(socket: Socket, { address, port }: Endpoint, deps: ConnectionDeps) {
    const { protocol, desk, clock, limits, answers } = deps
    this.#deps = deps
    this.#socket = socket
    this.#desk = desk
    this.#clock = clock
    this.#limits = limits
    this.#reader = new TcpMessageReader({ minBytes: limits.MIN_TCP_QUERY, maxBytes: limits.MAX_TCP_QUERY })
    this.#asker = {
      address,
      port,
      protocol,
      send: (bytes) => this.#send(bytes),
      settled: (work) => this.#settled(work),
    }
    this.#sender = answers?.senderOf({ address, port })
    this.activeAt = clock.monotonic()
    this.#cancelIdle = endWhenIdle(this, clock, limits.TCP_IDLE_MS)
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
    const { answers, mayAsk, protocol } = this.#deps
    if (answers === undefined || this.#sender === undefined || !mayAsk()) return messages
    const { replies, misses } = answers.answer(messages, this.#sender, protocol !== 'tcp')
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
}
