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
  /** Unix ms of the fetch; of a fetch long ago that is still valid, of the signature, and `ttl` is then what was left. */
  readonly when: number
  readonly nonce: Uint8Array
  readonly observer: Uint8Array
  readonly signature: Uint8Array
}

/** More than n/2 matching observations, at least two signers. It stands alone: any member can check it. */
export interface Certificate {
  readonly observations: readonly Observation[]
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
}
