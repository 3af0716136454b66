/** Names that the policy of a TLD hides: each with its reason, for everybody to see. The name stays its owner's (N44). */
import { concatBytes } from '../../../base/index.ts'
import { ResultCode } from '../../../chain/index.ts'
import { encodeCanonical } from '../../../crypto/index.ts'
import { moduleKey } from '../../draft.ts'
import { limits as ledgerLimits } from '../../limits.ts'
import { ledgerReader, refuse } from '../../refusal.ts'
import type { Draft, StateReader } from '../../types.ts'
import { addLabel, dropLabel, listedLabels } from '../registries/list.ts'
import { GOVERNANCE, REASONS, type Reason } from './kinds.ts'
import { limits } from './limits.ts'

const { readCbor, readRow, readInteger, readUtf8 } = ledgerReader
// Keys that begin with 4 and 5 are those of the list of labels.
const hiddenKey = (label: Uint8Array) => concatBytes(Uint8Array.of(13), label)

export interface Hidden {
  readonly label: Uint8Array
  readonly reason: Reason
  readonly text: string
  /** Unix ms of block time. */
  readonly since: number
  readonly motion: number
}

/** Under which key of a chain's state it stands that a name is hidden: what a proof is asked for. */
export function hiddenStateKey(label: Uint8Array): Uint8Array {
  return moduleKey(GOVERNANCE, hiddenKey(label))
}

export function hiddenFrom(label: Uint8Array, value: Uint8Array): Hidden {
  const row = readRow(readCbor(value, ledgerLimits.MAX_VALUE_BYTES, 'hidden name'), 4, 'hidden name')
  return {
    label,
    reason: REASONS[readInteger(row[0], 0, REASONS.length - 1, 'reason')]!,
    text: readUtf8(row[1], limits.MAX_TEXT, 'text'),
    since: readInteger(row[2], 0, ledgerLimits.MAX_AMOUNT, 'time'),
    motion: readInteger(row[3], 0, limits.MAX_MOTIONS, 'motion'),
  }
}

export function readHidden(own: StateReader, label: Uint8Array): Hidden | undefined {
  const value = own.get(hiddenKey(label))
  return value && hiddenFrom(label, value)
}

export function hiddenNames(own: StateReader): readonly Hidden[] {
  return listedLabels(own).flatMap((label) => readHidden(own, label) ?? [])
}

export function hideName(own: Draft, { label, reason, text, since, motion }: Hidden): void {
  if (readHidden(own, label) !== undefined) refuse(ResultCode.TAKEN, 'hidden already')
  addLabel(own, label)
  own.set(hiddenKey(label), encodeCanonical([REASONS.indexOf(reason), new TextEncoder().encode(text), since, motion]))
}

export function showName(own: Draft, label: Uint8Array): void {
  own.delete(hiddenKey(label))
  dropLabel(own, label)
}
