/**
 * The state of a chunk chain: an authenticated map from questions to what was agreed on last, and in it what is known of the
 * chain as a whole, so that the root commits to all of it.
 */
import { concatBytes, equalBytes } from '../../base/index.ts'
import { emptyStateMap, type StateMap, stateEntries, stateGet, stateSet } from '../../chain/index.ts'
import { type ChunkEntry, type SignedEntry, termOf } from '../../chunks/index.ts'
import { type CborValue, encodeCanonical } from '../../crypto/index.ts'
import { canonicalName, type Question } from '../../dns/index.ts'
import { type CertificateKind, contentDigest } from '../../evidence/index.ts'
import { limits } from '../limits.ts'
import { linkHash } from './links.ts'
import { malformed, readBytes, readCbor, readHash, readInteger, readList, readName, readRow } from './reading.ts'
import { stateKey } from './transactions.ts'

export type ChunkState = StateMap

/** Times are unix ms; 0: no block yet. */
export interface ChainTotals {
  readonly height: number
  readonly first: number
  readonly last: number
  /** Bytes of all transactions. */
  readonly bytes: number
}

/** What the chain has of one question. */
export interface StateRecord {
  readonly class: RecordClass
  readonly digest: Uint8Array
  /** Unix ms, from the certificate; of a signed answer, when its signatures end. */
  readonly expires: number
  /** Unix ms: when a majority had seen it; of a signed answer, when it was signed. */
  readonly seen: number
  /** Height of the block that changed it last. */
  readonly height: number
}

export type RecordClass = CertificateKind | 'signed'

export const CLASS_CODE: Readonly<Record<RecordClass, number>> = { agreed: 1, rotating: 2, divergent: 3, signed: 4 }
export const CLASS_NAMES = ['agreed', 'rotating', 'divergent', 'signed'] as const

/** No question has a key like these. */
const TOTALS_KEY = Uint8Array.of(0)
const SIGNED_KEY = Uint8Array.of(1)
const LINK_KEY = 2
/** The first byte of a question's key is a digit. */
const FIRST_OF_QUESTIONS = 0x30
export const NO_TOTALS: ChainTotals = { height: 0, first: 0, last: 0, bytes: 0 }

/** Whether the chain takes no block of this time any more. */
export function isFull({ height, first, bytes }: ChainTotals, time: number): boolean {
  return (
    height >= limits.MAX_BLOCKS || bytes >= limits.MAX_CHAIN_BYTES || (first > 0 && time >= first + limits.MAX_CHAIN_MS)
  )
}

/** Whether a key of the state is that of a question. */
export function isQuestion(key: Uint8Array): boolean {
  return key[0]! >= FIRST_OF_QUESTIONS
}

/** What signed answers take of the chain. */
export interface SignedTotals {
  /** Bytes of their transactions. */
  readonly bytes: number
  /** Links that the state remembers. */
  readonly links: number
}

export function signedTotalsOf(state: ChunkState): SignedTotals {
  const value = stateGet(state, SIGNED_KEY)
  return value === undefined ? { bytes: 0, links: 0 } : readSignedTotals(value)
}

export function withSignedTotals(state: ChunkState, { bytes, links }: SignedTotals): ChunkState {
  return stateSet(state, SIGNED_KEY, encodeCanonical([bytes, links]))
}

/** A link that an earlier transaction carried, by its hash. */
export function linkIn(state: ChunkState, hash: Uint8Array): Uint8Array | undefined {
  return stateGet(state, linkKey(hash))
}

export function withLink(state: ChunkState, hash: Uint8Array, link: Uint8Array): ChunkState {
  return stateSet(state, linkKey(hash), link)
}

function linkKey(hash: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(LINK_KEY), hash)
}

function readSignedTotals(value: Uint8Array): SignedTotals {
  const [bytes, links] = readRow(readCbor(value, 64, 'totals'), 2, 'totals')
  return {
    bytes: readInteger(bytes, 0, Number.MAX_SAFE_INTEGER, 'totals'),
    links: readInteger(links, 0, limits.MAX_STATE_LINKS, 'totals'),
  }
}

