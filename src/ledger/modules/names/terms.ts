/** Terms of names: what they cost, who pays, renewal by anybody, and the way back of a name that its owner has let run out. */
import { ResultCode } from '../../../chain/index.ts'
import { type CborField, encodeCanonical } from '../../../crypto/index.ts'
import { limits as ledgerLimits } from '../../limits.ts'
import { ledgerReader, refuse } from '../../refusal.ts'
import type { Call, Draft } from '../../types.ts'
import { ACCOUNTS, moveValue } from '../accounts/accounts.ts'
import { fieldsOf, livedBy, placeOf, verify, write } from './acts.ts'
import { NameCode } from './kinds.ts'
import { keyIn, Part } from './label.ts'
import { phaseOf } from './life.ts'
import { limits } from './limits.ts'
import { feeOf, type NamePolicy } from './policy.ts'
import { restoreBytes } from './statements.ts'

const { readCbor, readRow, readInteger } = ledgerReader

/** [RENEW, 1, label, generation, terms, most]: nobody's signature but the payer's. */
export function renew(call: Call): void {
  const [name, generation, termsField, most] = fieldsOf(call, 4)
  const { policy, label, record } = livedBy(call, name)
  const { time } = call.block
  const terms = readTerms(termsField, policy, 1)
  // Who pays for a name of another owner than it thinks has paid for nothing.
  if (readInteger(generation, 0, ledgerLimits.MAX_AMOUNT, 'generation') !== record.generation)
    refuse(NameCode.SEQUENCE, 'another generation')
  const phase = phaseOf(record, policy, time)
  if (phase !== 'registered' && phase !== 'grace') refuse(NameCode.NOT_NOW, 'past its grace')
  const next = prolonged(record.expires, terms, policy, time)
  pay(call, policy, feeOf(policy, label, terms), most)
  write(call.own, label, { ...record, ...next, life: { ...record.life, resolves: next.expires + policy.graceMs } })
}

/** [RESTORE, 1, label, sequence, terms, most, signature]. */
export function restore(call: Call): void {
  const [name, sequence, termsField, most, signature] = fieldsOf(call, 5)
  const { policy, label, record } = livedBy(call, name)
  const { time } = call.block
  const terms = readTerms(termsField, policy, 0)
  verify(call, record.owner, restoreBytes(placeOf(call, label, record, sequence), terms), signature)
  if (phaseOf(record, policy, time) !== 'redemption') refuse(NameCode.NOT_NOW, 'not to be restored now')
  const next = prolonged(record.expires, terms, policy, time)
  pay(call, policy, feeOf(policy, label, terms) + policy.restorePrice, most)
  const life = { ...record.life, resolves: next.expires + policy.graceMs, judgedFrom: time + policy.useMs }
  write(call.own, label, { ...record, ...next, sequence: record.sequence + 1, life })
}

export function readTerms(field: CborField, { mostTerms }: NamePolicy, least: number): number {
  const terms = readInteger(field, 0, limits.MOST_COUNT, 'terms')
  return terms < least || terms > mostTerms ? refuse(NameCode.TERMS, 'terms') : terms
}

/** Nothing is lost by renewing early, and nothing gained by renewing late. */
function prolonged(before: number, terms: number, { termMs, mostTerms }: NamePolicy, now: number) {
  const expires = before + terms * termMs
  if (expires - now > mostTerms * termMs) refuse(NameCode.TERMS, 'further ahead than names are had')
  if (expires <= now) refuse(NameCode.TERMS, 'not far enough')
  return { expires }
}

/** `most`: what the carrier agreed to, whatever the price is by the time of the block. */
export function priceUpTo(price: number, most: CborField): number {
  return price > readInteger(most, 0, ledgerLimits.MAX_AMOUNT, 'most') ? refuse(NameCode.PRICE, 'price') : price
}

function pay({ account, part }: Call, { payee }: NamePolicy, price: number, most: CborField): void {
  moveValue(part(ACCOUNTS), account, payee, priceUpTo(price, most))
}

/** One more name of this account today. */
export function countRegistration({ own, account, block }: Call, { registrationsADay }: NamePolicy): void {
  const day = Math.floor(block.time / ledgerLimits.DAY_MS)
  const known = readQuota(own, account)
  const count = known.day === day ? known.count : 0
  if (count >= registrationsADay) refuse(ResultCode.QUOTA, 'names of today')
  own.set(keyIn(Part.QUOTA, account), encodeCanonical([day, count + 1]))
}

function readQuota(own: Draft, account: Uint8Array) {
  const value = own.get(keyIn(Part.QUOTA, account))
  if (value === undefined) return { day: 0, count: 0 }
  const [day, count] = readRow(readCbor(value, 32, 'quota'), 2, 'quota')
  return { day: readInteger(day, 0, ledgerLimits.MAX_AMOUNT, 'day'), count: readInteger(count, 0, 1_000, 'count') }
}
