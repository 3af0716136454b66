import { dnsLimits } from '../dns/index.ts'

/** Bounds of evidence: everything that a peer could stretch. */
export const limits = {
  /** Encoded outcome: with a certificate and its question it must fit into one frame between peers (64 KiB). */
  MAX_OUTCOME_BYTES: 46_000,
  /** Records of one RRset, as in a message; what they cost is bounded by `MAX_OUTCOME_BYTES`. */
  MAX_RRSET_RECORDS: dnsLimits.MAX_RRSET_RECORDS,
  /** RRSIGs of one RRset (KeyTrap, CVE-2023-50387). */
  MAX_SIGNATURES: 8,
  /** NSEC and NSEC3 sets beside one outcome; a closest-encloser proof needs 3 (CVE-2023-50868). */
  MAX_PROOFS: 16,
  /** RFC 2181 section 8. Seconds. */
  MAX_TTL: 0x7fff_ffff,
  /** Encoded observation: two names of 255, ring id, digest, key, signature and small fields. */
  MAX_OBSERVATION_BYTES: 1_024,
  /** Observations in one certificate: each costs one signature check. 16 replicas at most, three rounds of each. */
  MAX_OBSERVATIONS: 48,
  /** 48 rows of about 200 bytes (apexes can have 255), and what they saw. */
  MAX_CERTIFICATE_BYTES: 16_384,
  /** Observations of one replica that count in one certificate: one a round. */
  MAX_ROUNDS: 3,
  /** Records that all sets of a certificate hold together: what a name rotates through, or says in different places. */
  MAX_SEEN_RDATAS: 256,
  /** Prefixes that are agreed of a divergent name. */
  MAX_PREFIXES: 64,
  /** The rounds of one certificate lie within this: what was seen an hour ago says nothing about rotation. Ms. */
  ROUNDS_WITHIN_MS: 600_000,
  /** That a name diverges is believed for this long, whatever its TTL: it is a property of the name. Ms. */
  DIVERGENT_MS: 600_000,
  /** An answer that lives shorter than this is not agreed on: it is `divergent`. Seconds. */
  MIN_AGREED_SECONDS: 30,
  /** Name servers of one delegation, and addresses of one of them. Of real ones 13 and 2. */
  MAX_NAME_SERVERS: 32,
  MAX_GLUE_ADDRESSES: 16,
  /** UTF-8 bytes of a ring id. */
  MAX_RING_ID_BYTES: 128,
  MIN_NONCE_BYTES: 8,
  MAX_NONCE_BYTES: 32,
  /** Nonce of one round: nobody meets it by chance. */
  ROUND_NONCE_BYTES: 16,
  /** What an agreed RRset is believed for, at most: a lie that got through dies within the hour. Seconds. */
  MAX_AGREED_SECONDS: 3_600,
  /** The same for delegations, whose TTLs are long and whose changes are rare. Seconds. */
  MAX_AGREED_DELEGATION_SECONDS: 86_400,
  /** Observations further in the future of the verifier's clock are not counted. Ms. */
  MAX_SKEW_MS: 30_000,
  /** One signer is never an agreement, whatever n is. */
  MIN_SIGNERS: 2,
} as const
