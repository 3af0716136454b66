/** The link of a chain for another one that has linked it up to some size: made by whoever keeps the chain, checked by whoever sends it. */
import { equalBytes } from '../../base/index.ts'
import { setRoot } from '../blocks/set-root.ts'
import { type ChainLink, encodeLink } from '../light/links.ts'
import { decodeCheckpointNote } from '../notes/checkpoint.ts'
import { consistencyProof, historyPath } from '../trees/history.ts'
import type { Validator } from '../types.ts'
import type { HeaderSource } from './sources.ts'

/** What the other chain says that it has linked: `applyLink` checks against the same. */
export interface LinkedUpTo {
  readonly size: number
  /** Root of the set of the height after. */
  readonly setRoot: Uint8Array
}

/** Payload 1, from a checkpoint with its cosignatures. Undefined: something of it is not kept here. Throws CHAIN_MALFORMED. */
export function linkFrom(
  { certified, hashes, set }: HeaderSource,
  note: Uint8Array,
  linked: LinkedUpTo,
): Uint8Array | undefined {
  const { origin, size } = decodeCheckpointNote(note).checkpoint
  const header = certified(size)?.header
  const proof = consistencyProof(hashes, linked.size, size)
  const path = historyPath(hashes, size - 1, size)
  const lastSet = set(linked.setRoot)
  const validators = header && set(header.validatorsHash)
  if (header === undefined || proof === undefined || path === undefined) return undefined
  if (lastSet === undefined || validators === undefined) return undefined
  const ownSet = isSameSet(lastSet, validators) ? undefined : validators
  const link: ChainLink = { origin, oldSize: linked.size, proof, note, header, path, lastSet, ownSet }
  return encodeLink(link)
}

function isSameSet(a: readonly Validator[], b: readonly Validator[]): boolean {
  return equalBytes(setRoot(a), setRoot(b))
}
