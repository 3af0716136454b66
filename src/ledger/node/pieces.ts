/** A piece of a state in frames of a bulk, and back. What is in it is checked by whoever asked for it. */
import { concatBytes } from '../../base/index.ts'
import { limits } from '../limits.ts'
import { malformed } from '../refusal.ts'

export function* cutPiece(piece: Uint8Array): Generator<Uint8Array> {
  for (let from = 0; from < piece.length; from += limits.PIECE_FRAME_BYTES)
    yield piece.subarray(from, from + limits.PIECE_FRAME_BYTES)
}

/** Rejects as the frames do, and with LEDGER_MALFORMED when they are more than a piece. */
export async function joinedPiece(frames: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const frame of frames) {
    bytes += frame.length
    if (bytes > limits.MAX_PIECE_BYTES) throw malformed(`a piece of more than ${limits.MAX_PIECE_BYTES} bytes`)
    parts.push(frame)
  }
  return concatBytes(...parts)
}
