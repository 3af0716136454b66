/** Frames between peers: u32 length | u32 id | u8 kind | payload. The length counts what follows it. */
import { baseLimits, ChordnsError } from '../../base/index.ts'

export const FrameKind = { REQUEST: 1, REPLY: 2, ERROR: 3, HELLO: 4 } as const
export type FrameKind = (typeof FrameKind)[keyof typeof FrameKind]

export interface Frame {
  readonly id: number
  readonly kind: FrameKind
  readonly payload: Uint8Array
}

const HEAD_BYTES = 5
const LENGTH_BYTES = 4

/** Throws PEER_OVERSIZE. */
export function encodeFrame({ id, kind, payload }: Frame): Uint8Array {
  if (payload.length > baseLimits.MAX_FRAME_BYTES)
    throw new ChordnsError('PEER_OVERSIZE', `a message of ${payload.length} bytes does not fit into a frame`, {
      bytes: payload.length,
    })
  const bytes = new Uint8Array(LENGTH_BYTES + HEAD_BYTES + payload.length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, HEAD_BYTES + payload.length)
  view.setUint32(4, id)
  bytes[8] = kind
  bytes.set(payload, 9)
  return bytes
}

/** Takes frames out of a stream of bytes whose boundaries mean nothing. Pieces are joined only when a frame is whole. */
export class FrameReader {
  /** Bytes that a payload may have from now on. */
  maxPayload: number
  #pieces: Uint8Array[] = []
  #size = 0
  /** Bytes needed before another look is worth it. */
  #wanted = LENGTH_BYTES

  constructor(maxPayload: number) {
    this.maxPayload = maxPayload
  }

  /** The frames that are whole by now. Throws PEER_MALFORMED when the stream cannot go on. */
  *feed(piece: Uint8Array): Generator<Frame> {
    this.#pieces.push(piece)
    this.#size += piece.length
    while (this.#size >= this.#wanted) {
      const bytes = this.#joined()
      const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
      if (length < HEAD_BYTES || length > HEAD_BYTES + this.maxPayload) throw malformed(`a frame of ${length} bytes`)
      const end = LENGTH_BYTES + length
      if (bytes.length < end) {
        this.#wanted = end
        break
      }
      this.#pieces = bytes.length > end ? [bytes.subarray(end)] : []
      this.#size = bytes.length - end
      this.#wanted = LENGTH_BYTES
      yield decode(bytes.subarray(LENGTH_BYTES, end))
    }
  }

  #joined(): Uint8Array {
    if (this.#pieces.length === 1) return this.#pieces[0]!
    const joined = new Uint8Array(this.#size)
    let offset = 0
    for (const piece of this.#pieces) {
      joined.set(piece, offset)
      offset += piece.length
    }
    this.#pieces = [joined]
    return joined
  }
}

function decode(bytes: Uint8Array): Frame {
  const kind = bytes[4]!
  if (kind < FrameKind.REQUEST || kind > FrameKind.HELLO) throw malformed(`a frame of kind ${kind}`)
  const id = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
  // A copy: the bytes belong to a buffer of the transport.
  return { id, kind: kind as FrameKind, payload: new Uint8Array(bytes.subarray(HEAD_BYTES)) }
}

function malformed(what: string) {
  return new ChordnsError('PEER_MALFORMED', `malformed frame: ${what}`, { what })
}
