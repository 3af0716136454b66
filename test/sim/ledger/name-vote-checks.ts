/** Whether rules of names, kept names and titles stand in the state as the model says. */
import { equalBytes, fromHex, toHex } from '../../../src/base/index.ts'
import { type CborValue, encodeCanonical } from '../../../src/crypto/index.ts'
import {
  keptNameStateKey,
  type LedgerState,
  moduleKey,
  NAMES,
  type NamePolicy,
  nextPolicyStateKey,
  policyStateKey,
  policyToValue,
} from '../../../src/ledger/index.ts'
import { keyIn, Part } from '../../../src/ledger/modules/names/label.ts'
import { Violation } from '../chain/checks.ts'
import { type Cast, KEPT, NEVER } from './cast.ts'
import type { LedgerModel } from './model/model.ts'

/** Throws a Violation where they differ. */
export function compareNameVotes(state: LedgerState, model: LedgerModel, { labels }: Cast, where: string): void {
  const { names, nameVotes } = model
  const { policy } = names
  same(
    isSame(state.get(policyStateKey), policy && policyBytes(policy)),
    `rules: names have others than were voted for at ${where}`,
  )
  const { next } = nameVotes
  const waiting = next && encodeCanonical([next.height, policyToValue(bare(next.policy))])
  same(isSame(state.get(nextPolicyStateKey), waiting), `rules: others wait than were voted for at ${where}`)
  for (const label of [...labels, NEVER, KEPT]) {
    const kept = names.keptOf(toHex(label))
    const meant = kept === undefined ? undefined : encodeCanonical(keptValue(kept))
    same(isSame(state.get(keptNameStateKey(label)), meant), `kept: not as was voted for at ${where}`)
    const title = names.titles.get(toHex(label))
    const value = title && encodeCanonical([fromHex(title.owner), title.until])
    same(isSame(state.get(titleKey(label)), value), `titles: not who has it elsewhere at ${where}`)
  }
}

/** Under which key of a chain's state it is said who has a name elsewhere. */
export function titleKey(label: Uint8Array): Uint8Array {
  return moduleKey(NAMES, keyIn(Part.TITLE, label))
}

const encoded = new WeakMap<NamePolicy, Uint8Array>()

/** The same at every height. */
function policyBytes(policy: NamePolicy): Uint8Array {
  const bytes = encoded.get(policy) ?? encodeCanonical(policyToValue(bare(policy)))
  encoded.set(policy, bytes)
  return bytes
}

/** Kept names stand apart. */
function bare(policy: NamePolicy): NamePolicy {
  return { ...policy, kept: [], pages: undefined }
}

function keptValue(kept: string | null): CborValue {
  if (kept === 'free') return false
  return kept === null ? null : fromHex(kept)
}

function isSame(value: Uint8Array | undefined, meant: Uint8Array | undefined): boolean {
  return value === undefined || meant === undefined ? value === meant : equalBytes(value, meant)
}

function same(is: boolean, otherwise: string): void {
  if (!is) throw new Violation(otherwise)
}
