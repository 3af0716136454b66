/** What is about to expire and still asked for is fetched again in the background. Its failures are nobody's: the next client asks. */
import type { CacheContext, CacheEntry } from '../../cache/index.ts'
import type { Finding } from '../../evidence/index.ts'
import { limits } from '../limits.ts'
import type { ResolverOptions } from '../options.ts'
import { iterate } from './contest.ts'
import { SharedWork } from './shared-work.ts'
import { type LinkDeps, newBudget, type Search, workKey } from './types.ts'

export class Prefetcher {
  readonly #deps: LinkDeps
  readonly #options: ResolverOptions
  readonly #works: SharedWork<Finding>
  /** Expiry of the entries that were fetched again, by key; the oldest first. */
  readonly #done = new Map<string, number>()

  constructor(deps: LinkDeps, options: ResolverOptions) {
    this.#deps = deps
    this.#options = options
    const { MAX_PREFETCHES, PREFETCH_GIVE_WAY_MS } = limits
    this.#works = new SharedWork(deps.clock, { most: MAX_PREFETCHES, giveWayMs: PREFETCH_GIVE_WAY_MS })
  }

  fetch(context: CacheContext, { question, expires }: CacheEntry): void {
    const { cache, clock, log } = this.#deps
    // RFC 9520 section 3.2: what failed a moment ago is left alone, whoever wants it.
    if (cache.failure(context, question, clock.monotonic()) !== undefined) return
    const { signal } = new AbortController()
    const request = {
      question,
      checkingDisabled: false,
      client: 'refresh',
      budget: newBudget(clock),
      signal,
      onStep: undefined,
    }
    const search: Search = { deps: this.#deps, options: this.#options, context, request }
    const key = workKey(search)
    // The entry may stay although there is a newer copy: one of higher rank, or of the ring. Once is enough for it.
    if (this.#done.get(key) === expires) return
    const work = async (inner: AbortSignal) => {
      const finding = await this.#iterate(search, inner)
      this.#remember(key, expires)
      return finding
    }
    this.#works.join(key, work, signal).catch((error: unknown) => log.debug({ failure: error }, 'prefetch failed'))
  }

  async #iterate(search: Search, signal: AbortSignal): Promise<Finding> {
    const finding = await iterate(search, signal, true)
    const { outcome, evidence } = finding
    if (search.context === 'main') this.#deps.chunks?.tell(search.request.question, outcome, evidence.security)
    return finding
  }

  #remember(key: string, expires: number): void {
    this.#done.delete(key)
    this.#done.set(key, expires)
    if (this.#done.size > limits.PREFETCHES_REMEMBERED) this.#done.delete(this.#done.keys().next().value!)
  }
}
