/** Frames of a bulk, which has a stream of its own and so needs no ids: u32 length | u8 kind | payload. */
import { type BulkFrame, BulkKind, baseLimits, ChordnsError } from '../../base/index.ts'
import { LENGTH_BYTES, LengthPrefixReader } from './length-prefix.ts'

/** The kind. */
const HEAD_BYTES = 1

/** Throws PEER_OVERSIZE. */
export function encodeBulkFrame({ kind, payload }: BulkFrame): Uint8Array {
  if (payload.length > baseLimits.MAX_FRAME_BYTES)
    throw new ChordnsError('PEER_OVERSIZE', `a message of ${payload.length} bytes does not fit into a frame`, {
      bytes: payload.length,
    })
  const bytes = new Uint8Array(LENGTH_BYTES + HEAD_BYTES + payload.length)
  new DataView(bytes.buffer).setUint32(0, HEAD_BYTES + payload.length)
  bytes[LENGTH_BYTES] = kind
  bytes.set(payload, LENGTH_BYTES + HEAD_BYTES)
  return bytes
}

/** Takes frames out of a stream. */
export class BulkFrameReader {
  readonly #stream = new LengthPrefixReader()

  /** The frames that are whole by now. Throws PEER_MALFORMED when the stream cannot go on. */
  feed(piece: Uint8Array): BulkFrame[] {
    const frames: BulkFrame[] = []
    this.#stream.add(piece)
    for (;;) {
      const bytes = this.#stream.next({ min: HEAD_BYTES, max: HEAD_BYTES + baseLimits.MAX_FRAME_BYTES }, malformed)
      if (bytes === undefined) return frames
      const kind = bytes[0]!
      if (kind < BulkKind.REQUEST || kind > BulkKind.GRANT) throw malformed(`a frame of kind ${kind}`)
      // A copy: the bytes belong to a buffer of the transport.
      frames.push({ kind: kind as BulkKind, payload: new Uint8Array(bytes.subarray(HEAD_BYTES)) })
    }
  }
}

function malformed(what: string) {
  return new ChordnsError('PEER_MALFORMED', `malformed bulk: ${what}`, { what })
}
