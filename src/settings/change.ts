/**
 * One change of one key, signed by the box where it was made; and the order that decides which of two holds. Pure.
 *
 *     change   canonical CBOR [key, value or null, counter, author, signature]
 *     signed   "chordns/setting/1" 0, canonical CBOR [ring id, key, value or null, counter, author]
 *
 * Key and value are byte strings of UTF-8. The author is an Ed25519 public key.
 */
import { ChordnsError, compareBytes, toHex } from '../base/index.ts'
import {
  type CborValue,
  cborReader,
  encodeCanonical,
  type SignatureScheme,
  type Signer,
  sha256,
  signedBytes,
} from '../crypto/index.ts'
import { limits } from './limits.ts'

const TAG = 'chordns/setting/1'

export interface SignedChange {
  readonly key: string
  /** Null: the key goes. */
  readonly value: string | null
  /** Above all that its author had seen, and at least the time in ms. */
  readonly counter: number
  readonly author: Uint8Array
  readonly signature: Uint8Array
}

export type UnsignedChange = Pick<SignedChange, 'key' | 'value' | 'counter'>

export function signChange(ringId: string, signer: Signer, { key, value, counter }: UnsignedChange): SignedChange {
  const unsigned = { key, value, counter, author: signer.publicKey }
  return { ...unsigned, signature: signer.sign(bytesToSign(ringId, unsigned)) }
}

export function verifyChange(ringId: string, scheme: SignatureScheme, change: SignedChange): boolean {
  return scheme.verify(change.author, bytesToSign(ringId, change), change.signature)
}

function bytesToSign(ringId: string, { key, value, counter, author }: Omit<SignedChange, 'signature'>): Uint8Array {
  return signedBytes(TAG, encodeCanonical([utf8(ringId), utf8(key), utf8OrNull(value), counter, author]))
}

/**
 * Above zero: `a` holds against `b`. A total order: no two changes are equal that are not the same, so that all boxes keep the same ones,
 * in whatever order they hear of them.
 */
export function compareChanges(a: SignedChange, b: SignedChange): number {
  return (
    a.counter - b.counter ||
    compareBytes(a.author, b.author) ||
    compareTexts(a.key, b.key) ||
    compareTexts(a.value ?? '', b.value ?? '') ||
    Number(a.value !== null) - Number(b.value !== null) ||
    compareBytes(a.signature, b.signature)
  )
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

export function changeToValue({ key, value, counter, author, signature }: SignedChange): CborValue {
  return [utf8(key), utf8OrNull(value), counter, author, signature]
}

/** Throws SETTINGS_MALFORMED. Nothing is verified here. */
export function changeFromValue(row: CborValue | undefined): SignedChange {
  const [key, value, counter, author, signature] = readRow(row, 5, 'change')
  const text = readUtf8(key, limits.MAX_KEY_BYTES, 'key')
  if (text === '') throw malformed('an empty key')
  return {
    key: text,
    value: value === null ? null : readUtf8(value, limits.MAX_VALUE_BYTES, 'value'),
    counter: readInteger(counter, 1, limits.MAX_COUNTER, 'counter'),
    author: readHash(author, 'author'),
    signature: readSignature(signature, 'signature'),
  }
}

/** 16 bytes by which boxes see that they have the same change. */
export function markOf(change: SignedChange): Uint8Array {
  return sha256(encodeCanonical(changeToValue(change))).slice(0, limits.PART_BYTES)
}

/** Names a change, for people. */
export function idOf(change: SignedChange): string {
  return toHex(markOf(change)).slice(0, 12)
}

/** Tells changes apart, also those of one key. */
export function isSameChange(a: SignedChange | undefined, b: SignedChange): boolean {
  return a !== undefined && compareChanges(a, b) === 0
}

/** Of a text as UTF-8. Undefined where it has none, such as half of a surrogate pair. */
export function utf8Length(text: string): number | undefined {
  return text.isWellFormed() ? encoder.encode(text).length : undefined
}

const encoder = new TextEncoder()

function utf8(text: string): Uint8Array {
  return encoder.encode(text)
}

function utf8OrNull(text: string | null): Uint8Array | null {
  return text === null ? null : utf8(text)
}

export function malformed(what: string, cause?: unknown): ChordnsError<'SETTINGS_MALFORMED', { what: string }> {
  return new ChordnsError('SETTINGS_MALFORMED', `malformed settings: ${what}`, { what }, { cause })
}

export const { readCbor, readRow, readList, readInteger, readBytes, readHash, readSignature, readUtf8 } =
  cborReader(malformed)
