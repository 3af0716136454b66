/** Numbers of the names module, for ever: its own, those of its payloads, its result codes. */
export const NAMES = 5

export const NameKind = {
  COMMIT: 80,
  REGISTER: 81,
  UPDATE: 82,
  TRANSFER: 83,
  UPDATE_BY_CDS: 84,
  RELEASE: 85,
  // From here on only where names have a policy.
  REGISTER_TERM: 200,
  RENEW: 201,
  RESTORE: 202,
  LOCK: 203,
  CANCEL: 204,
  ROLL_OWNER: 205,
  SET_GUARDIANS: 206,
  FREEZE: 207,
  RECOVER: 208,
  GUARDIANS_CANCEL: 209,
  UNUSED: 210,
  SET_POLICY: 211,
  KEEP: 212,
  SETTLE: 213,
  WISH: 214,
  TITLE: 215,
  FREE_PAGES: 216,
} as const

/** Result codes, beside those that are the same on all ledger chains. */
export const NameCode = {
  /** No name that this chain gives out. */
  BAD_NAME: 80,
  /** No commit fits, or it is too old. */
  NO_COMMIT: 81,
  /** The commit is not old enough. */
  TOO_EARLY: 82,
  NOT_REGISTERED: 83,
  /** Another statement of the owner came before, or one is missing. */
  SEQUENCE: 84,
  /** Names of servers that are too long, or too many addresses. */
  TOO_LARGE: 85,
  /** A name that an earlier commit may still take is not passed on. */
  CONTESTABLE: 86,
  /** The owner has switched roll-over by CDS off. */
  CDS_OFF: 87,
  /** Not signed by an anchored key, or not at this time. */
  CDS_UNPROVEN: 88,
  /** Not newer than the last. */
  CDS_OLD: 89,
  /** Deletes the keys, or names keys that do not sign the zone, or are too many, or are anchored already. */
  CDS_OF_NO_USE: 90,
  /** It costs more than its carrier would pay. */
  PRICE: 91,
  /** Kept back: for nobody, or for another. */
  KEPT: 92,
  /** Locked by its owner, or because it has just changed hands. */
  LOCKED: 93,
  /** Frozen by a guardian, or being recovered. */
  FROZEN: 94,
  /** Something else is under way: it ends or is cancelled first. */
  PENDING: 95,
  /** Not at this point of its life. */
  NOT_NOW: 96,
  /** Further ahead than names are had, or not far enough. */
  TERMS: 97,
  /** Not signed by enough of the guardians that the owner named. */
  GUARDIANS: 98,
  /** This chain gives names out for terms: kind 200. */
  NEEDS_TERMS: 99,
  // 100 to 105 are of claims.
  /** No page of kept names with it, or another than the label's. */
  PAGE: 106,
} as const
