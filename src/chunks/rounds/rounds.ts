/** The round machines of all questions in work, and what each is told. */
import type { PeerId, Random } from '../../base/index.ts'
import { peerIdFromPublicKey, type SignatureScheme } from '../../crypto/index.ts'
import type { Question } from '../../dns/index.ts'
import type { Certificate, Content } from '../../evidence/index.ts'
import type { Ring } from '../../ring/index.ts'
import { certificateContext } from '../seats/context.ts'
import { peersOf, type Seats } from '../seats/seats.ts'
import { questionKey } from '../wire/question-key.ts'
import { createEffects, type EffectsDeps } from './effects.ts'
import { type Demand, isTooLittle } from './machine/demand.ts'
import { roundStep } from './machine/round.ts'
import type { Ignored, RoundContext, RoundEffect, RoundEvent } from './machine/round-state.ts'
import { fetchedBy } from './machine/worth.ts'
import { MachineTable, type RoundMachine } from './machine-table.ts'

export interface RoundsDeps extends EffectsDeps {
  readonly ring: Pick<Ring, 'members' | 'self'>
  readonly random: Random
  readonly scheme: SignatureScheme
  readonly demand: Demand
  readonly options: RoundsOptions
}

export interface RoundsOptions {
  readonly admitAfter: 'auto' | number
  readonly roundTimeoutMs: number
}

/** A round of this node ended with a certificate. */
export interface RoundAgreed {
  readonly question: Question
  readonly certificate: Certificate
  readonly outcome: Content
  /** As they were at the last step. */
  readonly seats: Seats
  /** Replicas that saw something else in the last round. */
  readonly dissenters: readonly PeerId[]
  /** A stub waits for it. */
  readonly isAwaited: boolean
}

export interface RoundsHooks {
  /** Called when the machine's step has ended, so that it may tell this and other machines what it likes. */
  readonly onAgreed: (agreed: RoundAgreed) => void
}

export interface Rounds {
  /**
   * Opens a round when it pays and is this node's turn, as soon as there is CPU to spare. `renewal`: it paid before. `fresh`: no earlier
   * fetch will do. `isAwaited`: a stub waits for what is agreed, so that it goes first.
   */
  want(question: Question, renewal: boolean, how?: 'known' | 'fresh', isAwaited?: boolean): void
  /** Another replica opened one. */
  rival(question: Question, from: PeerId, nonce: Uint8Array): void
  /** A certificate was taken in, or a proof. */
  settled(question: Question): void
  /** True while this node waits for the commitments of others. */
  keepsSecret(question: Question): boolean
  stats(): RoundsStats
  stop(): void
}

export interface RoundsStats {
  /** Rounds that were opened. */
  readonly rounds: number
  /** Events and replies that came when a round was in another phase than they belong to. */
  readonly outOfPhase: number
}

const NONCE_BYTES = 16

export function createRounds(deps: RoundsDeps, hooks: RoundsHooks): Rounds {
  const { clock, random, placement } = deps
  const machines = new MachineTable()
  const counts = { rounds: 0, outOfPhase: 0 }
  const run = createEffects(deps, { step, outOfPhase })
  let isStepping = false

  function step(machine: RoundMachine, event: RoundEvent): void {
    if (deps.stopping.aborted) return
    if (isStepping) throw new Error(`a round was told '${event.kind}' from inside the effects of a step`)
    const seats = placement.seatsOf(machine.question)
    const { state, effects } = roundStep(machine.state, event, roundContext(machine, seats, deps), clock.now())
    machine.state = state
    count(machine)
    isStepping = true
    try {
      for (const effect of effects) run(machine, effect)
    } finally {
      isStepping = false
    }
    const { isRenewal, isAwaited } = machine
    if (state.phase === 'idle') machines.release(machine)
    for (const effect of effects) {
      if (effect.kind === 'open' && effect.attempt === 1) counts.rounds++
      if (effect.kind === 'want-again') want(machine.question, isRenewal, 'known')
      if (effect.kind === 'agreed') hooks.onAgreed({ ...roundAgreed(machine, effect, seats), isAwaited })
    }
  }

  /** A round in work has its place among what this node does beside answering; one that waits for a place may not need it any more. */
  function count(machine: RoundMachine): void {
    const { phase } = machine.state
    if (phase !== 'queued') {
      machine.unqueue?.()
      machine.unqueue = undefined
    }
    const isInWork = phase === 'observing' || phase === 'committing' || phase === 'revealing'
    if (isInWork) machine.leave ??= deps.work.enter(machine.isAwaited ? 'awaited' : 'round')
    else {
      machine.leave?.()
      machine.leave = undefined
    }
  }

  function outOfPhase({ state }: RoundMachine, { event, expected }: Omit<Ignored, 'kind' | 'phase'>): void {
    counts.outOfPhase++
    deps.log.debug({ event, phase: state.phase, expected }, 'a round was told something in the wrong phase')
  }

  function want(question: Question, renewal: boolean, how: 'known' | 'fresh' = 'known', isAwaited = false): void {
    if (!renewal && machines.get(question) === undefined && isTooLittleFor(question)) return
    const machine = machines.getOrAdd(question)
    if (machine === undefined) return
    machine.isRenewal ||= renewal
    machine.isAwaited ||= isAwaited
    step(machine, { kind: 'wanted', nonce: random.bytes(NONCE_BYTES), how })
    if (isAwaited && machine.state.phase === 'queued' && deps.work.isFree('awaited')) step(machine, { kind: 'free' })
  }

  /** Most questions are asked once: they need no machine to find that out. */
  function isTooLittleFor(question: Question): boolean {
    return isTooLittle(deps.demand.of(questionKey(question), deps.clock.monotonic()), deps.options.admitAfter)
  }

  return {
    want,
    rival(question, from, nonce) {
      const machine = machines.getOrAdd(question)
      if (machine !== undefined) step(machine, { kind: 'rival', from, nonce })
    },
    settled(question) {
      const machine = machines.get(question)
      if (machine !== undefined) step(machine, { kind: 'settled' })
    },
    keepsSecret: (question) => machines.get(question)?.state.phase === 'committing',
    stats: () => ({ ...counts }),
    stop: () => machines.clear(),
  }
}

function roundContext({ question, isRenewal, isAwaited }: RoundMachine, seats: Seats, deps: RoundsDeps): RoundContext {
  const { clock, placement, options, work } = deps
  const demand = deps.demand.of(questionKey(question), clock.monotonic())
  return {
    before: peersOf(seats.before),
    others: peersOf(seats.others),
    n: seats.n,
    ringSize: deps.ring.members().length,
    fetched: fetchedBy(seats, demand),
    hasFetched: demand.peers.has(deps.ring.self.peer),
    demand,
    admitAfter: options.admitAfter,
    renewal: isRenewal,
    roundTimeoutMs: options.roundTimeoutMs,
    mustQueue: !(isAwaited && work.isFree('awaited')) && !work.isFree('round'),
    certificate: certificateContext({ ...placement.contextOf(question, seats), scheme: deps.scheme }, clock.now()),
  }
}

function roundAgreed(
  { question }: RoundMachine,
  { certificate, outcome, dissenters }: Extract<RoundEffect, { kind: 'agreed' }>,
  seats: Seats,
): Omit<RoundAgreed, 'isAwaited'> {
  return { question, certificate, outcome, seats, dissenters: dissenters.map(peerIdFromPublicKey) }
}
