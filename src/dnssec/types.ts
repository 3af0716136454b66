import type { Budget } from '../base/index.ts'
import type { ExtendedError, Name, Question } from '../dns/index.ts'
import type { Outcome } from '../evidence/index.ts'

/** A DNSKEY that may sign for its zone. */
export interface ZoneKey {
  readonly tag: number
  readonly algorithm: number
  readonly flags: number
  /** In the form of the DNSKEY record, without the first four octets. */
  readonly publicKey: Uint8Array
  readonly rdata: Uint8Array
}

/** The zone that must have signed, and what checking its signatures may cost. */
export interface SigningZone {
  readonly zone: Name
  readonly keys: readonly ZoneKey[]
  /** Unix seconds. */
  readonly now: number
  /** See `ValidationContext`. */
  readonly anyTime?: boolean | undefined
  readonly budget: Budget
}

/** What a zone's DNSKEY set is trusted by: DS records of the parent, or a configured or anchored key. */
export interface TrustPoint {
  /** RDATA of DS records. */
  readonly ds: readonly Uint8Array[]
  /** RDATA of DNSKEY records that are trusted as they are. */
  readonly keys: readonly Uint8Array[]
}

/** Where chains of trust begin. */
export interface TrustAnchor extends TrustPoint {
  readonly zone: Name
}

/**
 * What is known of one name on the way from a trust anchor downwards. `expires` is unix seconds.
 *
 * | status | meaning |
 * |---|---|
 * | `secure` | apex of a zone whose keys are validated |
 * | `delegated` | apex of a zone; its DS set is validated, its keys are not known yet |
 * | `inside` | no zone cut here: the name belongs to the zone above. `absent`: nor is there anything below it |
 * | `insecure` | proven not to be signed, or signed in ways that this validator does not know; so is all below |
 * | `bogus` | neither can be shown: nothing at or below it may be believed |
 * | `unproven` | its DS answer was not signed by `under`; a zone between the two may explain that |
 */
export type ZoneSecurity =
  | { readonly status: 'secure'; readonly keys: readonly ZoneKey[]; readonly expires: number }
  | { readonly status: 'delegated'; readonly trust: TrustPoint; readonly expires: number }
  | { readonly status: 'inside'; readonly absent: boolean; readonly expires: number }
  | { readonly status: 'insecure'; readonly reason: string; readonly ede?: ExtendedError; readonly expires: number }
  | { readonly status: 'bogus'; readonly ede: ExtendedError; readonly expires: number }
  | {
      readonly status: 'unproven'
      readonly under: Name
      /** The zone between, if the answer named one. */
      readonly via: Name | undefined
      readonly ede: ExtendedError
      readonly expires: number
    }

/**
 * The links that are known, by name. A `Map` keyed by `Name.key` behind two lines will do; keep one for each set of trust
 * anchors, and drop it when they change. Links that have expired count as unknown.
 */
export interface ChainView {
  get(name: Name): ZoneSecurity | undefined
}

/** A link that is missing: fetch this RRset (from `parent`'s servers for DS, from the zone's own for DNSKEY) and `learn` it. */
export interface Need {
  readonly need: 'DS' | 'DNSKEY'
  readonly zone: Name
  /** The zone that must have signed the answer. For DNSKEY: the zone itself. */
  readonly parent: Name
}

/** What validation goes by, beside the data. */
export interface ValidationContext {
  readonly anchors: readonly TrustAnchor[]
  /** The anchor at or above a name that stands elsewhere, such as on a ledger. The deepest of all counts. */
  readonly anchoredAt?: ((name: Name) => TrustAnchor | undefined) | undefined
  /** At and below these nothing is validated, unless a trust anchor lies deeper (RFC 7646). */
  readonly negativeAnchors: readonly Name[]
  readonly chain: ChainView
  /** Supported algorithms and digests; all others make a zone insecure. */
  readonly algorithms: ReadonlySet<number>
  readonly digests: ReadonlySet<number>
  /** Unix seconds: the time by which signatures are valid or not. */
  readonly now: number
  /** The times of signatures do not count, since the clock is wrong. Only for what a clock is set by, and never to be kept. */
  readonly anyTime?: boolean | undefined
}

/** One question and what came for it. */
export interface Claim {
  readonly question: Question
  readonly outcome: Outcome
  /**
   * Zone cuts at or above the asked name that iteration went through. Only hints: they save questions for names that are
   * no cuts, and a false or missing one can never turn a verdict.
   */
  readonly cuts: readonly Name[]
}

export type Verdict =
  | {
      readonly verdict: 'secure'
      /** As it came, less the proofs that were not needed or not signed. */
      readonly outcome: Outcome
      /** The zone whose keys signed it. */
      readonly zone: Name
      /** Seconds that it may be kept at most: TTLs as signed, and what is left of the signatures. */
      readonly ttlCap: number
      /** The wildcard that the answer was expanded from. */
      readonly wildcard?: Name
    }
  | {
      readonly verdict: 'insecure'
      readonly outcome: Outcome
      readonly reason: string
      readonly ede: readonly ExtendedError[]
      readonly ttlCap: number
    }
  | {
      readonly verdict: 'bogus'
      readonly outcome: Outcome
      /** The name whose link of the chain of trust is bad; undefined when the data itself is. */
      readonly at?: Name
      readonly reason: string
      readonly ede: readonly ExtendedError[]
      readonly ttlCap: number
    }
