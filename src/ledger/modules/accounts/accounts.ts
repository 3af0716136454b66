/**
 * Accounts: how many transactions each has had, what it owns, and how many are left today. Every transaction goes through here first. Value
 * moves by `transfer` (D4).
 */
import { equalBytes } from '../../../base/index.ts'
import { ResultCode } from '../../../chain/index.ts'
import { type CborField, encodeCanonical } from '../../../crypto/index.ts'
import { readerOf } from '../../draft.ts'
import { limits } from '../../limits.ts'
import { badGenesis, ledgerReader, refuse } from '../../refusal.ts'
import type { Draft, LedgerModule, Payload, StateReader } from '../../types.ts'

export const ACCOUNTS = 1
export const TRANSFER = 32

const { readCbor, readRow, readList, readInteger, readHash } = ledgerReader

export interface Account {
  /** Transactions so far. */
  readonly nonce: number
  /** In the chain's smallest unit. */
  readonly balance: number
  /** The day of block time that `today` counts, in days since 1970. */
  readonly day: number
  readonly today: number
}

const NEW: Account = { nonce: 0, balance: 0, day: 0, today: 0 }

/** What the whole state says of an account; one that never was has nothing. */
export function accountOf(state: StateReader, key: Uint8Array): Account {
  return accountFrom(readerOf(state, ACCOUNTS).get(key))
}

/** How an account stands once one of its transactions is counted and paid; undefined with the reason when it may have none. */
export function charged(
  account: Account,
  { nonce, fee, time, quota }: { nonce: number; fee: number; time: number; quota: number },
): { readonly account: Account } | { readonly refused: number } {
  if (nonce !== account.nonce) return { refused: ResultCode.NONCE }
  if (fee > account.balance) return { refused: ResultCode.FUNDS }
  const day = Math.floor(time / limits.DAY_MS)
  const today = day === account.day ? account.today : 0
  if (today >= quota) return { refused: ResultCode.QUOTA }
  return { account: { nonce: nonce + 1, balance: account.balance - fee, day, today: today + 1 } }
}

export function writeAccount(own: Draft, key: Uint8Array, { nonce, balance, day, today }: Account): void {
  own.set(key, encodeCanonical([nonce, balance, day, today]))
}

/** Adds to what an account owns; `amount` may be negative. Refuses when that is less than nothing or beyond all numbers. */
export function credit(own: Draft, key: Uint8Array, amount: number): void {
  const account = accountFrom(own.get(key))
  const balance = account.balance + amount
  if (balance < 0 || balance > limits.MAX_AMOUNT) refuse(ResultCode.FUNDS, 'funds')
  writeAccount(own, key, { ...account, balance })
}

/** Moves value, so that none is made or lost. Refuses FUNDS. */
export function moveValue(own: Draft, from: Uint8Array, to: Uint8Array, amount: number): void {
  if (amount === 0) return
  credit(own, from, -amount)
  credit(own, to, amount)
}

export function transferPayload(to: Uint8Array, amount: number): Payload {
  return [TRANSFER, to, amount]
}

/** Genesis: [[account, balance], ...], or nothing. */
export const accounts: LedgerModule = {
  id: ACCOUNTS,
  name: 'accounts',
  kinds: [TRANSFER],
  begin({ genesis, own }) {
    if (genesis === undefined) return
    for (const [key, balance] of balancesFrom(genesis)) {
      if (own.get(key) !== undefined) throw badGenesis('an account that stands there twice')
      writeAccount(own, key, { ...NEW, balance })
    }
  },
  execute({ account, fields, own }) {
    const [to, amount] = readRow(fields, 2, 'transfer')
    const target = readHash(to, 'account')
    const sum = readInteger(amount, 1, limits.MAX_AMOUNT, 'amount')
    if (equalBytes(target, account)) refuse(ResultCode.NOT_ALLOWED, 'to itself')
    credit(own, account, -sum)
    credit(own, target, sum)
  },
}

function balancesFrom(genesis: CborField) {
  return readList(genesis, 4_096, 'balances', (row) => {
    const [key, balance] = readRow(row, 2, 'balance')
    return [readHash(key, 'account'), readInteger(balance, 0, limits.MAX_AMOUNT, 'balance')] as const
  })
}

/** What a value of the state says. Throws LEDGER_MALFORMED. */
export function accountFrom(value: Uint8Array | undefined): Account {
  if (value === undefined) return NEW
  const [nonce, balance, day, today] = readRow(readCbor(value, limits.MAX_ACCOUNT_BYTES, 'account'), 4, 'account')
  const count = (field: CborField, what: string) => readInteger(field, 0, limits.MAX_AMOUNT, what)
  return {
    nonce: count(nonce, 'nonce'),
    balance: count(balance, 'balance'),
    day: count(day, 'day'),
    today: count(today, 'today'),
  }
}
