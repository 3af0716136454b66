/** Requests between members about ledgers, and the replies (docs/protocol.md, *Ledgers between members*). */
import { concatBytes } from '../../base/index.ts'
import type { TransactionResult } from '../../chain/index.ts'
import { type CborValue, encodeCanonical } from '../../crypto/index.ts'
import { limits } from '../limits.ts'
import { ledgerReader, malformed } from '../refusal.ts'

const { readCbor, readRow, readInteger, readBytes, readHash } = ledgerReader

export const LedgerRequestKind = {
  /** A message of the engine. */
  CHAIN: 1,
  /** A transaction for the pool. */
  SUBMIT: 2,
  /** What became of a transaction. */
  OUTCOME: 3,
  /** A piece of the state: comes as a bulk. */
  PIECE: 4,
} as const
export type LedgerRequestKind = (typeof LedgerRequestKind)[keyof typeof LedgerRequestKind]

const KINDS: ReadonlySet<number> = new Set(Object.values(LedgerRequestKind))
const HASH = 32

export interface LedgerRequest {
  readonly kind: LedgerRequestKind
  readonly chainId: Uint8Array
  readonly body: Uint8Array
}

/** u8 kind, 32 bytes chain id, the rest as the kind says. */
export function encodeLedgerRequest({ kind, chainId, body }: LedgerRequest): Uint8Array {
  return concatBytes(Uint8Array.of(kind), chainId, body)
}

/** Throws LEDGER_MALFORMED. */
export function decodeLedgerRequest(bytes: Uint8Array): LedgerRequest {
  const kind = bytes[0]
  if (bytes.length < 1 + HASH || kind === undefined || !KINDS.has(kind)) throw malformed('a request of no known kind')
  return { kind: kind as LedgerRequestKind, chainId: bytes.slice(1, 1 + HASH), body: bytes.subarray(1 + HASH) }
}

/** What somebody who was handed a transaction says of it: the code of a mark, 0 when it waits for a block now, or one of these. */
export const SubmitReply = {
  TAKEN: 0,
  /** Not a chain that this member runs, or it cannot say now. */
  ELSEWHERE: 255,
} as const

export function encodeSubmitReply(code: number): Uint8Array {
  return Uint8Array.of(code)
}

/** Throws LEDGER_MALFORMED. */
export function decodeSubmitReply(bytes: Uint8Array): number {
  const [code] = bytes
  if (bytes.length !== 1 || code === undefined) throw malformed('a reply')
  return code
}

/** Where a transaction stands, and what became of it there. */
export interface TransactionOutcome {
  readonly height: number
  readonly result: TransactionResult
}

/** CBOR null, or [height, code, fee, detail]. */
export function encodeOutcomeReply(outcome: TransactionOutcome | undefined): Uint8Array {
  const value: CborValue =
    outcome === undefined ? null : [outcome.height, outcome.result.code, outcome.result.fee, outcome.result.detail]
  return encodeCanonical(value)
}

/** Undefined: in no block that the member remembers. Throws LEDGER_MALFORMED. */
export function decodeOutcomeReply(bytes: Uint8Array): TransactionOutcome | undefined {
  const value = readCbor(bytes, limits.MAX_OUTCOME_BYTES, 'outcome')
  if (value === null) return undefined
  const [height, code, fee, detail] = readRow(value, 4, 'outcome')
  const count = (field: CborValue | undefined, most: number, what: string) => readInteger(field, 0, most, what)
  return {
    height: count(height, limits.MAX_AMOUNT, 'height'),
    result: {
      code: count(code, limits.MAX_KIND, 'code'),
      fee: count(fee, limits.MAX_AMOUNT, 'fee'),
      detail: readBytes(detail, 0, limits.MAX_DETAIL_BYTES, 'detail'),
    },
  }
}

/** Throws LEDGER_MALFORMED. */
export function decodeTransactionId(body: Uint8Array): Uint8Array {
  return readHash(body, 'transaction id')
}
