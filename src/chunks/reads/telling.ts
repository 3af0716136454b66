/** Telling the replicas of a question that somebody asked it (and, where it is signed, what the answer is): demand is theirs to count. */
import type { Clock, PeerId } from '../../base/index.ts'
import type { Question } from '../../dns/index.ts'
import { encodeOutcome, type Outcome, outcomeTtl, type Security } from '../../evidence/index.ts'
import type { Ring } from '../../ring/index.ts'
import type { Proofs } from '../entries/proofs.ts'
import { limits } from '../limits.ts'
import { holdsPrivateAddress } from '../seats/place.ts'
import type { Seats } from '../seats/seats.ts'
import type { ChunkRequest } from '../wire/messages.ts'
import type { Rates } from '../wire/rates.ts'
import type { Ask } from '../wire/request.ts'

export interface TellingModules {
  readonly ring: Ring
  readonly clock: Clock
  readonly ask: Ask
  readonly rates: Rates
  readonly proofs: Proofs
  readonly stopping: AbortSignal
  /** Whether this node shares at all. */
  readonly share: boolean
  readonly shared: (question: Question) => boolean
  readonly seatsOf: (question: Question) => Seats
  /** This node is a replica itself, and has been asked. */
  readonly noteAsk: (peer: PeerId, question: Question, seats: Seats) => void
  readonly inBackground: (work: Promise<unknown>) => void
}

export interface Telling {
  tell(question: Question, outcome?: Outcome, security?: Security): void
  sent(): number
}

export function createTelling(modules: TellingModules): Telling {
  const { ring, clock, proofs, stopping } = modules
  let sent = 0
  let inFlight = 0

  function tell(question: Question, outcome?: Outcome, security?: Security): void {
    if (!modules.share || !modules.shared(question) || stopping.aborted) return
    if (outcome !== undefined && holdsPrivateAddress(outcome)) return
    const seats = modules.seatsOf(question)
    if (seats.others.length === 0) return
    const proof = security === 'secure' && outcome !== undefined ? toldProof(outcome) : undefined
    if (seats.mine) {
      if (proof !== undefined)
        proofs.keep({ question, outcome: proof, expires: clock.now() + outcomeTtl(proof) * 1_000 })
      modules.noteAsk(ring.self.peer, question, seats)
    }
    const request: ChunkRequest = { kind: 'tell', question, ...(proof !== undefined && { proof }) }
    for (const { peer, id } of seats.others) {
      if (ring.isSuspect(id) || inFlight >= limits.MAX_TELLS_IN_FLIGHT || !modules.rates.take(peer)) continue
      inFlight++
      sent++
      const telling = modules.ask(peer, request, { timeoutMs: limits.TELL_TIMEOUT_MS, signal: stopping })
      modules.inBackground(telling.finally(() => inFlight--))
    }
  }

  return { tell, sent: () => sent }
}

/** Small enough to be told, and signed at all: the rest is left to be asked for. */
function toldProof(outcome: Outcome): Outcome | undefined {
  return encodeOutcome(outcome).length <= limits.MAX_TOLD_PROOF_BYTES ? outcome : undefined
}
