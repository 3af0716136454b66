/** Numbers of the claims module, for ever: its own, those of its payloads, of ways to show a domain, of what becomes of a claim, its result codes. */
export const CLAIMS = 40

export const ClaimKind = {
  OPEN: 245,
  OBSERVE: 246,
  PROVE: 247,
  ANCHORS: 248,
} as const

/**
 * How the holder of a domain shows the key, by number on the chain; `proof` is none that anybody observes. `secret`: the site tells what each validator has sealed to
 * the key. A release without one marks such a claim as malformed, and forks off: all have to run one that has it before.
 */
export const CLAIM_METHODS = ['txt', 'web', 'proof', 'secret'] as const
export type ClaimMethod = (typeof CLAIM_METHODS)[number]

/** By number in the state. `refused`: so many did not see it that no majority can; `lapsed`: its time is over; `taken`: somebody had the name by then. */
export const CLAIM_STATES = ['open', 'done', 'refused', 'lapsed', 'taken'] as const
export type ClaimState = (typeof CLAIM_STATES)[number]

/** Result codes, beside those that are the same on all ledger chains and those of names. */
export const ClaimCode = {
  /** There is no such claim, or it is over. */
  NOT_OPEN: 100,
  /** Not a validator of the time when it was opened. */
  NO_OBSERVER: 101,
  /** Other sets than lead from the anchors to the text, or not in this order. */
  WRONG_SETS: 102,
  /** A set that is not signed as it must be, at the time of the block. */
  UNPROVEN: 103,
  /** The text names another key, or none. */
  OTHER_KEY: 104,
  /** Signed too long ago, or not later than what was used last. */
  OLD_PROOF: 105,
} as const
