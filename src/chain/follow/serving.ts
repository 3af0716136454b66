/** A member's side: replies to followers from what its chain keeps. Most request the same thing, so replies are kept as bytes. */
import { Charges, type Clock, latin1, type PeerId } from '../../base/index.ts'
import { limits } from '../limits.ts'
import { historyPath } from '../trees/history.ts'
import { linkFrom } from './linking.ts'
import { decodeFollowRequest, encodeFollowReply, type FollowReply, type FollowRequest } from './messages.ts'
import type { HeaderNews, NewsDesk } from './news.ts'
import type { HeaderSource, StateProver } from './sources.ts'

export interface ServedChain {
  readonly headers: HeaderSource
  readonly states: StateProver
  /** Two headers that contradict each other, if this node knows of such. */
  readonly conflict: () => Uint8Array | undefined
  /** What a follower tells of such: this side checks it (`believedConflict`), keeps it, and tells others. */
  readonly onConflict: (conflict: Uint8Array, from: PeerId) => void
  /** A note with cosignatures came, or the newest one is wanted: gives what this node has. Left out: it collects none. */
  readonly onNote?: (note: Uint8Array | undefined, from: PeerId) => Uint8Array | undefined
  /** The checkpoint of that size with its cosignatures, as far as it is kept; of size 0: the newest. Left out: none is served. */
  readonly checkpoint?: (size: number) => Uint8Array | undefined
}

export interface FollowServerDeps {
  readonly clock: Pick<Clock, 'monotonic'>
  /** Who listens to this node; left out: nobody may. */
  readonly news?: NewsDesk
  /** Somebody tells of a header: this side checks it. False: it does not listen there, and wants to hear no more. */
  readonly onNews?: (chainId: Uint8Array, from: PeerId, news: HeaderNews) => boolean
}

/** Plain counters since the start. */
export interface FollowServerStats {
  requests: number
  fromKept: number
  busy: number
  malformed: number
}

/** What a request costs, in units of about 20 us. Two headers that are told have up to 200 signatures to check. */
const COST: Readonly<Record<FollowRequest['kind'], number>> = {
  header: 3,
  older: 5,
  set: 3,
  state: 4,
  conflict: 3,
  tell: 500,
  checkpoint: 300,
  link: 20,
  listen: 3,
  news: 20,
}
const COST_OF_KEPT = 1
const COST_OF_KEY = 2

/** Where every request has the id of its chain: behind the heads of the array, of version, kind and byte string. */
const CHAIN_AT = 5
const CHAIN_END = CHAIN_AT + 32

const NONE = encodeFollowReply({ kind: 'none' })
const BUSY = encodeFollowReply({ kind: 'busy' })
const ACK = encodeFollowReply({ kind: 'ack' })

interface Served extends ServedChain {
  /** As of when `kept` was begun. */
  height: number
  hadConflict: boolean
  readonly kept: Map<string, Uint8Array>
}

export class FollowServer {
  readonly stats: FollowServerStats = { requests: 0, fromKept: 0, busy: 0, malformed: 0 }
  readonly #chains = new Map<string, Served>()
  readonly #deps: FollowServerDeps
  readonly #charges: Charges

