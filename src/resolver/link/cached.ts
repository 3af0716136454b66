/**
 * One link of an answer: from the cache, or found anew and shared. Equal questions are one piece of work; entries that are about
 * to expire and still asked for are fetched again in the background; an expired one is served when no fresh one comes in time.
 */
import { isChordnsError } from '../../base/index.ts'
import type { CacheEntry } from '../../cache/index.ts'
import { type Finding, observersOf } from '../../evidence/index.ts'
import { limits } from '../limits.ts'
import type { ResolverOptions } from '../options.ts'
import { mayServeCached } from './acceptance.ts'
import { find } from './contest.ts'
import { freshResult, orStale, worthPrefetching } from './freshness.ts'
import { Prefetcher } from './prefetch.ts'
import { SharedWork } from './shared-work.ts'
import {
  type LinkDeps,
  type LinkRequest,
  type LinkResolver,
  type LinkResult,
  type Search,
  winner,
  workKey,
} from './types.ts'

export function createLinkResolver(deps: LinkDeps, options: ResolverOptions): LinkResolver {
  const { clock } = deps
  const works = new SharedWork<Finding>(clock, { most: limits.MAX_LINKS_IN_WORK, giveWayMs: limits.GIVE_WAY_MS })
  const prefetcher = new Prefetcher(deps, options)

  return async (request) => {
    const { question, onStep } = request
    const context = deps.contextOf(question)
    const search: Search = { deps, options, context, request }
    // To read what was told takes less time than to fetch it.
    const known = lookUp(search) ?? (deps.takeTold?.() === true ? lookUp(search) : undefined)
    if (onStep !== undefined) explainSource(search, onStep)
    if (known !== undefined) {
      const { provenance, security } = known.entry
      onStep?.({ kind: 'cache', question, what: 'answer', detail: `${provenance}, ${security}` })
      onStep?.(winner(question, 'cache', 0))
      if (options.prefetch && worthPrefetching(known.entry, clock.now())) prefetcher.fetch(context, known.entry)
      return { finding: known.finding, ede: [] }
    }
    const fresh = findAnew(search)
    return options.serveStale ? withStale(search, fresh) : freshResult(await fresh)
  }

  async function findAnew(search: Search): Promise<Finding> {
    const { request } = search
    // An explained question runs by itself, so that its steps are its own.
    if (request.onStep !== undefined) return find(search)
    const key = workKey(search)
    for (;;) {
      const isMerged = works.has(key)
      try {
        return await works.join(key, (signal) => find({ ...search, request: { ...request, signal } }), request.signal)
      } catch (error) {
        // The work was begun, and is paid for, by somebody whose budget is spent. Ours is not.
        if (!isMerged || !isChordnsError(error, 'BUDGET_SPENT')) throw error
        request.budget.checkTime()
      }
    }
  }
}

function explainSource({ deps, context, request }: Search, onStep: NonNullable<LinkRequest['onStep']>): void {
  const { question } = request
  const peer = deps.toldBy?.(question)
  if (peer === undefined || deps.cache.get(context, question, deps.clock.now()) === undefined) return
  onStep({ kind: 'cache', question, what: 'answer', detail: `told by ${peer}` })
}

/** What the cache has for the question, if it may be served to this asker. */
export function knownLink(deps: LinkDeps, options: ResolverOptions, request: Asked): Finding | undefined {
  return lookUp({ deps, options, context: deps.contextOf(request.question), request })?.finding
}

type Asked = Pick<LinkRequest, 'question' | 'checkingDisabled'>

interface Known {
  readonly entry: CacheEntry
  readonly finding: Finding
}

/** `stale`: an expired entry will do. */
function lookUp(
  { deps, options, context, request }: Omit<Search, 'request'> & { readonly request: Asked },
  stale = false,
): Known | undefined {
  const entry = deps.cache.get(context, request.question, deps.clock.now(), { stale })
  if (entry === undefined) return undefined
  const finding = toFinding(entry)
  return mayServeCached(deps, options, request, finding.evidence) ? { entry, finding } : undefined
}

function toFinding(entry: CacheEntry): Finding {
  const { question, outcome, security, provenance, certificate, expires } = entry
  const evidence =
    certificate === undefined
      ? { security, provenance, observers: [] }
      : { security, provenance, certificate, observers: observersOf(certificate) }
  return { question, outcome, evidence, expires }
}

async function withStale(search: Search, fresh: Promise<Finding>): Promise<LinkResult> {
  const { deps, request } = search
  const stale = lookUp(search, true)
  if (stale === undefined) return freshResult(await fresh)
  const result = await orStale(deps.clock, fresh, stale.entry)
  if (result.isStale === true) request.onStep?.(winner(request.question, 'stale', limits.STALE_CLIENT_MS))
  return result
}
