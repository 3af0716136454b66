import { dnsLimits } from '../dns/index.ts'

/** Bounds of the cache: everything an authority or a peer could stretch. */
export const limits = {
  /** Records of one RRset. What they cost is bounded in bytes, below (CacheFlush, Afek et al. 2024). */
  MAX_RRSET_RECORDS: dnsLimits.MAX_RRSET_RECORDS,
  /** RDATA bytes of one RRset with its signatures: what fits into one DNS message (RFC 1035 4.2.2). */
  MAX_RRSET_BYTES: 65_536,
  /** Covering RRSIGs kept with one RRset (KeyTrap, CVE-2023-50387; Unbound keeps 8). */
  MAX_SIGNATURES: 8,
  /** NSEC and NSEC3 sets kept with one entry; a closest-encloser proof needs 3 (CVE-2023-50868). */
  MAX_PROOFS: 16,
  /** Serve-stale: at most one day past expiry (RFC 8767 section 5 suggests 1 to 3 days; less is less surprising). */
  MAX_STALE_SECONDS: 86_400,
  /** Bogus data is kept this long, for CD=1 only (RFC 9520 section 3.2, RFC 4035 section 4.7). Seconds. */
  BOGUS_TTL_SECONDS: 60,
  /** Delegations held at once; about 1 kB each. */
  MAX_DELEGATIONS: 20_000,
  /** NS names of one delegation that are kept (CacheFlush: Unbound `iter-scrub-ns` 20). */
  MAX_DELEGATION_SERVERS: 20,
  /** Failures held at once (RFC 9520 section 3.2: bounded). */
  MAX_FAILURES: 10_000,
  /** RFC 9520 section 3.2: a failure must not be cached longer than five minutes. Ms. */
  MAX_FAILURE_MS: 300_000,
  /** Records and delegations kept on disk for the next start, each. About 1 kB a row. */
  MAX_WARM_ROWS: 50_000,
  /** How often what is new is written. Ms. */
  WARM_EVERY_MS: 60_000,
  /** What would expire before the next writing is not worth a row. Ms. */
  WARM_LEAST_MS: 60_000,
  /** Rows that are written or read in one go, before stubs are answered again. */
  WARM_SLICE: 128,
  /** One row: an outcome, a certificate and small fields at their largest. */
  MAX_WARM_ROW_BYTES: 98_304,
  /** Least `maxBytes` that gives a working cache. */
  MIN_CACHE_BYTES: 65_536,
} as const
