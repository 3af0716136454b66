/**
 * Bulks over libp2p: a stream of its own for each, so that no request waits behind one. Frame: u32 length | u8 kind | payload;
 * the length counts what follows it. Only peers that passed hello are served.
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
  ChordnsError,
  type Clock,
  errorText,
  type Log,
  type PeerId,
  type RequestOptions,
} from '../../base/index.ts'
import { limits } from '../limits.ts'
import { gone } from '../streams/peer-stream.ts'

export const BULK_PROTOCOL = '/chordns/bulk/1'

const LENGTH_BYTES = 4

/** Throws PEER_OVERSIZE. */
export function encodeBulkFrame({ kind, payload }: BulkFrame): Uint8Array {
  if (payload.length > baseLimits.MAX_FRAME_BYTES)
    throw new ChordnsError('PEER_OVERSIZE', `a message of ${payload.length} bytes does not fit into a frame`, {
      bytes: payload.length,
    })
  const bytes = new Uint8Array(LENGTH_BYTES + 1 + payload.length)
  new DataView(bytes.buffer).setUint32(0, 1 + payload.length)
  bytes[LENGTH_BYTES] = kind
  bytes.set(payload, LENGTH_BYTES + 1)
  return bytes
}

/** Takes frames out of a stream of bytes whose boundaries mean nothing. Pieces are joined when a frame is whole. */
export class BulkFrameReader {
  #pieces: Uint8Array[] = []
  #size = 0
  #wanted = LENGTH_BYTES

  /** The frames that are whole by now. Throws PEER_MALFORMED when the stream cannot go on. */
  feed(piece: Uint8Array): BulkFrame[] {
    const frames: BulkFrame[] = []
    this.#pieces.push(piece)
    this.#size += piece.length
    while (this.#size >= this.#wanted) {
      const bytes = Buffer.concat(this.#pieces, this.#size)
      const length = bytes.readUInt32BE(0)
      if (length < 1 || length > 1 + baseLimits.MAX_FRAME_BYTES) throw malformed(`a frame of ${length} bytes`)
      const end = LENGTH_BYTES + length
      this.#pieces = [bytes]
      this.#wanted = end
      if (bytes.length < end) break
      const kind = bytes[LENGTH_BYTES]!
      if (kind < BulkKind.ASK || kind > BulkKind.GRANT) throw malformed(`a frame of kind ${kind}`)
      this.#pieces = [bytes.subarray(end)]
      this.#size = bytes.length - end
      this.#wanted = LENGTH_BYTES
      // A copy: the bytes belong to a buffer of the transport.
      frames.push({ kind: kind as BulkKind, payload: new Uint8Array(bytes.subarray(LENGTH_BYTES + 1, end)) })
    }
    return frames
  }
}

export interface BulkStreamsParts {
  readonly clock: Clock
  readonly log: Log
  readonly isAdmitted: (peer: PeerId) => boolean
  /** A new stream of this protocol to a peer that let us in. */
  readonly open: (peer: PeerId) => Promise<Stream>
}

export interface BulkStreams {
  bulk(peer: PeerId, body: Uint8Array, options: RequestOptions): AsyncIterable<Uint8Array>
  onBulk(handler: BulkHandler): void
  /** A stream that a peer opened. Runs without an await before the reader is attached. */
  accept(stream: Stream, connection: Connection): void
  close(): void
}

export function createBulkStreams({ clock, log, isAdmitted, open }: BulkStreamsParts): BulkStreams {
  const streams = new Set<Stream>()
  const served = new Map<PeerId, number>()
  let inWork = 0
  let handler: BulkHandler | undefined
  let closed = false

  function attach(
    stream: Stream,
    peer: PeerId,
    receive: (frame: BulkFrame) => void,
    onClosed: (reason: Error) => void,
  ): void {
    const reader = new BulkFrameReader()
    streams.add(stream)
    stream.addEventListener('message', ({ data }) => {
      try {
        for (const frame of reader.feed(data.subarray())) receive(frame)
      } catch (error) {
        const reason = error instanceof Error ? error : new Error(String(error))
        log.debug({ peer, reason: errorText(reason) }, 'a bulk stream ended')
        onClosed(reason)
        abort(stream, reason)
      }
    })
    stream.addEventListener('close', ({ error }) => {
      streams.delete(stream)
      onClosed(gone(peer, error))
    })
    if (stream.status !== 'open') onClosed(gone(peer))
  }

  /** Frames of a bulk are few on the way: what the stream queues is within the window that was granted. */
  function sender(stream: Stream) {
    return (frame: BulkFrame) => {
      if (stream.writeStatus !== 'writable') return
      stream.send(encodeBulkFrame(frame))
    }
  }

  async function* ask(peer: PeerId, body: Uint8Array, options: RequestOptions) {
    const stream = await open(peer)
    const reader = new BulkReader({
      peer,
      clock,
      ...options,
      signal: options.signal,
      send: sender(stream),
      onEnd: (reason) => end(stream, reason),
    })
    attach(
      stream,
      peer,
      (frame) => reader.receive(frame),
      (reason) => reader.close(reason),
    )
    try {
      reader.ask(body)
    } catch (error) {
      end(stream, error instanceof Error ? error : undefined)
      throw error
    }
    yield* reader.frames()
  }

  function serve(stream: Stream, peer: PeerId): void {
    const send = sender(stream)
    const mine = served.get(peer) ?? 0
    const busy = mine >= limits.MAX_BULKS_PER_PEER || inWork >= limits.MAX_BULKS
    const code = handler === undefined ? 'PEER_NOT_READY' : busy ? 'PEER_BUSY' : undefined
    if (code !== undefined || handler === undefined) {
      attach(stream, peer, ignore, ignore)
      send({ kind: BulkKind.ERROR, payload: new TextEncoder().encode(code) })
      end(stream, undefined)
      return
    }
    inWork++
    served.set(peer, mine + 1)
    let over = false
    const finish = () => {
      if (over) return
      over = true
      cancelSilent()
      inWork--
      const left = served.get(peer)! - 1
      if (left > 0) served.set(peer, left)
      else served.delete(peer)
    }
    let asked = false
    const cancelSilent = clock.after(baseLimits.HELLO_TIMEOUT_MS, () => {
      if (asked) return
      finish()
      abort(stream, gone(peer))
    })
    const writer = new BulkWriter({
      peer,
      clock,
      handler,
      send,
      onEnd: (reason) => {
        finish()
        if (reason !== undefined) log.debug({ peer, reason: errorText(reason) }, 'a bulk ended early')
        end(stream, undefined)
      },
    })
    attach(
      stream,
      peer,
      (frame) => {
        writer.receive(frame)
        asked = true
      },
      () => {
        writer.close()
        if (!asked) finish()
      },
    )
  }

  return {
    bulk: (peer, body, options) => (closed ? failing(gone(peer)) : ask(peer, body, options)),
    onBulk(next) {
      handler = next
    },
    accept(stream, connection) {
      const peer = asPeerId(connection.remotePeer.toString())
      if (closed || !isAdmitted(peer)) abort(stream, gone(peer))
      else serve(stream, peer)
    },
    close() {
      closed = true
      for (const stream of [...streams]) abort(stream, new Error('this node is stopping'))
    },
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

function malformed(what: string) {
  return new ChordnsError('PEER_MALFORMED', `malformed bulk: ${what}`, { what })
}
