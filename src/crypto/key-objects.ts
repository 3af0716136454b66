/**
 * Keys in the one form that Node's functions take as they are. Bytes, and an object with options around a key, are found to be no key object by
 * provoking an exception with its stack, up to four in one call (Node 24.21): an import takes three times as long by that, a verification with RSA twice
 * (docs/decisions/0182). A text is none at a glance, so public keys are imported as PEM.
 */
import { createPublicKey, createSecretKey, type KeyObject } from 'node:crypto'
import { concatBytes } from '../base/index.ts'

/** Undefined: not a SubjectPublicKeyInfo (RFC 5280) of a key, such as a point off its curve. */
export function publicKeyFrom(spki: Uint8Array): KeyObject | undefined {
  const lines = Buffer.from(spki.buffer, spki.byteOffset, spki.length).toString('base64').replace(LINE, '$&\n')
  try {
    return createPublicKey(`-----BEGIN PUBLIC KEY-----\n${lines}\n-----END PUBLIC KEY-----\n`)
  } catch {
    // The bytes are an outsider's: what is no key is no fault of ours.
    return undefined
  }
}

/** As long as a line of PEM may be (RFC 7468 section 2), if another one follows: an empty line ends the key too early. */
const LINE = /.{64}(?=.)/g

/** The bytes of a shared secret for HMAC and ciphers. They are copied. */
export function secretKeyFrom(bytes: Uint8Array): KeyObject {
  return createSecretKey(bytes)
}

/** Algorithms whose keys have one length, by what stands before the key (RFC 8410, RFC 5480: a point that is not compressed). */
const SPKI_HEADS = {
  Ed25519: head('302a300506032b6570032100'),
  Ed448: head('3043300506032b6571033a00'),
  'P-256': head('3059301306072a8648ce3d020106082a8648ce3d03010703420004'),
  'P-384': head('3076301006072a8648ce3d020106052b8104002203620004'),
} as const

/** `publicKey`: of the length of its curve; of P-256 and P-384 both coordinates. */
export function curveSpki(curve: keyof typeof SPKI_HEADS, publicKey: Uint8Array): Uint8Array {
  return concatBytes(SPKI_HEADS[curve], publicKey)
}

/** RFC 8017, appendix A.1.1. */
export function rsaSpki(modulus: Uint8Array, exponent: Uint8Array): Uint8Array {
  const key = der(Tag.SEQUENCE, derInteger(modulus), derInteger(exponent))
  return der(Tag.SEQUENCE, RSA_ENCRYPTION, der(Tag.BIT_STRING, Uint8Array.of(0), key))
}

/** Of a signature whose halves are r and s as DNSSEC has them (RFC 6605 section 4), as X.509 has it (RFC 3279 section 2.2.3). */
export function derSignature(signature: Uint8Array): Uint8Array {
  const half = signature.length / 2
  return der(Tag.SEQUENCE, derInteger(signature.subarray(0, half)), derInteger(signature.subarray(half)))
}

const Tag = { INTEGER: 0x02, BIT_STRING: 0x03, SEQUENCE: 0x30 } as const
const RSA_ENCRYPTION = head('300d06092a864886f70d0101010500')

/** Not negative, big endian, with as many zeros in front as one likes. */
function derInteger(bytes: Uint8Array): Uint8Array {
  let from = 0
  while (from < bytes.length - 1 && bytes[from] === 0) from++
  const significant = bytes.subarray(from)
  const needsZero = significant.length === 0 || significant[0]! >= 0x80
  return needsZero ? der(Tag.INTEGER, Uint8Array.of(0), significant) : der(Tag.INTEGER, significant)
}

/** X.690; of less than 64 KiB. */
function der(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const lengthBytes = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return concatBytes(Uint8Array.of(tag, ...lengthBytes), ...parts)
}

function head(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'))
}
