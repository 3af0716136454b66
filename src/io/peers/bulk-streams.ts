/**
 * Bulks over libp2p: a stream of its own for each, so that no request waits behind one. Only peers that passed hello are
 * served, and only so many at once.
 */
import type { Connection, Stream } from '@libp2p/interface'
import {
  asPeerId,
  type BulkFrame,
  type BulkHandler,
  BulkKind,
  BulkReader,
  BulkWriter,
  baseLimits,
  type Clock,
  errorText,
  type Log,
  type PeerId,
  type RequestOptions,
} from '../../base/index.ts'
import { limits } from '../limits.ts'
import { BulkFrameReader, encodeBulkFrame } from '../streams/bulk-frames.ts'
import { asError, gone } from '../streams/failures.ts'

export const BULK_PROTOCOL = '/chordns/bulk/1'

export interface BulkStreamsDeps {
  readonly clock: Clock
  readonly log: Log
}

export interface BulkStreamsHooks {
  readonly isAdmitted: (peer: PeerId) => boolean
  /** A new stream of this protocol to a peer that let us in. Rejects with PEER_*. */
  readonly open: (peer: PeerId) => Promise<Stream>
}

export class BulkStreams {
  readonly #deps: BulkStreamsDeps
  readonly #hooks: BulkStreamsHooks
  readonly #streams = new Set<Stream>()
  /** How many of them each peer has. */
  readonly #peers = new Map<PeerId, number>()
  readonly #places = new Places()
  #handler: BulkHandler | undefined
  #closed = false

  constructor(deps: BulkStreamsDeps, hooks: BulkStreamsHooks) {
    this.#deps = deps
    this.#hooks = hooks
  }

  bulk(peer: PeerId, body: Uint8Array, options: RequestOptions): AsyncIterable<Uint8Array> {
    return this.#closed ? failing(gone(peer)) : this.#read(peer, body, options)
  }

  onBulk(handler: BulkHandler): void {
    this.#handler = handler
  }

  /** A stream that a peer opened. Runs without an await before the reader is attached. */
  accept(stream: Stream, connection: Connection): void {
    const peer = asPeerId(connection.remotePeer.toString())
    if (this.#closed || !this.#hooks.isAdmitted(peer)) {
      abort(stream, gone(peer))
      return
    }
    const code = this.#handler === undefined ? 'PEER_NOT_READY' : this.#places.isFull(peer) ? 'PEER_BUSY' : undefined
    if (code !== undefined || this.#handler === undefined) this.#refuse(stream, peer, code)
    else this.#serve(stream, peer, this.#handler)
  }

  /** A bulk is on its way to the peer or from it. */
  isBusy(peer: PeerId): boolean {
    return this.#peers.get(peer) !== undefined
  }

  close(): void {
    this.#closed = true
    for (const stream of [...this.#streams]) abort(stream, new Error('this node is stopping'))
  }

  async *#read(peer: PeerId, body: Uint8Array, options: RequestOptions) {
    const stream = await this.#hooks.open(peer)
    const { timeoutMs, signal } = options
    const reader = new BulkReader(
      { peer, clock: this.#deps.clock, timeoutMs, signal },
      { send: senderOf(stream), onEnd: (reason) => end(stream, reason) },
    )
    this.#attach(stream, peer, {
      receive: (frame) => reader.receive(frame),
      onClosed: (reason) => reader.close(reason),
    })
    try {
      reader.request(body)
    } catch (error) {
      end(stream, error instanceof Error ? error : undefined)
      throw error
    }
    yield* reader.frames()
  }

  #refuse(stream: Stream, peer: PeerId, code: string | undefined): void {
    this.#attach(stream, peer, { receive: ignore, onClosed: ignore })
    senderOf(stream)({ kind: BulkKind.ERROR, payload: new TextEncoder().encode(code) })
    end(stream, undefined)
  }

