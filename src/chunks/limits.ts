/** Bounds of the shared records: everything that a peer could make this node do or keep. */
import { evidenceLimits } from '../evidence/index.ts'

export const limits = {
  // wire/: messages, and what one peer may cost

  /** One request or reply: a frame of the transport, without the byte that names the room. */
  MAX_MESSAGE_BYTES: 65_535,
  /** Peers named in `not-mine`. */
  MAX_NAMED_PEERS: 32,
  MAX_PEER_ID_BYTES: 128,
  /** Links of chains of trust beside one reply, and of all replies to one read together. */
  MAX_LINKS: 16,
  /** Other types of a name that a reply brings along, and their bytes: three certificates of seven signers each are 6 kB. */
  MAX_BESIDE: 3,
  MAX_BESIDE_BYTES: 8_192,
  /** What came along is kept for this long: the questions of one page are asked at once. Ms. */
  COMPANION_MS: 5_000,
  /** How long a question waits for the read of another type of its name: a round trip around the world. Ms. */
  COMPANION_WAIT_MS: 200,
  MAX_COMPANIONS: 1_024,
  MAX_LINKS_HEARD: 48,
  /** A signed answer that is told must be verified; a larger one than this is left to be asked for. Bytes. */
  MAX_TOLD_PROOF_BYTES: 8_192,
  /** Frames of a pull: below those of the transport, with its heads. Bytes. */
  PULL_FRAME_BYTES: 60_000,
  /** Marks in one request, 12 bytes each, so that it fits into one frame. */
  MAX_PULL_MARKS: 4_000,
  /** Two entries of one question that are dated closer together are of the same round: its signatures are at most so far apart. Ms. */
  SAME_ROUND_MS: 30_000,
  /** Peers and zones whose rates are remembered at once. */
  MAX_RATED: 4_096,
  /** Faulty replies after which a peer is asked last; a good reply halves the count. */
  FAULTS_ASKED_LAST: 3,
  /** Peers whose faults are remembered. */
  MAX_FAULTY_PEERS: 1_024,

  // seats/

  /** Replicas of one chunk that are counted. n is far below. */
  MAX_REPLICAS: 32,
  /**
   * 2^8 sections of the ring have a digest of each replica, and a chain of their replicas, at least: a section of a ring of 100,000 entries has
   * 390. With 2^12 a block of a chain would have one entry each where it has five (docs/decisions/0147).
   */
  SECTION_BITS: 8,

  // entries/: what is held

  /** Agreement costs n fetches: an answer that lives shorter than this is not worth it. Seconds. */
  MIN_SHARED_TTL_SECONDS: evidenceLimits.MIN_AGREED_SECONDS,
  /**
   * Agreed entries held for others. Each costs about 300 bytes of memory for what is known of it (40 MB in all), and its row:
   * 100,000 of a usual ring have rows of 70 MB.
   */
  MAX_ENTRIES: 150_000,
  /** Rows of entries, on disk: a third of the data file. Bytes. */
  MAX_STORE_BYTES: 128 * 1024 * 1024,
  /** Rows that lie in memory because there is no disk, or it cannot be written. Bytes; and what one costs beside its bytes. */
  MAX_MEMORY_BYTES: 96 * 1024 * 1024,
  ROW_OVERHEAD_BYTES: 160,
  /**
   * Entries that are kept decoded, beside their rows: those that were used last. Bytes; and how much larger than its row a decoded
   * entry is: one with a row of 560 bytes and three observations measured 6.9 KB, most of it heads of byte arrays.
   */
  MAX_USED_BYTES: 16 * 1024 * 1024,
  DECODED_FACTOR: 12,
  /** One entry on disk: a certificate, an outcome and a question at their largest. */
  MAX_ARCHIVED_BYTES: 256 * 1024,
  /** Entries that are read from disk and verified in one go, a few signatures each. */
  ARCHIVE_SLICE: 16,
  /** After a change of the ring: entries whose signers were not known are tried again after this. Ms. */
  ARCHIVE_RETRY_MS: 1_000,
  /** What a proof or an observation costs beside its encoded bytes: map entries, decoded names, objects. Order of magnitude, measured. Bytes. */
  RECORD_OVERHEAD_BYTES: 1_024,
  /**
   * Signature checks (0.1 ms each) for what one peer brings, per second: 4 % of a core. A hand-over of entries with three signers
   * costs 240; what finds no room is owed, and comes later. At once: 400 entries of four.
   */
  CHECKS_PER_SECOND: 400,
  CHECKS_BURST: 1_600,
  /** Signatures whose check is remembered, 100 bytes each: those of 100 rounds of seven that are in work at once. */
  MAX_REMEMBERED_SIGNATURES: 4_096,
  /** Bytes that cost as much to read as one check: measured 0.3 ms for 7 KB. So 25,000 reads a second stay free. */
  BYTES_PER_CHECK: 2_000,
  /** Certificates that one peer may bring, per second, whatever they cost to check: each is decoded. */
  CERTIFIES_PER_SECOND: 100,
  /** Signed answers kept with their proofs, for others. Bytes. */
  MAX_PROOF_BYTES: 16 * 1024 * 1024,
  /** The row of one, on disk and in a frame of a pull: links are left out beyond this. */
  MAX_PROOF_ROW_BYTES: 16_384,
  /** Signed answers of which one request of a pull has marks, 12 bytes each beside those of entries. */
  MAX_PROOF_MARKS: 1_000,
  /** A signed answer is believed for a day at most, whatever its TTL. Ms. */
  MAX_PROOF_MS: 86_400_000,
  /** Verifications of what peers brought, at once; more are refused. */
  MAX_VERIFICATIONS: 16,
  /** What checking one proof that a peer brought may cost: links that nobody sent are fetched, the answer itself never is. */
  VERIFY_PROOF: { queries: 12, bytes: 60_000, timeMs: 3_000, signatures: 32, hashes: 200 },
  /** What has expired is dropped this often. Ms. */
  SWEEP_MS: 60_000,

  // digests/

  /** One digest: entries of 26,000 questions in one section. A node that has more says so, and is asked for each question. */
  MAX_DIGEST_BYTES: 32 * 1024,
  /** Digests of others, least recently used first to go: those of the chunks that one asks about, not of all members. Bytes. */
  MAX_DIGESTS_BYTES: 8 * 1024 * 1024,
  DIGEST_OVERHEAD_BYTES: 256,
  /** A digest that is older than this is requested again when it is used. What was agreed since may be fetched once more. Ms. */
  DIGEST_REFRESH_MS: 10_000,
  /** A digest that is older than this does not count. Ms. */
  DIGEST_OLD_MS: 60_000,
  /** Before the first question they are requested this often: the first one is not to wait for them, nor to request them all. Ms. */
  DIGEST_UNUSED_MS: 45_000,
  /** Requests for digests in flight, and sections in one request: all that one member may hold of 256. */
  MAX_DIGEST_REQUESTS: 64,
  MAX_DIGESTS_AT_ONCE: 256,
  /** Digests are requested before they are needed in rings of at most so many members: each is requested of once in ten seconds. */
  DIGESTS_AHEAD_UP_TO: 64,
  /** The first ones are requested so soon after the start. Ms. */
  DIGEST_FIRST_MS: 1_000,
  /** A node that nobody asks for so long does not keep digests fresh. Ms. */
  DIGEST_IDLE_MS: 300_000,
  DIGEST_TIMEOUT_MS: 2_000,
  /** Nobody waits for a digest: its request leaves with the next one to the same peer, or after this. Ms. */
  DIGEST_PATIENCE_MS: 2_000,
  /** Digests given to one peer, per second, with a burst of four times as many: one for each chunk that it asks about. */
  DIGESTS_PER_SECOND: 64,
  /** Own digests: built at most so often each, and kept. Ms. */
  DIGEST_BUILD_MS: 2_000,
  MAX_OWN_DIGESTS: 4_096,

  // observations/

  /** What one own fetch may cost: names that need more are nobody's observation. */
  OWN_FETCH: { queries: 30, bytes: 100_000, timeMs: 5_000, signatures: 60, hashes: 300 },
  /** Own fetches for observations in flight at once; a peer that asks for more hears `busy`. */
  MAX_FETCHES: 32,
  /** What this node saw itself and signs on request. Bytes. */
  MAX_OBSERVED_BYTES: 16 * 1024 * 1024,
  /**
   * An observation is dated once, when it was fetched. After this part of the longest time that a certificate holds (an hour, a day
   * for delegations) it is not signed any more: what it would help to prove would hold too shortly to be worth a round.
   */
  STALE_PART: 0.5,
  /** Commitments that are remembered, own ones and those of others, and for how long. Ms. */
  MAX_COMMITTED: 16_384,
  COMMITTED_MS: 60_000,
  /** Proofs that somebody signed two contents in one round, that are kept. */
  MAX_EQUIVOCATIONS: 64,

  // handover/: pushes, pulls, leaving

  /** After a change of the set: the changes of a burst are handled together. Ms. */
  HANDOVER_DELAY_MS: 1_000,
  /** Chunks and entries that are compared in one go after a change. */
  HANDOVER_SLICE: 64,
  /** Entries pushed to one new replica in one go; the rest is owed, and follows with the repairs. */
  MAX_HANDOVER_RECORDS: 10_000,
  /** Entries on their way to one new replica at once, far below its rate limit. */
  HANDOVER_IN_FLIGHT: 4,
  /** For one certificate that is brought to a replica. Ms. */
  CERTIFY_TIMEOUT_MS: 3_000,
  /** Pause after each entry pushed, so that the receiver's rate limit holds. Ms. */
  HANDOVER_PAUSE_MS: 50,
  /** What did not arrive is offered again after this, less a random part so that replicas do not come together. Ms. */
  REPAIR_MS: 60_000,
  REPAIR_JITTER_MS: 15_000,
  /** Entries that are remembered as owed, over all peers: two replicas of 100,000 entries each. Beyond that none are. */
  MAX_OWED_RECORDS: 200_000,
  /** For each frame of a pull. Ms. */
  PULL_TIMEOUT_MS: 10_000,
  /** What this node has on its disk is not asked of others, unless reading it takes longer than this. Ms. */
  PULL_WAITS_MS: 120_000,
  /** Entries verified in one go, a few signatures each: about a millisecond. */
  PULL_SLICE: 4,
  /** A pull is given up after so many entries that do not hold (some may, since tables differ while a ring changes), or that are not needed. */
  MAX_PULL_WRONG: 64,
  MAX_PULL_USELESS: 4_096,
  PULL_LOG_MS: 5_000,
  /** Requests of one peer per second, and bytes for it: who asks for everything again and again waits. */
  PULLS_PER_SECOND: 5,
  PULL_BYTES_PER_SECOND: 8 * 1024 * 1024,
  PULL_PACE_MS: 50,
  /** A node that leaves hands over for so long at most; the pause after each entry keeps it below the receiver's rate limit. Ms. */
  LEAVE_MS: 3_000,
  LEAVE_PAUSE_MS: 45,

  // copies/: popular names

  /** In smaller rings no name is popular enough: the first is one question of twenty, and three of 256 may serve 13 times the mean. */
  COPIES_FROM: 256,
  /** Copies of one copy: each is read by so many copies of the next level in a TTL, beside those who want the name. */
  COPIES_OF_ONE: 4,
  /** 4^10 copies are a million. */
  MAX_LEVEL: 10,
  /** A name gets copies when a member that serves it would serve more than this part of the mean with it alone. */
  SHARE_OF_A_NAME: 0.5,
  /** A copy that is read more seldom is not worth its place: once in five minutes. Reads a second. */
  LEAST_RATE: 1 / 300,
  /** Only what so many members have read is called popular: a mark says to everybody that somebody reads a name. */
  LEAST_READERS: 8,
  /** A level is left when the one below would do for so many times as many reads. */
  LEVEL_SLACK: 1.5,
  /** Reads are counted over this time. Ms. */
  HEAT_MS: 1_800_000,
  /** Names whose reads are counted, and whose copies are. */
  MAX_WARM: 8_192,
  /** Reads that one read may stand for: the first name of 100,000 members, at four copies, is 5,000 in five minutes. */
  MAX_READS_OF_A_COPY: 100_000,
  /** One copy of a level is drawn by so many times its part of the members at most: of 64 who draw one of four, by 26 in one case of 1,000. */
  DRAWN_MOST: 2,
  /** How long a mark holds; a replica signs it anew after half of it. And how far ahead of this clock it may be. Seconds. */
  MARK_SECONDS: 43_200,
  MARK_AHEAD_SECONDS: 30,
  /** Marks that are held, 300 bytes each: of 8,192 popular names, several of some. */
  MAX_MARKS: 16_384,
  /** A node asks one other for marks this often, for those that it learned in this time: longer than 17 steps take. Ms. */
  SPREAD_MS: 30_000,
  MARK_FRESH_MS: 600_000,
  /** Marks of one reply, 115 bytes each, and those that a request names, 14 bytes each. */
  MARKS_OF_A_PAGE: 500,
  MAX_MARKS_NAMED: 2_000,
  /** Requests for marks of one peer that are answered, per second; the burst is a whole table. */
  MARK_REQUESTS_PER_SECOND: 0.2,
  MARK_REQUESTS_BURST: 40,
  /** What others say of how much they read: so many of the last are weighed. */
  MAX_RATES_HEARD: 63,
  /** Copies go to other members this often, so that nobody has many for long. Ms. */
  EPOCH_MS: 1_800_000,
  /** A place counts when its member is nearer than this part of the mean gap: of 100 places 39 do. And how many are tried. */
  REACH: 0.5,
  MAX_PLACES_TRIED: 16,
  /** Copies that this node keeps for others. Bytes. */
  MAX_COPY_BYTES: 16 * 1024 * 1024,
  /** Copies that are being read from the level below; how long one may take, and how long nothing is read again where there was nothing. Ms. */
  MAX_FILLS: 64,
  FILL_MS: 2_000,
  VAIN_FILL_MS: 10_000,

  // rounds/: demand

  /** Questions whose demand is counted. */
  MAX_ASKED: 20_000,
  /** Requests counted of one question: enough to predict any n. */
  MAX_ASKS_KEPT: 32,
  /** Requests that one read of a copy counts for: with four copies that is enough for any n, and one alone is never. */
  ASKS_OF_A_COPY: 8,
  /** What was asked longer ago says nothing about demand. Ms. */
  ASK_WINDOW_MS: 3_600_000,
  /** Who asks for the same question again within this time counts once. Ms. */
  SAME_ASKER_MS: 10_000,
  /** With `auto`, unsigned absence needs more than one asker: a typo of one member is not worth n fetches. */
  MIN_ASKERS_OF_ABSENCE: 2,
  /** Questions that this node told, and for how long it wants to hear what was agreed on them: a round, its rests and repetitions. Ms. */
  MAX_TOLD: 4_096,
  TOLD_MS: 300_000,
  /** Askers who are told what was agreed, beside the replicas: the latest. */
  MAX_INFORMED: 16,
  /** `auto`: never for one member alone. */
  MIN_ASKERS_AUTO: 2,
  /** `auto`: fetches that a round must spare for each that it costs: what it costs is certain, what it spares is predicted. */
  PAYS_TIMES: 1.5,
  /** What a round costs where all its replicas have fetched the name for their own clients: its messages, counted as fetches. */
  LEAST_COST: 0.5,
  /**
   * Supposed TTL of a name that this node has not seen yet, seconds: about the median of the names that OpenDNS saw in 2012
   * (40 % up to 300, 70 % up to 3,600). If it is wrong that costs one fetch, and is remembered (docs/decisions/0020).
   */
  SUPPOSED_TTL_SECONDS: 900,
  /** An entry that is read in the last part of its life is observed again, if it pays: a tenth, as caches prefetch. */
  RENEW_PART: 0.1,
  /**
   * A member saw something else than what was agreed on: the replicas look at once, and not again for this time, then twice as long, as
   * long as members go on saying so. Each look costs n fetches. Ms; and questions that are remembered.
   */
  CHANGE_REST_MS: 300_000,
  MAX_CHANGE_REST_MS: 3_600_000,
  MAX_CHANGES: 4_096,
  /** A zone's delegation is wanted again after this; zones that were wanted are remembered up to this number. Ms. */
  ZONE_WANTED_MS: 900_000,
  MAX_ZONES_WANTED: 10_000,

  // rounds/: agreeing

  /** Questions with a round in work or at rest. When there are more, one at rest is dropped; when all are in work, no other begins. */
  MAX_ROUNDS: 2_048,
  /** Rounds below one registered name that this node opens or joins and that find nothing, per second (random-subdomain floods). */
  ROUNDS_PER_ZONE_PER_SECOND: 2,
  /** A page load asks for a handful of names of one zone at once. */
  ROUNDS_PER_ZONE_BURST: 10,
  /** One that finds records counts for so much of one that does not: a CDN has the names of a third of all popular sites below one name. */
  FOUND_COUNTS_FOR: 0.2,
  /** Round requests of one peer that are answered, per second. Each may cost this node one fetch. */
  ROUND_REQUESTS_PER_SECOND: 20,
  /** The next replica in ring order opens when the one before it has not within this time. Ms. */
  OPENER_STEP_MS: 1_000,
  /** A replica before this one has so long to say whether a round would pay. Ms. */
  PROBE_TIMEOUT_MS: 500,
  /** A round's commitments are waited for this long, its reveals that long. Ms. */
  COMMIT_MS: 3_000,
  REVEAL_MS: 2_000,
  /** After a quorum the others may still speak for this long, so that a fast minority cannot set the expiry. Ms. */
  GRACE_MS: 300,
  /** A question whose round failed rests, twice as long after each failure in a row: some answers differ for each asker. Ms. */
  BACKOFF_MS: 30_000,
  MAX_BACKOFF_MS: 1_800_000,
  /** The first rest of one that failed because replicas had no CPU to spare, and how many of these rounds begin without anybody asking again. Ms. */
  BUSY_REST_MS: 5_000,
  MAX_UNASKED_OF_BUSY: 6,
  /** This node's part in a round of another waits so long for CPU, and is refused then: the opener waits `COMMIT_MS`. An own round so long. Ms. */
  JOIN_WAITS_MS: 1_500,
  ROUND_WAITS_MS: 60_000,
  /** Rounds in a row that begin at the end of a rest without anybody asking again: three, within four minutes. */
  MAX_UNASKED_ROUNDS: 3,
  /** Distinct openers that are remembered for not delivering, per question. */
  MAX_DISTRUSTED: 8,
  /** Warn when this node's clock is this far from those of most others; at 30 s nobody counts what it signs. Ms. */
  WARN_SKEW_MS: 10_000,
  /** Peers whose clocks are remembered; the warning comes at most this often. Ms. */
  MAX_CLOCKS: 64,
  WARN_AGAIN_MS: 3_600_000,

  // reads/: reading and telling

  /** The hedge: p90 of recent reads, held within these. Ms. */
  HEDGE_FIRST_MS: 30,
  HEDGE_MIN_MS: 5,
  HEDGE_MAX_MS: 200,
  /** Reads that the p90 is taken over, and how many it needs. */
  HEDGE_SAMPLES: 64,
  HEDGE_MIN_SAMPLES: 8,
  /** Peers whose round trips are remembered; what is older than this is measured again. Ms. */
  MAX_NEAR_PEERS: 4_096,
  NEAR_OLD_MS: 600_000,
  /** A reply is late four deviations after its round trip, held within these: then the next replica is asked beside it. Ms. */
  LATE_MIN_MS: 5,
  LATE_MAX_MS: 100,
  /** Who has so often in a row not had what its digest names counts as eight times as far away. */
  MAX_DISAPPOINTED: 7,
  /**
   * A signed answer is fetched again before it ends, if it was asked for so often in its life: then somebody will most likely ask again.
   * In its last tenth, or so long before its end, if that is more. Ms.
   */
  MIN_REFRESH_ASKS: 2,
  REFRESH_LEAD_MS: 15_000,
  REFRESH_TICK_MS: 2_500,
  /** Such fetches in flight at once. */
  MAX_REFRESHES: 8,
  /** Delegations asked for to get around zones that are silent: names are rarely deeper. */
  MAX_DELEGATION_READS: 5,
  /** Tells to one peer, and of one peer, per second, with a burst of the same size. */
  TELLS_PER_SECOND: 10,
  /**
   * Those of which a stub waits for the outcome, counted by themselves: as many as there are rounds that a replica joins of one opener. And
   * replicas that are told: the first that is live opens the round, and asks the others; the next one is there in case that it does not.
   */
  AWAITED_TELLS_PER_SECOND: 20,
  AWAITED_TELLS: 2,
  /**
   * Tells that wait or are on their way at once; more are dropped: they are only a hint of demand. What the rate above lets go to seven
   * peers in the time that they may wait.
   */
  MAX_TELLS_IN_FLIGHT: 768,
  TELL_TIMEOUT_MS: 2_000,
  /**
   * A tell waits so long for another request to the same replica, which costs nothing more then: nobody waits for it, and digests, by which
   * others learn what came of it, are as old. Ms.
   */
  TELL_PATIENCE_MS: 5_000,
  /** The same for those replicas that need it only if the first of them does nothing. */
  TELL_OTHERS_PATIENCE_MS: 10_000,
  /** One that says that an entry may be wrong, or of which a round is expected at once, waits no longer than this. */
  TELL_SOON_MS: 2_000,
  /**
   * A signed answer is told to one replica. When no digest names it after so long, all are told: by then the digests of what was told have
   * been heard, and replicas have repaired each other. Ms; and how many are remembered for that long.
   */
  TELL_AGAIN_MS: 60_000,
  MAX_TELLS_LATER: 512,
  /** An entry that is younger is not observed anew because its zone says that it changed, ms. */
  OBSERVED_ANEW_MS: 10_000,
  /** Reads of one name in a day, as far as anybody can say so: twelve million a second. */
  MAX_READS_A_DAY: 2 ** 40,
  /** Of the tag by which a digest that is known already is named. */
  MAX_TAG_BYTES: 8,
} as const
