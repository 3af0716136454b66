/**
 * What is known of an answer, and why it may be believed. Two separate facts travel with every RRset: *security* (what this
 * node's own DNSSEC validation says) and *provenance* (how it came).
 */
import type { ChunkId, PeerId } from '../base/index.ts'
import type { Name, Question, RRset } from '../dns/index.ts'

/** RFC 4033 section 5. `indeterminate`: not validated (yet); treated as insecure. */
export type Security = 'secure' | 'insecure' | 'bogus' | 'indeterminate'

/** How an answer came; see the table in docs/architecture.md. `local`: hosts, special-use names, configured records. */
export type Provenance = 'local' | 'ledger' | 'agreed' | 'rotating' | 'divergent' | 'solo'

/** One RRset that exists: of the asked type, or the CNAME or DNAME at or above the asked name. */
export interface Presence {
  readonly kind: 'rrset'
  readonly rrset: RRset
  /** Apex of the zone it came from. */
  readonly apex: Name
  /** Wildcard proofs that came along (NSEC, NSEC3 with RRSIGs). */
  readonly proofs: readonly RRset[]
}

/** The asked RRset does not exist. */
export interface Absence {
  readonly kind: 'absent'
  /** 3: the name does not exist; 0: it does, the type does not. */
  readonly rcode: 0 | 3
  readonly apex: Name
  /** The SOA of the authority section, with its TTL as it came; undefined when the server sent none. */
  readonly soa: RRset | undefined
  /** NSEC and NSEC3 RRsets with their RRSIGs. */
  readonly proofs: readonly RRset[]
}

/** One question, one link: never a whole CNAME chain. */
export type Outcome = Presence | Absence

/** Addresses of one name server that lies inside the zone: without them the zone cannot be reached. */
export interface Glue {
  readonly name: Name
  /** A (4 bytes) and AAAA (16 bytes). */
  readonly addresses: readonly Uint8Array[]
}

/** What the parent says of a zone: where it is served, and by which keys. Its question is `delegationQuestion(zone)`. */
export interface Delegated {
  readonly kind: 'delegation'
  readonly zone: Name
  /** The parent zone, whose word it is. */
  readonly apex: Name
  readonly nameServers: readonly Name[]
  /** With its RRSIGs; undefined when the parent has none. */
  readonly ds: RRset | undefined
  readonly glue: readonly Glue[]
  /** Seconds: the parent's NS TTL. */
  readonly ttl: number
  /** NSEC and NSEC3 RRsets that deny a DS set. */
  readonly proofs: readonly RRset[]
}

/** A name whose answer depends on where one asks: nothing to serve, only that it is so. What is agreed is in the certificate. */
export interface Divergence {
  readonly kind: 'divergent'
  /** Apex of the zone whose servers are to be asked. */
  readonly apex: Name
  readonly proofs: readonly RRset[]
}

/** What an entry of the ring holds. Only an `Outcome` can answer a stub. */
export type Content = Outcome | Delegated | Divergence

export type FetchStart = 'parent' | 'agreed'

/** What one replica saw in its own fetch, signed by it. All times are unix ms. */
export interface Observation {
  readonly ringId: string
  readonly chunk: ChunkId
  readonly question: Question
  readonly apex: Name
  /** SHA-256 over the canonical content: TTL and RRSIG left out; A and AAAA as sorted addresses; absence as rcode + apex. */
  readonly digest: Uint8Array
  /** Seconds from `when` on, as the authority gave them. */
  readonly ttl: number
  /** Where the fetch began: with the parent zones as usual, or with an agreed delegation, since they could not be reached. */
  readonly start: FetchStart
  /** Unix ms of the fetch; of a fetch long ago that is still valid, of the signature, and `ttl` is then what was left. */
  readonly when: number
  readonly nonce: Uint8Array
  readonly observer: Uint8Array
  readonly signature: Uint8Array
}

/**
 * `agreed`: more than n/2 saw the same. `rotating`: of sets that rotate, the addresses that more than n/2 saw within three
 * rounds. `divergent`: more than n/2 observed, and it is proven that no majority saw the same for half a minute.
 */
export type CertificateKind = 'agreed' | 'rotating' | 'divergent'

/** RDATA that a digest of a certificate stands for: one RRset at the name of the question. */
export interface SeenSet {
  readonly type: number
  readonly rdatas: readonly Uint8Array[]
}

/** It stands alone: any member can check it. At least two signers. */
export interface Certificate {
  readonly kind: CertificateKind
  readonly observations: readonly Observation[]
  /** `rotating`, `divergent`: what the digests of the observations stand for, as far as it can be said. Empty for `agreed`. */
  readonly contents: readonly SeenSet[]
}

/** Addresses that share their first 24 (A) or 48 (AAAA) bits, or, of one operator, 16 or 32; of other types one RDATA. */
export interface Prefix {
  readonly type: number
  readonly bytes: Uint8Array
}

/**
 * A link of a chain of trust as it travels between peers: the answer to a DS or DNSKEY question, or the denial of DS. Worth what
 * its signatures are worth when the receiver checks them from its own trust anchor downwards, and nothing else.
 */
export interface ProofLink {
  readonly question: Question
  readonly outcome: Outcome
}

/** What is said about an outcome, beside the outcome. */
export interface Evidence {
  readonly security: Security
  readonly provenance: Provenance
  readonly certificate?: Certificate
  /** Peers whose word counted: signers of a certificate, or equal live votes. */
  readonly observers: readonly PeerId[]
}

/** An outcome as it travels inside the node. `expires` is unix ms. */
export interface Finding {
  readonly question: Question
  readonly outcome: Outcome
  readonly evidence: Evidence
  readonly expires: number
  /** Default `parent`. */
  readonly start?: FetchStart
  /** Nobody was asked: proven from what a signed zone has said of other names (RFC 8198, RFC 8020). */
  readonly inferred?: true
}
