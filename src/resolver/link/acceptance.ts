/** What of the acceptance policy of `evidence/` is this room's to say: `strict`, and what the asker wants. */
import type { RingDivergence } from '../../chunks/index.ts'
import { accept, type Evidence, type Finding, type PolicyContext } from '../../evidence/index.ts'
import { isWithin } from './divergent.ts'
import type { LinkDeps, LinkRequest, Search } from './types.ts'

/**
 * What comes from the ring was held by `chunks/` against the settings of the ring, and was validated by the recursor, before it
 * gets here.
 */
const HELD_BEFORE = { acceptFrom: 'any-member', admission: 'psk', zoneSecurity: 'insecure' } as const

/** Whether a finding may be served. `divergence` is what the ring says of the name, if it has said that it diverges. */
export function mayServe(
  {
    options,
    request,
  }: {
    readonly options: Pick<Search['options'], 'strict'>
    readonly request: Pick<Search['request'], 'checkingDisabled'>
  },
  finding: Finding,
  divergence?: RingDivergence | undefined,
): boolean {
  const { strict } = options
  const { checkingDisabled } = request
  const policy: PolicyContext = {
    ...HELD_BEFORE,
    strict,
    checkingDisabled,
    withinPrefixes: isWithin(finding, divergence),
  }
  return accept(finding.evidence, policy) === 'accept'
}

/** Whether what the cache has, expired or not, may be served to this asker. */
export function mayServeCached(
  { recursor }: LinkDeps,
  { strict }: Search['options'],
  { checkingDisabled }: Pick<LinkRequest, 'checkingDisabled'>,
  evidence: Evidence,
): boolean {
  const { validates } = recursor
  // Of divergent findings only those are kept whose addresses lie in the agreed prefixes.
  const policy: PolicyContext = { ...HELD_BEFORE, strict, checkingDisabled, validates, withinPrefixes: true }
  return accept(evidence, policy) === 'accept'
}
