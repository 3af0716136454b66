/**
 * Who asked for what: whether agreement pays. Agreement costs n own fetches a TTL; taken literally (observe at the first miss)
 * a large ring asks the authorities more often than separate resolvers would. So it waits for demand.
 */
import type { PeerId } from '../../../base/index.ts'
import { limits } from '../../limits.ts'

/** The recent demand for one question. */
export interface QuestionDemand {
  /** Distinct members within the window. */
  readonly members: number
  readonly peers: ReadonlySet<PeerId>
  /** Times that somebody asked. */
  readonly asks: number
  /** Ms from the first ask kept to now. */
  readonly spanMs: number
  readonly lastMs: number
  /** Of the last answer that this node saw itself, expired or not. */
  readonly ttlSeconds?: number
}

export const NO_DEMAND: QuestionDemand = {
  members: 0,
  peers: new Set(),
  asks: 0,
  spanMs: 0,
  lastMs: Number.NEGATIVE_INFINITY,
}

export interface Worth {
  readonly admitAfter: 'auto' | number
  readonly n: number
  /** Members of the ring: so many can ask within a TTL, each once. */
  readonly ringSize: number
  /** Replicas that asked, and so have fetched it for their own clients: their observation costs nothing. */
  readonly fetched: number
  /** The name's TTL if known. */
  readonly ttlSeconds: number | undefined
  /** Undefined: not known yet. */
  readonly absent: boolean | undefined
}

/**
 * Whether a round for a question with this demand pays. `auto`: it must spare further members clearly more fetches than it costs
 * replicas, since what it costs is certain and at once, and what it spares is predicted, and later.
 */
export function pays(demand: QuestionDemand, worth: Worth): boolean {
  const { admitAfter, absent, n, fetched } = worth
  if (isTooLittle(demand, admitAfter)) return false
  if (admitAfter !== 'auto') return true
  if (absent === true && demand.members < limits.MIN_ASKERS_OF_ABSENCE) return false
  return furtherAskers(demand, worth) >= limits.PAYS_TIMES * Math.max(limits.LEAST_COST, n - fetched)
}

/** Whether too few members asked for a round to pay, whatever the name is and the ring: true of most questions. */
export function isTooLittle({ members }: QuestionDemand, admitAfter: 'auto' | number): boolean {
  return members < (admitAfter === 'auto' ? limits.MIN_ASKERS_AUTO : admitAfter)
}

/** Members that will ask for the first time within the TTL. */
function furtherAskers(demand: QuestionDemand, { n, ringSize, ttlSeconds }: Worth): number {
  // k asks in a time t: k-1 gaps. A gap is not taken for shorter than it would be at the rate that just pays, so that two
  // asks in the same second do not predict thousands.
  const ttlMs = (ttlSeconds ?? demand.ttlSeconds ?? limits.SUPPOSED_TTL_SECONDS) * 1000
  const asks = ((demand.asks - 1) * ttlMs) / Math.max(demand.spanMs, ttlMs / n)
  const others = Math.max(0, ringSize - demand.members)
  return others * (1 - Math.exp(-asks / ringSize))
}

interface Asked {
  readonly asks: readonly { readonly peer: PeerId; readonly at: number }[]
  readonly ttlSeconds: number | undefined
}

/** Bounded memory of demand by question key; the question asked for longest ago is forgotten first. */
export class Demand {
  readonly #asked = new Map<string, Asked>()

  /** A member asked, or one that keeps a copy, for so many. `now` is monotonic ms. */
  count(key: string, peer: PeerId, now: number, times = 1): void {
    const asks = this.#recent(key, now)
    const isNew = !asks.some((ask) => ask.peer === peer && now - ask.at < limits.SAME_ASKER_MS)
    if (isNew) for (let i = 0; i < Math.min(times, limits.ASKS_OF_A_COPY); i++) asks.push({ peer, at: now })
    const ttlSeconds = this.#asked.get(key)?.ttlSeconds
    this.#asked.delete(key)
    this.#asked.set(key, { asks: asks.slice(-limits.MAX_ASKS_KEPT), ttlSeconds })
    if (this.#asked.size > limits.MAX_ASKED) this.#asked.delete(this.#asked.keys().next().value!)
  }

  /** A TTL that this node saw itself: to observe again only to learn it would cost a fetch. Only of what somebody asked for. */
  learn(key: string, ttlSeconds: number): void {
    const asked = this.#asked.get(key)
    if (asked !== undefined) this.#asked.set(key, { ...asked, ttlSeconds })
  }

  of(key: string, now: number): QuestionDemand {
    const ttlSeconds = this.#asked.get(key)?.ttlSeconds
    const learned = ttlSeconds === undefined ? {} : { ttlSeconds }
    const asks = this.#recent(key, now)
    const first = asks[0]
    if (first === undefined) return { ...NO_DEMAND, ...learned }
    const peers = new Set(asks.map((ask) => ask.peer))
    return {
      members: peers.size,
      peers,
      asks: asks.length,
      spanMs: now - first.at,
      lastMs: asks.at(-1)!.at,
      ...learned,
    }
  }

  #recent(key: string, now: number): { readonly peer: PeerId; readonly at: number }[] {
    return (this.#asked.get(key)?.asks ?? []).filter((ask) => now - ask.at < limits.ASK_WINDOW_MS)
  }
}
