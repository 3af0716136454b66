/**
 * What is made of the transactions of a block once for each list of them: the tree of their hashes, and their encoding. Of a large block either
 * takes long; the thread of the application makes them as well, and what it made is noted here.
 */
import { type CborSource, EncodedCbor, encodeByteList, GrowingByteList } from '../../crypto/index.ts'
import { limits } from '../limits.ts'
import { readCborInPlace, readList } from '../reading.ts'
import { MerkleHashes } from '../trees/merkle-hashes.ts'
import { readTransaction } from './transactions.ts'

type Transactions = readonly Uint8Array[]

const hashes = new WeakMap<Transactions, MerkleHashes>()
const encodings = new WeakMap<Transactions, Uint8Array>()

/** Their tree. */
export function hashesOf(transactions: Transactions): MerkleHashes {
  let made = hashes.get(transactions)
  if (made === undefined) {
    made = MerkleHashes.of(transactions)
    hashes.set(transactions, made)
  }
  return made
}

/** The same; undefined when it would have to be made. */
export function knownHashesOf(transactions: Transactions): MerkleHashes | undefined {
  return hashes.get(transactions)
}

/** `made`: by somebody who is trusted as this node itself. */
export function noteHashes(transactions: Transactions, made: MerkleHashes): void {
  hashes.set(transactions, made)
}

/** Their ids, one behind the other: a view. */
export function transactionIds(transactions: Transactions): Uint8Array {
  return hashesOf(transactions).leaves()
}

/** Memory that all threads see: what is long is not copied on its way to the application and to the disk. */
function sharedMemory(size: number): Uint8Array {
  return new Uint8Array(size < SHARED_FROM ? new ArrayBuffer(size) : new SharedArrayBuffer(size))
}

/** To share less takes longer than to copy it. */
const SHARED_FROM = 65_536

/** Canonical CBOR of the list. Nobody may change it. */
export function encodingOf(transactions: Transactions): Uint8Array {
  let made = encodings.get(transactions)
  if (made === undefined) {
    made = encodeByteList(transactions, sharedMemory)
    encodings.set(transactions, made)
  }
  return made
}

/** The same bit by bit, for `noteEncoding`. Undefined: it is known, or so short that it may be made at once. */
export function growingEncoding(transactions: Transactions): GrowingByteList | undefined {
  const isAtHand = transactions.length <= limits.PACKED_AT_ONCE || encodings.has(transactions)
  return isAtHand ? undefined : new GrowingByteList(transactions, sharedMemory)
}

/** `made`: canonical CBOR of the list, which nobody may change from now on. */
export function noteEncoding(transactions: Transactions, made: Uint8Array): void {
  encodings.set(transactions, made)
}

/** The list as part of what is stored: a large one is encoded once, for all that it is written to. */
export function listToStore(transactions: Transactions): CborSource {
  return transactions.length < FEW ? transactions : new EncodedCbor(encodingOf(transactions))
}

/** To keep the encoding of so few takes more room than it saves time. */
const FEW = 64

/** What `encodingOf` of this node made, in whichever thread; nobody may change it from now on. Throws CHAIN_MALFORMED. */
export function readEncoding(bytes: Uint8Array): Transactions {
  const value = readCborInPlace(bytes, bytes.length, 'transactions')
  const transactions = readList(value, bytes.length, 'transactions', readTransaction)
  encodings.set(transactions, bytes)
  return transactions
}
