/**
 * What the nodes of a chain say of all its names, with more than half of them: terms and prices from a height on, also where there were none, and names that
 * are kept back. Nobody loses by it what he has paid for: a name keeps its end, and one that is kept back stays whose it is.
 */
import { concatBytes, equalBytes, latin1, toHex } from '../../../base/index.ts'
import { ResultCode } from '../../../chain/index.ts'
import type { CborField, CborValue } from '../../../crypto/index.ts'
import { limits as ledgerLimits } from '../../limits.ts'
import { ledgerReader, refuse } from '../../refusal.ts'
import { type BallotBook, castBallot, type TallyPlace, type VotedOn } from '../../tally.ts'
import type { BlockEnd, Call } from '../../types.ts'
import { nodesElectorate, voterTerm } from '../authority/view.ts'
import { currentOf, fieldsOf, labelFrom, policyFor, recordAt, write } from './acts.ts'
import { adoptNames } from './adopted.ts'
import { keptRootOf, writeKeptRoot } from './kept-pages.ts'
import { NAMES, NameCode, NameKind } from './kinds.ts'
import { Part } from './label.ts'
import {
  keepName,
  type NamePolicy,
  nextPolicyOf,
  policyFromValue,
  policyOf,
  policyToValue,
  replacePolicy,
  writeNextPolicy,
} from './policy.ts'
import { beginUseRule } from './use.ts'

const { readInteger, readBoolean, readBytes, readHash } = ledgerReader
/** Apart from what is said of single names, so that neither keeps the other from being voted on. */
const TALLIES: TallyPlace = {
  keyOf: (subject) => concatBytes(Uint8Array.of(Part.RULE_TALLY), subject),
  openKey: Uint8Array.of(Part.RULE_TALLIES),
}

/** [SET_POLICY, 1, height, policy, in favour]: the last one that was voted for takes the place of one that waits. */
export function setPolicy(call: Call): void {
  const [heightField, value, inFavour] = fieldsOf(call, 3)
  const { block, own } = call
  if (block.chainName === 'root') refuse(NameCode.BAD_NAME, 'no names here')
  const height = readInteger(heightField, 1, ledgerLimits.MAX_AMOUNT, 'height')
  const policy = policyFromValue(value)
  if (policy.kept.length > 0) refuse(ResultCode.MALFORMED, 'kept names are voted on one by one')
  const { LEAST_NOTICE_BLOCKS, MOST_NOTICE_BLOCKS } = ledgerLimits
  if (height < block.height + LEAST_NOTICE_BLOCKS || height > block.height + MOST_NOTICE_BLOCKS)
    refuse(ResultCode.NOT_ALLOWED, 'height')
  if (isWon(call, policySubject(height, policy), readBoolean(inFavour, 'in favour')))
    writeNextPolicy(own, { height, policy })
}

/** [KEEP, 1, label, kept, owner or null, in favour]: null: nobody may register it. Not kept: everybody. */
export function keep(call: Call): void {
  const [name, keptField, ownerField, inFavour] = fieldsOf(call, 4)
  policyFor(call)
  const label = labelFrom(call, name)
  const isKept = readBoolean(keptField, 'kept')
  const owner = ownerField === null ? undefined : readHash(ownerField, 'owner')
  if (!isKept && owner !== undefined) refuse(ResultCode.MALFORMED, 'free, and for one')
  if (isWon(call, keptSubject(label, isKept, owner), readBoolean(inFavour, 'in favour')))
    keepName(call.own, label, isKept ? { owner } : undefined)
}

/** [FREE_PAGES, 1, root, in favour]: names that are kept by pages wait no longer. Those that are kept one by one stay so. */
export function freePages(call: Call): void {
  const root = keptRootOf(call.own) ?? refuse(ResultCode.NOT_ALLOWED, 'no such kind')
  const [rootField, inFavour] = fieldsOf(call, 2)
  policyFor(call)
  if (!equalBytes(readHash(rootField, 'root'), root.root)) refuse(ResultCode.NOT_ALLOWED, 'another root')
  if (isWon(call, pagesSubject(root.root), readBoolean(inFavour, 'in favour'))) writeKeptRoot(call.own, undefined)
}

