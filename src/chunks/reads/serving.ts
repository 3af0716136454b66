/** How this node answers the reads of its peers. */
import type { PeerId } from '../../base/index.ts'
import type { Question } from '../../dns/index.ts'
import type { Ring } from '../../ring/index.ts'
import type { ProofSource } from '../entries/proof-checks.ts'
import type { OnDemand } from '../rounds/on-demand.ts'
import { bothReplicas, peersOf, type Seats } from '../seats/seats.ts'
import type { ChunkReply } from '../wire/messages.ts'
import type { OwnWord } from './own-word.ts'

export interface ServingDeps {
  readonly ring: Pick<Ring, 'memberByPeer'>
  readonly onDemand: Pick<OnDemand, 'read'>
  readonly ownWord: OwnWord
  /** Undefined: this node does not validate. */
  readonly source: Pick<ProofSource, 'links'> | undefined
  readonly acceptFrom: 'majority' | 'any-member'
}

export interface Serving {
  /** `linksFrom`: the asker wants the links of the chain of trust from so many labels on. */
  answer(from: PeerId, question: Question, linksFrom: number | undefined, seats: Seats): ChunkReply
}

export function createServing({ ring, onDemand, ownWord, source, acceptFrom }: ServingDeps): Serving {
  function answer(from: PeerId, question: Question, seats: Seats): ChunkReply {
    const word = ownWord(question)
    const isHeld = word.kind === 'entry' || word.kind === 'proof'
    if (isHeld && ring.memberByPeer(from) !== undefined) onDemand.read(from, question)
    // Who votes on the same question must observe for itself, not copy (in rings that count votes).
    if (word.kind === 'vote' && bothReplicas(from, seats) && acceptFrom === 'majority') return { kind: 'unknown' }
    return word.kind === 'unknown' && !seats.mine ? { kind: 'not-mine', believes: peersOf(seats.members) } : word
  }

  /** With what the asker lacks to check it: its zones' keys, and the parents' word on them. */
  function withLinks(reply: ChunkReply, question: Question, linksFrom: number | undefined): ChunkReply {
    if (linksFrom === undefined || source === undefined) return reply
    if (reply.kind !== 'entry' && reply.kind !== 'vote' && reply.kind !== 'proof') return reply
    return { ...reply, links: source.links(question, linksFrom) }
  }

  return { answer: (from, question, linksFrom, seats) => withLinks(answer(from, question, seats), question, linksFrom) }
}
