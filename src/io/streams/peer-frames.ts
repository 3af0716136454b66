/** Frames of requests between peers: u32 length | u32 id | u8 kind | payload. The length counts what follows it. */
import { baseLimits, ChordnsError } from '../../base/index.ts'
import { LENGTH_BYTES, LengthPrefixReader } from './length-prefix.ts'

export const PeerFrameKind = { REQUEST: 1, REPLY: 2, ERROR: 3, HELLO: 4 } as const
export type PeerFrameKind = (typeof PeerFrameKind)[keyof typeof PeerFrameKind]

export interface PeerFrame {
  /** A reply has the id of its request; 0 in hello. */
  readonly id: number
  readonly kind: PeerFrameKind
  readonly payload: Uint8Array
}

/** Id and kind. */
const HEAD_BYTES = 5

/** Throws PEER_OVERSIZE. */
export function encodePeerFrame({ id, kind, payload }: PeerFrame): Uint8Array {
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

/** Takes frames out of a stream. Its bound may change between two frames: hello is short, requests are not. */
export class PeerFrameReader {
  /** Bytes that a payload may have from now on. */
  maxPayload: number
  readonly #stream = new LengthPrefixReader()

  constructor(maxPayload: number) {
    this.maxPayload = maxPayload
  }

  /** The frames that are whole by now. Throws PEER_MALFORMED when the stream cannot go on; those before it count. */
  *feed(piece: Uint8Array): Generator<PeerFrame> {
    this.#stream.add(piece)
    for (;;) {
      const bytes = this.#stream.next({ min: HEAD_BYTES, max: HEAD_BYTES + this.maxPayload }, malformed)
      if (bytes === undefined) return
      yield decode(bytes)
    }
  }
}

function decode(bytes: Uint8Array): PeerFrame {
  const kind = bytes[4]!
  if (kind < PeerFrameKind.REQUEST || kind > PeerFrameKind.HELLO) throw malformed(`a frame of kind ${kind}`)
  const id = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
  // A copy: the bytes belong to a buffer of the transport.
  return { id, kind: kind as PeerFrameKind, payload: new Uint8Array(bytes.subarray(HEAD_BYTES)) }
}

function malformed(what: string) {
  return new ChordnsError('PEER_MALFORMED', `malformed frame: ${what}`, { what })
}
