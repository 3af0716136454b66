/** Bounds of the ledger: everything that a submitter, an organisation or a file could stretch. The chain has bounds of its own. */
import { chainLimits } from '../chain/index.ts'

export const limits = {
  /** Modules of one application: each is asked at the end of every block. */
  MAX_MODULES: 32,
  /** First item of a payload; third parties' begin at 1,024. */
  MAX_KIND: 65_535,
  MAX_PAYLOAD_BYTES: chainLimits.MAX_PAYLOAD_BYTES,
  /** A word that says why, and an outcome with it. */
  MAX_DETAIL_BYTES: chainLimits.MAX_DETAIL_BYTES,
  MAX_OUTCOME_BYTES: 128,
  /** Transactions of each chain whose outcome is remembered: two full blocks, so that who submitted one hears of it. */
  MAX_OUTCOMES: 8_192,
  /** Transactions under way whose numbers are remembered: more than one machine sends in a minute. */
  MAX_HANDED_IN: 1_024,
  /** Engine messages under way to one peer; what is more is lost, as on any network. */
  MAX_IN_FLIGHT: 32,
  /** Parts of blocks that leave in one turn of the loop, and the pause between two turns, ms: to encode, seal and send one takes half a millisecond. */
  PARTS_A_TURN: 4,
  PARTS_PAUSE_MS: 1,
  /** Parts that wait for their turn: a largest block to each of 99 others. */
  MAX_WAITING_PARTS: 6_000,
  SEND_TIMEOUT_MS: 2_000,
  /** How often, and how long each time, a proof of a state waits that is decided and not written yet, ms: in all less than a follower waits. */
  STATE_WAITS: 20,
  STATE_WAIT_MS: 50,
  /** A hundred validators. */
  MAX_SET_BYTES: 8_192,
  /** For each frame of a piece, ms. */
  PIECE_TIMEOUT_MS: 10_000,
  /** A piece in frames: each as large as a frame may be, less the bulk's own bytes. */
  PIECE_FRAME_BYTES: 60_000,
  MAX_PIECE_BYTES: chainLimits.MAX_PIECE_BYTES,
  /**
   * What one member may make this node do: requests, and bytes of pieces, a second and at once. A validator of a busy chain of a hundred sends
   * some 300 messages a second.
   */
  REQUESTS_PER_SECOND: 500,
  REQUESTS_BURST: 2_000,
  PIECES_PER_SECOND: 4,
  PIECES_BURST: 32,
  /** The same of all who are no validators of the chain, together: 4 MB a second. */
  FOLLOWERS_PIECES_PER_SECOND: 16,
  FOLLOWERS_PIECES_BURST: 128,
  MAX_RATED: 1_024,
  /** A duty's transaction that is in no block by then is sent once more, ms; what was marked, ever more slowly, down to the latter. */
  DUTY_AGAIN_MS: 60_000,
  DUTY_SLOWEST_MS: 60 * 60_000,
  DUTY_LIFE_MS: 10 * 60_000,
  /** Accusations of broken locks that a node remembers until it can bring them. */
  MAX_BROKEN_LOCKS: 64,
  /** Newest blocks that a node looks at for one who is reviewed, beside those that are named; reviews that it remembers to have looked at. */
  REVIEWED_BLOCKS: 16,
  MAX_LOOKED_AT: 1_024,
  /**
   * Looks in succession that must see the key of a claimed domain; parts of a claim's time, one of which lies between two looks; the share of it
   * after which who has not seen the key says so; and the longest look, ms.
   */
  CLAIM_LOOKS: 2,
  CLAIM_STEPS: 8,
  CLAIM_DENIED_AFTER: 0.7,
  CLAIM_LOOK_MS: 20_000,
  /**
   * The rule of use: names that a node looks at in one turn of a minute, and at once: a few queries a second; a million names take eleven days. It says that one is
   * not served when three looks in a row found nobody, each a quarter of a day after the one before, so that an outage is none.
   */
  USE_TURN_MS: 60_000,
  USE_NAMES_A_TURN: 64,
  USE_LOOKS_AT_ONCE: 4,
  USE_LOOKS: 3,
  USE_APART_MS: 6 * 60 * 60_000,
  USE_LOOK_MS: 30_000,
  /** Names that nobody was found to serve, and that are remembered. */
  MAX_UNSERVED: 16_384,
  /** Wishes for names that are had elsewhere, of which a node looks at so many after one block. */
  TITLES_A_BLOCK: 8,
  /** As the chain has it. */
  CHECKPOINT_EVERY: 100,
  /** A chain that is busy has a checkpoint every two minutes; one an hour is linked, which is each where there is a block a minute. Ms. */
  LINK_EVERY_MS: 60 * 60_000,
  /** Whose turn comes next waits so long for the one before it, ms: two blocks of a chain where nothing happens. */
  LATE_MS: 120_000,
  /** Heights at which a link may begin anew: one of sixteen hours of minute blocks, while more than half of the nodes vote. */
  RENEW_EVERY: 1_000,
  /** Halvings on the way to a checkpoint that can be linked: two more than 256 kept ones need. */
  LINK_TRIES: 10,
  /** Other chains that a validator looks at after one block. */
  LINKS_AT_ONCE: 64,
  MAX_TURNS: 8_192,
  /** How often somebody who waits for a transaction asks what became of it, ms. */
  OUTCOME_POLL_MS: 500,
  /** Members that a transaction is handed to before it counts as not to be placed. */
  SUBMIT_TRIES: 5,
  /** Keys of one proof; rounds of one reading, each of which waits for a member; readings begun anew for a newer header. */
  READING_KEYS: chainLimits.MAX_PROVEN_KEYS,
  READING_ROUNDS: 64,
  READING_ATTEMPTS: 4,
  /** A key of a module: what is longer is hashed by the module. */
  MAX_KEY_BYTES: 256,
  /** The largest balance, and the largest fee: a safe integer. */
  MAX_AMOUNT: Number.MAX_SAFE_INTEGER,
  /** Transactions of one account in one day of block time where the genesis says nothing else: endorsed accounts are few, so this bounds them all. */
  QUOTA_A_DAY: 1_000,
  /** A day of block time, ms: what quotas are counted in. */
  DAY_MS: 24 * 60 * 60 * 1_000,
  MAX_VALUE_BYTES: chainLimits.MAX_STATE_VALUE_BYTES,
  /** Names that are kept by pages, as one command makes them: it holds all of them, some 500 bytes each. */
  MAX_IMPORTED_NAMES: 2_000_000,
  MAX_VALIDATORS: chainLimits.MAX_VALIDATORS,
  /** Admission lists of one chain; endorsers of one list: their rows, votes and endorsements stand in one value each. */
  MAX_LISTS: 64,
  MAX_ENDORSERS: 64,
  /** Organisations of one list: 64 in a page of 7 kB, and 1,024 pages. */
  MAX_ORGANISATIONS: 65_536,
  PAGE_ROWS: 64,
  MAX_NAME_LETTERS: 64,
  MAX_CONTACT_LETTERS: 128,
  /** Votes that are open on one list at once, and how long one is, in block time, ms. */
  MAX_OPEN_VOTES: 64,
  VOTE_TERM_MS: 30 * 24 * 60 * 60 * 1_000,
  /** An organisation may change its ring key once in so long: each change draws a new place on the ring. Ms. */
  RING_KEY_TERM_MS: 24 * 60 * 60 * 1_000,
  /** An answer to an inquiry is at most so much older or newer than the block that it goes into. Ms. */
  INQUIRY_TERM_MS: 24 * 60 * 60 * 1_000,
  INQUIRY_NONCE_BYTES: 16,
  /** Blocks of an epoch where the genesis says nothing else; at most. */
  EPOCH_BLOCKS: 100,
  MAX_EPOCH_BLOCKS: 100_000,
  /** Draws have four bytes in their keys. */
  MAX_DRAW: 0xffff_fffe,
  /** TLDs of a Root chain, ten times those of the DNS, in pages of 8 kB at most. */
  MAX_TLDS: 16_384,
  TLDS_A_PAGE: 128,
  /** Network nodes of a chain: more than half of their voices stand in one value of 20 kB. */
  MAX_NODES: 1_024,
  /** Authority nodes where the genesis says nothing else. */
  AUTHORITIES: 31,
  /** Epochs after which a node's age adds no more to its score (M18): 100 blocks each, so about a week of minute blocks. */
  MAX_AGE_EPOCHS: 64,
  /** Blocks that count as verified lately, per hundred of an epoch: an eighth is forgotten with each epoch, so 800 is the most. */
  MAX_VERIFIED: 800,
  /** What a newcomer begins with: behind those who do well, ahead of those who do not. */
  NEUTRAL_VERIFIED: 600,
  /** Roots of the last histories: a transaction that shows a header has so many blocks to come into one. */
  KEPT_ROOTS: 64,
  /** Block time in which an accusation of a broken lock can be answered, ms: two days. */
  ANSWER_TERM_MS: 2 * 24 * 60 * 60 * 1_000,
  /** Accusations that wait for an answer: each has two votes of its accused in rounds of one height, which are rare. */
  MAX_OPEN_CHARGES: 64,
  /** Of the seats, one in so many goes each epoch to nodes that are as good and have waited longest (D1). */
  SEATS_A_TURN: 8,
  /** Modules from this number on are third parties': what they throw marks a transaction, and never stops the chain. */
  FIRST_MODULE_OF_OTHERS: 128,
  /** Blocks between the vote for a module and its first one: time to bring the release to all nodes; an hour and two years of minute blocks. */
  LEAST_NOTICE_BLOCKS: 60,
  MOST_NOTICE_BLOCKS: 1_051_200,
  /** The settings of all modules in the genesis of a chain, which is one message. */
  MAX_GENESIS_BYTES: 49_152,
  /** Entries of a state that is held in memory: of tests, and of small chains. */
  MAX_STATE_ENTRIES: 1_000_000,
  /** Chains of one file of a ledger: more than there are top-level domains. */
  MAX_GENESIS_CHAINS: 4_096,
  /** An account as stored: four numbers, 36 bytes at most. */
  MAX_ACCOUNT_BYTES: 64,
} as const
