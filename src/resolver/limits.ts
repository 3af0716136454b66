/** Bounds of one client question, and of all of them together. */
export const limits = {
  /** What validating an agreed answer may cost that is another than this node's own: the links of its chain are mostly known. */
  HEALING: { queries: 12, bytes: 60_000, timeMs: 5_000, signatures: 32, hashes: 200 },
  /** Upstream queries for one client question, restarts and name-server look-ups included (CAMP, USENIX Security 2024: Unbound 200). */
  MAX_QUERIES: 200,
  /** Bytes received from upstream for one client question. PowerDNS uses 100,000 (CVE-2026-24027); a cold chain of three CDNs with big signed delegations needs more. */
  MAX_BYTES: 300_000,
  /** Ms for one client question in all, as Knot Resolver and BIND. */
  MAX_TIME_MS: 10_000,
  /** Signature checks for one client question (KeyTrap, CVE-2023-50387). A cold chain of three signed zones of depth three needs about 30. */
  MAX_SIGNATURES: 120,
  /** NSEC3 hashes for one client question (CVE-2023-50868; PowerDNS: 600). */
  MAX_HASHES: 600,
  /** CNAMEs followed (CVE-2019-19331; Unbound and BIND 11, Knot 13). Real CDN chains reach 8. */
  MAX_CNAME_CHAIN: 11,
  /**
   * Different links that may be in work at once. Above it the oldest gives way if it is older than the second figure, ms (Unbound
   * `jostle-timeout` 200), else the new one: SERVFAIL, EDE "Not Ready".
   */
  MAX_LINKS_IN_WORK: 4_096,
  GIVE_WAY_MS: 200,
  /** Strict: how long an answer waits for the round of its replicas: stubs give up after 5 s; a round on links of 100 ms takes one. Ms. */
  STRICT_WAITS_MS: 3_500,
  /** RFC 8767 section 5: how long a client waits for a fresh answer when there is a stale one, ms, and the TTL of the latter. */
  STALE_CLIENT_MS: 1_800,
  STALE_TTL_SECONDS: 30,
  /** Prefetches at once, after how long the oldest gives way to new ones, and the least life of a record that is prefetched, ms. */
  MAX_PREFETCHES: 64,
  PREFETCH_GIVE_WAY_MS: 2_000,
  /** Entries that were prefetched and may still be there. */
  PREFETCHES_REMEMBERED: 10_000,
  PREFETCH_MIN_LIFE_MS: 10_000,
  /** Questions that failed validation under `dnssec.logOnly` are told once in so many ms, and so many are remembered as told. */
  TOLD_BOGUS_MS: 60_000,
  MAX_TOLD_BOGUS: 1_000,
  /** Zones whose serial is remembered (120 bytes each), and questions that count as asked for lately. */
  MAX_WATCHED_ZONES: 4_096,
  HOT_QUESTIONS: 1_024,
  /** The root and the zones below it have a new serial all the time, and nothing of theirs is in the cache but delegations. */
  LEAST_WATCHED_LABELS: 2,
  /**
   * Ms between two queries for the serial of a zone because of NOTIFY: the source of one can be forged, and this is all that a flood
   * gets, 6 queries a minute. How many queries one NOTIFY may lead to: a secondary may be asked that does not have the change yet.
   */
  LOOK_GAP_MS: 10_000,
  LOOKS_PER_NOTIFY: 3,
  /** Of all zones together; beyond it the zone waits for its next turn. */
  MAX_LOOKS: 16,
  /** Ms between two new fetches because of a serial that passed by, at first; twice as long each time that nothing was another. */
  PASS_GAP_MS: 60_000,
  MAX_PASS_GAP_MS: 3_600_000,
  /** Records of a zone that are fetched anew at once, how many of them side by side, and what each may cost. */
  MAX_REFRESHED: 32,
  REFRESH_IN_FLIGHT: 4,
  REFRESH: { queries: 20, bytes: 60_000, timeMs: 8_000, signatures: 32, hashes: 200 },
  /** What ends sooner is left to end. */
  LEAST_REFRESHED_MS: 5_000,
} as const
