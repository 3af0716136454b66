/** The root's servers (RFC 8109): asked of the hints once, then held like any delegation. */
import { Budget, ChordnsError, errorText, isChordnsError, unlessAborted, withTimeout } from '../../base/index.ts'
import { type Delegation, Ede, type Question, ROOT, suffixName, Type } from '../../dns/index.ts'
import { failed, isFailure, isOurs, ours, type RecurseFailed } from '../job/failure.ts'
import { Flight } from '../job/flights.ts'
import type { Cut, Job } from '../job/job.ts'
import { MAIN } from '../job/zones.ts'
import { askZone } from '../servers/ask-zone.ts'
import type { ServerFinder } from '../servers/types.ts'
import type { WalkEngine } from './engine.ts'
import { hintedRoot, toldRoot } from './root-servers.ts'

const ROOT_NS: Question = { name: ROOT, type: Type.NS, class: 1 }

export class Primer {
  readonly #engine: WalkEngine
  #running: Promise<void> | undefined
  #failure:
    | { readonly error: RecurseFailed; readonly until: number; readonly count: number; readonly outage: number }
    | undefined
  /** The last set that was heard of. */
  #last: Delegation | undefined

  constructor(engine: WalkEngine) {
    this.#engine = engine
  }

  /** The root as a place to begin; primes if it must. */
  async rootCut(job: Job): Promise<Cut> {
    const known = this.#known()
    if (known !== undefined) return known
    try {
      await this.prime(job.flight.signal, job)
    } catch (error) {
      // Old servers of the root are better than none: what lies below them is known, and good for days.
      if (!isFailure(error) || !this.#keepLast()) throw error
    }
    const primed = this.#known()
    if (primed !== undefined) return primed
    throw failed('no-servers', 'the root servers gave no name servers of the root', [])
  }

  /** A failure is forgotten: the next question asks at once. */
  forget(): void {
    this.#failure = undefined
  }

  /** Asks the hints for the root's servers, whether or not they are known. One run at a time, for all who wait. */
  async prime(signal: AbortSignal, job?: Job): Promise<void> {
    const { deps, limits, outage } = this.#engine
    const failure = this.#failure?.outage === outage.ended ? this.#failure : undefined
    if (failure !== undefined && this.#engine.monotonic() < failure.until) throw failure.error
    if (this.#running === undefined) {
      this.#running = this.#run(job)
      const done = () => {
        this.#running = undefined
      }
      // Also handles the error when all who waited have gone; it is kept in `#failure`.
      this.#running.then(done, done)
    }
    if (failure === undefined || job === undefined) await unlessAborted(this.#running, signal)
    else await withTimeout(deps.clock, this.#running, limits.PRIMING_AGAIN_MS, () => failure.error, signal)
  }

  /**
   * Asks for the root's servers before they expire, behind a question that needs none of them: all that is known hangs on them, and
   * the root may be out of reach in that very moment.
   */
  refreshAhead(): void {
    const now = this.#engine.now()
    const cached = this.#engine.deps.cache.delegation(MAIN, ROOT, now)
    if (cached === undefined || cached.delegation.zone.labels > 0) return
    const { delegation, stored, expires } = cached
    this.#last ??= delegation
    const ahead = Math.min(this.#engine.limits.PRIMING_AHEAD_MS, (expires - stored) / 10)
    if (expires - now > ahead || this.#running !== undefined) return
    // It is logged, and the old set is good for a while.
    this.prime(new AbortController().signal).catch(() => this.#keepLast())
  }

  /** The last set for a while longer; false when there is none. */
  #keepLast(): boolean {
    if (this.#last === undefined) return false
    const { cache } = this.#engine.deps
    const now = this.#engine.now()
    if (cache.delegation(MAIN, ROOT, now) === undefined)
      cache.putDelegation(MAIN, { ...this.#last, ttl: this.#engine.limits.ROOT_KEPT_SECONDS }, now)
    return true
  }

  async #run(asking: Job | undefined): Promise<void> {
    try {
      const root = await this.#find(asking)
      this.#engine.deps.cache.putDelegation(MAIN, root, this.#engine.now())
      this.#last = root
      this.#failure = undefined
    } catch (error) {
      throw this.#remember(error)
    }
  }

  /**
   * The root's servers by their own word. Where they do not give it, and nothing better is known, by the hints: if a root server has
   * said anything at all, or answers another question. Whatever is wrong with one question, the hints lead to all others.
   */
  async #find(asking: Job | undefined): Promise<Delegation> {
    const { deps, limits } = this.#engine
    const hinted = hintedRoot(deps.options.rootHints, limits.ROOT_KEPT_SECONDS)
    const told = await this.#ask(ROOT_NS, hinted, asking, limits.PRIMING_MS)
    if (told.root !== undefined) return told.root
    if (this.#last !== undefined) throw told.error
    const { spoke } =
      told.spoke || asking === undefined ? told : await this.#ask(topOf(asking.question), hinted, asking)
    if (!spoke) throw told.error
    deps.log.warn(
      { error: errorText(told.error) },
      'root servers do not name the servers of the root: the hints are used',
    )
    return hinted
  }

  /** `root`: what the reply says of the root's servers. `spoke`: some server answered something. */
  async #ask(
    question: Question,
    hinted: Delegation,
    asking: Job | undefined,
    timeMs = this.#engine.limits.HINTS_MS,
  ): Promise<{ readonly root?: Delegation | undefined; readonly spoke: boolean; readonly error: unknown }> {
    const { deps, limits } = this.#engine
    const source = { kind: 'delegated', delegation: hinted } as const
    const cut: Cut = { zone: ROOT, role: 'authority', source, cached: false }
    const job = this.#jobFor(question, asking, timeMs)
    try {
      const result = await askZone(this.#engine, NO_FINDER, job, cut, question, limits.PRIMING_QUERIES)
      if (result.kind === 'failed') return result
      const root =
        question === ROOT_NS && result.reply.kind === 'answer'
          ? toldRoot(result.reply.outcome.rrset, result.message, deps.options.rootHints)
          : undefined
      return { root, spoke: true, error: new ChordnsError('RECURSE_FAILED', 'no NS set of the root', NO_ROOT) }
    } catch (error) {
      if (!isChordnsError(error, 'BUDGET_SPENT')) throw error
      return { spoke: false, error }
    }
  }

  /** Its own small budget: the work is shared, and done once in days. */
  #jobFor(question: Question, asking: Job | undefined, timeMs: number): Job {
    const { deps, limits } = this.#engine
    const amounts = { queries: limits.PRIMING_QUERIES, bytes: 65_535, timeMs, signatures: 0, hashes: 0 }
    const job: Job = {
      question,
      context: MAIN,
      origin: 'own',
      checkingDisabled: false,
      fresh: true,
      tcpOnly: asking?.tcpOnly ?? false,
      budget: new Budget(amounts, () => deps.clock.monotonic()),
      flight: new Flight(this.#engine.monotonic()),
      depth: 0,
      start: 'parent',
      askedRing: false,
      sent: 0,
      limited: false,
      isShort: false,
    }
    if (asking !== undefined) job.flight.listen(asking.flight.report)
    return job
  }

  #known(): Cut | undefined {
    const cached = this.#engine.deps.cache.delegation(MAIN, ROOT, this.#engine.now())
    if (cached === undefined) return undefined
    const source = { kind: 'delegated', delegation: cached.delegation } as const
    return { zone: ROOT, role: 'authority', source, cached: true }
  }

  /** Without a network every question would wait until all root servers have timed out. So questions fail at once for a while. */
  #remember(cause: unknown): RecurseFailed {
    // For want of a socket of our own: nobody was silent.
    if (isFailure(cause) && isOurs(cause)) return cause
    const { PRIMING_REST_MS, MAX_PRIMING_REST_MS } = this.#engine.limits
    const count = (this.#failure?.count ?? 0) + 1
    const rest = Math.min(MAX_PRIMING_REST_MS, PRIMING_REST_MS * 2 ** Math.min(count - 1, 10))
    const text = `root servers do not answer: ${errorText(cause)}`
    // All root servers are hardly ever away: more likely, this machine is.
    const ede = [Ede.NO_REACHABLE_AUTHORITY, Ede.NETWORK_ERROR].map((code) => ({ code, text }))
    const error = ours(failed('no-servers', text, ede))
    this.#failure = { error, until: this.#engine.monotonic() + rest, count, outage: this.#engine.outage.ended }
    this.#engine.deps.log.warn({ code: error.code, failures: count, restMs: rest }, 'root servers do not answer')
    return error
  }
}

const NO_ROOT = { reason: 'no-servers', ede: [] } as const

/** Hints come with their addresses; a server without any is of no use before the root is known. */
const NO_FINDER: ServerFinder = {
  known: () => () => [],
  lookUp: async () => [],
  glue: () => [],
  askForGlue: async () => [],
}

/** What a walk would ask the root on its way to the name (RFC 9156). */
function topOf({ name, class: classNumber }: Question): Question {
  return { name: suffixName(name, Math.min(1, name.labels)), type: Type.A, class: classNumber }
}
