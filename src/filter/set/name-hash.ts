/** 64 bits of a name, keyed: whoever writes a list must not be able to choose names that meet others. */
import { type HashKey, halfSipHash, hashKey } from '../../cache/index.ts'

export class NameHash {
  readonly #high: HashKey
  readonly #low: HashKey

  /** `seed`: 16 random bytes. */
  constructor(seed: Uint8Array) {
    this.#high = hashKey(seed)
    // Two hashes, whatever the seed is.
    this.#low = hashKey(seed.subarray(8, 16).map((octet) => octet ^ 0x5a))
  }

  high(name: Uint8Array, length: number): number {
    return halfSipHash(this.#high, name, length)
  }

  low(name: Uint8Array, length: number): number {
    return halfSipHash(this.#low, name, length)
  }
}
