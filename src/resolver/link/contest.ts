/**
 * The contest of ring and own iteration for a link that the cache does not have. Which of them begins, and how long the other
 * one waits, is a matter of `order` and of what the ring's digests name; which of them wins is decided in `race.ts`.
 */
import { ChordnsError, unlessAborted } from '../../base/index.ts'
import type { Chunks, RingDivergence } from '../../chunks/index.ts'
import type { Question } from '../../dns/index.ts'
import { type Finding, isDelegation } from '../../evidence/index.ts'
import type { RecurseRequest } from '../../recurse/index.ts'
import { limits } from '../limits.ts'
import { mayServe } from './acceptance.ts'
import { asDivergent, isWithin } from './divergent.ts'
import { type Contender, race } from './race.ts'
import { keepRingCopy, readRing } from './ring-copy.ts'
import { type Search, winner } from './types.ts'

/** The other one starts only when the first has failed. */
const NEVER_MS = 2 ** 30

/** Rejects with RECURSE_FAILED, BUDGET_SPENT, STRICT_REFUSED or ABORTED. */
export async function find(search: Search): Promise<Finding> {
  const { clock } = search.deps
  const { question, onStep } = search.request
  const started = clock.monotonic()
  const { finding, by } = await bestOf(search)
  onStep?.(winner(question, by, clock.monotonic() - started))
  return finding
}

/** Own iteration alone. `fresh`: what the cache has is not looked at. */
export function iterate(search: Search, signal: AbortSignal, fresh = false): Promise<Finding> {
  return search.deps.recursor.resolve({ ...recursion(search, signal), fresh })
}

interface Found {
  readonly finding: Finding
  readonly by: 'cache' | 'ring' | 'iteration'
}

async function bestOf(search: Search): Promise<Found> {
  const { deps, context, request } = search
  const { question, signal } = request
  const { chunks, recursor } = deps
  if (chunks === undefined || context !== 'main' || isDelegation(question)) {
    const finding = await iterate(search, signal)
    if (!mayServe(search, finding)) throw strictRefusal(question)
    return { finding, by: 'iteration' }
  }
  // Nobody is asked for what is proven already, and the replicas need not hear of a name that nobody looked up.
  const inferred = recursor.infer(recursion(search, signal))
  return inferred === undefined ? contest(search, chunks) : { finding: inferred, by: 'cache' }
}

async function contest(search: Search, chunks: Chunks): Promise<Found> {
  const { deps, options, request } = search
  const { question, signal, onStep, budget } = request
  const { ring, own } = new Contest(search, chunks)
  const ownFirst = async (hedgeMs: number): Promise<Found> => {
    const { value, by } = await race(deps.clock, own, ring, { hedgeMs, signal, keepFirst: false })
    return { finding: value, by: by === 'first' ? 'iteration' : 'ring' }
  }
  const ringFirst = async (hedgeMs: number): Promise<Found> => {
    const { value, by } = await race(deps.clock, ring, own, { hedgeMs, signal, keepFirst: true })
    return { finding: value, by: by === 'first' ? 'ring' : 'iteration' }
  }
  // Strict: what nobody vouches for is no answer, so the ring is waited for in any case.
  if (!options.strict && chunks.expects(question) === 'no') {
    onStep?.({ kind: 'ring', question, elapsedMs: 0, outcome: 'not asked: no digest names it', replies: [] })
    // A digest may be seconds old: where own iteration fails, the ring has its say all the same.
    return ownFirst(NEVER_MS)
  }
  const wholeTimeMs = Math.max(1, budget.timeLeft())
  switch (options.order) {
    case 'race':
      return ringFirst(options.hedgeMs === 'auto' ? chunks.hedgeMs() : options.hedgeMs)
    case 'ring':
      return ringFirst(wholeTimeMs)
    case 'iterate':
      return ownFirst(wholeTimeMs)
  }
}

/** Both ways to one link. What one of them hears changes what the other one's answer is worth. */
class Contest {
  readonly #search: Search
  readonly #chunks: Chunks
  /** Settled when the ring has said what it has to say. */
  readonly #heard = Promise.withResolvers<void>()
  #divergence: RingDivergence | undefined
  /** What own iteration found. */
  #own: Finding | undefined

  constructor(search: Search, chunks: Chunks) {
    this.#search = search
    this.#chunks = chunks
  }

  readonly ring: Contender<Finding> = { run: (signal, hurry) => this.#readRing(signal, hurry) }
  readonly own: Contender<Finding> = { run: (signal) => this.#iterate(signal) }

  async #readRing(signal: AbortSignal, hurry: () => void): Promise<Finding | undefined> {
    try {
      const copy = await readRing(this.#search, this.#chunks, signal, hurry)
      if (copy?.kind !== 'divergent') return copy?.finding
      this.#divergence = copy.divergence
      return this.#own === undefined ? undefined : this.#servable(this.#own)
    } finally {
      this.#heard.resolve()
    }
  }

  async #iterate(signal: AbortSignal): Promise<Finding> {
    const { options, request } = this.#search
    const { question, onStep } = request
    const finding = await iterate(this.#search, signal)
    this.#own = finding
    const isAwaited = options.strict && this.#servable(finding) === undefined
    const ended = new AbortController()
    // It is listened before the replicas are told: they may be quick.
    const agreed = isAwaited ? this.#whenAgreed(AbortSignal.any([signal, ended.signal])) : Promise.resolve(undefined)
    agreed.catch(() => {})
    this.#chunks.tell(question, finding.outcome, finding.evidence.security, { isAwaited })
    onStep?.({ kind: 'told', question })
    try {
      // What nobody else has seen may turn out to be a name that everybody sees differently.
      if (options.order !== 'iterate' && this.#servable(finding) === undefined)
        await unlessAborted(this.#heard.promise, signal)
      const servable = this.#servable(finding) ?? (await agreed)
      if (servable === undefined) throw strictRefusal(question)
      return servable
    } finally {
      ended.abort()
    }
  }

  /** Strict: the replicas are told that a stub waits, and most likely they agree on the question now. */
  async #whenAgreed(signal: AbortSignal): Promise<Finding | undefined> {
    const { question, budget } = this.#search.request
    const withinMs = Math.min(limits.STRICT_WAITS_MS, budget.timeLeft() / 2)
    return (await this.#chunks.agreed(question, withinMs, signal)) ? this.#readRing(signal, () => {}) : undefined
  }

  /** What own iteration found, in the light of what the ring says of the name; undefined: not to be served. */
  #servable(finding: Finding): Finding | undefined {
    const seen = asDivergent(finding, this.#divergence)
    if (!mayServe(this.#search, seen, this.#divergence)) return undefined
    if (seen !== finding && isWithin(seen, this.#divergence)) keepRingCopy(this.#search, seen)
    return seen
  }
}

function recursion({ context, request }: Search, signal: AbortSignal): RecurseRequest {
  const { question, budget, checkingDisabled, forTimeServer, onStep } = request
  return {
    question,
    budget,
    signal,
    origin: 'any',
    checkingDisabled,
    context,
    ...(forTimeServer !== undefined && { forTimeServer }),
    ...(onStep !== undefined && { onStep }),
  }
}

function strictRefusal(question: Question): ChordnsError<'STRICT_REFUSED', { question: Question }> {
  return new ChordnsError('STRICT_REFUSED', 'strict: neither signed nor agreed by the ring', { question })
}
