/** What motions are about, and payloads of the module. */
import { ResultCode } from '../../../chain/index.ts'
import type { CborField, CborValue } from '../../../crypto/index.ts'
import { limits as ledgerLimits } from '../../limits.ts'
import { ledgerReader, refuse } from '../../refusal.ts'
import type { Payload } from '../../types.ts'
import { type NodeRole, ROLES, roleAt } from '../authority/nodes.ts'
import { isNameLabel } from '../names/label.ts'
import { GovernanceKind, REASONS, type Reason } from './kinds.ts'
import { limits } from './limits.ts'
import { type GovernanceRules, rulesFromValue, rulesToValue } from './rules.ts'

const { readRow, readList, readInteger, readBytes, readHash, readUtf8 } = ledgerReader
const utf8 = new TextEncoder()

/** What somebody says of a node: why, in which blocks it shows, and in words. */
export interface Charge {
  readonly account: Uint8Array
  readonly reason: Reason
  readonly heights: readonly number[]
  readonly text: string
}

/** A record of the chain: the id of a transaction, and the block in which it stands. */
export interface MarkedRecord {
  readonly height: number
  readonly transaction: Uint8Array
}

export interface Payment {
  /** Which of the marked records it makes good. */
  readonly mark: number
  readonly to: Uint8Array
  readonly amount: number
}

export type MotionSubject =
  | ({ readonly kind: 'remove' } & Charge)
  | { readonly kind: 'add'; readonly account: Uint8Array; readonly role: NodeRole }
  | { readonly kind: 'promote'; readonly account: Uint8Array }
  | {
      readonly kind: 'compensate'
      readonly account: Uint8Array
      readonly marks: readonly MarkedRecord[]
      readonly payments: readonly Payment[]
    }
  | { readonly kind: 'rules'; readonly rules: GovernanceRules }
  | { readonly kind: 'hide'; readonly label: Uint8Array; readonly reason: Reason; readonly text: string }
  | { readonly kind: 'show'; readonly label: Uint8Array }

export function complainPayload(charge: Charge): Payload {
  return [GovernanceKind.COMPLAIN, ...chargeToRow(charge)]
}

export function proposePayload(subject: MotionSubject): Payload {
  return [GovernanceKind.PROPOSE, subjectToValue(subject)]
}

export function replyPayload(motion: number, inFavour: boolean): Payload {
  return [GovernanceKind.REPLY, motion, inFavour]
}

/** By who proposed it, as long as it is open. */
export function withdrawMotionPayload(motion: number): Payload {
  return [GovernanceKind.WITHDRAW, motion]
}

/** By who leads: a node that was removed may be voted in again. */
export function repairedPayload(account: Uint8Array): Payload {
  return [GovernanceKind.REPAIRED, account]
}

export function chargeFromRow(row: readonly CborValue[]): Charge {
  const [account, reason, heights, text] = readRow([...row], 4, 'charge')
  return {
    account: readHash(account, 'account'),
    reason: reasonFrom(reason),
    heights: readList(heights, limits.MAX_HEIGHTS, 'heights', heightFrom),
    text: readUtf8(text, limits.MAX_TEXT, 'text'),
  }
}

export function chargeToRow({ account, reason, heights, text }: Charge): CborValue[] {
  return [account, REASONS.indexOf(reason), [...heights], utf8.encode(text)]
}

export function subjectToValue(subject: MotionSubject): CborValue {
  switch (subject.kind) {
    case 'remove':
      return [0, ...chargeToRow(subject)]
    case 'add':
      return [1, subject.account, ROLES.indexOf(subject.role)]
    case 'promote':
      return [2, subject.account]
    case 'compensate': {
      const marks = subject.marks.map(({ height, transaction }) => [height, transaction])
      const payments = subject.payments.map(({ mark, to, amount }) => [mark, to, amount])
      return [3, subject.account, marks, payments]
    }
    case 'rules':
      return [4, rulesToValue(subject.rules)]
    case 'hide':
      return [5, subject.label, REASONS.indexOf(subject.reason), utf8.encode(subject.text)]
    case 'show':
      return [6, subject.label]
  }
}

/** Throws LEDGER_MALFORMED, or refuses. */
export function subjectFromValue(value: CborField): MotionSubject {
  const [kind, ...row] = Array.isArray(value) ? value : []
  switch (kind) {
    case 0:
      return { kind: 'remove', ...chargeFromRow(row) }
    case 1: {
      const [account, role] = readRow(row, 2, 'subject')
      const at = readInteger(role, 0, ROLES.length - 1, 'role')
      return { kind: 'add', account: readHash(account, 'account'), role: roleAt(at) }
    }
    case 2:
      return { kind: 'promote', account: readHash(readRow(row, 1, 'subject')[0], 'account') }
    case 3:
      return compensationFrom(row)
    case 4:
      return { kind: 'rules', rules: rulesFromValue(readRow(row, 1, 'subject')[0]) }
    case 5: {
      const [label, reason, text] = readRow(row, 3, 'subject')
      const said = readUtf8(text, limits.MAX_TEXT, 'text')
      return { kind: 'hide', label: labelFrom(label), reason: reasonFrom(reason), text: said }
    }
    case 6:
      return { kind: 'show', label: labelFrom(readRow(row, 1, 'subject')[0]) }
    default:
      return refuse(ResultCode.MALFORMED, 'subject')
  }
}

function compensationFrom(row: CborValue[]): MotionSubject {
  const [account, markRows, paymentRows] = readRow(row, 3, 'subject')
  const marks = readList(markRows, limits.MAX_MARKS, 'marks', (one) => {
    const [height, transaction] = readRow(one, 2, 'mark')
    return { height: heightFrom(height), transaction: readHash(transaction, 'transaction') }
  })
  const payments = readList(paymentRows, limits.MAX_PAYMENTS, 'payments', (one) => {
    const [mark, to, amount] = readRow(one, 3, 'payment')
    return {
      mark: readInteger(mark, 0, marks.length - 1, 'mark'),
      to: readHash(to, 'account'),
      amount: readInteger(amount, 1, ledgerLimits.MAX_AMOUNT, 'amount'),
    }
  })
  if (marks.length === 0) refuse(ResultCode.MALFORMED, 'no record')
  return { kind: 'compensate', account: readHash(account, 'account'), marks, payments }
}

function reasonFrom(value: CborField): Reason {
  return REASONS[readInteger(value, 0, REASONS.length - 1, 'reason')]!
}

function heightFrom(value: CborField): number {
  return readInteger(value, 1, ledgerLimits.MAX_AMOUNT, 'height')
}

function labelFrom(value: CborField): Uint8Array {
  const label = readBytes(value, 1, 63, 'label')
  return isNameLabel(label) ? label : refuse(ResultCode.MALFORMED, 'label')
}
