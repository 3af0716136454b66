/**
 * Streams on the links of one simulated peer: each starts with hello, and carries requests one way and their replies the other once it
 * is admitted. Which links there are is the transport's.
 */
import {
  baseLimits,
  type Cancel,
  ChordnsError,
  type Clock,
  type Doorkeeper,
  type HelloSession,
  type PeerId,
  type RequestHandler,
  type RequestOptions,
  withTimeout,
} from '../base/index.ts'
import { asRefusal, failed, gone, malformed, noPlace, refusedBy, timedOut } from './failures.ts'
import { checkFits, type StreamMessage, type WireMessage } from './wires.ts'

export interface MemoryLink {
  readonly id: number
  readonly peer: PeerId
  readonly streams: Map<number, OpenStream>
  /** A link that admits nobody is closed. */
  readonly cancelTimer: Cancel
  /** Gives back the place at the door, once. */
  readonly leaveDoor: Cancel
}

interface Pending {
  readonly resolve: (body: Uint8Array) => void
  readonly reject: (error: Error) => void
}

export interface OpenStream {
  readonly id: number
  readonly link: MemoryLink
  readonly role: 'dialer' | 'listener'
  readonly hello: HelloSession
  readonly pending: Map<number, Pending>
  readonly opened: { resolve(): void; reject(error: Error): void }
  admitted: boolean
}

export interface MemoryStreamsDeps {
  readonly self: PeerId
  readonly doorkeeper: Doorkeeper
  readonly clock: Clock
  /** Unique in the network. */
  readonly newId: () => number
}

export interface MemoryStreamsHooks {
  /** Sends on a link, if it is still there. */
  readonly send: (link: MemoryLink, message: WireMessage) => void
  /** Owes a place for a peer that has passed hello; false: there is none. */
  readonly admit: (peer: PeerId) => boolean
  /** A stream of the link is admitted. */
  readonly onAdmitted: (link: MemoryLink) => void
  /** A stream was refused: the link is worth nothing if its peer is not admitted otherwise. */
  readonly onRefused: (link: MemoryLink) => void
  /** A stream to this peer that was open is gone. */
  readonly onOutboundGone: (peer: PeerId) => void
  /** The peer has sent a request. */
  readonly onUsed: (peer: PeerId) => void
}

export class MemoryStreams {
  readonly #deps: MemoryStreamsDeps
  readonly #hooks: MemoryStreamsHooks
  readonly #inWork = new Map<PeerId, number>()
  #handler: RequestHandler | undefined
  #nextRequest = 1

  constructor(deps: MemoryStreamsDeps, hooks: MemoryStreamsHooks) {
    this.#deps = deps
    this.#hooks = hooks
  }

  onRequest(handler: RequestHandler): void {
    this.#handler = handler
  }

