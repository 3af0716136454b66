/** From an entry that is held to a transaction that is offered to the chain of its chunk. */
import { type ChunkId, type Clock, isChordnsError, type Log, type PeerId, type Work } from '../../base/index.ts'
import type { Chain } from '../../chain/index.ts'
import { questionKey, type SignedEntry } from '../../chunks/index.ts'
import type { Question } from '../../dns/index.ts'
import type { TrustAnchor } from '../../dnssec/index.ts'
import { limits } from '../limits.ts'
import { transactionFor } from '../state/application.ts'
import { decoded } from '../state/changes.ts'
import { indexOfKey } from '../state/descriptor.ts'
import { signingFor } from '../state/signing.ts'
import { type ChunkState, recordOfEntry } from '../state/state.ts'
import { type ChunkTransaction, encodeTransaction } from '../state/transactions.ts'
import type { Founding } from './founding.ts'
import type { Groups } from './groups.ts'
import { type Attempt, ProposalQueue, type RecordableEntry } from './proposal-queue.ts'
import type { RunningChains } from './running-chains.ts'

export interface ProposingDeps {
  readonly clock: Clock
  readonly log: Log
  readonly publicKey: Uint8Array
  /** The trust anchors of this node. */
  readonly anchors: () => readonly TrustAnchor[]
  readonly groups: Groups
  readonly founding: Founding
  readonly running: RunningChains
  /** How long an entry waits for others of its chunk at most, ms. */
  readonly gatherMs: number
  readonly work: Pick<Work, 'isFree'>
}

export class Proposing {
  readonly #deps: ProposingDeps
  readonly #takesSigned: (validator: PeerId) => boolean
  readonly queue: ProposalQueue
  readonly counts = { proposed: 0, dropped: 0, unrecordable: 0 }

  /** Something was not proposed because a validator does not know such transactions. */
  #keptBack = false

  /** `takesSigned`: owes whether this validator knows transactions of signed answers. */
  constructor(deps: ProposingDeps, takesSigned: (validator: PeerId) => boolean) {
    this.#deps = deps
    this.#takesSigned = takesSigned
    this.queue = new ProposalQueue(
      deps.clock,
      (entry) => this.guarded(() => this.#attempt(entry)) ?? 'later',
      (chunk) => this.#mayBegin(chunk),
    )
  }

  /**
   * An entry waits for others, a part of its life at most: a block costs its dozens of messages and votes whatever it holds, and nobody
   * waits for it. Then each replica has its place in the line, another one for each content.
   */
  propose(entry: RecordableEntry): void {
    const { groups, clock, publicKey, gatherMs } = this.#deps
    const now = groups.of(entry.chunk)
    if (now === undefined || entry.expires <= clock.now()) return
    const size = now.group.validators.length
    const place = indexOfKey(now.group, publicKey) + size - (recordOfEntry(entry, 0).digest[0]! % size)
    const wait = {
      gatherMs: Math.min(gatherMs, (entry.expires - clock.now()) * limits.GATHER_PART),
      turnMs: (place % size) * limits.PROPOSE_STEP_MS,
    }
    if (!this.queue.add(entry, wait, now.group.chunk)) this.counts.dropped++
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

  /** Whether something was kept back since the last time. */
  takeKeptBack(): boolean {
    const was = this.#keptBack
    this.#keptBack = false
    return was
  }

  /**
   * A chain at work takes more into its next block. Others wait for their turn, and for CPU to spare: many at once are late, and late ones
   * cost most. What waits meanwhile gathers.
   */
  #mayBegin(chunk: ChunkId): boolean {
    const { founding, running, work } = this.#deps
    const known = founding.current(chunk)
    if (known !== undefined && running.isAtWork(known.id)) return true
    const atWork = running.atWork() + founding.forming
    return atWork < limits.MAX_AT_WORK && work.isFree('chain', atWork)
  }

  #attempt(entry: RecordableEntry): Attempt {
    const { groups, founding, running } = this.#deps
    const now = groups.of(entry.chunk)
    if (now === undefined) return 'done'
    if (entry.class === 'signed' && !now.others.every((peer) => this.#takesSigned(peer))) {
      this.#keptBack = true
      return 'done'
    }
    const known = founding.current(entry.chunk)
    if (known === undefined) {
      founding.found(entry.chunk)
      return 'later'
    }
    const open = running.wake(known)
    if (open === undefined) return known.broken === undefined ? 'later' : 'done'
    // Another replica's turn has come first, and its block takes long: one more would be checked by all, and come to nothing.
    if (isUnderWay(open.chain, entry.question)) return 'offered'
    const state = open.chain.state()
    const transaction = entry.class === 'signed' ? this.#signing(state, entry) : transactionFor(state, entry)
    if (transaction === undefined) return 'done'
    const bytes = encodeTransaction(transaction)
    const most = transaction.kind === 'sign' ? limits.MAX_SIGNED_BYTES : limits.MAX_TRANSACTION_BYTES
    if (bytes.length > most) {
      this.counts.unrecordable++
      return 'done'
    }
    this.counts.proposed++
    open.submit(bytes)
    return 'offered'
  }

  #signing(state: ChunkState, entry: SignedEntry): ChunkTransaction | undefined {
    const { anchors, clock, log } = this.#deps
    const transaction = signingFor(state, entry, anchors(), clock.now())
    if (typeof transaction !== 'string') return transaction
    this.counts.unrecordable++
    log.debug({ chunk: entry.chunk, reason: transaction }, 'a signed answer cannot be shown to be signed')
    return undefined
  }
}

/** Whether something for this question waits to be decided. */
function isUnderWay(chain: Chain<ChunkState>, question: Question): boolean {
  const key = questionKey(question)
  for (const raw of chain.waiting()) {
    const transaction = decoded(raw)
    if (typeof transaction !== 'string' && questionKey(transaction.question) === key) return true
  }
  return false
}
