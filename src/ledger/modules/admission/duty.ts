/** What a validator's node has still to do for the draws, as the newest state says. */
import { equalBytes } from '../../../base/index.ts'
import { readerOf } from '../../draft.ts'
import type { StateReader } from '../../types.ts'
import { accountOf } from '../accounts/accounts.ts'
import { ADMISSION } from './admission.ts'
import { epochOf, readBeacon } from './beacon.ts'
import { mayCarry } from './members.ts'

export interface BeaconDuty {
  /** Of the height that was asked for. */
  readonly epoch: number
  readonly mayCommit: boolean
  /** It hid a secret in the epoch before, and has not shown it. */
  readonly owesSecret: boolean
  /** Whether the account may send transactions, and the number of its next one. */
  readonly mayCarry: boolean
  readonly nonce: number
}

export function beaconDutyOf(
  state: StateReader,
  {
    validator,
    account,
    height,
  }: { readonly validator: Uint8Array; readonly account: Uint8Array; readonly height: number },
): BeaconDuty {
  const beacon = readBeacon(readerOf(state, ADMISSION))
  const has = (rows: typeof beacon.next) => rows.some((one) => equalBytes(one.validator, validator))
  return {
    epoch: epochOf(beacon, height),
    mayCommit: !has(beacon.next),
    owesSecret: has(beacon.commitments) && !has(beacon.secrets),
    mayCarry: mayCarry(state, account),
    nonce: accountOf(state, account).nonce,
  }
}
