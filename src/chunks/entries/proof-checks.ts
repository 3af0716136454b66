/** Proofs that peers bring, checked by this node's own validation, a bounded number at once. */
import { type Clock, isChordnsError, type Log } from '../../base/index.ts'
import type { Question } from '../../dns/index.ts'
import { type Finding, misfit, type Outcome, outcomeTtl, type ProofLink } from '../../evidence/index.ts'
import { limits } from '../limits.ts'
import { holdsPrivateAddress } from '../seats/place.ts'

/** Where proofs of DNSSEC are checked and taken from: this node's own validation. */
export interface ProofSource {
  /**
   * `unproven`: neither secure nor wrong, or not to be told now. Fetches no answer, only links of the chain that are missing; not even
   * those without `mayFetch`.
   */
  verify(
    finding: Finding,
    links: readonly ProofLink[],
    signal: AbortSignal,
    mayFetch: boolean,
  ): Promise<Finding | 'bogus' | 'unproven'>
  /** Links that this node holds, from the zone with `from` labels on. */
  links(question: Question, from: number): readonly ProofLink[]
  /** Labels of the deepest zone on the way whose security this node knows; undefined: it does not validate. */
  knownCut(question: Question): number | undefined
}

export interface ProofChecksDeps {
  readonly clock: Clock
  readonly log: Log
  /** Undefined: this node does not validate, and neither keeps nor believes proofs. */
  readonly source: ProofSource | undefined
}

/** What a peer claims to be signed. */
export interface ProofClaim {
  readonly question: Question
  readonly outcome: Outcome
  /** How long it still holds. */
  readonly seconds: number
  readonly links: readonly ProofLink[]
  /** Whether missing links are worth queries: for an asker they are, for a replica that is told they are not. */
  readonly mayFetch: boolean
}

export interface ProofChecks {
  /** The finding, `secure`, or why it is none. */
  check(claim: ProofClaim, signal: AbortSignal): Promise<Finding | 'bogus' | 'unproven' | 'busy'>
  /** How many did not hold. */
  refused(): number
}

export function createProofChecks({ clock, log, source }: ProofChecksDeps): ProofChecks {
  let refused = 0
  let checking = 0

  async function check({ question, outcome, seconds, links, mayFetch }: ProofClaim, signal: AbortSignal) {
    if (source === undefined) return 'unproven'
    if (misfit(question, outcome) !== undefined || holdsPrivateAddress(outcome)) return 'bogus'
    if (checking >= limits.MAX_VERIFICATIONS) return 'busy'
    checking++
    try {
      const expires = clock.now() + Math.min(seconds, outcomeTtl(outcome)) * 1_000
      const evidence = { security: 'indeterminate', provenance: 'solo', observers: [] } as const
      const finding = await source.verify({ question, outcome, evidence, expires }, links, signal, mayFetch)
      if (finding === 'bogus') refused++
      return finding
    } catch (error) {
      if (!isChordnsError(error, 'ABORTED')) log.warn({ reason: String(error) }, 'a proof could not be checked')
      return 'unproven'
    } finally {
      checking--
    }
  }

  return { check, refused: () => refused }
}
