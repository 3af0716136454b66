/** The vocabulary of the differential test: zones as planned, keys, zones as served. */
import type { ResourceRecord } from '../../src/dns/index.ts'
import type { Behaviour } from '../world/types.ts'

/** Numbers of the DNSSEC algorithms that the signing tools here know. */
export type Algorithm = 5 | 7 | 8 | 10 | 13 | 14 | 15 | 16

export interface Signing {
  /** `ldns`: ldns-signzone; `bind`: dnssec-signzone; `knot`: knotd signs when it loads the zone. */
  readonly tool: 'ldns' | 'bind' | 'knot'
  readonly algorithm: Algorithm
  /** One key for all, instead of a KSK and a ZSK. Not with `knot`. */
  readonly single?: boolean
  /** Another algorithm that signs everything, too. */
  readonly second?: Algorithm
  readonly denial: 'nsec' | Nsec3
  /** Days from now. Default: an hour ago, and in 30 days. */
  readonly inceptionDays?: number
  readonly expirationDays?: number
}

export interface Nsec3 {
  readonly iterations: number
  /** Hex; '' for none. */
  readonly salt: string
  readonly optOut: boolean
}

/** One key as dnssec-keygen made it. */
export interface Key {
  readonly origin: string
  readonly algorithm: number
  readonly tag: number
  /** DNSKEY RDATA. */
  readonly rdata: Uint8Array
  /** Path without `.key` and `.private`. */
  readonly path: string
}

export interface Keys {
  readonly ksk: Key
  readonly zsk: Key
  readonly second?: { readonly ksk: Key; readonly zsk: Key }
}

/** A zone between the signing tool and its server: records to break on purpose. */
export interface SignedZone {
  readonly origin: string
  records: ResourceRecord[]
  readonly keys: Keys
}

/** Groups of addresses, each served by one program: see servers.ts. `odd` is the embedded server of test/world. */
export type ServerName =
  | 'root'
  | 'tld-nsd'
  | 'tld-knot'
  | 'tld-bind'
  | 'leaf-nsd'
  | 'leaf-knot'
  | 'leaf-bind'
  | 'sub-nsd'
  | 'sub-knot'
  | 'sub-bind'

/** What questions are counted by in the summary. */
export type Kind = 'top' | 'signed' | 'unsigned' | 'broken' | 'chain' | 'delegation' | 'odd' | 'reverse'

export interface NameServer {
  /** Absolute name. */
  readonly name: string
  /** Addresses that the parent gives as glue. */
  readonly glue: readonly string[]
}

export interface ZonePlan {
  /** Absolute, lower case, with the final dot. */
  readonly origin: string
  readonly kind: Kind
  /** What is special here, in a few words: for the report. */
  readonly about: string
  readonly server: ServerName
  /** Zone-file text below `$ORIGIN origin`; SOA, NS and delegations are made up. */
  readonly records: string
  readonly sign?: Signing
  /** DS RDATA texts for the parent. Default: SHA-256 of the KSK for signed zones, nothing for others. */
  readonly ds?: (keys: Keys) => readonly string[]
  /** What the parent says. Default: ns1 and ns2 in the zone itself, on the addresses of `server`. */
  readonly ns?: readonly NameServer[]
  /** What the zone itself says, if it is not the same. */
  readonly ownNs?: readonly string[]
  /** Other keys than the tool signed with: all is signed again with these. */
  readonly rekey?: (keys: Keys) => Keys
  /** The break. */
  readonly edit?: (zone: SignedZone) => void
  /** Served by the embedded server instead, one server for each behaviour: for what real servers never do. */
  readonly odd?: readonly Behaviour[]
  /** What these servers have in place of the zone, by their place in `odd`; undefined: the zone as it is. */
  readonly copies?: readonly (((zone: SignedZone) => void) | undefined)[]
  /** Resolvers may take seconds here: fewer questions. */
  readonly slow?: boolean
  /** Questions that must be asked, beside those that the zone's text suggests: "name TYPE". */
  readonly ask?: readonly string[]
}

export interface Question {
  /** Presentation form, absolute. */
  readonly name: string
  readonly type: string
  readonly flags: Flags
  readonly kind: Kind | 'special'
  readonly zone: string
}

export interface Flags {
  readonly edns: boolean
  readonly do: boolean
  readonly cd: boolean
  readonly ad: boolean
}

/** A reply as it is compared. */
export interface Reply {
  /** 'NOERROR', ..., or 'TIMEOUT'. */
  readonly rcode: string
  readonly ad: boolean
  /** "owner TYPE rdata", owner and names lower-cased, sorted, without TTL. */
  readonly answers: readonly string[]
  /** An SOA in the authority section. */
  readonly soa: boolean
  /** NSEC or NSEC3 in the authority section. */
  readonly denial: boolean
  /** The least TTL of the answer section, in seconds: counted, not compared, since it depends on who cached what when. */
  readonly ttl?: number
  /** Extended DNS errors: shown, not compared. */
  readonly ede: readonly string[]
  readonly milliseconds: number
}
