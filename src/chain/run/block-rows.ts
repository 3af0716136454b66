/**
 * How decided blocks stand in the store. A chunk chain's stand as they are sent. A ledger's stand in three rows: the header, the rest, and the
 * certificate, of 1.4 kB with 31 validators. Each certificate decided one block and is in the next, and stands there once; and whoever asks for headers makes
 * nobody read transactions. Rows of earlier releases have all in one, and are read.
 */
import { concatBytes, equalBytes, type Store, type StoreWrite } from '../../base/index.ts'
import { type CborSource, type CborValue, encodeCanonical } from '../../crypto/index.ts'
import { decodeHeader, headerToValue, looseBlockFromValue } from '../blocks/blocks.ts'
import { certificateFromValue, certificateHash, certificateToValue } from '../blocks/certificates.ts'
import { certifiedFromValue, certifiedToValue } from '../blocks/messages.ts'
import { listToStore } from '../blocks/transaction-lists.ts'
import { limits } from '../limits.ts'
import { malformed, readCbor, readCborInPlace, readInteger, readRow } from '../reading.ts'
import type { CertifiedBlock, CertifiedHeader } from '../types.ts'

/** What a key is of; it follows the chain's id. */
export const KIND = {
  block: 1,
  snapshot: 2,
  record: 3,
  retired: 4,
  history: 5,
  halted: 6,
  certificate: 7,
  header: 8,
  proofs: 9,
} as const

/** Of what is neither header nor certificate. Rows of earlier releases have two items: block and certificate. */
const ROW_VERSION = 1
/** A block as stored: certificates and all. */
const MAX_STORED_BYTES = limits.MAX_LEDGER_TRANSACTIONS_BYTES + 5 * limits.MAX_LEDGER_TRANSACTIONS + 70_000

/** Keys of one kind are in the order of heights. */
export function storeKey(chainId: Uint8Array, kind: number, height = 0): Uint8Array {
  const bytes = new Uint8Array(9)
  bytes[0] = kind
  new DataView(bytes.buffer).setBigUint64(1, BigInt(height))
  return concatBytes(chainId, bytes)
}

export function heightOfKey(key: Uint8Array): number {
  return Number(new DataView(key.buffer, key.byteOffset, key.length).getBigUint64(key.length - 8))
}

type BlockStore = Pick<Store, 'get' | 'range'>

/** `before`: what was put for the height before, as far as it is known. */
export function blockWrites(
  chainId: Uint8Array,
  { block, certificate }: CertifiedBlock,
  before: CertifiedBlock | undefined,
): StoreWrite[] {
  const { header, transactions, lastCertificate, evidence = [] } = block
  const { height } = header
  const put = (kind: number, at: number, value: CborSource): StoreWrite => ({
    kind: 'put',
    key: storeKey(chainId, kind, at),
    value: encodeCanonical(value),
  })
  if (header.ledger === undefined) return [put(KIND.block, height, certifiedToValue({ block, certificate }))]
  const writes = [
    put(KIND.block, height, [ROW_VERSION, listToStore(transactions), evidence]),
    put(KIND.header, height, headerToValue(header)),
    put(KIND.certificate, height, certificateToValue(certificate)),
  ]
  // Whoever made the next block may have counted other votes than this node did. The block needs the certificate that its header names.
  const isThere = before !== undefined && equalBytes(certificateHash(before.certificate), header.lastCertificateHash)
  if (lastCertificate !== undefined && !isThere)
    writes.push(put(KIND.certificate, height - 1, certificateToValue(lastCertificate)))
  return writes
}

/** Undefined when it is not there. Throws CHAIN_MALFORMED when it is damaged. */
export function readBlock(chainId: Uint8Array, store: BlockStore, height: number): CertifiedBlock | undefined {
  const bytes = store.get(storeKey(chainId, KIND.block, height))
  return bytes === undefined ? undefined : readBlockRow(chainId, store, height, bytes)
}

/** Heights and rows from one height on, up to another one, in order; those that the store lost are left out. */
export function* blockRowsOf(
  chainId: Uint8Array,
  store: BlockStore,
  from: number,
  to: number = limits.MAX_HEIGHT,
): Generator<readonly [height: number, row: Uint8Array]> {
  for (const [key, value] of store.range(storeKey(chainId, KIND.block, from), storeKey(chainId, KIND.block, to)))
    yield [heightOfKey(key), value]
}

/**
 * Throws CHAIN_MALFORMED. Whether a ledger's transactions are those of the header shows when the block is applied, or when somebody checks a part
 * of it: the store finds what is damaged by itself.
 */
export function readBlockRow(
  chainId: Uint8Array,
  store: BlockStore,
  height: number,
  bytes: Uint8Array,
): CertifiedBlock {
  const row = readCborInPlace(bytes, MAX_STORED_BYTES, 'stored block')
  if (isWhole(row)) return certifiedFromValue(row)
  const [version, transactions, evidence] = readRow(row, 3, 'stored block')
  readInteger(version, ROW_VERSION, ROW_VERSION, 'stored block')
  const header = readCbor(beside(chainId, store, KIND.header, height), MAX_STORED_BYTES, 'stored header')
  const last = height === 1 ? null : certificateValue(chainId, store, height - 1)
  const block = looseBlockFromValue([header, transactions!, last, evidence!])
  if (block.header.height !== height) throw malformed('a stored block of another height')
  return { block, certificate: certificateFromValue(certificateValue(chainId, store, height)) }
}

/** The header of a block and what decided it; its transactions are read only where they stand in one row with it. Throws CHAIN_MALFORMED. */
export function readHeader(chainId: Uint8Array, store: BlockStore, height: number): CertifiedHeader | undefined {
  const bytes = store.get(storeKey(chainId, KIND.header, height))
  if (bytes !== undefined)
    return {
      header: decodeHeader(bytes),
      certificate: certificateFromValue(certificateValue(chainId, store, height)),
    }
  const whole = readBlock(chainId, store, height)
  return whole && { header: whole.block.header, certificate: whole.certificate }
}

function certificateValue(chainId: Uint8Array, store: BlockStore, height: number): CborValue {
  return readCbor(beside(chainId, store, KIND.certificate, height), MAX_STORED_BYTES, 'stored certificate')
}

function beside(chainId: Uint8Array, store: BlockStore, kind: number, height: number): Uint8Array {
  const stored = store.get(storeKey(chainId, kind, height))
  if (stored === undefined)
    throw malformed(`a stored block without its ${kind === KIND.header ? 'header' : 'certificate'}`)
  return stored
}

function isWhole(row: CborValue): boolean {
  return Array.isArray(row) && row.length === 2
}
