/** From an entry that is held to a transaction that is offered to the chain of its chunk. */
import { type Clock, isChordnsError, type Log } from '../../base/index.ts'
import type { ChunkEntry } from '../../chunks/index.ts'
import { limits } from '../limits.ts'
import { transactionFor } from '../state/application.ts'
import { indexOfKey } from '../state/descriptor.ts'
import { recordOfEntry } from '../state/state.ts'
import { encodeTransaction } from '../state/transactions.ts'
import type { Founding } from './founding.ts'
import type { Groups } from './groups.ts'
import { type Attempt, ProposalQueue } from './proposal-queue.ts'
import type { RunningChains } from './running-chains.ts'

export interface ProposingDeps {
  readonly clock: Clock
  readonly log: Log
  readonly publicKey: Uint8Array
  readonly groups: Groups
  readonly founding: Founding
  readonly running: RunningChains
}

export class Proposing {
  readonly #deps: ProposingDeps
  readonly queue: ProposalQueue
  readonly counts = { proposed: 0, dropped: 0, unrecordable: 0 }

  constructor(deps: ProposingDeps) {
    this.#deps = deps
    this.queue = new ProposalQueue(deps.clock, (entry) => this.guarded(() => this.#attempt(entry)) ?? 'later')
  }

  /** Each replica has its place in the line, another one for each content. */
  propose(entry: ChunkEntry): void {
    const { groups, clock, publicKey } = this.#deps
    const now = groups.of(entry.chunk)
    if (now === undefined || entry.expires <= clock.now()) return
    const size = now.group.validators.length
    const place = indexOfKey(now.group, publicKey) + size - (recordOfEntry(entry, 0).digest[0]! % size)
    if (!this.queue.add(entry, (place % size) * limits.PROPOSE_STEP_MS)) this.counts.dropped++
  }

  /** A disk that fails must not end the node: what was to be recorded is tried again. Undefined when it failed. */
  guarded<T>(action: () => T): T | undefined {
    try {
      return action()
    } catch (error) {
      if (!isChordnsError(error)) throw error
      this.#deps.log.warn({ code: error.code, error: error.message }, 'an entry could not be recorded')
      return undefined
    }
  }

  #attempt(entry: ChunkEntry): Attempt {
    const { groups, founding, running } = this.#deps
    if (groups.of(entry.chunk) === undefined) return 'done'
    const known = founding.current(entry.chunk)
    if (known === undefined) {
      founding.found(entry.chunk)
      return 'later'
    }
    const open = running.wake(known)
    if (open === undefined) return known.broken === undefined ? 'later' : 'done'
    const transaction = transactionFor(open.chain.state(), entry)
    if (transaction === undefined) return 'done'
    const bytes = encodeTransaction(transaction)
    if (bytes.length > limits.MAX_TRANSACTION_BYTES) {
      this.counts.unrecordable++
      return 'done'
    }
    this.counts.proposed++
    open.submit(bytes)
    return 'offered'
  }
}
