/**
 * Governance: complaints, reviews, and what all members decide about each other (N28-N44). Who leads (coordinator, regulator) proposes and has no
 * vote; without it, complaints start reviews, members propose, and terms run out, so that the chain goes on alone.
 */
import { concatBytes, equalBytes } from '../../../base/index.ts'
import { ResultCode } from '../../../chain/index.ts'
import { encodeCanonical } from '../../../crypto/index.ts'
import { limits as ledgerLimits } from '../../limits.ts'
import { ledgerReader, refuse } from '../../refusal.ts'
import type { BlockEnd, Call, LedgerModule, StateReader } from '../../types.ts'
import { ACCOUNTS } from '../accounts/accounts.ts'
import { AUTHORITY } from '../authority/authority.ts'
import { drainFaults, setReviews } from '../authority/faulty.ts'
import { hasVote } from '../authority/nodes.ts'
import { barNode, barredUntil } from '../authority/reviewed.ts'
import { networkNodeOf, nodesElectorate, voterTerm } from '../authority/view.ts'
import { carryOut, checkSubject } from './carry-out.ts'
import { holdForReview, openCase, readCase, releaseAfterReview, ripe, settle, writeCase } from './cases.ts'
import { addComplaint, complainants, dropComplaints } from './complaints.ts'
import { GOVERNANCE, GovernanceKind } from './kinds.ts'
import { limits } from './limits.ts'
import { closeMotion, type Motion, openMotion, openMotions, overdue, readMotion, reply } from './motions.ts'
import { readRules, rulesFromValue, writeRules } from './rules.ts'
import { type Charge, chargeFromRow, type MotionSubject, subjectFromValue } from './subjects.ts'

const { readCbor, readRow, readInteger, readHash, readBoolean } = ledgerReader
const STARTED_KEY = Uint8Array.of(14)
const reviewedKey = (account: Uint8Array) => concatBytes(Uint8Array.of(15), account)

/** Genesis: the rules (`GovernanceRules` as a row); nothing: those of `DEFAULT_RULES`. */
export const governance: LedgerModule = {
  id: GOVERNANCE,
  name: 'governance',
  kinds: Object.values(GovernanceKind),
  changes: [ACCOUNTS, AUTHORITY],
  begin({ genesis, own }) {
    if (genesis !== undefined) writeRules(own, rulesFromValue(genesis))
  },
  execute(call) {
    switch (call.kind) {
      case GovernanceKind.COMPLAIN:
        return complain(call)
      case GovernanceKind.PROPOSE:
        return propose(call)
      case GovernanceKind.REPLY:
        return takeReply(call)
      case GovernanceKind.WITHDRAW:
        return withdraw(call)
      default:
        return repaired(call)
    }
  },
  endBlock(end) {
    const { own, block, part } = end
    if (own.get(STARTED_KEY) === undefined) {
      own.set(STARTED_KEY, Uint8Array.of(1))
      setReviews(part(AUTHORITY), readRules(own))
    }
    for (const account of drainFaults(part(AUTHORITY))) removedByEvidence(end, account)
    for (const motion of overdue(own, block.time)) close(end, motion, 'lapsed')
    for (const account of ripe(own, block.time))
      if (!isBeingPaid(own, account)) settle({ own, accounts: part(ACCOUNTS) }, account)
    return undefined
  },
}

/** A node that two things were shown of is gone at once; all the rest is as after a review. */
function removedByEvidence({ own, block, part }: Pick<BlockEnd, 'own' | 'block' | 'part'>, account: Uint8Array): void {
  const { repairMs, holdMs } = readRules(own)
  barNode(part(AUTHORITY), account, block.time + repairMs)
  const removed = { account, motion: 0, reason: 'two things for one place' } as const
  openCase({ own, accounts: part(ACCOUNTS) }, removed, block, block.time + holdMs)
}

function complain(call: Call): void {
  const { account: by, own, all, fields, block } = call
  const charge = chargeFromRow(fields)
  const { account } = charge
  if (equalBytes(account, by)) refuse(ResultCode.NOT_ALLOWED, 'of itself')
  if (networkNodeOf(all, account) === undefined) refuse(ResultCode.NOT_ALLOWED, 'no node')
  checkHeights(charge, block.height)
  const rules = readRules(own)
  addComplaint(own, { ...charge, by, since: voterTerm(all, by), time: block.time }, rules)
  const electorate = nodesElectorate(all)
  const others = electorate.size - Number(voterTerm(all, account) !== undefined)
  const enough = Math.max(1, Math.min(rules.complaints, others))
  if (complainants(own, { account, time: block.time }, rules, electorate) < enough) return
  const open = openMotions(own)
  // It is known: what is open is reviewed with all that is said until then. Or there is no room now, and the next complaint tries again.
  if (open.some(({ subject }) => subject.kind === 'remove' && equalBytes(subject.account, account))) return
  if (open.length >= limits.MAX_OPEN) return
  const until = block.time + rules.motionMs
  openMotion(
    own,
    { subject: { kind: 'remove', ...charge }, by: undefined, height: block.height, until },
    limits.MAX_OPEN,
  )
  hold(call, account)
  dropComplaints(own, account)
}

