/** What others may know of governance: commands, the status page, duties. */
import { toHex } from '../../../base/index.ts'
import { readerOf } from '../../draft.ts'
import type { Voice } from '../../tally.ts'
import type { StateReader } from '../../types.ts'
import { AUTHORITY } from '../authority/authority.ts'
import { barredUntil, isBackup } from '../authority/reviewed.ts'
import { listedLabels } from '../registries/list.ts'
import {
  type Case,
  heldAccounts,
  markOf,
  type RecordMark,
  type RepairCheckpoint,
  readCase,
  repairCheckpointOf,
} from './cases.ts'
import { type Complaint, complaintsAbout } from './complaints.ts'
import { type Hidden, hiddenNames, readHidden } from './hidden.ts'
import { GOVERNANCE } from './kinds.ts'
import { limits } from './limits.ts'
import { type Motion, motionNumbers, readMotion, voicesOf } from './motions.ts'
import { type GovernanceRules, readRules } from './rules.ts'

export interface MotionView extends Motion {
  readonly inFavour: readonly Voice[]
  readonly against: readonly Voice[]
}

/** Those that are open, and the last `closed` of those that are over. */
export function motionsOf(state: StateReader, closed = 0): readonly MotionView[] {
  const own = readerOf(state, GOVERNANCE)
  const { open, next } = motionNumbers(own)
  const late = Array.from({ length: Math.min(closed, next - 1) }, (_, i) => next - 1 - i)
  const numbers = [...new Set([...open, ...late])].sort((a, b) => a - b)
  return numbers.flatMap((number) => motionOf(state, number) ?? [])
}

export function motionOf(state: StateReader, number: number): MotionView | undefined {
  const own = readerOf(state, GOVERNANCE)
  const motion = readMotion(own, number)
  if (motion === undefined) return undefined
  return { ...motion, inFavour: voicesOf(own, number, true), against: voicesOf(own, number, false) }
}

export function complaintsOf(state: StateReader, account: Uint8Array): readonly Complaint[] {
  return complaintsAbout(readerOf(state, GOVERNANCE), account)
}

export interface CaseView extends Case {
  /** Unix ms: before, it is not voted in again. */
  readonly barredUntil: number
}

/** Of somebody who was removed. */
export function caseOf(state: StateReader, account: Uint8Array): CaseView | undefined {
  const known = readCase(readerOf(state, GOVERNANCE), account)
  return known && { ...known, barredUntil: barredUntil(readerOf(state, AUTHORITY), account) }
}

/** All whose removal is not forgotten: of whom something is held, and of the motions that are kept. */
export function casesOf(state: StateReader): readonly CaseView[] {
  const own = readerOf(state, GOVERNANCE)
  const held = heldAccounts(own)
  const { next } = motionNumbers(own)
  const kept = Array.from({ length: Math.min(limits.KEPT_MOTIONS, next - 1) }, (_, i) => readMotion(own, next - 1 - i))
  const reviewed = kept.flatMap((one) =>
    one?.subject.kind === 'remove' && one.state === 'won' ? [one.subject.account] : [],
  )
  const accounts = new Map([...held, ...reviewed].map((account) => [toHex(account), account]))
  return [...accounts.values()].flatMap((account) => caseOf(state, account) ?? [])
}

/** A record that all have found to be bad: it stands in its block for ever, and is marked here. */
export function recordMarkOf(state: StateReader, transaction: Uint8Array): RecordMark | undefined {
  return markOf(readerOf(state, GOVERNANCE), transaction)
}

export function repairCheckpoint(state: StateReader, motion: number): RepairCheckpoint | undefined {
  return repairCheckpointOf(readerOf(state, GOVERNANCE), motion)
}

export function hiddenNameOf(state: StateReader, label: Uint8Array): Hidden | undefined {
  return readHidden(readerOf(state, GOVERNANCE), label)
}

export function allHidden(state: StateReader): readonly Hidden[] {
  return hiddenNames(readerOf(state, GOVERNANCE))
}

/** Of those that are hidden. */
export function hiddenLabels(state: StateReader): readonly Uint8Array[] {
  return listedLabels(readerOf(state, GOVERNANCE))
}

export function governanceRulesOf(state: StateReader): GovernanceRules {
  return readRules(readerOf(state, GOVERNANCE))
}

/** It has no seat until more than half of all promote it. */
export function isBackupNode(state: StateReader, account: Uint8Array): boolean {
  return isBackup(readerOf(state, AUTHORITY), account)
}
