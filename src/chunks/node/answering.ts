/** What this node says to its peers: each request is answered from what it holds and saw, within the rates of one peer. */
import type { Clock, Log, PeerId } from '../../base/index.ts'
import type { Question } from '../../dns/index.ts'
import { type Certificate, type Content, type Outcome, roundNonce } from '../../evidence/index.ts'
import type { Ring } from '../../ring/index.ts'
import { questionKey } from '../entries/bounded-map.ts'
import type { EntryStore } from '../entries/entry-store.ts'
import { examine, type ReadContext } from '../entries/examine.ts'
import type { Proofs } from '../entries/proofs.ts'
import { limits } from '../limits.ts'
import type { Sights } from '../observations/observations.ts'
import type { Witness } from '../observations/witness.ts'
import type { Asks } from '../rounds/demand.ts'
import type { Rounds } from '../rounds/rounds.ts'
import { peersOf, type Seats } from '../seats/seats.ts'
import type { ChunkEntry, ChunksOptions, ProofSource } from '../types.ts'
import type { ChunkReply, ChunkRequest } from '../wire/messages.ts'
import type { Rates } from '../wire/rates.ts'

export interface AnsweringParts {
  readonly ring: Pick<Ring, 'memberByPeer'>
  readonly clock: Clock
  readonly log: Log
  readonly options: Pick<ChunksOptions, 'acceptFrom'>
  /** Undefined: this node does not validate. */
  readonly source: ProofSource | undefined
  readonly rate: (perSecond: number) => Rates
  readonly asks: Asks
  readonly sights: Sights
  readonly witness: Witness
  readonly rounds: Rounds
  readonly proofs: Proofs
  readonly store: EntryStore
  readonly seatsOf: (question: Question) => Seats
  readonly contextOf: (question: Question, seats: Seats) => ReadContext
  readonly shared: (question: Question) => boolean
  readonly ownWord: (question: Question) => ChunkReply
  readonly current: (entry: ChunkEntry, seats: Seats) => boolean
  readonly keep: (entry: ChunkEntry, seats: Seats) => void
  readonly noteAsk: (peer: PeerId, question: Question, seats: Seats) => void
  readonly fault: (peer: PeerId) => void
  readonly inBackground: (work: Promise<unknown>) => void
  readonly onTold: () => void
}

export interface Answering {
  answer(from: PeerId, request: ChunkRequest): Promise<ChunkReply>
  /** A peer, or this node itself, read an entry. */
  noteRead(from: PeerId, question: Question): void
}

