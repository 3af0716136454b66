/** Blocks and their headers as canonical CBOR, and the hashes over them. Schema 1 is the chunk chains', schema 2 the ledgers'. */
import { equalBytes } from '../../base/index.ts'
import { type CborField, type CborSource, type CborValue, encodeCanonical, sha256 } from '../../crypto/index.ts'
import { limits } from '../limits.ts'
import {
  malformed,
  readBytes,
  readCbor,
  readHash,
  readHeight,
  readInteger,
  readList,
  readMap,
  readRow,
} from '../reading.ts'
import { merkleLeafHash, merkleRoot } from '../trees/merkle.ts'
import type { Block, BlockCertificate, BlockHeader, LedgerFields } from '../types.ts'
import { certificateFromValue, certificateHash, certificateToValue } from './certificates.ts'
import { type BareBlock, transactionsRoot } from './parts.ts'
import { listToStore } from './transaction-lists.ts'
import { readTransaction } from './transactions.ts'

export const ZERO_HASH = new Uint8Array(32)

/** `evidence`: in schema 2 only. */
export function makeBlock(
  header: Omit<BlockHeader, 'transactionsRoot' | 'lastCertificateHash' | 'ledger'> & {
    readonly ledger?: Omit<LedgerFields, 'evidenceRoot'>
  },
  transactions: readonly Uint8Array[],
  lastCertificate: BlockCertificate | undefined,
  evidence: readonly Uint8Array[] = [],
): Block {
  const { ledger, ...common } = header
  const full: BlockHeader = {
    ...common,
    transactionsRoot: transactionsRoot(ledger === undefined ? 1 : 2, transactions),
    lastCertificateHash: certificateHash(lastCertificate),
    ...(ledger === undefined ? {} : { ledger: { ...ledger, evidenceRoot: merkleRoot(evidence) } }),
  }
  const id = blockIdOf(full)
  return ledger === undefined
    ? { id, header: full, transactions, lastCertificate }
    : { id, header: full, transactions, lastCertificate, evidence }
}

/** In schema 2 a block's id is the leaf hash of its header in the history, so that the two are one thing. */
export function blockIdOf(header: BlockHeader): Uint8Array {
  const bytes = encodeHeader(header)
  return header.ledger === undefined ? sha256(bytes) : merkleLeafHash(bytes)
}

export function encodeHeader(header: BlockHeader): Uint8Array {
  return encodeCanonical(headerToValue(header))
}

/** A header of either schema is smaller. */
const MAX_HEADER_BYTES = limits.MAX_EXTENSION_BYTES + 1_024

/** Throws CHAIN_MALFORMED. */
export function decodeHeader(bytes: Uint8Array): BlockHeader {
  return headerFromValue(readCbor(bytes, MAX_HEADER_BYTES, 'header'))
}

export function headerToValue(header: BlockHeader): CborValue {
  const { ledger } = header
  const fields = new Map<number, CborValue>([
    [1, header.chainId],
    [2, header.height],
    [3, header.time],
    [4, header.proposer],
    [5, header.previousId],
    [6, header.transactionsRoot],
    [7, header.stateRoot],
    [8, header.validatorsHash],
    [9, header.nextValidatorsHash],
    [10, header.lastCertificateHash],
    [11, header.extension],
  ])
  if (ledger === undefined) return fields
  fields.set(0, 2)
  fields.set(12, ledger.afterValidatorsRoot)
  fields.set(13, ledger.resultsRoot)
  fields.set(14, ledger.historyRoot)
  fields.set(15, ledger.evidenceRoot)
  fields.set(16, ledger.rules)
  fields.set(17, ledger.nextRules === undefined ? null : [ledger.nextRules.rules, ledger.nextRules.height])
  return fields
}

/** Unknown fields are refused here: the block id must commit to all that there is. */
export function headerFromValue(value: CborField): BlockHeader {
  const fields = readMap(value, 'header')
  const schema = fields.has(0) ? readInteger(fields.get(0), 2, limits.MAX_RULES, 'schema') : 1
  if (schema > 2) throw malformed(`a header of schema ${schema}, which needs a newer release`)
  if (fields.size !== (schema === 1 ? 11 : 18)) throw malformed('a header with other fields')
  const hash = (key: number) => readHash(fields.get(key), `header field ${key}`)
  const mostExtension = schema === 1 ? limits.MAX_EXTENSION_BYTES : limits.MAX_LEDGER_EXTENSION_BYTES
  const common = {
    chainId: hash(1),
    height: readHeight(fields.get(2)),
    time: readInteger(fields.get(3), 0, Number.MAX_SAFE_INTEGER, 'time'),
    proposer: hash(4),
    previousId: hash(5),
    transactionsRoot: hash(6),
    stateRoot: hash(7),
    validatorsHash: hash(8),
    nextValidatorsHash: hash(9),
    lastCertificateHash: hash(10),
    extension: readBytes(fields.get(11), 0, mostExtension, 'extension'),
  }
  if (schema === 1) return common
  const ledger = {
    afterValidatorsRoot: hash(12),
    resultsRoot: hash(13),
    historyRoot: hash(14),
    evidenceRoot: hash(15),
    rules: readRules(fields.get(16)),
    nextRules: nextRulesFrom(fields.get(17)),
  }
  return { ...common, ledger }
}

