/** What the safety of the engine depends on, as data: tests replace it by known mistakes, which the checks must find. */
import { type QuorumRule, quorumOf } from '../options.ts'

export interface ConsensusRules {
  /** Votes that decide, out of n. */
  quorum(n: number): number
  /**
   * Whether a valid proposal may be prevoted by somebody locked (R1 and R2 of Algorithm 1, lines 22 and 28).
   * `lockedRound` and `validRound` are -1 for none.
   */
  mayPrevote(lockedRound: number, isLockedBlock: boolean, validRound: number): boolean
  /** Whether a quorum of prevotes locks (line 38). */
  readonly locks: boolean
  /** Whether certificates are told to others on deciding, and to laggards. */
  readonly gossipsCertificates: boolean
}

export function tendermintRules(quorum: QuorumRule): ConsensusRules {
  return {
    quorum: (n) => quorumOf(quorum, n),
    // For a new block (-1) only those not locked, or locked on it.
    mayPrevote: (lockedRound, isLockedBlock, validRound) => lockedRound <= validRound || isLockedBlock,
    locks: true,
    gossipsCertificates: true,
  }
}
