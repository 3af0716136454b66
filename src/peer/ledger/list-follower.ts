/** Keeps the list of an endorsed ring as the ledger has it: read anew whenever the chain that has it has another newest header. */
import { type Cancel, type Clock, equalBytes, errorText, isChordnsError, type Log } from '../../base/index.ts'
import type { LightFollower } from '../../chain/index.ts'
import { readProven, ringMembersOf } from '../../ledger/index.ts'
import type { LedgerAdmission } from './admission.ts'

/** Who leaves the list is out within a minute: a follower's own look comes once a minute, so this one looks in between. */
const LOOK_EVERY_MS = 20_000

export interface ListFollowerDeps {
  readonly follower: Pick<LightFollower, 'look' | 'onHead' | 'prove' | 'proofFile' | 'chains' | 'head'>
  /** Of the list. */
  readonly chainId: Uint8Array
  readonly admission: LedgerAdmission
  /** Looks for somebody to ask, where this node knows of no member: who is not in the ring yet. Never rejects. */
  readonly seek: () => Promise<void>
  readonly clock: Clock
  readonly log: Log
}

export class ListFollower {
  readonly #deps: ListFollowerDeps
  #cancelHead: Cancel = () => {}
  #cancelTimer: Cancel = () => {}
  readonly #end = new AbortController()
  #isReading = false
  /** Another header came while the list was read. */
  #isStale = false

  constructor(deps: ListFollowerDeps) {
    this.#deps = deps
  }

  start(): void {
    const { follower, chainId } = this.#deps
    this.#cancelHead = follower.onHead((chain) => {
      if (equalBytes(chain.chainId, chainId)) void this.#read()
    })
    this.#look()
    void this.#read()
  }

  stop(): void {
    this.#end.abort()
    this.#cancelHead()
    this.#cancelTimer()
  }

  #look(): void {
    const { clock, follower, chainId, seek } = this.#deps
    this.#cancelTimer = clock.after(LOOK_EVERY_MS, () => this.#look())
    void seek().then(() => follower.look(chainId))
  }

  async #read(): Promise<void> {
    this.#isStale = true
    if (this.#isReading) return
    this.#isReading = true
    try {
      while (this.#isStale && !this.#end.signal.aborted) {
        this.#isStale = false
        await this.#readOnce()
      }
    } finally {
      this.#isReading = false
    }
  }

  /** A list that is not known now stays as it was: nobody is let in for it, and nobody is turned out. */
  async #readOnce(): Promise<void> {
    const { follower, chainId, admission, log } = this.#deps
    try {
      const { value } = await readProven(follower, chainId, (state) => ringMembersOf(state), {
        signal: this.#end.signal,
      })
      admission.update(value)
    } catch (error) {
      if (!isChordnsError(error)) throw error
      if (error.code !== 'ABORTED')
        log.debug({ code: error.code, error: errorText(error) }, 'the list of the ring was not read')
    }
  }
}
