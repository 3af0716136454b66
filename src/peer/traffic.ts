/** What this node sends to its peers, counted by room above the transport: so that simulated and real nodes are counted alike. */
import { type Clock, type PeerId, RecentMap, type RequestOptions, type Transport } from '../base/index.ts'
import { limits } from './limits.ts'
import { RequestRoom } from './rooms.ts'

/** Since the start. Handshakes, and what the transport says to keep a connection, are not in it. */
export interface TrafficStats {
  readonly ringRequests: number
  readonly chunkRequests: number
  readonly chainRequests: number
  readonly householdRequests: number
  readonly settingsRequests: number
  readonly bulks: number
  /** Of requests that were sent, of the replies to them, and of the frames of bulks. */
  readonly sentBytes: number
  readonly heardBytes: number
}

export interface CountedTransport {
  /** A request to this room of a peer. */
  request(room: RequestRoom, peer: PeerId, body: Uint8Array, options: RequestOptions): Promise<Uint8Array>
  bulk(room: RequestRoom, peer: PeerId, body: Uint8Array, options: RequestOptions): AsyncIterable<Uint8Array>
  stats(): TrafficStats
  /** How long a peer takes to reply to what the ring asks of its neighbours, ms, smoothed. Undefined: it was not asked lately. */
  replyMs(peer: PeerId): number | undefined
}

export function countedTransport(
  transport: Pick<Transport, 'request' | 'bulk'>,
  clock: Pick<Clock, 'monotonic'>,
): CountedTransport {
  const replies = new RecentMap<PeerId, number>({ max: limits.MAX_TIMED_PEERS })
  const requests: Record<RequestRoom, number> = {
    [RequestRoom.RING]: 0,
    [RequestRoom.CHUNKS]: 0,
    [RequestRoom.CHAINS]: 0,
    [RequestRoom.HOUSEHOLD]: 0,
    // Of who is no member yet: never sent from a node that runs.
    [RequestRoom.JOINING]: 0,
    [RequestRoom.LEDGERS]: 0,
    [RequestRoom.LEDGER_CHAINS]: 0,
    [RequestRoom.SETTINGS]: 0,
  }
  let bulks = 0
  let sentBytes = 0
  let heardBytes = 0
  return {
    async request(room, peer, body, options) {
      const message = addressed(room, body)
      requests[room]++
      sentBytes += message.length
      const asked = clock.monotonic()
      const reply = await transport.request(peer, message, options)
      heardBytes += reply.length
      // What chunks and chains ask for costs work that differs; this does not.
      if (room === RequestRoom.RING) {
        const took = clock.monotonic() - asked
        const before = replies.get(peer) ?? took
        replies.set(peer, before + (took - before) / 8)
      }
      return reply
    },
    async *bulk(room, peer, body, options) {
      const message = addressed(room, body)
      bulks++
      sentBytes += message.length
      for await (const frame of transport.bulk(peer, message, options)) {
        heardBytes += frame.length
        yield frame
      }
    },
    replyMs: (peer) => replies.peek(peer),
    stats: () => ({
      ringRequests: requests[RequestRoom.RING],
      chunkRequests: requests[RequestRoom.CHUNKS],
      chainRequests: requests[RequestRoom.CHAINS],
      householdRequests: requests[RequestRoom.HOUSEHOLD],
      settingsRequests: requests[RequestRoom.SETTINGS],
      bulks,
      sentBytes,
      heardBytes,
    }),
  }
}

function addressed(room: RequestRoom, body: Uint8Array): Uint8Array {
  const message = new Uint8Array(body.length + 1)
  message[0] = room
  message.set(body, 1)
  return message
}
