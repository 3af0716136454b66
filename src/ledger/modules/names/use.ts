/**
 * The rule of use, where a TLD has one: what no server serves is not kept from others. Nodes look, and more than half of them say so; the owner has it back by
 * restoring it.
 */
import { concatBytes } from '../../../base/index.ts'
import { ResultCode } from '../../../chain/index.ts'
import { encodeCanonical } from '../../../crypto/index.ts'
import { readerOf } from '../../draft.ts'
import { limits as ledgerLimits } from '../../limits.ts'
import { ledgerReader, refuse } from '../../refusal.ts'
import { castBallot, hasVoice, type TallyPlace } from '../../tally.ts'
import type { Call, Draft, StateReader } from '../../types.ts'
import { nodesElectorate, voterTerm } from '../authority/view.ts'
import { fieldsOf, livedBy, recordAt, write } from './acts.ts'
import { labelsWaiting } from './due.ts'
import { NAMES, NameCode } from './kinds.ts'
import { keyIn, Part } from './label.ts'
import { type Living, phaseOf, settled } from './life.ts'
import { type NamePolicy, policyOf } from './policy.ts'

const { readCbor, readInteger, readBoolean } = ledgerReader
const TALLIES: TallyPlace = {
  keyOf: (subject) => concatBytes(Uint8Array.of(Part.TALLY), subject),
  openKey: Uint8Array.of(Part.TALLIES),
}

/** [UNUSED, 1, label, generation, in favour]: by a node. */
export function unused(call: Call): void {
  const [name, generationField, inFavour] = fieldsOf(call, 3)
  const { label, record, policy } = livedBy(call, name)
  const { account, block, all, own } = call
  const since = voterTerm(all, account) ?? refuse(ResultCode.NOT_ALLOWED, 'no vote')
  const generation = readInteger(generationField, 0, ledgerLimits.MAX_AMOUNT, 'generation')
  if (generation !== record.generation) refuse(NameCode.SEQUENCE, 'another generation')
  if (!mayBeJudged(own, record, policy, block.time)) refuse(NameCode.NOT_NOW, 'not to be judged now')
  const ballot = {
    voice: { account, since },
    inFavour: readBoolean(inFavour, 'in favour'),
    subject: subjectOf(label, record),
    time: block.time,
  }
  if (!castBallot(own, TALLIES, ballot, nodesElectorate(all))) return
  write(own, label, { ...record, life: { ...record.life, resolves: block.time } })
}

function mayBeJudged(own: StateReader, record: Living, policy: NamePolicy, now: number): boolean {
  const from = Math.max(record.life.judgedFrom, ruleFrom(own))
  return policy.useMs > 0 && now >= from && phaseOf(record, policy, now) === 'registered'
}

const RULE_FROM = keyIn(Part.JUDGED_FROM, new Uint8Array())

/** A policy that comes by a vote gives all names as long as it gives new ones. */
export function beginUseRule(own: Draft, { useMs }: Pick<NamePolicy, 'useMs'>, now: number): void {
  own.set(RULE_FROM, encodeCanonical(now + useMs))
}

function ruleFrom(own: StateReader): number {
  const value = own.get(RULE_FROM)
  return value === undefined ? 0 : readInteger(readCbor(value, 16, 'time'), 0, ledgerLimits.MAX_AMOUNT, 'time')
}

function subjectOf(label: Uint8Array, { generation, life }: Living) {
  return [label, generation, life.judgedFrom]
}

/** What a node asks that has a vote on names: which are to be looked at in this turn. All nodes have the same names in the same turn. */
export interface UseQuestion {
  readonly account: Uint8Array
  /** Unix ms. */
  readonly time: number
  readonly turn: number
  /** Names of one turn. */
  readonly most: number
}

export interface UseState {
  readonly mayVote: boolean
  readonly names: readonly JudgedName[]
}

export interface JudgedName {
  readonly label: Uint8Array
  readonly generation: number
  /** This account says already that nobody serves it. */
  readonly isDenied: boolean
}

export function useQuestion(state: StateReader, { account, time, turn, most }: UseQuestion): UseState {
  const own = readerOf(state, NAMES)
  const policy = policyOf(own)
  if (policy === undefined || policy.useMs === 0 || voterTerm(state, account) === undefined)
    return { mayVote: false, names: [] }
  const names = labelsWaiting(own, turn, most).flatMap((label): JudgedName[] => {
    const known = recordAt(own, label)
    const record = known && settled(known, policy, time)
    if (record?.owner === undefined || record.life === undefined) return []
    const living = { ...record, life: record.life }
    if (!mayBeJudged(own, living, policy, time)) return []
    const isDenied = hasVoice(own, TALLIES, { subject: subjectOf(label, living), account, time })
    return [{ label, generation: record.generation, isDenied }]
  })
  return { mayVote: true, names }
}
