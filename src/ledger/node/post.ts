/** Carries the engine's messages. What does not get through is lost, as on any network; the engine repeats itself. */
import { type Cancel, type Clock, isChordnsError, type PeerId, type RequestOptions } from '../../base/index.ts'
import { type ChainMessage, encodeMessage } from '../../chain/index.ts'
import { limits } from '../limits.ts'
import { encodeLedgerRequest, LedgerRequestKind } from './messages.ts'

export type SendLedgerRequest = (peer: PeerId, body: Uint8Array, options: RequestOptions) => Promise<Uint8Array>

export interface EnginePostDeps {
  readonly chainId: Uint8Array
  readonly clock: Pick<Clock, 'after'>
  readonly send: SendLedgerRequest
  /** Ends all that is under way. */
  readonly signal: AbortSignal
}

interface Letter {
  readonly peer: PeerId
  readonly message: ChainMessage
}

export class EnginePost {
  readonly #deps: EnginePostDeps
  readonly #inFlight = new Map<PeerId, number>()
  /** One message goes to many. */
  #last: { readonly message: ChainMessage; readonly body: Uint8Array } | undefined
  /** Parts of blocks: all of a large block in one turn would stop the loop for longer than an answer may wait. */
  readonly #parts: Letter[] = []
  #turn: Cancel | undefined
  /** Parts that may still leave in this turn. */
  #left = 0
  dropped = 0

  constructor(deps: EnginePostDeps) {
    this.#deps = deps
  }

  post(peer: PeerId, message: ChainMessage): void {
    if (message.type !== 'part') return void this.#send(peer, message)
    if (this.#parts.length >= limits.MAX_WAITING_PARTS) this.dropped++
    else this.#parts.push({ peer, message })
    if (this.#turn === undefined) this.#beginTurn()
    else this.#sendParts()
  }

  #beginTurn(): void {
    this.#turn = undefined
    if (this.#parts.length === 0) return
    this.#turn = this.#deps.clock.after(limits.PARTS_PAUSE_MS, () => this.#beginTurn())
    this.#left = limits.PARTS_A_TURN
    this.#sendParts()
  }

  #sendParts(): void {
    for (; this.#left > 0 && this.#parts.length > 0; this.#left--) {
      const { peer, message } = this.#parts.shift()!
      void this.#send(peer, message)
    }
  }

  async #send(peer: PeerId, message: ChainMessage): Promise<void> {
    const { send, signal } = this.#deps
    const flying = this.#inFlight.get(peer) ?? 0
    if (flying >= limits.MAX_IN_FLIGHT || signal.aborted) {
      this.dropped++
      return
    }
    this.#inFlight.set(peer, flying + 1)
    try {
      await send(peer, this.#bodyOf(message), { timeoutMs: limits.SEND_TIMEOUT_MS, signal })
    } catch (error) {
      if (!isChordnsError(error)) throw error
      this.dropped++
    } finally {
      const left = (this.#inFlight.get(peer) ?? 1) - 1
      if (left > 0) this.#inFlight.set(peer, left)
      else this.#inFlight.delete(peer)
    }
  }

  #bodyOf(message: ChainMessage): Uint8Array {
    const { chainId } = this.#deps
    if (this.#last?.message !== message) {
      const body = encodeLedgerRequest({
        kind: LedgerRequestKind.CHAIN,
        chainId,
        body: encodeMessage(chainId, message),
      })
      this.#last = { message, body }
    }
    return this.#last.body
  }
}
