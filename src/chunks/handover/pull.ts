/**
 * When a replica pulls what it lacks: after a change of the ring, for the chunks whose replicas are others now, and at each repair,
 * for what it missed of all. How it pulls is in `pull-runs.ts`.
 */
import { type Cancel, errorText, type Random, type Work } from '../../base/index.ts'
import { limits } from '../limits.ts'
import type { PullStats } from './pull-progress.ts'
import { createRunPuller, type PullRunsDeps, type PullRunsHooks } from './pull-runs.ts'

export interface PullDeps extends PullRunsDeps {
  readonly random: Random
  readonly work: Pick<Work, 'whenFree'>
}

export interface PullHooks extends PullRunsHooks {
  /** Returns whether this node still reads what it has on its own disk. */
  readonly isReading: () => boolean
}

export interface Pull {
  start(): void
  /** The ring changed, perhaps: members that sign a newer row are a change, too. */
  changed(): void
  stop(): Promise<void>
  stats(): PullStats
}

export function createPull(deps: PullDeps, hooks: PullHooks): Pull {
  const { clock, log } = deps
  const stopping = new AbortController()
  const puller = createRunPuller(deps, hooks, stopping.signal)
  let timer: Cancel | undefined
  let soon: Cancel | undefined
  let working: Promise<void> | undefined
  /** What is to be pulled when the pull in work has ended. */
  let again: 'all' | 'changed' | undefined
  let readingSince: number | undefined

  /** The changes of a burst are handled together. */
  function beginSoon(): void {
    if (stopping.signal.aborted) return
    soon ??= clock.after(limits.HANDOVER_DELAY_MS, () => {
      soon = undefined
      if (mustWaitForDisk()) beginSoon()
      else if (timer === undefined) {
        repairLater()
        begin('all')
      } else begin('changed')
    })
  }

  function repairLater(): void {
    timer = clock.after(limits.REPAIR_MS - deps.random.below(limits.REPAIR_JITTER_MS), () => {
      repairLater()
      deps.work.whenFree('repair', () => begin('all'))
    })
  }

  function begin(what: 'all' | 'changed'): void {
    if (stopping.signal.aborted) return
    if (working !== undefined) {
      again = again === 'all' ? again : what
      return
    }
    working = (what === 'all' ? puller.pullAll() : puller.pullChanged())
      .catch((error: unknown) => {
        if (!stopping.signal.aborted) log.error({ error: errorText(error) }, 'entries could not be pulled')
      })
      .finally(() => {
        working = undefined
        const next = again
        again = undefined
        if (next !== undefined) begin(next)
      })
  }

  /** What this node has on its own disk it need not ask others for, unless reading takes too long. */
  function mustWaitForDisk(): boolean {
    if (hooks.isReading()) {
      readingSince ??= clock.monotonic()
      if (clock.monotonic() - readingSince < limits.PULL_WAITS_MS) return true
    }
    readingSince = undefined
    return false
  }

  return {
    start: beginSoon,
    changed: beginSoon,
    async stop() {
      stopping.abort()
      timer?.()
      soon?.()
      await working
    },
    stats: puller.stats,
  }
}
