/** One request to one replica: encoded, sent, decoded, and what became of it told to the ring's failure detector. */
import { ChordnsError, isChordnsError, type PeerId, type RequestOptions } from '../../base/index.ts'
import type { Ring } from '../../ring/index.ts'
import { type ChunkRequest, decodeReply, encodeRequest, type ReplicaAnswer } from './messages.ts'

export type Send = (peer: PeerId, body: Uint8Array, options: RequestOptions) => Promise<Uint8Array>

/** Never rejects, save with ABORTED when the caller's signal fired. */
export type SendRequest = (peer: PeerId, message: ChunkRequest, options: RequestOptions) => Promise<ReplicaAnswer>

export function createRequester(ring: Pick<Ring, 'memberByPeer' | 'report'>, send: Send): SendRequest {
  return async (peer, message, options) => {
    let body: Uint8Array
    try {
      body = await send(peer, encodeRequest(message), options)
    } catch (error) {
      if (options.signal?.aborted === true) throw error
      // A peer whose handler threw is alive; only silence says that it may be dead.
      report(ring, peer, isChordnsError(error, 'PEER_FAILED') ? 'answered' : 'failed')
      return { kind: 'failed', reason: error instanceof ChordnsError ? error.code : 'UNKNOWN' }
    }
    report(ring, peer, 'answered')
    try {
      return { kind: 'reply', reply: decodeReply(body) }
    } catch (error) {
      if (!(error instanceof ChordnsError)) throw error
      return { kind: 'malformed', reason: `malformed: ${error.code}` }
    }
  }
}

function report(ring: Pick<Ring, 'memberByPeer' | 'report'>, peer: PeerId, outcome: 'answered' | 'failed'): void {
  const member = ring.memberByPeer(peer)
  if (member !== undefined) ring.report(member.id, outcome)
}
