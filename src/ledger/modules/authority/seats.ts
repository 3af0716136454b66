/** From the accounts that are to have a seat to the set of validators, in steps that the chain allows; and what an epoch counts. */
import { compareBytes, equalBytes } from '../../../base/index.ts'
import { mostChanges, sortedValidators, type Validator } from '../../../chain/index.ts'
import { encodeCanonical } from '../../../crypto/index.ts'
import { limits } from '../../limits.ts'
import { ledgerReader } from '../../refusal.ts'
import type { Draft, StateReader } from '../../types.ts'

const { readCbor, readRow, readList, readInteger, readHash } = ledgerReader

const COUNTS_KEY = Uint8Array.of(7)

/** One block's step from a set to the wanted one; undefined when there is nothing to do. The set never becomes empty. */
export function stepTowards(
  current: readonly Validator[],
  wanted: readonly Validator[],
): readonly Validator[] | undefined {
  const isIn = (set: readonly Validator[], one: Validator) =>
    set.some(({ id, publicKey }) => equalBytes(id, one.id) && equalBytes(publicKey, one.publicKey))
  const most = mostChanges(current.length)
  const goes = current.filter((one) => !isIn(wanted, one)).slice(0, most)
  const kept = current.filter((one) => !goes.includes(one))
  // A new key can only come in the block in which the old one leaves, or later: no set has one id twice.
  const isFree = (one: Validator) =>
    !kept.some(({ id, publicKey }) => equalBytes(id, one.id) || equalBytes(publicKey, one.publicKey))
  const comes = wanted.filter((one) => !isIn(current, one) && isFree(one)).slice(0, most)
  const next = sortedValidators([...kept, ...comes])
  if (next.length === 0 || (goes.length === 0 && comes.length === 0)) return undefined
  return next
}

/** What was signed in the running epoch, by validator. */
export interface EpochCounts {
  readonly blocks: number
  readonly signed: readonly { readonly id: Uint8Array; readonly count: number }[]
}

export function readCounts(own: StateReader): EpochCounts {
  const value = own.get(COUNTS_KEY)
  if (value === undefined) return { blocks: 0, signed: [] }
  const [blocks, rows] = readRow(readCbor(value, limits.MAX_VALUE_BYTES, 'counts'), 2, 'counts')
  return {
    blocks: readInteger(blocks, 0, limits.MAX_AMOUNT, 'blocks'),
    signed: readList(rows, 8 * limits.MAX_VALIDATORS, 'counts', (one) => {
      const [id, count] = readRow(one, 2, 'count')
      return { id: readHash(id, 'id'), count: readInteger(count, 0, limits.MAX_AMOUNT, 'count') }
    }),
  }
}

export function countSigners(own: Draft, signers: readonly Uint8Array[]): void {
  const { blocks, signed } = readCounts(own)
  const isSigner = (id: Uint8Array) => signers.some((one) => equalBytes(one, id))
  const known = signed.map(({ id, count }) => ({ id, count: count + Number(isSigner(id)) }))
  const fresh = signers.filter((one) => !signed.some(({ id }) => equalBytes(id, one))).map((id) => ({ id, count: 1 }))
  const rows = [...known, ...fresh].sort((a, b) => compareBytes(a.id, b.id))
  own.set(COUNTS_KEY, encodeCanonical([blocks + 1, rows.map(({ id, count }) => [id, count])]))
}

export function clearCounts(own: Draft): void {
  own.delete(COUNTS_KEY)
}
