/** What this node does when a peer brings the certificate of an entry. */
import type { Clock, Log, PeerId } from '../../base/index.ts'
import { limits } from '../limits.ts'
import type { Seats } from '../seats/seats.ts'
import type { CheckCharges } from '../wire/check-charges.ts'
import type { Faults } from '../wire/faults.ts'
import type { ChunkReply, ChunkRequest } from '../wire/messages.ts'
import { Rates } from '../wire/rates.ts'
import type { EntryTaken } from './entry.ts'
import type { Intake } from './intake.ts'

export interface CertifiedDeps {
  readonly clock: Clock
  readonly log: Log
  readonly intake: Pick<Intake, 'certified'>
  readonly faults: Faults
  readonly checks: CheckCharges
}

export interface CertifiedHooks {
  readonly onTaken: (taken: EntryTaken) => void
}

export interface Certified {
  /** This node must be a replica, or have told the question: then it learns what was agreed, and holds nothing. */
  answer(from: PeerId, request: Extract<ChunkRequest, { kind: 'certify' }>, seats: Seats): ChunkReply
}

export function createCertified(
  { clock, log, intake, faults, checks }: CertifiedDeps,
  { onTaken }: CertifiedHooks,
): Certified {
  const { CERTIFIES_PER_SECOND: perSecond, MAX_RATED } = limits
  const rates = new Rates(clock, perSecond, perSecond, MAX_RATED)
  return {
    answer(from, { question, certificate, outcome }, seats) {
      if (!rates.spend(from) || checks.isSpent(from)) return { kind: 'busy' }
      const result = checks.during(from, () => intake.certified({ question, certificate, outcome }, seats))
      if (result.kind === 'taken') onTaken(result.taken)
      if (result.kind !== 'refused') return { kind: 'ack' }
      faults.add(from)
      log.debug({ peer: from, reason: result.reason }, 'a certificate was refused')
      return { kind: 'unknown' }
    },
  }
}
