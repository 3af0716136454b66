/** Reading what another member encoded: everything that does not fit throws RING_MALFORMED. */
import { ChordnsError, type RingId } from '../../base/index.ts'
import { type CborField, cborReader } from '../../crypto/index.ts'
import { idFromBytes } from '../chord/ids.ts'

export function malformed(where: string, cause?: unknown): ChordnsError<'RING_MALFORMED', { where: string }> {
  return new ChordnsError('RING_MALFORMED', `malformed ring message: ${where}`, { where }, { cause })
}

export const { readCbor, readMap, readRow, readList, readInteger, readBytes, readHash, readSignature, readBoolean } =
  cborReader(malformed)

export function readId(value: CborField, what = 'id'): RingId {
  return idFromBytes(readHash(value, what))
}

/** Incarnations, and times in Unix ms. */
export function readNatural(value: CborField, what: string): number {
  return readInteger(value, 0, Number.MAX_SAFE_INTEGER, what)
}
