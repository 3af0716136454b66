import { aborted, Budget, errorText, isChordnsError } from '../../base/index.ts'
import type { CacheContext, CachedFailure, CacheEntry } from '../../cache/index.ts'
import {
  Class,
  type Delegation,
  Ede,
  type ExtendedError,
  nameToText,
  type Question,
  sameName,
  Type,
  typeToText,
} from '../../dns/index.ts'
import type { Need, Verdict } from '../../dnssec/index.ts'
import type { Finding, Outcome } from '../../evidence/index.ts'
import { Inference } from '../denials/infer.ts'
import { failed, isFailure, type RecurseFailed } from '../job/failure.ts'
import { type Flight, Flights } from '../job/flights.ts'
import { type Job, sideOf } from '../job/job.ts'
import type { RecursorDeps } from '../job/options.ts'
import { dsOfReferral } from '../job/referral.ts'
import type { RecurseRequest, Recursor } from '../job/types.ts'
import { MAIN } from '../job/zones.ts'
import { given, linksTo } from '../trust/given.ts'
import { Trust } from '../trust/trust.ts'
import { bogusFailure, type Case, judge, settled } from '../trust/validate.ts'
import { serverFinder } from '../walk/addresses.ts'
import type { WalkEngine } from '../walk/engine.ts'
import { iterate } from '../walk/iterate.ts'
import { ownDelegation } from '../walk/own-delegation.ts'
import { Primer } from '../walk/prime.ts'
import { fetchedSide, findingOf } from '../walk/store.ts'
import { createEngine } from './engine.ts'

/** A question with everything decided that its answer may depend on. */
interface Ask {
  readonly request: RecurseRequest
  readonly context: CacheContext
  readonly depth: number
  readonly parent: Flight | undefined
  /** What is known without asking, beside the cache. */
  readonly infer?: (() => Finding | undefined) | undefined
  readonly onCut?: Job['onCut']
}

