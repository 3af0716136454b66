/** Reading what somebody else encoded: everything that does not fit throws CHUNK_MALFORMED. */
import { ChordnsError, isChordnsError } from '../../base/index.ts'
import { type CborField, cborReader } from '../../crypto/index.ts'
import { type Name, nameFromWire } from '../../dns/index.ts'

export function malformed(what: string, cause?: unknown): ChordnsError<'CHUNK_MALFORMED', { what: string }> {
  return new ChordnsError('CHUNK_MALFORMED', `malformed chain record: ${what}`, { what }, { cause })
}

export const { readCbor, readRow, readList, readInteger, readBytes, readHash, readUtf8 } = cborReader(malformed)

export function readName(value: CborField): Name {
  const wire = readBytes(value, 1, 255, 'name')
  try {
    return nameFromWire(wire)
  } catch (cause) {
    if (isChordnsError(cause)) throw malformed('name', cause)
    throw cause
  }
}
