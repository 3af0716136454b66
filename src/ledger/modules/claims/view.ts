/** What others may know of claims: commands, and whoever is to observe. */
import { equalBytes } from '../../../base/index.ts'
import { moduleKey, readerOf } from '../../draft.ts'
import type { StateReader } from '../../types.ts'
import { networkNodeOf } from '../authority/view.ts'
import { CLAIMS } from './kinds.ts'
import {
  type ClaimedName,
  type ClosedClaim,
  claimFromBytes,
  claimKeys,
  lastClaim,
  type OpenClaim,
  openNumbers,
  readClaimed,
  readOpen,
  Said,
} from './records.ts'
import { type ClaimRules, readClaimRules } from './rules.ts'

/** A claim that this node's voice is missing of, or may still change. */
export interface ClaimToObserve extends Pick<OpenClaim, 'label' | 'owner' | 'method' | 'challenge' | 'until'> {
  readonly number: number
  /** When it was opened, by its window, unix ms. */
  readonly since: number
  /** It has said that it sees nothing. */
  readonly hasDenied: boolean
}

/** What the organisation of `account` has to look at, as the newest state says. */
export function claimsToObserve(state: StateReader, account: Uint8Array): readonly ClaimToObserve[] {
  const own = readerOf(state, CLAIMS)
  const rules = readClaimRules(own)
  const id = networkNodeOf(state, account)?.voting?.id
  if (rules === undefined || id === undefined) return []
  return openNumbers(own).flatMap((number) => {
    const { label, owner, method, challenge, until, observers, said } = readOpen(own, number)!
    const place = observers.findIndex((one) => equalBytes(one, id))
    if (place === -1 || said[place] === Said.SEEN) return []
    const since = until - rules.windowMs
    return [{ number, label, owner, method, challenge, until, since, hasDenied: said[place] === Said.NOT_SEEN }]
  })
}

export function claimRulesOf(state: StateReader): ClaimRules | undefined {
  return readClaimRules(readerOf(state, CLAIMS))
}

/** What became of the last claim of an owner to a name; undefined: there is none that anybody remembers. */
export function claimOf(
  state: StateReader,
  label: Uint8Array,
  owner: Uint8Array,
): { readonly number: number; readonly claim: OpenClaim | ClosedClaim } | undefined {
  const own = readerOf(state, CLAIMS)
  const number = lastClaim(own, label, owner)
  const value = number && own.get(claimKeys.claim(number))
  return number && value ? { number, claim: claimFromBytes(value) } : undefined
}

/** Whether the name came to whom has it now by a claim; `generation`: of its record. */
export function claimedNameOf(state: StateReader, label: Uint8Array, generation: number): ClaimedName | undefined {
  const claimed = readClaimed(readerOf(state, CLAIMS), label)
  return claimed?.generation === generation ? claimed : undefined
}

/** For proofs. */
export const claimRulesKey = moduleKey(CLAIMS, Uint8Array.of(1))
