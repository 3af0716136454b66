/** Complaints about nodes: anybody who carries may complain; those of so many members in a period start a review (N28, N35). */
import { concatBytes, equalBytes } from '../../../base/index.ts'
import { ResultCode } from '../../../chain/index.ts'
import { encodeCanonical } from '../../../crypto/index.ts'
import { limits as ledgerLimits } from '../../limits.ts'
import { ledgerReader, refuse } from '../../refusal.ts'
import type { Electorate } from '../../tally.ts'
import type { Draft, StateReader } from '../../types.ts'
import { limits } from './limits.ts'
import type { GovernanceRules } from './rules.ts'
import { type Charge, chargeFromRow, chargeToRow } from './subjects.ts'

const { readCbor, readRow, readList, readInteger, readHash } = ledgerReader
const complaintsKey = (account: Uint8Array) => concatBytes(Uint8Array.of(6), account)

export interface Complaint extends Charge {
  readonly by: Uint8Array
  /** The term of a member with a vote; undefined: another organisation, whose complaint is there for who leads. */
  readonly since: number | undefined
  /** Unix ms of block time. */
  readonly time: number
}

export function complaintsAbout(own: StateReader, account: Uint8Array): readonly Complaint[] {
  const value = own.get(complaintsKey(account))
  if (value === undefined) return []
  const rows = readCbor(value, ledgerLimits.MAX_VALUE_BYTES, 'complaints')
  return readList(rows, limits.MAX_COMPLAINTS, 'complaints', (one) => {
    const [by, since, time, ...rest] = readRow(one, 6, 'complaint')
    const [reason, heights, text] = rest
    return {
      by: readHash(by, 'account'),
      since: since === null ? undefined : readInteger(since, 0, ledgerLimits.MAX_AMOUNT, 'since'),
      time: readInteger(time, 0, ledgerLimits.MAX_AMOUNT, 'time'),
      ...chargeFromRow([account, reason!, heights!, text!]),
    }
  })
}

/** In the place of an earlier one of the same account; a member's goes before those of others when there is no room. */
export function addComplaint(own: Draft, complaint: Complaint, { periodMs }: GovernanceRules): void {
  const { account, by, time, since } = complaint
  const known = complaintsAbout(own, account).filter((one) => one.time > time - periodMs && !equalBytes(one.by, by))
  const spare = known.length < limits.MAX_COMPLAINTS ? undefined : known.findIndex((one) => one.since === undefined)
  if (spare === -1 || (spare !== undefined && since === undefined)) refuse(ResultCode.QUOTA, 'complaints')
  const kept = known.filter((_, index) => index !== spare)
  write(own, account, [...kept, complaint])
}

export function dropComplaints(own: Draft, account: Uint8Array): void {
  own.delete(complaintsKey(account))
}

/** Members who have a vote now, and complained within the period. */
export function complainants(
  own: StateReader,
  { account, time }: { readonly account: Uint8Array; readonly time: number },
  { periodMs }: GovernanceRules,
  { counts }: Electorate,
): number {
  return complaintsAbout(own, account).filter(
    ({ by, since, time: at }) => at > time - periodMs && since !== undefined && counts({ account: by, since }),
  ).length
}

function write(own: Draft, account: Uint8Array, complaints: readonly Complaint[]): void {
  const rows = complaints.map(({ by, since, time, ...charge }) => {
    const [, ...rest] = chargeToRow(charge)
    return [by, since ?? null, time, ...rest]
  })
  own.set(complaintsKey(account), encodeCanonical(rows))
}
