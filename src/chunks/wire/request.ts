/** One request to one replica: encoded, sent, decoded, and its outcome told to the failure detector. */
import { ChordnsError, isChordnsError, type PeerId, type RequestOptions } from '../../base/index.ts'
import type { Ring } from '../../ring/index.ts'
import type { ReplicaEvent } from '../reads/read.ts'
import { type ChunkRequest, decodeReply, encodeRequest } from './messages.ts'

export type Send = (peer: PeerId, body: Uint8Array, options: RequestOptions) => Promise<Uint8Array>

export type Ask = (peer: PeerId, request: ChunkRequest, options: RequestOptions) => Promise<ReplicaEvent>

/** Never rejects, save with ABORTED when the caller's signal fired. */
export function createAsk(ring: Pick<Ring, 'memberByPeer' | 'report'>, send: Send): Ask {
  return async (peer, request, options) => {
    let body: Uint8Array
    try {
      body = await send(peer, encodeRequest(request), options)
    } catch (error) {
      if (options.signal?.aborted === true) throw error
      // A peer whose handler threw is there; only silence says that it may not be.
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
