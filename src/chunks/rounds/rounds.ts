/** Runs the round machines of all questions in work: their fetches, their requests, their timers. */
import { type Cancel, type Clock, equalBytes, type Log, type PeerId, type Random } from '../../base/index.ts'
import { peerIdFromPublicKey } from '../../crypto/index.ts'
import { type Question, suffixName } from '../../dns/index.ts'
import {
  type Certificate,
  type Commitment,
  type Content,
  opens,
  roundNonce,
  verifyCommitment,
} from '../../evidence/index.ts'
import { questionKey } from '../entries/bounded-map.ts'
import { certificateContext, type ReadContext } from '../entries/examine.ts'
import { limits } from '../limits.ts'
import type { Sights } from '../observations/observations.ts'
import type { Witness } from '../observations/witness.ts'
import { type ReplicaEvent, voteFault } from '../reads/read.ts'
import { peersOf, type Seats } from '../seats/seats.ts'
import type { LiveVote } from '../types.ts'
import type { ChunkRequest, LookHow, RoundId } from '../wire/messages.ts'
import type { Rates } from '../wire/rates.ts'
import type { Ask } from '../wire/request.ts'
import type { Asks } from './demand.ts'
import {
  IDLE,
  type RoundContext,
  type RoundEffect,
  type RoundEvent,
  type RoundState,
  roundStep,
  worthSeconds,
  worthwhile,
} from './round.ts'
import type { Skew } from './skew.ts'

export interface RoundsModules {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly ask: Ask
  readonly asks: Asks
  readonly sights: Sights
  readonly witness: Witness
  readonly skew: Skew
  readonly zoneRates: Rates
  readonly admitAfter: 'auto' | number
  readonly roundTimeoutMs: number
  readonly self: PeerId
  readonly seatsOf: (question: Question) => Seats
  readonly contextOf: (question: Question, seats: Seats) => ReadContext
  readonly onAgreed: (question: Question, certificate: Certificate, outcome: Content, seats: Seats) => void
  readonly onFault: (peer: PeerId) => void
  readonly onDissent: (peers: readonly PeerId[]) => void
}

export interface Rounds {
  /** Opens a round when it pays and is this node's turn. `renewal`: it paid before. `fresh`: no earlier fetch will do. */
  want(question: Question, renewal: boolean, how?: 'known' | 'fresh'): void
  /** Whether a round would pay by what this node has seen; true when it has seen nothing. */
  pays(question: Question): boolean
  /** True while this node waits for the commitments of others. */
  keepsSecret(question: Question): boolean
  /** Another replica opened one. */
  rival(question: Question, from: PeerId, nonce: Uint8Array): void
  /** A certificate was kept. */
  settled(question: Question): void
  /** Takes one of the rounds that this question's zone may cause now. */
  admit(question: Question): boolean
  readonly opened: number
  stop(): void
}

interface Running {
  readonly question: Question
  state: RoundState
  renewal: boolean
  cancel: Cancel | undefined
  /** Commitments of the round that is open, by peer. */
  commitments: Map<PeerId, Commitment>
}

const NONCE_BYTES = 16

