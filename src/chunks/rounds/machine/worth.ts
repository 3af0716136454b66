/** Whether a round pays by what its opener saw. Pure. */
import { type Content, evidenceLimits, outcomeTtl } from '../../../evidence/index.ts'
import { limits } from '../../limits.ts'
import type { Seats } from '../../seats/seats.ts'
import { pays, type QuestionDemand } from './demand.ts'

export interface WorthContext {
  readonly demand: QuestionDemand
  readonly admitAfter: 'auto' | number
  readonly n: number
  readonly ringSize: number
  /** Replicas that have fetched it for their own clients. */
  readonly fetched: number
  /** The signers of an entry are no majority of the set any more: demand was shown before. */
  readonly renewal: boolean
}

/** `outcome`: what this node observed, if it has. */
export function worthwhile(context: WorthContext, outcome: Content | undefined): boolean {
  const { demand, admitAfter, n, ringSize, fetched, renewal } = context
  if (renewal) return true
  const ttlSeconds = outcome === undefined ? undefined : worthSeconds(outcome)
  return pays(demand, {
    admitAfter,
    n,
    ringSize,
    fetched,
    ttlSeconds,
    absent: outcome === undefined ? undefined : outcome.kind === 'absent',
  })
}

/** For how long agreement spares the others their fetches. A short-lived answer becomes a `divergent` marker, which holds longer. */
export function worthSeconds(outcome: Content): number {
  const ttl = outcomeTtl(outcome)
  return ttl < limits.MIN_SHARED_TTL_SECONDS ? evidenceLimits.DIVERGENT_MS / 1000 : ttl
}

/** Replicas that asked: each has fetched it itself. */
export function fetchedBy({ members }: Pick<Seats, 'members'>, { peers }: QuestionDemand): number {
  return members.reduce((count, { peer }) => count + Number(peers.has(peer)), 0)
}
