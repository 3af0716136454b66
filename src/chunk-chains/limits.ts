/** Bounds of the chunk chains: what a peer, a busy name or a long life could stretch. */
export const limits = {
  /** Questions in the state of one chain: a ring of 100,000 entries in 256 chunks has 390. */
  MAX_ENTRIES: 4_096,
  /**
   * A chain that has so many blocks, bytes of transactions or so long a life is full; its successor begins with nothing, and
   * entries go over by their certificates. So only whole chains are ever pruned, and each can be checked from its start.
   */
  MAX_BLOCKS: 4_096,
  MAX_CHAIN_BYTES: 4 * 1024 * 1024,
  MAX_CHAIN_MS: 24 * 3_600_000,
  /** Clocks of those who open a successor differ by this, ms. */
  FULL_SKEW_MS: 60_000,
  /** One transaction; the engine's bound. An entry that needs more goes unrecorded. */
  MAX_TRANSACTION_BYTES: 32_768,
  /**
   * A transaction of a signed answer: root, TLD and zone with RSA keys have 4 to 6 KB. What needs more goes unrecorded. And all of one
   * chain: half of it, so that whoever has many names signed leaves room for what was agreed on.
   */
  MAX_SIGNED_BYTES: 16_384,
  MAX_CHAIN_SIGNED_BYTES: 2 * 1024 * 1024,
  /** Links of one chain of trust, bytes of one (a DNSKEY set with four RSA keys has 2 KB), and those that a state remembers. */
  MAX_LINKS: 16,
  MAX_LINK_BYTES: 8_192,
  MAX_STATE_LINKS: 1_024,
  MAX_ANCHOR_BYTES: 1_024,
  /** What checking a signed answer may cost: the same as when a peer brings one. */
  SIGNED_SIGNATURES: 32,
  SIGNED_HASHES: 200,
  /** A block may come so much later than the proof that it records was checked; then it must be checked anew. Ms. */
  SIGNED_LATE_MS: 600_000,
  /** The same signed content is recorded again only in this last part of its signatures' term. */
  SIGNED_RENEW_PART: 0.25,
  /** Signed answers whose verdict is remembered, of all chains. */
  MAX_REMEMBERED_PROOFS: 1_024,
  /** A snapshot: a record has at most some 350 bytes; links take at most the bytes of signed answers. */
  MAX_STATE_BYTES: 4 * 1024 * 1024,
  /** Expired entries that one block removes, and how often they are searched for: every so many heights, or when nearly full. */
  REMOVES_PER_BLOCK: 64,
  REMOVE_EVERY: 8,
  /** Signatures whose verification is remembered: a transaction is checked for the pool, for the block, and again after each. */
  MAX_REMEMBERED_SIGNATURES: 16_384,
  /** Validators of a chunk chain: the replicas of a chunk. */
  MAX_VALIDATORS: 32,
  /** Chains that are open at once, with their states in memory; others are opened when something happens to them. */
  MAX_OPEN: 64,
  /** Chains known at all, open or not: 256 chunks and what there was before. About 1 KiB of memory each. */
  MAX_KNOWN: 4_096,
  /** An open chain without work for this long is closed: no timer, no state. Ms. */
  IDLE_CLOSE_MS: 15_000,
  /** An open chain that has work and makes no block for this long is closed, too, until something new comes. Ms. */
  STALL_CLOSE_MS: 45_000,
  /** A chain that stalled is not woken by others for this long, so that two of them do not keep each other up. Ms. */
  STALL_REST_MS: 60_000,
  /** After the disk failed in the middle of a chain it is not opened for this long, ms. */
  FAILED_REST_MS: 60_000,
  /** How often open chains are checked for that, ms. */
  TEND_MS: 5_000,
  /** Entries that wait to be recorded. */
  MAX_PENDING: 8_192,
  /**
   * An entry waits so long for others of its chunk, so that they share a block, and a quarter of its life at most. A busy ring of eight has one
   * new entry in 100 s in each of 256 chunks, and a block costs some 25 messages between three replicas, and each of them nine checks
   * of signatures and three syncs of its disk.
   */
  GATHER_MS: 300_000,
  GATHER_PART: 0.25,
  /** Replicas propose one after the other, so that a record travels once: this long apart, ms. */
  PROPOSE_STEP_MS: 700,
  /** Entries offered in one go, of all chunks, and the pause then, ms: a node that joins may get thousands at once. */
  PROPOSE_SLICE: 16,
  PROPOSE_PAUSE_MS: 10,
  /**
   * Chains that have something to do at once, as far as this node's proposals go; what is due in others waits, and looks again after this, ms.
   * In a ring of seven whose members record each name, 53 chains at work made 130 messages a block instead of 13: each was late, so that
   * its rounds ran out and all told where they stand. And for how long a chain counts that finds no quorum, ms.
   */
  MAX_AT_WORK: 6,
  PROPOSE_WAIT_MS: 100,
  AT_WORK_MS: 5_000,
  /** What was proposed and not decided is proposed again after this, ms, at most so many times. */
  PROPOSE_AGAIN_MS: 5_000,
  MAX_PROPOSALS: 6,
  /** What finds no chain yet, or no room to open it, tries again after this, ms. */
  CHAIN_AGAIN_MS: 1_500,
  /** After the start, and after a change of the ring: what is held and nowhere recorded is proposed. Ms until then. */
  REVISIT_AFTER_MS: 10_000,
  /** Entries that one go of that visits. */
  REVISIT_SLICE: 256,
  REVISIT_PAUSE_MS: 50,
  /** Time for the other replicas to say which chain they are on, ms. */
  INQUIRE_TIMEOUT_MS: 1_000,
  /** Chains in the making at once, and how often one is tried for one set. */
  MAX_FORMING: 64,
  FORM_AGAIN_MS: 2_000,
  /** One message to one replica, ms; and messages on their way to one replica. The engine repeats what was lost. */
  SEND_TIMEOUT_MS: 2_000,
  MAX_IN_FLIGHT: 64,
  /**
   * Signature checks (0.1 ms each) for what one peer says in all chains together, per second: 5 % of a core. A block of a group of
   * seven costs some 40, and its transactions five each. And at once.
   */
  CHECKS_PER_SECOND: 512,
  CHECKS_BURST: 8_192,
  /** Bytes of chain messages taken of one peer, whatever they cost to check. */
  BYTES_PER_SECOND: 256 * 1024,
  BYTES_BURST: 4 * 1024 * 1024,
  /** Chains opened for one peer's message, per second: each costs reading and checking what is stored. */
  WAKES_PER_SECOND: 4,
  WAKES_BURST: 64,
  /** Descriptors taken of one peer, and questions for ours, per second: each may cost a block read and its votes checked. */
  OPENS_PER_SECOND: 32,
  OPENS_BURST: 512,
  /** A replica that does not know a chain is told of it this often at most, ms. */
  TELL_AGAIN_MS: 1_000,
  MAX_RATED: 1_024,
  /** Members proven to have signed twice that are remembered, and members who are told of one. */
  MAX_ACCUSED: 256,
  MAX_TOLD: 64,
  /** Times that replicas of one set may be moved to another chain of it before it has a block. */
  MAX_SWITCHES: 8,
  MAX_MESSAGE_BYTES: 65_535,
  /** All chains on disk; above it the oldest history goes first, whatever its age, and then no more is recorded. */
  MAX_TOTAL_BYTES: 192 * 1024 * 1024,
  /** What a block costs beside its transactions: header, two certificates. Measured order, bytes. */
  BLOCK_OVERHEAD_BYTES: 2_048,
  /** How often history is pruned, ms. */
  PRUNE_MS: 600_000,
  /** And how soon again while the disk fails and blocks are left behind, ms. */
  PRUNE_AGAIN_MS: 60_000,
  /** Chains pruned in one go. */
  PRUNE_SLICE: 32,
  /** Lines of the log about catching up, ms apart. */
  TELL_PROGRESS_MS: 2_000,
  /** Blocks of `chordns chunk`. */
  BLOCKS_SHOWN: 5,
  /** Blocks that are checked in one go of a verification in a running node. */
  VERIFY_SLICE: 8,
  /** Faults that one verification lists. */
  MAX_FAULTS: 100,
  /** Two votes or claims of about 150 bytes each. */
  MAX_EVIDENCE_BYTES: 1_024,
} as const
