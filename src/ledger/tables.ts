/** Headers and transactions as the patent's Tables 1 and 2 have them: views of fixed lengths, 137 and 524 bytes, big-endian. */
import { concatBytes } from '../base/index.ts'
import type { BlockHeader, Transaction } from '../chain/index.ts'
import { encodeCanonical, sha256 } from '../crypto/index.ts'
import { ledgerReader } from './refusal.ts'

export const HEADER_BYTES = 137
export const RECORD_BYTES = 524

const CONTENT_BYTES = 256
const POSTSCRIPT_BYTES = 128
const SECOND_MS = 1_000
const TLD = 1
/** Beside 0 Root and 1 TLD: the payload is longer than its place, and its SHA-256 stands there. */
const HASHED = 2

const { readBytes } = ledgerReader

export interface TableHeader {
  readonly schema: number
  readonly previousId: Uint8Array
  readonly proposer: Uint8Array
  readonly recordRoot: Uint8Array
  readonly storedRoot: Uint8Array
  /** Unix seconds: until 2106. */
  readonly time: number
  /** 0 none, 1 nodes added, 2 nodes left, 3 both. */
  readonly nodeOperation: number
}

export function tableHeaderOf(header: BlockHeader): TableHeader {
  return {
    schema: header.ledger === undefined ? 1 : 2,
    previousId: header.previousId,
    proposer: header.proposer,
    recordRoot: header.transactionsRoot,
    storedRoot: header.stateRoot,
    time: Math.floor(header.time / SECOND_MS),
    nodeOperation: header.extension[0] ?? 0,
  }
}

export function encodeTableHeader(one: TableHeader): Uint8Array {
  return concatBytes(
    u32(one.schema),
    one.previousId,
    one.proposer,
    one.recordRoot,
    one.storedRoot,
    u32(one.time),
    Uint8Array.of(one.nodeOperation),
  )
}

/** Throws LEDGER_MALFORMED on another length. */
export function decodeTableHeader(bytes: Uint8Array): TableHeader {
  readBytes(bytes, HEADER_BYTES, HEADER_BYTES, 'table header')
  return {
    schema: readU32(bytes, 0),
    previousId: bytes.slice(4, 36),
    proposer: bytes.slice(36, 68),
    recordRoot: bytes.slice(68, 100),
    storedRoot: bytes.slice(100, 132),
    time: readU32(bytes, 132),
    nodeOperation: bytes[136]!,
  }
}

export interface TableRecord {
  readonly attributes: number
  /** The kind of the payload. */
  readonly operation: number
  readonly content: Uint8Array
  readonly postscript: Uint8Array
  readonly account: Uint8Array
  readonly signature: Uint8Array
  /** Of the account's key policy: for a plain key, SHA-256 of it. */
  readonly policy: Uint8Array
  readonly time: number
}

/** `operation`: the kind; `time`: of the block, unix ms. */
export function tableRecordOf(
  { account, payload, signature, nonce, fee, expires }: Transaction,
  { chainName, operation, time }: { readonly chainName: string; readonly operation: number; readonly time: number },
): TableRecord {
  const isHashed = payload.length > CONTENT_BYTES
  return {
    attributes: (chainName === 'root' ? 0 : TLD) + (isHashed ? HASHED : 0),
    operation,
    content: padded(isHashed ? sha256(payload) : payload, CONTENT_BYTES),
    postscript: padded(encodeCanonical([nonce, fee, expires]), POSTSCRIPT_BYTES),
    account,
    signature,
    policy: sha256(account),
    time: Math.floor(time / SECOND_MS),
  }
}

export function encodeTableRecord(one: TableRecord): Uint8Array {
  return concatBytes(
    u32(one.attributes),
    u32(one.operation),
    one.content,
    one.postscript,
    one.account,
    one.signature,
    one.policy,
    u32(one.time),
  )
}

/** Throws LEDGER_MALFORMED on another length. */
export function decodeTableRecord(bytes: Uint8Array): TableRecord {
  readBytes(bytes, RECORD_BYTES, RECORD_BYTES, 'table record')
  return {
    attributes: readU32(bytes, 0),
    operation: readU32(bytes, 4),
    content: bytes.slice(8, 264),
    postscript: bytes.slice(264, 392),
    account: bytes.slice(392, 424),
    signature: bytes.slice(424, 488),
    policy: bytes.slice(488, 520),
    time: readU32(bytes, 520),
  }
}

function padded(bytes: Uint8Array, length: number): Uint8Array {
  const out = new Uint8Array(length)
  out.set(bytes)
  return out
}

function u32(value: number): Uint8Array {
  const out = new Uint8Array(4)
  new DataView(out.buffer).setUint32(0, value)
  return out
}

function readU32(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(at)
}
