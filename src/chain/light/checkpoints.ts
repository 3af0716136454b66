/** Beginning from a checkpoint: what a client needs that slept for longer than it may trust what it had. */
import { equalBytes } from '../../base/index.ts'
import { blockIdOf } from '../blocks/blocks.ts'
import { setRoot } from '../blocks/set-root.ts'
import { cosignedAt, decodeCheckpointNote } from '../notes/checkpoint.ts'
import type { NoteKey } from '../notes/note.ts'
import { verifyLeafHash } from '../trees/merkle.ts'
import type { BlockHeader, Validator } from '../types.ts'
import { isExpired, type LightRules, type Trusted } from './trust.ts'

/** Whose word on a checkpoint counts: known keys, the user's choice, and how many of them are enough. */
export interface CheckpointPolicy {
  readonly chainId: Uint8Array
  readonly origin: string
  readonly keys: readonly NoteKey[]
  readonly enough: number
}

export interface CheckpointOffer {
  readonly note: Uint8Array
  /** Of the checkpoint's size: its last leaf. */
  readonly header: BlockHeader
  readonly path: readonly Uint8Array[]
  /** The set that the header names for the next height. */
  readonly next: readonly Validator[]
}

export type CheckpointVerdict =
  | { readonly kind: 'trusted'; readonly trusted: Trusted }
  | { readonly kind: 'refused'; readonly reason: 'another log' | 'cosignatures' | 'header' | 'stale' | 'future' }

/** Throws CHAIN_MALFORMED for what is no note. `now`: Unix ms. */
export function trustCheckpoint(
  rules: LightRules,
  policy: CheckpointPolicy,
  offer: CheckpointOffer,
  now: number,
): CheckpointVerdict {
  const { checkpoint, note } = decodeCheckpointNote(offer.note)
  const { header, path, next } = offer
  if (checkpoint.origin !== policy.origin) return { kind: 'refused', reason: 'another log' }
  const isHeader =
    header.ledger !== undefined &&
    equalBytes(header.chainId, policy.chainId) &&
    header.height === checkpoint.size &&
    equalBytes(header.nextValidatorsHash, setRoot(next)) &&
    verifyLeafHash(checkpoint.root, blockIdOf(header), checkpoint.size - 1, checkpoint.size, path)
  if (!isHeader) return { kind: 'refused', reason: 'header' }
  const { chainId, height, time } = header
  // Old keys may have been lost or sold since: an old checkpoint is no beginning.
  if (isExpired(rules, { time }, now)) return { kind: 'refused', reason: 'stale' }
  if (time - now > rules.maxDriftMs) return { kind: 'refused', reason: 'future' }
  const signed = policy.keys.filter((key) => cosignedAt(rules.scheme, key, note) !== undefined).length
  if (policy.enough < 1 || signed < policy.enough) return { kind: 'refused', reason: 'cosignatures' }
  return { kind: 'trusted', trusted: { chainId, height, time, header, validators: next } }
}