/** Resolves by asking authoritative servers, and nobody else. Sends nothing before the first question. */
export function createRecursor(deps: RecursorDeps): Recursor {
  const engine = createEngine(deps)
  const primer = new Primer(engine)
  const flights = new Flights<Finding>()
  const trust = deps.validation === undefined ? undefined : new Trust(deps.validation, engine.limits.CHAIN_REMEMBERED)
  const inference = trust === undefined ? undefined : new Inference(engine, trust)

  const finder = serverFinder(engine, (job, name, type) => {
    const question = { name, type, class: 1 }
    const { budget, tcpOnly } = job
    const request: RecurseRequest = {
      question,
      budget,
      origin: 'own',
      tcpOnly,
      signal: job.flight.signal,
      checkingDisabled: false,
      onStep: job.flight.report,
    }
    return resolve({ request, context: engine.zones.contextOf(question), depth: job.depth + 1, parent: job.flight })
  })

  async function resolve(ask: Ask): Promise<Finding> {
    const { request, parent } = ask
    if (request.signal.aborted) throw aborted(request.signal)
    const known = fromCache(engine, ask) ?? fromDname(engine, ask) ?? ask.infer?.()
    if (known !== undefined) return known
    const key = keyOf(ask)
    for (;;) {
      const state = flights.state(key, parent)
      if (state === 'circle') throw circle(request.question)
      if (state === 'new' && flights.size >= engine.limits.IN_FLIGHT) throw tooBusy()
      if (state === 'running') engine.counters.merged++
      try {
        const wait = (signal: AbortSignal) =>
          flights.join(key, { signal, onStep: request.onStep, parent }, (flight) => work(ask, flight))
        return await (state === 'new' ? wait(request.signal) : withinBudget(engine, request, wait))
      } catch (error) {
        // The work was begun, and paid for, by somebody whose budget is spent. Ours is not.
        if (state !== 'running' || !isChordnsError(error, 'BUDGET_SPENT')) throw error
        request.budget.checkTime()
      }
    }
  }

  async function work({ request, context, depth, onCut }: Ask, flight: Flight): Promise<Finding> {
    const job: Job = {
      question: request.question,
      context,
      origin: request.origin,
      checkingDisabled: request.checkingDisabled,
      fresh: request.fresh ?? false,
      tcpOnly: request.tcpOnly ?? false,
      budget: request.budget,
      flight,
      depth,
      onCut,
      start: 'parent',
      askedRing: false,
      sent: 0,
      limited: false,
    }
    try {
      return await iterate(engine, primer, finder, job)
    } catch (error) {
      if (isFailure(error) && !job.limited && error !== primer.failure) rememberFailure(engine, job, error)
      throw error
    }
  }

  const unjudged = (request: RecurseRequest, context: CacheContext, more: Pick<Ask, 'infer' | 'onCut'> = {}) =>
    resolve({ request, context, depth: 0, parent: undefined, ...more })

  /**
   * The keys of a signed zone are fetched while the walk goes on below it, instead of one zone after the other when the answer
   * is there: a cold answer comes a round trip earlier for each zone on its way. Paid for from the same budget; judged when
   * they are needed, and so is a failure to get them.
   */
  const keysAhead =
    (trust: Trust, request: RecurseRequest, context: CacheContext) =>
    ({ zone, ds }: Delegation): void => {
      if (ds === undefined || !trust.needsKeys(zone, ds)) return
      const question = { name: zone, type: Type.DNSKEY, class: Class.IN }
      unjudged({ ...request, question, checkingDisabled: true, fresh: false }, context).catch((error: unknown) =>
        deps.log.debug({ error: errorText(error) }, 'keys were not to be had ahead'),
      )
    }

  const agreedLink = async ({ need, zone, parent }: Need, signal: AbortSignal): Promise<Outcome | undefined> => {
    if (need === 'DNSKEY') return deps.delegations?.keys(zone, signal)
    const found = await deps.delegations?.find(zone, zone.labels - 1, signal)
    return found === undefined ? undefined : dsOfReferral(found.delegation, parent)
  }

  const caseOf = (finding: Finding, request: RecurseRequest, context: CacheContext): Case => ({
    finding,
    context,
    budget: request.budget,
    onStep: request.onStep,
    agreedLink: context === MAIN ? (need) => agreedLink(need, request.signal) : undefined,
    fetch: (question, fresh) =>
      unjudged({ ...request, question, checkingDisabled: true, fresh }, engine.zones.contextOf(question)),
  })

  /** Fetches unjudged, so that one copy serves those who check and those who do not, and judges for those who do. */
  async function judged(trust: Trust, request: RecurseRequest, context: CacheContext): Promise<Finding> {
    const { question } = request
    if (!request.checkingDisabled && request.fresh !== true) throwIfKnownBogus(engine, context, question)
    const infer = () => inference?.answer(request, context)
    for (let retries = 0; ; retries++) {
      const fresh = (request.fresh ?? false) || retries > 0
      const raw = await unjudged({ ...request, checkingDisabled: true, fresh }, context, {
        infer: fresh ? undefined : infer,
        onCut: keysAhead(trust, request, context),
      })
      const { security } = raw.evidence
      if (security === 'secure' || security === 'insecure') return raw
      if (request.checkingDisabled) return security === 'bogus' ? raw : unrefused(trust, raw, request, context)
      const verdict = await judge(engine, trust, caseOf(raw, request, context))
      if (verdict.verdict !== 'bogus') {
        const finding = settled(engine, context, raw, verdict, fetchedSide(raw))
        inference?.learn(context, finding, verdict, raw.start !== 'agreed')
        settleDname(engine, context, raw, verdict)
        return finding
      }
      // Another server of the zone may have the true copy; what is bogus twice is bogus.
      engine.servers.onBogus(question)
      if (retries < engine.limits.BOGUS_RETRIES) continue
      settled(engine, context, raw, verdict, fetchedSide(raw))
      rememberBogus(engine, context, question, verdict)
      report(question, verdict.ede)
      throw bogusFailure(question, verdict.ede, verdict.reason)
    }
  }

  /** In the background, over TCP so that nobody can report in our name; a report that fails is nobody's loss. */
  function report(question: Question, ede: readonly ExtendedError[]): void {
    const asked = engine.reporting?.reportFor(question, ede)
    if (asked === undefined) return
    const budget = new Budget(REPORT_BUDGET, () => engine.monotonic())
    const signal = new AbortController().signal
    const request = { question: asked, budget, signal, origin: 'any', checkingDisabled: true, tcpOnly: true } as const
    unjudged(request, engine.zones.contextOf(asked)).catch((error: unknown) =>
      deps.log.debug({ error: errorText(error) }, 'an error report was not taken'),
    )
  }

  /**
   * RFC 4035 section 3.2.2: whoever sets CD gets what there is. It is judged all the same, as Unbound and BIND do: so that AD
   * can be told, and that bogus data lies in the cache as what it is.
   */
  async function unrefused(
    trust: Trust,
    raw: Finding,
    request: RecurseRequest,
    context: CacheContext,
  ): Promise<Finding> {
    try {
      const verdict = await judge(engine, trust, caseOf(raw, request, context))
      const finding = settled(engine, context, raw, verdict, fetchedSide(raw))
      inference?.learn(context, finding, verdict, raw.start !== 'agreed')
      if (verdict.verdict === 'bogus') rememberBogus(engine, context, raw.question, verdict)
      return finding
    } catch (error) {
      if (isFailure(error) || isChordnsError(error, 'BUDGET_SPENT')) return raw
      throw error
    }
  }

  return {
    resolve: (request) => {
      const context = request.context ?? engine.zones.contextOf(request.question)
      return trust === undefined ? unjudged(request, context) : judged(trust, request, context)
    },
    validate: async (finding, request, links = []) => {
      if (trust === undefined) return finding
      const context = request.context ?? engine.zones.contextOf(finding.question)
      const plain = caseOf(finding, { ...request, question: finding.question }, context)
      const one = links.length === 0 ? plain : { ...plain, given: given(engine, links, request.budget.timeLeft()) }
      const verdict = await judge(engine, trust, one)
      if (verdict.verdict === 'bogus') throw bogusFailure(finding.question, verdict.ede, verdict.reason)
      const judged: Finding = {
        ...finding,
        outcome: verdict.outcome,
        evidence: { ...finding.evidence, security: verdict.verdict },
        expires: Math.min(finding.expires, engine.now() + verdict.ttlCap * 1000),
      }
      inference?.learn(context, judged, verdict, false)
      return judged
    },
    infer: (request) => inference?.answer(request, request.context ?? engine.zones.contextOf(request.question)),
    links: (name, from) => linksTo(engine, 'main', name, from),
    knownCut: (name) => trust?.deepestCut(name),
    delegation: (zone, request) =>
      ownDelegation(engine, zone, request, (inner) => unjudged(inner, inner.context ?? MAIN)),
    validates: trust !== undefined,
    prime: (signal) => primer.prime(signal),
    contextOf: (question) => engine.zones.contextOf(question),
    stats: () => ({ ...engine.counters, inFlight: flights.size }),
  }
}

