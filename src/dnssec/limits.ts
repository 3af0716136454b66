/** Every bound of validation that a zone, a server or a peer could stretch. */
export const limits = {
  /** RRSIGs of one RRset that are read at all; the rest is passed over (KeyTrap, CVE-2023-50387). */
  MAX_RRSIGS_READ: 32,
  /** Signature checks for one RRset (KeyTrap, CVE-2023-50387; Unbound tries 8 RRSIGs). An honest set passes at the first or second. */
  MAX_CHECKS_PER_RRSET: 8,
  /** DNSKEYs with the same tag and algorithm that are tried (KeyTrap; PowerDNS 2, Hickory 2). */
  MAX_SAME_TAG_KEYS: 2,
  /** DNSKEY records of one zone that are read: the largest seen in practice have about 20. */
  MAX_DNSKEYS: 64,
  /** DS records of one zone that are tried, of those that can be (KeyTrap; PowerDNS 8). */
  MAX_DS: 8,
  /** DNSKEY digests computed for one DNSKEY set (Unbound gives up after 4 that fail; rollovers need 2 to 4). */
  MAX_DS_DIGESTS: 16,
  /** Distinct signer names of one RRset whose zones are looked up: honest sets have one. */
  MAX_SIGNERS: 2,
  /** NSEC and NSEC3 RRsets of one answer whose signatures are checked: the longest honest proof has 4 (CVE-2023-50868). */
  MAX_PROOFS: 8,
  /** RFC 9276 section 3.2: above this a zone counts as insecure (BIND, Knot and PowerDNS: 50). */
  MAX_NSEC3_ITERATIONS: 50,
  /** Iterations that one unit of the budget `hashes` pays for, beside the name itself: a name costs 1 at 0 iterations and 6 at 50. */
  ITERATIONS_PER_UNIT: 10,
  /** SHA-1 works in blocks of 64 bytes, 9 of which are padding: a salt beyond this makes each iteration cost another block. */
  SALT_BYTES_PER_BLOCK: 64,
  /** Seconds that a bogus or unproven link of a chain is remembered (Unbound `val-bogus-ttl` 60). */
  BOGUS_SECONDS: 60,
  /** Seconds that a link of a chain is believed at most, whatever its TTL: a key that was withdrawn is gone within the day. */
  MAX_LINK_SECONDS: 86_400,
  /** Seconds that a link is believed at least: with TTL 0 a chain could never be finished. A whole question takes 10. */
  MIN_LINK_SECONDS: 10,
  /** Trust anchors in one file. */
  MAX_ANCHORS: 1_000,
  /** Keys of the root that are followed by RFC 5011 at once. */
  MAX_FOLLOWED_KEYS: 16,
} as const
