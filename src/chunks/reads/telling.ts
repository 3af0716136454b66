/** Telling the replicas of a question that somebody asked it (and, where it is signed, what the answer is): demand is theirs to count. */
import type { Clock, PeerId, Work } from '../../base/index.ts'
import type { Question } from '../../dns/index.ts'
import { encodeOutcome, isSmallEnough, type Outcome, outcomeTtl, quorum, type Security } from '../../evidence/index.ts'
import type { Ring } from '../../ring/index.ts'
import type { Digests } from '../digests/digests.ts'
import { tagOf } from '../entries/order.ts'
import type { ProofSource } from '../entries/proof-checks.ts'
import type { Proofs } from '../entries/proofs.ts'
import { shortened } from '../entries/shortened.ts'
import { limits } from '../limits.ts'
import type { SeenElsewhere } from '../rounds/on-demand.ts'
import { holdsPrivateAddress } from '../seats/place.ts'
import type { Placement } from '../seats/placement.ts'
import type { Seats } from '../seats/seats.ts'
import { questionKey } from '../wire/question-key.ts'
import type { SendRequest } from '../wire/request.ts'
import { createLaterTells, type Tell } from './later-tells.ts'
import { createTellRates } from './tell-rates.ts'

export interface TellingDeps {
  readonly ring: Ring
  readonly clock: Clock
  /** Whoever tells a question has an answer to give first. */
  readonly work: Pick<Work, 'whenFree'>
  readonly request: SendRequest
  readonly placement: Placement
  readonly proofs: Proofs
  readonly digests: Pick<Digests, 'namers'>
  /** Undefined: this node does not validate. */
  readonly source: Pick<ProofSource, 'links'> | undefined
  readonly stopping: AbortSignal
  readonly options: {
    /** Whether this node shares at all. */
    readonly share: boolean
    /** A number: somebody waits for the round that the tell is for. */
    readonly admitAfter: 'auto' | number
  }
}

export interface TellingHooks {
  /** This node is a replica itself, and had to fetch the answer. */
  readonly onAsked: (peer: PeerId, question: Question, seats: Seats, seen: SeenElsewhere) => void
  /** Runs work whose failure is to be logged. */
  readonly inBackground: (work: Promise<unknown>) => void
}

export interface TellWhy {
  /** The zone says that it has changed, and this is not what was seen before. */
  readonly isChanged?: boolean
  /** A stub waits for what the replicas agree on. */
  readonly isAwaited?: boolean
}

export interface Telling {
  tell(question: Question, outcome?: Outcome, security?: Security, why?: TellWhy): void
  /** This replica has fetched what is signed and asked for, before it ends: the others get it, and nobody counts it as demand. */
  refresh(question: Question, outcome: Outcome): void
  /** Whether this node told the question a while ago: what was agreed on it is its business. */
  hasTold(question: Question): boolean
  /** Whether the replicas will agree on the question because one member asks for it. */
  expectsRound(question: Question): boolean
  sent(): number
}

