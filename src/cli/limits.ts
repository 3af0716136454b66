/** Bounds of what commands read, and of what they ask of a node. */
export const limits = {
  /** Characters of a password for the dashboard: it is guessed over a LAN, ten times a minute. */
  LEAST_PASSWORD: 8,
  /** Questions a second of `chordns chunk seed`: more is a load test. */
  MAX_SEED_RATE: 50,
  /** Questions of `chordns chunk seed` under way. */
  SEEDED_AT_ONCE: 8,
  /** Machines that may join by one invitation, and how long it may be good for. */
  MAX_INVITATION_USES: 256,
  MAX_INVITATION_TERM_MS: 30 * 86_400_000,
  /** How often a transaction is made in all where others of its account overtake it. */
  MAX_OVERTAKEN_TRIES: 4,
  /** Above this many members the labels of a picture would cover each other. */
  MAX_LABELS: 64,
  /** Lines of one list of names: they are held in memory. */
  MAX_SEED_LINES: 1_000_000,
  /** Types behind one name: more are a list in the wrong format. */
  MAX_SEED_TYPES: 16,
  /** Failures of one list that are told each: a person reads them. */
  MAX_SEED_FAILURES: 100,
  /** Without a byte of its node for so long a command gives up: a machine that is busy otherwise takes its time. Ms. */
  REPLY_MS: 60_000,
  /** A reply of the status API: what is longer is not from a node. */
  MAX_REPLY_BYTES: 16 * 1024 * 1024,
  /** More errors that nobody caught in one run mean that something is wrong with the node, not with a peer. */
  MAX_SPARED: 20,
  /** How often the registrar tries one thing. */
  MAX_REGISTRAR_TRIES: 5,
  /** A node that systemd restarts answers by then, also on a small machine. Ms. */
  RESTART_MS: 60_000,
  /** Lists may be long, and their servers slow. */
  LISTS_TIMEOUT_MS: 600_000,
  /** A backup of Pi-hole has some 100 kB: its blocked names are not in it. */
  MAX_ARCHIVE_BYTES: 16 * 1024 * 1024,
  /** Of all that is in an archive, which is held in memory: a small one can unpack to any length. */
  MAX_UNPACKED_BYTES: 64 * 1024 * 1024,
  /** In one archive. */
  MAX_ARCHIVE_FILES: 1_024,
  /** Lines, settings, rows of a table, items of a list in what is imported. */
  MAX_IMPORTED_ROWS: 200_000,
  /** Levels of lists and maps in what is imported: each is a call. */
  MAX_IMPORT_DEPTH: 32,
  /** Characters of a value that is shown as not taken over. */
  MAX_SHOWN_VALUE: 120,
} as const
