/**
 * Reads a state that is elsewhere as if it were here: what a function of a state needs is proven piece by piece, all against one certified header, until
 * the function has all of it. So whoever only follows a ledger reads it by the same functions as the ledger itself.
 */
import { ChordnsError, latin1 } from '../base/index.ts'
import { type BlockHeader, type KeptAnswer, type LedgerView, type RecalledProof, unprovenText } from '../chain/index.ts'
import { limits } from './limits.ts'
import type { StateReader } from './types.ts'

export interface ProvenReading<T> {
  readonly value: T
  /** Whose state it is. */
  readonly header: BlockHeader
  /** False: it was so at the time of the header, and need not be so now. */
  readonly fresh: boolean
  /** What was proven on the way, all of that header. */
  readonly answers: readonly KeptAnswer[]
}

export interface ReadingOptions {
  readonly signal?: AbortSignal
}

/**
 * `read` is called again and again, and must be a function of the state alone; it sees nothing where it has not read yet. Rejects with
 * LEDGER_UNPROVEN when the ledger cannot be asked, LEDGER_TOO_MUCH when it reads without end, and as `read` does at last.
 */
export async function readProven<T>(
  view: Pick<LedgerView, 'prove'>,
  chainId: Uint8Array,
  read: (state: StateReader) => T,
  { signal }: ReadingOptions = {},
): Promise<ProvenReading<T>> {
  for (let attempt = 0; attempt < limits.READING_ATTEMPTS; attempt++) {
    const reading = new Reading(view, chainId, signal)
    const found = await reading.run(read)
    // A newer header came in between: what was read belongs to two states.
    if (found !== undefined) return found
  }
  throw unproven('the newest header changes faster than it can be read')
}

/** Reads what was kept of an earlier reading: what it did not read then is unproven. */
export function keptView({ header, answers }: RecalledProof): Pick<LedgerView, 'prove'> {
  const known = new Map(
    answers.flatMap(({ keys, values }) => keys.map((key, index) => [latin1(key), values[index]] as const)),
  )
  return {
    async prove(_, keys) {
      const names = keys.map((key) => latin1(key))
      if (!names.every((name) => known.has(name))) return { kind: 'unproven', reason: 'unreachable' }
      return { kind: 'proven', values: names.map((name) => known.get(name)), header, fresh: false, proof: NO_PROOF }
    },
  }
}

const NO_PROOF = new Uint8Array()

class Reading {
  readonly #view: Pick<LedgerView, 'prove'>
  readonly #chainId: Uint8Array
  readonly #signal: AbortSignal | undefined
  readonly #known = new Map<string, Uint8Array | undefined>()
  readonly #answers: KeptAnswer[] = []
  #header: BlockHeader | undefined
  #fresh = true

  constructor(view: Pick<LedgerView, 'prove'>, chainId: Uint8Array, signal: AbortSignal | undefined) {
    this.#view = view
    this.#chainId = chainId
    this.#signal = signal
  }

  /** Undefined: the header changed on the way. */
  async run<T>(read: (state: StateReader) => T): Promise<ProvenReading<T> | undefined> {
    for (let round = 0; round < limits.READING_ROUNDS; round++) {
      const missing = new Map<string, Uint8Array>()
      const outcome = attempt(() => read(this.#reader(missing)))
      if (missing.size === 0 && this.#header !== undefined) {
        if ('failure' in outcome) throw outcome.failure
        return { value: outcome.value, header: this.#header, fresh: this.#fresh, answers: this.#answers }
      }
      if (!(await this.#prove([...missing.values()]))) return undefined
    }
    throw new ChordnsError('LEDGER_TOO_MUCH', 'more is to be read of the ledger than a follower may ask for', {})
  }

  #reader(missing: Map<string, Uint8Array>): StateReader {
    return {
      get: (key) => {
        const name = latin1(key)
        if (!this.#known.has(name)) missing.set(name, key.slice())
        return this.#known.get(name)
      },
    }
  }

  /** False: of another header than before. */
  async #prove(keys: readonly Uint8Array[]): Promise<boolean> {
    for (let from = 0; from < keys.length; from += limits.READING_KEYS) {
      const some = keys.slice(from, from + limits.READING_KEYS)
      const answer = await this.#view.prove(
        this.#chainId,
        some,
        this.#signal === undefined ? {} : { signal: this.#signal },
      )
      if (answer.kind !== 'proven') throw unproven(answer.reason, unprovenText(answer.reason))
      if (this.#header !== undefined && this.#header.height !== answer.header.height) return false
      this.#header = answer.header
      this.#fresh = answer.fresh
      this.#answers.push({ keys: some, values: answer.values, proof: answer.proof })
      for (const [index, key] of some.entries()) this.#known.set(latin1(key), answer.values[index])
    }
    return true
  }
}

/** What a function makes of half a state may be nonsense, and so may what it throws. */
function attempt<T>(what: () => T): { readonly value: T } | { readonly failure: unknown } {
  try {
    return { value: what() }
  } catch (failure) {
    return { failure }
  }
}

function unproven(reason: string, why = reason) {
  return new ChordnsError('LEDGER_UNPROVEN', `the ledger proves nothing now: ${why}`, { reason })
}
