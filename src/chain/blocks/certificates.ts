/** Certificates of blocks as canonical CBOR: a list of pairs in schema 1, a bitmap and the signatures one after the other in schema 2. */
import { concatBytes } from '../../base/index.ts'
import { type CborField, type CborValue, encodeCanonical, sha256 } from '../../crypto/index.ts'
import { limits } from '../limits.ts'
import {
  malformed,
  readBytes,
  readHash,
  readHeight,
  readInteger,
  readList,
  readRound,
  readRow,
  readSignature,
} from '../reading.ts'
import type { BlockCertificate } from '../types.ts'

const SIGNATURE_BYTES = 64

type Signatures = BlockCertificate['signatures']

/** Zeros for none: what the first block has. */
export function certificateHash(certificate: BlockCertificate | undefined): Uint8Array {
  return certificate === undefined ? new Uint8Array(32) : sha256(encodeCanonical(certificateToValue(certificate)))
}

export function certificateToValue({ scheme, height, round, blockId, signatures }: BlockCertificate): CborValue {
  if (scheme === undefined)
    return [height, round, blockId, signatures.map(({ index, signature }) => [index, signature])]
  const { bitmap, bytes } = packSignatures(signatures)
  return [scheme, height, round, blockId, bitmap, bytes]
}

/** Throws CHAIN_MALFORMED. */
export function certificateFromValue(value: CborField): BlockCertificate {
  if (Array.isArray(value) && value.length === 6) return packedFrom(value)
  const [height, round, blockId, signatures] = readRow(value, 4, 'certificate')
  return {
    height: readHeight(height),
    round: readRound(round),
    blockId: readHash(blockId, 'block id'),
    signatures: readList(signatures, limits.MAX_VALIDATORS, 'signatures', (pair) => {
      const [index, signature] = readRow(pair, 2, 'signature')
      return {
        index: readInteger(index, 0, limits.MAX_VALIDATORS - 1, 'index'),
        signature: readSignature(signature, 'signature'),
      }
    }),
  }
}

function packedFrom([scheme, height, round, blockId, bitmap, bytes]: readonly CborValue[]): BlockCertificate {
  if (scheme !== 1) throw malformed('a certificate of an unknown scheme')
  return {
    scheme,
    height: readHeight(height),
    round: readRound(round),
    blockId: readHash(blockId, 'block id'),
    signatures: readSignatures(bitmap, bytes),
  }
}

/** One bit a validator, the lowest of the first byte first; no zero bytes at the end, so that there is one form of it. */
export function packSignatures(signatures: Signatures): { readonly bitmap: Uint8Array; readonly bytes: Uint8Array } {
  const last = signatures.at(-1)?.index ?? -1
  const bitmap = new Uint8Array(Math.floor(last / 8) + 1)
  for (const { index } of signatures) bitmap[index >> 3]! |= 1 << (index & 7)
  return { bitmap, bytes: concatBytes(...signatures.map(({ signature }) => signature)) }
}

/** Throws CHAIN_MALFORMED. */
export function readSignatures(bitmapValue: CborField, bytesValue: CborField): Signatures {
  const bitmap = readBytes(bitmapValue, 0, Math.ceil(limits.MAX_VALIDATORS / 8), 'bitmap')
  if (bitmap.at(-1) === 0) throw malformed('a bitmap with zeros at its end')
  const indices: number[] = []
  for (let index = 0; index < bitmap.length * 8; index++)
    if ((bitmap[index >> 3]! >> (index & 7)) & 1) indices.push(index)
  if (indices.some((index) => index >= limits.MAX_VALIDATORS)) throw malformed('a bit of nobody')
  const length = indices.length * SIGNATURE_BYTES
  const bytes = readBytes(bytesValue, length, length, 'signatures')
  return indices.map((index, i) => ({
    index,
    signature: bytes.slice(i * SIGNATURE_BYTES, (i + 1) * SIGNATURE_BYTES),
  }))
}