  /** Requests of this peer are in work here. */
  isServing(peer: PeerId): boolean {
    return (this.#inWork.get(peer) ?? 0) > 0
  }

  /** A stream of our own, when hello is over. */
  open(link: MemoryLink): Promise<OpenStream> {
    const { self, doorkeeper, newId } = this.#deps
    return new Promise((resolve, reject) => {
      const id = newId()
      try {
        const hello = doorkeeper.hello(self, link.peer, 'dialer')
        const opened = { resolve: () => resolve(stream), reject }
        const stream: OpenStream = { id, link, role: 'dialer', hello, pending: new Map(), opened, admitted: false }
        link.streams.set(id, stream)
        this.#hooks.send(link, { kind: 'open', link: link.id, stream: id, hello: hello.opening() })
        this.#watchHello(stream)
      } catch (error) {
        reject(asRefusal(link.peer, error))
      }
    })
  }

  /** The peer opens a stream. */
  accept(link: MemoryLink, id: number, opening: Uint8Array | undefined): void {
    try {
      const hello = this.#deps.doorkeeper.hello(this.#deps.self, link.peer, 'listener')
      const opened = { resolve: () => {}, reject: () => {} }
      const stream: OpenStream = { id, link, role: 'listener', hello, pending: new Map(), opened, admitted: false }
      link.streams.set(id, stream)
      this.#watchHello(stream)
      if (opening !== undefined) this.#receiveHello(stream, opening)
    } catch {
      // This peer was expelled: it hears no more than that the door is shut.
      this.#hooks.send(link, { kind: 'reset', link: link.id, stream: id })
    }
  }

  async request(stream: OpenStream, body: Uint8Array, { timeoutMs, signal }: RequestOptions): Promise<Uint8Array> {
    const { link } = stream
    if (!link.streams.has(stream.id)) throw gone(link.peer)
    const id = this.#nextRequest++
    const reply = new Promise<Uint8Array>((resolve, reject) => stream.pending.set(id, { resolve, reject }))
    this.#hooks.send(link, { kind: 'request', link: link.id, stream: stream.id, id, body: body.slice() })
    const late = () => timedOut(link.peer, `no reply within ${timeoutMs} ms`)
    try {
      return await withTimeout(this.#deps.clock, reply, timeoutMs, late, signal)
    } finally {
      stream.pending.delete(id)
    }
  }

  receive(stream: OpenStream, message: StreamMessage): void {
    const { peer } = stream.link
    if (message.kind === 'reset') this.end(stream, refusedBy(peer))
    else if (message.kind === 'hello') this.#receiveHello(stream, message.body)
    else if (!stream.admitted) this.#refuse(stream, malformed('a frame before hello was over'))
    else if (message.kind === 'reply') stream.pending.get(message.id)?.resolve(message.body)
    else if (message.kind === 'error') stream.pending.get(message.id)?.reject(failed(peer, message.code))
    else if (stream.role !== 'listener') this.#refuse(stream, malformed('a request on a stream of our own'))
    else void this.#answer(stream, message.id, message.body)
  }

  end(stream: OpenStream, reason: Error): void {
    const { link } = stream
    if (!link.streams.delete(stream.id)) return
    if (stream.admitted) {
      if (stream.role === 'dialer') this.#hooks.onOutboundGone(link.peer)
    } else stream.opened.reject(asRefusal(link.peer, reason))
    for (const pending of stream.pending.values()) pending.reject(gone(link.peer, reason))
    stream.pending.clear()
  }

  #watchHello(stream: OpenStream): void {
    const cancel = this.#deps.clock.after(baseLimits.HELLO_TIMEOUT_MS, () => {
      if (!stream.admitted) this.#refuse(stream, timedOut(stream.link.peer, 'hello took too long'))
    })
    // Nothing is left running behind a stream that is open or gone.
    const { opened } = stream
    const { resolve, reject } = opened
    opened.resolve = () => {
      cancel()
      resolve()
    }
    opened.reject = (error) => {
      cancel()
      reject(error)
    }
  }

  #receiveHello(stream: OpenStream, message: Uint8Array): void {
    const { link } = stream
    try {
      if (stream.admitted) throw malformed('hello after hello')
      if (message.length > baseLimits.MAX_HELLO_BYTES) throw malformed('an oversized hello')
      const { send, admitted, refusal } = stream.hello.receive(message)
      if (send !== undefined) this.#hooks.send(link, { kind: 'hello', link: link.id, stream: stream.id, body: send })
      if (refusal !== undefined) throw refusal
      if (!admitted) return
      if (!this.#hooks.admit(link.peer)) {
        this.#refuse(stream, noPlace(link.peer))
        return
      }
      stream.admitted = true
      this.#hooks.onAdmitted(link)
      stream.opened.resolve()
    } catch (error) {
      this.#refuse(stream, error instanceof Error ? error : new Error(String(error)))
    }
  }

  async #answer(stream: OpenStream, id: number, body: Uint8Array): Promise<void> {
    const { peer, id: link } = stream.link
    const inWork = this.#inWork.get(peer) ?? 0
    const fail = (code: string) => this.#hooks.send(stream.link, { kind: 'error', link, stream: stream.id, id, code })
    this.#hooks.onUsed(peer)
    if (this.#handler === undefined) return fail('PEER_NOT_READY')
    if (inWork >= baseLimits.MAX_INBOUND_REQUESTS_PER_PEER) return fail('PEER_BUSY')
    this.#inWork.set(peer, inWork + 1)
    try {
      const reply = await this.#handler(peer, body)
      checkFits(reply)
      this.#hooks.send(stream.link, { kind: 'reply', link, stream: stream.id, id, body: reply.slice() })
    } catch (error) {
      fail(error instanceof ChordnsError ? error.code : 'INTERNAL')
    } finally {
      const left = this.#inWork.get(peer)! - 1
      if (left > 0) this.#inWork.set(peer, left)
      else this.#inWork.delete(peer)
    }
  }

  /** Resets a stream whose peer did what it may not. */
  #refuse(stream: OpenStream, reason: Error): void {
    const { link } = stream
    this.#hooks.send(link, { kind: 'reset', link: link.id, stream: stream.id })
    this.end(stream, reason)
    this.#hooks.onRefused(link)
  }
}