export function createRounds(modules: RoundsModules): Rounds {
  const { clock, random, sights } = modules
  const running = new Map<string, Running>()
  const stopping = new AbortController()
  let opened = 0

  function take(question: Question): Running | undefined {
    const key = questionKey(question)
    const found = running.get(key)
    if (found !== undefined) return found
    if (running.size >= limits.MAX_ROUNDS && !makeRoom()) return undefined
    const fresh: Running = { question, state: IDLE, renewal: false, cancel: undefined, commitments: new Map() }
    running.set(key, fresh)
    return fresh
  }

  /** Rest and remembered distrust give way to work; work does not give way. */
  function makeRoom(): boolean {
    for (const [key, one] of running) {
      if (one.state.phase !== 'idle' && one.state.phase !== 'resting') continue
      one.cancel?.()
      running.delete(key)
      return true
    }
    return false
  }

  function step(one: Running, event: RoundEvent): void {
    if (stopping.signal.aborted) return
    const seats = modules.seatsOf(one.question)
    const { state, effects } = roundStep(one.state, event, roundContext(one, seats), clock.now())
    one.state = state
    for (const effect of effects) run(one, effect, seats)
    if (one.state.phase !== 'idle') return
    one.cancel?.()
    one.renewal = false
    const { distrusted, failures } = one.state.memory
    if (distrusted.length === 0 && failures === 0) running.delete(questionKey(one.question))
  }

  function roundContext(one: Running, seats: Seats): RoundContext {
    return {
      before: peersOf(seats.before),
      others: peersOf(seats.others),
      n: seats.n,
      demand: modules.asks.demand(questionKey(one.question), clock.monotonic()),
      admitAfter: modules.admitAfter,
      renewal: one.renewal,
      roundTimeoutMs: modules.roundTimeoutMs,
      certificate: certificateContext(modules.contextOf(one.question, seats), clock.now()),
    }
  }

  function run(one: Running, effect: RoundEffect, seats: Seats): void {
    switch (effect.kind) {
      case 'probe':
        void probe(one, effect.peers)
        return
      case 'look':
        void look(one, effect, effect.how)
        return
      case 'ask':
        if (effect.attempt === 1) opened++
        one.commitments = new Map()
        for (const peer of effect.peers) void askOne(one, peer, effect, effect.how)
        return
      case 'reveal': {
        const mine = modules.witness.commit(modules.self, one.question, effect, effect.mine)
        for (const peer of effect.peers) void revealOne(one, peer, effect, [mine, ...effect.commitments])
        return
      }
      case 'agreed':
        if (effect.dissenters.length > 0) modules.onDissent(effect.dissenters.map(peerIdFromPublicKey))
        modules.onAgreed(one.question, effect.certificate, effect.outcome, seats)
        return
      case 'wake': {
        one.cancel?.()
        one.cancel = clock.after(Math.max(0, effect.at - clock.now()), () => step(one, { kind: 'tick' }))
        return
      }
      case 'gave-up':
        modules.log.debug({ reason: effect.reason, chunk: seats.chunk }, 'a round ended without agreement')
    }
  }

  /** Whether the replicas before this one have looked and think that a round does not pay. They do not say what they saw. */
  async function probe(one: Running, peers: readonly PeerId[]): Promise<void> {
    const { question } = one
    const probing = one.state
    const said = await Promise.all(
      peers.map((peer) => request(peer, { kind: 'probe', question }, limits.PROBE_TIMEOUT_MS)),
    )
    if (one.state !== probing) return
    const discouraged = said.some(
      (event) => event?.kind === 'reply' && event.reply.kind === 'worth' && !event.reply.pays,
    )
    step(one, { kind: 'probed', discouraged })
  }

  async function look(one: Running, { nonce, attempt }: RoundId, how: LookHow): Promise<void> {
    const looking = one.state
    // The further rounds of one question were paid for with the first.
    const sight = attempt > 1 || admit(one.question) ? await sights.look(one.question, how) : 'busy'
    if (typeof sight === 'object') modules.asks.learn(questionKey(one.question), worthSeconds(sight.outcome))
    if (one.state !== looking) return
    if (sight === 'busy') return step(one, { kind: 'put-off' })
    const vote = sight === undefined || sight === 'hidden' ? undefined : sights.sign(sight, roundNonce(nonce, attempt))
    step(one, { kind: 'looked', vote })
  }

  function isOpen(one: Running, phase: 'committing' | 'revealing', { nonce, attempt }: RoundId): boolean {
    const { state } = one
    return state.phase === phase && state.series.nonce === nonce && state.series.attempt === attempt
  }

  async function askOne(one: Running, peer: PeerId, id: RoundId, how: LookHow): Promise<void> {
    const { question } = one
    const askedAt = clock.now()
    const { nonce, attempt } = id
    const event = await request(peer, { kind: 'round', question, nonce, attempt, how }, limits.COMMIT_MS)
    if (!isOpen(one, 'committing', id)) return
    if (event?.kind === 'reply' && event.reply.kind === 'hidden') return step(one, { kind: 'hidden', from: peer })
    if (event?.kind === 'reply' && event.reply.kind === 'commitment') {
      const { commitment } = event.reply
      if (isCommitmentOf(commitment, peer, question, roundNonce(nonce, attempt))) {
        modules.skew.note(peer, commitment.when, askedAt)
        one.commitments.set(peer, commitment)
        return step(one, { kind: 'committed', from: peer, commitment })
      }
      modules.onFault(peer)
    } else if (event?.kind === 'malformed') modules.onFault(peer)
    step(one, { kind: 'silent', from: peer })
  }

  function isCommitmentOf(commitment: Commitment, peer: PeerId, question: Question, nonce: Uint8Array): boolean {
    const { replicas, ringId, chunk, scheme } = modules.contextOf(question, modules.seatsOf(question))
    const seat = replicas.find((replica) => replica.peer === peer)
    return (
      seat !== undefined &&
      equalBytes(seat.publicKey, commitment.observer) &&
      verifyCommitment(commitment, { ringId, chunk, question, nonce }, scheme) &&
      modules.witness.note(commitment, question, nonce)
    )
  }

  async function revealOne(one: Running, peer: PeerId, id: RoundId, commitments: readonly Commitment[]): Promise<void> {
    const { question } = one
    const { nonce, attempt } = id
    const event = await request(peer, { kind: 'reveal', question, nonce, attempt, commitments }, limits.REVEAL_MS)
    if (!isOpen(one, 'revealing', id)) return
    if (event?.kind === 'reply' && event.reply.kind === 'vote') {
      const vote = event.reply
      const fault = revealFault(one, peer, id, vote)
      if (fault === undefined) return step(one, { kind: 'voted', from: peer, vote })
      modules.log.debug({ peer, fault }, 'a vote does not count')
      modules.onFault(peer)
    } else if (event?.kind === 'malformed') modules.onFault(peer)
    step(one, { kind: 'silent', from: peer })
  }

  function revealFault(one: Running, peer: PeerId, { nonce, attempt }: RoundId, vote: LiveVote): string | undefined {
    const { observation } = vote
    if (!equalBytes(observation.nonce, roundNonce(nonce, attempt))) return 'of another round'
    const context = modules.contextOf(one.question, modules.seatsOf(one.question))
    const fault = voteFault(vote, peer, context, clock.now())
    if (fault !== undefined) return fault
    const commitment = one.commitments.get(peer)
    if (commitment !== undefined && opens(commitment, observation)) return undefined
    modules.witness.confirms({ kind: 'agreed', observations: [observation], contents: [] })
    return 'not what it committed to'
  }

  /** Undefined when this node stops. */
  async function request(peer: PeerId, body: ChunkRequest, timeoutMs: number): Promise<ReplicaEvent | undefined> {
    try {
      return await modules.ask(peer, body, { timeoutMs, signal: stopping.signal })
    } catch (error) {
      if (stopping.signal.aborted) return undefined
      throw error
    }
  }

  function admit(question: Question): boolean {
    return modules.zoneRates.take(suffixName(question.name, Math.min(2, question.name.labels)).key)
  }

  return {
    want(question, renewal, how = 'known') {
      const one = take(question)
      if (one === undefined) return
      one.renewal ||= renewal
      step(one, { kind: 'wanted', nonce: random.bytes(NONCE_BYTES), how })
    },
    rival(question, from, nonce) {
      const one = take(question)
      if (one !== undefined) step(one, { kind: 'rival', from, nonce })
    },
    pays(question) {
      const sight = sights.known(question)
      const demand = modules.asks.demand(questionKey(question), clock.monotonic())
      // It does not know better than the one that asks.
      if (sight === undefined || demand.members === 0) return true
      const { n } = modules.seatsOf(question)
      return worthwhile({ demand, n, admitAfter: modules.admitAfter, renewal: false }, sight.outcome)
    },
    keepsSecret: (question) => running.get(questionKey(question))?.state.phase === 'committing',
    settled(question) {
      const one = running.get(questionKey(question))
      if (one !== undefined) step(one, { kind: 'settled' })
    },
    admit,
    get opened() {
      return opened
    },
    stop() {
      stopping.abort()
      for (const one of running.values()) one.cancel?.()
      running.clear()
    },
  }
}
