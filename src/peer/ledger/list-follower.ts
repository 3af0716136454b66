/** Keeps the list of an endorsed ring as the ledger has it: read anew whenever the chain that has it has another newest header. */
import { type Cancel, type Clock, equalBytes, errorText, isChordnsError, type Log } from '../../base/index.ts'
import type { KeptProofs, LightFollower } from '../../chain/index.ts'
import { keptView, readProven, ringMembersOf } from '../../ledger/index.ts'
import type { LedgerAdmission } from './admission.ts'

/** Who leaves the list is out within a minute: a follower's own look comes once a minute, so this one looks in between. */
const LOOK_EVERY_MS = 20_000
const KEPT = 'ring'

export interface ListFollowerDeps {
  readonly follower: Pick<LightFollower, 'look' | 'onHead' | 'prove' | 'proofFile' | 'chains' | 'head'>
  /** Of the list. */
  readonly chainId: Uint8Array
  readonly admission: LedgerAdmission
  /** The list as it was read last, with its proof, for the next start. */
  readonly kept: KeptProofs
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

  /** What was certified last, as long as its header is trusted: else the list of the genesis counts until the ledger is read. Never rejects. */
  async recall(): Promise<void> {
    const { kept, chainId, admission, log } = this.#deps
    const proof = kept.get(KEPT)
    if (proof === undefined || !equalBytes(proof.header.chainId, chainId)) return
    try {
      const { value } = await readProven(keptView(proof), chainId, (state) => ringMembersOf(state))
      admission.update(value)
      log.info({ height: proof.header.height, members: value.length }, 'the list of the ring as it was known last')
    } catch (error) {
      if (!isChordnsError(error)) throw error
      log.debug({ code: error.code, error: errorText(error) }, 'the kept list of the ring is not whole')
    }
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
    const { follower, chainId, admission, kept, log } = this.#deps
    try {
      const { value, header, answers } = await readProven(follower, chainId, (state) => ringMembersOf(state), {
        signal: this.#end.signal,
      })
      admission.update(value)
      kept.put(KEPT, header, answers)
    } catch (error) {
      if (!isChordnsError(error)) throw error
      if (error.code !== 'ABORTED')
        log.debug({ code: error.code, error: errorText(error) }, 'the list of the ring was not read')
    }
  }
}
