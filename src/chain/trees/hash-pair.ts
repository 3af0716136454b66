/** The hash over two hashes, with a prefix that says what they are. */
import { sha256 } from '../../crypto/index.ts'

/** Filled for one hash at a time. */
const pair = new Uint8Array(65)

/** Two hashes of 32 bytes each, which their callers see to. */
export function hashPair(prefix: number, first: Uint8Array, second: Uint8Array): Uint8Array {
  pair[0] = prefix
  pair.set(first, 1)
  pair.set(second, 33)
  return sha256(pair)
}
