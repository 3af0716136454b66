/** When two headers that contradict each other are believed: each must be acceptable from what is trusted, else anybody could stop everybody. */
import { equalBytes, toHex } from '../../base/index.ts'
import { blockIdOf } from '../blocks/blocks.ts'
import { setRoot } from '../blocks/set-root.ts'
import { type ConflictVerdict, conflictVerdict, type HeaderConflict } from '../light/conflicts.ts'
import type { LightRules, Trusted } from '../light/trust.ts'
import { type KnownSets, verifyHeader } from '../light/verify.ts'
import type { CertifiedHeader } from '../types.ts'

/** `trusted`: what the one who is told of it trusts. Undefined: it shows nothing to this one. */
export function believedConflict(
  rules: LightRules,
  chainId: Uint8Array,
  trusted: readonly Trusted[],
  conflict: HeaderConflict,
  now: number,
): ConflictVerdict | undefined {
  const { first, second, firstSet, secondSet } = conflict
  const sets = new Map([firstSet, secondSet].map((set) => [toHex(setRoot(set)), set]))
  const setOf: KnownSets = (root) => sets.get(toHex(root))
  const isAcceptable = (certified: CertifiedHeader) =>
    trusted.some((from) => accepts(rules, from, certified, setOf, now))
  if (!isAcceptable(first) || !isAcceptable(second)) return undefined
  return conflictVerdict(rules, chainId, conflict)
}

function accepts(rules: LightRules, from: Trusted, certified: CertifiedHeader, setOf: KnownSets, now: number): boolean {
  if (from.header !== undefined && equalBytes(blockIdOf(from.header), blockIdOf(certified.header))) return true
  const verdict = verifyHeader(rules, from, certified, setOf, now)
  // Which set comes next after it does not matter here.
  return (
    verdict.kind === 'trusted' ||
    verdict.kind === 'conflict' ||
    (verdict.kind === 'need-set' && verdict.which === 'next')
  )
}
