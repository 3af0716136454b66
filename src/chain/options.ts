/** The timing of a chain, and what of it must be the same for all of its validators (quorum, heartbeat, genesis time). */
import { limits } from './limits.ts'

/**
 * `two-thirds`: > 2n/3, holds against n/3 liars. `majority`: > n/2, holds against crashes only. `two-of-three`: as `two-thirds`, but of
 * three validators two decide, so that one of them may be silent; there alone it holds against crashes only.
 */
export type QuorumRule = 'two-thirds' | 'majority' | 'two-of-three'

/** Votes that decide, out of n. */
export function quorumOf(rule: QuorumRule, n: number): number {
  const isMajority = rule === 'majority' || (rule === 'two-of-three' && n === 3)
  return Math.floor(isMajority ? n / 2 : (2 * n) / 3) + 1
}

export interface ChainOptions {
  /** Of headers and certificates: 1 for chunk chains, 2 for ledgers. Same for all. */
  readonly schema: 1 | 2
  /** Schema 2: number of the rules at the first height. Same for all. */
  readonly rules: number
  readonly quorum: QuorumRule
  /** First time-outs, and what each further round adds, ms. */
  readonly proposeMs: number
  readonly prevoteMs: number
  readonly precommitMs: number
  readonly deltaMs: number
  /** How long the first transaction waits for others, so that they share a block, ms. */
  readonly batchMs: number
  /** Least time between a decision and the next block, ms. */
  readonly intervalMs: number
  /** A block without transactions is valid when the last one is older than this, ms; undefined: never. */
  readonly heartbeatMs: number | undefined
  /** How often a node that waits tells where it stands, ms; `idleTickMs` while nothing is going on. */
  readonly tickMs: number
  readonly idleTickMs: number
  /** A snapshot every so many blocks; 0: none. */
  readonly snapshotEvery: number
  /** Blocks kept below the newest snapshot; undefined: all. */
  readonly keepBlocks: number | undefined
  /** Blocks are kept that are younger than this before the newest snapshot, ms, however many they are; undefined: what `keepBlocks` says. */
  readonly keepMs?: number
  /** Versions of a state on disk that are kept: others fetch one in pieces meanwhile. */
  readonly keepVersions: number
  /** Time of the chain's birth, Unix ms: the first block is later. Same for all. */
  readonly genesisTime: number
}

/** The short chains of a chunk: neighbours in a ring, nobody waits for them. */
export const chunkChainOptions: ChainOptions = {
  schema: 1,
  rules: 0,
  quorum: 'two-thirds',
  proposeMs: 300,
  prevoteMs: 150,
  precommitMs: 150,
  deltaMs: 150,
  batchMs: 10,
  intervalMs: 0,
  heartbeatMs: undefined,
  tickMs: 400,
  idleTickMs: 30_000,
  snapshotEvery: 64,
  keepBlocks: undefined,
  keepVersions: 0,
  genesisTime: 0,
}

/** Root and TLD chains: the patent's two seconds for a proposer, one block a minute at least. */
export const ledgerChainOptions: ChainOptions = {
  schema: 2,
  rules: 1,
  quorum: 'two-thirds',
  proposeMs: 2_000,
  prevoteMs: 1_000,
  precommitMs: 1_000,
  deltaMs: 500,
  batchMs: 10,
  intervalMs: 1_000,
  heartbeatMs: 60_000,
  tickMs: 1_000,
  idleTickMs: 10_000,
  snapshotEvery: 100,
  keepBlocks: undefined,
  keepVersions: 256,
  genesisTime: 0,
}

/**
 * What a node of a ledger keeps beside the newest states and the history of all headers. `archive`: every block. `full`: those that evidence can be
 * about, and that somebody can need who trusts an older header; states of four hours with a block a minute.
 */
export const ledgerKeeping = {
  archive: { keepBlocks: undefined },
  full: { keepBlocks: 1_000, keepMs: limits.EVIDENCE_AGE_MS },
} as const satisfies Record<string, Pick<ChainOptions, 'keepBlocks' | 'keepMs'>>
