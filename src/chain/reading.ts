/** Reading what somebody else encoded: everything that does not fit throws CHAIN_MALFORMED. */
import { ChordnsError } from '../base/index.ts'
import { type CborField, cborReader } from '../crypto/index.ts'
import { limits } from './limits.ts'

export function malformed(what: string, cause?: unknown) {
  return new ChordnsError('CHAIN_MALFORMED', `malformed: ${what}`, { what }, { cause })
}

export const {
  readCbor,
  readCborInPlace,
  readMap,
  readRow,
  readList,
  readInteger,
  readBytes,
  readHash,
  readSignature,
  readBoolean,
  readUtf8,
} = cborReader(malformed)

export const readHeight = (value: CborField) => readInteger(value, 0, limits.MAX_HEIGHT, 'height')
export const readRound = (value: CborField) => readInteger(value, 0, limits.MAX_ROUND, 'round')
