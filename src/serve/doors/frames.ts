/** DNS over TCP framing (RFC 7766 section 8): two length bytes, then the message. Pure. */

/** Puts messages together from bytes that come in any pieces. */
export class FrameReader {
  readonly #maxBytes: number
  readonly #whole: Uint8Array[] = []
  #high: number | undefined
  #body: Uint8Array | undefined
  #filled = 0
  #broken = false

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** True after a length that no query has; nothing after it can be read. */
  get broken(): boolean {
    return this.#broken
  }

  push(chunk: Uint8Array): void {
    let at = 0
    while (at < chunk.length && !this.#broken) {
      if (this.#body === undefined) at = this.#readLength(chunk, at)
      else at = this.#readBody(this.#body, chunk, at)
    }
  }

  /** The next whole message, in order of arrival. */
  next(): Uint8Array | undefined {
    return this.#whole.shift()
  }

  #readLength(chunk: Uint8Array, at: number): number {
    const byte = chunk[at]!
    if (this.#high === undefined) {
      this.#high = byte
      return at + 1
    }
    const length = this.#high * 256 + byte
    this.#high = undefined
    if (length < 12 || length > this.#maxBytes) this.#broken = true
    else this.#body = new Uint8Array(length)
    this.#filled = 0
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

/** The message with its length in front, as one buffer: one write, one segment. */
export function framed(message: Uint8Array): Uint8Array {
  const out = new Uint8Array(2 + message.length)
  out[0] = message.length >> 8
  out[1] = message.length & 255
  out.set(message, 2)
  return out
}
