/**
 * One long-lived stream to a peer: hello first, then numbered requests in one direction and their replies in the other.
 * Knows nothing of libp2p: it gets a pipe, and feeds what comes.
 */
import {
  baseLimits,
  type Cancel,
  ChordnsError,
  type Clock,
  type HelloSession,
  type PeerId,
  type RequestHandler,
  type RequestOptions,
  withTimeout,
} from '../../base/index.ts'
import { limits } from '../limits.ts'
import { asError, gone } from './failures.ts'
import { encodePeerFrame, type PeerFrame, PeerFrameKind, PeerFrameReader } from './peer-frames.ts'

/** What a stream offers. */
export interface Pipe {
  /** Returns false when no more should be written until `drained` is called. */
  send(bytes: Uint8Array): boolean
  /** Stops and starts the far side's sending: what is on its way still comes. */
  pause(): void
  resume(): void
  /** Ends the stream at once. */
  abort(error: Error): void
}

/** Shared by all streams of one peer, so that more streams are not more work. */
export interface PeerLoad {
  /** Its requests that are being answered. */
  inWork: number
}

export interface PeerStreamDeps {
  readonly pipe: Pipe
  readonly remote: PeerId
  readonly role: 'dialer' | 'listener'
  readonly hello: HelloSession
  readonly clock: Clock
  readonly load: PeerLoad
}

export interface PeerStreamHooks {
  /** What answers requests; only streams that the other side opened carry any. Undefined: they are answered with an error. */
  readonly handler: () => RequestHandler | undefined
  /** Hello is over, and both sides let each other in. */
  readonly onAdmitted: (stream: PeerStream) => void
  /** Requests went out and timed out, and for DEAF_MS nothing has come: the host may be gone, and its end of the connection with it. */
  readonly onDeaf?: (stream: PeerStream, sinceMs: number) => void
  /** Called once; the stream is of no use from then on. */
  readonly onClosed: (stream: PeerStream, reason: Error) => void
}

/** Requests that came in one piece: their replies leave in one piece, if none of them takes long. */
interface Together {
  /** Not answered yet. */
  left: number
}

interface Pending {
  readonly resolve: (body: Uint8Array) => void
  readonly reject: (error: Error) => void
}

export class PeerStream {
  readonly remote: PeerId
  readonly role: 'dialer' | 'listener'
  /** Resolves when hello is over; rejects with HELLO_*, PEER_TIMEOUT or PEER_GONE. */
  readonly admitted: Promise<void>
  readonly #deps: PeerStreamDeps
  readonly #hooks: PeerStreamHooks
  readonly #reader = new PeerFrameReader(baseLimits.MAX_HELLO_BYTES)
  readonly #pending = new Map<number, Pending>()
  #resolveAdmitted!: () => void
  #rejectAdmitted!: (error: Error) => void
  #isAdmitted = false
  /** Why this side did not go on with hello. */
  #refusal: Error | undefined
  #closed = false
  #nextId = 1
  #queue: Uint8Array[] = []
  #queuedBytes = 0
  #flushing = false
  #blocked = false
  #paused = false
  #cancelHelloTimer: Cancel
  #cancelSlowTimer: Cancel | undefined
  #cancelTogether: Cancel | undefined
  /** By the monotonic clock. */
  #heardAt: number
  /** When the first of the requests went out that have timed out since then. */
  #unheardSince: number | undefined

