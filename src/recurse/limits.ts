/** Bounds of one resolution: everything a chain of foreign servers could stretch. The client query's own bound is its Budget. */
export const limits = {
  /** Queries that one question may send itself; its name-server look-ups have their own (CAMP, USENIX Security 2024; BIND, PowerDNS 50). */
  QUERIES_PER_QUESTION: 50,
  /** Referrals on the way of one question (Unbound 130; the deepest honest name, an ip6.arpa PTR, has 34 labels). */
  REFERRALS: 40,
  /** Queries to the servers of one zone for one question (Unbound `max-sent-count` 32, counted over all zones). */
  SENDS_PER_ZONE: 16,
  /** Time that the servers of one zone get for one question, ms: a dead zone must leave time for an answer that says so. */
  ZONE_MS: 6_000,
  /** Servers of one zone that are tried over TCP only because they are silent over UDP. */
  SILENT_TCP_PER_ZONE: 2,
  /** Queries for the full name after nobody answered a shortened one (RFC 9156 section 2.3). */
  SENDS_AFTER_SILENCE: 3,
  /** Times one server is asked the same question before silence is taken for silence. */
  UDP_TRIES_PER_SERVER: 2,
  /** Repeats of one query with one server for TC, case, id or EDNS; never again after TCP (CVE-2026-5950). */
  REPEATS_PER_QUERY: 4,
  /** Name servers of one delegation whose addresses are looked up (NXNSAttack, CVE-2020-12662; PowerDNS 10, Unbound 16). */
  LOOKUPS_PER_DELEGATION: 10,
  /** Of these, how many may have no address before the delegation is given up (Unbound, Knot Resolver: 5). */
  FAILED_LOOKUPS_PER_DELEGATION: 5,
  /** Name-server look-ups caused by one client query in all (Unbound 64). */
  LOOKUPS_PER_BUDGET: 32,
  /** A look-up for a look-up for ... (iDNS, TsuNAME; BIND 7). */
  DEPTH: 7,
  /** Aliases followed at a name server's name, which should have none (RFC 2181 section 10.3). */
  SERVER_ALIASES: 3,
  /**
   * Questions in work at once, those for chains of trust and name servers included; about 4 kB each. Above it the oldest gives way if
   * it is older than the second figure, ms, else the new one.
   */
  IN_FLIGHT: 20_000,
  GIVE_WAY_MS: 200,
  /**
   * Questions that may wait for the servers of one zone at once (random subdomains, "water torture"; BIND `fetches-per-zone`): at
   * 30 ms a reply 400 are 13,000 questions a second. The root and top-level zones are on everybody's way.
   */
  WAITING_PER_ZONE: 400,
  WAITING_PER_TOP_ZONE: 4_000,
  /** A failed question is not asked again for this long, ms, doubled with each failure in a row (RFC 9520 section 3.2). */
  FAILURE_MS: 2_000,
  MAX_FAILURE_MS: 5_000,
  /** An absence without SOA must not be kept by RFC 2308 section 5; this only stops a storm. Seconds. */
  ABSENCE_WITHOUT_SOA_TTL: 5,
  /** RFC 2308 section 5: at most three hours; RFC 8767 section 4: at most a week. The cache may cap lower. Seconds. */
  MAX_NEGATIVE_TTL: 10_800,
  MAX_TTL: 604_800,
  /** What priming may cost, ms and queries (RFC 8109). */
  PRIMING_MS: 5_000,
  PRIMING_QUERIES: 16,
  /** Then one more question shows whether the hints are good for anything else, ms. */
  HINTS_MS: 2_000,
  /** After a failed priming nothing is asked of the root for this long, ms, doubled up to the second figure. */
  PRIMING_REST_MS: 1_000,
  MAX_PRIMING_REST_MS: 2_000,
  /** How long a question waits for the root when it was out of reach a moment ago, ms: as long as the farthest servers take (a satellite link). */
  PRIMING_AGAIN_MS: 1_000,
  /** The root's servers are asked for anew when so little of their time is left, ms; while that fails, the old ones are kept for so long again. */
  PRIMING_AHEAD_MS: 3_600_000,
  ROOT_KEPT_SECONDS: 3_600,
  /** Links of a chain of trust fetched for one answer: two for each zone on the way. */
  CHAIN_LINKS: 64,
  /** Links given to a peer with one answer: two for each zone on the way, and few ways have more than six zones. */
  LINKS_GIVEN: 16,
  /**
   * What trying the links that peers gave for one answer may cost in all, apart from the budget of the question, so that forged ones
   * (KeyTrap, CVE-2023-50387; CVE-2023-50868) leave enough for the true ones: signatures, NSEC3 hashes.
   */
  GIVEN_SIGNATURES: 48,
  GIVEN_HASHES: 300,
  /** Zone cuts taken from what peers gave, as hints. */
  GIVEN_CUTS: 16,
  /** Zones whose keys, or whose being unsigned, are remembered. About 2 kB each. */
  CHAIN_REMEMBERED: 10_000,
  /**
   * Other servers of a zone that are asked when the copy of one is bogus, each once (Unbound `val-max-restart` 5). Zones have up to
   * 13 servers; the one budget of the question holds as well.
   */
  OTHER_COPIES: 12,
  /** Servers of the parent that are asked for the DS set of a zone whose keys do not fit the one that is known. */
  DS_ASKED_AFRESH: 3,
  /** Part of the time left that one DS question may take: where it fails, there may be another way. */
  DS_TIME_PART: 0.5,
  /** A change of the wall clock by more than this is a step, not slewing, ms: what it validated is validated anew. */
  CLOCK_STEP_MS: 10_000,
  /** How often the log says that the clock seems to be wrong, ms. */
  CLOCK_WARN_MS: 60_000,
  /** Seconds that an answer is told to hold that was validated without regard to time. */
  ANY_TIME_SECONDS: 30,
  /** Seconds that a link is remembered of which no copy can be had. */
  UNPROVEN_SECONDS: 10,
  /** The keys of a zone are asked for again, since data is signed by one that is not among them, at most this often, ms. */
  RENEW_KEYS_MS: 60_000,
  /** Validated NSEC, NSEC3 and wildcard records kept to answer from (RFC 8198): about 1 kB each (PowerDNS keeps 100,000). */
  DENIAL_RECORDS: 30_000,
  /** Of these, from one zone and of one kind: a zone that signs as it is asked must not take the place of all others. */
  DENIAL_RECORDS_PER_ZONE: 8_000,
  /** The largest such record kept, signatures included: an honest one has about 300 bytes. */
  DENIAL_RECORD_BYTES: 2_048,
  /** NSEC3 hashes that may be spent on an answer that nobody is asked for (PowerDNS: 150); above it asking is cheaper. */
  DENIAL_HASHES: 100,
  /** Names remembered not to exist, below which nothing does (RFC 8020), and DNAMEs remembered. */
  MISSING_REMEMBERED: 10_000,
  DNAMES_REMEMBERED: 10_000,
  /** Agreed delegations remembered, and for how long a zone whose servers were all silent is not waited for when there is one, ms. */
  AGREED_REMEMBERED: 4_000,
  BLOCKED_MS: 60_000,
  /** Server addresses remembered (round-trip times), and servers that do not keep the case of names. */
  SERVERS_REMEMBERED: 20_000,
  CASELESS_REMEMBERED: 2_000,
  /** Servers that were lame or refused for a zone are asked last for this long, ms (Unbound `infra-host-ttl` 900 s). */
  USELESS_MS: 60_000,
  USELESS_REMEMBERED: 10_000,
  /** Questions whose last answerer is remembered, until it is judged: more than are ever in work. */
  ANSWERERS_REMEMBERED: 20_000,
  /** A server that was silent to a query with a cookie is asked without one for this long, ms. */
  COOKIE_AVOID_MS: 600_000,
  /** A local copy of the root is read again this often, seconds (RFC 8806; the root's SOA refresh is 30 minutes, its NS TTL two days). */
  LOCAL_ROOT_SECONDS: 43_200,
  /** Error reporting (RFC 9567): zones whose agent is remembered, reports remembered, and how long none is sent again, ms. */
  AGENTS_REMEMBERED: 1_000,
  REPORTS_REMEMBERED: 10_000,
  REPORT_AGAIN_MS: 3_600_000,
  /** What sending one report may cost. */
  REPORT_QUERIES: 20,
  REPORT_BYTES: 30_000,
  REPORT_MS: 5_000,
  /** How long the answer of `families()` holds, ms: a route that comes or goes is noticed within it. */
  FAMILIES_MS: 1_000,
  /** Queries to a parent for glue that its referral left out, for one name. */
  SENDS_FOR_GLUE: 3,
  /** Equal replies to fresh ids and ports that stand for TCP where a server has none: 3 times 32 bits to guess in a row. */
  EQUAL_REPLIES: 3,
  /** Servers of one zone that are asked without EDNS and without 0x20 since they are silent; and not again for so long, ms. */
  ASKED_PLAINLY: 2,
  PLAIN_MS: 600_000,
  /** In each of them so many replies with another id are let pass: 4 guesses for 32 bits, where one would do for a denial of service. */
  GUESSES_LET_PASS: 3,
  /** How long a reply may be late and is still taken, ms after the time-out: two satellites' way. */
  LATE_MS: 2_500,
  /** Replies of the last servers heard of, by the nearest of which the first time-out for an unknown one goes. */
  RECENT_REPLIES: 16,
  /** So many failures without a reply from anybody, over so long, ms, are an outage of our own network: ZONE_MS and more. */
  OUTAGE_FAILURES: 5,
  OUTAGE_MS: 8_000,
  /** Advertised UDP payload (DNS flag day 2020; fragments: CVE-2025-59024). */
  UDP_PAYLOAD: 1_232,
  /** Time for a TCP query, ms: a handshake, a query, perhaps one lost segment. */
  MIN_TCP_TIMEOUT_MS: 1_500,
  MAX_TCP_TIMEOUT_MS: 4_000,
  /** The first look at the root's keys after a start, ms (RFC 5011): node and network shall be up by then. */
  ANCHOR_FIRST_MS: 60_000,
  /** The next one after it failed, ms: RFC 5011 section 2.3 says at least an hour. */
  ANCHOR_RETRY_MS: 3_600_000,
  /** What one such look may cost; the root's set has three keys and a signature. */
  ANCHOR_QUERIES: 16,
  ANCHOR_BYTES: 65_536,
  ANCHOR_MS: 10_000,
  ANCHOR_SIGNATURES: 32,
  /** Servers named in an EDE text. */
  SERVERS_IN_TEXT: 4,
} as const

export type RecurseLimits = { readonly [K in keyof typeof limits]: number }