function nextRulesFrom(value: CborField): LedgerFields['nextRules'] {
  if (value === null) return undefined
  const [rules, height] = readRow(value, 2, 'next rules')
  return { rules: readRules(rules), height: readHeight(height) }
}

const readRules = (value: CborField) => readInteger(value, 0, limits.MAX_RULES, 'rules')

export function blockToValue({ header, transactions, lastCertificate, evidence = [] }: Block): readonly CborValue[] {
  const common = [
    headerToValue(header),
    transactions,
    lastCertificate === undefined ? null : certificateToValue(lastCertificate),
  ]
  return header.ledger === undefined ? common : [...common, evidence]
}

/** The same, for a file of this node. */
export function blockToStore(block: Block): CborSource {
  const value = blockToValue(block)
  return block.header.ledger === undefined
    ? value
    : value.map((part, i) => (i === 1 ? listToStore(block.transactions) : part))
}

/** Throws CHAIN_MALFORMED unless sizes are right and header, transactions, last certificate and evidence belong together. */
export function blockFromValue(value: CborField): Block {
  const block = looseBlockFromValue(value)
  const { header, transactions } = block
  const root = transactionsRoot(header.ledger === undefined ? 1 : 2, transactions)
  if (!equalBytes(header.transactionsRoot, root)) throw malformed('a block whose parts do not belong together')
  return block
}

/** The same, without a look at the tree of its transactions, which takes tens of milliseconds of a large block. */
export function looseBlockFromValue(value: CborField): Block {
  const parts = Array.isArray(value) && value.length === 4 ? 4 : 3
  const [headerValue, transactionValues, lastValue, evidenceValues] = readRow(value, parts, 'block')
  const header = headerFromValue(headerValue)
  if ((header.ledger === undefined) !== (parts === 3)) throw malformed('a block with other parts')
  const mostTransactions = parts === 3 ? limits.MAX_TRANSACTIONS : limits.MAX_LEDGER_TRANSACTIONS
  const transactions = readList(transactionValues, mostTransactions, 'transactions', readTransaction)
  const lastCertificate = lastValue === null ? undefined : certificateFromValue(lastValue)
  const id = blockIdOf(header)
  const block: Block =
    header.ledger === undefined
      ? { id, header, transactions, lastCertificate }
      : { id, header, transactions, lastCertificate, evidence: evidenceFrom(evidenceValues) }
  if (!holdsTogether(block)) throw malformed('a block whose parts do not belong together')
  return block
}

function evidenceFrom(value: CborField): readonly Uint8Array[] {
  return readList(value, limits.MAX_EVIDENCE, 'evidence', (item) =>
    readBytes(item, 1, limits.MAX_EVIDENCE_ITEM_BYTES, 'evidence'),
  )
}

/** The header commits to the rest but the transactions, and the rest has the size it may have. */
function holdsTogether({ header, transactions, lastCertificate, evidence = [] }: Block): boolean {
  const schema = header.ledger === undefined ? 1 : 2
  const most = schema === 1 ? limits.MAX_TRANSACTIONS_BYTES : limits.MAX_LEDGER_TRANSACTIONS_BYTES
  return bytesOf(transactions) <= most && holdsBeside({ header, lastCertificate, evidence })
}

/** The same of all but the transactions. */
function holdsBeside({ header, lastCertificate, evidence = [] }: Omit<BareBlock, 'id'>): boolean {
  const { ledger, lastCertificateHash } = header
  return (
    bytesOf(evidence) <= limits.MAX_EVIDENCE_BYTES &&
    equalBytes(lastCertificateHash, certificateHash(lastCertificate)) &&
    (ledger === undefined || equalBytes(ledger.evidenceRoot, merkleRoot(evidence)))
  )
}

/** Of schema 2: a block whose transactions come in parts has null in their place. */
export function bareToValue({ header, lastCertificate, evidence = [] }: BareBlock): CborValue {
  return [
    headerToValue(header),
    null,
    lastCertificate === undefined ? null : certificateToValue(lastCertificate),
    evidence,
  ]
}

/** Throws CHAIN_MALFORMED unless header, last certificate and evidence belong together. */
export function bareFromValue(value: CborField): BareBlock {
  const [headerValue, none, lastValue, evidenceValues] = readRow(value, 4, 'bare block')
  const header = headerFromValue(headerValue)
  if (none !== null || header.ledger === undefined) throw malformed('a bare block with other parts')
  const lastCertificate = lastValue === null ? undefined : certificateFromValue(lastValue)
  const bare = { id: blockIdOf(header), header, lastCertificate, evidence: evidenceFrom(evidenceValues) }
  if (!holdsBeside(bare)) throw malformed('a bare block whose parts do not belong together')
  return bare
}

function bytesOf(items: readonly Uint8Array[]): number {
  return items.reduce((sum, item) => sum + item.length, 0)
}
