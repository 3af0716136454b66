/** Where each question was recorded last: one small row on disk, so that nobody has to open a chain to see it. */
import { fromLatin1, isChordnsError, latin1, type Store, type StoreWrite } from '../../base/index.ts'
import { encodeCanonical } from '../../crypto/index.ts'
import type { Question } from '../../dns/index.ts'
import { malformed, readBytes, readCbor, readHash, readInteger, readRow } from '../state/reading.ts'
import { CLASS_CODE, CLASS_NAMES, type RecordClass } from '../state/state.ts'
import { stateKey } from '../state/transactions.ts'

export interface RecordedRow {
  readonly chainId: Uint8Array
  readonly height: number
  readonly class: RecordClass
  readonly digest: Uint8Array
  /** Unix ms: time of the block; when a majority had observed the content; when the entry expires. */
  readonly time: number
  readonly seen: number
  readonly expires: number
}

export class RecordTable {
  readonly #store: Store

  /** Its keys are these rows' alone. */
  constructor(store: Store) {
    this.#store = store
  }

  get(question: Question): RecordedRow | undefined {
    return this.#read(stateKey(question))
  }

  /** By the key of the question as entries have it. */
  byKey(key: string): RecordedRow | undefined {
    return this.#read(fromLatin1(key))
  }

  #read(key: Uint8Array): RecordedRow | undefined {
    const value = this.#store.get(key)
    return value === undefined ? undefined : readRecorded(value)
  }

  write(rows: readonly { readonly question: Question; readonly row: RecordedRow | undefined }[]): void {
    const writes = rows.map(({ question, row }): StoreWrite => {
      const key = stateKey(question)
      return row === undefined ? { kind: 'delete', key } : { kind: 'put', key, value: encodeRow(row) }
    })
    if (writes.length > 0) this.#store.batch(writes, { durable: false })
  }

  /** `question` as text, for people. */
  *all(): Generator<{ readonly question: string; readonly row: RecordedRow | undefined }> {
    for (const [key, value] of this.#store.range(new Uint8Array()))
      yield { question: latin1(key), row: readRecorded(value) }
  }

  /** Drops rows whose chains are no longer known. */
  sweep(isKnown: (chainId: Uint8Array) => boolean): void {
    const gone: StoreWrite[] = []
    for (const [key, value] of this.#store.range(new Uint8Array())) {
      const row = readRecorded(value)
      if (row === undefined || !isKnown(row.chainId)) gone.push({ kind: 'delete', key: key.slice() })
    }
    if (gone.length > 0) this.#store.batch(gone, { durable: false })
  }
}

function encodeRow(row: RecordedRow): Uint8Array {
  const { chainId, height, digest, time, seen, expires } = row
  return encodeCanonical([1, chainId, height, CLASS_CODE[row.class], digest, time, seen, expires])
}

/** Undefined for a row of another version. */
function readRecorded(value: Uint8Array): RecordedRow | undefined {
  try {
    const row = readRow(readCbor(readBytes(value, 1, 512, 'row'), 512, 'row'), 8, 'row')
    if (row[0] !== 1) throw malformed('version')
    const number = (index: number) => readInteger(row[index], 0, Number.MAX_SAFE_INTEGER, 'number')
    return {
      chainId: readHash(row[1], 'chain id'),
      height: number(2),
      class: CLASS_NAMES[readInteger(row[3], 1, CLASS_NAMES.length, 'class') - 1]!,
      digest: readHash(row[4], 'digest'),
      time: number(5),
      seen: number(6),
      expires: number(7),
    }
  } catch (error) {
    if (isChordnsError(error, 'CHUNK_MALFORMED')) return undefined
    throw error
  }
}