  constructor(deps: FollowServerDeps) {
    const { clock } = deps
    this.#deps = deps
    this.#charges = new Charges(clock, {
      perSecond: limits.FOLLOWER_PER_SECOND,
      burst: limits.FOLLOWER_BURST,
      maxPeers: limits.MAX_FOLLOWERS,
    })
  }

  serve(chain: ServedChain): void {
    this.#chains.set(latin1(chain.headers.chainId), { ...chain, height: -1, hadConflict: false, kept: new Map() })
  }

  stop(chainId: Uint8Array): void {
    this.#chains.delete(latin1(chainId))
  }

  /** The reply to one request, as bytes. Throws CHAIN_MALFORMED; whatever the sources throw comes as a rejection. */
  answer(from: PeerId, body: Uint8Array): Uint8Array | Promise<Uint8Array> {
    this.stats.requests++
    if (this.#charges.isSpent(from)) {
      this.stats.busy++
      return BUSY
    }
    const chain = this.#chains.get(latin1(body.subarray(CHAIN_AT, CHAIN_END)))
    const id = latin1(body)
    const kept = chain && currentOf(chain).get(id)
    if (kept !== undefined) {
      this.stats.fromKept++
      this.#charges.charge(from, COST_OF_KEPT)
      return kept
    }
    const request = this.#decode(from, body)
    if (request.kind === 'listen') return this.#listen(from, request.chainId)
    if (request.kind === 'news') {
      const isWanted = this.#deps.onNews?.(request.chainId, from, request) ?? false
      return isWanted ? ACK : NONE
    }
    if (chain === undefined) return NONE
    if (request.kind === 'state') return this.#state(chain, id, request)
    if (request.kind === 'tell') {
      chain.onConflict(request.conflict, from)
      return ACK
    }
    if (request.kind === 'checkpoint') {
      const note = chain.onNote?.(request.note, from)
      return note === undefined ? NONE : encodeFollowReply({ kind: 'note', note })
    }
    return keep(chain, id, replyOf(chain, request))
  }

  #listen(from: PeerId, chainId: Uint8Array): Uint8Array {
    const place = this.#deps.news?.listen(chainId, from)
    if (place === undefined) return NONE
    return place === 'placed' ? ACK : encodeFollowReply({ kind: 'others', peers: place })
  }

  #decode(from: PeerId, body: Uint8Array): FollowRequest {
    try {
      const request = decodeFollowRequest(body)
      this.#charges.charge(from, costOf(request))
      return request
    } catch (error) {
      this.stats.malformed++
      this.#charges.charge(from, COST.tell)
      throw error
    }
  }

  async #state(
    chain: Served,
    id: string,
    { height, keys }: Extract<FollowRequest, { kind: 'state' }>,
  ): Promise<Uint8Array> {
    const proven = await chain.states.prove(height, keys)
    return keep(chain, id, proven && { kind: 'state', ...proven })
  }
}

function costOf(request: FollowRequest): number {
  if (request.kind === 'checkpoint' && request.note === undefined) return COST.header
  return COST[request.kind] + (request.kind === 'state' ? COST_OF_KEY * request.keys.length : 0)
}

/** Replies that hold for the newest head: a new one, or a conflict, ends them all. */
function currentOf(chain: Served): Map<string, Uint8Array> {
  const height = chain.headers.height()
  const hasConflict = chain.conflict() !== undefined
  if (chain.height !== height || chain.hadConflict !== hasConflict) {
    chain.kept.clear()
    chain.height = height
    chain.hadConflict = hasConflict
  }
  return chain.kept
}

/** What is missing now may be there later, and what is large is asked for by few: neither is kept. */
function keep(chain: Served, id: string, reply: FollowReply | undefined): Uint8Array {
  if (reply === undefined) return NONE
  const bytes = encodeFollowReply(reply)
  if (bytes.length > limits.MAX_MESSAGE_BYTES) return NONE
  if (bytes.length <= limits.MAX_KEPT_REPLY_BYTES && id.length <= limits.MAX_KEPT_REPLY_BYTES) {
    const kept = currentOf(chain)
    kept.set(id, bytes)
    if (kept.size > limits.MAX_KEPT_REPLIES) kept.delete(kept.keys().next().value!)
  }
  return bytes
}

function replyOf(
  { headers, conflict, checkpoint }: Served,
  request: Exclude<FollowRequest, { kind: 'state' | 'tell' | 'checkpoint' | 'listen' | 'news' }>,
): FollowReply | undefined {
  switch (request.kind) {
    case 'header': {
      const certified = headers.certified(request.height === 0 ? headers.height() : request.height)
      const path = certified && pathOf(headers, request.of, certified.header.height)
      return certified && { kind: 'header', certified, path, hasConflict: conflict() !== undefined }
    }
    case 'older': {
      const path = pathOf(headers, request.of, request.within)
      const certified = path && headers.certified(request.of)
      return certified && { kind: 'older', header: certified.header, path }
    }
    case 'set': {
      const validators = headers.set(request.root)
      return validators && { kind: 'set', validators }
    }
    case 'conflict': {
      const known = conflict()
      return known && { kind: 'conflict', conflict: known }
    }
    case 'link': {
      const note = checkpoint?.(request.size)
      const link = note && linkFrom(headers, note, { size: request.oldSize, setRoot: request.setRoot })
      return link && { kind: 'link', link }
    }
  }
}

/** Of the header of height `of` in the history of that of height `within`. */
function pathOf({ hashes, height }: HeaderSource, of: number, within: number): readonly Uint8Array[] | undefined {
  return of < 1 || of >= within || within > height() ? undefined : historyPath(hashes, of - 1, within - 1)
}
