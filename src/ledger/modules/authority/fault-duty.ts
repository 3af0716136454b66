/** What a node has still to do about faults, as the newest state says. */
import { equalBytes } from '../../../base/index.ts'
import { readerOf } from '../../draft.ts'
import type { Accused, StateReader } from '../../types.ts'
import { AUTHORITY } from './authority.ts'
import { type OpenCharge, openCharges, readCharge } from './charges.ts'
import { isNodeSince } from './nodes.ts'

export interface FaultQuestion {
  /** By what this node is known in sets. */
  readonly memberId: Uint8Array
  /** Ids of accusations that it could bring. */
  readonly charges: readonly Uint8Array[]
  /** Whom it could show to have cosigned twice. */
  readonly accused: readonly Accused[]
}

export interface FaultState {
  /** Open accusations of this node. */
  readonly againstUs: readonly OpenCharge[]
  /** Whether each stands on the chain, answered or not. */
  readonly isKnown: readonly boolean[]
  /** Whether each is a node that was one then. */
  readonly isNode: readonly boolean[]
}

export function faultState(state: StateReader, { memberId, charges, accused }: FaultQuestion): FaultState {
  const own = readerOf(state, AUTHORITY)
  return {
    againstUs: openCharges(own).filter(({ accusedId }) => equalBytes(accusedId, memberId)),
    isKnown: charges.map((id) => readCharge(own, id) !== undefined),
    isNode: accused.map(({ id, height }) => isNodeSince(own, id, height)),
  }
}
