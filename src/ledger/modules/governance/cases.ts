/**
 * Who was removed, and what becomes of what it left: its value is held for those whom it harmed, its records are marked, and what it owes is paid by
 * compensation. What stands in a block is never written again; a checkpoint in the state says up to where history was looked at (N38).
 */
import { concatBytes, equalBytes } from '../../../base/index.ts'
import { type CborField, encodeCanonical, sha256, signedBytes } from '../../../crypto/index.ts'
import { limits as ledgerLimits } from '../../limits.ts'
import { ledgerReader } from '../../refusal.ts'
import type { BlockFacts, Draft, StateReader } from '../../types.ts'
import { accountFrom, credit } from '../accounts/accounts.ts'
import { REASONS, type Reason } from './kinds.ts'
import { limits } from './limits.ts'
import type { MarkedRecord, MotionSubject } from './subjects.ts'

const { readCbor, readRow, readList, readInteger, readHash, readBoolean } = ledgerReader

const caseKey = (account: Uint8Array) => concatBytes(Uint8Array.of(7), account)
const HELD_KEY = Uint8Array.of(8)
const markKey = (transaction: Uint8Array) => concatBytes(Uint8Array.of(9), transaction)
const reviewHoldKey = (account: Uint8Array) => concatBytes(Uint8Array.of(16), account)
const checkpointKey = (motion: number) => concatBytes(Uint8Array.of(12), Uint8Array.from(u32(motion)))

export interface Case {
  readonly account: Uint8Array
  /** By which it was removed; 0: by evidence. */
  readonly motion: number
  readonly reason: Reason
  readonly height: number
  /** Unix ms of block time. */
  readonly time: number
  /** Of what it owned, what is still held. */
  readonly held: number
  readonly paid: number
  /** Who leads has said that it is repaired. */
  readonly isRepaired: boolean
  /** What was held has gone back. */
  readonly isSettled: boolean
}

export interface RecordMark {
  readonly height: number
  readonly account: Uint8Array
  readonly motion: number
}

export interface RepairCheckpoint {
  /** Headers, and the root of their history: all that was looked at, the marked records in it. */
  readonly size: number
  readonly root: Uint8Array
}

/** Where value of a removed account is held: nobody has a key for it. */
export function heldAccount(account: Uint8Array): Uint8Array {
  return sha256(signedBytes('chordns/held/1', account))
}

export function readCase(own: StateReader, account: Uint8Array): Case | undefined {
  const value = own.get(caseKey(account))
  if (value === undefined) return undefined
  const row = readRow(readCbor(value, ledgerLimits.MAX_VALUE_BYTES, 'case'), 8, 'case')
  const whole = (at: number, what: string) => readInteger(row[at], 0, ledgerLimits.MAX_AMOUNT, what)
  return {
    account,
    motion: whole(0, 'motion'),
    reason: REASONS[readInteger(row[1], 0, REASONS.length - 1, 'reason')]!,
    height: whole(2, 'height'),
    time: whole(3, 'time'),
    held: whole(4, 'amount'),
    paid: whole(5, 'amount'),
    isRepaired: readBoolean(row[6], 'repaired'),
    isSettled: readBoolean(row[7], 'settled'),
  }
}

export function writeCase(own: Draft, one: Case): void {
  const { account, motion, reason, height, time, held, paid, isRepaired, isSettled } = one
  own.set(
    caseKey(account),
    encodeCanonical([motion, REASONS.indexOf(reason), height, time, held, paid, isRepaired, isSettled]),
  )
}

export function markOf(own: StateReader, transaction: Uint8Array): RecordMark | undefined {
  const value = own.get(markKey(transaction))
  if (value === undefined) return undefined
  const [height, account, motion] = readRow(readCbor(value, ledgerLimits.MAX_VALUE_BYTES, 'mark'), 3, 'mark')
  const whole = (field: CborField, what: string) => readInteger(field, 0, ledgerLimits.MAX_AMOUNT, what)
  return { height: whole(height, 'height'), account: readHash(account, 'account'), motion: whole(motion, 'motion') }
}

/** Which was made when a compensation was carried out. */
export function repairCheckpointOf(own: StateReader, motion: number): RepairCheckpoint | undefined {
  const value = own.get(checkpointKey(motion))
  if (value === undefined) return undefined
  const [size, root] = readRow(readCbor(value, ledgerLimits.MAX_VALUE_BYTES, 'checkpoint'), 2, 'checkpoint')
  return { size: readInteger(size, 0, ledgerLimits.MAX_AMOUNT, 'size'), root: readHash(root, 'root') }
}

export interface Books {
  readonly own: Draft
  /** The part of the accounts. */
  readonly accounts: Draft
}

