/** Sends messages to members, a few at a time to each: who is slow misses some, and fetches for itself. */
import { ChordnsError, type PeerId, type RequestOptions } from '../base/index.ts'
import { limits } from './limits.ts'

export type SendTold = (peer: PeerId, body: Uint8Array, options: RequestOptions) => Promise<Uint8Array>

export interface Outbox {
  /** Resolves when the peer has acknowledged, or is not waited for any more. */
  send(peer: PeerId, message: Uint8Array): Promise<void>
  readonly counts: { readonly messagesSent: number; readonly messagesLost: number }
}

export function createOutbox(send: SendTold, stopping: AbortSignal): Outbox {
  const inFlight = new Map<PeerId, number>()
  const counts = { messagesSent: 0, messagesLost: 0 }

  return {
    counts,
    async send(peer, message) {
      const open = inFlight.get(peer) ?? 0
      if (stopping.aborted || open >= limits.MAX_IN_FLIGHT) {
        counts.messagesLost++
        return
      }
      inFlight.set(peer, open + 1)
      counts.messagesSent++
      try {
        await send(peer, message, { timeoutMs: limits.SEND_TIMEOUT_MS, signal: stopping })
      } catch (error) {
        if (!(error instanceof ChordnsError)) throw error
        counts.messagesLost++
      } finally {
        const left = inFlight.get(peer)! - 1
        if (left === 0) inFlight.delete(peer)
        else inFlight.set(peer, left)
      }
    },
  }
}
