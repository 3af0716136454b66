/** The checks of RFC 8032 section 5.1.7 that verifiers differ in: canonical S and points, no small order. */
import { fromHex } from '../base/index.ts'

const P = (1n << 255n) - 19n
const L = (1n << 252n) + 27742317777372353535851937790883648493n

/** The y coordinates of the eight points of small order, little endian: 0, 1, p - 1, and the two of order eight. */
const SMALL_ORDER_Y: ReadonlySet<bigint> = new Set([
  0n,
  1n,
  P - 1n,
  littleEndian(fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a')),
  littleEndian(fromHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05')),
])

function littleEndian(bytes: Uint8Array): bigint {
  let value = 0n
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!)
  return value
}

export function isStrictEd25519(publicKey: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false
  return (
    isStrictPoint(publicKey) && isStrictPoint(signature.subarray(0, 32)) && littleEndian(signature.subarray(32)) < L
  )
}

function isStrictPoint(bytes: Uint8Array): boolean {
  const y = littleEndian(bytes) & ((1n << 255n) - 1n)
  return y < P && !SMALL_ORDER_Y.has(y)
}
