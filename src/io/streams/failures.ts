/** How a peer fails whoever waits for it. */
import { ChordnsError, errorText, isChordnsError, type PeerId } from '../../base/index.ts'

export function gone(peer: PeerId, cause?: unknown) {
  return new ChordnsError('PEER_GONE', 'the connection to the peer is gone', { peer }, { cause })
}

export function refusedBy(peer: PeerId, cause: unknown) {
  return new ChordnsError('PEER_REFUSED', 'the peer ended the stream during hello', { peer }, { cause })
}

/** `target`: a peer, or addresses. */
export function unreachable(target: string, why: string, cause?: unknown) {
  return new ChordnsError('PEER_UNREACHABLE', `cannot reach ${target}: ${why}`, { target, why }, { cause })
}

/** How a hello that failed looks to whoever wanted the stream. The far side resets the stream when it does not like ours. */
export function asRefusal(peer: PeerId, reason: unknown, wasReset: boolean): ChordnsError {
  if (isChordnsError(reason, 'PEER_TIMEOUT') || isChordnsError(reason, 'PEER_BUSY')) return reason
  if (isChordnsError(reason, 'PEER_GONE')) return wasReset ? refusedBy(peer, reason) : reason
  return new ChordnsError('PEER_REFUSED', errorText(reason), { peer }, { cause: reason })
}

/** Anything thrown, as the Error that a stream is ended with. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}
