/** The root's servers (RFC 8109): asked of the hints once, then held like any delegation. */
import { Budget, ChordnsError, errorText, unlessAborted } from '../../base/index.ts'
import {
  type Delegation,
  groupRRsets,
  type Message,
  type Name,
  nsName,
  type Question,
  ROOT,
  type RRset,
  Type,
} from '../../dns/index.ts'
import { glueOf, iteratorLimits, type RootHint } from '../../iterator/index.ts'
import { failed, isFailure, type RecurseFailed } from '../job/failure.ts'
import { Flight } from '../job/flights.ts'
import type { Cut, Job } from '../job/job.ts'
import { MAIN } from '../job/zones.ts'
import { askZone } from '../servers/ask-zone.ts'
import type { ServerFinder } from '../servers/types.ts'
import type { WalkEngine } from './engine.ts'

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

  /** The error of the last priming, if it failed: no question is to blame for it. */
  get failure(): RecurseFailed | undefined {
    return this.#failure?.error
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

  /** Asks the hints for the root's servers, whether or not they are known. One run at a time, for all who wait. */
  async prime(signal: AbortSignal, job?: Job): Promise<void> {
    const failure = this.#failure
    const isResting = failure !== undefined && this.#engine.monotonic() < failure.until
    if (isResting && failure.outage === this.#engine.outage.ended) throw failure.error
    if (this.#running === undefined) {
      this.#running = this.#run(job)
      const done = () => {
        this.#running = undefined
      }
      // Also handles the error when all who waited have gone; it is kept in `#failure`.
      this.#running.then(done, done)
    }
    await unlessAborted(this.#running, signal)
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

  /** Its own small budget: the work is shared, and done once in days. */
  async #run(asking: Job | undefined): Promise<void> {
    const { clock, cache } = this.#engine.deps
    const { PRIMING_MS, PRIMING_QUERIES } = this.#engine.limits
    const amounts = { queries: PRIMING_QUERIES, bytes: 65_535, timeMs: PRIMING_MS, signatures: 0, hashes: 0 }
    const job: Job = {
      question: ROOT_NS,
      context: MAIN,
      origin: 'own',
      checkingDisabled: false,
      fresh: true,
      tcpOnly: asking?.tcpOnly ?? false,
      budget: new Budget(amounts, () => clock.monotonic()),
      flight: new Flight(),
      depth: 0,
      start: 'parent',
      askedRing: false,
      sent: 0,
      limited: false,
    }
    if (asking !== undefined) job.flight.listen(asking.flight.report)
    try {
      const root = await this.#ask(job)
      cache.putDelegation(MAIN, root, this.#engine.now())
      this.#last = root
      this.#failure = undefined
    } catch (error) {
      throw this.#remember(error)
    }
  }

  async #ask(job: Job): Promise<Delegation> {
    const hints = this.#engine.deps.options.rootHints
    const addresses = new Map(hints.map((hint) => [hint.name.key, hint.addresses]))
    const delegation: Delegation = {
      zone: ROOT,
      nameServers: hints.map((hint) => hint.name),
      addresses,
      ds: undefined,
      proofs: [],
      ttl: 0,
    }
    const source = { kind: 'delegated', delegation } as const
    const cut: Cut = { zone: ROOT, role: 'authority', source, cached: false }
    const result = await askZone(this.#engine, NO_FINDER, job, cut, ROOT_NS, this.#engine.limits.PRIMING_QUERIES)
    if (result.kind === 'failed') throw result.error
    if (result.reply.kind !== 'answer') throw new ChordnsError('RECURSE_FAILED', 'no NS set of the root', NO_ROOT)
    return rootDelegation(result.reply.outcome.rrset, result.message, hints)
  }

  #known(): Cut | undefined {
    const cached = this.#engine.deps.cache.delegation(MAIN, ROOT, this.#engine.now())
    if (cached === undefined) return undefined
    const source = { kind: 'delegated', delegation: cached.delegation } as const
    return { zone: ROOT, role: 'authority', source, cached: true }
  }

  /** Without a network every question would wait until all root servers have timed out. So questions fail at once for a while. */
  #remember(cause: unknown): RecurseFailed {
    const { PRIMING_REST_MS, MAX_PRIMING_REST_MS } = this.#engine.limits
    const count = (this.#failure?.count ?? 0) + 1
    const rest = Math.min(MAX_PRIMING_REST_MS, PRIMING_REST_MS * 2 ** Math.min(count - 1, 10))
    const text = `root servers do not answer: ${errorText(cause)}`
    const error = failed('no-servers', text, [{ code: 22, text }])
    this.#failure = { error, until: this.#engine.monotonic() + rest, count, outage: this.#engine.outage.ended }
    this.#engine.deps.log.warn({ code: error.code, failures: count, restMs: rest }, 'root servers do not answer')
    return error
  }
}

const NO_ROOT = { reason: 'no-servers', ede: [] } as const

/** Hints come with their addresses; a server without any is of no use before the root is known. */
const NO_FINDER: ServerFinder = {
  known: () => [],
  lookUp: async () => [],
  glue: () => [],
  askForGlue: async () => [],
}

/** Addresses come from the additional section; a root server without any keeps those of its hint. */
function rootDelegation(servers: RRset, message: Message, hints: readonly RootHint[]): Delegation {
  const nameServers: Name[] = servers.rdatas.map(nsName).slice(0, iteratorLimits.MAX_NS_KEPT)
  const addresses = new Map(glueOf(nameServers, groupRRsets(message.additionals), ROOT))
  for (const hint of hints) {
    const isServer = nameServers.some((name) => name.key === hint.name.key)
    if (isServer && !addresses.has(hint.name.key)) addresses.set(hint.name.key, hint.addresses)
  }
  return { zone: ROOT, nameServers, addresses, ds: undefined, proofs: [], ttl: servers.ttl }
}