/** What somebody owns when a review of it begins is held until the review ends, so that there is something left to compensate with. */
export function holdForReview({ own, accounts }: Books, account: Uint8Array): void {
  const { balance } = accountFrom(accounts.get(account))
  if (balance === 0 || own.get(reviewHoldKey(account)) !== undefined) return
  move(accounts, account, heldAccount(account), balance)
  own.set(reviewHoldKey(account), encodeCanonical(balance))
}

/** The review is over: what was held for it is its own again. */
export function releaseAfterReview({ own, accounts }: Books, account: Uint8Array): void {
  const amount = heldForReview(own, account)
  if (amount === 0) return
  move(accounts, heldAccount(account), account, amount)
  own.delete(reviewHoldKey(account))
}

export function heldForReview(own: StateReader, account: Uint8Array): number {
  const value = own.get(reviewHoldKey(account))
  return value === undefined ? 0 : readInteger(readCbor(value, 16, 'held'), 0, ledgerLimits.MAX_AMOUNT, 'held')
}

/** All that it owns is held from now on. Of an earlier case, what was held goes back first. */
export function openCase(
  { own, accounts }: Books,
  removed: Pick<Case, 'account' | 'motion' | 'reason'>,
  { height, time }: BlockFacts,
  until: number,
): void {
  const { account } = removed
  settle({ own, accounts }, account)
  releaseAfterReview({ own, accounts }, account)
  const held = accountFrom(accounts.get(account)).balance
  if (held > 0) move(accounts, account, heldAccount(account), held)
  writeCase(own, { ...removed, height, time, held, paid: 0, isRepaired: false, isSettled: held === 0 })
  if (held === 0) return
  const open = readHeld(own)
  if (open.length >= limits.MAX_HELD) settle({ own, accounts }, open[0]!.account)
  writeHeld(own, [...readHeld(own), { account, until }])
}

/** What is still held goes back. */
export function settle({ own, accounts }: Books, account: Uint8Array): void {
  const known = readCase(own, account)
  if (known === undefined || known.isSettled) return
  if (known.held > 0) move(accounts, heldAccount(account), account, known.held)
  writeCase(own, { ...known, held: 0, isSettled: true })
  const left = readHeld(own).filter((one) => !equalBytes(one.account, account))
  writeHeld(own, left)
}

/** Of whom something is held. */
export function heldAccounts(own: StateReader): readonly Uint8Array[] {
  return readHeld(own).map(({ account }) => account)
}

/** Accounts whose value is held no longer. */
export function ripe(own: StateReader, time: number): readonly Uint8Array[] {
  return readHeld(own).flatMap(({ account, until }) => (until < time ? [account] : []))
}

/** False: it is not there to be paid any more. Nothing is changed then. */
export function compensate(
  { own, accounts }: Books,
  { account, marks, payments }: Extract<MotionSubject, { kind: 'compensate' }>,
  motion: number,
  { height, historyRoot }: BlockFacts,
): boolean {
  const known = readCase(own, account)
  const sum = payments.reduce((all, { amount }) => all + amount, 0)
  if (known === undefined || sum > known.held) return false
  for (const { height: at, transaction } of marks) markRecord(own, { height: at, transaction }, account, motion)
  for (const { to, amount } of payments) move(accounts, heldAccount(account), to, amount)
  const held = known.held - sum
  writeCase(own, { ...known, held, paid: known.paid + sum })
  if (held === 0) settle({ own, accounts }, account)
  if (historyRoot !== undefined) own.set(checkpointKey(motion), encodeCanonical([height - 1, historyRoot]))
  return true
}

function markRecord(own: Draft, { height, transaction }: MarkedRecord, account: Uint8Array, motion: number): void {
  own.set(markKey(transaction), encodeCanonical([height, account, motion]))
}

function move(accounts: Draft, from: Uint8Array, to: Uint8Array, amount: number): void {
  credit(accounts, from, -amount)
  credit(accounts, to, amount)
}

function readHeld(own: StateReader): readonly { readonly account: Uint8Array; readonly until: number }[] {
  const value = own.get(HELD_KEY)
  if (value === undefined) return []
  return readList(readCbor(value, ledgerLimits.MAX_VALUE_BYTES, 'held'), limits.MAX_HELD, 'held', (one) => {
    const [account, until] = readRow(one, 2, 'held')
    return { account: readHash(account, 'account'), until: readInteger(until, 0, ledgerLimits.MAX_AMOUNT, 'time') }
  })
}

function writeHeld(own: Draft, rows: ReturnType<typeof readHeld>): void {
  if (rows.length === 0) own.delete(HELD_KEY)
  else own.set(HELD_KEY, encodeCanonical(rows.map(({ account, until }) => [account, until])))
}

function u32(value: number): Uint8Array {
  const out = new Uint8Array(4)
  new DataView(out.buffer).setUint32(0, value)
  return out
}
