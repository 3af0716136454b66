/** What the transactions of one chain are held against, and where. Pure. */
import type { PeerId } from '../../base/index.ts'
import { peerIdFromPublicKey, type SignatureScheme } from '../../crypto/index.ts'
import type { ReplicaGroup } from './descriptor.ts'
import type { VerifySigned } from './signed.ts'

export interface ChangeContext extends ChangeChecks {
  readonly group: ReplicaGroup
  readonly replicas: readonly { readonly peer: PeerId; readonly publicKey: Uint8Array }[]
  /** Bits that a chunk is the top of: the ring's constant. */
  readonly chunkBits: number
}

/** What the checks are made with: of observations, and of signed answers. */
export interface ChangeChecks {
  readonly scheme: SignatureScheme
  readonly verifySigned: VerifySigned
}

/** The place of a block: height, and Unix ms. */
export interface BlockPlace {
  readonly height: number
  readonly time: number
}

export function changeContext(group: ReplicaGroup, chunkBits: number, checks: ChangeChecks): ChangeContext {
  const replicas = group.validators.map(({ publicKey }) => ({ peer: peerIdFromPublicKey(publicKey), publicKey }))
  return { group, replicas, chunkBits, ...checks }
}
