/**
 * Signed answers that members ask for are fetched again before they end, by a replica: the first one that lives, in ring order, and the next
 * one later if that did not. So nobody has to wait for the authority, and nobody has to ask first.
 */
import type { Cancel, Clock, Log, Work } from '../../base/index.ts'
import type { Question } from '../../dns/index.ts'
import type { Outcome } from '../../evidence/index.ts'
import { isOutcome } from '../../evidence/index.ts'
import type { HeldProof, Proofs } from '../entries/proofs.ts'
import { limits } from '../limits.ts'
import type { OwnFetch } from '../observations/own-observations.ts'
import type { Demand } from '../rounds/machine/demand.ts'
import type { Placement } from '../seats/placement.ts'
import { questionKey } from '../wire/question-key.ts'

export interface RefreshingDeps {
  readonly clock: Clock
  readonly log: Log
  readonly work: Pick<Work, 'isFree' | 'enter'>
  readonly proofs: Pick<Proofs, 'held'>
  readonly demand: Pick<Demand, 'of'>
  readonly placement: Pick<Placement, 'seatsOf' | 'mayShare'>
  readonly stopping: AbortSignal
}

export interface RefreshingHooks {
  readonly ownFetch: OwnFetch
  /** Keeps what is still signed, and brings it to the other replicas: nobody has asked for it. */
  readonly refreshed: (question: Question, outcome: Outcome) => void
}

export interface Refreshing {
  start(): void
  stop(): void
  /** Answers that were fetched for nobody's question. */
  fetched(): number
}

export function createRefreshing(deps: RefreshingDeps, { ownFetch, refreshed }: RefreshingHooks): Refreshing {
  const { clock, log, stopping } = deps
  /** Ends of those that were tried already. */
  const tried = new Map<string, number>()
  let timer: Cancel | undefined
  let inFlight = 0
  let fetched = 0

  function tick(): void {
    timer = clock.after(limits.REFRESH_TICK_MS, tick)
    const now = clock.now()
    for (const [key, expires] of tried) if (expires <= now) tried.delete(key)
    for (const proof of deps.proofs.held()) {
      if (inFlight >= limits.MAX_REFRESHES) return
      const key = questionKey(proof.question)
      if (tried.get(key) === proof.expires || !isDue(deps, proof, now)) continue
      // It is due for a while, and looked at again soon.
      if (!deps.work.isFree('round')) return
      const leave = deps.work.enter('round')
      tried.set(key, proof.expires)
      inFlight++
      void refresh(proof.question).finally(() => {
        leave()
        inFlight--
      })
    }
  }

  async function refresh(question: Question): Promise<void> {
    try {
      const { outcome, evidence } = await ownFetch(question, stopping, 'fresh')
      fetched++
      if (evidence.security === 'secure' && isOutcome(outcome) && !stopping.aborted) refreshed(question, outcome)
    } catch (error) {
      if (!stopping.aborted) log.debug({ failure: error }, 'a signed answer could not be refreshed')
    }
  }

  return {
    start() {
      timer ??= clock.after(limits.REFRESH_TICK_MS, tick)
    },
    stop: () => timer?.(),
    fetched: () => fetched,
  }
}

/** Near its end, asked for often enough in its life, and this node's turn. */
function isDue({ clock, demand, placement }: RefreshingDeps, proof: HeldProof, now: number): boolean {
  const { question, expires, since } = proof
  const life = expires - since
  const lead = Math.max(life * limits.RENEW_PART, Math.min(limits.REFRESH_LEAD_MS, life / 2))
  if (expires - now > lead) return false
  const { asks, lastMs } = demand.of(questionKey(question), clock.monotonic())
  if (asks < limits.MIN_REFRESH_ASKS || clock.monotonic() - lastMs > life) return false
  if (!placement.mayShare(question)) return false
  const seats = placement.seatsOf(question)
  return seats.mine && expires - now <= lead / (seats.before.length + 1)
}
