/** Accusations of broken locks that stand on the chain: whom, of what, and until when they can be answered. */
import { concatBytes, equalBytes } from '../../../base/index.ts'
import { type LockCharge, ResultCode } from '../../../chain/index.ts'
import { encodeCanonical } from '../../../crypto/index.ts'
import { limits } from '../../limits.ts'
import { ledgerReader, refuse } from '../../refusal.ts'
import type { Draft, StateReader } from '../../types.ts'

const { readCbor, readRow, readList, readInteger, readHash } = ledgerReader

const chargeKey = (id: Uint8Array) => concatBytes(Uint8Array.of(11), id)
const OPEN_KEY = Uint8Array.of(12)

export interface OpenCharge extends Omit<LockCharge, 'accused'> {
  /** Of the accused. */
  readonly accusedId: Uint8Array
  /** Unix ms of block time; 0: it was answered, or judged. */
  readonly until: number
}

export function readCharge(own: StateReader, id: Uint8Array): OpenCharge | undefined {
  const value = own.get(chargeKey(id))
  if (value === undefined) return undefined
  const row = readRow(readCbor(value, limits.MAX_VALUE_BYTES, 'charge'), 7, 'charge')
  const whole = (index: number, what: string) => readInteger(row[index], 0, limits.MAX_AMOUNT, what)
  return {
    id,
    accusedId: readHash(row[0], 'id'),
    height: whole(1, 'height'),
    setRoot: readHash(row[2], 'root of a set'),
    blockId: readHash(row[3], 'block id'),
    firstRound: whole(4, 'round'),
    secondRound: whole(5, 'round'),
    until: whole(6, 'time'),
  }
}

export function openCharges(own: StateReader): readonly OpenCharge[] {
  return openIds(own).flatMap((id) => readCharge(own, id) ?? [])
}

/** Refuses one that is known, and what is more than there is room for. */
export function addCharge(own: Draft, charge: LockCharge, until: number): void {
  const open = openIds(own)
  if (readCharge(own, charge.id) !== undefined) refuse(ResultCode.TAKEN, 'known')
  if (open.length >= limits.MAX_OPEN_CHARGES) refuse(ResultCode.QUOTA, 'accusations')
  writeCharge(own, { ...charge, accusedId: charge.accused.id, until })
  own.set(OPEN_KEY, encodeCanonical([...open, charge.id]))
}

/** Answered, or judged: the same is not brought again. */
export function closeCharge(own: Draft, charge: OpenCharge): void {
  writeCharge(own, { ...charge, until: 0 })
  const left = openIds(own).filter((id) => !equalBytes(id, charge.id))
  if (left.length === 0) own.delete(OPEN_KEY)
  else own.set(OPEN_KEY, encodeCanonical([...left]))
}

function writeCharge(own: Draft, charge: OpenCharge): void {
  const { id, accusedId, height, setRoot, blockId, firstRound, secondRound, until } = charge
  own.set(chargeKey(id), encodeCanonical([accusedId, height, setRoot, blockId, firstRound, secondRound, until]))
}

function openIds(own: StateReader): readonly Uint8Array[] {
  const value = own.get(OPEN_KEY)
  if (value === undefined) return []
  const row = readCbor(value, limits.MAX_VALUE_BYTES, 'open accusations')
  return readList(row, limits.MAX_OPEN_CHARGES, 'open accusations', (one) => readHash(one, 'accusation'))
}