export function createTelling(deps: TellingDeps, hooks: TellingHooks): Telling {
  const { ring, clock, placement, proofs, source, stopping } = deps
  const rates = createTellRates(clock)
  const later = createLaterTells(clock, tellAgain)
  const toldAt = new Map<string, number>()
  let sent = 0
  let inFlight = 0

  function expectsRound(question: Question): boolean {
    const { share, admitAfter } = deps.options
    if (!share || admitAfter !== 1 || !placement.mayShare(question)) return false
    const seats = placement.seatsOf(question)
    return seats.members.length >= quorum(seats.n) && seats.n > 1
  }

  function tell(question: Question, outcome?: Outcome, security?: Security, why: TellWhy = {}): void {
    if (!deps.options.share || !placement.mayShare(question) || stopping.aborted) return
    if (outcome !== undefined && (holdsPrivateAddress(outcome) || !isSmallEnough(outcome))) return
    const seats = placement.seatsOf(question)
    if (seats.others.length === 0) return
    remember(questionKey(question))
    const proof = security === 'secure' && outcome !== undefined ? toldProof(outcome) : undefined
    const tag = outcome === undefined || security === 'secure' ? undefined : tagOf(question, outcome)
    const isChanged = why.isChanged === true && proof === undefined
    const isAwaited = why.isAwaited === true && proof === undefined && expectsRound(question)
    if (seats.mine) {
      if (proof !== undefined) keep(question, proof)
      hooks.onAsked(ring.self.peer, question, seats, { tag, isAwaited })
    }
    // Nothing of the answer leaves this node where no digest says that the replicas have one to compare it with.
    const told = tag !== undefined && deps.digests.namers(question, seats).size > 0 ? { tag } : {}
    const reasons = { ...(isChanged && { isChanged }), ...(isAwaited && { isAwaited }) }
    const message = { kind: 'tell', question, ...proven(question, proof), ...told, ...reasons } as const
    if (isAwaited) send(seats, message, limits.AWAITED_TELLS)
    else if (proof === undefined || deps.options.admitAfter !== 'auto') send(seats, message)
    else {
      if (!seats.mine) send(seats, message, 1)
      later.add(message)
    }
  }

  function refresh(question: Question, outcome: Outcome): void {
    const proof = isSmallEnough(outcome) ? toldProof(outcome) : undefined
    if (!deps.options.share || proof === undefined || holdsPrivateAddress(outcome)) return
    keep(question, proof)
    const seats = placement.seatsOf(question)
    send(seats, { kind: 'tell', question, ...proven(question, proof), isRefresh: true })
  }

  /** One replica was told a while ago, or this node is one. */
  function tellAgain(message: Tell): void {
    const { question } = message
    const seats = placement.seatsOf(question)
    const isHeld = (seats.mine && proofs.has(question)) || deps.digests.namers(question, seats).size > 0
    if (isHeld || stopping.aborted || message.proof === undefined) return
    const seconds = outcomeTtl(message.proof) - limits.TELL_AGAIN_MS / 1_000
    if (seconds < limits.MIN_SHARED_TTL_SECONDS) return
    send(seats, { ...message, proof: shortened(message.proof, seconds) })
  }

  function keep(question: Question, proof: Outcome): void {
    proofs.keep({ question, outcome: proof, expires: clock.now() + outcomeTtl(proof) * 1_000 })
  }

  /** With what it takes to verify it: the replicas must not have to ask for what this node has asked for just now. */
  function proven(question: Question, proof: Outcome | undefined) {
    if (proof === undefined) return {}
    const links = source?.links(question, FROM_ROOT)
    return links === undefined ? { proof } : { proof, links }
  }

  /**
   * The first live replica counts the demand and opens the round. The others open one only if it does not, or keep what is signed for
   * later: they are told with whatever else goes to them, unless they hold something that may have changed. `most`: so many are told, whoever
   * may be told now.
   */
  function send(seats: Seats, message: Tell, most = seats.others.length): void {
    const concernsAll = message.tag !== undefined || message.isChanged === true
    const isAwaited = message.isAwaited === true
    const isUrgent = concernsAll || isAwaited || deps.options.admitAfter !== 'auto'
    let isFirst = !seats.mine || seats.before.length > 0
    let told = 0
    for (const { peer, id } of seats.others) {
      if (told >= most) return
      if (ring.isSuspect(id) || inFlight >= limits.MAX_TELLS_IN_FLIGHT || !rates(isAwaited).spend(peer)) continue
      inFlight++
      sent++
      told++
      const patienceMs = isFirst && isAwaited ? 0 : patienceOf(isFirst || isAwaited || concernsAll, isUrgent)
      isFirst = false
      const telling = deps.request(peer, message, {
        timeoutMs: limits.TELL_TIMEOUT_MS,
        signal: stopping,
        patienceMs,
      })
      hooks.inBackground(telling.finally(() => inFlight--))
    }
  }

  function remember(key: string): void {
    toldAt.delete(key)
    toldAt.set(key, clock.monotonic())
    if (toldAt.size > limits.MAX_TOLD) toldAt.delete(toldAt.keys().next().value!)
  }

  function hasTold(question: Question): boolean {
    const at = toldAt.get(questionKey(question))
    return at !== undefined && clock.monotonic() - at < limits.TOLD_MS
  }

  stopping.addEventListener('abort', () => later.stop(), { once: true })
  return {
    tell(...told) {
      // Where a stub waits for what comes of it, it is a part of the answer.
      if (told[3]?.isAwaited === true) tell(...told)
      else deps.work.whenFree('tell', () => tell(...told))
    },
    refresh,
    hasTold,
    expectsRound,
    sent: () => sent,
  }
}

function patienceOf(isForIt: boolean, isUrgent: boolean): number {
  const { TELL_SOON_MS, TELL_PATIENCE_MS, TELL_OTHERS_PATIENCE_MS } = limits
  if (isForIt) return isUrgent ? TELL_SOON_MS : TELL_PATIENCE_MS
  return isUrgent ? TELL_PATIENCE_MS : TELL_OTHERS_PATIENCE_MS
}

/** Labels of the first zone whose links go along: a replica that nobody has asked yet knows not even the root's keys. */
const FROM_ROOT = 0

/** The proof, if it is small enough to be told; larger ones are sent to those who ask for them. */
function toldProof(outcome: Outcome): Outcome | undefined {
  return encodeOutcome(outcome).length <= limits.MAX_TOLD_PROOF_BYTES ? outcome : undefined
}
