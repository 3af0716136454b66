/** Runs the round machines of all questions in work: their fetches, their requests, their timers. */
import { type Cancel, type Clock, equalBytes, type Log, type PeerId, type Random } from '../base/index.ts'
import { type Question, suffixName } from '../dns/index.ts'
import type { Certificate, Content } from '../evidence/index.ts'
import type { Asks } from './asks.ts'
import { certificateContext, type ReadContext } from './examine.ts'
import { limits } from './limits.ts'
import type { ChunkRequest } from './messages.ts'
import type { Ask } from './peers.ts'
import type { Rates } from './rates.ts'
import { type ReplicaEvent, voteFault } from './read.ts'
import { IDLE, type RoundContext, type RoundEffect, type RoundEvent, type RoundState, roundStep } from './round.ts'
import { peersOf, type Seats } from './seats.ts'
import type { Sights } from './sights.ts'
import { questionKey } from './store.ts'

export interface RoundsModules {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly ask: Ask
  readonly asks: Asks
  readonly sights: Sights
  readonly zoneRates: Rates
  readonly admitAfter: 'auto' | number
  readonly roundTimeoutMs: number
  readonly seatsOf: (question: Question) => Seats
  readonly contextOf: (question: Question, seats: Seats) => ReadContext
  readonly onAgreed: (question: Question, certificate: Certificate, outcome: Content, seats: Seats) => void
  readonly onFault: (peer: PeerId) => void
}

export interface Rounds {
  /** Opens a round when it pays and is this node's turn. `renewal`: it paid before. */
  want(question: Question, renewal: boolean): void
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
    const fresh: Running = { question, state: IDLE, renewal: false, cancel: undefined }
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
        void probe(one, effect.peers, effect.nonce)
        return
      case 'look':
        void look(one, effect.nonce)
        return
      case 'ask':
        opened++
        for (const peer of effect.peers) void askOne(one, peer, effect.nonce)
        return
      case 'agreed':
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

  /** What the replicas before this one saw, if they looked: valid votes only. */
  async function probe(one: Running, peers: readonly PeerId[], nonce: Uint8Array): Promise<void> {
    const { question } = one
    const said = await Promise.all(
      peers.map((peer) => request(peer, { kind: 'read', question }, limits.PROBE_TIMEOUT_MS)),
    )
    if (one.state.phase !== 'probing' || one.state.nonce !== nonce) return
    const context = modules.contextOf(question, modules.seatsOf(question))
    const outcomes: Content[] = []
    for (const [i, event] of said.entries()) {
      if (event?.kind !== 'reply' || event.reply.kind !== 'vote') continue
      if (voteFault(event.reply, peers[i]!, context, clock.now()) === undefined) outcomes.push(event.reply.outcome)
    }
    step(one, { kind: 'probed', outcomes })
  }

  async function look(one: Running, nonce: Uint8Array): Promise<void> {
    const sight = admit(one.question) ? await sights.look(one.question) : 'busy'
    if (one.state.phase !== 'looking' || one.state.nonce !== nonce) return
    if (sight === 'busy') return step(one, { kind: 'put-off' })
    step(one, { kind: 'looked', vote: sight === undefined ? undefined : sights.sign(sight, nonce) })
  }

  async function askOne(one: Running, peer: PeerId, nonce: Uint8Array): Promise<void> {
    const event = await request(peer, { kind: 'round', question: one.question, nonce }, modules.roundTimeoutMs)
    if (one.state.phase !== 'asking' || one.state.nonce !== nonce) return
    if (event?.kind === 'reply' && event.reply.kind === 'vote') {
      const vote = event.reply
      const context = modules.contextOf(one.question, modules.seatsOf(one.question))
      const stale = equalBytes(vote.observation.nonce, nonce) ? undefined : 'of another round'
      const fault = stale ?? voteFault(vote, peer, context, clock.now())
      if (fault === undefined) return step(one, { kind: 'voted', from: peer, vote })
      modules.log.debug({ peer, fault }, 'a vote does not count')
      modules.onFault(peer)
    } else if (event?.kind === 'malformed') modules.onFault(peer)
    step(one, { kind: 'silent', from: peer })
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
    want(question, renewal) {
      const one = take(question)
      if (one === undefined) return
      one.renewal ||= renewal
      step(one, { kind: 'wanted', nonce: random.bytes(NONCE_BYTES) })
    },
    rival(question, from, nonce) {
      const one = take(question)
      if (one !== undefined) step(one, { kind: 'rival', from, nonce })
    },
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
