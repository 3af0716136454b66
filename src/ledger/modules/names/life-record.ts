/** What a record says of the life of a name, and what is under way: bytes. */
import type { CborField, CborValue } from '../../../crypto/index.ts'
import { limits as ledgerLimits } from '../../limits.ts'
import { ledgerReader, malformed } from '../../refusal.ts'
import { keyFromValue, keyToValue, type NameSettings, settingsFromValue, settingsToValue } from './settings.ts'

const { readRow, readInteger, readHash, readBoolean } = ledgerReader

/** All times are unix ms. */
export interface NameLife {
  /** Until then it resolves: the end of its grace, or when nodes found that it is not used. */
  readonly resolves: number
  /** When it came free last; 0: it never did. */
  readonly freed: number
  /** By its owner. */
  readonly isLocked: boolean
  /** Until then it is not passed on, for it has just changed hands. */
  readonly lockedUntil: number
  readonly frozenUntil: number
  /** Hash of its guardians; undefined: it has none. */
  readonly guardians: Uint8Array | undefined
  /** What guardians have done so far: what they signed for one round is void in the next. */
  readonly round: number
  /** From then on nodes may say that it is not used. */
  readonly judgedFrom: number
  readonly pending: PendingAct | undefined
}

/** What takes effect at a time unless it is cancelled. */
export type PendingAct =
  | {
      readonly kind: 'transfer'
      readonly at: number
      readonly to: Uint8Array
      /** Undefined: they stay. */
      readonly settings: NameSettings | undefined
    }
  /** Another key of the same owner. */
  | { readonly kind: 'roll'; readonly at: number; readonly to: Uint8Array }
  | { readonly kind: 'guardians'; readonly at: number; readonly guardians: Uint8Array | undefined }
  | { readonly kind: 'unlock'; readonly at: number }
  | { readonly kind: 'release'; readonly at: number }
  | {
      readonly kind: 'recovery'
      readonly at: number
      readonly to: Uint8Array
      /** Whether the key of now may still cancel it. */
      readonly keyMayCancel: boolean
    }

export function lifeToValue(life: NameLife): CborValue {
  return [
    life.resolves,
    life.freed,
    life.isLocked,
    life.lockedUntil,
    life.frozenUntil,
    life.guardians ?? null,
    life.round,
    life.judgedFrom,
    life.pending === undefined ? null : pendingToValue(life.pending),
  ]
}

/** Throws LEDGER_MALFORMED. */
export function lifeFromValue(value: CborField): NameLife {
  const row = readRow(value, 9, 'life of a name')
  const [resolves, freed, isLocked, lockedUntil, frozenUntil, guardians, round, judgedFrom, pending] = row
  return {
    resolves: count(resolves, 'resolves'),
    freed: count(freed, 'freed'),
    isLocked: readBoolean(isLocked, 'locked'),
    lockedUntil: count(lockedUntil, 'locked until'),
    frozenUntil: count(frozenUntil, 'frozen until'),
    guardians: guardians === null ? undefined : readHash(guardians, 'guardians'),
    round: count(round, 'round'),
    judgedFrom: count(judgedFrom, 'judged from'),
    pending: pending === null ? undefined : pendingFromValue(pending),
  }
}

/** [kind, at, ...]. */
function pendingToValue(act: PendingAct): CborValue {
  switch (act.kind) {
    case 'transfer':
      return [0, act.at, keyToValue(act.to), act.settings === undefined ? null : settingsToValue(act.settings)]
    case 'roll':
      return [1, act.at, keyToValue(act.to)]
    case 'guardians':
      return [2, act.at, act.guardians ?? null]
    case 'unlock':
      return [3, act.at]
    case 'release':
      return [4, act.at]
    case 'recovery':
      return [5, act.at, keyToValue(act.to), act.keyMayCancel]
  }
}

const LENGTHS = [4, 3, 3, 2, 2, 4]

function pendingFromValue(value: CborField): PendingAct {
  const kind = readInteger(Array.isArray(value) ? value[0] : undefined, 0, LENGTHS.length - 1, 'pending')
  const [, time, first, second] = readRow(value, LENGTHS[kind]!, 'pending')
  const at = count(time, 'time')
  switch (kind) {
    case 0:
      return {
        kind: 'transfer',
        at,
        to: keyFromValue(first),
        settings: second === null ? undefined : settingsFromValue(second),
      }
    case 1:
      return { kind: 'roll', at, to: keyFromValue(first) }
    case 2:
      return { kind: 'guardians', at, guardians: first === null ? undefined : readHash(first, 'guardians') }
    case 3:
      return { kind: 'unlock', at }
    case 4:
      return { kind: 'release', at }
    case 5:
      return { kind: 'recovery', at, to: keyFromValue(first), keyMayCancel: readBoolean(second, 'cancel') }
  }
  throw malformed('pending')
}

function count(field: CborField, what: string): number {
  return readInteger(field, 0, ledgerLimits.MAX_AMOUNT, what)
}
