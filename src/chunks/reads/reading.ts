/** Reads of the ring: the replicas are asked in parallel, those who misbehaved last; the first sufficient proof ends it. */
import { aborted, type Clock, type PeerId } from '../../base/index.ts'
import type { Question } from '../../dns/index.ts'
import type { Finding } from '../../evidence/index.ts'
import type { MemberEntry, Ring } from '../../ring/index.ts'
import type { Proofs } from '../entries/proofs.ts'
import type { Placement } from '../seats/placement.ts'
import type { Seats } from '../seats/seats.ts'
import type { Faults } from '../wire/faults.ts'
import type { ChunkReply, ChunkRequest, ReplicaAnswer } from '../wire/messages.ts'
import type { SendRequest } from '../wire/request.ts'
import { HedgeDelay } from './hedge.ts'
import { EMPTY_READ, isEnough, type ReadState, type ReplicaEvent, readStep, shortfall } from './read.ts'
import type { RingRead } from './ring-read.ts'

export interface ReadingDeps {
  readonly ring: Pick<Ring, 'self' | 'isSuspect'>
  readonly clock: Clock
  readonly request: SendRequest
  readonly placement: Placement
  readonly proofs: Pick<Proofs, 'check'>
  readonly faults: Faults
  readonly requestTimeoutMs: number
  readonly stopping: AbortSignal
}

export interface ReadingHooks {
  /** Returns what this node, a replica itself, says. */
  readonly ownWord: (question: Question) => ChunkReply
  /** Returns from how many labels on links of the chain of trust are wanted; undefined: none are. */
  readonly linksFrom: (question: Question) => number | undefined
  /** Hears of what was accepted. */
  readonly onAccepted: (finding: Finding) => void
}

export interface Reading {
  /** Rejects with ABORTED only. */
  read(question: Question, signal: AbortSignal, onDoubt?: () => void): Promise<RingRead>
  hedgeMs(): number
  stats(): { readonly reads: number; readonly accepted: number }
}

export function createReading(deps: ReadingDeps, hooks: ReadingHooks): Reading {
  const { clock } = deps
  const hedge = new HedgeDelay()
  const counts = { reads: 0, accepted: 0 }

  async function read(question: Question, signal: AbortSignal, onDoubt?: () => void): Promise<RingRead> {
    const seats = deps.placement.seatsOf(question)
    if (seats.others.length === 0) return { kind: 'insufficient', reason: 'alone', replies: [] }
    if (signal.aborted) throw aborted(signal)
    counts.reads++
    const started = clock.monotonic()
    const state = await readSeats(deps, hooks, { question, seats, signal, onDoubt })
    hedge.add(clock.monotonic() - started)
    if (state.other !== undefined) return { ...state.other, replies: state.replies }
    if (state.accepted === undefined) return { kind: 'insufficient', reason: shortfall(state), replies: state.replies }
    counts.accepted++
    hooks.onAccepted(state.accepted)
    return { kind: 'accepted', finding: state.accepted, replies: state.replies, links: state.links }
  }

  return { read, hedgeMs: () => hedge.ms, stats: () => counts }
}

interface OneRead {
  readonly question: Question
  readonly seats: Seats
  readonly signal: AbortSignal
  readonly onDoubt: (() => void) | undefined
}

/** This node's own word first, then those of the others, group after group, until it is enough. */
async function readSeats(deps: ReadingDeps, hooks: ReadingHooks, one: OneRead): Promise<ReadState> {
  const { ring, clock, stopping } = deps
  const { question, seats, signal } = one
  const from = hooks.linksFrom(question)
  const message: ChunkRequest = { kind: 'read', question, ...(from !== undefined && { from }) }
  const context = deps.placement.contextOf(question, seats)
  const started = clock.monotonic()
  const enough = new AbortController()
  const inner = AbortSignal.any([signal, enough.signal, stopping])
  let state = EMPTY_READ
  const count = (peer: PeerId, event: ReplicaEvent) => {
    if (isEnough(state)) return
    state = readStep(state, context, peer, clock.monotonic() - started, event, clock.now())
    if (peer !== ring.self.peer) countBehaviour(peer, state, deps.faults)
    if (isEnough(state)) enough.abort()
    else if (peer !== ring.self.peer && !isHopeful(state, peer)) one.onDoubt?.()
  }
  if (seats.mine) {
    const own = { kind: 'reply', reply: hooks.ownWord(question) } as const
    count(ring.self.peer, await proofChecked(own, question, deps.proofs, inner))
  }
  if (isEnough(state)) return state
  for (const group of askingOrder(seats.others, deps)) {
    const asked = group.map(async ({ peer }) => {
      const answer = await deps.request(peer, message, { timeoutMs: deps.requestTimeoutMs, signal: inner })
      count(peer, await proofChecked(answer, question, deps.proofs, inner))
    })
    await firstOf(asked, inner)
    if (isEnough(state)) return state
    if (signal.aborted || stopping.aborted) throw aborted(signal)
  }
  return state
}

/** A proof is checked by this node's own validation before it is counted. */
async function proofChecked(
  answer: ReplicaAnswer,
  question: Question,
  proofs: ReadingDeps['proofs'],
  signal: AbortSignal,
): Promise<ReplicaEvent> {
  if (answer.kind !== 'reply' || answer.reply.kind !== 'proof') return answer
  const checked = await proofs.check(question, answer.reply, signal)
  return { kind: 'proof', checked, links: answer.reply.links ?? [] }
}

function countBehaviour(peer: PeerId, state: ReadState, faults: Faults): void {
  const word = state.replies.find((reply) => reply.peer === peer)?.word
  if (word?.kind === 'discarded') faults.add(peer)
  else if (word?.kind !== 'failed') faults.forgive(peer)
}

/** Those who answer first; those who are silent or talk nonsense only when the others did not suffice. */
function askingOrder(others: readonly MemberEntry[], { ring, faults }: ReadingDeps): MemberEntry[][] {
  const late = (member: MemberEntry) => ring.isSuspect(member.id) || faults.isAskedLast(member.peer)
  return [others.filter((member) => !late(member)), others.filter(late)].filter((group) => group.length > 0)
}

/** Whether what this peer said may still become enough. */
function isHopeful({ replies }: ReadState, peer: PeerId): boolean {
  const kind = replies.find((reply) => reply.peer === peer)?.word.kind
  return kind === 'vote' || kind === 'certificate' || kind === 'proof'
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
