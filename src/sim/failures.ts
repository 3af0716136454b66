/** How a peer fails whoever waits for it: the same codes as over libp2p. */
import { ChordnsError, errorText, isChordnsError, type PeerId } from '../base/index.ts'

/** How a failed hello looks to whoever wanted the stream. */
export function asRefusal(peer: PeerId, reason: unknown): Error {
  if (isChordnsError(reason) && reason.code.startsWith('PEER_') && reason.code !== 'PEER_MALFORMED') return reason
  return new ChordnsError('PEER_REFUSED', errorText(reason), { peer }, { cause: reason })
}

/** The far side does not say why it does not like our hello. */
export function refusedBy(peer: PeerId) {
  return new ChordnsError('PEER_REFUSED', 'the peer ended the stream during hello', { peer })
}

export function gone(peer: PeerId, cause?: unknown) {
  return new ChordnsError('PEER_GONE', 'the connection to the peer is gone', { peer }, { cause })
}

export function timedOut(peer: PeerId, what: string) {
  return new ChordnsError('PEER_TIMEOUT', what, { peer })
}

export function failed(peer: PeerId, remoteCode: string) {
  return new ChordnsError('PEER_FAILED', `the peer answered with the error ${remoteCode}`, { peer, remoteCode })
}

export function unreachable(target: string, why: string, cause?: unknown) {
  return new ChordnsError('PEER_UNREACHABLE', `cannot reach ${target}: ${why}`, { target, why }, { cause })
}

export function malformed(what: string) {
  return new ChordnsError('PEER_MALFORMED', `malformed stream: ${what}`, { what })
}

export function noPlace(peer: PeerId) {
  return new ChordnsError('PEER_BUSY', 'all connections are in use', { peer })
}
