/** Bounds of what is kept of anchored names. */
export const limits = {
  NAMES_REMEMBERED: 20_000,
  /** Anchored names whose proofs are on disk: 6 MB with headers at 31 validators, and all their ids are known at the start. */
  NAMES_KEPT: 4_096,
  /** TLDs of which it is remembered that their ledger was silent. */
  LEDGERS_REMEMBERED: 2_048,
  /** So long after a ledger gave no proof a name whose anchor counts is not kept waiting for the next try. */
  SILENCE_MS: 15_000,
  /** Names whose proofs are asked for at the same time; what is beyond counts as not to be asked now. */
  ASKED_AT_ONCE: 200,
  /** While the newest proof of a name is no older, an answer does not wait for the next one. A change is seen by the question after the next block. */
  RENEWED_BEHIND_MS: 5 * 60_000,
  /** So long after its end a name still resolves by a proof from before: a head is a minute old at most. */
  OVER_AFTER_MS: 60_000,
  /** So long an anchor counts that cannot be renewed: half of the trusting period, so that a node that was cut off has time to notice. */
  ANCHOR_KEPT_MS: 7 * 24 * 3_600_000,
  /** So long nobody is believed to have a name when that cannot be renewed. */
  ABSENCE_KEPT_MS: 3_600_000,
  /** Seconds: what is said of the servers has no term of its own. */
  DELEGATION_TTL: 3_600,
} as const
