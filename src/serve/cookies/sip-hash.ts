/** SipHash-2-4 with 64 bits of output (Aumasson, Bernstein 2012), in 32-bit halves: no BigInt, no memory of its own per call. */

export const KEY_BYTES = 16

export class SipHash {
  /** The last hash: its octets 0 to 3 and 4 to 7, little endian. */
  low = 0
  high = 0
  readonly #key: readonly [number, number, number, number]
  /** v0 to v3, each low half first. */
  readonly #state = new Int32Array(8)

  /** `key`: 16 bytes. */
  constructor(key: Uint8Array) {
    const view = new DataView(key.buffer, key.byteOffset, KEY_BYTES)
    this.#key = [view.getInt32(0, true), view.getInt32(4, true), view.getInt32(8, true), view.getInt32(12, true)]
  }

  /** Hashes the first `length` bytes, and leaves the result in `low` and `high`. The bytes after them, up to the next eighth, must be 0. */
  hash(message: DataView, length: number): void {
    const [k0, k1, k2, k3] = this.#key
    const v = this.#state
    v[0] = k0 ^ 0x70736575
    v[1] = k1 ^ 0x736f6d65
    v[2] = k2 ^ 0x6e646f6d
    v[3] = k3 ^ 0x646f7261
    v[4] = k0 ^ 0x6e657261
    v[5] = k1 ^ 0x6c796765
    v[6] = k2 ^ 0x79746573
    v[7] = k3 ^ 0x74656462
    const whole = length & ~7
    for (let at = 0; at < whole; at += 8) this.#absorb(message.getInt32(at, true), message.getInt32(at + 4, true))
    const rest = length & 7
    const low = rest > 0 ? message.getInt32(whole, true) : 0
    const high = rest > 4 ? message.getInt32(whole + 4, true) : 0
    this.#absorb(low, high | ((length & 0xff) << 24))
    v[4] = v[4]! ^ 0xff
    for (let i = 0; i < 4; i++) this.#round()
    this.low = v[0]! ^ v[2]! ^ v[4]! ^ v[6]!
    this.high = v[1]! ^ v[3]! ^ v[5]! ^ v[7]!
  }

  #absorb(low: number, high: number): void {
    const v = this.#state
    v[6] = v[6]! ^ low
    v[7] = v[7]! ^ high
    this.#round()
    this.#round()
    v[0] = v[0]! ^ low
    v[1] = v[1]! ^ high
  }

  #round(): void {
    const v = this.#state
    add(v, 0, 2)
    turn(v, 2, 13)
    mix(v, 2, 0)
    swap(v, 0)
    add(v, 4, 6)
    turn(v, 6, 16)
    mix(v, 6, 4)
    add(v, 0, 6)
    turn(v, 6, 21)
    mix(v, 6, 0)
    add(v, 4, 2)
    turn(v, 2, 17)
    mix(v, 2, 4)
    swap(v, 4)
  }
}

/** v[a] += v[b], 64 bits. */
function add(v: Int32Array, a: number, b: number): void {
  const low = (v[a]! >>> 0) + (v[b]! >>> 0)
  v[a] = low
  v[a + 1] = v[a + 1]! + v[b + 1]! + (low > 0xffffffff ? 1 : 0)
}

/** Rotates to the left by less than 32. */
function turn(v: Int32Array, a: number, bits: number): void {
  const low = v[a]!
  const high = v[a + 1]!
  v[a] = (low << bits) | (high >>> (32 - bits))
  v[a + 1] = (high << bits) | (low >>> (32 - bits))
}

function mix(v: Int32Array, a: number, b: number): void {
  v[a] = v[a]! ^ v[b]!
  v[a + 1] = v[a + 1]! ^ v[b + 1]!
}

/** Rotates by 32. */
function swap(v: Int32Array, a: number): void {
  const low = v[a]!
  v[a] = v[a + 1]!
  v[a + 1] = low
}