  #serve(stream: Stream, peer: PeerId, handler: BulkHandler): void {
    const { clock, log } = this.#deps
    const leave = this.#places.occupy(peer)
    let wasAsked = false
    const cancelSilent = clock.after(baseLimits.HELLO_TIMEOUT_MS, () => {
      if (wasAsked) return
      leave()
      abort(stream, gone(peer))
    })
    const finish = () => {
      cancelSilent()
      leave()
    }
    const onEnd = (reason: Error | undefined) => {
      finish()
      if (reason !== undefined) log.debug({ peer, reason: errorText(reason) }, 'a bulk ended early')
      end(stream, undefined)
    }
    const writer = new BulkWriter({ peer, clock, handler }, { send: senderOf(stream), onEnd })
    this.#attach(stream, peer, {
      receive: (frame) => {
        writer.receive(frame)
        wasAsked = true
      },
      onClosed: () => {
        writer.close()
        // Otherwise the writer says when its handler has ended.
        if (!wasAsked) finish()
      },
    })
  }

  #attach(
    stream: Stream,
    peer: PeerId,
    { receive, onClosed }: { receive(frame: BulkFrame): void; onClosed(reason: Error): void },
  ): void {
    const reader = new BulkFrameReader()
    this.#streams.add(stream)
    this.#peers.set(peer, (this.#peers.get(peer) ?? 0) + 1)
    stream.addEventListener('message', ({ data }) => {
      try {
        for (const frame of reader.feed(data.subarray())) receive(frame)
      } catch (error) {
        const reason = asError(error)
        this.#deps.log.debug({ peer, reason: errorText(reason) }, 'a bulk stream ended')
        onClosed(reason)
        abort(stream, reason)
      }
    })
    stream.addEventListener('close', ({ error }) => {
      if (this.#streams.delete(stream)) this.#ended(peer)
      onClosed(gone(peer, error))
    })
    if (stream.status !== 'open') onClosed(gone(peer))
  }

  #ended(peer: PeerId): void {
    const left = (this.#peers.get(peer) ?? 1) - 1
    if (left > 0) this.#peers.set(peer, left)
    else this.#peers.delete(peer)
  }
}

/** Bulks that are served at once: so many for one peer, and so many in all. */
class Places {
  readonly #taken = new Map<PeerId, number>()
  #all = 0

  isFull(peer: PeerId): boolean {
    return (this.#taken.get(peer) ?? 0) >= limits.MAX_BULKS_PER_PEER || this.#all >= limits.MAX_BULKS
  }

  /** What is returned gives the place back; calling it twice is harmless. */
  occupy(peer: PeerId): () => void {
    let isTaken = true
    this.#all++
    this.#taken.set(peer, (this.#taken.get(peer) ?? 0) + 1)
    return () => {
      if (!isTaken) return
      isTaken = false
      this.#all--
      const left = this.#taken.get(peer)! - 1
      if (left > 0) this.#taken.set(peer, left)
      else this.#taken.delete(peer)
    }
  }
}

/** What the stream queues is within the window that was granted: frames of a bulk are few on the way. */
function senderOf(stream: Stream) {
  return (frame: BulkFrame) => {
    if (stream.writeStatus !== 'writable') return
    stream.send(encodeBulkFrame(frame))
  }
}

/** In order where all is well: what was sent still arrives. */
function end(stream: Stream, reason: Error | undefined): void {
  if (reason !== undefined || stream.status !== 'open') abort(stream, reason ?? new Error('over'))
  else
    stream
      .close({ signal: AbortSignal.timeout(baseLimits.HELLO_TIMEOUT_MS) })
      .catch((error: Error) => stream.abort(error))
}

function abort(stream: Stream, reason: Error): void {
  if (stream.status === 'open' || stream.status === 'closing') stream.abort(reason)
}

function ignore(): void {}

async function* failing(error: Error): AsyncGenerator<Uint8Array> {
  yield* await Promise.reject<Uint8Array[]>(error)
}
