/** One question of a stub -> one answer with its evidence: local names, cache, race of ring and own iteration, policy. */

import type { ReplicaReply } from '../chunks/index.ts'
import type { ExtendedError, Question, ResourceRecord } from '../dns/index.ts'
import type { Finding, Provenance, Security } from '../evidence/index.ts'
import type { IterationStep } from '../recurse/index.ts'

export interface ResolveRequest {
  readonly question: Question
  /** RD=0 questions are answered from local data only. */
  readonly recursionDesired: boolean
  readonly checkingDisabled: boolean
  /** DO: RRSIGs and denial proofs are wanted in the answer. */
  readonly dnssecOk: boolean
  /** The AD bit of the query (RFC 6840 section 5.7). */
  readonly authenticData: boolean
  /** Who asks, for fairness: an address, or a fixed word for internal questions. */
  readonly client: string
  readonly signal: AbortSignal
  readonly onStep?: (step: ResolveStep) => void
}

/** What `lookup --explain` shows, in the order it happened. */
export type ResolveStep =
  | IterationStep
  | { readonly kind: 'local'; readonly question: Question; readonly detail: string }
  /** What the ledger says of the name, and by which proof. */
  | { readonly kind: 'ledger'; readonly question: Question; readonly detail: string }
  /** Its parent has taken the zone away, and a kept delegation is used. */
  | { readonly kind: 'kept'; readonly question: Question; readonly detail: string }
  | {
      readonly kind: 'ring'
      readonly question: Question
      readonly elapsedMs: number
      readonly outcome: string
      readonly replies: readonly ReplicaReply[]
    }
  | {
      readonly kind: 'winner'
      readonly question: Question
      readonly by: 'local' | 'cache' | 'ring' | 'iteration' | 'stale'
      readonly elapsedMs: number
    }
  | { readonly kind: 'told'; readonly question: Question }

/** A finished answer, ready to be put into a message. */
export interface Resolution {
  readonly rcode: number
  readonly answers: readonly ResourceRecord[]
  readonly authorities: readonly ResourceRecord[]
  /** The weakest of all links; what AD goes by. */
  readonly security: Security
  /** The weakest of all links; undefined when there was no answer. */
  readonly provenance: Provenance | undefined
  readonly ede: readonly ExtendedError[]
  /** Links of the CNAME chain, each with its own evidence. */
  readonly findings: readonly Finding[]
  /** Answered from authoritative local data. */
  readonly authoritative: boolean
  /** The list of the operator's filter that blocks the name; left out: it is not blocked. */
  readonly blockedBy?: string
  /** False: another client may get something else, so that the answer must not be remembered for all. */
  readonly isForAll?: false
}

export interface Resolver {
  /** Never rejects for reasons of the DNS: failures are SERVFAIL with EDE. Rejects with ABORTED only. */
  resolve(request: ResolveRequest): Promise<Resolution>
}
