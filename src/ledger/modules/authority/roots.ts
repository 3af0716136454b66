/** The roots of the last histories: what a transaction was made for may go into one of the next blocks. */
import { encodeCanonical } from '../../../crypto/index.ts'
import { limits } from '../../limits.ts'
import { ledgerReader } from '../../refusal.ts'
import type { BlockFacts, Draft, StateReader } from '../../types.ts'

const { readCbor, readRow, readInteger, readHash } = ledgerReader

const keyOf = (size: number) => Uint8Array.of(10, size % limits.KEPT_ROOTS)

/** Once a block. */
export function keepRoot(own: Draft, { height, historyRoot }: BlockFacts): void {
  if (historyRoot !== undefined) own.set(keyOf(height - 1), encodeCanonical([height - 1, historyRoot]))
}

/** Of the first `size` headers; undefined: that is too long ago, or not yet. */
export function rootOf(own: StateReader, { height, historyRoot }: BlockFacts, size: number): Uint8Array | undefined {
  if (size === height - 1) return historyRoot
  const value = own.get(keyOf(size))
  if (value === undefined) return undefined
  const [of, root] = readRow(readCbor(value, limits.MAX_VALUE_BYTES, 'root'), 2, 'root')
  return readInteger(of, 0, limits.MAX_AMOUNT, 'size') === size ? readHash(root, 'root') : undefined
}
