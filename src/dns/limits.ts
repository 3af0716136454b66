/** Every bound of this room that an outsider's bytes can reach. */
export const limits = {
  /** RFC 1035 section 2.3.4. */
  MAX_LABEL_BYTES: 63,
  /** RFC 1035 section 2.3.4: wire form with the root label. */
  MAX_NAME_BYTES: 255,
  /** One length octet and one octet each, within 255. */
  MAX_LABELS: 127,
  /** A message is at most what the two length octets of TCP can say (RFC 1035 section 4.2.2). */
  MAX_MESSAGE_BYTES: 65_535,
  /**
   * Compression pointers followed for one name. An honest name needs at most one for each label; chains of bare pointers
   * make each name of a message cost as much as the message is long (the family of CVE-2024-8508 and CVE-2026-44390).
   */
  MAX_POINTERS_PER_NAME: 127,
  /**
   * Compression pointers followed for one message. The smallest record is 11 bytes, so an honest message of 64 KiB stays
   * below it even if every owner and every target goes through several.
   */
  MAX_POINTERS_PER_MESSAGE: 32_768,
  /** Names behind record owners that are kept to be used again while one message is decoded. */
  MAX_REMEMBERED_NAMES: 64,
  /** EDNS options of one OPT record: real ones carry up to half a dozen (option bombs: CVE-2026-44390). */
  MAX_EDNS_OPTIONS: 64,
  /** Suffixes kept as compression targets while one message is encoded; what comes later is written out (CVE-2024-8508). */
  MAX_COMPRESSION_TARGETS: 1_024,
  /** Slots looked at for one suffix before it counts as unknown. */
  MAX_COMPRESSION_PROBES: 8,
  /** Candidate suffixes compared byte by byte for one message; after that names are written out (CVE-2024-8508). */
  MAX_COMPRESSION_COMPARES: 16_384,
  /** Extended errors read from one message (RFC 8914 lets a server send many). */
  MAX_EXTENDED_ERRORS: 16,
  /**
   * Records of one RRset: what a message holds, each of 12 octets and more. A set is whole or refused, since a part of it is
   * another set, which nobody has signed. What a set costs is bounded in bytes (CacheFlush, Afek et al. 2024).
   */
  MAX_RRSET_RECORDS: 5_460,
  /** The greatest TTL (RFC 2181 section 8); what is above it counts as this (RFC 8767 section 4). Seconds. */
  MAX_TTL: 0x7fff_ffff,
  /** Bytes of one zone file: hints, trust anchors and test zones are far below. */
  MAX_ZONE_TEXT: 64 * 1024 * 1024,
  /** Records of a set that are compared pair by pair: up to here it is faster than building keys. */
  MAX_PAIRWISE: 16,
} as const
