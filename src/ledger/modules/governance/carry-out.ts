/** What a motion must be to be put to the vote, and what is done when more than half of all members are for it. */
import { ResultCode } from '../../../chain/index.ts'
import { refuse } from '../../refusal.ts'
import type { Call } from '../../types.ts'
import { ACCOUNTS } from '../accounts/accounts.ts'
import { isMember } from '../admission/members.ts'
import { AUTHORITY } from '../authority/authority.ts'
import { setReviews } from '../authority/faulty.ts'
import { isRoleOf } from '../authority/nodes.ts'
import { barNode, expelNode, isBackup, joinNode, promoteNode, refuseBarred } from '../authority/reviewed.ts'
import { networkNodeOf } from '../authority/view.ts'
import { compensate, openCase, readCase, settle } from './cases.ts'
import { hideName, readHidden, showName } from './hidden.ts'
import type { Motion } from './motions.ts'
import { readRules, writeRules } from './rules.ts'
import type { MotionSubject } from './subjects.ts'

/** Refuses what could not be carried out today. */
export function checkSubject(call: Call, subject: MotionSubject): void {
  const no = noReason(call, subject)
  if (no !== undefined) refuse(ResultCode.NOT_ALLOWED, no)
  if (subject.kind === 'add') refuseBarred(call.part(AUTHORITY), subject.account, call.block.time)
}

/** False: what it is about has changed in the meantime, and nothing was done. */
export function carryOut(call: Call, { subject, number }: Motion): boolean {
  const { own, part, block } = call
  if (subject.kind === 'remove') return remove(call, subject, number)
  if (noReason(call, subject) !== undefined) return false
  const books = { own, accounts: part(ACCOUNTS) }
  switch (subject.kind) {
    case 'add':
      refuseBarred(part(AUTHORITY), subject.account, block.time)
      settle(books, subject.account)
      joinNode(part(AUTHORITY), subject, block.height)
      return true
    case 'promote':
      promoteNode(part(AUTHORITY), subject.account)
      return true
    case 'compensate':
      return compensate(books, subject, number, block)
    case 'rules':
      writeRules(own, subject.rules)
      setReviews(part(AUTHORITY), subject.rules)
      return true
    case 'hide':
      hideName(own, { ...subject, since: block.time, motion: number })
      return true
    case 'show':
      showName(own, subject.label)
      return true
  }
}

/** Also when it has resigned during the review: it waits as any other. */
function remove(call: Call, { account, reason }: Extract<MotionSubject, { kind: 'remove' }>, motion: number): boolean {
  const { own, part, block } = call
  if (!expelNode(part(AUTHORITY), account)) return false
  const { repairMs, holdMs } = readRules(own)
  barNode(part(AUTHORITY), account, block.time + repairMs)
  openCase({ own, accounts: part(ACCOUNTS) }, { account, motion, reason }, block, block.time + holdMs)
  return true
}

/** Why there is nothing to decide; undefined: there is. */
function noReason({ own, all, part, block }: Call, subject: MotionSubject): string | undefined {
  switch (subject.kind) {
    case 'remove':
      return networkNodeOf(all, subject.account) === undefined ? 'no node' : undefined
    case 'add':
      if (networkNodeOf(all, subject.account) !== undefined) return 'is one already'
      if (!isRoleOf(block.chainName, subject.role)) return 'role'
      return isMember(all, subject.account) ? undefined : 'not admitted'
    case 'promote': {
      const node = networkNodeOf(all, subject.account)
      if (node === undefined || !isBackup(part(AUTHORITY), subject.account)) return 'no backup'
      return node.voting === undefined || node.isIdle ? 'brought no key' : undefined
    }
    case 'compensate': {
      const known = readCase(own, subject.account)
      if (known === undefined) return 'was not removed'
      if (subject.marks.some(({ height }) => height >= block.height)) return 'a block to come'
      const sum = subject.payments.reduce((all, { amount }) => all + amount, 0)
      return sum > known.held ? 'more than is held' : undefined
    }
    case 'rules':
      return undefined
    case 'hide':
      if (block.chainName === 'root') return 'no names here'
      return readHidden(own, subject.label) === undefined ? undefined : 'hidden already'
    case 'show':
      return readHidden(own, subject.label) === undefined ? 'not hidden' : undefined
  }
}
