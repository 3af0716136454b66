/** DNS messages in a stream of bytes, over TCP or TLS: two bytes of length before each (RFC 1035 section 4.2.2, RFC 7766 section 8). */

/** RFC 1035 section 4.2.2: two bytes of length. */
const MAX_BYTES = 65_535

/** The message with its length in front, as one buffer: one write, one segment. It has at most 65,535 bytes. */
export function framedForTcp(message: Uint8Array): Uint8Array {
  const framed = new Uint8Array(2 + message.length)
  framed[0] = message.length >> 8
  framed[1] = message.length & 255
  framed.set(message, 2)
  return framed
}

export interface TcpMessageBounds {
  /** A shorter message breaks the stream. Default: 0, anything is handed out. */
  readonly minBytes?: number
  /** A longer one does. Default: none is. */
  readonly maxBytes?: number
}

/**
 * Puts messages together from bytes that come in any pieces, also between the two bytes of a length. Each message is a copy:
 * the pieces belong to the socket. `push` and `next` are for readers that stop while they have enough in work; `feed` is for
 * those that take all at once.
 */
export class TcpMessageReader {
  readonly #minBytes: number
  readonly #maxBytes: number
  readonly #whole: Uint8Array[] = []
  /** The first byte of a length whose second is still to come. */
  #high: number | undefined
  #body: Uint8Array | undefined
  #filled = 0
  #broken = false

  constructor({ minBytes = 0, maxBytes = MAX_BYTES }: TcpMessageBounds = {}) {
    this.#minBytes = minBytes
    this.#maxBytes = maxBytes
  }

  /** True after a length that is out of bounds; nothing after it can be read. */
  get broken(): boolean {
    return this.#broken
  }

  push(chunk: Uint8Array): void {
    let at = 0
    while (at < chunk.length && !this.#broken)
      at = this.#body === undefined ? this.#readLength(chunk, at) : this.#readBody(this.#body, chunk, at)
  }

  /** The next whole message, in order of arrival. */
  next(): Uint8Array | undefined {
    return this.#whole.shift()
  }

  /** The messages that are whole now. */
  feed(chunk: Uint8Array): Uint8Array[] {
    this.push(chunk)
    return this.#whole.splice(0)
  }

  #readLength(chunk: Uint8Array, at: number): number {
    const byte = chunk[at]!
    if (this.#high === undefined) {
      this.#high = byte
      return at + 1
    }
    const length = this.#high * 256 + byte
    this.#high = undefined
    this.#filled = 0
    if (length < this.#minBytes || length > this.#maxBytes) this.#broken = true
    else if (length === 0) this.#whole.push(new Uint8Array())
    else this.#body = new Uint8Array(length)
    return at + 1
  }

  #readBody(body: Uint8Array, chunk: Uint8Array, at: number): number {
    const end = Math.min(chunk.length, at + body.length - this.#filled)
    body.set(chunk.subarray(at, end), this.#filled)
    this.#filled += end - at
    if (this.#filled === body.length) {
      this.#whole.push(body)
      this.#body = undefined
    }
    return end
  }
}
