/**
 * What a validator's node does for its chain beside voting, by transactions of its organisation's account. One is under way at a time: the next is
 * sent when the one before stands in a block, or is lost. What another machine of the organisation has overtaken is sent again. What is owed is
 * read from the state after each block, so that a restart forgets nothing.
 */
import { type Clock, errorText, isChordnsError, type Log } from '../../../base/index.ts'
import { ResultCode, signTransaction, transactionId } from '../../../chain/index.ts'
import type { Signer } from '../../../crypto/index.ts'
import type { AccountState } from '../../application/application.ts'
import { limits } from '../../limits.ts'
import type { RunningChain } from '../running-chain.ts'

/** What is owed now. */
export interface Due {
  /** Names it: the same thing is not sent again for a while. */
  readonly what: string
  readonly payload: Uint8Array
}

export interface Duty {
  readonly name: string
  /** Also of a node that has no seat now. */
  readonly isOfAllMembers?: boolean
  /** Undefined: nothing. Rejects with a ChordnsError when it cannot be said now. */
  due(chain: RunningChain): Promise<Due | undefined>
}

export interface DutiesDeps {
  readonly clock: Clock
  readonly log: Log
  /** The organisation's account: who pays. */
  readonly account: Signer
  /** The first one that owes something goes first. */
  readonly duties: readonly Duty[]
}

interface AtChain {
  isBusy: boolean
  /** The last transaction, and until when it is waited for. */
  sent: { readonly duty: string; readonly id: Uint8Array; readonly nonce: number; readonly until: number } | undefined
  /** By duty. */
  readonly rests: Map<string, { readonly what: string; readonly until: number; readonly waitMs: number }>
}

export class Duties {
  readonly #deps: DutiesDeps
  readonly #chains = new Map<string, AtChain>()

  constructor(deps: DutiesDeps) {
    this.#deps = deps
  }

  /** After each block of a chain that this node runs. Rejects with faults only. */
  async decided(chain: RunningChain): Promise<void> {
    const at = this.#at(chain)
    if (at.isBusy) return
    at.isBusy = true
    try {
      const { mayCarry, nonce } = await this.#account(chain)
      const isWaiting = at.sent !== undefined && at.sent.nonce >= nonce && at.sent.until > this.#deps.clock.monotonic()
      if (!mayCarry || isWaiting) return
      if (at.sent !== undefined && isOvertaken(chain, at.sent.id, at.sent.nonce < nonce)) at.rests.delete(at.sent.duty)
      at.sent = undefined
      await this.#sendNext(chain, at, chain.nextNonce(this.#deps.account.publicKey, nonce))
    } catch (error) {
      if (!isChordnsError(error)) throw error
      this.#warn(chain, 'its account', error)
    } finally {
      at.isBusy = false
    }
  }

  async #sendNext(chain: RunningChain, at: AtChain, nonce: number): Promise<void> {
    for (const duty of this.#deps.duties) {
      if (!chain.isValidator && duty.isOfAllMembers !== true) continue
      const due = await this.#dueOf(duty, chain)
      const rest = at.rests.get(duty.name)
      const now = this.#deps.clock.monotonic()
      const isSame = due !== undefined && rest?.what === due.what
      if (due === undefined || (isSame && rest.until > now)) continue
      // What stands in a block and is still owed was marked there: it is not tried as often again.
      const waitMs = isSame ? Math.min(2 * rest.waitMs, limits.DUTY_SLOWEST_MS) : limits.DUTY_AGAIN_MS
      at.rests.set(duty.name, { what: due.what, until: now + waitMs, waitMs })
      const transaction = this.#signed(chain, nonce, due.payload)
      at.sent = { duty: duty.name, id: transactionId(transaction), nonce, until: now + limits.DUTY_AGAIN_MS }
      await chain.submit(transaction)
      return
    }
  }

  async #dueOf(duty: Duty, chain: RunningChain): Promise<Due | undefined> {
    try {
      return await duty.due(chain)
    } catch (error) {
      if (!isChordnsError(error)) throw error
      this.#warn(chain, duty.name, error)
      return undefined
    }
  }

  #signed(chain: RunningChain, nonce: number, payload: Uint8Array): Uint8Array {
    const { clock, account } = this.#deps
    const expires = clock.now() + limits.DUTY_LIFE_MS
    return signTransaction(account, chain.genesis.chainId, { nonce, fee: 0, expires, payload })
  }

  #account(chain: RunningChain): Promise<AccountState> {
    return chain.application.ask('account', this.#deps.account.publicKey) as Promise<AccountState>
  }

  #warn(chain: RunningChain, duty: string, error: { readonly code: string }): void {
    const detail = { chain: chain.name, duty, code: error.code, error: errorText(error) }
    this.#deps.log.warn(detail, 'a validator could not do a part of its duties')
  }

  #at({ id }: RunningChain): AtChain {
    const known = this.#chains.get(id)
    if (known !== undefined) return known
    const at: AtChain = { isBusy: false, sent: undefined, rests: new Map() }
    this.#chains.set(id, at)
    return at
  }
}

/** Whether another transaction has had the number of this one. `isPast`: the account's next one is higher. */
function isOvertaken(chain: RunningChain, id: Uint8Array, isPast: boolean): boolean {
  const code = chain.outcomeOf(id)?.result.code
  return code === undefined ? isPast : code === ResultCode.NONCE
}
