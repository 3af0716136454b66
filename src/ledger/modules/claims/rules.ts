/** What a chain says of claims: how long validators may look, what a claim costs that nobody could see, and where proofs of the DNS begin. */
import { compareBytes, equalBytes } from '../../../base/index.ts'
import { type CborField, type CborValue, encodeCanonical } from '../../../crypto/index.ts'
import { limits as ledgerLimits } from '../../limits.ts'
import { ledgerReader, malformed } from '../../refusal.ts'
import type { Draft, StateReader } from '../../types.ts'
import { isAnchorDs } from '../names/settings.ts'
import { limits } from './limits.ts'

const { readCbor, readRow, readList, readInteger, readBytes, readHash } = ledgerReader
const RULES_KEY = Uint8Array.of(1)

export interface ClaimRules {
  /** From a claim to its end at most, ms of block time. */
  readonly windowMs: number
  /** In units: who claims has it back unless the claim is refused or lapses. */
  readonly bond: number
  /** Whose a lost bond is. */
  readonly payee: Uint8Array
  /** DS records of the root zone's keys, RDATA, ascending. Members change them by vote. */
  readonly anchors: readonly Uint8Array[]
}

/** [window, bond, payee, [DS, ...]]. */
export function claimRulesToValue({ windowMs, bond, payee, anchors }: ClaimRules): CborValue {
  return [windowMs, bond, payee, [...anchors]]
}

/** Throws LEDGER_MALFORMED. */
export function claimRulesFromValue(value: CborField): ClaimRules {
  const [window, bond, payee, anchors] = readRow(value, 4, 'rules of claims')
  return {
    windowMs: readInteger(window, limits.LEAST_WINDOW_MS, limits.MOST_WINDOW_MS, 'window'),
    bond: readInteger(bond, 0, limits.MOST_BOND, 'bond'),
    payee: readHash(payee, 'payee'),
    anchors: anchorsFromValue(anchors),
  }
}

/** There is one form of a set of anchors: ascending, none twice, one at least. Throws LEDGER_MALFORMED. */
export function anchorsFromValue(value: CborField): readonly Uint8Array[] {
  const anchors = readList(value, limits.MAX_ANCHORS, 'anchors', (one) => readBytes(one, 5, 52, 'anchor'))
  const isInOrder = anchors.every((one, i) => i === 0 || compareBytes(anchors[i - 1]!, one) < 0)
  if (anchors.length === 0 || !isInOrder || !anchors.every(isAnchorDs)) throw malformed('anchors')
  return anchors
}

/** In the one form. */
export function sortedAnchors(anchors: readonly Uint8Array[]): readonly Uint8Array[] {
  const sorted = [...anchors].sort(compareBytes)
  return sorted.filter((one, i) => i === 0 || !equalBytes(sorted[i - 1]!, one))
}

/** Undefined: the chain began without; then there are no claims. */
export function readClaimRules(own: StateReader): ClaimRules | undefined {
  const value = own.get(RULES_KEY)
  return value && claimRulesFromValue(readCbor(value, ledgerLimits.MAX_VALUE_BYTES, 'rules of claims'))
}

export function writeClaimRules(own: Draft, rules: ClaimRules): void {
  own.set(RULES_KEY, encodeCanonical(claimRulesToValue(rules)))
}
