/** What these tests take of the ring: its types, and where a key places a member. */
import { asRingId, type RingId, toHex } from '../../src/base/index.ts'
import { sha256 } from '../../src/crypto/index.ts'

export type { MemberEntry, Ring } from '../../src/ring/index.ts'

export function memberId(publicKey: Uint8Array, salt: Uint8Array): RingId {
  return asRingId(toHex(sha256(publicKey, salt)))
}
