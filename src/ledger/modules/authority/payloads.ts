/** Payloads of the module, before they are encoded, and what nodes vote on. */
import { ResultCode } from '../../../chain/index.ts'
import type { CborValue } from '../../../crypto/index.ts'
import { ledgerReader, refuse } from '../../refusal.ts'
import type { Payload } from '../../types.ts'
import { type NodeRole, ROLES, roleAt } from './nodes.ts'

export const VOTE_NODE = 60
export const VOTING_KEY = 61
export const RESIGN = 62

const { readRow, readInteger, readHash } = ledgerReader

export type NodeSubject =
  | { readonly kind: 'add'; readonly account: Uint8Array; readonly role: NodeRole }
  | { readonly kind: 'remove'; readonly account: Uint8Array }

export function nodeVotePayload(subject: NodeSubject, inFavour = true): Payload {
  return [VOTE_NODE, nodeSubjectToValue(subject), inFavour]
}

/** The node's own: a key that blocks are signed with, and its signature over `votingKeyBytes` of the chain. */
export function votingKeyPayload(key: Uint8Array, signature: Uint8Array): Payload {
  return [VOTING_KEY, key, signature]
}

export function resignPayload(): Payload {
  return [RESIGN]
}

export function nodeSubjectToValue(subject: NodeSubject): CborValue {
  return subject.kind === 'add' ? [0, subject.account, ROLES.indexOf(subject.role)] : [1, subject.account]
}

export function nodeSubjectFromValue(value: CborValue | undefined): NodeSubject {
  const kind = Array.isArray(value) ? value[0] : undefined
  if (kind === 0) {
    const [, account, role] = readRow(value, 3, 'subject')
    return {
      kind: 'add',
      account: readHash(account, 'account'),
      role: roleAt(readInteger(role, 0, ROLES.length - 1, 'role')),
    }
  }
  if (kind !== 1) refuse(ResultCode.MALFORMED, 'subject')
  const [, account] = readRow(value, 2, 'subject')
  return { kind: 'remove', account: readHash(account, 'account') }
}
