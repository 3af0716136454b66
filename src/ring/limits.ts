/** Bounds of the ring: everything a member, or somebody who wants to be one, could stretch. */
export const limits = {
  /** One ring message: what fits into one frame beside the room byte (base: MAX_FRAME_BYTES). */
  MAX_MESSAGE_BYTES: 65_000,
  /** Encoded entries of one reply together; leaves room in the frame for the rest of the message. */
  MAX_ENTRIES_BYTES: 48_000,
  /** Entries of one message: each costs at least one signature check (about 0.1 ms), so 256 are 30 ms of one core. */
  MAX_ENTRIES: 256,
  /** Rows and accusations that one peer may send unasked: at once, and on average. Rows that are asked for are not counted. */
  CHECKS_BURST: 2_048,
  CHECKS_PER_SECOND: 128,
  /**
   * What a peer's requests may cost, in tenths of a millisecond: 5 % of a core, and at once what a table of 40,000 rows costs to
   * send. A request costs one, and one more for each 600 bytes that are read for it or answered: measured, a page of 27,000 bytes
   * takes 4.3 ms, a comparison of 1,024 pairs 12 ms.
   */
  WORK_PER_SECOND: 500,
  WORK_BURST: 8_000,
  BYTES_PER_WORK: 600,
  /** A joiner asks for a page again after this, when the contact has no time for it now. Ms. */
  PAGE_AGAIN_MS: 1_000,
  /** Signatures of rows and welcomes that were checked, 100 bytes each. */
  MAX_REMEMBERED_SIGNATURES: 8_192,
  /** Peers whose allowance is remembered. */
  MAX_CREDITS: 1_024,
  /** Welcomes of one row: of its witnesses, and after a partition of those on the other side as well. */
  MAX_WELCOMES: 16,
  /** Which witness signed a welcome: 8 bytes tell 100,000 keys apart; a collision costs one signature check. */
  WELCOME_HINT_BYTES: 8,
  /** A welcome is of use while rows do not lapse. Ms. */
  WELCOME_TERM_MS: 3 * 86_400_000,
  /** After a day a member asks for new ones. A vain attempt is repeated after a minute, then after twice as long each time. Ms. */
  WELCOME_AGAIN_MS: 86_400_000,
  WELCOME_RETRY_MS: 60_000,
  /** How long the slow witnesses are waited for when more than half have answered. Ms. */
  WELCOME_SLOW_MS: 50,
  /**
   * Newcomers that a node gives a seat because they speak to it: at once, and on average. Somebody who runs many identities on one
   * machine grows no faster than that; a ring of households grows by a few a day, and one that starts anew by dozens at once.
   */
  NEWCOMERS_BURST: 32,
  NEWCOMERS_PER_SECOND: 1,
  /** Rows without a seat that are held, in all and from one peer: room for a ring that comes back after a partition. */
  MAX_WAITING: 2_048,
  MAX_WAITING_OF_ONE: 256,
  /** How many of them are pinged: at once, and on average. Each may be a dial. */
  PROBES_BURST: 8,
  PROBES_PER_SECOND: 4,
  /**
   * Pings without an answer after which one is dropped, and how long it is not taken up again: at first seconds, since a line may
   * just have been busy, and after each vain time twice as long. Ms.
   */
  PROBE_TRIES: 2,
  UNREACHED_MS: 4_000,
  UNREACHED_MAX_MS: 600_000,
  /** Those that were dropped and are remembered. */
  MAX_UNREACHED: 4_096,
  /** A node that remembers so many members reads no table on one contact's word; unless there are more than are remembered. */
  LEAST_REMEMBERED: 4,
  /** Members that are voted on at once or were expelled; votes about one; open votes of one member; votes of one message. */
  MAX_EXPULSIONS: 64,
  MAX_EXPULSION_VOTES: 1_024,
  MAX_VOTES_OF_ONE: 16,
  MAX_VOTES_OF_A_MESSAGE: 128,
  INVITATION_ID_BYTES: 8,
  /** Machines of one invitation: a school's computer room. */
  MAX_INVITATION_USES: 256,
  /** How long an invitation may be good for: statements about it are kept as long. Ms. */
  MAX_INVITATION_MS: 30 * 86_400_000,
  /** Invitations that are held: in all, and of one inviter, who cannot push those of others out. */
  MAX_INVITATIONS: 2_048,
  MAX_INVITATIONS_OF_ONE: 128,
  /** Uses and revocations that are held: 340 bytes each, so 1.4 MB. */
  MAX_STATEMENTS: 4_096,
  /** Uses that are held of one invitation beyond those that it allows: doors that did not hear of each other. */
  MAX_SURPLUS_USES: 16,
  /** Statements of one message: 340 bytes and three signature checks each. */
  MAX_STATEMENTS_OF_A_MESSAGE: 64,
  /** By what two nodes compare their statements: 8 bytes tell 4,096 apart; the digest is against accidents. */
  STATEMENT_MARK_BYTES: 8,
  STATEMENT_DIGEST_BYTES: 16,
  /** How long a door waits for the inviter's word, and for doors that let somebody in by the same invitation. Ms. */
  CLAIM_SETTLE_MS: 2_000,
  /** Claims that wait at one door. */
  MAX_CLAIMS: 64,
  /** Accusations of one message; each costs one signature check. */
  MAX_ACCUSATIONS: 64,
  /** (id, incarnation) pairs of one exchange: 1,024 pairs are 42 kB of CBOR. */
  MAX_PAIRS: 1_024,
  /** How long after a change of table or pointers the transport is told whom to stay connected with. Ms. */
  KEEP_AFTER_MS: 200,
  /**
   * Pause between two exchanges that nothing but a difference of two tables asks for, for each member of the table. In a large ring
   * some change is always on its way, so two tables are never equal, and what an exchange costs grows with the table: at 100,000
   * members, 30 changes on their way, it is 520 kB. So it is once in 200 s there, and at each stabilisation up to 500 members. Ms.
   */
  EXCHANGE_PAUSE_PER_MEMBER_MS: 2,
  /** Ranges of one request to reconcile, and rows up to which a range is told row by row, 20 bytes each: its 16 parts are 128. */
  MAX_RANGES: 64,
  ROWS_OF_A_RANGE: 8,
  /** Hex digits of the narrowest range: in honest tables five tell 100,000 rows apart. */
  NARROWEST_RANGE: 12,
  /** Ranges that one exchange looks at: a table of 100,000 against an empty one is 6,000; who splits for ever ends it. */
  RANGES_OF_AN_EXCHANGE: 8_192,
  /** Rows of one request that are named by their first bytes only; as many with welcomes fill 48 kB. */
  MAX_HINTS: 48,
  /**
   * From this many members on a change travels down a tree, once to each member; below it rings are told by a few more members than
   * is needed, which costs little there and hides who is silent.
   */
  TREE_FROM: 512,
  /** How long changes are gathered before they are told on, for each member of the table, and at most. Ms. */
  GATHER_PER_MEMBER_MS: 0.048,
  GATHER_MS: 5_000,
  /**
   * Witnesses who all find out the same begin to tell it one after the other, each when it has not heard it by then: this long after the one
   * before, and as long as changes are gathered, for so long each step of the tree takes. Ms.
   */
  NEXT_TELLER_MS: 2_000,
  /** Changes of which this node remembers how far it has told them. */
  MAX_PASSED: 8_192,
  /** Pages of what changed while a node joined: 2 minutes of 6.7 changes a second are 16 of the largest. */
  RECENT_PAGES: 32,
  /** Rows that one message tells in short: 64 of the dead with eight accusers are 38 kB. */
  MAX_BRIEF_ROWS: 64,
  /** How often one message of the tree is sent again, to the member after the one that does not answer. */
  TREE_TRIES: 3,
  /**
   * Where changes travel down a tree, tables are compared as they were a while ago: so many times as long as changes are gathered
   * (17 steps at 100,000 members), and at least and at most this long. Ms.
   */
  SETTLE_GATHERS: 24,
  SETTLE_LEAST_MS: 10_000,
  SETTLE_MS: 120_000,
  /** A death counts there from the end of a period: the same for all rings, for the members of one do not agree on how many they are. Ms. */
  DEATH_PERIOD_MS: 120_000,
  /** Addresses of one member. Multi-homed boxes have a handful; each is a dial that others make. */
  MAX_ADDRESSES: 8,
  /** UTF-8 bytes of one multiaddr; a DNS name is at most 253 (RFC 1035 section 2.3.4). */
  MAX_ADDRESS_BYTES: 300,
  /** Salt of a node id: ledger randomness is one hash. */
  MAX_SALT_BYTES: 32,
  /**
   * Rows of a page that is not the last: a full page has 256, or as many of the largest as 48,000 bytes hold (18). Who names a next
   * page with fewer only wants to be asked again.
   */
  LEAST_PAGE: 16,
  /** Pages after which a joiner reads the table of a second contact as well: 1,024 rows of one that may be lying. */
  PAGES_BEFORE_SECOND: 4,
  /** How long one contact's table may take: 100,000 rows are 400 pages, 100 s at 250 ms a page. Ms. */
  READING_MS: 180_000,
  /** Members of a table: 100,000 are about 50 MB; what is beyond it needs fingers. */
  MAX_MEMBERS: 110_000,
  /**
   * Rows of those who left or died, beside them: what comes back within three days needs no welcomes if it left properly. Machines
   * that are on for ten hours of a day are 140,000 rows when 100,000 are there.
   */
  MAX_GONE: 150_000,
  /**
   * Members after a key that may have one of its seats, for each seat: four are enough that 90 in 100 keys find a second network where
   * half of the ring is in one, and few enough that sets change seldom.
   */
  SEATS_LOOKED_THROUGH: 4,
  /** Replica sets that are remembered until the table changes, by key and by the first of their members. */
  MAX_REPLICA_SETS: 2_048,
  /** Longest list of successors anybody keeps or sends; P(all dead) = p^16 = 1.5e-5 at p = 0.5. */
  MAX_SUCCESSORS: 16,
  /** Ring neighbours that are witnesses of a member's life: more than half of them make it `dead`. */
  WITNESSES: 8,
  /** A clock that is further ahead is wrong: nobody may park an incarnation that no later one can beat. Ms. */
  MAX_INCARNATION_AHEAD_MS: 86_400_000,
  /** Members sign a fresh incarnation this often, half of the time after which rows lapse. Ms. */
  REFRESH_MS: 129_600_000,
  /** A row that was not renewed for this long is dropped, dead ones included: replays cannot raise it again. Ms. */
  LAPSE_MS: 3 * 86_400_000,
  /** Rows of the last run that are verified at the start: 0.1 s of one core. */
  MAX_REMEMBERED: 1_024,
  /** Changes of the table are written to disk together, after this. Ms. */
  REMEMBER_AFTER_MS: 1_000,
  /** How often a node writes down that it is there. Ms. */
  REMEMBER_STATE_MS: 600_000,
  /** Window of the largest member count. Ms. */
  COUNT_WINDOW_MS: 86_400_000,
  /** Counts remembered in that window; churn beyond it is coalesced upwards, never lost. */
  MAX_COUNTS: 1_024,
  /** Accused members and accusers of one, held at once: the witnesses and as many again whose view differs. */
  MAX_ACCUSED: 1_024,
  MAX_ACCUSERS: 16,
  /** A refuting incarnation costs gossip to everybody: one liar must not make a member shout all day. Ms. */
  MIN_REFUTE_GAP_MS: 5_000,
  /** A member answering `busy` for longer than this is treated as failed for this operation. */
  MAX_BUSY: 12,
  /** Requests of one operation that may fail before its target counts as dead: one lost message is no death. */
  MAX_ATTEMPTS: 2,
  /**
   * A neighbour that has answered and asked nothing for so many stabilise periods is pinged: in a ring where members talk to each other anyway,
   * nearly nobody.
   */
  PING_PERIODS: 6,
  /** So many times as long one that asks us is believed to be there without an answer of its own. */
  HEARD_PERIODS: 8,
  /** A ring that stands still is looked after less and less often, until at so many times the stabilise period. Each time wakes two machines. */
  QUIET_PACE: 4,
  /** Shortest pause between two stabilisations, while the lists still change. Ms. */
  FASTEST_PACE_MS: 50,
  /** Members asked to forward a change; log2(100,000) = 17 rounds of 6 reach everybody with high probability. */
  GOSSIP_FANOUT: 6,
  /** Up to this many members a change is told to all of them by the one who first knows. */
  GOSSIP_ALL: 64,
  /** Changes waiting to be told; beyond it the exchange between neighbours carries them. */
  MAX_OUTBOX: 1_024,
  /** Unjoined peers remembered while no joined one is found. */
  MAX_STRANGERS: 64,
  /** How long a member still tries to reach them: two that began a ring each find each other again. Ms. */
  FORGET_STRANGERS_MS: 3_600_000,
  /** Ids of each list in an answer to a look-up: a whole successor list, and as many on the way. */
  LOOKUP_IDS: 16,
  /** Members that one look-up may ask: at 1,000,000 members of which half are dead it needs about 30. */
  LOOKUP_CONTACTS: 64,
  /** Members that one look-up has planned to ask. */
  LOOKUP_PLAN: 256,
  /** A signed successor list further off our clock is an old one, or of a clock that is wrong. Ms. */
  MAX_LIST_AGE_MS: 300_000,
  /** How long a list that did not change is given out with one signature. Ms. */
  LIST_KEPT_MS: 30_000,
  /**
   * A list this many times wider than the ring's mean gap hides members: an honest one of 16 is so once in 10^8, one that
   * shows only a fifth of the ring is in 97 of 100 (Poisson; Castro et al., OSDI 2002).
   */
  SPARSE_LIST: 3,
  /**
   * A list may lack some: between the death of a successor and the next stabilisation it is shorter, and its owner is no liar.
   * An honest one of 12 is three times too wide once in 10^6.
   */
  LEAST_LIST: 12,
  /** Look-ups at once; each is one request at a time. */
  MAX_LOOKUPS: 256,
  /** Consecutive unanswered requests after which a member counts as unreachable for this node. */
  SUSPECT_FAILURES: 2,
  /** Shortest wait for an answer: a garbage collection is not a failure. Ms. */
  MIN_TIMEOUT_MS: 250,
  /** Pauses between attempts to find a first contact. Ms. */
  CONTACT_RETRY_MS: 500,
  CONTACT_RETRY_MAX_MS: 30_000,
  /** Vain rounds after which those who only find each other begin a ring. */
  GENESIS_AFTER: 3,
  /** Bootstrap addresses tried at once. */
  MAX_BOOTSTRAP: 32,
  /** Members that others name (mDNS: anybody on the local network), tried at once, remembered, and tried again after, ms. */
  MAX_MEETING: 4,
  MAX_FOUND: 256,
  FOUND_AGAIN_MS: 10_000,
  /** How long `stop` waits until the neighbours have heard `left`. Ms. */
  LEAVE_TIMEOUT_MS: 1_000,
  /** What is said about an invitation: in all, of its secret, and the letters of a fault. */
  MAX_CLAIM_BYTES: 1_024,
  MAX_CLAIM_SECRET_BYTES: 512,
  MAX_FAULT_LETTERS: 64,
  /** Capabilities of a hello, as many constants, and the letters of one name: a release has a handful of each. */
  MAX_HELLO_ITEMS: 16,
  MAX_HELLO_WORD_BYTES: 32,
  /** An invitation as a token: what a person can still copy. */
  MAX_TOKEN_BYTES: 8_192,
  /** As many addresses as `ring.bootstrap` may hold are more than a token needs; each is at most about 120 characters long. */
  MAX_INVITED_ADDRESSES: 8,
} as const
