/** What this node replies to its peers: each request goes to the room that answers it. */
import type { PeerId } from '../../base/index.ts'
import type { Keeping } from '../copies/keeping.ts'
import { isPopularRequest } from '../copies/messages.ts'
import type { Spreading } from '../copies/spreading.ts'
import type { Digests } from '../digests/digests.ts'
import type { Certified } from '../entries/certified.ts'
import type { Serving } from '../reads/serving.ts'
import type { Telling } from '../reads/telling.ts'
import type { Told } from '../reads/told.ts'
import type { Joining } from '../rounds/joining.ts'
import type { Placement } from '../seats/placement.ts'
import { bothReplicas, peersOf, type Seats } from '../seats/seats.ts'
import type { CheckCharges } from '../wire/check-charges.ts'
import { isDigestRequest } from '../wire/digest-messages.ts'
import type { Faults } from '../wire/faults.ts'
import { type ChunkReply, type ChunkRequest, decodeRequest, encodeReply } from '../wire/messages.ts'

export interface AnsweringDeps {
  readonly placement: Placement
  readonly faults: Faults
  readonly checks: Pick<CheckCharges, 'isSpent' | 'read'>
  readonly digests: Pick<Digests, 'answer'>
  readonly serving: Serving
  readonly keeping: Pick<Keeping, 'answer'>
  readonly spreading: Pick<Spreading, 'answer'>
  readonly told: Told
  readonly telling: Pick<Telling, 'hasTold'>
  readonly joining: Joining
  readonly certified: Certified
  /** Resolves once what was taken in so far is on disk. */
  readonly onDisk: () => Promise<void>
}

export interface Answering {
  /** Throws CHUNK_MALFORMED, EVIDENCE_MALFORMED or CHUNK_VERSION for what cannot be decoded. */
  answer(from: PeerId, body: Uint8Array): Promise<Uint8Array>
}

const BUSY = encodeReply({ kind: 'busy' })
const NOTHING_MORE: { readonly beside?: readonly number[]; readonly used?: readonly number[] } = {}

export function createAnswering(deps: AnsweringDeps): Answering {
  async function replyTo(from: PeerId, request: ChunkRequest): Promise<ChunkReply> {
    const { question } = request
    // A question that belongs to one network is no business of a peer, whatever it asks for.
    if (!deps.placement.mayShare(question)) return { kind: 'unknown' }
    const seats = deps.placement.seatsOf(question)
    switch (request.kind) {
      case 'read': {
        const word = deps.serving.answer(from, request, seats)
        const { level, reads = 1 } = request
        const hasNone = word.kind === 'unknown' || word.kind === 'not-mine'
        return level !== undefined && hasNone ? deps.keeping.answer(from, question, level, reads) : word
      }
      case 'tell':
        return seats.mine ? deps.told.answer(from, request, seats) : notMine(seats)
      case 'certify':
        return seats.mine || deps.telling.hasTold(question)
          ? deps.certified.answer(from, request, seats)
          : notMine(seats)
      case 'round':
        return bothReplicas(from, seats) ? deps.joining.commit(from, request) : notMine(seats)
      case 'reveal':
        return bothReplicas(from, seats)
          ? deps.joining.reveal(from, request, deps.placement.contextOf(question, seats))
          : notMine(seats)
      case 'probe':
        return bothReplicas(from, seats) ? deps.joining.probe(question, seats) : notMine(seats)
    }
  }

  return {
    async answer(from, body) {
      if (deps.checks.isSpent(from)) return BUSY
      deps.checks.read(from, body.length)
      let request: ChunkRequest
      try {
        if (isDigestRequest(body)) return deps.digests.answer(from, body)
        if (isPopularRequest(body)) return deps.spreading.answer(from, body)
        request = decodeRequest(body)
      } catch (error) {
        deps.faults.add(from)
        throw error
      }
      // What is to come along costs as another read each.
      const { beside = [], used = [] } = request.kind === 'read' ? request : NOTHING_MORE
      for (const _ of [...beside, ...used]) deps.checks.read(from, body.length)
      const reply = await replyTo(from, request)
      // Who brings an entry counts on this replica from now on.
      if (request.kind === 'certify') await deps.onDisk()
      return encodeReply(reply)
    },
  }
}

/** A hint whom to ask: the replicas by this node's own table. */
function notMine(seats: Seats): ChunkReply {
  return { kind: 'not-mine', believes: peersOf(seats.members) }
}
