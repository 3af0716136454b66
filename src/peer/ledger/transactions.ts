/** Transactions from the command line: signed with the account of this machine's organisation. */
import { ChordnsError, toHex } from '../../base/index.ts'
import { ResultCode, signTransaction, transactionId } from '../../chain/index.ts'
import type { Config } from '../../config/index.ts'
import { ed25519Signer, type Signer } from '../../crypto/index.ts'
import { loadSeed } from '../../io/index.ts'
import { encodePayload, type Payload } from '../../ledger/index.ts'

/** The account in `ledger.accountFile`. Throws KEY_*. */
export async function loadAccount({ ledger }: Pick<Config, 'ledger'>): Promise<Signer> {
  return ed25519Signer(await loadSeed(ledger.accountFile, 'account key'))
}

export interface TransactionTerms {
  /** Hex. */
  readonly chainId: string
  /** Transactions of this account before. */
  readonly nonce: number
  readonly fee: number
  /** Unix ms; at most a day ahead. */
  readonly expires: number
}

export interface SignedTransaction {
  /** Both hex. */
  readonly bytes: string
  readonly id: string
}

export function makeTransaction(
  account: Signer,
  { chainId, ...terms }: TransactionTerms,
  payload: Payload | Uint8Array,
): SignedTransaction {
  const id = new Uint8Array(Buffer.from(chainId, 'hex'))
  const encoded = payload instanceof Uint8Array ? payload : encodePayload(payload)
  const bytes = signTransaction(account, id, { ...terms, payload: encoded })
  return { bytes: toHex(bytes), id: toHex(transactionId(bytes)) }
}

const WORDS: Readonly<Record<number, string>> = {
  [ResultCode.MALFORMED]: 'it is malformed',
  [ResultCode.SIGNATURE]: 'its signature is wrong',
  [ResultCode.NONCE]: 'another transaction of this account came in between; try again',
  [ResultCode.FUNDS]: 'the account does not own that much',
  [ResultCode.EXPIRED]: 'it came too late',
  [ResultCode.NOT_ALLOWED]: 'the account may not do that',
  [ResultCode.TAKEN]: 'another came first',
  [ResultCode.QUOTA]: 'the account has used up its transactions of today',
}

/** A mark in words. */
export function wordOf(code: number): string {
  return WORDS[code] ?? `code ${code}`
}

/** Throws LEDGER_MARKED for a transaction that stands in its block and did nothing (N17). */
export function refuseMarked({ code, height, detail }: { code: number; height: number; detail: string }): void {
  if (code === ResultCode.DONE) return
  const why = [wordOf(code), detail].filter((part) => part !== '').join(': ')
  throw new ChordnsError('LEDGER_MARKED', `the transaction stands in block ${height}, and did nothing: ${why}`, {
    code,
    height,
    detail,
  })
}
