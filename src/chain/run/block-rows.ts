/**
 * How decided blocks stand in the store. A chunk chain's stand as they are sent. A ledger's stand in three rows: the header, the rest, and the
 * certificate, of 1.4 kB with 31 validators; where that is longer than SQLite keeps in a page, in several rows. Each certificate decided one block and is in the
 * next, and stands there once; and whoever asks for headers makes nobody read transactions. Rows of earlier releases have all in one, and are read.
 */
import { concatBytes, equalBytes, type Store, type StoredBytes, type StoreWrite } from '../../base/index.ts'
import { type CborSource, type CborValue, EncodedCbor, encodeCanonical } from '../../crypto/index.ts'
import { decodeHeader, headerToValue, looseBlockFromValue } from '../blocks/blocks.ts'
import { certificateFromValue, certificateHash, certificateToValue } from '../blocks/certificates.ts'
import { certifiedFromValue, certifiedToValue } from '../blocks/messages.ts'
import { listToStore } from '../blocks/transaction-lists.ts'
import { limits } from '../limits.ts'
import { malformed, readCbor, readCborInPlace, readInteger, readRow } from '../reading.ts'
import type { BlockCertificate, CertifiedBlock, CertifiedHeader } from '../types.ts'

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
  certificateRest: 10,
  transactions: 11,
} as const

/** Rows of `certificateRest` for each height. */
const REST_ROWS = 4
/** What is in parts begins with this and their number: a certificate in CBOR is an array, and begins otherwise. */
const IN_PARTS = 0

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

/** Of transactions that stand beside the votes for their block. */
export function transactionsKey(chainId: Uint8Array, root: Uint8Array): Uint8Array {
  return concatBytes(chainId, Uint8Array.of(KIND.transactions), root)
}

/** All of them. */
export function transactionsRange(chainId: Uint8Array): readonly [from: Uint8Array, to: Uint8Array] {
  return [transactionsKey(chainId, new Uint8Array()), concatBytes(chainId, Uint8Array.of(KIND.transactions + 1))]
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
  const writes: StoreWrite[] = [
    { kind: 'put', key: storeKey(chainId, KIND.block, height), value: blockRow(transactions, evidence) },
    put(KIND.header, height, headerToValue(header)),
    ...certificateWrites(chainId, height, certificate),
  ]
  // Whoever made the next block may have counted other votes than this node did. The block needs the certificate that its header names.
  const isThere = before !== undefined && equalBytes(certificateHash(before.certificate), header.lastCertificateHash)
  if (lastCertificate !== undefined && !isThere) writes.push(...certificateWrites(chainId, height - 1, lastCertificate))
  return writes
}

/** A long list stands between what is around it as it is: to copy two megabytes stops the thread that answers for milliseconds. */
function blockRow(transactions: readonly Uint8Array[], evidence: readonly Uint8Array[]): StoredBytes {
  const list = listToStore(transactions)
  if (!(list instanceof EncodedCbor)) return encodeCanonical([ROW_VERSION, list, evidence])
  return [Uint8Array.of(ARRAY_OF_THREE, ROW_VERSION), list.bytes, encodeCanonical(evidence)]
}

/** What an array of three items begins with in CBOR (RFC 8949 section 3.1). */
const ARRAY_OF_THREE = 0x83

/** In parts of one length, as many as are needed. */
function certificateWrites(chainId: Uint8Array, height: number, certificate: BlockCertificate): StoreWrite[] {
  const bytes = encodeCanonical(certificateToValue(certificate))
  const put = (key: Uint8Array, value: Uint8Array): StoreWrite => ({ kind: 'put', key, value })
  const first = storeKey(chainId, KIND.certificate, height)
  if (bytes.length <= limits.MAX_CERTIFICATE_ROW_BYTES) return [put(first, bytes)]
  const count = Math.ceil(bytes.length / limits.MAX_CERTIFICATE_ROW_BYTES)
  const each = Math.ceil(bytes.length / count)
  const parts = Array.from({ length: count }, (_, at) => bytes.subarray(at * each, (at + 1) * each))
  return parts.map((part, at) =>
    at === 0
      ? put(first, concatBytes(Uint8Array.of(IN_PARTS, count), part))
      : put(restKey(chainId, height, at), part.slice()),
  )
}

/** `part`: from 1 on. */
function restKey(chainId: Uint8Array, height: number, part: number): Uint8Array {
  return storeKey(chainId, KIND.certificateRest, height * REST_ROWS + part)
}

/** The keys of a certificate beside its first one, of the heights from one on that are below another one. */
export function* certificateRestKeys(chainId: Uint8Array, from: number, below: number): Generator<Uint8Array> {
  for (let height = from; height < below; height++)
    for (let part = 1; part < REST_ROWS; part++) yield restKey(chainId, height, part)
}

/** The first height whose certificate has more than one row. */
export function firstInParts(chainId: Uint8Array, store: Pick<Store, 'range'>): number | undefined {
  const [from, to] = [0, limits.MAX_HEIGHT].map((at) => storeKey(chainId, KIND.certificateRest, at * REST_ROWS))
  for (const [key] of store.range(from!, to!)) return Math.floor(heightOfKey(key) / REST_ROWS)
  return undefined
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
  const first = beside(chainId, store, KIND.certificate, height)
  if (first[0] !== IN_PARTS) return readCbor(first, MAX_STORED_BYTES, 'stored certificate')
  const count = readInteger(first[1] ?? 0, 2, REST_ROWS, 'parts of a stored certificate')
  const rest = Array.from({ length: count - 1 }, (_, at) =>
    there(store.get(restKey(chainId, height, at + 1)), 'certificate'),
  )
  return readCbor(concatBytes(first.subarray(2), ...rest), MAX_STORED_BYTES, 'stored certificate')
}

function beside(chainId: Uint8Array, store: BlockStore, kind: number, height: number): Uint8Array {
  return there(store.get(storeKey(chainId, kind, height)), kind === KIND.header ? 'header' : 'certificate')
}

function there(stored: Uint8Array | undefined, what: 'header' | 'certificate'): Uint8Array {
  if (stored === undefined) throw malformed(`a stored block without its ${what}`)
  return stored
}

function isWhole(row: CborValue): boolean {
  return Array.isArray(row) && row.length === 2
}