/** By a member with a vote, who is in favour; by who leads; or by who asks to be added. */
function propose(call: Call): void {
  const { account: by, own, all, fields, block } = call
  const [subjectField] = readRow(fields, 1, 'motion')
  const subject = subjectFromValue(subjectField)
  const leads = isLeader(all, by)
  const since = voterTerm(all, by)
  const asksForItself = subject.kind === 'add' && equalBytes(subject.account, by)
  if (!leads && since === undefined && !asksForItself) refuse(ResultCode.NOT_ALLOWED, 'no vote')
  if (subject.kind === 'remove') {
    // Members complain; only who leads starts a review alone, and not the same one again and again.
    if (!leads) refuse(ResultCode.NOT_ALLOWED, 'complain instead')
    if (restsUntil(own, subject.account) > block.time) refuse(ResultCode.QUOTA, 'reviewed lately')
    checkHeights(subject, block.height)
  }
  checkSubject(call, subject)
  const until = block.time + readRules(own).motionMs
  const most = leads ? limits.MAX_OPEN_LEADER : limits.MAX_OPEN_EACH
  const number = openMotion(own, { subject, by, height: block.height, until }, most)
  if (subject.kind === 'remove') hold(call, subject.account)
  if (since !== undefined) vote(call, number, since, true)
}

function takeReply(call: Call): void {
  const { account, all, fields } = call
  const [numberField, inFavour] = readRow(fields, 2, 'reply')
  const number = readInteger(numberField, 1, limits.MAX_MOTIONS, 'motion')
  const since = voterTerm(all, account) ?? refuse(ResultCode.NOT_ALLOWED, 'no vote')
  vote(call, number, since, readBoolean(inFavour, 'in favour'))
}

function vote(call: Call, number: number, since: number, inFavour: boolean): void {
  const { account, own, all, block } = call
  const motion = readMotion(own, number) ?? refuse(ResultCode.NOT_ALLOWED, 'no such motion')
  if (motion.state !== 'open') refuse(ResultCode.TAKEN, 'closed')
  if (motion.until < block.time) refuse(ResultCode.EXPIRED, 'over')
  const outcome = reply(own, { number, voice: { account, since }, inFavour }, nodesElectorate(all))
  if (outcome === 'lost') close(call, motion, 'lost')
  if (outcome === 'won') close(call, motion, carryOut(call, motion) ? 'won' : 'void')
}

function withdraw(call: Call): void {
  const { account, own, fields } = call
  const [numberField] = readRow(fields, 1, 'withdraw')
  const motion = readMotion(own, readInteger(numberField, 1, limits.MAX_MOTIONS, 'motion'))
  if (motion?.state !== 'open') refuse(ResultCode.NOT_ALLOWED, 'no such motion')
  if (motion.by === undefined || !equalBytes(motion.by, account)) refuse(ResultCode.NOT_ALLOWED, "another's")
  close(call, motion, 'withdrawn')
}

/** The word of who leads: the removed one waits no longer than the least (N37). */
function repaired({ account: by, own, all, part, fields }: Call): void {
  const account = readHash(readRow(fields, 1, 'repaired')[0], 'account')
  if (!isLeader(all, by)) refuse(ResultCode.NOT_ALLOWED, 'does not lead')
  const known = readCase(own, account) ?? refuse(ResultCode.NOT_ALLOWED, 'was not removed')
  if (known.isRepaired) refuse(ResultCode.TAKEN, 'repaired')
  writeCase(own, { ...known, isRepaired: true })
  const until = known.time + readRules(own).waitMs
  if (barredUntil(part(AUTHORITY), account) > until) barNode(part(AUTHORITY), account, until)
}

type Books = Pick<BlockEnd, 'own' | 'block' | 'part'>

function close({ own, block, part }: Books, motion: Motion, state: Parameters<typeof closeMotion>[2]): void {
  closeMotion(own, motion, state, block.height)
  const { subject } = motion
  if (subject.kind !== 'remove') return
  own.set(reviewedKey(subject.account), encodeCanonical(block.time + readRules(own).motionMs))
  releaseAfterReview({ own, accounts: part(ACCOUNTS) }, subject.account)
}

/** The accused cannot empty its account while it is reviewed. Half of the time at least it has it: few who complain again and again hold nobody's value. */
function hold({ own, block, part }: Books, account: Uint8Array): void {
  if (restsUntil(own, account) <= block.time) holdForReview({ own, accounts: part(ACCOUNTS) }, account)
}

/** Who leads starts no other review of a node before, and nothing is held of it for one, unix ms. */
function restsUntil(own: StateReader, account: Uint8Array): number {
  const value = own.get(reviewedKey(account))
  if (value === undefined) return 0
  return readInteger(readCbor(value, ledgerLimits.MAX_VALUE_BYTES, 'time'), 0, ledgerLimits.MAX_AMOUNT, 'time')
}

function isLeader(all: StateReader, account: Uint8Array): boolean {
  const node = networkNodeOf(all, account)
  return node !== undefined && !hasVote(node)
}

function isBeingPaid(own: StateReader, account: Uint8Array): boolean {
  return openMotions(own).some(
    ({ subject }: { readonly subject: MotionSubject }) =>
      subject.kind === 'compensate' && equalBytes(subject.account, account),
  )
}

function checkHeights({ heights }: Charge, height: number): void {
  if (heights.some((one) => one > height)) refuse(ResultCode.NOT_ALLOWED, 'a block to come')
}
