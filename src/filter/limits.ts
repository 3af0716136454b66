/** Bounds of blocking, with their reasons. */
export const limits = {
  /** Of one list: the longest that are published have 30 MB; more is no list of names. */
  MAX_LIST_BYTES: 256 * 1024 * 1024,
  MAX_LISTS: 64,
  /**
   * Of lists that another box of the household may have named: fewer, shorter, and all together so long, so that a member that is broken can fill neither the disk nor
   * the memory of the others. Megabytes of one, and bytes of all copies.
   */
  MAX_SHARED_LISTS: 32,
  MAX_SHARED_LIST_MEGABYTES: 64,
  MAX_SHARED_LISTS_BYTES: 256 * 1024 * 1024,
  /** It stands in a setting of 1,024 bytes, with the rest of what is said of a list. */
  MAX_SHARED_URL_CHARACTERS: 700,
  /** Of a line: no rule is longer, and a file without ends of lines is no list. */
  MAX_LINE_BYTES: 4096,
  /** Rules with conditions, rewrites and patterns are objects each, and are kept apart from the packed names. */
  MAX_SPECIAL_RULES: 200_000,
  /** Patterns that no name ends with are tried on every question. */
  MAX_LOOSE_PATTERNS: 256,
  /** Of a pattern: each takes a walk along the name. */
  MAX_STARS: 4,
  /** Lines of a list that are shown as passed over, with their reasons. */
  MAX_SHOWN_PROBLEMS: 20,
  /** Of such a line, as it is shown. */
  MAX_SHOWN_BYTES: 200,
  /** Names, addresses or types in one condition of a rule. */
  MAX_CONDITION_VALUES: 256,
  MAX_GROUPS: 64,
  MAX_CLIENTS_OF_GROUP: 1024,
  MAX_SCHEDULES: 32,
  /** Groups that the household shares, beside those of the configuration. */
  MAX_SHARED_GROUPS: 32,
  /** Rules of the household's own. */
  MAX_OWN_RULES: 20_000,
  /** One rewrite adds so many records at most. */
  MAX_REWRITE_RECORDS: 16,
  /** Groups of clients are remembered by address: forged senders must not fill the memory. */
  MAX_KNOWN_CLIENTS: 4096,
  /** The set of names is filled so far: a name that is not in it costs two or three memory accesses. */
  MOST_FILLED: 0.8,
}
