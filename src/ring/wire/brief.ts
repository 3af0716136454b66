/**
 * Rows in short, as bytes. In a large ring they are most of what a member sends, so that no byte goes for their form.
 *
 * Signed by their member: the newest of their incarnations in 6 bytes, then for each row 6 bytes of the id, 3 bytes of how much
 * older it is, and the signature. Of the dead: 8 bytes of the id, the incarnation in 6, the number of accusers in one, and for each
 * 8 bytes of its id and its signature.
 */
import { fromHex, toHex } from '../../base/index.ts'
import { limits } from '../limits.ts'
import { HINT_DIGITS } from '../members/digest.ts'
import { malformed } from '../members/reading.ts'
import type { BriefRow, BriefSigned } from './messages.ts'

/** Of an id: with 250,000 rows some two have the same 12 once in 10,000 tables; one of both then comes by the exchange. */
export const BRIEF_DIGITS = 12
/** 23 bits of ms: rows of one message that are further apart are not told in short. */
export const BRIEF_SPAN_MS = 2 ** 23 - 1

const TIME_BYTES = 6
const HINT_BYTES = BRIEF_DIGITS / 2
const AGE_BYTES = 3
const SIGNATURE_BYTES = 64
const BRIEF_BYTES = HINT_BYTES + AGE_BYTES + SIGNATURE_BYTES
const LONG_HINT_BYTES = HINT_DIGITS / 2
const ACCUSER_BYTES = LONG_HINT_BYTES + SIGNATURE_BYTES
const DEAD_BYTES = LONG_HINT_BYTES + TIME_BYTES + 1

/** Of one row. */
export function briefBytes(row: BriefRow): number {
  return row.status === 'dead' ? DEAD_BYTES + ACCUSER_BYTES * row.accusers.length : BRIEF_BYTES
}

/** Their incarnations are at most BRIEF_SPAN_MS apart. */
export function packSigned(rows: readonly BriefSigned[]): Uint8Array {
  const out = new Uint8Array(TIME_BYTES + BRIEF_BYTES * rows.length)
  const base = rows.reduce((newest, { incarnation }) => Math.max(newest, incarnation), 0)
  writeNumber(out, 0, TIME_BYTES, base)
  rows.forEach(({ hint, incarnation, status, signature }, i) => {
    const at = TIME_BYTES + BRIEF_BYTES * i
    out.set(fromHex(hint.slice(0, BRIEF_DIGITS)), at)
    writeNumber(out, at + HINT_BYTES, AGE_BYTES, 2 * (base - incarnation) + Number(status === 'left'))
    out.set(signature, at + HINT_BYTES + AGE_BYTES)
  })
  return out
}

/** Throws RING_MALFORMED. */
export function unpackSigned(bytes: Uint8Array): BriefRow[] {
  const count = (bytes.length - TIME_BYTES) / BRIEF_BYTES
  if (!Number.isInteger(count) || count < 0 || count > limits.MAX_ENTRIES) throw malformed('brief rows')
  const base = readNumber(bytes, 0, TIME_BYTES)
  return Array.from({ length: count }, (_, i) => {
    const at = TIME_BYTES + BRIEF_BYTES * i
    const age = readNumber(bytes, at + HINT_BYTES, AGE_BYTES)
    const incarnation = base - Math.floor(age / 2)
    if (incarnation < 0) throw malformed('incarnation')
    return {
      hint: toHex(bytes.subarray(at, at + HINT_BYTES)),
      incarnation,
      status: age % 2 === 1 ? 'left' : 'alive',
      signature: bytes.slice(at + HINT_BYTES + AGE_BYTES, at + BRIEF_BYTES),
    }
  })
}

export function packDead(row: Extract<BriefRow, { readonly status: 'dead' }>): Uint8Array {
  const out = new Uint8Array(briefBytes(row))
  out.set(fromHex(row.hint), 0)
  writeNumber(out, LONG_HINT_BYTES, TIME_BYTES, row.incarnation)
  out[DEAD_BYTES - 1] = row.accusers.length
  row.accusers.forEach(({ hint, signature }, i) => {
    const at = DEAD_BYTES + ACCUSER_BYTES * i
    out.set(fromHex(hint), at)
    out.set(signature, at + LONG_HINT_BYTES)
  })
  return out
}

/** Throws RING_MALFORMED. */
export function unpackDead(bytes: Uint8Array): BriefRow {
  const count = bytes[DEAD_BYTES - 1] ?? 0
  if (count === 0 || count > limits.WITNESSES || bytes.length !== DEAD_BYTES + ACCUSER_BYTES * count)
    throw malformed('brief row of the dead')
  const accusers = Array.from({ length: count }, (_, i) => {
    const at = DEAD_BYTES + ACCUSER_BYTES * i
    const middle = at + LONG_HINT_BYTES
    return { hint: toHex(bytes.subarray(at, middle)), signature: bytes.slice(middle, at + ACCUSER_BYTES) }
  })
  const incarnation = readNumber(bytes, LONG_HINT_BYTES, TIME_BYTES)
  return { hint: toHex(bytes.subarray(0, LONG_HINT_BYTES)), incarnation, status: 'dead', accusers }
}

/** Big endian. */
function writeNumber(out: Uint8Array, at: number, length: number, value: number): void {
  let rest = value
  for (let i = length - 1; i >= 0; i--) {
    out[at + i] = rest % 256
    rest = Math.floor(rest / 256)
  }
}

function readNumber(bytes: Uint8Array, at: number, length: number): number {
  let value = 0
  for (let i = 0; i < length; i++) value = value * 256 + bytes[at + i]!
  return value
}
