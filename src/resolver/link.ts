/** One link of an answer: from the cache, from the ring with evidence, or by own iteration; whichever is acceptable first. */
import { Budget, ChordnsError, type Clock, errorText, type Log, unlessAborted } from '../base/index.ts'
import { type Cache, type CacheContext, type CacheEntry, Rank } from '../cache/index.ts'
import type { Chunks, RingDivergence, RingRead } from '../chunks/index.ts'
import { type Question, rrsetKey } from '../dns/index.ts'
import { type Finding, isDelegation, observersOf, type Provenance, type Security } from '../evidence/index.ts'
import type { RecurseRequest, Recursor } from '../recurse/index.ts'
import { asDivergent, isWithin, mayServe } from './divergent.ts'
import { freshResult, type LinkResult, orStale, worthPrefetching } from './freshness.ts'
import { limits } from './limits.ts'
import type { ResolverOptions } from './options.ts'
import { race } from './race.ts'
import { SharedWork } from './shared-work.ts'
import type { ResolveStep } from './types.ts'

export interface LinkModules {
  readonly cache: Cache
  readonly recursor: Recursor
  /** Undefined on a node without a ring. */
  readonly chunks: Chunks | undefined
  readonly clock: Clock
  readonly log: Log
  /** The context that a name is resolved in: `main`, or one of its own for stub and forward zones. */
  readonly contextOf: (question: Question) => CacheContext
}

export interface LinkRequest {
  readonly question: Question
  readonly checkingDisabled: boolean
  readonly budget: Budget
  readonly signal: AbortSignal
  readonly onStep: ((step: ResolveStep) => void) | undefined
}

export type LinkResolver = (request: LinkRequest) => Promise<LinkResult>

/** The other one starts only when the first has failed. */
const NEVER_MS = 2 ** 30

/** Rejects with RECURSE_FAILED, BUDGET_SPENT, STRICT_REFUSED, RESOLVER_BUSY or ABORTED. */
export function createLinkResolver(modules: LinkModules, options: ResolverOptions): LinkResolver {
  const { clock, cache } = modules
  const works = new SharedWork<Finding>()
  const prefetches = new SharedWork<Finding>()

  return async (request) => {
    const { question } = request
    const context = modules.contextOf(question)
    const key = `${context}/${request.checkingDisabled ? 1 : 0}/${rrsetKey(question.name, question.type, question.class)}`
    const usable = usableBy(modules, options, request)
    const entry = cache.get(context, question, clock.now())
    if (entry !== undefined && usable(entry)) {
      request.onStep?.({ kind: 'cache', question, what: 'answer', detail: `${entry.provenance}, ${entry.security}` })
      request.onStep?.(winner(question, 'cache', 0))
      if (options.prefetch && worthPrefetching(entry, clock.now())) prefetch(key, context, question)
      return { finding: toFinding(entry), ede: [] }
    }
    if (works.size >= limits.MAX_LINKS_IN_WORK)
      throw new ChordnsError('RESOLVER_BUSY', 'too many questions are in work', { inWork: works.size })
    // An explained question runs by itself, so that its steps are its own.
    const fresh =
      request.onStep === undefined
        ? works.join(key, (signal) => find(modules, options, context, { ...request, signal }), request.signal)
        : find(modules, options, context, request)
    const stale = options.serveStale ? cache.get(context, question, clock.now(), { stale: true }) : undefined
    if (stale === undefined || !usable(stale)) return freshResult(await fresh)
    const result = await orStale(clock, fresh, stale)
    if (result.isStale === true) request.onStep?.(winner(question, 'stale', limits.STALE_CLIENT_MS))
    return result
  }

  /** In the background: what failed is asked again by the next client. */
  function prefetch(key: string, context: CacheContext, question: Question): void {
    if (prefetches.size >= limits.MAX_PREFETCHES) return
    const control = new AbortController()
    const request = {
      question,
      checkingDisabled: false,
      budget: newBudget(clock),
      signal: control.signal,
      onStep: undefined,
    }
    const work = async (signal: AbortSignal) => {
      const finding = await iterate(modules, context, request, signal, true)
      if (context === 'main') modules.chunks?.tell(question, finding.outcome, finding.evidence.security)
      return finding
    }
    prefetches
      .join(key, work, control.signal)
      .catch((error: unknown) => modules.log.debug({ error: errorText(error) }, 'prefetch failed'))
  }
}

