/** What all frames between peers begin with: u32 length, which counts what follows it. */

export const LENGTH_BYTES = 4

export interface LengthBounds {
  /** Bytes after the length. */
  readonly min: number
  readonly max: number
}

/**
 * Cuts a stream of bytes, whose pieces mean nothing, where the lengths say. Pieces are joined when a frame is whole and not
 * before, so that the work is in proportion to the bytes.
 */
export class LengthPrefixReader {
  #pieces: Uint8Array[] = []
  #size = 0
  /** Bytes needed before another look is worth it. */
  #wanted = LENGTH_BYTES

  add(piece: Uint8Array): void {
    this.#pieces.push(piece)
    this.#size += piece.length
  }

  /**
   * What follows the next length, once it is whole: a view of bytes that the transport may use again. Throws what `malformed`
   * gives for a length out of bounds; nothing after it can be read.
   */
  next({ min, max }: LengthBounds, malformed: (what: string) => Error): Uint8Array | undefined {
    if (this.#size < this.#wanted) return undefined
    const bytes = this.#joined()
    const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
    if (length < min || length > max) throw malformed(`a frame of ${length} bytes`)
    const end = LENGTH_BYTES + length
    if (bytes.length < end) {
      this.#wanted = end
      return undefined
    }
    this.#pieces = bytes.length > end ? [bytes.subarray(end)] : []
    this.#size = bytes.length - end
    this.#wanted = LENGTH_BYTES
    return bytes.subarray(LENGTH_BYTES, end)
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
