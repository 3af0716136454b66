/** Accusations, and the rows of the dead that are made of them. */
import { compareBytes, type RingId } from '../../base/index.ts'
import { type CborValue, encodeCanonical, type Signer, signedBytes } from '../../crypto/index.ts'
import { limits } from '../limits.ts'
import type { MemberEntry } from '../types.ts'
import type { SigningContext } from './member.ts'

/** One witness's word that it cannot reach a member in this incarnation. */
export interface Accusation {
  readonly accused: RingId
  readonly incarnation: number
  readonly signer: Uint8Array
  readonly signature: Uint8Array
}

export function signAccusation(ringId: string, signer: Signer, entry: MemberEntry): Accusation {
  const { id: accused, incarnation } = entry
  const signature = signer.sign(accusationBytes(ringId, accused, incarnation))
  return { accused, incarnation, signer: signer.publicKey, signature }
}

export function verifyAccusation(context: SigningContext, accusation: Accusation): boolean {
  const { accused, incarnation, signer, signature } = accusation
  return context.scheme.verify(signer, accusationBytes(context.ringId, accused, incarnation), signature)
}

/** The row that says that a member is dead; its signatures are the accusers'. */
export function condemn(entry: MemberEntry, accusations: readonly Accusation[]): MemberEntry {
  const signatures = accusations
    .map(({ signer, signature }) => ({ signer, signature }))
    .sort((a, b) => compareBytes(a.signer, b.signer))
    .slice(0, limits.WITNESSES)
  return { ...entry, status: 'dead', signatures }
}

/**
 * True when more than half of the witnesses signed for this incarnation. `witnesses` are the public keys of the 8 nearest
 * ring neighbours by the verifier's own table (all other members, if they are fewer).
 */
export function isCondemned(context: SigningContext, entry: MemberEntry, witnesses: readonly Uint8Array[]): boolean {
  const witnessKeys = new Set(witnesses.map((key) => key.join()))
  let needed = Math.floor(witnessKeys.size / 2) + 1
  for (const { signer, signature } of entry.signatures.slice(0, limits.MAX_ACCUSERS)) {
    if (!witnessKeys.delete(signer.join())) continue
    const accusation = { accused: entry.id, incarnation: entry.incarnation, signer, signature }
    // Whoever made the notice has checked each of them: one that is forged makes it a lie.
    if (!verifyAccusation(context, accusation)) return false
    needed -= 1
    if (needed === 0) return true
  }
  return false
}

function accusationBytes(ringId: string, accused: RingId, incarnation: number): Uint8Array {
  const value = new Map<number, CborValue>([
    [0, ringId],
    [1, accused],
    [2, incarnation],
  ])
  return signedBytes('chordns/accusation/1', encodeCanonical(value))
}
