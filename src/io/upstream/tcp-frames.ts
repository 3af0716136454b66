/** DNS messages in a TCP stream: two bytes of length before each (RFC 1035 section 4.2.2). */

/** `message` has at most 65,535 bytes. */
export function frameForTcp(message: Uint8Array): Uint8Array {
  const framed = new Uint8Array(message.length + 2)
  framed[0] = message.length >> 8
  framed[1] = message.length
  framed.set(message, 2)
  return framed
}

/** Takes messages out of the stream. Pieces may be split anywhere, between the two bytes of a length too. */
export class TcpFrames {
  #pieces: Uint8Array[] = []
  #size = 0
  /** Bytes needed before another look is worth it. */
  #wanted = 2

  /** The messages that are whole now, each a copy. */
  feed(piece: Uint8Array): Uint8Array[] {
    this.#pieces.push(piece)
    this.#size += piece.length
    if (this.#size < this.#wanted) return []
    const bytes = this.#pieces.length === 1 ? piece : Buffer.concat(this.#pieces, this.#size)
    const messages: Uint8Array[] = []
    let offset = 0
    for (this.#wanted = 2; bytes.length - offset >= 2; ) {
      const end = offset + 2 + bytes[offset]! * 256 + bytes[offset + 1]!
      if (end > bytes.length) {
        this.#wanted = end - offset
        break
      }
      messages.push(new Uint8Array(bytes.subarray(offset + 2, end)))
      offset = end
    }
    this.#size = bytes.length - offset
    this.#pieces = this.#size === 0 ? [] : [bytes.subarray(offset)]
    return messages
  }
}
