/**
 * The cache's data. Entries are kept per context: names that are resolved with other servers or other trust (stub and forward
 * zones, ledger domains) never share entries (MaginotDNS, USENIX Security 2023).
 */

import type { Delegation, Name, Question } from '../dns/index.ts'
import type { Certificate, Outcome, Provenance, Security } from '../evidence/index.ts'

/** `main` for ordinary iteration; `stub:<zone>`, `forward:<zone>`, `ledger:<domain>:<generation>` for the others. */
export type CacheContext = string

/** RFC 2181 section 5.4.1 extended: lower never replaces unexpired higher. */
export const Rank = { GLUE: 1, AUTHORITY_SECTION: 2, AUTHORITATIVE: 3, AGREED: 4, SECURE: 5, LEDGER: 6 } as const
export type Rank = (typeof Rank)[keyof typeof Rank]

/** Ring copies and own copies stand side by side: a replica may sign only what it fetched itself. */
export type Side = 'own' | 'ring'

export interface CacheEntry {
  readonly question: Question
  readonly outcome: Outcome
  readonly rank: Rank
  readonly side: Side
  readonly security: Security
  readonly provenance: Provenance
  readonly certificate?: Certificate
  /** Unix ms when it was fetched or accepted. */
  readonly stored: number
  /** Unix ms. What is served is the seconds left until then. */
  readonly expires: number
}

/** RFC 9520: a resolution that failed, remembered for a short while. */
export interface CachedFailure {
  readonly question: Question
  readonly code: string
  readonly ede: readonly { readonly code: number; readonly text?: string }[]
  /** Monotonic ms: a clock that is set must not make a name rest for long, or not at all. */
  readonly expires: number
  /** Failures in a row: what the back-off grows by. */
  readonly count: number
}

export interface CachedDelegation {
  /** Without the parts whose own term is over. */
  readonly delegation: Delegation
  /** The zone that told it; undefined when that is not known. */
  readonly parent: Name | undefined
  readonly stored: number
  /** When the NS set ends. */
  readonly expires: number
  /** When what it says of DS ends, and when its addresses do. */
  readonly dsExpires: number
  readonly glueExpires: number
}

export interface CacheOptions {
  /** Bytes for all RRsets and absences together. */
  readonly maxBytes: number
  /** Seconds. */
  readonly minTtl: number
  readonly maxTtl: number
  readonly negativeMaxTtl: number
  /** How long past expiry an entry is kept for serve-stale, seconds (RFC 8767: at most a day here). */
  readonly staleSeconds: number
}

export interface CacheStats {
  readonly entries: number
  readonly bytes: number
  readonly maxBytes: number
  readonly delegations: number
  readonly failures: number
  readonly hits: number
  readonly misses: number
  readonly evictions: number
  readonly generation: number
}

/** Of the names that an operator means: the one alone, or all below it, too. */
export type Reach = 'name' | 'below'

/** What the cache has of a name, expired or not. */
export interface CacheListing {
  readonly entries: readonly { readonly context: CacheContext; readonly entry: CacheEntry }[]
  readonly delegations: readonly { readonly context: CacheContext; readonly cached: CachedDelegation }[]
  readonly failures: readonly { readonly context: CacheContext; readonly failure: CachedFailure }[]
  /** There is more than `most` of one of them. */
  readonly isCut: boolean
}

/** What the other rooms see of the cache. `now` is unix ms, handed in. */
export interface Cache {
  /** The better of both sides by rank, or the one of `side`. Expired entries are not returned unless `stale`. */
  get(
    context: CacheContext,
    question: Question,
    now: number,
    options?: { side?: Side; stale?: boolean },
  ): CacheEntry | undefined
  /** False when an unexpired entry of higher rank on the same side stands in the way, or its TTL is 0. TTL caps apply here. */
  put(context: CacheContext, entry: CacheEntry, now: number): boolean
  remove(context: CacheContext, question: Question): void
  /** The delegation of the deepest known zone that encloses `name` (or is it). */
  delegation(context: CacheContext, name: Name, now: number): CachedDelegation | undefined
  /** `parent`: the zone whose referral it was. */
  putDelegation(context: CacheContext, delegation: Delegation, now: number, parent?: Name): void
  /** Forgets what the delegation of this very zone says of DS. */
  dropDelegationDs(context: CacheContext, zone: Name): void
  removeDelegation(context: CacheContext, zone: Name): void
  /** `nowMonotonic`: failures go by the monotonic clock. */
  failure(context: CacheContext, question: Question, nowMonotonic: number): CachedFailure | undefined
  putFailure(context: CacheContext, failure: CachedFailure): void
  /** Forgets all failures but those of the code `except`: what made them is over. */
  forgetFailures(except?: string): void
  /** Drops everything at `name`, and below it unless `reach` says otherwise, or all; raises the generation number. */
  flush(name?: Name, reach?: Reach): number
  /** Raises the generation number and keeps the entries: what was derived from them (local data, rewriting) has changed. */
  renew(): void
  stats(): CacheStats
  readonly generation: number
}

/** A look at all that is there, for keeping it on disk; a little at a time, while the cache is used. */
export interface CacheContents {
  /** Parts that the records lie in; what is written meanwhile may be in another. */
  parts(): number
  /** Keys of one part's records that were stored at `since` or later and hold beyond `until` (unix ms). */
  keysOf(part: number, since: number, until: number): readonly Uint8Array[]
  /** Undefined when it is gone, or bogus, which is kept for a minute only. */
  entryAt(key: Uint8Array): { readonly context: CacheContext; readonly entry: CacheEntry } | undefined
  delegations(): Iterable<{ readonly context: CacheContext; readonly cached: CachedDelegation }>
  /** What there is of a name, at most `most` of each kind. Looks at everything: for operators, not for questions. */
  list(name: Name, reach: Reach, most: number): CacheListing
}
