/**
 * What members sign about invitations. An *invitation*: so many machines may join until then. A *use*: a door has let a machine in by
 * one, with the machine's own claim to it. A *revocation*: the inviter takes back what was not used yet. All stand alone, so
 * that any member can check and pass on what it did not see.
 */

import { latin1 } from '../../base/index.ts'
import {
  type CborField,
  type CborValue,
  encodeCanonical,
  hmacSha256,
  type Signer,
  sha256,
  signedBytes,
} from '../../crypto/index.ts'
import { limits } from '../limits.ts'
import type { Invitation, InvitationStatement, InvitationUse, Revocation } from '../types.ts'
import type { SigningContext } from './member.ts'
import {
  malformed,
  readBytes,
  readCbor,
  readHash,
  readInteger,
  readNatural,
  readRow,
  readSignature,
} from './reading.ts'

export function signInvitation(
  ringId: string,
  signer: Signer,
  terms: Pick<Invitation, 'id' | 'uses' | 'at' | 'expires'>,
): Invitation {
  const unsigned = { ...terms, inviter: signer.publicKey }
  return { ...unsigned, signature: signer.sign(invitationBytes(ringId, unsigned)) }
}

export function verifyInvitation({ ringId, scheme }: SigningContext, invitation: Invitation): boolean {
  return scheme.verify(invitation.inviter, invitationBytes(ringId, invitation), invitation.signature)
}

/** A machine's own word that it wants to join by this invitation: nobody else can use one in its name. */
export function signClaim(ringId: string, signer: Signer, invitation: Invitation): Uint8Array {
  return signer.sign(claimBytes(ringId, invitation, signer.publicKey))
}

export function verifyClaim(
  { ringId, scheme }: SigningContext,
  invitation: Invitation,
  machine: Uint8Array,
  claim: Uint8Array,
): boolean {
  return scheme.verify(machine, claimBytes(ringId, invitation, machine), claim)
}

export function signUse(
  ringId: string,
  signer: Signer,
  { invitation, machine, claim, at }: Pick<InvitationUse, 'invitation' | 'machine' | 'claim' | 'at'>,
): InvitationUse {
  const signature = signer.sign(useBytes(ringId, invitation, machine, at))
  return { kind: 'use', invitation, machine, claim, door: signer.publicKey, at, signature }
}

export function signRevocation<T extends Pick<Invitation, 'inviter' | 'id'>>(
  ringId: string,
  signer: Signer,
  invitation: T,
  at: number,
): Omit<Revocation, 'invitation'> & { readonly invitation: T } {
  return { kind: 'revocation', invitation, at, signature: signer.sign(revocationBytes(ringId, invitation, at)) }
}

/** All its signatures: at most CHECKS_OF_A_STATEMENT. */
export function verifyStatement(context: SigningContext, statement: InvitationStatement): boolean {
  const { ringId, scheme } = context
  const { invitation, at, signature } = statement
  if (!verifyInvitation(context, invitation)) return false
  if (statement.kind === 'revocation')
    return scheme.verify(invitation.inviter, revocationBytes(ringId, invitation, at), signature)
  const { machine, claim, door } = statement
  return (
    verifyClaim(context, invitation, machine, claim) &&
    scheme.verify(door, useBytes(ringId, invitation, machine, at), signature)
  )
}

export const CHECKS_OF_A_STATEMENT = 3

/**
 * The secret of one invitation: its token has it, every member can compute it, and whoever has it cannot compute the secret of the
 * ring from it, nor that of another invitation.
 */
export function invitationSecret(ringSecret: Uint8Array, ringId: string, invitation: Invitation): Uint8Array {
  return hmacSha256(ringSecret, encodeCanonical(['chordns/invitation-secret/1', ringId, invitationToValue(invitation)]))
}

/** Tells invitations apart: an id is only its inviter's. */
export function invitationKey({ inviter, id }: Pick<Invitation, 'inviter' | 'id'>): string {
  return latin1(inviter) + latin1(id)
}

/** Tells statements apart, in comparisons of who has which. */
export function markOf(statement: InvitationStatement): Uint8Array {
  return sha256(encodeCanonical(statementToValue(statement))).slice(0, limits.STATEMENT_MARK_BYTES)
}

export function invitationToValue({ inviter, id, uses, at, expires, signature }: Invitation): CborValue {
  return [inviter, id, uses, at, expires, signature]
}

/** Throws RING_MALFORMED. */
export function invitationFromValue(value: CborField): Invitation {
  const [inviter, id, uses, at, expires, signature] = readRow(value, 6, 'invitation')
  const invitation = {
    inviter: readHash(inviter, 'inviter'),
    id: readBytes(id, limits.INVITATION_ID_BYTES, limits.INVITATION_ID_BYTES, 'id of an invitation'),
    uses: readInteger(uses, 1, limits.MAX_INVITATION_USES, 'uses'),
    at: readNatural(at, 'time of an invitation'),
    expires: readNatural(expires, 'end of an invitation'),
    signature: readSignature(signature, 'signature of an invitation'),
  }
  const term = invitation.expires - invitation.at
  if (term <= 0 || term > limits.MAX_INVITATION_MS) throw malformed('term of an invitation')
  return invitation
}

/** Throws RING_MALFORMED. */
export function invitationFromBytes(bytes: Uint8Array): Invitation {
  return invitationFromValue(readCbor(bytes, 1_024, 'invitation'))
}

const Kind = { use: 1, revocation: 2 } as const

export function statementToValue(statement: InvitationStatement): CborValue {
  const invitation = invitationToValue(statement.invitation)
  const { at, signature } = statement
  if (statement.kind === 'revocation') return [Kind.revocation, invitation, at, signature]
  return [Kind.use, invitation, at, signature, statement.machine, statement.claim, statement.door]
}

/** Throws RING_MALFORMED. */
export function statementFromValue(value: CborField): InvitationStatement {
  const isUse = Array.isArray(value) && value[0] === Kind.use
  const row = readRow(value, isUse ? 7 : 4, 'statement')
  if (!isUse && row[0] !== Kind.revocation) throw malformed('kind of a statement')
  const about = {
    invitation: invitationFromValue(row[1]),
    at: readNatural(row[2], 'time of a statement'),
    signature: readSignature(row[3], 'signature of a statement'),
  }
  if (!isUse) return { kind: 'revocation', ...about }
  return {
    kind: 'use',
    ...about,
    machine: readHash(row[4], 'machine'),
    claim: readSignature(row[5], 'claim'),
    door: readHash(row[6], 'door'),
  }
}

function invitationBytes(ringId: string, invitation: Omit<Invitation, 'signature'>): Uint8Array {
  const { inviter, id, uses, at, expires } = invitation
  return signedBytes('chordns/invitation/1', encodeCanonical([ringId, inviter, id, uses, at, expires]))
}

function claimBytes(ringId: string, { inviter, id }: Invitation, machine: Uint8Array): Uint8Array {
  return signedBytes('chordns/invitation-claim/1', encodeCanonical([ringId, inviter, id, machine]))
}

function useBytes(ringId: string, { inviter, id }: Invitation, machine: Uint8Array, at: number): Uint8Array {
  return signedBytes('chordns/invitation-use/1', encodeCanonical([ringId, inviter, id, machine, at]))
}

function revocationBytes(ringId: string, { inviter, id }: Pick<Invitation, 'inviter' | 'id'>, at: number): Uint8Array {
  return signedBytes('chordns/invitation-revocation/1', encodeCanonical([ringId, inviter, id, at]))
}
