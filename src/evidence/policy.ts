/** The acceptance policy: one pure function, (evidence, configuration) -> accept | fetch it yourself | refuse. */
import { limits } from './limits.ts'
import type { Evidence, Provenance, Security } from './types.ts'

export interface PolicyContext {
  readonly acceptFrom: 'majority' | 'any-member'
  /** Refuse what nobody else has seen. */
  readonly strict: boolean
  /** `open` rings: anybody can be a member, many times; their unsigned word is a hint only. */
  readonly admission: 'psk' | 'endorsed' | 'open'
  /**
   * What is proven about the delegation of the answer's zone. Votes count only below a delegation that is not proven
   * secure, so that a majority can never downgrade DNSSEC. `indeterminate` is treated as insecure.
   */
  readonly zoneSecurity: 'secure' | 'insecure' | 'indeterminate'
  /**
   * A `divergent` answer that this node fetched itself: whether its addresses lie in the agreed prefixes.
   * Undefined: it was not fetched by this node.
   */
  readonly withinPrefixes?: boolean
  /** CD=1: whoever asks validates himself, so that bogus data is no worse than any other. Default false. */
  readonly checkingDisabled?: boolean
  /** This node validates what it hands out, and what is `indeterminate` still waits for it. Default false. */
  readonly validates?: boolean
}

/** `fetch`: not enough, ask the authority yourself. `refuse`: nobody gets this. */
export type Acceptance = 'accept' | 'fetch' | 'refuse'

/**
 * Order of trust: secure > agreed > rotating > divergent > solo. `solo` without observers is this node's own fetch; with
 * observers it is one member's word, which counts only in psk rings that chose `any-member`.
 */
export function accept(evidence: Evidence, context: PolicyContext): Acceptance {
  const { security, provenance } = evidence
  const own = provenance === 'solo' && evidence.observers.length === 0
  // Bogus from this node's own fetch is a verdict; from a peer it only says that the copy is bad.
  if (security === 'bogus' && context.checkingDisabled !== true)
    return own || provenance === 'ledger' || provenance === 'local' ? 'refuse' : 'fetch'
  if (provenance === 'local') return 'accept'
  // A proof stands alone: one copy from anyone will do.
  if (security === 'secure') return 'accept'
  if (security === 'indeterminate' && context.validates === true && context.checkingDisabled !== true) return 'fetch'
  // Unsigned data below a secure delegation is a downgrade, whoever says it.
  if (context.zoneSecurity === 'secure') return own ? 'refuse' : 'fetch'
  switch (provenance) {
    case 'ledger':
      return 'accept'
    case 'agreed':
    case 'rotating':
      if (context.admission === 'open') return 'fetch'
      return evidence.observers.length >= limits.MIN_SIGNERS ? 'accept' : 'fetch'
    case 'divergent':
      if (context.withinPrefixes === undefined) return 'fetch'
      if (context.withinPrefixes) return 'accept'
      return context.strict ? 'refuse' : 'accept'
    case 'solo':
      if (own) return context.strict ? 'refuse' : 'accept'
      return context.acceptFrom === 'any-member' && context.admission === 'psk' && !context.strict ? 'accept' : 'fetch'
  }
}

const PROVENANCE_ORDER: readonly Provenance[] = ['solo', 'divergent', 'rotating', 'agreed', 'ledger', 'local']

/** The larger is trusted more: secure > agreed > rotating > divergent > solo; bogus is below everything. */
export function trustRank(evidence: Pick<Evidence, 'security' | 'provenance'>): number {
  if (evidence.security === 'bogus') return -1
  if (evidence.provenance === 'local') return PROVENANCE_ORDER.length + 1
  if (evidence.security === 'secure') return PROVENANCE_ORDER.length
  return PROVENANCE_ORDER.indexOf(evidence.provenance)
}

const SECURITY_ORDER: readonly Security[] = ['bogus', 'indeterminate', 'insecure', 'secure']

/** The security of an answer that has several parts; `indeterminate` for none. */
export function weakestSecurity(all: readonly Security[]): Security {
  return SECURITY_ORDER[Math.min(...all.map((one) => SECURITY_ORDER.indexOf(one)))] ?? 'indeterminate'
}

/** The provenance of an answer that has several parts. Undefined for none. */
export function weakest(provenances: readonly Provenance[]): Provenance | undefined {
  let found: Provenance | undefined
  for (const one of provenances)
    if (found === undefined || PROVENANCE_ORDER.indexOf(one) < PROVENANCE_ORDER.indexOf(found)) found = one
  return found
}