export function createAnswering(parts: AnsweringParts): Answering {
  const { ring, clock, log, options, source, asks, sights, witness, rounds, proofs, store } = parts
  const tellsFrom = parts.rate(limits.TELLS_PER_SECOND)
  const roundsFrom = parts.rate(limits.ROUND_REQUESTS_PER_SECOND)
  const certifiesFrom = parts.rate(limits.CERTIFIES_PER_SECOND)

  async function answer(from: PeerId, request: ChunkRequest): Promise<ChunkReply> {
    const { question } = request
    // A question that belongs to one network is no business of a peer, whatever it asks for.
    if (!parts.shared(question)) return { kind: 'unknown' }
    const seats = parts.seatsOf(question)
    switch (request.kind) {
      case 'read':
        return withLinks(answerRead(from, question, seats), question, request.from)
      case 'tell': {
        if (!seats.mine) return notMine(seats)
        if (ring.memberByPeer(from) === undefined || !tellsFrom.take(from)) return { kind: 'busy' }
        parts.onTold()
        if (request.proof === undefined) parts.noteAsk(from, question, seats)
        else
          parts.inBackground(takeProof(from, question, request.proof).then(() => parts.noteAsk(from, question, seats)))
        return { kind: 'ack' }
      }
      case 'round':
        return answerRound(from, request, seats)
      case 'reveal':
        return isFellow(from, seats)
          ? witness.reveal(from, request, request.commitments, parts.contextOf(question, seats))
          : notMine(seats)
      case 'probe':
        return isFellow(from, seats) ? { kind: 'worth', pays: rounds.pays(question) } : notMine(seats)
      case 'certify': {
        if (!seats.mine) return notMine(seats)
        return takeCertificate(from, request.certificate, request.outcome, question, seats)
      }
    }
  }

  function answerRead(from: PeerId, question: Question, seats: Seats): ChunkReply {
    const word = parts.ownWord(question)
    if (word.kind === 'entry' && ring.memberByPeer(from) !== undefined) noteRead(from, question)
    // Who votes on the same question must look for itself, not copy (in rings that count votes).
    if (word.kind === 'vote' && isFellow(from, seats) && options.acceptFrom === 'majority') return { kind: 'unknown' }
    return word.kind === 'unknown' && !seats.mine ? notMine(seats) : word
  }

  /** With what the asker lacks to check it: its zones' keys, and the parents' word on them. */
  function withLinks(reply: ChunkReply, question: Question, from: number | undefined): ChunkReply {
    if (from === undefined || source === undefined) return reply
    if (reply.kind !== 'entry' && reply.kind !== 'vote' && reply.kind !== 'proof') return reply
    return { ...reply, links: source.links(question, from) }
  }

  async function takeProof(from: PeerId, question: Question, outcome: Outcome): Promise<void> {
    if ((await proofs.take(question, outcome)) !== 'bogus') return
    parts.fault(from)
    log.debug({ peer: from }, 'a proof was refused')
  }

  /** Asked for near its end: it is observed anew, if that pays, before anybody has to wait for it. */
  function noteRead(from: PeerId, question: Question): void {
    asks.note(questionKey(question), from, clock.monotonic())
    const entry = store.get(question, clock.now())
    if (entry === undefined) return
    const life = entry.expires - entry.seen
    if (entry.expires - clock.now() < life * limits.RENEW_PART) rounds.want(question, false, 'fresh')
  }

  function isFellow(peer: PeerId, seats: Seats): boolean {
    return seats.mine && seats.members.some((member) => member.peer === peer)
  }

  async function answerRound(
    from: PeerId,
    { question, nonce, attempt, how }: Extract<ChunkRequest, { kind: 'round' }>,
    seats: Seats,
  ): Promise<ChunkReply> {
    if (!isFellow(from, seats)) return notMine(seats)
    if (!roundsFrom.take(from)) return { kind: 'busy' }
    const known = how === 'known' ? sights.known(question) : undefined
    if (known === undefined && !rounds.admit(question)) return { kind: 'busy' }
    rounds.rival(question, from, nonce)
    const sight = known ?? (await sights.look(question, how))
    if (sight === 'busy' || sight === 'hidden') return { kind: sight }
    if (sight === undefined) return { kind: 'unknown' }
    const vote = sights.sign(sight, roundNonce(nonce, attempt))
    return { kind: 'commitment', commitment: witness.commit(from, question, { nonce, attempt }, vote) }
  }

  function takeCertificate(
    from: PeerId,
    certificate: Certificate,
    outcome: Content,
    question: Question,
    seats: Seats,
  ): ChunkReply {
    if (!certifiesFrom.take(from)) return { kind: 'busy' }
    const examined = examine(certificate, outcome, parts.contextOf(question, seats), clock.now())
    if (!examined.ok) {
      parts.fault(from)
      log.debug({ peer: from, reason: examined.reason }, 'a certificate was refused')
      return { kind: 'unknown' }
    }
    if (!witness.confirms(examined.entry.certificate)) {
      parts.fault(from)
      return { kind: 'unknown' }
    }
    const held = store.get(question, clock.now())
    const better = held === undefined || held.seen < examined.entry.seen || !parts.current(held, seats)
    if (better) parts.keep(examined.entry, seats)
    return { kind: 'ack' }
  }

  return { answer, noteRead }
}

function notMine(seats: Seats): ChunkReply {
  return { kind: 'not-mine', believes: peersOf(seats.members) }
}
