/** The envelope of a ledger's transactions, and what became of each of them in its block. What is in it is the application's. */
import { type CborField, encodeCanonical, type SignatureScheme, type Signer, signedBytes } from '../../crypto/index.ts'
import { limits } from '../limits.ts'
import { malformed, readBytes, readCbor, readHash, readInteger, readRow, readSignature } from '../reading.ts'
import { merkleLeafHash, merkleRoot } from '../trees/merkle.ts'
import type { TransactionResult } from '../types.ts'

const VERSION = 1
/** The account is an Ed25519 key, a group's too. */
const ED25519 = 1

export interface TransactionContent {
  readonly account: Uint8Array
  /** Transactions of this account before. */
  readonly nonce: number
  readonly fee: number
  /** Unix ms: no later block takes it. */
  readonly expires: number
  readonly payload: Uint8Array
}

export interface Transaction extends TransactionContent {
  readonly signature: Uint8Array
}

export function signTransaction(
  signer: Signer,
  chainId: Uint8Array,
  content: Omit<TransactionContent, 'account'>,
): Uint8Array {
  const full = { ...content, account: signer.publicKey }
  return encodeTransaction({ ...full, signature: signer.sign(transactionBytes(chainId, full)) })
}

/** What is signed. The chain's id is in it, and not in the envelope: a transaction is of one chain only. */
export function transactionBytes(chainId: Uint8Array, content: TransactionContent): Uint8Array {
  return signedBytes('chordns/transaction/1', encodeCanonical([chainId, ...fieldsOf(content)]))
}

function fieldsOf({ account, nonce, fee, expires, payload }: TransactionContent) {
  return [VERSION, ED25519, account, nonce, fee, expires, payload] as const
}

export function encodeTransaction(transaction: Transaction): Uint8Array {
  return encodeCanonical([...fieldsOf(transaction), transaction.signature])
}

/** Throws CHAIN_MALFORMED. Verifies nothing. */
export function decodeTransaction(bytes: Uint8Array): Transaction {
  const row = readRow(readCbor(bytes, limits.MAX_TRANSACTION_BYTES, 'transaction'), 8, 'transaction')
  const [version, scheme, account, nonce, fee, expires, payload, signature] = row
  if (version !== VERSION || scheme !== ED25519) throw malformed('a transaction of an unknown version or scheme')
  return {
    account: readHash(account, 'account'),
    nonce: readCount(nonce, 'nonce'),
    fee: readCount(fee, 'fee'),
    expires: readCount(expires, 'expiry'),
    payload: readBytes(payload, 0, limits.MAX_PAYLOAD_BYTES, 'payload'),
    signature: readSignature(signature, 'signature'),
  }
}

/** One of a block or a message, as bytes. Throws CHAIN_MALFORMED. */
export function readTransaction(value: CborField): Uint8Array {
  return readBytes(value, 0, limits.MAX_TRANSACTION_BYTES, 'transaction')
}

const readCount = (value: CborField, what: string) => readInteger(value, 0, Number.MAX_SAFE_INTEGER, what)

export function isSignedTransaction(scheme: SignatureScheme, chainId: Uint8Array, transaction: Transaction): boolean {
  return scheme.verify(transaction.account, transactionBytes(chainId, transaction), transaction.signature)
}

/** Whether a block of that time may take it: nobody can keep one back for longer than it lives. */
export function isAlive({ expires }: TransactionContent, time: number): boolean {
  return time <= expires && expires - time <= limits.MAX_TRANSACTION_LIFE_MS
}

/** Its leaf hash in the tree of its block. */
export function transactionId(bytes: Uint8Array): Uint8Array {
  return merkleLeafHash(bytes)
}

/** Why a transaction is marked (N17): it stands in its block, and does nothing but cost. */
export const ResultCode = {
  DONE: 0,
  MALFORMED: 1,
  SIGNATURE: 2,
  NONCE: 3,
  FUNDS: 4,
  EXPIRED: 5,
  NOT_ALLOWED: 6,
  /** Another transaction had taken what it is about. */
  TAKEN: 7,
  QUOTA: 8,
  /** From here on the application's own. */
  APPLICATION: 32,
} as const

export const DONE: TransactionResult = { code: ResultCode.DONE, fee: 0, detail: new Uint8Array() }

export function encodeResult({ code, fee, detail }: TransactionResult): Uint8Array {
  return encodeCanonical([code, fee, detail])
}

const DONE_BYTES = encodeResult(DONE)

/** Of all transactions of a block, as they stand in the tree that its header names; and the root of that. */
export interface EncodedResults {
  readonly list: readonly Uint8Array[]
  readonly root: Uint8Array
}

/** `results` left out: all are done. Undefined when they are not what a block may have. */
export function encodeResults(
  count: number,
  results: readonly TransactionResult[] | undefined,
): EncodedResults | undefined {
  if (results !== undefined && results.length !== count) return undefined
  if (results?.every(({ detail }) => detail.length <= limits.MAX_DETAIL_BYTES) === false) return undefined
  const list = results === undefined ? Array.from({ length: count }, () => DONE_BYTES) : results.map(encodeResult)
  return { list, root: merkleRoot(list) }
}

/** Throws CHAIN_MALFORMED. */
export function decodeResult(bytes: Uint8Array): TransactionResult {
  const [code, fee, detail] = readRow(readCbor(bytes, 128, 'result'), 3, 'result')
  return {
    code: readInteger(code, 0, limits.MAX_RESULT_CODE, 'code'),
    fee: readCount(fee, 'fee'),
    detail: readBytes(detail, 0, limits.MAX_DETAIL_BYTES, 'detail'),
  }
}
