/**
 * A mark on the rows that this node has written: only who has its key can make it. What bears it was examined before it was written,
 * and its signatures need not be checked again; checking them is most of what reading costs. Whoever has the key can forge the mark, but
 * also sign anything else in this node's name.
 */
import { concatBytes } from '../../../base/index.ts'
import { type Signer, sha256, shortKeyedHash, signedBytes, timingSafeEqual } from '../../../crypto/index.ts'

export interface RowSeal {
  wrap(row: Uint8Array): Uint8Array
  /** `isOwn` is false for a row without the mark, or with a wrong one: anybody may have written it. */
  unwrap(value: Uint8Array): { readonly row: Uint8Array; readonly isOwn: boolean }
}

/** No row begins with it: they are CBOR arrays. */
const SEALED = 0
const SEAL_BYTES = 16
const ROW_AT = 1 + SEAL_BYTES

/** The key is made from a signature: Ed25519 gives the same one each time, and this one is never shown to anybody. */
export function createRowSeal(signer: Signer): RowSeal {
  const key = sha256(signer.sign(signedBytes('chordns/row-seal/1')))
  const sealOf = (row: Uint8Array) => shortKeyedHash(key, SEAL_BYTES, row)
  return {
    wrap: (row) => concatBytes(Uint8Array.of(SEALED), sealOf(row), row),
    unwrap(value) {
      if (value[0] !== SEALED) return { row: value, isOwn: false }
      const row = value.subarray(ROW_AT)
      return { row, isOwn: timingSafeEqual(value.subarray(1, ROW_AT), sealOf(row)) }
    },
  }
}