/** [SETTLE, 1, label]: by anybody, for whoever reads the record alone. */
export function settleOld(call: Call): void {
  const [name] = fieldsOf(call, 1)
  const { own } = call
  policyFor(call)
  const label = labelFrom(call, name)
  const before = recordAt(own, label)
  const record = before && currentOf(call, label)
  if (record === undefined) refuse(NameCode.NOT_REGISTERED, 'not registered')
  if (before?.life !== undefined) refuse(NameCode.NOT_NOW, 'settled already')
  write(own, label, record)
}

/** For who lists what is open. */
export const ruleBallots: BallotBook = {
  about: 'rules of names',
  module: NAMES,
  place: TALLIES,
  read(kind, fields) {
    if (kind === NameKind.SET_POLICY) return policyVotedOn(fieldsOf({ fields }, 3))
    if (kind === NameKind.FREE_PAGES) return pagesVotedOn(fieldsOf({ fields }, 2))
    return kind === NameKind.KEEP ? keptVotedOn(fieldsOf({ fields }, 4)) : undefined
  },
}

function policyVotedOn([heightField, value]: readonly CborField[]): VotedOn {
  const height = readInteger(heightField, 1, ledgerLimits.MAX_AMOUNT, 'height')
  const policy = policyFromValue(value)
  const { kept: _, payee, ...rest } = policy
  const rules = JSON.stringify({ ...rest, payee: toHex(payee) })
  return { subject: policySubject(height, policy), text: `from height ${height} on these terms: ${rules}` }
}

function keptVotedOn([name, keptField, ownerField]: readonly CborField[]): VotedOn {
  const label = readBytes(name, 1, 63, 'name')
  const isKept = readBoolean(keptField, 'kept')
  const owner = ownerField === null ? undefined : readHash(ownerField, 'owner')
  const kept = owner === undefined ? `keep ${latin1(label)} back` : `keep ${latin1(label)} for ${toHex(owner)}`
  return { subject: keptSubject(label, isKept, owner), text: isKept ? kept : `let anybody register ${latin1(label)}` }
}

function pagesVotedOn([rootField]: readonly CborField[]): VotedOn {
  const root = readHash(rootField, 'root')
  return { subject: pagesSubject(root), text: `let anybody register the names on the pages under ${toHex(root)}` }
}

function pagesSubject(root: Uint8Array): CborValue {
  return [3, root]
}

function policySubject(height: number, policy: NamePolicy): CborValue {
  return [1, height, policyToValue(policy)]
}

function keptSubject(label: Uint8Array, isKept: boolean, owner: Uint8Array | undefined): CborValue {
  return [2, label, isKept, owner ?? null]
}

/** At the end of the block before the one from which on it counts. */
export function activateDue({ own, block }: Pick<BlockEnd, 'own' | 'block'>): void {
  const next = nextPolicyOf(own)
  if (next === undefined || block.height + 1 < next.height) return
  const before = policyOf(own)
  if (before === undefined) adoptNames(own, next.policy, block.time)
  if (before?.useMs !== next.policy.useMs) beginUseRule(own, next.policy, block.time)
  replacePolicy(own, next.policy)
  writeNextPolicy(own, undefined)
}

function isWon({ account, own, all, block }: Call, subject: CborValue, inFavour: boolean): boolean {
  const since = voterTerm(all, account) ?? refuse(ResultCode.NOT_ALLOWED, 'no vote')
  const ballot = { voice: { account, since }, inFavour, subject, time: block.time }
  return castBallot(own, TALLIES, ballot, nodesElectorate(all))
}
