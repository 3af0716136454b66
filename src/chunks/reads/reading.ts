/**
 * Reads of the ring: the nearest replica whose digest names the question is asked first, the others when it is late or not enough,
 * those who misbehaved last; the first sufficient proof ends it.
 */
import { aborted, type Clock, type PeerId, type Random } from '../../base/index.ts'
import type { Question } from '../../dns/index.ts'
import type { Finding } from '../../evidence/index.ts'
import type { Ring } from '../../ring/index.ts'
import type { Choosing, ChosenCopy } from '../copies/choosing.ts'
import type { Copy } from '../copies/keeping.ts'
import type { Digests } from '../digests/digests.ts'
import type { Proofs } from '../entries/proofs.ts'
import { limits } from '../limits.ts'
import type { Placement } from '../seats/placement.ts'
import type { Seats } from '../seats/seats.ts'
import type { Faults } from '../wire/faults.ts'
import type { ChunkReply, ChunkRequest, ReplicaAnswer } from '../wire/messages.ts'
import type { SendRequest } from '../wire/request.ts'
import { besideOf, Companions } from './companions.ts'
import { HedgeDelay } from './hedge.ts'
import { askInTurns } from './in-turns.ts'
import { Nearness } from './nearness.ts'
import { EMPTY_READ, isEnough, type ReadState, type ReplicaEvent, readStep, shortfall } from './read.ts'
import type { RingRead } from './ring-read.ts'
import { copyFirst, turnsOf, turnsWithoutDigests } from './turns.ts'

export interface ReadingDeps {
  readonly ring: Pick<Ring, 'self' | 'isSuspect'>
  readonly clock: Clock
  readonly random: Random
  readonly request: SendRequest
  readonly placement: Placement
  readonly proofs: Pick<Proofs, 'check'>
  readonly digests: Pick<Digests, 'namers' | 'areAhead'>
  readonly faults: Faults
  /** Which copy of a popular name is asked. */
  readonly choosing: Choosing
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
  /** Hears of each read that somebody of this node makes. */
  readonly onRead: () => void
}

export interface Reading {
  /** Rejects with ABORTED only. */
  read(question: Question, signal: AbortSignal, onDoubt?: () => void): Promise<RingRead>
  /** For a copy that this node keeps: reads of a copy of a lower level, 0: of a replica. `reads`: how many this one stands for. */
  fill(question: Question, level: number, reads: number, signal: AbortSignal): Promise<Copy | undefined>
  hedgeMs(): number
  stats(): ReadingStats
}

type ReadRequest = Extract<ChunkRequest, { readonly kind: 'read' }>

export interface ReadingStats {
  /** Reads of the ring, those that were accepted, and the requests that they took. */
  readonly reads: number
  readonly accepted: number
  readonly readRequests: number
}

export function createReading(deps: ReadingDeps, hooks: ReadingHooks): Reading {
  const { clock } = deps
  const hedge = new HedgeDelay()
  const nearness = new Nearness()
  const companions = new Companions(clock)
  const counts = { reads: 0, accepted: 0, readRequests: 0 }

  async function read(question: Question, signal: AbortSignal, onDoubt?: () => void): Promise<RingRead> {
    const seats = deps.placement.seatsOf(question)
    if (seats.others.length === 0) return { kind: 'insufficient', reason: 'alone', replies: [] }
    if (signal.aborted) throw aborted(signal)
    const other = companions.reading(question)
    if (other !== undefined) await endOf(other, clock, signal)
    counts.reads++
    hooks.onRead()
    const started = clock.monotonic()
    const reading = readSeats(deps, hooks, {
      companions,
      question,
      seats,
      signal,
      onDoubt,
      nearness,
      onRequest: () => counts.readRequests++,
      copy: seats.mine ? undefined : deps.choosing.copyOf(question),
      reads: 1,
      onEnough: () => {},
    })
    const state = await companions.during(question, reading)
    hedge.add(clock.monotonic() - started)
    if (state.other !== undefined) return { ...state.other, replies: state.replies }
    if (state.accepted === undefined) return { kind: 'insufficient', reason: shortfall(state), replies: state.replies }
    counts.accepted++
    hooks.onAccepted(state.accepted)
    return { kind: 'accepted', finding: state.accepted, replies: state.replies, links: state.links }
  }

  async function fill(question: Question, level: number, reads: number, signal: AbortSignal) {
    const seats = deps.placement.seatsOf(question)
    let enough: ChunkReply | undefined
    const state = await readSeats(deps, hooks, {
      companions,
      question,
      seats,
      signal,
      onDoubt: undefined,
      nearness,
      onRequest: () => counts.readRequests++,
      copy: level === 0 ? undefined : deps.choosing.copyOf(question, level),
      reads,
      onEnough: (reply) => {
        enough ??= reply
      },
    })
    return copyFrom(state, enough)
  }

  return { read, fill, hedgeMs: () => hedge.ms, stats: () => counts }
}

interface OneRead {
  readonly question: Question
  readonly seats: Seats
  readonly signal: AbortSignal
  readonly onDoubt: (() => void) | undefined
  readonly nearness: Nearness
  readonly companions: Companions
  readonly onRequest: () => void
  /** Asked before the replicas. */
  readonly copy: ChosenCopy | undefined
  readonly reads: number
  /** Hears the reply that was enough. */
  readonly onEnough: (reply: ChunkReply) => void
}

