/** Bounds of this room. */
export const limits = {
  /** Imported public keys kept, about 1 KB each: the members of a large ring whose signatures are checked again and again. */
  MAX_IMPORTED_KEYS: 4_096,
  /** Signatures of one decision that are verified on other cores: fewer are verified sooner than handed over; more are a way of many headers. About 500 bytes each. */
  LEAST_AHEAD: 3,
  MOST_AHEAD: 512,
  /** Peer ids that are remembered by their keys, about 250 bytes each. */
  MAX_KNOWN_PEER_IDS: 8_192,
  /** Nesting of a CBOR document: honest ones have at most 6 levels. */
  MAX_CBOR_DEPTH: 16,
  /** RSA keys of DNSKEY records: RFC 5702 section 2 allows 512 to 4096 bits. Larger ones only cost the verifier. */
  MIN_RSA_BITS: 512,
  MAX_RSA_BITS: 4_096,
  /** A long public exponent makes each check as slow as a signature is to make (BIND refuses above 35 bits). */
  MAX_RSA_EXPONENT_BITS: 35,
} as const
