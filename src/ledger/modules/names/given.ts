/** Names that are given for evidence from outside of the chain, without a commit: whoever has the domain in the DNS claims it here. */
import { equalBytes } from '../../../base/index.ts'
import { ResultCode } from '../../../chain/index.ts'
import { sha256, signedBytes } from '../../../crypto/index.ts'
import { refuse } from '../../refusal.ts'
import type { Call, StateReader } from '../../types.ts'
import { currentOf, write } from './acts.ts'
import { newestCdsAt } from './changes.ts'
import { NameCode } from './kinds.ts'
import { keyIn, Part } from './label.ts'
import { bornAt } from './life.ts'
import { feeOf, keptFor, policyOf } from './policy.ts'
import type { NameSettings } from './settings.ts'

export interface GivenName {
  readonly label: Uint8Array
  readonly owner: Uint8Array
  readonly settings: NameSettings
}

/** Kept for whoever claims it: the key in a kept name's place is one that nobody has, for it is the hash of a text. */
export const KEPT_FOR_CLAIMS = sha256(signedBytes('chordns/kept-for-claims/1', new Uint8Array()))

/** `own`: the part of the names module. */
type At = Pick<Call, 'own' | 'block'>

/** Why a name is not given to somebody now: undefined when it would be. */
export function givingRefusal(at: At, { label, owner }: Pick<GivenName, 'label' | 'owner'>) {
  const only = keptFor(at.own, label)
  if (only === null) return { code: NameCode.KEPT, word: 'kept back' }
  const isForClaims = only !== undefined && equalBytes(only, KEPT_FOR_CLAIMS)
  if (only !== undefined && !isForClaims && !equalBytes(only, owner))
    return { code: NameCode.KEPT, word: 'kept for another' }
  if (currentOf(at, label)?.owner !== undefined) return { code: ResultCode.TAKEN, word: 'somebody has the name' }
  return undefined
}

/** Of the first term; whoever had the name before pays no premium, since nobody else could have it by this evidence. */
export function priceOfGiven(own: StateReader, label: Uint8Array): number {
  const policy = policyOf(own)
  return policy === undefined ? 0 : feeOf(policy, label, 1)
}

/** How often a name has changed hands: what its next owner says is void after the next change. */
export function generationOf(at: At, label: Uint8Array): number {
  return currentOf(at, label)?.generation ?? 0
}

/** For one term, where names have terms. No commit takes it: none has a lower number than 0. Refuses as `givingRefusal` says. */
export function giveName(at: At, given: GivenName): void {
  const refusal = givingRefusal(at, given)
  if (refusal !== undefined) refuse(refusal.code, refusal.word)
  const { own, block } = at
  const { label, owner, settings } = given
  // Once it was claimed it is a name as any other: when it comes free, it is free for all (D69).
  const only = keptFor(own, label)
  if (only != null && equalBytes(only, KEPT_FOR_CLAIMS)) own.delete(keyIn(Part.KEPT, label))
  const before = currentOf(at, label)
  const policy = policyOf(own)
  const expires = policy === undefined ? 0 : block.time + policy.termMs
  const life = policy && {
    ...bornAt(block.time),
    resolves: expires + policy.graceMs,
    freed: before?.life?.freed ?? 0,
    round: before?.life?.round ?? 0,
    lockedUntil: block.time + policy.lockMs,
    judgedFrom: block.time + policy.useMs,
  }
  write(own, label, {
    owner,
    settings,
    generation: (before?.generation ?? 0) + 1,
    sequence: before?.sequence ?? 0,
    registered: block.time,
    commit: 0,
    committed: 0,
    newestCds: before === undefined ? 0 : newestCdsAt(before, block.time),
    expires,
    ...(life !== undefined && { life }),
  })
}
