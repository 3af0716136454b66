/**
 * The last changes of hands, numbered, in a ring of places: whoever looks at the count after each block learns of all of them by one proof, and drops
 * what he knows of those names.
 */
import { encodeCanonical } from '../../../crypto/index.ts'
import { moduleKey, readerOf } from '../../draft.ts'
import { limits as ledgerLimits } from '../../limits.ts'
import { ledgerReader } from '../../refusal.ts'
import type { Draft, StateReader } from '../../types.ts'
import { NAMES } from './kinds.ts'
import { keyIn, Part } from './label.ts'
import { limits } from './limits.ts'

const { readCbor, readRow, readInteger, readBytes } = ledgerReader
const COUNT = keyIn(Part.HANDS_COUNT, new Uint8Array())

/** Under which key of a chain's state the count stands. */
export const handsCountKey = moduleKey(NAMES, COUNT)

/** Another owner has the name from this block on, or none. */
export function writeChange(own: Draft, label: Uint8Array): void {
  const count = handsCount(own.get(COUNT))
  own.set(placeKey(count), encodeCanonical([count, label]))
  own.set(COUNT, encodeCanonical(count + 1))
}

/** So many there were. Throws LEDGER_MALFORMED. */
export function handsCount(value: Uint8Array | undefined): number {
  return value === undefined ? 0 : readInteger(readCbor(value, 16, 'count'), 0, ledgerLimits.MAX_AMOUNT, 'count')
}

/** The labels of the changes from one number to before another, once each; undefined: some are no longer known. */
export function handsBetween(state: StateReader, from: number, to: number): readonly Uint8Array[] | undefined {
  if (to - from > limits.HANDS_REMEMBERED) return undefined
  const own = readerOf(state, NAMES)
  const labels: Uint8Array[] = []
  for (let number = from; number < to; number++) {
    const value = own.get(placeKey(number))
    if (value === undefined) continue
    const [at, label] = readRow(readCbor(value, 96, 'change of hands'), 2, 'change of hands')
    if (readInteger(at, 0, ledgerLimits.MAX_AMOUNT, 'number') === number) labels.push(readBytes(label, 1, 63, 'label'))
  }
  return labels
}

function placeKey(number: number): Uint8Array {
  const place = number % limits.HANDS_REMEMBERED
  return keyIn(Part.HANDS, Uint8Array.of(place >> 8, place & 0xff))
}
