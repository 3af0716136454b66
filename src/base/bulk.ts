/**
 * Bulk between peers: one body goes out, many frames come back, as fast as they are read and no faster. The requester grants the
 * frames that may be under way; what it has not granted is not made. Knows no sockets: it gets frames, and sends frames.
 */
import { ChordnsError } from './errors.ts'
import { limits } from './limits.ts'
import type { BulkHandler, Clock } from './ports.ts'
import type { Cancel, PeerId } from './types.ts'

/** REQUEST and GRANT go to the source, the others come from it. */
export const BulkKind = { REQUEST: 1, DATA: 2, END: 3, ERROR: 4, GRANT: 5 } as const
export type BulkKind = (typeof BulkKind)[keyof typeof BulkKind]

export interface BulkFrame {
  readonly kind: BulkKind
  /** Body, frame, nothing, code of the error, one byte: how many frames more. */
  readonly payload: Uint8Array
}

const NOTHING = new Uint8Array()

export interface BulkReaderDeps {
  readonly peer: PeerId
  readonly clock: Clock
  /** For each frame, from when it is waited for. Ms. */
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
}

export interface BulkReaderHooks {
  /** Brings a frame to the source; may drop it when the stream is gone. */
  readonly send: (frame: BulkFrame) => void
  /** Called once, when nothing more is wanted: ends the stream, if it is still open. */
  readonly onEnd: (reason: Error | undefined) => void
}

/** The side that requested. Read `frames` once. */
export class BulkReader {
  readonly #deps: BulkReaderDeps
  readonly #hooks: BulkReaderHooks
  readonly #queue: Uint8Array[] = []
  #bytes = 0
  /** Granted, and not here yet. */
  #outstanding: number = limits.BULK_WINDOW
  #state: 'open' | 'ended' | { readonly error: Error } = 'open'
  #over = false
  #wake: (() => void) | undefined

  constructor(deps: BulkReaderDeps, hooks: BulkReaderHooks) {
    this.#deps = deps
    this.#hooks = hooks
  }

  request(body: Uint8Array): void {
    this.#hooks.send({ kind: BulkKind.REQUEST, payload: body })
  }

