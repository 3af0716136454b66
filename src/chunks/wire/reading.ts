/** Fields of the messages between replicas, and the error for those that do not fit. */
import { ChordnsError } from '../../base/index.ts'
import { type CborValue, cborReader } from '../../crypto/index.ts'
import { type Name, nameFromWire } from '../../dns/index.ts'

export function malformed(what: string, cause?: unknown): ChordnsError<'CHUNK_MALFORMED', { what: string }> {
  return new ChordnsError('CHUNK_MALFORMED', `malformed chunk message: ${what}`, { what }, { cause })
}

export const { readCbor, readRow, readList, readInteger, readBytes } = cborReader(malformed)

/** Throws CHUNK_MALFORMED. */
export function readName(value: CborValue | undefined): Name {
  const wire = readBytes(value, 1, 255, 'name')
  try {
    return nameFromWire(wire)
  } catch (error) {
    throw malformed('name', error)
  }
}