/** What the cache has for the question, if it may be served to this asker. */
export function knownLink(
  modules: LinkModules,
  options: ResolverOptions,
  request: Pick<LinkRequest, 'question' | 'checkingDisabled'>,
): Finding | undefined {
  const { question } = request
  const entry = modules.cache.get(modules.contextOf(question), question, modules.clock.now())
  return entry !== undefined && usableBy(modules, options, request)(entry) ? toFinding(entry) : undefined
}

/** What one client question may cost in all. */
export function newBudget(clock: Clock): Budget {
  const { MAX_QUERIES, MAX_BYTES, MAX_TIME_MS, MAX_SIGNATURES, MAX_HASHES } = limits
  return new Budget(
    { queries: MAX_QUERIES, bytes: MAX_BYTES, timeMs: MAX_TIME_MS, signatures: MAX_SIGNATURES, hashes: MAX_HASHES },
    () => clock.monotonic(),
  )
}

/** Whether an entry may be served to this question, expired or not. */
function usableBy(
  { recursor }: LinkModules,
  options: ResolverOptions,
  { checkingDisabled }: Pick<LinkRequest, 'checkingDisabled'>,
) {
  return ({ security, provenance }: CacheEntry): boolean =>
    (security !== 'bogus' || checkingDisabled) &&
    // Not judged yet: the recursor has it too, and judges it.
    (security !== 'indeterminate' || !recursor.validates || checkingDisabled) &&
    !(options.strict && provenance === 'solo' && security !== 'secure')
}

function toFinding(entry: CacheEntry): Finding {
  return {
    question: entry.question,
    outcome: entry.outcome,
    evidence: {
      security: entry.security,
      provenance: entry.provenance,
      ...(entry.certificate !== undefined && { certificate: entry.certificate }),
      observers: entry.certificate === undefined ? [] : observersOf(entry.certificate),
    },
    expires: entry.expires,
  }
}

async function find(
  modules: LinkModules,
  options: ResolverOptions,
  context: CacheContext,
  request: LinkRequest,
): Promise<Finding> {
  const { clock, chunks } = modules
  const { question, signal } = request
  const started = clock.monotonic()
  const iteration = { run: (inner: AbortSignal) => iterate(modules, context, request, inner) }
  const useRing = chunks !== undefined && context === 'main' && !isDelegation(question)
  if (!useRing) {
    const finding = await iteration.run(signal)
    if (!acceptable(finding, options)) throw strictRefusal(question)
    request.onStep?.(winner(question, 'iteration', clock.monotonic() - started))
    return finding
  }

  // Nobody is asked for what is proven already, and the replicas need not hear of a name that nobody looked up.
  const inferred = modules.recursor.infer(recursion(context, request, signal))
  if (inferred !== undefined) {
    request.onStep?.(winner(question, 'cache', clock.monotonic() - started))
    return inferred
  }
  const ringFirst = options.order !== 'iterate'
  let divergence: RingDivergence | undefined
  let found: Finding | undefined
  const heard = Promise.withResolvers<void>()
  /** What own iteration found, in the light of what the ring says of the name; undefined: not to be served. */
  const judged = (finding: Finding): Finding | undefined => {
    const mine = asDivergent(finding, divergence)
    if (!mayServe(mine, divergence, options.strict)) return undefined
    if (mine !== finding && isWithin(mine, divergence)) keep(modules, context, mine)
    return mine
  }
  const ring = {
    run: async (inner: AbortSignal, hurry: () => void) => {
      try {
        const read = await readRing(modules, chunks, context, request, inner, hurry)
        if (read?.kind !== 'divergent') return read?.finding
        divergence = read.divergence
        return found === undefined ? undefined : judged(found)
      } finally {
        heard.resolve()
      }
    },
  }
  const own = {
    run: async (inner: AbortSignal) => {
      const finding = await iteration.run(inner)
      found = finding
      chunks.tell(question, finding.outcome, finding.evidence.security)
      request.onStep?.({ kind: 'told', question })
      // What nobody else has seen may turn out to be a name that everybody sees differently.
      if (ringFirst && judged(finding) === undefined) await unlessAborted(heard.promise, inner)
      const mine = judged(finding)
      if (mine === undefined) throw strictRefusal(question)
      return mine
    },
  }
  // Strict: what nobody vouches for is no answer, so the ring is waited for in any case.
  if (!options.strict && chunks.expects(question) === 'no') {
    request.onStep?.({ kind: 'ring', question, elapsedMs: 0, outcome: 'not asked: no digest names it', replies: [] })
    // A digest may be seconds old: where own iteration fails, the ring has its say all the same.
    const result = await race(clock, own, ring, { hedgeMs: NEVER_MS, signal, keepFirst: false })
    request.onStep?.(winner(question, result.by === 'first' ? 'iteration' : 'ring', clock.monotonic() - started))
    return result.value
  }
  const hedgeMs =
    options.order === 'race'
      ? options.hedgeMs === 'auto'
        ? chunks.hedgeMs()
        : options.hedgeMs
      : Math.max(1, request.budget.timeLeft())
  const result = ringFirst
    ? await race(clock, ring, own, { hedgeMs, signal, keepFirst: true })
    : await race(clock, own, ring, { hedgeMs, signal, keepFirst: false })
  const by = (result.by === 'first') === ringFirst ? 'ring' : 'iteration'
  request.onStep?.(winner(question, by, clock.monotonic() - started))
  return result.value
}