  /** What came from the source. */
  receive({ kind, payload }: BulkFrame): void {
    if (this.#state !== 'open') return
    if (kind === BulkKind.DATA) this.#receiveData(payload)
    else if (kind === BulkKind.END) this.#state = 'ended'
    else if (kind === BulkKind.ERROR) this.#state = { error: remoteError(this.#deps.peer, payload) }
    else this.close(malformed('a frame for the other side of a bulk'))
    this.#wake?.()
  }

  /** The stream is gone. What came before is still read. */
  close(error: Error): void {
    if (this.#state !== 'open') return
    this.#state = { error }
    this.#wake?.()
  }

  /** Rejects with PEER_TIMEOUT, PEER_GONE, PEER_FAILED, PEER_MALFORMED, PEER_OVERSIZE or ABORTED. */
  async *frames(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for (;;) {
        const next = this.#queue.shift()
        if (next !== undefined) {
          yield next
          this.#grant()
        } else if (this.#state === 'ended') return
        else if (this.#state !== 'open') throw this.#state.error
        else await this.#more()
      }
    } finally {
      this.#finish()
    }
  }

  #receiveData(payload: Uint8Array): void {
    this.#bytes += payload.length
    if (this.#outstanding === 0) this.close(malformed('more frames than were granted'))
    else if (this.#bytes > limits.MAX_BULK_BYTES) this.close(oversized(this.#bytes))
    if (this.#state !== 'open') return
    this.#outstanding--
    this.#queue.push(payload)
  }

  #grant(): void {
    if (this.#state !== 'open') return
    this.#outstanding++
    this.#hooks.send({ kind: BulkKind.GRANT, payload: Uint8Array.of(1) })
  }

  /** Until something came, the stream ended, or it took too long. */
  #more(): Promise<void> {
    const { clock, timeoutMs, signal, peer } = this.#deps
    return new Promise((resolve, reject) => {
      const done = () => {
        cancel()
        signal?.removeEventListener('abort', onAbort)
        this.#wake = undefined
      }
      const cancel = clock.after(timeoutMs, () => {
        done()
        reject(new ChordnsError('PEER_TIMEOUT', `no frame within ${timeoutMs} ms`, { peer }))
      })
      const onAbort = () => {
        done()
        reject(new ChordnsError('ABORTED', 'given up', {}))
      }
      this.#wake = () => {
        done()
        resolve()
      }
      if (signal?.aborted === true) onAbort()
      else signal?.addEventListener('abort', onAbort, { once: true })
    })
  }

  #finish(): void {
    if (this.#over) return
    this.#over = true
    this.#queue.length = 0
    // The source must hear of it where nobody reads on.
    if (this.#state === 'open') this.#state = { error: new ChordnsError('ABORTED', 'nobody reads this bulk on', {}) }
    const reason = this.#state === 'ended' ? undefined : this.#state.error
    this.#hooks.onEnd(reason)
  }
}

export interface BulkWriterDeps {
  readonly peer: PeerId
  readonly clock: Clock
  readonly handler: BulkHandler
}

export interface BulkWriterHooks {
  /** Brings a frame to the requester; may drop it when the stream is gone. */
  readonly send: (frame: BulkFrame) => void
  /** Called once, when all was sent or nothing more will be: ends the stream. */
  readonly onEnd: (reason: Error | undefined) => void
}

/** The side that was requested: the source. */
export class BulkWriter {
  readonly #deps: BulkWriterDeps
  readonly #hooks: BulkWriterHooks
  readonly #control = new AbortController()
  #credit: number = limits.BULK_WINDOW
  #wasRequested = false
  #closed = false
  #wake: (() => void) | undefined
  #cancelSlow: Cancel | undefined

  constructor(deps: BulkWriterDeps, hooks: BulkWriterHooks) {
    this.#deps = deps
    this.#hooks = hooks
  }

  /** What came from the requester. Throws PEER_MALFORMED. */
  receive({ kind, payload }: BulkFrame): void {
    if (this.#closed) return
    if (kind === BulkKind.REQUEST && !this.#wasRequested) {
      this.#wasRequested = true
      void this.#run(payload)
      return
    }
    const more = payload[0] ?? 0
    if (
      kind !== BulkKind.GRANT ||
      !this.#wasRequested ||
      payload.length !== 1 ||
      this.#credit + more > limits.BULK_WINDOW
    )
      throw malformed('not what the requester of a bulk may say')
    this.#credit += more
    this.#wake?.()
  }

  /** Nobody wants it any more. Idempotent. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#cancelSlow?.()
    this.#control.abort()
    this.#wake?.()
  }

  async #run(body: Uint8Array): Promise<void> {
    const { peer, handler } = this.#deps
    const { send } = this.#hooks
    let reason: Error | undefined
    try {
      for await (const frame of handler(peer, body, this.#control.signal)) {
        if (frame.length > limits.MAX_FRAME_BYTES)
          throw new ChordnsError('PEER_OVERSIZE', `a frame of ${frame.length} bytes`, { bytes: frame.length })
        if (this.#credit === 0) await this.#credited()
        if (this.#closed) return
        this.#credit--
        send({ kind: BulkKind.DATA, payload: frame })
      }
      if (!this.#closed) send({ kind: BulkKind.END, payload: NOTHING })
    } catch (error) {
      reason = error instanceof Error ? error : new Error(String(error))
      // Only the code goes out: texts may hold what is none of the peer's business.
      const code = error instanceof ChordnsError ? error.code : 'INTERNAL'
      if (!this.#closed) send({ kind: BulkKind.ERROR, payload: new TextEncoder().encode(code) })
    } finally {
      this.#closed = true
      this.#hooks.onEnd(reason)
    }
  }

  /** A requester that reads nothing for so long is given up, or those that never read would hold their frames for ever. */
  #credited(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#cancelSlow = this.#deps.clock.after(limits.BULK_SLOW_MS, () =>
        reject(
          new ChordnsError('PEER_SLOW', `the peer took nothing for ${limits.BULK_SLOW_MS} ms`, {
            peer: this.#deps.peer,
          }),
        ),
      )
      this.#wake = () => {
        this.#cancelSlow?.()
        this.#wake = undefined
        resolve()
      }
    })
  }
}

function remoteError(peer: PeerId, payload: Uint8Array) {
  const remoteCode = new TextDecoder().decode(payload.subarray(0, 64)).replace(/[^A-Z0-9_]/g, '?')
  return new ChordnsError('PEER_FAILED', `the peer answered with the error ${remoteCode}`, { peer, remoteCode })
}

function oversized(bytes: number) {
  return new ChordnsError('PEER_OVERSIZE', `more than ${limits.MAX_BULK_BYTES} bytes in one bulk`, { bytes })
}

function malformed(what: string) {
  return new ChordnsError('PEER_MALFORMED', `malformed bulk: ${what}`, { what })
}
