/** Carries the engine's messages. What does not get through is lost, as on any network; the engine repeats itself. */
import { isChordnsError, type PeerId, type RequestOptions } from '../../base/index.ts'
import { limits } from '../limits.ts'
import { encodeLedgerRequest, LedgerRequestKind } from './messages.ts'

export type SendLedgerRequest = (peer: PeerId, body: Uint8Array, options: RequestOptions) => Promise<Uint8Array>

export class EnginePost {
  readonly #send: SendLedgerRequest
  readonly #signal: AbortSignal
  readonly #inFlight = new Map<PeerId, number>()
  dropped = 0

  constructor(send: SendLedgerRequest, signal: AbortSignal) {
    this.#send = send
    this.#signal = signal
  }

  async post(peer: PeerId, chainId: Uint8Array, message: Uint8Array): Promise<void> {
    const flying = this.#inFlight.get(peer) ?? 0
    if (flying >= limits.MAX_IN_FLIGHT || this.#signal.aborted) {
      this.dropped++
      return
    }
    this.#inFlight.set(peer, flying + 1)
    const body = encodeLedgerRequest({ kind: LedgerRequestKind.CHAIN, chainId, body: message })
    try {
      await this.#send(peer, body, { timeoutMs: limits.SEND_TIMEOUT_MS, signal: this.#signal })
    } catch (error) {
      if (!isChordnsError(error)) throw error
      this.dropped++
    } finally {
      const left = (this.#inFlight.get(peer) ?? 1) - 1
      if (left > 0) this.#inFlight.set(peer, left)
      else this.#inFlight.delete(peer)
    }
  }
}
