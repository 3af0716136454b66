/**
 * The tables of first bytes that a node hands out to its rooms. They are two numberings, not one: what a peer sends is
 * told apart by `RequestRoom`, what stands in data.db by `StorePart`. A byte keeps its meaning for ever.
 */

/** First byte of every request and every bulk between peers: which room answers it. Nodes of other releases know the same. */
export const RequestRoom = {
  RING: 1,
  CHUNKS: 2,
  CHAINS: 3,
  HOUSEHOLD: 4,
  JOINING: 5,
  LEDGERS: 6,
  LEDGER_CHAINS: 7,
  SETTINGS: 8,
} as const
export type RequestRoom = (typeof RequestRoom)[keyof typeof RequestRoom]

/** First byte of every key in data.db: which room wrote it. Never given to another room: an old file still holds its keys. */
export const StorePart = { RING: 1, CHUNKS: 2, CACHE: 3, CHAINS: 4, PROOFS: 5, KEPT: 6, SETTINGS: 7 } as const
export type StorePart = (typeof StorePart)[keyof typeof StorePart]

/** First byte of every key in ledger/blocks.db. */
export const LedgerPart = { BLOCKS: 1, SETS: 2, FOLLOWED: 3, NAMES: 4, LISTS: 5 } as const

/** First byte of every key in ledger/votes.db, which is never restored from a backup. */
export const VotesPart = { GUARD: 1, COSIGNED: 2, WITNESSED: 3, MARKS: 4 } as const
