/** Whether the ledger's list of an endorsed ring has somebody. */
import { equalBytes, type PeerId } from '../../base/index.ts'
import { publicKeyFromPeerId } from '../../crypto/index.ts'
import type { MemberEntry, RingAdmission } from '../types.ts'

/** A row under the salt that the list gives to its key. Without a list: under none, so that a key has one id. */
export function isOnList(admission: RingAdmission | undefined, { publicKey, salt }: MemberEntry): boolean {
  if (admission === undefined) return salt.length === 0
  const drawn = admission.saltOf(publicKey)
  return drawn !== undefined && equalBytes(drawn, salt)
}

/** Without a list: everybody is. */
export function isPeerOnList(admission: Pick<RingAdmission, 'saltOf'> | undefined, peer: PeerId): boolean {
  if (admission === undefined) return true
  const key = keyOf(peer)
  return key !== undefined && admission.saltOf(key) !== undefined
}

/** Undefined for a peer id that names no Ed25519 key. */
function keyOf(peer: PeerId): Uint8Array | undefined {
  try {
    return publicKeyFromPeerId(peer)
  } catch {
    return undefined
  }
}
