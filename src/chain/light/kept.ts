/** Headers that come from this machine's own disk: what was trusted once is looked at again by what is trusted now. Pure. */
import { equalBytes, latin1 } from '../../base/index.ts'
import { blockIdOf } from '../blocks/blocks.ts'
import type { CertifiedHeader, Validator } from '../types.ts'
import { isExpired, type LightRules, overlapNeeded, type Trusted } from './trust.ts'
import { isDecided, type KnownSets, verifyHeader } from './verify.ts'
import type { Step } from './walk.ts'

/** `way`: what is trusted, oldest first. `validators`: the set that the header names. `now`: Unix ms. */
export function isTrustedStill(
  rules: LightRules,
  way: readonly Trusted[],
  certified: CertifiedHeader,
  validators: readonly Validator[],
  setOf: KnownSets,
  now: number,
): boolean {
  const { header } = certified
  const known = way.filter((one) => !isExpired(rules, one, now))
  if (isExpired(rules, header, now) || !known.some(({ chainId }) => equalBytes(chainId, header.chainId))) return false
  const sets: KnownSets = (root) => (equalBytes(root, header.validatorsHash) ? validators : setOf(root))
  return known.some((trusted) =>
    trusted.height > header.height
      ? isBefore(rules, trusted, certified, validators)
      : isAfter(verifyHeader(rules, trusted, certified, sets, now)),
  )
}

function isAfter(verdict: ReturnType<typeof verifyHeader>): boolean {
  // The next set is of no use to whoever goes no further.
  return verdict.kind === 'trusted' || (verdict.kind === 'need-set' && verdict.which === 'next')
}

/** So many of a set that is trusted signed it that a header further on would be taken from it: they lie about the past no more than about now. */
function isBefore(
  rules: LightRules,
  trusted: Trusted,
  certified: CertifiedHeader,
  validators: readonly Validator[],
): boolean {
  const keys = new Set(trusted.validators.map(({ publicKey }) => latin1(publicKey)))
  const signed = certified.certificate.signatures.filter(({ index }) => {
    const signer = validators[index]
    return signer !== undefined && keys.has(latin1(signer.publicKey))
  })
  return (
    signed.length >= overlapNeeded(rules, trusted.validators.length) &&
    certified.header.time < trusted.time &&
    isDecided(rules, certified, validators)
  )
}

/**
 * The way to a head as it was kept: as far as it holds. Each step was decided by its set, and is trusted from the one before as long as
 * that has not expired; of a first step whose beginning has expired nothing else can be known.
 */
export function isWay(
  rules: LightRules,
  start: Trusted,
  steps: readonly Step[],
  setOf: KnownSets,
  now: number,
): boolean {
  let before = start
  for (const { certified, trusted } of steps) {
    const set = setOf(certified.header.validatorsHash)
    if (set === undefined || !isDecided(rules, certified, set)) return false
    if (!isExpired(rules, before, now) && verifyHeader(rules, before, certified, setOf, now).kind !== 'trusted')
      return false
    before = trusted
  }
  return true
}

export function isSameHeader(a: CertifiedHeader, b: CertifiedHeader): boolean {
  return equalBytes(blockIdOf(a.header), blockIdOf(b.header))
}
