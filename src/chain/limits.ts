/** Bounds of the chain: everything that a peer, a validator gone bad or a submitter could stretch. */
export const limits = {
  /** One message: what fits into a frame (base: MAX_FRAME_BYTES) beside the names of room and chain. */
  MAX_MESSAGE_BYTES: 65_000,
  /** All-to-all votes are 2 n^2 messages a height; beyond 100 a certificate of 7 kB would crowd out the block. */
  MAX_VALIDATORS: 100,
  /** Transactions of one block together: with header, last certificate and proof of lock they still fit into one message. */
  MAX_TRANSACTIONS_BYTES: 40_000,
  MAX_TRANSACTION_BYTES: 32_768,
  /** The same of a ledger's block, whose transactions come in parts: applied within a second, and sent to 100 validators within two. */
  MAX_LEDGER_TRANSACTIONS_BYTES: 2 * 1024 * 1024,
  MAX_LEDGER_TRANSACTIONS: 4_096,
  /** From so many on those of a block stand in a row of their own beside the votes for it; a block with fewer is written with each vote in no time. */
  TRANSACTIONS_APART: 128,
  /** Transactions of one part: with its path they fit into a message, however long a single one is. */
  PART_BYTES: 40_000,
  MAX_PART_TRANSACTIONS: 1_024,
  /** Hashes on both sides of a range in a tree of MAX_LEDGER_TRANSACTIONS. */
  MAX_PART_PATH: 24,
  /** Blocks of one height that may be coming in parts: of some rounds, and one that is certified. */
  MAX_PARTIAL: 4,
  /** How long the parts of a block are waited for before somebody is asked, ms; and how many are asked for at a time. */
  PART_WAIT_MS: 200,
  PARTS_ASKED: 8,
  /** Requests for parts that wait for the tree of their block; whoever gets none asks again. */
  MAX_WAITING_PARTS: 256,
  /** Each costs two hashes in the Merkle tree. */
  MAX_TRANSACTIONS: 1_024,
  MAX_EXTENSION_BYTES: 4_096,
  /** A ledger's header goes into every proof, and everybody keeps all of them. */
  MAX_LEDGER_EXTENSION_BYTES: 256,
  /** What is left of a message beside transactions and two certificates of the largest set. */
  MAX_EVIDENCE: 4,
  /** Two votes, a claim, a header and the paths of the oldest header and of one of 100 validators. */
  MAX_EVIDENCE_ITEM_BYTES: 3_200,
  MAX_EVIDENCE_BYTES: 6_400,
  /** Evidence that waits for a block: a few faults of each of a hundred validators; the oldest goes. */
  MAX_ACCUSATIONS: 256,
  /** Rules are numbered one by one, by votes. */
  MAX_RULES: 65_535,
  /** What a transaction of MAX_TRANSACTION_BYTES holds beside its envelope. */
  MAX_PAYLOAD_BYTES: 32_000,
  /** A word that says why, in a result. */
  MAX_DETAIL_BYTES: 64,
  /** The code of a result. */
  MAX_RESULT_CODE: 65_535,
  /** A transaction names its last moment at most this far ahead, ms: nobody can keep one back for long. */
  MAX_TRANSACTION_LIFE_MS: 24 * 60 * 60 * 1_000,
  /** What begins a chain: 100 validators and an application's start. */
  MAX_GENESIS_BYTES: 65_536,
  MAX_GENESIS_APPLICATION_BYTES: 49_152,
  MAX_CHAIN_NAME_BYTES: 63,
  MAX_RING_ID_BYTES: 255,
  /** A path in a history of MAX_HEIGHT headers; a consistency proof goes up and down. */
  MAX_HISTORY_PATH: 48,
  MAX_CONSISTENCY_PATH: 96,
  /** Names of one zone cut, and what stands above them. */
  MAX_PROVEN_KEYS: 64,
  /** Fifty keys under a million entries, or one as deep as a tree can be made, are smaller. */
  MAX_STATE_PROOF_BYTES: 65_536,
  /** A checkpoint with the cosignatures of 100 validators, or with 16 of a post-quantum scheme, is smaller. */
  MAX_NOTE_BYTES: 65_536,
  MAX_NOTE_SIGNATURES: 128,
  MAX_KEY_NAME_BYTES: 255,
  /** Ring id and name of a chain, each byte escaped as three. */
  MAX_ORIGIN_BYTES: 1_024,
  /** A halt has a line of reason; a resume the signatures of 100 validators. */
  MAX_HALT_BYTES: 1_024,
  MAX_RESUME_BYTES: 8_192,
  /** A file with a proof: a way of 64 headers with their sets is smaller. */
  MAX_PROOF_FILE_BYTES: 1_048_576,
  MAX_TRAIL: 64,
  /** Checks of one walk of a light client: forty halvings of the largest height, with the lists of their sets. */
  MAX_WALK_STEPS: 1_024,
  /** Two certified headers of sets of 100, with the lists of both, are smaller. */
  MAX_CONFLICT_BYTES: 40_000,
  /** A conflict with its envelope, or 64 keys of the usual length; longer keys come in several requests. */
  MAX_FOLLOW_REQUEST_BYTES: 41_000,
  /** How often a follower looks for a newer header, ms: a ledger has a block a minute. */
  FOLLOW_EVERY_MS: 60_000,
  /** Sooner, when a proof needs a newer head, but no sooner than this after the last look, ms. */
  FOLLOW_AGAIN_MS: 5_000,
  /**
   * A head that was heard of, and whose time is no further from the own clock than this, needs no look, ms: a block a minute, and what it takes to be decided. Every
   * so many times it is looked for anyway: those to whom a follower listens may be on a fork.
   */
  HEARD_IN_TIME_MS: 75_000,
  LOOK_ANYWAY_EVERY: 10,
  /** Members asked for the newest header at once: one of them may withhold it, or be on a fork. */
  FOLLOWED_MEMBERS: 3,
  /** Members asked for one proof, one after the other, before it is given up. */
  PROOF_MEMBERS: 4,
  /** Time for a member to reply to a follower, ms; for a proof, that until the next one is asked as well. */
  FOLLOW_TIMEOUT_MS: 3_000,
  PROOF_PATIENCE_MS: 500,
  /** Requests of one walk to a newer header: forty halvings of the largest height, each with header, path and two sets. */
  MAX_WALK_REQUESTS: 256,
  /** For so long a member whose word did not hold is asked last, ms. */
  DISTRUST_MS: 10 * 60_000,
  MAX_DISTRUSTED: 1_024,
  /** Members that are told of two headers which contradict each other. */
  TOLD_OF_CONFLICT: 32,
  /** Sets of a followed chain that are kept on disk, by their roots. */
  MAX_KEPT_SETS: 64,
  /** Proofs on disk: one that says the same is written again after this, by the time of headers, ms. */
  KEPT_AGAIN_MS: 60 * 60_000,
  /** A list of 65,536 rows, in requests of 64 keys, is smaller. */
  MAX_KEPT_PROOF_BYTES: 32 * 1024 * 1024,
  MAX_KEPT_ANSWERS: 4_096,
  /**
   * Those who are told of newer headers of one chain, by one node: three steps reach a quarter of a million. A place lasts for so long after it was
   * asked for, or after who has it has taken news; who has heard nothing for the time below asks anew.
   */
  NEWS_PLACES: 64,
  NEWS_PLACE_MS: 150_000,
  NEWS_SILENCE_MS: 75_000,
  /** Asked for a place in one look for them. */
  NEWS_TRIES: 6,
  /** A header that is older than this when it is looked for should have been heard of, ms. */
  NEWS_LATE_MS: 10_000,
  MAX_PEER_NAME_BYTES: 128,
  /** A checkpoint every so many headers. */
  CHECKPOINT_EVERY: 100,
  /** Checkpoints that are kept for other chains: those of a trusting period of 14 days, with a block a minute, and some more. */
  KEPT_CHECKPOINTS: 256,
  /** Notes of another history that validators cosigned: each is evidence, and one is enough. */
  MAX_OTHER_NOTES: 8,
  /** Validators that have not cosigned are sent the note again after this, ms, and ever more slowly, down to the latter. */
  COSIGN_AGAIN_MS: 5_000,
  COSIGN_SLOWEST_MS: 600_000,
  /** Full tiles that are kept once they were made: 256 headers are 170 kB. */
  MAX_KEPT_TILES: 64,
  /** Headers that are read for a tile in one turn of the event loop: 16 of 256 are a millisecond. */
  HEADERS_A_TURN: 16,
  /** Chains that one node follows; each costs three small requests a minute, where nobody tells of its headers. */
  MAX_FOLLOWED: 2_048,
  /** Answers of the newest state that a follower keeps until there is a newer one. */
  MAX_KEPT_PROOFS: 512,
  /** Replies to followers that are kept as bytes: most request the same. */
  MAX_KEPT_REPLIES: 512,
  MAX_KEPT_REPLY_BYTES: 16_384,
  /** What one follower may cost at once, and per second, in units of about 20 us; followers that are remembered. */
  FOLLOWER_BURST: 1_000,
  FOLLOWER_PER_SECOND: 50,
  MAX_FOLLOWERS: 16_384,
  /**
   * How long a header is trusted after its time, ms: 14 days. Evidence is kept 21, so that whoever lied to somebody who trusts can still be
   * shown.
   */
  TRUSTING_PERIOD_MS: 14 * 24 * 60 * 60 * 1_000,
  EVIDENCE_AGE_MS: 21 * 24 * 60 * 60 * 1_000,
  /** How far the time of a header that somebody shows may be ahead of the own clock, ms. */
  MAX_DRIFT_MS: 10_000,
  /** A head older than this proves old states only, ms: a ledger has a block a minute. */
  MAX_HEAD_AGE_MS: 180_000,
  /** Rounds are small numbers; what is larger was made up. At the longest time-outs a height gets there in two years. */
  MAX_ROUND: 1_000_000,
  /** The longest time-out of a round, ms, however many rounds have failed. */
  MAX_TIMEOUT_MS: 60_000,
  /**
   * Rounds that a validator goes ahead at once because others say that they are further on; and it does so once in `deltaMs`. Where a
   * quorum is everybody (n <= 3) one vote is enough, so one liar could else chase the others through all rounds there are.
   */
  MAX_SKIP: 16,
  MAX_HEIGHT: 2 ** 48,
  /** Votes of rounds further ahead only tell that their signer is there: f + 1 such signers move us, one cannot fill memory. */
  ROUNDS_AHEAD: 4,
  /** Rounds of one height that are remembered, the current one included; locks and proofs are kept apart. */
  ROUNDS_KEPT: 16,
  /** Heights back of which an accusation of a broken lock can be answered: more than two days with a block a second. */
  PROOFS_KEPT_FOR: 200_000,
  /** Different votes of one validator in one round that count: two show an equivocation, more add nothing. */
  MAX_VOTES_EACH: 2,
  /** Messages of the next height kept from one peer until this height is decided: proposal and two votes of some rounds. */
  MAX_EARLY_EACH: 12,
  /** Votes in one message: two phases of the largest set. */
  MAX_VOTES_PER_MESSAGE: 200,
  /** Peers of whom allowance and claims are remembered; validators and those who follow. */
  MAX_PEERS: 256,
  /** Signature checks (0.1 ms each) that one peer may cause at once, and per second; a far request costs as much as ten. */
  CHECKS_BURST: 2_048,
  CHECKS_PER_SECOND: 512,
  REQUEST_CHECKS: 10,
  /**
   * Followers of a ledger: so many are told each block, which three steps make enough for a hundred thousand; others are told of them. One that says
   * nothing for so many of its ticks has left.
   */
  CHAIN_MAX_FOLLOWERS: 64,
  MAX_REDIRECT: 8,
  FOLLOWER_SILENCE_TICKS: 4,
  /** Whom a follower follows: one may be silent, or lie. */
  UPSTREAMS: 2,
  /** Whom else it has heard of. */
  MAX_CANDIDATES: 32,
  /** Requests and transactions that one follower may cause at once, and per second; of all followers together, strangers included. */
  CHAIN_FOLLOWER_BURST: 64,
  CHAIN_FOLLOWER_PER_SECOND: 8,
  FOLLOWERS_BURST: 1_024,
  FOLLOWERS_PER_SECOND: 256,
  /** Bytes for one follower, and for all: of 100 Mbit/s a sixth. What is larger than what is left is sent, and waited for afterwards. */
  FOLLOWER_BYTES_BURST: 4 * 1024 * 1024,
  FOLLOWER_BYTES_PER_SECOND: 512 * 1024,
  FOLLOWERS_BYTES_BURST: 16 * 1024 * 1024,
  FOLLOWERS_BYTES_PER_SECOND: 2 * 1024 * 1024,
  /** Laggards are served at most this often each, ms: a status costs its sender 100 bytes, and us up to 60 kB. */
  SERVE_GAP_MS: 20,
  /** Transactions that wait: about a hundred full blocks. */
  MAX_POOL: 16_384,
  MAX_POOL_BYTES: 4_000_000,
  /** Of a ledger: eight of its blocks. */
  MAX_LEDGER_POOL_BYTES: 16 * 1024 * 1024,
  /** What a block has decided leaves the pool so many at a time: about a millisecond. */
  FORGOTTEN_AT_ONCE: 256,
  /** What is encoded for the application's thread, transactions a turn of the loop: a quarter of a megabyte where they are of 500 bytes, and half a millisecond. */
  PACKED_AT_ONCE: 512,
  /** Of one account, where transactions name theirs: a block a second takes so many within a minute, one by one. */
  MAX_POOL_OF_ACCOUNT: 64,
  /** Transactions that the application is asked about elsewhere at once: each is up to 32 kB and a signature check. */
  MAX_ADMITTING: 1_024,
  /** Of these, how many in one call, if they came one by one: what else it has to do waits for a few signature checks only. */
  ADMITTED_AT_ONCE: 64,
  /** Of those that wait, how many of the oldest it is asked about again after each block. */
  ADMITTED_AGAIN: 64,
  /** Of those, how many are told to all once more while a height takes long; n validators do so each tick. */
  TOLD_AGAIN: 32,
  /** The longest wait between two times of that, ms. It begins with two ticks, and doubles. */
  TELL_AGAIN_MOST_MS: 30_000,
  TOLD_BY_FOLLOWER: 4,
  /** Beside the time-out of the proposal, how far a proposer's clock may be from ours, ms. */
  MAX_SKEW_MS: 2_000,
  /** Blocks of one reply to somebody who catches up; also bounded by MAX_MESSAGE_BYTES. */
  MAX_BLOCKS_PER_REPLY: 64,
  /** Messages that a chain keeps while it waits for the disk at its start. */
  MAX_QUEUED_EVENTS: 1_024,
  /** The state of one chain as a snapshot: a chunk of some 100,000 entries. It is assembled in memory. */
  MAX_SNAPSHOT_BYTES: 64 * 1024 * 1024,
  SNAPSHOT_PIECE_BYTES: 48_000,
  /** What is under one key of a state on disk, and the key: both fit into one transaction. */
  MAX_STATE_KEY_BYTES: 1_024,
  MAX_STATE_VALUE_BYTES: 32_768,
  /** Entries of one piece of such a state: checked and written in about 50 ms, with a proof of 1.5 kB. */
  PIECE_BYTES: 240_000,
  /** The piece with its proof, which has at most 2 x 256 hashes. */
  MAX_PIECE_BYTES: 262_144,
  MAX_PIECE_ENTRIES: 16_384,
  /** Ranges that are still missing while a state is put together; each is two paths in a row that every piece rewrites. */
  MAX_GAPS: 256,
  MAX_ASSEMBLY_BYTES: 32_768,
  /** Into how many pieces a gap is to fall: fewer gaps would leave sources idle at the end. */
  PIECES_OF_A_GAP: 4,
  /**
   * Time for a source to send one piece, ms, and how often in a row it may fail to before it is asked no more. It is asked again after a pause that
   * doubles: a source that is away for two and a half minutes, or that refuses what comes too fast, is not lost, nor is what was gathered.
   */
  PIECE_TIMEOUT_MS: 10_000,
  PIECE_FAILURES: 8,
  PIECE_PAUSE_MS: 1_000,
  PIECE_LONGEST_PAUSE_MS: 30_000,
  /** Blocks of one height whose changes are remembered until one of them is decided: proposals of some rounds. */
  MAX_PREPARED: 8,
  /** Rows that are removed with one batch while old versions are pruned: about 20 ms, so that reads come between. */
  PRUNED_AT_ONCE: 2_000,
  /** For so long after a piece of it was sent a version is kept, ms: longer than who gets it pauses. So many are kept for that beyond those that always are. */
  HELD_VERSION_MS: 60_000,
  MAX_HELD_VERSIONS: 2_048,
  /** Blocks that are dropped with one batch once they are too old: ten times what comes between two snapshots, so a node that kept all gets there. */
  DROPPED_AT_ONCE: 1_000,
  /** Keys in one row of the list of what went stale: about 4 kB. */
  STALE_OF_A_ROW: 200,
  /** Time for a peer to answer a request for blocks or a piece, ms. Then another is asked. */
  SYNC_TIMEOUT_MS: 1_500,
  /** Up to this many validators everybody hears of a commit from everybody; in larger sets from some (n^2 certificates). */
  COMMIT_TO_ALL: 16,
  COMMIT_TO_SOME: 8,
  /** Steps of a path in the tree of a set of 100 validators. */
  MAX_SET_PATH: 7,
  /** What a chain remembers of one that it is linked to: ids, a height and times, about 150 bytes. */
  MAX_LINK_RECORD_BYTES: 256,
  /** Characters that are kept of the reason of a halt. */
  MAX_REASON_LETTERS: 256,
  /**
   * Of a certificate in one row. SQLite keeps about 2,000 bytes of a row in a page of 8 KiB of such a table: what is longer gets a page of its
   * own. A certificate of 100 validators has 4.4 kB, or up to 6.5.
   */
  MAX_CERTIFICATE_ROW_BYTES: 1_900,
} as const