  constructor(deps: PeerStreamDeps, hooks: PeerStreamHooks) {
    this.#deps = deps
    this.#hooks = hooks
    this.remote = deps.remote
    this.role = deps.role
    this.#heardAt = deps.clock.monotonic()
    this.admitted = new Promise((resolve, reject) => {
      this.#resolveAdmitted = resolve
      this.#rejectAdmitted = reject
    })
    // Whoever does not wait for hello learns of its failure by `onClosed`.
    this.admitted.catch(() => {})
    this.#cancelHelloTimer = deps.clock.after(baseLimits.HELLO_TIMEOUT_MS, () =>
      this.close(new ChordnsError('PEER_TIMEOUT', 'hello took too long', { peer: deps.remote })),
    )
    const opening = deps.hello.opening()
    if (opening !== undefined) this.#write({ id: 0, kind: PeerFrameKind.HELLO, payload: opening })
  }

  get wasAdmitted(): boolean {
    return this.#isAdmitted
  }

  /** When something came last, by the monotonic clock, ms. */
  get heardAt(): number {
    return this.#heardAt
  }

  /** True while a request of ours waits for its reply. */
  get isWaiting(): boolean {
    return this.#pending.size > 0
  }

  async request(body: Uint8Array, options: RequestOptions): Promise<Uint8Array> {
    await this.admitted
    if (this.#closed) throw gone(this.remote)
    const id = this.#nextId
    this.#nextId = id === 0xffff_ffff ? 1 : id + 1
    const frame = encodePeerFrame({ id, kind: PeerFrameKind.REQUEST, payload: body })
    if (this.#queuedBytes + frame.length > limits.MAX_QUEUED_REQUEST_BYTES)
      throw new ChordnsError('PEER_SLOW', 'the peer does not read what is sent to it', { peer: this.remote })
    const reply = new Promise<Uint8Array>((resolve, reject) => this.#pending.set(id, { resolve, reject }))
    this.#enqueue(frame)
    const { clock } = this.#deps
    const sentAt = clock.monotonic()
    const onTimeout = () => {
      this.#missed(sentAt)
      return new ChordnsError('PEER_TIMEOUT', `no reply within ${options.timeoutMs} ms`, { peer: this.remote })
    }
    try {
      return await withTimeout(clock, reply, options.timeoutMs, onTimeout, options.signal)
    } finally {
      this.#pending.delete(id)
    }
  }

  /** A request got no reply in time. Idle streams are silent, too, so that silence counts from the first request in it. */
  #missed(sentAt: number): void {
    if (this.#closed || this.#heardAt > sentAt) return
    if (this.#unheardSince === undefined || this.#unheardSince < this.#heardAt) this.#unheardSince = sentAt
    const silentMs = this.#deps.clock.monotonic() - this.#unheardSince
    if (silentMs >= limits.DEAF_MS) this.#hooks.onDeaf?.(this, this.#unheardSince)
  }

  /** Feeds bytes that came. */
  receive(bytes: Uint8Array): void {
    if (this.#closed) return
    this.#heardAt = this.#deps.clock.monotonic()
    try {
      const together = { left: 0 }
      for (const frame of this.#reader.feed(bytes)) this.#receiveFrame(frame, together)
    } catch (error) {
      this.close(asError(error))
    }
  }

  /** The pipe takes bytes again. */
  drained(): void {
    this.#blocked = false
    this.#cancelSlowTimer?.()
    this.#cancelSlowTimer = undefined
    this.#flush()
  }

  /** Ends the stream: everything pending fails. Idempotent. */
  close(how: Error): void {
    if (this.#closed) return
    const reason = this.#refusal ?? how
    this.#closed = true
    this.#cancelHelloTimer()
    this.#cancelSlowTimer?.()
    this.#cancelTogether?.()
    this.#queue = []
    this.#queuedBytes = 0
    this.#rejectAdmitted(reason instanceof ChordnsError ? reason : gone(this.remote, reason))
    for (const pending of this.#pending.values()) pending.reject(gone(this.remote, reason))
    this.#pending.clear()
    this.#deps.pipe.abort(reason)
    this.#hooks.onClosed(this, reason)
  }

  #receiveFrame(frame: PeerFrame, together: Together): void {
    if (this.#closed) return
    if (frame.kind === PeerFrameKind.HELLO) this.#receiveHello(frame.payload)
    else if (!this.#isAdmitted) throw malformed('a frame before hello was over')
    else if (frame.kind === PeerFrameKind.REQUEST) this.#receiveRequest(frame, together)
    else this.#receiveReply(frame)
  }

  #receiveReply(frame: PeerFrame): void {
    const pending = this.#pending.get(frame.id)
    // A reply to a request that timed out.
    if (pending === undefined) return
    if (frame.kind === PeerFrameKind.REPLY) pending.resolve(frame.payload)
    else pending.reject(remoteError(this.remote, frame.payload))
  }

  #receiveHello(message: Uint8Array): void {
    if (this.#isAdmitted) throw malformed('hello after hello')
    const { send, admitted, refusal } = this.#deps.hello.receive(message)
    if (send !== undefined) this.#write({ id: 0, kind: PeerFrameKind.HELLO, payload: send })
    if (refusal !== undefined) this.#refuse(refusal)
    if (!admitted) return
    this.#isAdmitted = true
    this.#reader.maxPayload = baseLimits.MAX_FRAME_BYTES
    this.#cancelHelloTimer()
    this.#hooks.onAdmitted(this)
    this.#resolveAdmitted()
  }

  /** The far side ends the stream when it has read why; a reset of ours would overtake what was sent. */
  #refuse(refusal: Error): void {
    this.#refusal = refusal
    this.#cancelHelloTimer()
    this.#cancelHelloTimer = this.#deps.clock.after(baseLimits.HANG_UP_AFTER_MS, () => this.close(refusal))
  }

  #receiveRequest(frame: PeerFrame, together: Together): void {
    if (this.role !== 'listener') throw malformed('a request on a stream of our own')
    const handler = this.#hooks.handler()
    const { load } = this.#deps
    if (handler === undefined) this.#writeError(frame.id, 'PEER_NOT_READY')
    else if (load.inWork >= baseLimits.MAX_INBOUND_REQUESTS_PER_PEER) this.#writeError(frame.id, 'PEER_BUSY')
    else {
      load.inWork++
      together.left++
      void this.#answer(handler, frame, together).finally(() => load.inWork--)
    }
  }

  async #answer(handler: RequestHandler, { id, payload }: PeerFrame, together: Together): Promise<void> {
    let reply: Uint8Array
    try {
      // Awaited even where the handler has it at once: first all of one piece are read.
      reply = encodePeerFrame({ id, kind: PeerFrameKind.REPLY, payload: await handler(this.remote, payload) })
    } catch (error) {
      // Only the code goes out: texts may hold what is none of the peer's business.
      reply = encodePeerFrame(errorFrame(id, error instanceof ChordnsError ? error.code : 'INTERNAL'))
    }
    together.left--
    this.#push(reply)
    if (together.left === 0) this.#flushSoon()
    else this.#cancelTogether ??= this.#deps.clock.after(limits.REPLIES_TOGETHER_MS, () => this.#flush())
  }

  #writeError(id: number, code: string): void {
    this.#write(errorFrame(id, code))
  }

  #write(frame: PeerFrame): void {
    this.#enqueue(encodePeerFrame(frame))
  }

  #enqueue(bytes: Uint8Array): void {
    this.#push(bytes)
    this.#flushSoon()
  }

  #push(bytes: Uint8Array): void {
    if (this.#closed) return
    this.#queue.push(bytes)
    this.#queuedBytes += bytes.length
    this.#checkQueue()
  }

  /** Frames of one turn leave in one send: 16 us of CPU a request instead of 101. */
  #flushSoon(): void {
    if (this.#flushing) return
    this.#flushing = true
    queueMicrotask(() => {
      this.#flushing = false
      this.#flush()
    })
  }

  /** A peer that does not read its replies is not read either, until it does: requests wait in its own memory, not here. */
  #checkQueue(): void {
    const isFull = this.#queuedBytes > limits.MAX_QUEUED_REPLY_BYTES
    if (isFull === this.#paused || this.role !== 'listener' || this.#closed) return
    this.#paused = isFull
    if (isFull) this.#deps.pipe.pause()
    else this.#deps.pipe.resume()
  }

  #flush(): void {
    this.#cancelTogether?.()
    this.#cancelTogether = undefined
    if (this.#blocked || this.#closed || this.#queue.length === 0) return
    const bytes = this.#queue.length === 1 ? this.#queue[0]! : Buffer.concat(this.#queue, this.#queuedBytes)
    this.#queue = []
    this.#queuedBytes = 0
    try {
      this.#blocked = !this.#deps.pipe.send(bytes)
      if (this.#blocked) this.#watchSlow()
      this.#checkQueue()
    } catch (error) {
      this.close(asError(error))
    }
  }

  /** What waits for a peer is held for so long and no longer, or those that never read would keep it for ever. */
  #watchSlow(): void {
    this.#cancelSlowTimer ??= this.#deps.clock.after(limits.SLOW_MS, () =>
      this.close(
        new ChordnsError('PEER_SLOW', `the peer took nothing for ${limits.SLOW_MS} ms`, { peer: this.remote }),
      ),
    )
  }
}

function remoteError(peer: PeerId, payload: Uint8Array) {
  const remoteCode = new TextDecoder().decode(payload.subarray(0, 64)).replace(/[^A-Z0-9_]/g, '?')
  return new ChordnsError('PEER_FAILED', `the peer answered with the error ${remoteCode}`, { peer, remoteCode })
}

function errorFrame(id: number, code: string): PeerFrame {
  return { id, kind: PeerFrameKind.ERROR, payload: new TextEncoder().encode(code.slice(0, 64)) }
}

function malformed(what: string) {
  return new ChordnsError('PEER_MALFORMED', `malformed stream: ${what}`, { what })
}
