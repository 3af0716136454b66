/**
 * Welcomes: what makes a row a seat. A neighbour on the ring signs that it has spoken to a member itself; who computes sets
 * counts those of more than half of the member's eight nearest neighbours. It is the counterpart of an accusation, with the
 * same witnesses, so that whoever may say that a member is dead may say that it is there.
 */
import { compareBytes } from '../../base/index.ts'
import {
  type CborField,
  type CborValue,
  encodeCanonical,
  type SignatureScheme,
  type Signer,
  signedBytes,
} from '../../crypto/index.ts'
import { limits } from '../limits.ts'
import type { MemberEntry, Welcome } from '../types.ts'
import { readBytes, readList, readNatural, readRow, readSignature } from './reading.ts'

export function signWelcome(ringId: string, signer: Signer, publicKey: Uint8Array, at: number): Welcome {
  return { hint: hintOf(signer.publicKey), at, signature: signer.sign(welcomeBytes(ringId, publicKey, at)) }
}

export function verifyWelcome(
  context: { readonly ringId: string; readonly scheme: SignatureScheme },
  publicKey: Uint8Array,
  welcome: Welcome,
  signer: Uint8Array,
): boolean {
  return context.scheme.verify(signer, welcomeBytes(context.ringId, publicKey, welcome.at), welcome.signature)
}

/** Who may welcome whom, and which times count. */
export interface WelcomeRule {
  /** The nearest neighbours of the member, by the verifier's own table. */
  readonly witnesses: readonly MemberEntry[]
  /** Only welcomes after this time: that of its death, for a member that was declared dead. Unix ms. */
  readonly after: number
  readonly now: number
}

/**
 * True when more than half of the witnesses welcome the member. It stops at the first welcome that a witness did not sign, so that
 * a row costs at most one vain check.
 */
export function isWelcomed(
  context: { readonly ringId: string; readonly scheme: SignatureScheme },
  entry: MemberEntry,
  { witnesses, after, now }: WelcomeRule,
): boolean {
  const { welcomes = [], publicKey } = entry
  const needed = Math.floor(witnesses.length / 2) + 1
  if (witnesses.length === 0 || welcomes.length < needed) return false
  const left = new Set(witnesses)
  const timely = welcomes.filter(
    ({ at }) => at > after && at > now - limits.WELCOME_TERM_MS && at <= now + limits.MAX_INCARNATION_AHEAD_MS,
  )
  let counted = 0
  for (const welcome of timely) {
    const witness = [...left].find((one) => compareBytes(hintOf(one.publicKey), welcome.hint) === 0)
    if (witness === undefined) continue
    if (!verifyWelcome(context, publicKey, welcome, witness.publicKey)) return false
    left.delete(witness)
    counted += 1
    if (counted >= needed) return true
  }
  return false
}

export function welcomeToValue({ hint, at, signature }: Welcome): CborValue {
  return [hint, at, signature]
}

/** Throws RING_MALFORMED. */
export function welcomeFromValue(value: CborField): Welcome {
  const [hint, at, signature] = readRow(value, 3, 'welcome')
  return {
    hint: readBytes(hint, limits.WELCOME_HINT_BYTES, limits.WELCOME_HINT_BYTES, 'hint'),
    at: readNatural(at, 'time of a welcome'),
    signature: readSignature(signature, 'signature of a welcome'),
  }
}

/** Throws RING_MALFORMED. Undefined where the field is missing, as in rows of members of an older version. */
export function welcomesFromValue(value: CborField): readonly Welcome[] | undefined {
  return value === undefined ? undefined : readList(value, limits.MAX_WELCOMES, 'welcomes', welcomeFromValue)
}

function hintOf(publicKey: Uint8Array): Uint8Array {
  return publicKey.subarray(0, limits.WELCOME_HINT_BYTES)
}

function welcomeBytes(ringId: string, publicKey: Uint8Array, at: number): Uint8Array {
  return signedBytes('chordns/welcome/1', encodeCanonical([ringId, publicKey, at]))
}
