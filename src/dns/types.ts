/**
 * The data of the DNS. Everything is readonly and byte-exact: what came from an authority is kept as it came (owner case,
 * rdata bytes, order); decoded forms are views computed on demand (`rdata.ts`).
 */

/**
 * A domain name. `wire` is the uncompressed wire form with the case as it came, root label included.
 * `key` is the same lower-cased (ASCII only, RFC 4343) as a latin1 string: two names are equal iff their keys are.
 */
export interface Name {
  readonly wire: Uint8Array
  readonly key: string
  /** Labels without the root: 0 for ".". */
  readonly labels: number
}

export interface Question {
  readonly name: Name
  readonly type: number
  readonly class: number
}

/**
 * `rdata` is the uncompressed wire form: names inside the types of RFC 1035 and of RFC 3597 section 4 are expanded, all else
 * is as it came.
 */
export interface ResourceRecord {
  readonly name: Name
  readonly type: number
  readonly class: number
  /** Seconds, 0 to 2^31-1 (RFC 2181 section 8: with the top bit set it is 0). */
  readonly ttl: number
  readonly rdata: Uint8Array
}

/** Records of one owner, type and class, with the RRSIGs that cover them. `ttl` is the least of the records' (RFC 2181 5.2). */
export interface RRset {
  readonly name: Name
  readonly type: number
  readonly class: number
  readonly ttl: number
  readonly rdatas: readonly Uint8Array[]
  /** RDATA of the covering RRSIGs, as they came. */
  readonly signatures: readonly Uint8Array[]
}

export interface EdnsOption {
  readonly code: number
  readonly data: Uint8Array
}

export interface Edns {
  readonly udpSize: number
  readonly version: number
  /** DNSSEC OK. */
  readonly do: boolean
  readonly options: readonly EdnsOption[]
}

export interface Message {
  readonly id: number
  readonly qr: boolean
  readonly opcode: number
  readonly aa: boolean
  readonly tc: boolean
  readonly rd: boolean
  readonly ra: boolean
  readonly ad: boolean
  readonly cd: boolean
  /** 12 bits: the upper 8 come from and go to the OPT record. Above 15 needs `edns`. */
  readonly rcode: number
  readonly questions: readonly Question[]
  readonly answers: readonly ResourceRecord[]
  readonly authorities: readonly ResourceRecord[]
  /** Without the OPT record, which is `edns`. */
  readonly additionals: readonly ResourceRecord[]
  readonly edns?: Edns
}

/** RR types by number: the ones the project names. Any other number passes through (RFC 3597). */
export const Type = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  NULL: 10,
  PTR: 12,
  HINFO: 13,
  MX: 15,
  TXT: 16,
  RP: 17,
  AFSDB: 18,
  SIG: 24,
  KEY: 25,
  AAAA: 28,
  LOC: 29,
  NXT: 30,
  SRV: 33,
  NAPTR: 35,
  KX: 36,
  CERT: 37,
  DNAME: 39,
  OPT: 41,
  APL: 42,
  DS: 43,
  SSHFP: 44,
  IPSECKEY: 45,
  RRSIG: 46,
  NSEC: 47,
  DNSKEY: 48,
  DHCID: 49,
  NSEC3: 50,
  NSEC3PARAM: 51,
  TLSA: 52,
  SMIMEA: 53,
  CDS: 59,
  CDNSKEY: 60,
  OPENPGPKEY: 61,
  CSYNC: 62,
  ZONEMD: 63,
  SVCB: 64,
  HTTPS: 65,
  SPF: 99,
  EUI48: 108,
  EUI64: 109,
  TKEY: 249,
  TSIG: 250,
  IXFR: 251,
  AXFR: 252,
  MAILB: 253,
  MAILA: 254,
  ANY: 255,
  URI: 256,
  CAA: 257,
} as const

export const Class = { IN: 1, CH: 3, HS: 4, NONE: 254, ANY: 255 } as const

export const Opcode = { QUERY: 0, IQUERY: 1, STATUS: 2, NOTIFY: 4, UPDATE: 5 } as const

export const Rcode = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  YXDOMAIN: 6,
  YXRRSET: 7,
  NXRRSET: 8,
  NOTAUTH: 9,
  NOTZONE: 10,
  BADVERS: 16,
  BADCOOKIE: 23,
} as const

export const OptionCode = {
  NSID: 3,
  ECS: 8,
  EXPIRE: 9,
  COOKIE: 10,
  KEEPALIVE: 11,
  PADDING: 12,
  CHAIN: 13,
  EDE: 15,
  REPORT_CHANNEL: 18,
} as const

/** Extended DNS Errors, RFC 8914 and the IANA registry. */
export const Ede = {
  OTHER: 0,
  UNSUPPORTED_DNSKEY_ALGORITHM: 1,
  UNSUPPORTED_DS_DIGEST: 2,
  STALE_ANSWER: 3,
  FORGED_ANSWER: 4,
  DNSSEC_INDETERMINATE: 5,
  DNSSEC_BOGUS: 6,
  SIGNATURE_EXPIRED: 7,
  SIGNATURE_NOT_YET_VALID: 8,
  DNSKEY_MISSING: 9,
  RRSIGS_MISSING: 10,
  NO_ZONE_KEY_BIT: 11,
  NSEC_MISSING: 12,
  CACHED_ERROR: 13,
  NOT_READY: 14,
  BLOCKED: 15,
  CENSORED: 16,
  FILTERED: 17,
  PROHIBITED: 18,
  STALE_NXDOMAIN: 19,
  NOT_AUTHORITATIVE: 20,
  NOT_SUPPORTED: 21,
  NO_REACHABLE_AUTHORITY: 22,
  NETWORK_ERROR: 23,
  INVALID_DATA: 24,
  SIGNATURE_EXPIRED_BEFORE_VALID: 25,
  TOO_EARLY: 26,
  UNSUPPORTED_NSEC3_ITERATIONS: 27,
  SYNTHESIZED: 29,
} as const

/** One extended error to send along: code and, if it helps, a text. */
export interface ExtendedError {
  readonly code: number
  readonly text?: string
}

/** A zone cut as the parent states it: the parent-side NS set, glue, and DS or the proof of its absence. */
export interface Delegation {
  readonly zone: Name
  readonly nameServers: readonly Name[]
  /** Addresses from glue or look-ups, by the name server's `key`. IP literals. */
  readonly addresses: ReadonlyMap<string, readonly string[]>
  /** The parent-side DS set; undefined when none was seen (yet). */
  readonly ds: RRset | undefined
  /** NSEC or NSEC3 RRsets that came with the referral. */
  readonly proofs: readonly RRset[]
  /** Seconds: the parent's NS TTL. A child can never stretch it (ghost domains, CVE-2022-30698). */
  readonly ttl: number
  /** Seconds: the least TTL of the addresses; undefined when it is that of the NS set. */
  readonly glueTtl?: number
}
