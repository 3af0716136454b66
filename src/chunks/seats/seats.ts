/** Who keeps a chunk now, by this node's own table. */
import type { ChunkId, PeerId } from '../../base/index.ts'
import type { SignatureScheme } from '../../crypto/index.ts'
import type { Question } from '../../dns/index.ts'
import type { PolicyContext } from '../../evidence/index.ts'
import type { MemberEntry, Ring } from '../../ring/index.ts'
import type { ReadContext } from '../entries/examine.ts'
import { limits } from '../limits.ts'
import type { ChunksOptions } from '../types.ts'
import { chunkOf, keyOfChunk } from './place.ts'

export interface Seats {
  readonly chunk: ChunkId
  readonly n: number
  readonly members: readonly MemberEntry[]
  readonly mine: boolean
  /** All but this node, in ring order. */
  readonly others: readonly MemberEntry[]
  /** Those before this node in ring order that it believes live: they open a round first. */
  readonly before: readonly MemberEntry[]
}

export function seatsOfChunk(ring: Ring, chunk: ChunkId, chunkBits: number): Seats {
  const { n, members: all } = ring.replicasOf(keyOfChunk(chunk, chunkBits))
  const members = all.slice(0, limits.MAX_REPLICAS)
  const isSelf = (member: MemberEntry) => member.id === ring.self.id
  const place = members.findIndex(isSelf)
  return {
    chunk,
    n,
    members,
    mine: members.some(isSelf),
    others: members.filter((member) => !isSelf(member)),
    before: members.slice(0, Math.max(0, place)).filter((member) => !ring.isSuspect(member.id)),
  }
}

export function seatsOf(ring: Ring, question: Question, chunkBits: number): Seats {
  return seatsOfChunk(ring, chunkOf(question.name, chunkBits), chunkBits)
}

/** What this node holds any word about `question` against. */
export function readContext(
  ring: Ring,
  seats: Seats,
  question: Question,
  scheme: SignatureScheme,
  options: ChunksOptions,
): ReadContext {
  return {
    ringId: ring.ringId,
    chunk: seats.chunk,
    question,
    n: seats.n,
    replicas: seats.members.map(({ peer, publicKey }) => ({ peer, publicKey })),
    scheme,
    policy: policyOf(options),
  }
}

function policyOf(options: ChunksOptions): PolicyContext {
  return {
    acceptFrom: options.acceptFrom,
    admission: options.admission,
    // Whether `solo` will do is the resolver's to say; a read offers what the ring can prove.
    strict: false,
    // Until delegations are validated nothing is proven about any zone.
    zoneSecurity: 'indeterminate',
  }
}

export function peersOf(members: readonly MemberEntry[]): PeerId[] {
  return members.map((member) => member.peer)
}
