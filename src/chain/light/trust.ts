/** What a light client holds, and by which measures it takes more. */
import { equalBytes } from '../../base/index.ts'
import type { SignatureScheme } from '../../crypto/index.ts'
import { blockIdOf } from '../blocks/blocks.ts'
import { type Genesis, ledgerChainId } from '../blocks/genesis.ts'
import { limits } from '../limits.ts'
import { quorumOf } from '../options.ts'
import { verifyLeafHash } from '../trees/merkle.ts'
import type { BlockHeader, Validator } from '../types.ts'

export interface LightRules {
  readonly scheme: SignatureScheme
  /**
   * How many of the set that is trusted must have signed a header further on. `quorum`: more than two thirds; `third`: more than a third,
   * as long as no third of a set ever lies while it is trusted. A validator that was removed was removed because it lied: docs/decisions/0067.
   */
  readonly overlap: 'quorum' | 'third'
  readonly trustingPeriodMs: number
  readonly maxDriftMs: number
  readonly maxHeadAgeMs: number
}

export function lightRules(scheme: SignatureScheme): LightRules {
  return {
    scheme,
    overlap: 'quorum',
    trustingPeriodMs: limits.TRUSTING_PERIOD_MS,
    maxDriftMs: limits.MAX_DRIFT_MS,
    maxHeadAgeMs: limits.MAX_HEAD_AGE_MS,
  }
}

/** What is taken for true: the genesis, or a header that was decided. */
export interface Trusted {
  readonly chainId: Uint8Array
  /** 0: the genesis. */
  readonly height: number
  /** Unix ms, by the header. */
  readonly time: number
  readonly header: BlockHeader | undefined
  /** The set of the next height. */
  readonly validators: readonly Validator[]
}

export function trustGenesis(genesis: Genesis): Trusted {
  const { time, validators } = genesis
  return { chainId: ledgerChainId(genesis), height: 0, time, header: undefined, validators }
}

/** Votes that decide, out of n, in every ledger chain. */
export function ledgerQuorum(n: number): number {
  return quorumOf('two-thirds', n)
}

export function overlapNeeded({ overlap }: LightRules, n: number): number {
  return overlap === 'quorum' ? ledgerQuorum(n) : Math.floor(n / 3) + 1
}

/** Whether the time of what is trusted is so long ago that its validators may have changed, and lie. */
export function isExpired({ trustingPeriodMs }: LightRules, { time }: Pick<Trusted, 'time'>, now: number): boolean {
  return now - time > trustingPeriodMs
}

/** Whether it says what is so now: an older head proves what was so, and a newer one may be withheld. */
export function isFresh(
  { maxHeadAgeMs, maxDriftMs }: LightRules,
  { time }: Pick<Trusted, 'time'>,
  now: number,
): boolean {
  return now - time <= maxHeadAgeMs && time - now <= maxDriftMs
}

/** Whether an older header is of the history that a header of schema 2 commits to. */
export function isInHistory(newer: BlockHeader, older: BlockHeader, path: readonly Uint8Array[]): boolean {
  return (
    newer.ledger !== undefined &&
    older.ledger !== undefined &&
    equalBytes(newer.chainId, older.chainId) &&
    older.height < newer.height &&
    verifyLeafHash(newer.ledger.historyRoot, blockIdOf(older), older.height - 1, newer.height - 1, path)
  )
}
