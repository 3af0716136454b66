/** What a follower keeps of a chain on disk: the headers that it trusts, the sets that they name, and headers that contradict each other. */
import { concatBytes, equalBytes, isChordnsError, type Store, type StoreWrite, toHex } from '../../base/index.ts'
import { encodeCanonical } from '../../crypto/index.ts'
import { entriesFromValue, entriesToValue, setRoot } from '../blocks/set-root.ts'
import { certifiedHeaderFromValue, certifiedHeaderToValue } from '../light/codec.ts'
import type { Step } from '../light/walk.ts'
import { limits } from '../limits.ts'
import { malformed, readCbor, readList, readRow } from '../reading.ts'
import type { CertifiedHeader, Validator } from '../types.ts'

const ROW = { STEPS: 1, SET: 2, CONFLICT: 3 } as const
const VERSION = 1

export interface KeptOfChain {
  /** Oldest first. */
  readonly steps: readonly Step[]
  readonly conflict: Uint8Array | undefined
}

/** Of one chain. Nothing waits for the disk: what a power failure takes is fetched again. */
export class FollowBook {
  readonly #chainId: Uint8Array
  readonly #store: Store
  readonly #sets = new Map<string, readonly Validator[]>()

  constructor(chainId: Uint8Array, store: Store) {
    this.#chainId = chainId
    this.#store = store
  }

  /** What cannot be read is as if it were not there: it is fetched again. */
  remembered(): KeptOfChain {
    for (const [, value] of this.#store.range(this.#key(ROW.SET), this.#key(ROW.SET + 1))) {
      const validators = orNothing(() => entriesFromValue(readCbor(value, limits.MAX_NOTE_BYTES, 'set')))
      if (validators !== undefined) this.#sets.set(toHex(setRoot(validators)), validators)
    }
    const bytes = this.#store.get(this.#key(ROW.STEPS))
    const certified = bytes === undefined ? [] : (orNothing(() => stepsFrom(bytes)) ?? [])
    return { steps: certified.flatMap((one) => this.#step(one)), conflict: this.#store.get(this.#key(ROW.CONFLICT)) }
  }

  set(root: Uint8Array): readonly Validator[] | undefined {
    return this.#sets.get(toHex(root))
  }

  addSet(validators: readonly Validator[]): void {
    this.#sets.set(toHex(setRoot(validators)), validators)
  }

  /** Sets that none of the steps names are kept no longer. */
  putSteps(steps: readonly Step[]): void {
    const needed = new Set(
      steps.flatMap(({ certified: { header } }) => [toHex(header.validatorsHash), toHex(header.nextValidatorsHash)]),
    )
    const writes: StoreWrite[] = []
    for (const [root, validators] of this.#sets) {
      const key = concatBytes(this.#key(ROW.SET), setRoot(validators))
      if (needed.has(root)) {
        if (this.#store.get(key) === undefined)
          writes.push({ kind: 'put', key, value: encodeCanonical(entriesToValue(validators)) })
      } else {
        this.#sets.delete(root)
        writes.push({ kind: 'delete', key })
      }
    }
    const value = encodeCanonical([VERSION, steps.map(({ certified }) => certifiedHeaderToValue(certified))])
    this.#store.batch([...writes, { kind: 'put', key: this.#key(ROW.STEPS), value }], { durable: false })
  }

  putConflict(conflict: Uint8Array): void {
    this.#store.batch([{ kind: 'put', key: this.#key(ROW.CONFLICT), value: conflict }], { durable: true })
  }

  /** All of the chain, for a beginning from something else. */
  forget(): void {
    const rows = [...this.#store.range(this.#key(ROW.STEPS), this.#key(ROW.CONFLICT + 1))]
    this.#sets.clear()
    this.#store.batch(
      rows.map(([key]) => ({ kind: 'delete' as const, key })),
      { durable: true },
    )
  }

  #step(certified: CertifiedHeader): Step[] {
    const { header } = certified
    const validators = this.set(header.nextValidatorsHash)
    if (validators === undefined || !equalBytes(header.chainId, this.#chainId)) return []
    const { chainId, height, time } = header
    return [{ certified, trusted: { chainId, height, time, header, validators } }]
  }

  #key(row: number): Uint8Array {
    return concatBytes(this.#chainId, Uint8Array.of(row))
  }
}

function stepsFrom(bytes: Uint8Array): CertifiedHeader[] {
  const [version, rows] = readRow(
    readCbor(bytes, limits.MAX_PROOF_FILE_BYTES, 'followed headers'),
    2,
    'followed headers',
  )
  if (version !== VERSION) throw malformed('followed headers of another version')
  return readList(rows, limits.MAX_TRAIL + 1, 'followed headers', certifiedHeaderFromValue)
}

function orNothing<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (isChordnsError(error)) return undefined
    throw error
  }
}
