/** How this node answers the reads of its peers. */
import type { Clock, PeerId } from '../../base/index.ts'
import type { Question } from '../../dns/index.ts'
import type { Ring } from '../../ring/index.ts'
import { hintOf } from '../copies/mark.ts'
import type { Stated } from '../copies/stated.ts'
import type { EntryStore } from '../entries/entry-store.ts'
import type { ProofSource } from '../entries/proof-checks.ts'
import type { OnDemand } from '../rounds/on-demand.ts'
import { bothReplicas, peersOf, type Seats } from '../seats/seats.ts'
import type { ChunkReply, ChunkRequest } from '../wire/messages.ts'
import { questionKey } from '../wire/question-key.ts'
import { standing } from './companions.ts'
import type { OwnWord } from './own-word.ts'

export interface ServingHooks {
  /** Hears of each read that this node answers as a replica; `reads`: how many it stands for. */
  readonly onServed: (question: Question, from: PeerId, reads: number) => void
}

export interface ServingDeps {
  readonly clock: Clock
  readonly store: EntryStore
  readonly stated: Pick<Stated, 'counted'>
  readonly ring: Pick<Ring, 'memberByPeer'>
  readonly onDemand: Pick<OnDemand, 'read'>
  readonly ownWord: OwnWord
  /** Undefined: this node does not validate. */
  readonly source: Pick<ProofSource, 'links'> | undefined
  readonly acceptFrom: 'majority' | 'any-member'
}

export type ReadRequest = Extract<ChunkRequest, { readonly kind: 'read' }>

export interface Serving {
  /** A read, of whatever the asker wants. */
  answer(from: PeerId, read: ReadRequest, seats: Seats): ChunkReply
}

export function createServing(
  { clock, ring, store, stated, onDemand, ownWord, source, acceptFrom }: ServingDeps,
  { onServed }: ServingHooks,
): Serving {
  function answer(from: PeerId, { question, reads = 1 }: ReadRequest, seats: Seats): ChunkReply {
    const word = ownWord(question)
    const isHeld = word.kind === 'entry' || word.kind === 'proof'
    if (isHeld && ring.memberByPeer(from) !== undefined) {
      const counted = reads === 1 ? 1 : countedReads(from, question, reads, word)
      onDemand.read(from, question, counted)
      if (seats.mine) onServed(question, from, counted)
    }
    // Who votes on the same question must observe for itself, not copy (in rings that count votes).
    if (word.kind === 'vote' && bothReplicas(from, seats) && acceptFrom === 'majority') return { kind: 'unknown' }
    return word.kind === 'unknown' && !seats.mine ? { kind: 'not-mine', believes: peersOf(seats.members) } : word
  }

  /** A copy of the first level says how much it was read since it asked last. */
  function countedReads(from: PeerId, question: Question, reads: number, word: ChunkReply): number {
    const now = clock.now()
    const expires = word.kind === 'proof' ? now + 1_000 * word.seconds : (store.get(question, now)?.expires ?? now)
    return stated.counted({ hint: hintOf(question.name), key: questionKey(question), from, level: 1, reads, expires })
  }

  /** With what the asker lacks to check it: its zones' keys, and the parents' word on them. */
  function withLinks(reply: ChunkReply, question: Question, linksFrom: number | undefined): ChunkReply {
    if (linksFrom === undefined || source === undefined) return reply
    if (reply.kind !== 'entry' && reply.kind !== 'vote' && reply.kind !== 'proof') return reply
    return { ...reply, links: source.links(question, linksFrom) }
  }

  /** With what this node holds of other types of the name; it is asked for where the asker has used it before. */
  function withBeside(reply: ChunkReply, from: PeerId, { question, beside = [], used = [] }: ReadRequest): ChunkReply {
    const about = (type: number): Question => ({ ...question, type })
    if (ring.memberByPeer(from) !== undefined)
      for (const type of used) if (ownWord(about(type)).kind === 'entry') onDemand.read(from, about(type))
    if (reply.kind !== 'entry' && reply.kind !== 'vote' && reply.kind !== 'proof') return reply
    return { ...reply, beside: beside.flatMap((type) => standing(type, ownWord(about(type)))) }
  }

  return {
    answer(from, read, seats) {
      const { question } = read
      return withBeside(withLinks(answer(from, read, seats), question, read.from), from, read)
    },
  }
}
