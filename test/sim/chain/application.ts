/** A small application for chains under test: a map of keys to values, and validators that take each other's places. */
import { equalBytes, latin1 } from '../../../src/base/index.ts'
import {
  type Application,
  type Applied,
  emptyStateMap,
  type StateApplication,
  type StateMap,
  stateEntries,
  stateGet,
  stateRoot,
  stateSet,
  type Validator,
} from '../../../src/chain/index.ts'
import { readCbor, readList, readRow } from '../../../src/chain/reading.ts'
import { encodeCanonical } from '../../../src/crypto/index.ts'

const NO_EXTENSION = new Uint8Array()

/** A transaction sets a key that was never set; `seats`, if any, are the validators from then on, by number. */
export function transaction(key: number, seats?: readonly number[]): Uint8Array {
  return encodeCanonical([key, seats ?? null])
}

/** `people`: who may ever be a validator. */
export function mapApplication(people: readonly Validator[]): Application<StateMap> {
  return {
    initial: () => emptyStateMap,
    root: stateRoot,
    admits: (state, bytes) => read(bytes, people.length) !== undefined && stateGet(state, keyOf(bytes)) === undefined,
    build(state, { transactions }) {
      const chosen = transactions.filter((bytes) => stateGet(state, keyOf(bytes)) === undefined).slice(0, 20)
      return { extension: NO_EXTENSION, transactions: chosen }
    },
    apply(state, { height, transactions }) {
      let next = state
      let seats: readonly number[] | undefined
      for (const bytes of transactions) {
        const parsed = read(bytes, people.length)
        if (parsed === undefined || stateGet(next, keyOf(bytes)) !== undefined) return undefined
        next = stateSet(next, keyOf(bytes), encodeCanonical(height))
        seats = parsed.seats ?? seats
      }
      return seats === undefined ? { state: next } : { state: next, validators: seats.map((seat) => people[seat]!) }
    },
    snapshot: (state) => encodeCanonical(stateEntries(state).map(({ key, value }) => [key, value])),
    restore(bytes) {
      try {
        let state = emptyStateMap
        for (const pair of readList(readCbor(bytes, bytes.length, 'state'), 1_000_000, 'entries', (one) => one)) {
          const [key, value] = readRow(pair, 2, 'entry')
          if (!(key instanceof Uint8Array) || !(value instanceof Uint8Array)) return undefined
          state = stateSet(state, key, value)
        }
        return state
      } catch {
        // Forged bytes: none of ours.
        return undefined
      }
    },
  }
}

/** The same over a state on disk: equal blocks have equal roots in both. */
export function stateApplication(people: readonly Validator[]): StateApplication {
  return {
    begin: (empty) => empty,
    admits: (view, bytes) => read(bytes, people.length) !== undefined && view.get(keyOf(bytes)) === undefined,
    build: (view, { transactions }) => ({
      extension: NO_EXTENSION,
      transactions: transactions.filter((bytes) => view.get(keyOf(bytes)) === undefined).slice(0, 20),
    }),
    apply(view, { height, transactions, consensus }) {
      let next = view
      let seats: readonly number[] | undefined
      for (const bytes of transactions) {
        const parsed = read(bytes, people.length)
        if (parsed === undefined || next.get(keyOf(bytes)) !== undefined) return undefined
        next = next.set(keyOf(bytes), encodeCanonical(height))
        if (parsed.seats !== undefined && isStep(parsed.seats)) seats = parsed.seats
      }
      return seats === undefined ? { state: next } : { state: next, validators: seats.map((seat) => people[seat]!) }

      // What came too early, or was lost, is no change of one.
      function isStep(numbers: readonly number[]): boolean {
        const now = consensus?.afterValidators ?? []
        return numbers.filter((one) => !now.some(({ id }) => equalBytes(id, people[one]!.id))).length <= 1
      }
    },
  }
}

/**
 * The same block on the same state is applied once for all who share this application: n validators of one simulated world
 * would do it n times. What an application does is not what is tried here; some worlds go without.
 */
export function sharing(application: Application<StateMap>): Application<StateMap> {
  const results = new Map<string, Applied<StateMap> | undefined>()
  const states = new Map<string, StateMap>()
  const snapshots = new Map<StateMap, Uint8Array>()
  const restored = new Map<string, StateMap>()
  const shared = (state: StateMap) => {
    const root = latin1(application.root(state))
    const known = states.get(root)
    if (known === undefined) states.set(root, state)
    return known ?? state
  }
  const refused = new WeakSet<Uint8Array>()
  const admitted = new WeakMap<Uint8Array, StateMap>()
  return {
    ...application,
    admits(state, transaction) {
      // Keys are never unset, but a validator that restarts may be behind: only its newest answer is remembered.
      if (admitted.get(transaction) === state) return true
      if (refused.has(transaction)) return false
      if (application.admits(state, transaction)) {
        admitted.set(transaction, state)
        return true
      }
      if (!application.admits(emptyStateMap, transaction)) refused.add(transaction)
      return false
    },
    apply(state, block) {
      const key = [latin1(application.root(state)), block.height, ...block.transactions.map(latin1)].join('|')
      if (!results.has(key)) {
        const applied = application.apply(state, block)
        results.set(key, applied && { ...applied, state: shared(applied.state) })
      }
      return results.get(key)
    },
    snapshot(state) {
      const before = snapshots.get(state)
      if (before !== undefined) return before
      const bytes = application.snapshot(state)
      snapshots.set(state, bytes)
      restored.set(latin1(bytes), shared(state))
      return bytes
    },
    restore(bytes) {
      const key = latin1(bytes)
      const known = restored.get(key)
      if (known !== undefined) return known
      const state = application.restore(bytes)
      if (state !== undefined) restored.set(key, shared(state))
      return state && shared(state)
    },
  }
}

const keyOf = (bytes: Uint8Array) => bytes

function read(bytes: Uint8Array, people: number): { seats: readonly number[] | undefined } | undefined {
  try {
    const [key, seats] = readRow(readCbor(bytes, 1_000, 'transaction'), 2, 'transaction')
    if (typeof key !== 'number') return undefined
    if (seats === null) return { seats: undefined }
    const numbers = readList(seats, people, 'seats', (one) => one).filter(
      (seat) => typeof seat === 'number' && seat < people,
    )
    return numbers.length > 0 ? { seats: numbers as number[] } : undefined
  } catch {
    // Not ours, from a liar.
    return undefined
  }
}
