/** The round machines of all questions in work or at rest, bounded. */
import type { Cancel, PeerId } from '../../base/index.ts'
import type { Question } from '../../dns/index.ts'
import type { Commitment } from '../../evidence/index.ts'
import { limits } from '../limits.ts'
import type { RoundId } from '../wire/messages.ts'
import { questionKey } from '../wire/question-key.ts'
import { IDLE, type RoundState } from './machine/round-state.ts'

export class RoundMachine {
  readonly question: Question
  state: RoundState = IDLE
  /** An entry is to be renewed: demand was shown before. */
  isRenewal = false
  /** A stub waits for what is agreed. */
  isAwaited = false
  /** Of the place among what this node does beside answering, while the round is in work. */
  leave: Cancel | undefined
  /** Takes it out of what waits for CPU to spare. */
  unqueue: Cancel | undefined
  /** Of the timer that will send a `tick`. */
  cancel: Cancel | undefined
  /** The commitments of the round that is open, by peer. */
  commitments = new Map<PeerId, Commitment>()

  constructor(question: Question) {
    this.question = question
  }

  /** Whether the round with this id is in this phase. */
  isIn(phase: 'committing' | 'revealing', { nonce, attempt }: RoundId): boolean {
    const { state } = this
    return state.phase === phase && state.series.nonce === nonce && state.series.attempt === attempt
  }
}

export class MachineTable {
  readonly #byKey = new Map<string, RoundMachine>()

  get(question: Question): RoundMachine | undefined {
    return this.#byKey.get(questionKey(question))
  }

  /** The question's machine, or a new one; undefined when there is no room. */
  getOrAdd(question: Question): RoundMachine | undefined {
    const key = questionKey(question)
    const found = this.#byKey.get(key)
    if (found !== undefined) return found
    if (this.#byKey.size >= limits.MAX_ROUNDS && !this.#makeRoom()) return undefined
    const fresh = new RoundMachine(question)
    this.#byKey.set(key, fresh)
    return fresh
  }

  /** Called when a machine is idle: it is kept only for what it remembers. */
  release(machine: RoundMachine): void {
    machine.cancel?.()
    machine.isRenewal = false
    machine.isAwaited = false
    const { distrusted, failures } = machine.state.memory
    const key = questionKey(machine.question)
    if (distrusted.length === 0 && failures === 0 && this.#byKey.get(key) === machine) this.#byKey.delete(key)
  }

  clear(): void {
    for (const { cancel } of this.#byKey.values()) cancel?.()
    this.#byKey.clear()
  }

  /** Drops a machine that is idle or at rest. One that is in work is not dropped. */
  #makeRoom(): boolean {
    for (const [key, { state, cancel }] of this.#byKey) {
      if (state.phase !== 'idle' && state.phase !== 'resting') continue
      cancel?.()
      this.#byKey.delete(key)
      return true
    }
    return false
  }
}
