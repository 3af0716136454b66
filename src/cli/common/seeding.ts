/** Looks a list of names up, so many a second, so many at once, until it is done or told to stop. */
import type { LookupView } from '../../observe/index.ts'
import { limits } from '../limits.ts'
import type { Seed } from './seed-list.ts'

export interface SeedingDeps {
  /** Questions a second. */
  readonly rate: number
  /** At once: a slow name must not hold up the others. */
  readonly atOnce: number
  /** Fires when no more is to be begun. */
  readonly stopping: AbortSignal
}

export interface SeedingHooks {
  /** Owes the answer; a rejection ends everything: the node is not there. */
  readonly lookup: (seed: Seed) => Promise<LookupView>
  /** Owes a pause of so many ms, or less when `stopping` fires. */
  readonly pause: (ms: number) => Promise<void>
  /** Monotonic ms. */
  readonly now: () => number
  /** Called after each answer. */
  readonly onProgress: (counts: SeedCounts) => void
}

export interface SeedCounts {
  readonly questions: number
  readonly done: number
  /** Verified from the root on: replicas have it at once. */
  readonly secure: number
  /** More than half of the replicas have seen it, now or before. */
  readonly agreed: number
  /** From the zone's own servers: the replicas know that it is asked for, and share it when that pays. */
  readonly told: number
  readonly failed: number
}

export interface SeedingResult extends SeedCounts {
  /** The first ones. */
  readonly failures: readonly { readonly line: number; readonly question: string; readonly rcode: string }[]
  /** Undefined when all is done: the line to go on with, later. */
  readonly goOnWith: number | undefined
}

const AGREED: ReadonlySet<string> = new Set(['agreed', 'rotating', 'divergent'])

export async function seedAll(
  seeds: readonly Seed[],
  { rate, atOnce, stopping }: SeedingDeps,
  { lookup, pause, now, onProgress }: SeedingHooks,
): Promise<SeedingResult> {
  const counts = { questions: seeds.length, done: 0, secure: 0, agreed: 0, told: 0, failed: 0 }
  const failures: SeedingResult['failures'][number][] = []
  const open = new Set<Promise<void>>()
  let broken: unknown
  let begun = 0
  const started = now()
  const ask = async (seed: Seed) => {
    const view = await lookup(seed)
    counts.done++
    const kind = kindOf(view)
    counts[kind]++
    if (kind === 'failed' && failures.length < limits.MAX_SEED_FAILURES)
      failures.push({ line: seed.line, question: `${seed.name} ${seed.type}`, rcode: view.rcode })
    onProgress(counts)
  }
  for (const seed of seeds) {
    while (open.size >= atOnce && broken === undefined) await Promise.race(open)
    const early = started + (begun * 1000) / rate - now()
    if (early > 0 && !stopping.aborted) await pause(early)
    if (stopping.aborted || broken !== undefined) break
    begun++
    const asking: Promise<void> = ask(seed)
      .catch((error: unknown) => {
        broken ??= error ?? new Error('a look-up failed')
      })
      .finally(() => open.delete(asking))
    open.add(asking)
  }
  await Promise.all(open)
  if (broken !== undefined) throw broken
  return { ...counts, failures, goOnWith: seeds[begun]?.line }
}

function kindOf({ rcode, security, provenance }: LookupView): 'secure' | 'agreed' | 'told' | 'failed' {
  if (rcode !== 'NOERROR' && rcode !== 'NXDOMAIN') return 'failed'
  if (security === 'secure') return 'secure'
  return provenance !== null && AGREED.has(provenance) ? 'agreed' : 'told'
}
