/** Bounds of iteration: everything that the answer of a foreign server could stretch. */
export const limits = {
  /** NS names kept of one referral (CacheFlush, Afek et al. 2024; Unbound `iter-scrub-ns` 20). */
  MAX_NS_KEPT: 20,
  /** NS names of one delegation that are used at all, drawn at random (NXNSAttack, arXiv 2005.09107; PowerDNS, BIND: 13). */
  MAX_NS_USED: 13,
  /** Addresses of one family taken for one server name (BIND, after the 2024 cache-flush work: 6 per NS name). */
  MAX_ADDRESSES_PER_NS: 6,
  /** Addresses whose texts are remembered as parsed, 200 bytes each. */
  MAX_ADDRESSES_KNOWN: 4_096,
  /** Addresses of one delegation that may be tried (NRDelegation, CVE-2022-3204). */
  MAX_ADDRESSES_USED: 40,
  /** Links of a CNAME chain read from one reply (CVE-2019-19331; Unbound `iter-scrub-cname`, BIND: 11). */
  MAX_CHAIN_LINKS: 11,
  /** RRSIGs kept with one RRset (KeyTrap, CVE-2023-50387; Unbound 8). */
  MAX_SIGNATURES: 8,
  /** NSEC and NSEC3 sets kept of one reply (CVE-2023-50868); the longest honest proof has 3. */
  MAX_PROOFS: 16,
  /** RFC 9156 section 2.3, MAX_MINIMISE_COUNT: steps of QNAME minimisation for one name. */
  MAX_MINIMISE_STEPS: 10,
  /** RFC 9156 section 2.3, MINIMISE_ONE_LAB: the first steps add one label each. */
  MINIMISE_ONE_LABEL: 4,
  /** First time-out for a server we know nothing of, ms (Knot Resolver 400, Unbound 376). */
  INITIAL_TIMEOUT_MS: 400,
  /** It grows with the nearest server heard of lately (by satellite everything is 600 ms away), up to this, ms. */
  MAX_INITIAL_TIMEOUT_MS: 1_600,
  /** Least and greatest time-out, ms. A fast server may still be slow for one name. */
  MIN_TIMEOUT_MS: 150,
  MAX_TIMEOUT_MS: 3_000,
  /** Servers whose time-out lies within this band of the best are equal; which one is asked is random (spoofing entropy). */
  RTT_BAND_MS: 400,
  /** Time-outs in a row after which a server rests. */
  DEAD_AFTER_TIMEOUTS: 3,
  /** A dead server rests this long, doubled with each further time-out. */
  MIN_REST_MS: 1_000,
  MAX_REST_MS: 60_000,
  /** What is known of a server is forgotten after this (Unbound `infra-host-ttl`). */
  SERVER_MEMORY_MS: 900_000,
  /** IPv6 in `auto`: so many time-outs without a success switch it off for a while (Unbound issue 1234: no route, SERVFAIL). */
  IPV6_TIMEOUTS: 8,
  IPV6_REST_MS: 60_000,
  /** Doubled each time that it is tried again in vain, up to this, ms; a reply, or other routes, begin anew. */
  MAX_IPV6_REST_MS: 3_600_000,
  /** Root servers of a hints file, and lines of it. */
  MAX_HINTS: 64,
} as const
