/** Fields of the messages between replicas, and the error for those that do not fit. */
import { ChordnsError } from '../../base/index.ts'
import { cborReader } from '../../crypto/index.ts'

export function malformed(what: string, cause?: unknown): ChordnsError<'CHUNK_MALFORMED', { what: string }> {
  return new ChordnsError('CHUNK_MALFORMED', `malformed chunk message: ${what}`, { what }, { cause })
}

export const { readCbor, readRow, readList, readInteger, readBytes } = cborReader(malformed)