export function totalsOf(state: ChunkState): ChainTotals {
  const value = stateGet(state, TOTALS_KEY)
  if (value === undefined) throw malformed('a state without totals')
  const row = readRow(readCbor(value, 64, 'totals'), 4, 'totals')
  const [height, first, last, bytes] = row.map((one) => readInteger(one, 0, Number.MAX_SAFE_INTEGER, 'totals'))
  return { height: height!, first: first!, last: last!, bytes: bytes! }
}

export function withTotals(state: ChunkState, { height, first, last, bytes }: ChainTotals): ChunkState {
  return stateSet(state, TOTALS_KEY, encodeCanonical([height, first, last, bytes]))
}

export function recordedIn(state: ChunkState, question: Question): StateRecord | undefined {
  const value = stateGet(state, stateKey(question))
  return value === undefined ? undefined : stateRecord(value).record
}

export function withRecord(state: ChunkState, question: Question, record: StateRecord): ChunkState {
  const { name, type, class: klass } = question
  const { class: kind, digest, expires, seen, height } = record
  const asked: CborValue[] = [canonicalName(name).wire, type, klass]
  return stateSet(state, stateKey(question), encodeCanonical([CLASS_CODE[kind], asked, digest, expires, seen, height]))
}

/** Throws CHUNK_MALFORMED. */
export function stateRecord(value: Uint8Array): { readonly question: Question; readonly record: StateRecord } {
  const [kind, asked, digest, expires, seen, height] = readRow(readCbor(value, 512, 'record'), 6, 'record')
  const [name, type, klass] = readRow(asked, 3, 'question')
  const time = (one: CborValue | undefined) => readInteger(one, 0, Number.MAX_SAFE_INTEGER, 'time')
  return {
    question: {
      name: readName(name),
      type: readInteger(type, 0, 0xffff, 'type'),
      class: readInteger(klass, 1, 0xffff, 'class'),
    },
    record: {
      class: CLASS_NAMES[readInteger(kind, 1, CLASS_NAMES.length, 'class of an entry') - 1]!,
      digest: readHash(digest, 'digest'),
      expires: time(expires),
      seen: time(seen),
      height: time(height),
    },
  }
}

/** What a chain records of an entry, in a block of this height. */
export function recordOfEntry(entry: ChunkEntry | SignedEntry, height: number): StateRecord {
  if (entry.class === 'signed') return recordOfSigned(entry, height)
  const { question, outcome, expires, seen } = entry
  return { class: entry.class, digest: contentDigest(question, outcome), expires, seen, height }
}

export function recordOfSigned(
  { question, outcome }: Pick<SignedEntry, 'question' | 'outcome'>,
  height: number,
): StateRecord {
  const { from, until } = termOf(outcome)
  const digest = contentDigest(question, outcome)
  return { class: 'signed', digest, expires: until * 1_000, seen: from * 1_000, height }
}

export function encodeState(state: ChunkState): Uint8Array {
  return encodeCanonical(stateEntries(state).map(({ key, value }) => [key, value]))
}

/** Throws CHUNK_MALFORMED for bytes that are no state. */
export function readState(bytes: Uint8Array): ChunkState {
  let state = emptyStateMap
  const most = limits.MAX_ENTRIES + limits.MAX_STATE_LINKS + 3
  readList(readCbor(bytes, limits.MAX_STATE_BYTES, 'state'), most, 'state', (row) => {
    const [key, value] = readRow(row, 2, 'state')
    const name = readBytes(key, 1, 300, 'key')
    const content = readBytes(value, 1, limits.MAX_LINK_BYTES, 'value')
    if (!isKeyOf(name, content)) throw malformed('key')
    state = stateSet(state, name, content)
  })
  totalsOf(state)
  return state
}

/** Whether the value belongs to the key. Throws CHUNK_MALFORMED for a value that cannot be read. */
function isKeyOf(key: Uint8Array, value: Uint8Array): boolean {
  if (equalBytes(key, TOTALS_KEY)) return true
  if (equalBytes(key, SIGNED_KEY)) return readSignedTotals(value) !== undefined
  if (key[0] === LINK_KEY) return equalBytes(key, linkKey(linkHash(value)))
  return equalBytes(stateKey(stateRecord(value).question), key)
}
