/** Which entries of a state a zone is made of: a state is read as a whole, in no order that means anything. */
import { equalBytes } from '../../base/index.ts'
import { moduleKey } from '../draft.ts'
import { type Hidden, hiddenFrom, hiddenStateKey } from '../modules/governance/hidden.ts'
import { NAMES } from '../modules/names/kinds.ts'
import { keyIn, nameStateKey, Part } from '../modules/names/label.ts'
import { type NamePolicy, policyFromBytes, policyStateKey } from '../modules/names/policy.ts'
import { REGISTRIES, tldStateKey } from '../modules/registries/registries.ts'

export type ZoneFact =
  /** A name of a TLD's chain; `value` is its record. */
  | { readonly kind: 'name'; readonly label: Uint8Array; readonly value: Uint8Array }
  /** A TLD of the Root chain. */
  | { readonly kind: 'tld'; readonly label: Uint8Array; readonly value: Uint8Array }
  | { readonly kind: 'policy'; readonly policy: NamePolicy }
  /** What names from before the policy have: for `NameTerms`. */
  | { readonly kind: 'adopted'; readonly value: Uint8Array }
  | { readonly kind: 'hidden'; readonly hidden: Hidden }

const NONE = new Uint8Array()
const NAME = nameStateKey(NONE)
const ADOPTED = moduleKey(NAMES, keyIn(Part.ADOPTED, NONE))
const TLD = moduleKey(REGISTRIES, tldStateKey(NONE))
const HIDDEN = hiddenStateKey(NONE)

/** Undefined: a zone has nothing of it. Throws LEDGER_MALFORMED. */
export function factOf(key: Uint8Array, value: Uint8Array): ZoneFact | undefined {
  if (isBelow(key, NAME)) return { kind: 'name', label: key.slice(NAME.length), value }
  if (isBelow(key, TLD)) return { kind: 'tld', label: key.slice(TLD.length), value }
  if (isBelow(key, HIDDEN)) return { kind: 'hidden', hidden: hiddenFrom(key.slice(HIDDEN.length), value) }
  if (equalBytes(key, ADOPTED)) return { kind: 'adopted', value }
  return equalBytes(key, policyStateKey) ? { kind: 'policy', policy: policyFromBytes(value) } : undefined
}

function isBelow(key: Uint8Array, prefix: Uint8Array): boolean {
  return key.length > prefix.length && prefix.every((byte, index) => key[index] === byte)
}
