/** What the files and payloads of light clients are made of. */
import { concatBytes } from '../../base/index.ts'
import type { CborField, CborValue } from '../../crypto/index.ts'
import { headerFromValue, headerToValue } from '../blocks/blocks.ts'
import { certificateFromValue, certificateToValue } from '../blocks/certificates.ts'
import { malformed, readBytes, readRow } from '../reading.ts'
import type { CertifiedHeader } from '../types.ts'

const HASH_BYTES = 32

export function certifiedHeaderToValue({ header, certificate }: CertifiedHeader): CborValue {
  return [headerToValue(header), certificateToValue(certificate)]
}

/** Throws CHAIN_MALFORMED. */
export function certifiedHeaderFromValue(value: CborField): CertifiedHeader {
  const [header, certificate] = readRow(value, 2, 'certified header')
  return { header: headerFromValue(header), certificate: certificateFromValue(certificate) }
}

/** Hashes one after the other in one byte string, as paths and proofs stand in everything. */
export function hashesToValue(hashes: readonly Uint8Array[]): CborValue {
  return concatBytes(...hashes)
}

/** Throws CHAIN_MALFORMED. */
export function hashesFromValue(value: CborField, most: number): Uint8Array[] {
  const bytes = readBytes(value, 0, most * HASH_BYTES, 'hashes')
  if (bytes.length % HASH_BYTES !== 0) throw malformed('hashes that are not whole')
  return Array.from({ length: bytes.length / HASH_BYTES }, (_, i) => bytes.slice(i * HASH_BYTES, (i + 1) * HASH_BYTES))
}
