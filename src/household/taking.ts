/** What the others found, put into this node's cache: as if this node had fetched it, except that nothing of it is validated yet. */
import type { Clock, PeerId } from '../base/index.ts'
import type { Cache, CacheEntry } from '../cache/index.ts'
import { holdsPrivateAddress, questionKey } from '../chunks/index.ts'
import { Class, type Question, Type } from '../dns/index.ts'
import { delegationQuestion } from '../evidence/index.ts'
import { limits } from './limits.ts'
import type { ToldRow } from './rows.ts'
import { MAIN } from './watched-cache.ts'

export interface TakingDeps {
  readonly cache: Pick<Cache, 'put' | 'putDelegation' | 'delegation'>
  readonly clock: Clock
  /** Whether a question may be told to a peer, or taken from one. */
  readonly mayShare: (question: Question) => boolean
}

export interface Taking {
  /** Returns how many rows were worth keeping. `heard`: when they came, by the wall clock; what is left of them is counted from then. */
  take(from: PeerId, rows: readonly ToldRow[], heard: number): number
  /** What this node puts into its cache itself. True for the verdict on a row that was taken: that is no find of its own. */
  isVerdict(entry: CacheEntry): boolean
  /** The member whose word the answer in the cache is, if it is another's. */
  sourceOf(question: Question): PeerId | undefined
}

export function createTaking({ cache, clock, mayShare }: TakingDeps): Taking {
  /** `stored`: when it was taken, which an entry keeps when it gets its verdict. */
  const sources = new Map<string, { readonly peer: PeerId; readonly stored: number }>()

  function takeOne(from: PeerId, row: ToldRow, heard: number, now: number): boolean {
    if (row.kind === 'delegation') {
      const { delegation, parent } = row
      if (!mayShare(delegationQuestion(delegation.zone))) return false
      // What this node was told by the parent itself is as good, and does not live longer for being told again.
      if (cache.delegation(MAIN, delegation.zone, now)?.delegation.zone.key === delegation.zone.key) return false
      cache.putDelegation(MAIN, delegation, now, parent)
      return true
    }
    const { question, outcome, rank, seconds } = row
    const expires = heard + seconds * 1000
    if (expires - now < limits.MIN_SECONDS * 1000 || !mayShare(question) || holdsPrivateAddress(outcome)) return false
    const kept = cache.put(
      MAIN,
      {
        question,
        outcome,
        rank,
        side: 'own',
        // Each validates for itself, when it is asked: one member must not say for all that a signature holds.
        security: 'indeterminate',
        provenance: 'solo',
        stored: now,
        expires,
      },
      now,
    )
    if (kept) remember(questionKey(question), from, now)
    return kept
  }

  function remember(key: string, peer: PeerId, stored: number): void {
    sources.delete(key)
    sources.set(key, { peer, stored })
    if (sources.size > limits.MAX_SOURCES) sources.delete(sources.keys().next().value!)
  }

  return {
    take(from, rows, heard) {
      const now = clock.now()
      return rows.reduce((kept, row) => kept + Number(takeOne(from, row, heard, now)), 0)
    },
    isVerdict({ question, stored }) {
      const key = questionKey(question)
      if (sources.get(key)?.stored === stored) return true
      sources.delete(key)
      return false
    },
    sourceOf: (question) => sources.get(questionKey(question))?.peer,
  }
}

/** True for what the household shares of a cache. */
export function isShared(question: Question, mayShare: (question: Question) => boolean): boolean {
  return question.class === Class.IN && question.type !== Type.ANY && mayShare(question)
}
