/** A signed answer that goes on later than it came. Pure. */
import type { RRset } from '../../dns/index.ts'
import type { Outcome } from '../../evidence/index.ts'

/** With what is left of its TTL, so that it ends where it would have ended. */
export function shortened(outcome: Outcome, seconds: number): Outcome {
  const within = <T extends RRset | undefined>(set: T): T =>
    set === undefined ? set : { ...set, ttl: Math.max(0, Math.min(set.ttl, seconds)) }
  return outcome.kind === 'rrset'
    ? { ...outcome, rrset: within(outcome.rrset) }
    : { ...outcome, soa: within(outcome.soa), proofs: outcome.proofs.map(within) }
}
