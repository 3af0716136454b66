/**
 * What was paid for a name that an earlier commit may still take: it is held until nobody can, and given back when somebody does. Held value is on an
 * account of which nobody has the key, so that all value is on accounts at all times.
 */
import { encodeCanonical, sha256, signedBytes } from '../../../crypto/index.ts'
import { limits as ledgerLimits } from '../../limits.ts'
import { ledgerReader } from '../../refusal.ts'
import type { Call, StateReader } from '../../types.ts'
import { ACCOUNTS, moveValue } from '../accounts/accounts.ts'
import { keyIn, Part } from './label.ts'

const { readCbor, readRow, readInteger, readHash } = ledgerReader

/** Nobody signs for it: it is the hash of a text. */
export const ESCROW = sha256(signedBytes('chordns/name-escrow/1', new Uint8Array()))

interface Held {
  readonly payer: Uint8Array
  readonly amount: number
  /** Unix ms: from then on it is the payee's. */
  readonly until: number
}

/** Of a transaction or of the end of a block. */
type Purse = Pick<Call, 'own' | 'part'>

export function hold({ own, part }: Purse, label: Uint8Array, held: Held): void {
  if (held.amount === 0) return
  moveValue(part(ACCOUNTS), held.payer, ESCROW, held.amount)
  own.set(keyIn(Part.PAID, label), encodeCanonical([held.payer, held.amount, held.until]))
}

/** To whom paid it: another has the name by an earlier commit. */
export function giveBack({ own, part }: Purse, label: Uint8Array): void {
  const held = heldOf(own, label)
  if (held === undefined) return
  moveValue(part(ACCOUNTS), ESCROW, held.payer, held.amount)
  own.delete(keyIn(Part.PAID, label))
}

/** To the payee, if its time has come. */
export function payOut({ own, part }: Purse, label: Uint8Array, payee: Uint8Array, now: number): void {
  const held = heldOf(own, label)
  if (held === undefined || held.until > now) return
  moveValue(part(ACCOUNTS), ESCROW, payee, held.amount)
  own.delete(keyIn(Part.PAID, label))
}

export function heldUntil(own: StateReader, label: Uint8Array): number | undefined {
  return heldOf(own, label)?.until
}

function heldOf(own: StateReader, label: Uint8Array): Held | undefined {
  const value = own.get(keyIn(Part.PAID, label))
  if (value === undefined) return undefined
  const [payer, amount, until] = readRow(readCbor(value, 64, 'held'), 3, 'held')
  return {
    payer: readHash(payer, 'payer'),
    amount: readInteger(amount, 1, ledgerLimits.MAX_AMOUNT, 'amount'),
    until: readInteger(until, 0, ledgerLimits.MAX_AMOUNT, 'time'),
  }
}
