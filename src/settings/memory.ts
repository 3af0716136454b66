/** The document and its history on disk. What is there was verified when it came, and is read at the start as it is. */
import { concatBytes, isChordnsError, type Log, type Store, type StoreWrite } from '../base/index.ts'
import { encodeCanonical } from '../crypto/index.ts'
import { changeFromValue, changeToValue, markOf, readCbor, readRow, readUtf8, type SignedChange } from './change.ts'
import type { Seen } from './history.ts'
import { limits } from './limits.ts'
import { CHANGES, END, HISTORY, RING } from './stored.ts'

export interface SettingsMemoryDeps {
  /** Its keys are this memory's alone. */
  readonly store: Store
  readonly log: Log
}

export interface RememberedSettings {
  /** Undefined: nothing was ever written. */
  readonly ringId: string | undefined
  readonly changes: readonly SignedChange[]
  readonly history: readonly Pick<Seen, 'change' | 'before'>[]
}

/** What became another one in the document. */
export interface Written {
  readonly changes: readonly SignedChange[]
  readonly dropped: readonly SignedChange[]
  readonly seen: readonly Seen[]
  readonly forgotten: readonly Seen[]
}

export class SettingsMemory {
  readonly #store: Store
  readonly #log: Log

  constructor({ store, log }: SettingsMemoryDeps) {
    this.#store = store
    this.#log = log
  }

  /** What cannot be read is passed over, and said. */
  read(): RememberedSettings {
    const changes: SignedChange[] = []
    const history: Pick<Seen, 'change' | 'before'>[] = []
    let ringId: string | undefined
    let damaged = 0
    for (const [key, value] of this.#store.range(RING, END)) {
      try {
        const read = readCbor(value, MAX_ROW_BYTES, 'row')
        if (key[0] === RING[0]) ringId = readUtf8(read, 64 * 4, 'ring')
        else if (key[0] === CHANGES[0]) changes.push(changeFromValue(read))
        else {
          const [change, before] = readRow(read, 2, 'history')
          history.push({
            change: changeFromValue(change),
            before: before === null ? null : readUtf8(before, limits.MAX_VALUE_BYTES, 'before'),
          })
        }
      } catch (error) {
        if (!isChordnsError(error, 'SETTINGS_MALFORMED')) throw error
        damaged++
      }
    }
    if (damaged > 0)
      this.#log.warn({ damaged }, 'settings of the household on the disk cannot be read: others may bring them')
    return { ringId, changes, history }
  }

  write({ changes, dropped, seen, forgotten }: Written): void {
    this.#batch([
      ...dropped.map((change): StoreWrite => ({ kind: 'delete', key: changeKey(change) })),
      ...changes.map((change): StoreWrite => {
        return { kind: 'put', key: changeKey(change), value: encodeCanonical(changeToValue(change)) }
      }),
      ...forgotten.map((one): StoreWrite => ({ kind: 'delete', key: historyKey(one) })),
      ...seen.map((one): StoreWrite => {
        const before = one.before === null ? null : new TextEncoder().encode(one.before)
        return { kind: 'put', key: historyKey(one), value: encodeCanonical([changeToValue(one.change), before]) }
      }),
    ])
  }

  /** Forgets everything: what is written from now on is of this ring. */
  begin(ringId: string): void {
    const old = [...this.#store.range(RING, END)].map(([key]): StoreWrite => ({ kind: 'delete', key }))
    const value = encodeCanonical(new TextEncoder().encode(ringId))
    this.#batch([...old, { kind: 'put', key: RING, value }])
  }

  #batch(writes: readonly StoreWrite[]): void {
    if (writes.length === 0) return
    try {
      this.#store.batch(writes, { durable: true })
    } catch (error) {
      if (!isChordnsError(error)) throw error
      this.#log.warn(
        { code: error.code },
        'settings of the household could not be written, and hold until this node stops',
      )
    }
  }
}

const MAX_ROW_BYTES = limits.MAX_KEY_BYTES + 2 * limits.MAX_VALUE_BYTES + 256

/** By the key, so that a later change takes the place of the one before. */
function changeKey({ key }: SignedChange): Uint8Array {
  return concatBytes(CHANGES, new TextEncoder().encode(key))
}

/** In the order of counters. */
function historyKey({ change }: Seen): Uint8Array {
  const counter = new Uint8Array(8)
  new DataView(counter.buffer).setBigUint64(0, BigInt(change.counter))
  return concatBytes(HISTORY, counter, markOf(change))
}
