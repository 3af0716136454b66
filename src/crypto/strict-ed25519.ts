/**
 * What verifiers of Ed25519 differ in, decided before the equation is checked (RFC 8032 section 5.1.7; "Taming the many
 * EdDSAs", SSR 2020): canonical S, canonical encodings of both points, neither of them of small order.
 */
import { fromHex } from '../base/index.ts'

/** The order of the base point, 2^252 + 27742317777372353535851937790883648493, big endian. */
const ORDER = fromHex('1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed')

/**
 * The y coordinates of the eight points of small order, little endian, without the sign of x: 0, 1, p - 1, and the two of
 * order eight. With one as the key, one signature fits many messages; with one as R, it says nothing of a nonce.
 */
const SMALL_ORDER_Y = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
].map(fromHex)

/** `publicKey` and `signature` have any length. False: no strict verifier accepts the pair, whatever the message. */
export function isStrictEd25519(publicKey: Uint8Array, signature: Uint8Array): boolean {
  return (
    publicKey.length === 32 &&
    signature.length === 64 &&
    isStrictPoint(publicKey) &&
    isStrictPoint(signature.subarray(0, 32)) &&
    isCanonicalScalar(signature.subarray(32))
  )
}

function isStrictPoint(bytes: Uint8Array): boolean {
  return isCanonicalY(bytes) && !SMALL_ORDER_Y.some((y) => sameY(bytes, y))
}

/** y < p = 2^255 - 19: only values of the form 2^255 - 1 to 2^255 - 19 are not. */
function isCanonicalY(bytes: Uint8Array): boolean {
  if (bytes[0]! < 0xed || (bytes[31]! & 0x7f) !== 0x7f) return true
  for (let i = 1; i < 31; i++) if (bytes[i] !== 0xff) return true
  return false
}

function sameY(bytes: Uint8Array, y: Uint8Array): boolean {
  for (let i = 0; i < 31; i++) if (bytes[i] !== y[i]) return false
  return (bytes[31]! & 0x7f) === y[31]
}

function isCanonicalScalar(littleEndian: Uint8Array): boolean {
  for (let i = 0; i < 32; i++) {
    const difference = littleEndian[31 - i]! - ORDER[i]!
    if (difference !== 0) return difference < 0
  }
  return false
}