/** Work that somebody else began keeps to that one's time. This one waits no longer than its own. Throws BUDGET_SPENT. */
async function withinBudget<T>(
  engine: WalkEngine,
  { budget, signal }: RecurseRequest,
  wait: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const patience = new AbortController()
  const cancel = engine.deps.clock.after(budget.timeLeft(), () => patience.abort())
  try {
    return await wait(AbortSignal.any([signal, patience.signal]))
  } catch (error) {
    if (patience.signal.aborted && !signal.aborted) budget.checkTime()
    throw error
  } finally {
    cancel()
  }
}

function fromCache(engine: WalkEngine, { request, context }: Ask): Finding | undefined {
  if (request.fresh === true) return undefined
  const { cache } = engine.deps
  const { question } = request
  const now = engine.now()
  const entry = cache.get(context, question, now, sideOf(request.origin))
  if (entry !== undefined && (entry.security !== 'bogus' || request.checkingDisabled)) {
    request.onStep?.({ kind: 'cache', question, what: 'answer', detail: describe(entry) })
    return findingOf(entry)
  }
  const failure = cache.failure(context, question, now)
  // Bogus is for those who check: they are told before they get here.
  if (failure === undefined || failure.code === BOGUS) return undefined
  request.onStep?.({ kind: 'cache', question, what: 'failure', detail: failure.code })
  throw cachedFailure(failure)
}