async function iterate(
  modules: LinkModules,
  context: CacheContext,
  request: LinkRequest,
  signal: AbortSignal,
  fresh = false,
): Promise<Finding> {
  return modules.recursor.resolve({ ...recursion(context, request, signal), fresh })
}

function recursion(context: CacheContext, request: LinkRequest, signal: AbortSignal): RecurseRequest {
  const { question, budget, checkingDisabled, onStep } = request
  return { question, budget, signal, origin: 'any', checkingDisabled, context, ...(onStep !== undefined && { onStep }) }
}

/** Undefined when the ring has not enough. What it accepts is cached beside the own copies. */
async function readRing(
  modules: LinkModules,
  chunks: Chunks,
  context: CacheContext,
  request: LinkRequest,
  signal: AbortSignal,
  onDoubt: () => void,
): Promise<{ kind: 'accepted'; finding: Finding } | Extract<RingRead, { kind: 'divergent' }> | undefined> {
  const { question } = request
  const started = modules.clock.monotonic()
  const read = await chunks.read(question, signal, onDoubt)
  if (read.kind !== 'insufficient' || read.reason !== 'private') {
    request.onStep?.({
      kind: 'ring',
      question,
      elapsedMs: modules.clock.monotonic() - started,
      outcome: outcomeOf(read),
      replies: read.replies,
    })
  }
  if (read.kind === 'divergent') return read
  if (read.kind !== 'accepted') return undefined
  // A vote counts only where the zone is proven not to be signed: it can never take the place of a signature.
  const inner = {
    budget: request.budget,
    signal,
    origin: 'any',
    checkingDisabled: false,
    context,
    ...(request.onStep !== undefined && { onStep: request.onStep }),
  } as const
  const isProven = read.finding.evidence.security === 'secure'
  const finding = isProven ? read.finding : await modules.recursor.validate(read.finding, inner, read.links)
  keep(modules, context, finding)
  return { kind: 'accepted', finding }
}

/** Beside the own copy, which says nothing of the ring. */
function keep(modules: LinkModules, context: CacheContext, finding: Finding): void {
  const now = modules.clock.now()
  const { certificate, provenance, security } = finding.evidence
  modules.cache.put(
    context,
    {
      question: finding.question,
      outcome: finding.outcome,
      rank: rankOf(security, provenance),
      side: 'ring',
      security,
      provenance,
      ...(certificate !== undefined && { certificate }),
      stored: now,
      expires: finding.expires,
    },
    now,
  )
}

/** One member's word, which a household may choose to take, is worth less than what this node saw itself. */
function rankOf(security: Security, provenance: Provenance): Rank {
  if (security === 'secure') return Rank.SECURE
  return provenance === 'solo' ? Rank.AUTHORITY_SECTION : Rank.AGREED
}

function outcomeOf(read: RingRead): string {
  if (read.kind === 'accepted') {
    const { security, provenance } = read.finding.evidence
    return security === 'secure' ? security : provenance
  }
  return read.kind === 'insufficient' ? read.reason : read.kind
}

function acceptable(finding: Finding, options: ResolverOptions): boolean {
  return !options.strict || finding.evidence.provenance !== 'solo' || finding.evidence.security === 'secure'
}

function strictRefusal(question: Question): ChordnsError<'STRICT_REFUSED', { question: Question }> {
  return new ChordnsError('STRICT_REFUSED', 'strict: neither signed nor agreed by the ring', { question })
}

function winner(question: Question, by: 'cache' | 'ring' | 'iteration' | 'stale', elapsedMs: number): ResolveStep {
  return { kind: 'winner', question, by, elapsedMs }
}
