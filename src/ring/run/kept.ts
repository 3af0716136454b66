/**
 * The members that a node stays connected with, however many there are: its ring neighbours on both sides, who are the replicas
 * of what it holds, watch it and are watched by it, and its fingers, over which changes travel far.
 */
import type { PeerId } from '../../base/index.ts'
import { keptMembers } from '../machine/connections.ts'
import type { RingContext, RingState } from '../machine/state.ts'

/** The most important first. */
export function keptPeers(state: RingState, context: Pick<RingContext, 'places'>): PeerId[] {
  return keptMembers(state, context).map(({ peer }) => peer)
}
