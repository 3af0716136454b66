/** What a chain keeps of others: how far they are linked, and forks that were shown. */
import { concatBytes } from '../../../base/index.ts'
import { decodeLinked, encodeLinked, type LinkedRecord } from '../../../chain/index.ts'
import { encodeCanonical, sha256 } from '../../../crypto/index.ts'
import { readerOf } from '../../draft.ts'
import { limits } from '../../limits.ts'
import { ledgerReader } from '../../refusal.ts'
import type { TallyPlace } from '../../tally.ts'
import type { Draft, StateReader } from '../../types.ts'

export const LINKS = 4

const { readCbor, readRow, readList, readInteger, readBytes, readHash, readUtf8 } = ledgerReader
const text = new TextEncoder()
const keyOf = (part: number, origin: string) => concatBytes(Uint8Array.of(part), sha256(text.encode(origin)))
const linkedKey = (origin: string) => keyOf(1, origin)
const forkKey = (origin: string) => keyOf(2, origin)
/** Votes on chains that are to be linked. */
export const CHAIN_TALLIES: TallyPlace = {
  keyOf: (subject) => concatBytes(Uint8Array.of(3), subject),
  openKey: Uint8Array.of(4),
}

/** What is linked of a chain, by its origin. */
export function linkedOf(state: StateReader, origin: string): LinkedRecord | undefined {
  return readLinked(readerOf(state, LINKS), origin)
}

/** A fork that was shown: at which height, and by whose cosignatures. */
export interface RecordedFork {
  readonly height: number
  readonly signers: readonly Uint8Array[]
}

export function forkOf(state: StateReader, origin: string): RecordedFork | undefined {
  const value = readerOf(state, LINKS).get(forkKey(origin))
  if (value === undefined) return undefined
  const [height, signers] = readRow(readCbor(value, limits.MAX_VALUE_BYTES, 'fork'), 2, 'fork')
  return {
    height: readInteger(height, 0, limits.MAX_AMOUNT, 'height'),
    signers: readList(signers, limits.MAX_VALIDATORS, 'signers', (one) => readHash(one, 'id')),
  }
}

export function readLinked(own: StateReader, origin: string): LinkedRecord | undefined {
  const value = own.get(linkedKey(origin))
  if (value === undefined) return undefined
  const [name, record] = readRow(readCbor(value, limits.MAX_VALUE_BYTES, 'linked'), 2, 'linked')
  return decodeLinked(readBytes(record, 1, limits.MAX_VALUE_BYTES, 'linked'), readUtf8(name, 1_024, 'origin'))
}

export function writeLinked(own: Draft, record: LinkedRecord): void {
  own.set(linkedKey(record.origin), encodeCanonical([text.encode(record.origin), encodeLinked(record)]))
}

export function writeFork(own: Draft, origin: string, { height, signers }: RecordedFork): void {
  own.set(forkKey(origin), encodeCanonical([height, [...signers]]))
}
