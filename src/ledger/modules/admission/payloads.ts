/** Payloads of the module, before they are encoded. */
import type { Payload } from '../../types.ts'
import type { AdmissionApplication, Inquiry } from './statements.ts'
import { type Subject, subjectToValue } from './votes.ts'

export const ENDORSE = 40
export const WITHDRAW = 41
export const VOTE_ENDORSER = 42
export const CHANGE_MACHINE = 43
export const LEAVE = 44
export const BEACON = 45

/** What the first endorser of an organisation brings: its application, and the answer of its machine. */
export interface FirstEndorsement extends AdmissionApplication {
  /** The account's, over the application. */
  readonly signature: Uint8Array
  readonly inquiry: Pick<Inquiry, 'nonce' | 'at'>
  /** The ring key's, over the answer. */
  readonly answer: Uint8Array
}

export function endorsePayload(list: number, account: Uint8Array, first?: FirstEndorsement): Payload {
  if (first === undefined) return [ENDORSE, list, account, null]
  const { name, ringKey, contact, signature, inquiry, answer } = first
  return [ENDORSE, list, account, [name, ringKey, contact, signature, inquiry.nonce, inquiry.at, answer]]
}

export function withdrawPayload(list: number, account: Uint8Array): Payload {
  return [WITHDRAW, list, account]
}

export function endorserVotePayload(list: number, subject: Subject, inFavour = true): Payload {
  return [VOTE_ENDORSER, list, subjectToValue(subject), inFavour]
}

/** The organisation's own: another machine, or another contact. `ringKeySignature` is needed for another machine only. */
export function changeMachinePayload(
  list: number,
  contact: string,
  machine?: { readonly ringKey: Uint8Array; readonly signature: Uint8Array },
): Payload {
  return [CHANGE_MACHINE, list, contact, machine === undefined ? null : [machine.ringKey, machine.signature]]
}

export function leavePayload(list: number): Payload {
  return [LEAVE, list]
}

/** A validator's, once an epoch: the secret that it hid in the epoch before, and the hash of the next. */
export function beaconPayload(secret: Uint8Array | null, commitment: Uint8Array | null): Payload {
  return [BEACON, secret, commitment]
}