/** This node's own word first, then those of the others in turns, until it is enough. */
async function readSeats(deps: ReadingDeps, hooks: ReadingHooks, one: OneRead): Promise<ReadState> {
  const { ring, clock, stopping } = deps
  const { question, seats, signal, nearness, companions, copy } = one
  const context = {
    ...deps.placement.contextOf(question, seats),
    ...(copy !== undefined && { copy: copy.member.peer }),
  }
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
  const along = companions.take(question)
  if (along !== undefined) {
    const event = await proofChecked({ kind: 'reply', reply: along.reply }, question, deps.proofs, inner)
    const said = readStep(state, context, along.peer, 0, event, clock.now())
    // What is not enough is no fault of who sent it: it has been waiting here.
    if (isEnough(said)) {
      companions.use(question)
      return said
    }
  }
  const message = messageOf(one, hooks)
  const namers = deps.digests.namers(question, seats)
  const candidates = candidatesOf(deps, one, namers)
  const among =
    deps.digests.areAhead || namers.size > 0 ? turnsOf(candidates) : turnsWithoutDigests(candidates, deps.random.below)
  const turns = copyFirst(copy?.member, among)
  await askInTurns(turns, clock, inner, {
    async ask({ peer }) {
      one.onRequest()
      const asked = peer === copy?.member.peer ? { ...message, level: copy.level } : message
      const answer = await timedRequest(deps, peer, asked, inner, nearness)
      if (answer.kind === 'reply') companions.put(question, peer, answer.reply)
      count(peer, await proofChecked(answer, question, deps.proofs, inner))
      if (namers.has(peer)) nearness.proved(peer, isEnough(state))
      if (answer.kind === 'reply' && isEnough(state)) one.onEnough(answer.reply)
    },
    lateAfter: ({ peer }) => nearness.lateAfter(peer, clock.monotonic()),
  })
  if (!isEnough(state) && (signal.aborted || stopping.aborted)) throw aborted(signal)
  return state
}

function messageOf({ question, companions, reads }: OneRead, hooks: ReadingHooks): ReadRequest {
  const from = hooks.linksFrom(question)
  const beside = besideOf(question).map(({ type }) => type)
  const used = companions.takeUsed(question)
  return {
    kind: 'read',
    question,
    ...(from !== undefined && { from }),
    ...(beside.length > 0 && { beside }),
    ...(used.length > 0 && { used }),
    ...(reads > 1 && { reads }),
  }
}

/** What was enough stands alone, or is no copy. */
function copyFrom({ accepted, other }: ReadState, reply: ChunkReply | undefined): Copy | undefined {
  if (reply?.kind !== 'entry' && reply?.kind !== 'proof') return undefined
  const expires = accepted?.expires ?? (other?.kind === 'divergent' ? other.divergence : other?.delegation)?.expires
  return expires === undefined ? undefined : { reply: { ...reply, beside: [] }, expires }
}

/** Resolves when the other read has ended, or is slow; rejects when this one is given up. */
function endOf(other: Promise<unknown>, clock: Clock, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = () => {
      cancel()
      signal.removeEventListener('abort', giveUp)
      resolve()
    }
    const giveUp = () => {
      cancel()
      reject(aborted(signal))
    }
    const cancel = clock.after(limits.COMPANION_WAIT_MS, end)
    signal.addEventListener('abort', giveUp, { once: true })
    void other.then(end)
  })
}

function candidatesOf({ ring, clock, faults }: ReadingDeps, one: OneRead, namers: ReadonlySet<PeerId>) {
  const now = clock.monotonic()
  return one.seats.others.map((replica) => ({
    replica,
    named: namers.has(replica.peer),
    doubtful: ring.isSuspect(replica.id) || faults.isAskedLast(replica.peer),
    distance: one.nearness.distanceOf(replica.peer, now),
  }))
}

/** A request whose round trip is remembered. Who is given up because another one was enough is farther than it. */
async function timedRequest(
  { clock, request, requestTimeoutMs: timeoutMs }: ReadingDeps,
  peer: PeerId,
  message: ChunkRequest,
  signal: AbortSignal,
  nearness: Nearness,
): Promise<ReplicaAnswer> {
  const asked = clock.monotonic()
  const given = () => nearness.outlasted(peer, clock.monotonic() - asked, clock.monotonic())
  signal.addEventListener('abort', given, { once: true })
  try {
    const answer = await request(peer, message, { timeoutMs, signal })
    const now = clock.monotonic()
    if (answer.kind === 'reply') nearness.heard(peer, now - asked, now)
    else if (answer.kind === 'failed') nearness.outlasted(peer, now - asked, now)
    return answer
  } finally {
    signal.removeEventListener('abort', given)
  }
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

/** Whether what this peer said may still become enough. */
function isHopeful({ replies }: ReadState, peer: PeerId): boolean {
  const kind = replies.find((reply) => reply.peer === peer)?.word.kind
  return kind === 'vote' || kind === 'certificate' || kind === 'proof'
}
