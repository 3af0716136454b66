/** Blocks and certificates as canonical CBOR with integer keys, and the hashes over them. */
import { equalBytes } from '../../base/index.ts'
import { type CborField, type CborValue, encodeCanonical, sha256 } from '../../crypto/index.ts'
import { limits } from '../limits.ts'
import { merkleRoot } from '../trees/merkle.ts'
import type { Block, BlockCertificate, BlockHeader } from '../types.ts'
import {
  malformed,
  readBytes,
  readHash,
  readHeight,
  readInteger,
  readList,
  readMap,
  readRound,
  readRow,
  readSignature,
} from './reading.ts'

export const ZERO_HASH = new Uint8Array(32)

export function makeBlock(
  header: Omit<BlockHeader, 'transactionsRoot' | 'lastCertificateHash'>,
  transactions: readonly Uint8Array[],
  lastCertificate: BlockCertificate | undefined,
): Block {
  const full: BlockHeader = {
    ...header,
    transactionsRoot: merkleRoot(transactions),
    lastCertificateHash: certificateHash(lastCertificate),
  }
  return { id: blockIdOf(full), header: full, transactions, lastCertificate }
}

export function blockIdOf(header: BlockHeader): Uint8Array {
  return sha256(encodeCanonical(headerToValue(header)))
}

/** Zeros for none: what the first block has. */
export function certificateHash(certificate: BlockCertificate | undefined): Uint8Array {
  return certificate === undefined ? ZERO_HASH : sha256(encodeCanonical(certificateToValue(certificate)))
}

export function headerToValue(header: BlockHeader): CborValue {
  return new Map<number, CborValue>([
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
}

/** Unknown fields are refused here: the block id must commit to all that there is. */
export function headerFromValue(value: CborField): BlockHeader {
  const fields = readMap(value, 'header')
  if (fields.size !== 11) throw malformed('a header with other fields')
  const hash = (key: number) => readHash(fields.get(key), `header field ${key}`)
  return {
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
    extension: readBytes(fields.get(11), 0, limits.MAX_EXTENSION_BYTES, 'extension'),
  }
}

export function certificateToValue({ height, round, blockId, signatures }: BlockCertificate): CborValue {
  return [height, round, blockId, signatures.map(({ index, signature }) => [index, signature])]
}

export function certificateFromValue(value: CborField): BlockCertificate {
  const [height, round, blockId, signatures] = readRow(value, 4, 'certificate')
  return {
    height: readHeight(height),
    round: readRound(round),
    blockId: readHash(blockId, 'block id'),
    signatures: readList(signatures, limits.MAX_VALIDATORS, 'signatures', (pair) => {
      const [index, signature] = readRow(pair, 2, 'signature')
      return {
        index: readInteger(index, 0, limits.MAX_VALIDATORS - 1, 'index'),
        signature: readSignature(signature, 'signature'),
      }
    }),
  }
}

export function blockToValue({ header, transactions, lastCertificate }: Block): CborValue {
  return [
    headerToValue(header),
    transactions,
    lastCertificate === undefined ? null : certificateToValue(lastCertificate),
  ]
}

/** Throws CHAIN_MALFORMED unless sizes are right and header, transactions and last certificate belong together. */
export function blockFromValue(value: CborField): Block {
  const [headerValue, transactionValues, lastValue] = readRow(value, 3, 'block')
  const header = headerFromValue(headerValue)
  const transactions = readList(transactionValues, limits.MAX_TRANSACTIONS, 'transactions', readTransaction)
  const lastCertificate = lastValue === null ? undefined : certificateFromValue(lastValue)
  const block = { id: blockIdOf(header), header, transactions, lastCertificate }
  if (!holdsTogether(block)) throw malformed('a block whose parts do not belong together')
  return block
}

export function readTransaction(value: CborField): Uint8Array {
  return readBytes(value, 0, limits.MAX_TRANSACTION_BYTES, 'transaction')
}

/** The header commits to the rest, and the rest has the size it may have. */
function holdsTogether({ header, transactions, lastCertificate }: Block): boolean {
  return (
    transactions.reduce((sum, transaction) => sum + transaction.length, 0) <= limits.MAX_TRANSACTIONS_BYTES &&
    equalBytes(header.transactionsRoot, merkleRoot(transactions)) &&
    equalBytes(header.lastCertificateHash, certificateHash(lastCertificate))
  )
}
