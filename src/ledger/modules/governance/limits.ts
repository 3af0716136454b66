/** Bounds of governance. All of them are rules of the chain: another value needs another number of the rules. */
const HOUR_MS = 60 * 60 * 1_000
const DAY_MS = 24 * HOUR_MS

export const limits = {
  /** Motions that are open at once: each that ends needs a look at the end of a block. */
  MAX_OPEN: 64,
  /** Of one proposer: one member cannot fill the list. Who leads has more to do. */
  MAX_OPEN_EACH: 4,
  MAX_OPEN_LEADER: 16,
  /** Motions that are over and stay in the state, with who said what; the blocks have all of them. */
  KEPT_MOTIONS: 128,
  MAX_MOTIONS: 0xffff_ffff,
  /** Complaints about one account, of one account each. */
  MAX_COMPLAINTS: 64,
  /** Blocks that one complaint names. */
  MAX_HEIGHTS: 8,
  MAX_TEXT: 256,
  /** Removed ones whose value is held at once; of more, the oldest gets back what is left. */
  MAX_HELD: 256,
  /** Records that one motion marks, and payments that it makes. */
  MAX_MARKS: 32,
  MAX_PAYMENTS: 32,
  /** A policy sets these between the least and the most. */
  LEAST_COMPLAINTS: 1,
  MOST_COMPLAINTS: 64,
  LEAST_TERM_MS: HOUR_MS,
  MOST_REVIEW_MS: 30 * DAY_MS,
  MOST_TERM_MS: 365 * DAY_MS,
} as const

/** Where the genesis says nothing else. */
export const DEFAULT_RULES = {
  /** Members that complain about one in `periodMs` start its review (N35). */
  complaints: 2,
  periodMs: 30 * DAY_MS,
  /** How long motions are open. */
  motionMs: 7 * DAY_MS,
  /** Who was removed is not voted on again before. */
  waitMs: DAY_MS,
  /** So long it waits for the word of who leads that it is repaired; after that, for nobody. */
  repairMs: 7 * DAY_MS,
  /** What it owned is held so long for those who were harmed. */
  holdMs: 30 * DAY_MS,
  promotion: false,
} as const
