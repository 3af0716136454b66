/** What a link of an answer is found with, and how one is asked for. */
import { Budget, type Clock, type Log, type PeerId } from '../../base/index.ts'
import type { Cache, CacheContext } from '../../cache/index.ts'
import type { Chunks } from '../../chunks/index.ts'
import { type ExtendedError, type Name, type Question, rrsetKey } from '../../dns/index.ts'
import type { Finding } from '../../evidence/index.ts'
import type { NameAnchors } from '../../ledger/index.ts'
import type { Recursor } from '../../recurse/index.ts'
import { limits } from '../limits.ts'
import type { ResolverOptions } from '../options.ts'
import type { ResolveStep } from '../types.ts'

export interface LinkDeps {
  readonly cache: Cache
  readonly recursor: Recursor
  /** Undefined on a node without a ring. */
  readonly chunks: Chunks | undefined
  readonly clock: Clock
  readonly log: Log
  /** The context that a name is resolved in: `main`, or one of its own for stub and forward zones. */
  readonly contextOf: (question: Question) => CacheContext
  /** Names that are anchored on a ledger. Without it: none. */
  readonly anchors?: Pick<NameAnchors, 'find' | 'afterNxdomain'> | undefined
  /** Zones that are resolved although their parent has taken them away. Without it: none. */
  readonly kept?: KeptUses | undefined
  /** The member of the household whose word an answer in the cache is, if it is another's. For `explain`. */
  readonly toldBy?: (question: Question) => PeerId | undefined
  /** Puts into the cache what members of the household have told and nobody had time for. False: there is nothing. Default: there never is. */
  readonly takeTold?: () => boolean
}

/** What `peer/core` knows of kept delegations. */
export interface KeptUses {
  /** By what a name is resolved now; undefined: by what its parent says. `why` is for people. */
  useFor(name: Name): { readonly zone: Name; readonly why: string } | undefined
  /** What the DNS says of a name. True: its zone was taken away, and its context is that of the kept delegation from now on. */
  heard(name: Name, finding: Finding): boolean
}

export interface LinkRequest {
  readonly question: Question
  readonly checkingDisabled: boolean
  /** Who asks: an address, or a word for questions of this node itself. */
  readonly client: string
  /** A time server's name was asked, and leads here. */
  readonly forTimeServer?: boolean
  readonly budget: Budget
  readonly signal: AbortSignal
  readonly onStep: ((step: ResolveStep) => void) | undefined
}

export interface LinkResult {
  readonly finding: Finding
  readonly ede: readonly ExtendedError[]
  readonly isStale?: true
  /** False: other clients may get something else. */
  readonly isForAll?: boolean
}

/** Rejects with RECURSE_FAILED, BUDGET_SPENT, STRICT_REFUSED, RESOLVER_BUSY or ABORTED. */
export type LinkResolver = (request: LinkRequest) => Promise<LinkResult>

/** One question that the cache cannot answer, with everything that is needed to find its answer. */
export interface Search {
  readonly deps: LinkDeps
  readonly options: ResolverOptions
  readonly context: CacheContext
  readonly request: LinkRequest
}

/** What one client question may cost in all. */
export function newBudget(clock: Clock): Budget {
  const { MAX_QUERIES, MAX_BYTES, MAX_TIME_MS, MAX_SIGNATURES, MAX_HASHES } = limits
  return new Budget(
    { queries: MAX_QUERIES, bytes: MAX_BYTES, timeMs: MAX_TIME_MS, signatures: MAX_SIGNATURES, hashes: MAX_HASHES },
    () => clock.monotonic(),
  )
}

/** Equal for questions that one piece of work answers. */
export function workKey({ context, request }: Pick<Search, 'context' | 'request'>): string {
  const { question, checkingDisabled, forTimeServer } = request
  return `${context}/${checkingDisabled ? 1 : 0}${forTimeServer === true ? 't' : ''}/${rrsetKey(question.name, question.type, question.class)}`
}

/** The step that says where the link came from, and after how long. */
export function winner(
  question: Question,
  by: 'cache' | 'ring' | 'iteration' | 'stale',
  elapsedMs: number,
): ResolveStep {
  return { kind: 'winner', question, by, elapsedMs }
}
