/** One question, one answer, by own iteration from the root (or from a configured or anchored set of servers). */
import type { Budget, Endpoint, UpstreamProtocol } from '../../base/index.ts'
import type { CacheContext, Reach } from '../../cache/index.ts'
import type { Delegation, ExtendedError, Name, Question } from '../../dns/index.ts'
import type { TrustAnchor } from '../../dnssec/index.ts'
import type { FetchStart, Finding, ProofLink } from '../../evidence/index.ts'

export interface RecurseRequest {
  readonly question: Question
  /** Shared by everything one client query causes; never reset. */
  readonly budget: Budget
  readonly signal: AbortSignal
  /**
   * `own`: only self-fetched entries and delegations are used, never the ring's: what an observation may be signed for.
   * `any`: everything unexpired in the cache counts.
   */
  readonly origin: 'any' | 'own'
  /** CD=1: bogus data is returned instead of failing. */
  readonly checkingDisabled: boolean
  /** Ignore a cached answer and fetch anew (observation rounds, prefetch); delegations still come from the cache. */
  readonly fresh?: boolean
  /** Ask by TCP only, over new connections (conflict rounds). */
  readonly tcpOnly?: boolean
  readonly context?: CacheContext
  /** It is asked because a time server's name is an alias of it: the times of signatures do not count while the clock is wrong. */
  readonly forTimeServer?: boolean
  readonly onStep?: (step: IterationStep) => void
}

/** One step of the work, as `lookup --explain` shows it. */
export type IterationStep =
  | {
      readonly kind: 'cache'
      readonly question: Question
      /** `denial`: inferred from what a signed zone has said of other names. */
      readonly what: 'answer' | 'denial' | 'delegation' | 'failure'
      readonly detail: string
    }
  | {
      readonly kind: 'query'
      readonly zone: Name
      readonly serverName: Name | undefined
      readonly server: Endpoint
      readonly protocol: UpstreamProtocol
      readonly question: Question
      readonly elapsedMs: number
      /** `referral to example.`, `answer`, `cname`, `nodata`, `nxdomain`, `lame`, `timeout`, `truncated` ... */
      readonly result: string
    }
  | { readonly kind: 'validate'; readonly zone: Name; readonly question: Question; readonly verdict: string }

/**
 * What iteration found: one link (an RRset, a CNAME at the name, or an absence), never a whole chain.
 * `Finding.evidence.provenance` is `solo`.
 */
export interface Recursor {
  /** Rejects with RECURSE_FAILED (detail {reason, ede}), BUDGET_SPENT or ABORTED. */
  resolve(request: RecurseRequest): Promise<Finding>
  /**
   * Validates what came from elsewhere (the ring) by this node's own chains of trust. Missing links are taken from `links` as far
   * as they prove themselves, and else fetched.
   * Rejects with RECURSE_FAILED when it is bogus or a link cannot be had.
   */
  validate(finding: Finding, request: Omit<RecurseRequest, 'question'>, links?: readonly ProofLink[]): Promise<Finding>
  /** Links of the chain of trust to `name` that are at hand, from the zone with `from` labels on: what a peer may lack. */
  links(name: Name, from: number): readonly ProofLink[]
  /** Labels of the deepest zone on the way to `name` whose security is known; undefined when validation is off. */
  knownCut(name: Name): number | undefined
  /**
   * What validated denials and wildcards in memory already say of the question, without a query (RFC 8198, RFC 8020): always
   * secure. Undefined when they say nothing, and always for `fresh`, for CD=1 and for `origin: 'own'`.
   */
  infer(request: RecurseRequest): Finding | undefined
  /**
   * What the parent of a zone says of it, fetched by this node itself. Rejects with RECURSE_FAILED when no parent refers to it.
   */
  delegation(
    zone: Name,
    request: Omit<RecurseRequest, 'question' | 'origin' | 'checkingDisabled'>,
  ): Promise<OwnDelegation>
  /** False when validation is off. */
  readonly validates: boolean
  /** The trust anchors that are in use now; none when validation is off. */
  anchors(): readonly TrustAnchor[]
  /** RFC 8109; also run by `resolve` when the root's servers are not known or have expired. */
  prime(signal: AbortSignal): Promise<void>
  /** The cache context that a question is resolved in: `main`, or a stub or forward zone's own. */
  contextOf(question: Question): CacheContext
  /**
   * Forgets the chain links of a name, and which servers were of no use for its zones. The cache is flushed by the caller; denials
   * go with its generation. Returns how many links there were.
   */
  forget(name: Name, reach: Reach): number
  stats(): RecursorStats
}

/** What the parent of a zone has told this node itself about that zone. */
export interface OwnDelegation {
  readonly delegation: Delegation
  /** The zone that said it. */
  readonly parent: Name
  /** Unix ms. */
  readonly expires: number
  readonly start: FetchStart
}

export interface RecurseFailure {
  readonly reason:
    | 'no-servers'
    | 'all-servers-failed'
    | 'lame'
    | 'loop'
    | 'too-deep'
    | 'bogus'
    | 'cached-failure'
    | 'budget'
    | 'refused'
  readonly ede: readonly ExtendedError[]
  /** It is for want of something of this node's own, or because of what was spent before: no question is to blame for it. */
  readonly isOurs?: boolean
}

export interface RecursorStats {
  readonly upstreamQueries: number
  readonly upstreamBytes: number
  readonly timeouts: number
  readonly tcpQueries: number
  readonly nearMisses: number
  readonly inFlight: number
  readonly merged: number
}
