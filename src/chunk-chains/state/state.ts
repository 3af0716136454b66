/**
 * The state of a chunk chain: an authenticated map from questions to what was agreed on last, and in it what is known of the
 * chain as a whole, so that the root commits to all of it.
 */
import { equalBytes } from '../../base/index.ts'
import { emptyStateMap, type StateMap, stateEntries, stateGet, stateSet } from '../../chain/index.ts'
import type { ChunkEntry } from '../../chunks/index.ts'
import { type CborValue, encodeCanonical } from '../../crypto/index.ts'
import { canonicalName, type Question } from '../../dns/index.ts'
import { type CertificateKind, contentDigest } from '../../evidence/index.ts'
import { limits } from '../limits.ts'
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
  readonly class: CertificateKind
  readonly digest: Uint8Array
  /** Unix ms, from the certificate. */
  readonly expires: number
  /** Unix ms: when a majority had seen it. */
  readonly seen: number
  /** Height of the block that changed it last. */
  readonly height: number
}

export const CLASS_CODE: Readonly<Record<CertificateKind, number>> = { agreed: 1, rotating: 2, divergent: 3 }
export const CLASS_NAMES = ['agreed', 'rotating', 'divergent'] as const

/** No question has a key like this one. */
const TOTALS_KEY = Uint8Array.of(0)
export const NO_TOTALS: ChainTotals = { height: 0, first: 0, last: 0, bytes: 0 }

/** Whether the chain takes no block of this time any more. */
export function isFull({ height, first, bytes }: ChainTotals, time: number): boolean {
  return (
    height >= limits.MAX_BLOCKS || bytes >= limits.MAX_CHAIN_BYTES || (first > 0 && time >= first + limits.MAX_CHAIN_MS)
  )
}

export function isTotals(key: Uint8Array): boolean {
  return equalBytes(key, TOTALS_KEY)
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
export function recordOfEntry(entry: ChunkEntry, height: number): StateRecord {
  const { question, outcome, expires, seen } = entry
  return { class: entry.class, digest: contentDigest(question, outcome), expires, seen, height }
}

export function encodeState(state: ChunkState): Uint8Array {
  return encodeCanonical(stateEntries(state).map(({ key, value }) => [key, value]))
}

/** Throws CHUNK_MALFORMED for bytes that are no state. */
export function readState(bytes: Uint8Array): ChunkState {
  let state = emptyStateMap
  readList(readCbor(bytes, limits.MAX_STATE_BYTES, 'state'), limits.MAX_ENTRIES + 2, 'state', (row) => {
    const [key, value] = readRow(row, 2, 'state')
    const name = readBytes(key, 1, 300, 'key')
    const content = readBytes(value, 1, 512, 'value')
    if (!isTotals(name) && !equalBytes(stateKey(stateRecord(content).question), name)) throw malformed('key')
    state = stateSet(state, name, content)
  })
  totalsOf(state)
  return state
}
