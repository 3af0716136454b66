import type { Budget } from '../../base/index.ts'
import type { CacheContext, Side } from '../../cache/index.ts'
import type { Delegation, Name, Question } from '../../dns/index.ts'
import type { FetchStart } from '../../evidence/index.ts'
import type { Server } from '../../iterator/index.ts'
import type { Flight } from './flights.ts'

/** One question being worked on. */
export interface Job {
  readonly question: Question
  readonly context: CacheContext
  readonly origin: 'any' | 'own'
  readonly checkingDisabled: boolean
  readonly fresh: boolean
  readonly tcpOnly: boolean
  /** Servers that gave a bad copy of the answer, or a referral that leads nowhere, for the zone they gave it for (`Answerer.key`): not asked. */
  avoid?: ReadonlySet<string> | undefined
  readonly budget: Budget
  readonly flight: Flight
  /** 0 for a client's question, 1 for the address of a name server on its way, and so on. */
  readonly depth: number
  /** Told of each zone that the walk enters by a referral. */
  readonly onCut?: ((delegation: Delegation) => void) | undefined
  /** Becomes `agreed` when something on its way began with an agreed delegation. */
  start: FetchStart
  /** The ring was asked where to begin. */
  askedRing: boolean
  /** Queries this question has sent itself. */
  sent: number
  /** It failed, if it did, for who asked or for what was spent before, not for itself: such a failure is not remembered. */
  limited: boolean
  /** Something on its way failed for want of something of this node's own: so did it then, if it failed. */
  isShort: boolean
}

/** The zone whose servers are asked now. */
export interface Cut {
  readonly zone: Name
  readonly role: 'authority' | 'forward'
  readonly source:
    | { readonly kind: 'delegated'; readonly delegation: Delegation }
    | { readonly kind: 'configured'; readonly servers: readonly Server[] }
  /** It was in the cache before this question: its servers may have moved since. */
  readonly cached: boolean
}

/** Which side of the cache a question of this origin may read. */
export function sideOf(origin: 'any' | 'own'): { side?: Side } {
  return origin === 'own' ? { side: 'own' } : {}
}
