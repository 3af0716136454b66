/**
 * When a replica pulls what it lacks: after a change of the ring, for all chunks that it is a replica of now, and at each repair,
 * for what it missed. How it pulls is in `pull-runs.ts`.
 */
import { type Cancel, errorText, type Random } from '../../base/index.ts'
import { limits } from '../limits.ts'
import type { PullStats } from './pull-progress.ts'
import { createRunPuller, type PullRunsDeps, type PullRunsHooks } from './pull-runs.ts'

export interface PullDeps extends PullRunsDeps {
  readonly random: Random
}

export interface PullHooks extends PullRunsHooks {
  /** Returns whether this node still reads what it has on its own disk. */
  readonly isReading: () => boolean
}

export interface Pull {
  start(): void
  /** The ring changed. */
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
  let again = false
  let readingSince: number | undefined

  /** The changes of a burst are handled together. */
  function beginSoon(): void {
    if (stopping.signal.aborted) return
    soon ??= clock.after(limits.HANDOVER_DELAY_MS, () => {
      soon = undefined
      begin()
    })
  }

  function begin(): void {
    if (stopping.signal.aborted) return
    if (mustWaitForDisk()) {
      beginSoon()
      return
    }
    timer?.()
    timer = clock.after(limits.REPAIR_MS - deps.random.below(limits.REPAIR_JITTER_MS), begin)
    if (working !== undefined) {
      again = true
      return
    }
    working = puller
      .pullAll()
      .catch((error: unknown) => {
        if (!stopping.signal.aborted) log.error({ error: errorText(error) }, 'entries could not be pulled')
      })
      .finally(() => {
        working = undefined
        if (again) {
          again = false
          begin()
        }
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
