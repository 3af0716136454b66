/** Reads of the ring: the replicas are asked in parallel, those who misbehaved last; the first sufficient proof ends it. */
import { aborted, type Clock, type PeerId } from '../../base/index.ts'
import type { Question } from '../../dns/index.ts'
import type { Finding } from '../../evidence/index.ts'
import type { MemberEntry, Ring } from '../../ring/index.ts'
import type { ReadContext } from '../entries/examine.ts'
import type { Proofs } from '../entries/proofs.ts'
import { limits } from '../limits.ts'
import type { Seats } from '../seats/seats.ts'
import type { RingRead } from '../types.ts'
import type { ChunkReply, ChunkRequest } from '../wire/messages.ts'
import type { Ask } from '../wire/request.ts'
import { HedgeDelay } from './hedge.ts'
import { EMPTY_READ, isEnough, type ReadState, type ReplicaEvent, readStep, shortfall } from './read.ts'

export interface ReadingParts {
  readonly ring: Pick<Ring, 'self' | 'isSuspect'>
  readonly clock: Clock
  readonly ask: Ask
  readonly seatsOf: (question: Question) => Seats
  readonly contextOf: (question: Question, seats: Seats) => ReadContext
  readonly proofs: Proofs
  /** Labels from which on links of the chain of trust are wanted; undefined: none are. */
  readonly linksFrom: (question: Question) => number | undefined
  /** What this node, a replica itself, says. */
  readonly ownWord: (question: Question) => ChunkReply
  readonly requestTimeoutMs: number
  readonly stopping: AbortSignal
  readonly onAccepted: (finding: Finding) => void
}

export interface Reading {
  /** Rejects with ABORTED only. */
  read(question: Question, signal: AbortSignal, onDoubt?: () => void): Promise<RingRead>
  /** A peer said what cannot be: it is asked last for a while. */
  fault(peer: PeerId): void
  hedgeMs(): number
  stats(): { readonly reads: number; readonly accepted: number; readonly discarded: number }
}

export function createReading(parts: ReadingParts): Reading {
  const { ring, clock, ask, stopping } = parts
  const hedge = new HedgeDelay()
  const faults = new Map<PeerId, number>()
  const counts = { reads: 0, accepted: 0, discarded: 0 }

  function fault(peer: PeerId): void {
    counts.discarded++
    faults.set(peer, (faults.get(peer) ?? 0) + 1)
    if (faults.size > limits.MAX_FAULTY_PEERS) faults.delete(faults.keys().next().value!)
  }

  function noteBehaviour(peer: PeerId, state: ReadState): void {
    const word = state.replies.find((reply) => reply.peer === peer)?.word
    if (word?.kind === 'discarded') {
      fault(peer)
      return
    }
    const before = faults.get(peer)
    if (before === undefined || word?.kind === 'failed') return
    if (before > 1) faults.set(peer, before / 2)
    else faults.delete(peer)
  }

  async function read(question: Question, signal: AbortSignal, onDoubt?: () => void): Promise<RingRead> {
    const seats = parts.seatsOf(question)
    if (seats.others.length === 0) return { kind: 'insufficient', reason: 'alone', replies: [] }
    if (signal.aborted) throw aborted(signal)
    counts.reads++
    const started = clock.monotonic()
    const state = await readSeats(question, seats, signal, onDoubt)
    hedge.note(clock.monotonic() - started)
    if (state.other !== undefined) return { ...state.other, replies: state.replies }
    if (state.accepted === undefined) return { kind: 'insufficient', reason: shortfall(state), replies: state.replies }
    counts.accepted++
    parts.onAccepted(state.accepted)
    return { kind: 'accepted', finding: state.accepted, replies: state.replies, links: state.links }
  }

  async function readSeats(
    question: Question,
    seats: Seats,
    signal: AbortSignal,
    onDoubt: (() => void) | undefined,
  ): Promise<ReadState> {
    const from = parts.linksFrom(question)
    const request: ChunkRequest = { kind: 'read', question, ...(from !== undefined && { from }) }
    const context = parts.contextOf(question, seats)
    const started = clock.monotonic()
    const enough = new AbortController()
    const inner = AbortSignal.any([signal, enough.signal, stopping])
    let state = EMPTY_READ
    const count = (peer: PeerId, event: ReplicaEvent) => {
      if (isEnough(state)) return
      state = readStep(state, context, peer, clock.monotonic() - started, event, clock.now())
      if (peer !== ring.self.peer) noteBehaviour(peer, state)
      if (isEnough(state)) enough.abort()
      else if (peer !== ring.self.peer && !isHopeful(state, peer)) onDoubt?.()
    }
    /** A proof is checked by this node's own validation before it is counted. */
    const judged = async (event: ReplicaEvent): Promise<ReplicaEvent> => {
      if (event.kind !== 'reply' || event.reply.kind !== 'proof') return event
      const checked = await parts.proofs.check(question, event.reply, inner)
      return { kind: 'proof', checked, links: event.reply.links ?? [] }
    }
    if (seats.mine) count(ring.self.peer, await judged({ kind: 'reply', reply: parts.ownWord(question) }))
    if (isEnough(state)) return state
    for (const group of askingOrder(seats.others)) {
      const asked = group.map(async ({ peer }) => {
        const event = await ask(peer, request, { timeoutMs: parts.requestTimeoutMs, signal: inner })
        count(peer, await judged(event))
      })
      await firstOf(asked, inner)
      if (isEnough(state)) return state
      if (signal.aborted || stopping.aborted) throw aborted(signal)
    }
    return state
  }

  /** Those who answer first; those who are silent or talk nonsense only when the others did not suffice. */
  function askingOrder(others: readonly MemberEntry[]): MemberEntry[][] {
    const late = (member: MemberEntry) =>
      ring.isSuspect(member.id) || (faults.get(member.peer) ?? 0) >= limits.FAULTS_ASKED_LAST
    return [others.filter((member) => !late(member)), others.filter(late)].filter((group) => group.length > 0)
  }

  /** Whether what this peer said may still become enough. */
  function isHopeful({ replies }: ReadState, peer: PeerId): boolean {
    const kind = replies.find((reply) => reply.peer === peer)?.word.kind
    return kind === 'vote' || kind === 'certificate' || kind === 'proof'
  }

  return { read, fault, hedgeMs: () => hedge.ms, stats: () => counts }
}

/**
 * Resolves when all of `work` has settled, or at once when `signal` fires: a transport that is slow to give up must not hold
 * an answer. A rejection without the signal is a bug and goes on.
 */
function firstOf(work: readonly Promise<void>[], signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = () => resolve()
    signal.addEventListener('abort', end, { once: true })
    Promise.all(work)
      .then(end, (error: unknown) => (signal.aborted ? end() : reject(error)))
      .finally(() => signal.removeEventListener('abort', end))
  })
}