/** A DNAME of this node's own fetching answers for all names below its owner, as it has been judged (RFC 6672 section 3.1). */
function fromDname(engine: WalkEngine, { request, context }: Ask): Finding | undefined {
  if (request.fresh === true || request.origin === 'own' || engine.dnames.size === 0) return undefined
  const { question } = request
  const { cache } = engine.deps
  const now = engine.now()
  const owner = engine.dnames.above(context, question.name)
  if (owner === undefined) return undefined
  const entry = cache.get(context, { ...question, name: owner, type: Type.DNAME }, now, { side: 'own' })
  if (entry?.outcome.kind !== 'rrset' || entry.outcome.rrset.type !== Type.DNAME) return undefined
  if (entry.security === 'bogus' && !request.checkingDisabled) return undefined
  // Where there is a zone, there is no DNAME above it: the cut is the newer word.
  const cut = cache.delegation(context, question.name, now)?.delegation.zone.labels ?? 0
  if (cut > owner.labels) return undefined
  request.onStep?.({ kind: 'cache', question, what: 'answer', detail: `DNAME at ${nameToText(owner)}` })
  return { ...findingOf(entry), question }
}

/** A verdict on a DNAME holds for its owner too, whatever name it was asked for. */
function settleDname(engine: WalkEngine, context: CacheContext, raw: Finding, verdict: Verdict): void {
  const { question, outcome } = raw
  if (outcome.kind !== 'rrset' || outcome.rrset.type !== Type.DNAME || sameName(outcome.rrset.name, question.name))
    return
  const own = { ...raw, question: { ...question, name: outcome.rrset.name, type: Type.DNAME } }
  settled(engine, context, own, verdict, fetchedSide(raw))
}

const BOGUS = 'bogus'

/** What an error report may cost. */
const REPORT_BUDGET = { queries: 20, bytes: 30_000, timeMs: 5_000, signatures: 0, hashes: 0 } as const

function throwIfKnownBogus(engine: WalkEngine, context: CacheContext, question: Question): void {
  const failure = engine.deps.cache.failure(context, question, engine.now())
  if (failure?.code === BOGUS) throw bogusFailure(question, failure.ede, 'found so a moment ago')
}

function rememberBogus(engine: WalkEngine, context: CacheContext, question: Question, verdict: Verdict): void {
  const { ede, ttlCap } = verdict.verdict === 'bogus' ? verdict : { ede: [], ttlCap: 0 }
  const expires = engine.now() + ttlCap * 1000
  engine.deps.cache.putFailure(context, { question, code: BOGUS, ede, expires, count: 1 })
}

function describe({ provenance, security, side }: CacheEntry): string {
  return `${provenance}, ${security}, ${side}`
}

function keyOf({ request, context }: Ask): string {
  const { question, origin, checkingDisabled, fresh, tcpOnly } = request
  const flags = `${origin} ${checkingDisabled} ${fresh ?? false} ${tcpOnly ?? false}`
  return `${context}\0${flags} ${question.type} ${question.class} ${question.name.key}`
}

/** RFC 9520: kept for two seconds, doubled with each failure in a row. Only what the question itself is to blame for. */
function rememberFailure(engine: WalkEngine, job: Job, error: RecurseFailed): void {
  const { cache } = engine.deps
  const { reason, ede } = error.detail
  const before = cache.failure(job.context, job.question, 0)?.count ?? 0
  const ms = Math.min(engine.limits.MAX_FAILURE_MS, engine.limits.FAILURE_MS * 2 ** Math.min(before, 16))
  const expires = engine.now() + ms
  cache.putFailure(job.context, { question: job.question, code: reason, ede, expires, count: before + 1 })
}

function cachedFailure(failure: CachedFailure): RecurseFailed {
  const text = `failed a moment ago: ${failure.code}`
  return failed('cached-failure', text, [{ code: Ede.CACHED_ERROR, text }, ...failure.ede])
}

function circle({ name, type }: Question): RecurseFailed {
  const text = `${nameToText(name)} ${typeToText(type)} waits for itself`
  return failed('loop', text, [{ code: Ede.NO_REACHABLE_AUTHORITY, text }])
}

function tooBusy(): RecurseFailed {
  return failed('refused', 'too many questions in work', [{ code: Ede.NOT_READY, text: 'too many questions in work' }])
}
