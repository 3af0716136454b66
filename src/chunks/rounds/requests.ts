/** What the opener of a round requests of the other replicas, and what their replies mean to its machine. */
import { type Clock, equalBytes, type Log, type PeerId } from '../../base/index.ts'
import type { SignatureScheme } from '../../crypto/index.ts'
import type { Question } from '../../dns/index.ts'
import { type Commitment, opens, roundNonce, verifyCommitment } from '../../evidence/index.ts'
import { limits } from '../limits.ts'
import type { SeenCommitments } from '../observations/seen-commitments.ts'
import { voteFault } from '../observations/vote.ts'
import type { Placement } from '../seats/placement.ts'
import type { Faults } from '../wire/faults.ts'
import type { ChunkRequest, LiveVote, ObserveHow, ReplicaAnswer, RoundId } from '../wire/messages.ts'
import type { SendRequest } from '../wire/request.ts'
import type { Event, PhaseName, RoundEvent } from './machine/round-state.ts'
import type { RoundMachine } from './machine-table.ts'
import type { Skew } from './skew.ts'

export interface RoundRequestsDeps {
  readonly clock: Clock
  readonly log: Log
  readonly request: SendRequest
  readonly placement: Placement
  readonly scheme: SignatureScheme
  readonly commitments: SeenCommitments
  readonly faults: Faults
  readonly skew: Skew
  readonly stopping: AbortSignal
}

/** The reply came when its round was not in that phase any more. */
export interface Late {
  readonly kind: 'late'
  readonly event: RoundEvent['kind']
  readonly expected: readonly PhaseName[]
}

export interface RoundRequests {
  /** Whether one of these replicas has observed and thinks that a round does not pay. They do not say what they saw. */
  probe(question: Question, peers: readonly PeerId[]): Promise<Event<'probed'>>
  /** Opens the round at one replica, which commits to what it sees. */
  commitment(
    machine: RoundMachine,
    peer: PeerId,
    id: RoundId,
    how: ObserveHow,
  ): Promise<Event<'committed' | 'hidden' | 'silent' | 'busy'> | Late>
  /** Shows one replica the commitments, upon which it reveals what it saw. */
  reveal(
    machine: RoundMachine,
    peer: PeerId,
    id: RoundId,
    commitments: readonly Commitment[],
  ): Promise<Event<'voted' | 'silent'> | Late>
}

/** All reject only when this node stops. */
export function createRoundRequests(deps: RoundRequestsDeps): RoundRequests {
  const { clock, log, faults } = deps

  function request(peer: PeerId, message: ChunkRequest, timeoutMs: number): Promise<ReplicaAnswer> {
    return deps.request(peer, message, { timeoutMs, signal: deps.stopping })
  }

  async function probe(question: Question, peers: readonly PeerId[]): Promise<Event<'probed'>> {
    const message = { kind: 'probe', question } as const
    const answers = await Promise.all(peers.map((peer) => request(peer, message, limits.PROBE_TIMEOUT_MS)))
    const discouraged = answers.some(
      (answer) => answer.kind === 'reply' && answer.reply.kind === 'worth' && !answer.reply.pays,
    )
    return { kind: 'probed', discouraged }
  }

  const commitment: RoundRequests['commitment'] = async (machine, peer, { nonce, attempt }, how) => {
    const { question } = machine
    const requestedAt = clock.now()
    const awaited = machine.isAwaited ? { isAwaited: true } : {}
    const answer = await request(peer, { kind: 'round', question, nonce, attempt, how, ...awaited }, limits.COMMIT_MS)
    if (!machine.isIn('committing', { nonce, attempt }))
      return { kind: 'late', event: 'committed', expected: ['committing'] }
    if (answer.kind === 'reply' && answer.reply.kind === 'hidden') return { kind: 'hidden', from: peer }
    if (answer.kind === 'reply' && answer.reply.kind === 'busy') return { kind: 'busy', from: peer }
    if (answer.kind === 'reply' && answer.reply.kind === 'commitment') {
      const said = answer.reply.commitment
      if (isCommitmentOf(deps, said, peer, question, roundNonce(nonce, attempt))) {
        deps.skew.measure(peer, said.when, requestedAt)
        machine.commitments.set(peer, said)
        return { kind: 'committed', from: peer, commitment: said }
      }
      faults.add(peer)
    } else if (answer.kind === 'malformed') faults.add(peer)
    return { kind: 'silent', from: peer }
  }

  const reveal: RoundRequests['reveal'] = async (machine, peer, { nonce, attempt }, shown) => {
    const { question } = machine
    const message = { kind: 'reveal', question, nonce, attempt, commitments: shown } as const
    const answer = await request(peer, message, limits.REVEAL_MS)
    if (!machine.isIn('revealing', { nonce, attempt })) return { kind: 'late', event: 'voted', expected: ['revealing'] }
    if (answer.kind === 'reply' && answer.reply.kind === 'vote') {
      const vote = answer.reply
      const fault = revealFault(deps, machine, peer, roundNonce(nonce, attempt), vote)
      if (fault === undefined) return { kind: 'voted', from: peer, vote }
      log.debug({ peer, fault }, 'a vote does not count')
      faults.add(peer)
    } else if (answer.kind === 'malformed') faults.add(peer)
    return { kind: 'silent', from: peer }
  }

  return { probe, commitment, reveal }
}

/** Whether it is what it claims: of this replica, for this round, its only one. */
function isCommitmentOf(
  { placement, commitments, scheme }: RoundRequestsDeps,
  said: Commitment,
  peer: PeerId,
  question: Question,
  nonce: Uint8Array,
): boolean {
  const { replicas, ringId, chunk } = placement.contextOf(question, placement.seatsOf(question))
  const replica = replicas.find((one) => one.peer === peer)
  return (
    replica !== undefined &&
    equalBytes(replica.publicKey, said.observer) &&
    verifyCommitment(said, { ringId, chunk, question, nonce }, scheme) &&
    commitments.accept(said, question, nonce)
  )
}

/** What is wrong with a vote that was revealed, or undefined when it counts. */
function revealFault(
  { placement, commitments, clock, scheme }: RoundRequestsDeps,
  machine: RoundMachine,
  peer: PeerId,
  nonce: Uint8Array,
  vote: LiveVote,
): string | undefined {
  const { observation } = vote
  if (!equalBytes(observation.nonce, nonce)) return 'of another round'
  const context = { ...placement.contextOf(machine.question, placement.seatsOf(machine.question)), scheme }
  const fault = voteFault(vote, peer, context, clock.now())
  if (fault !== undefined) return fault
  const before = machine.commitments.get(peer)
  if (before !== undefined && opens(before, observation)) return undefined
  // It is kept as evidence against its signer.
  commitments.confirms({ kind: 'agreed', observations: [observation], contents: [] })
  return 'not what it committed to'
}
