/** The counters of the shared records, put together from those of the rooms. */
import type { DigestStats } from '../digests/digests.ts'
import type { ArchiveStats } from '../entries/disk/archive.ts'
import { NO_PULLS, type PullStats } from '../handover/pull-progress.ts'
import type { ReadingStats } from '../reads/reading.ts'
import type { RoundsStats } from '../rounds/rounds.ts'
import type { FollowStats } from './follow.ts'
import type { Parts } from './parts.ts'

export interface ChunksStats extends PullStats, DigestStats, ArchiveStats, ReadingStats, RoundsStats, FollowStats {
  /** Entries that this node holds. */
  readonly entries: number
  /** Replicas that signed two contents in one round. */
  readonly equivocations: number
  /** Ms that this clock is ahead of the median of its peers. */
  readonly skewMs: number
  /** Signed answers held with their proofs; those that peers brought and that did not hold. */
  readonly proofs: number
  readonly refusedProofs: number
  /** Signed answers that this node fetched before they ended, without being asked. */
  readonly refreshes: number
  readonly tellsSent: number
  readonly tellsReceived: number
  /** What peers said that could not be counted. */
  readonly discarded: number
  /** Bytes of entries that other replicas pulled; entries that a peer did not take and will be offered again. */
  readonly supplied: number
  readonly owed: number
  /** Marks of popular names; copies of them that this node keeps for others, reads of those, and what it read for them. */
  readonly popular: number
  readonly copies: number
  readonly copyReads: number
  readonly copyFills: number
}

export function statsOf(parts: Parts): ChunksStats {
  const rounds = parts.rounds.stats()
  return {
    ...parts.digests.stats(),
    ...parts.follow.stats(),
    ...parts.reading.stats(),
    ...parts.proofs.stats(),
    ...(parts.pull?.stats() ?? NO_PULLS),
    ...(parts.archive?.stats() ?? { archived: 0, restored: 0, waiting: 0 }),
    ...rounds,
    outOfPhase: rounds.outOfPhase + parts.joining.refused(),
    entries: parts.store.size,
    equivocations: parts.commitments.equivocations.length,
    skewMs: parts.skew.ms,
    ...parts.keeping.stats(),
    popular: parts.popular.size,
    refreshes: parts.refreshing.fetched(),
    tellsSent: parts.telling.sent(),
    tellsReceived: parts.told.received(),
    discarded: parts.faults.total,
    supplied: parts.supply.sent(),
    owed: parts.pushes.owed(),
  }
}
