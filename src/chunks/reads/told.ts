/** What this node does when a member tells it that it had to fetch an answer. */
import type { Clock, Log, PeerId, Work } from '../../base/index.ts'
import type { Question } from '../../dns/index.ts'
import type { Outcome, ProofLink } from '../../evidence/index.ts'
import type { Ring } from '../../ring/index.ts'
import type { Proofs } from '../entries/proofs.ts'
import type { OnDemand } from '../rounds/on-demand.ts'
import type { Seats } from '../seats/seats.ts'
import type { Faults } from '../wire/faults.ts'
import type { ChunkReply } from '../wire/messages.ts'
import { createTellRates } from './tell-rates.ts'

export interface ToldDeps {
  readonly ring: Pick<Ring, 'memberByPeer'>
  readonly clock: Clock
  readonly log: Log
  /** The teller does not wait for what comes of it. */
  readonly work: Pick<Work, 'whenFree'>
  readonly onDemand: Pick<OnDemand, 'missing'>
  readonly proofs: Pick<Proofs, 'offer'>
  readonly faults: Faults
}

export interface ToldHooks {
  /** Runs work whose failure is to be logged. */
  readonly inBackground: (work: Promise<unknown>) => void
}

/** What a member tells. */
export interface ToldQuestion {
  readonly question: Question
  /** The answer, if it is signed. */
  readonly proof?: Outcome
  /** What it takes to verify it. */
  readonly links?: readonly ProofLink[]
  /** Of what the teller saw, where it is not signed. */
  readonly tag?: number
  /** Nobody has asked for it. */
  readonly isRefresh?: boolean
  /** Its zone says that it has changed. */
  readonly isChanged?: boolean
  /** A stub waits for what is agreed. */
  readonly isAwaited?: boolean
}

export interface Told {
  /** This node must be a replica. */
  answer(from: PeerId, told: ToldQuestion, seats: Seats): ChunkReply
  received(): number
}

export function createTold(
  { ring, clock, log, work, onDemand, proofs, faults }: ToldDeps,
  { inBackground }: ToldHooks,
): Told {
  const rates = createTellRates(clock)
  let received = 0

  async function offer(from: PeerId, question: Question, proof: Outcome, links: readonly ProofLink[]): Promise<void> {
    if ((await proofs.offer(question, proof, links)) !== 'bogus') return
    faults.add(from)
    log.debug({ peer: from }, 'a proof was refused')
  }

  function heed(from: PeerId, told: ToldQuestion, seats: Seats): void {
    const { question, proof, links = [], tag, isRefresh = false, isChanged = false, isAwaited = false } = told
    if (proof === undefined) onDemand.missing(from, question, seats, { tag, isChanged, isAwaited })
    else
      inBackground(
        offer(from, question, proof, links).then(() => {
          if (!isRefresh) onDemand.missing(from, question, seats)
        }),
      )
  }

  return {
    answer(from, told, seats) {
      if (ring.memberByPeer(from) === undefined || !rates(told.isAwaited === true).spend(from)) return { kind: 'busy' }
      received++
      if (told.isAwaited === true) heed(from, told, seats)
      else work.whenFree('tell', () => heed(from, told, seats))
      return { kind: 'ack' }
    },
    received: () => received,
  }
}
