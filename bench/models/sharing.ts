/**
 * What one name costs its authority when N members ask for it: each for itself, and over a ring. Time is virtual, from one
 * question to the next; requests between members take no time, and nobody lies. Whether and when replicas look is decided
 * by `Demand` and `pays` of src/chunks with its bounds; rounds follow docs/decisions/0015. A fetch is one upstream query:
 * the delegation is known to all.
 */
import { asPeerId, type PeerId } from '../../src/base/index.ts'
import { limits } from '../../src/chunks/limits.ts'
import { Demand, pays } from '../../src/chunks/rounds/machine/demand.ts'
import { evidenceLimits } from '../../src/evidence/index.ts'

export interface SharedName {
  /** Questions of one member per ms. */
  readonly rate: number
  readonly ttlSeconds: number
  /** Its zone is signed: one copy from anyone will do. */
  readonly signed: boolean
  /** The answer depends on where one asks: never agreed. */
  readonly divergent: boolean
}

export interface SharingRules {
  readonly members: number
  /** Replicas. */
  readonly n: number
  readonly admitAfter: 'auto' | number
  readonly acceptFrom: 'majority' | 'any-member'
  readonly untilMs: number
  /** Questions before this fill caches and are not counted. */
  readonly countFromMs: number
}

export interface Sums {
  questions: number
  /** Answered by the own cache. */
  cached: number
  /** Answered by the ring. */
  fromRing: number
  /** Own fetches for clients, and for observations. */
  fetches: number
  looks: number
  /** Fetches of as many separate resolvers for the same questions. */
  separate: number
}

export const noSums = (): Sums => ({ questions: 0, cached: 0, fromRing: 0, fetches: 0, looks: 0, separate: 0 })

/** What one run over one name needs, made once for many names. */
export class SharingModel {
  readonly #rules: SharingRules
  readonly #chance: () => number
  readonly #peers: readonly PeerId[]
  /** By member, ms: until when its cache answers; when it last fetched itself; the same for a separate resolver. */
  readonly #cachedUntil: Float64Array
  readonly #fetchedAt: Float64Array
  readonly #separateUntil: Float64Array

  constructor(rules: SharingRules, chance: () => number) {
    this.#rules = rules
    this.#chance = chance
    this.#peers = Array.from({ length: rules.members }, (_, i) => asPeerId(`12D3KooW${String(i).padStart(44, '1')}`))
    this.#cachedUntil = new Float64Array(rules.members)
    this.#fetchedAt = new Float64Array(rules.members)
    this.#separateUntil = new Float64Array(rules.members)
  }

  /** Adds what a name's questions came to. */
  run(name: SharedName, sums: Sums): void {
    const { members, untilMs, countFromMs } = this.#rules
    this.#cachedUntil.fill(0)
    this.#fetchedAt.fill(Number.NEGATIVE_INFINITY)
    this.#separateUntil.fill(0)
    const ring = new NameInRing(this.#rules, name, this.#replicas(), this.#peers, this.#fetchedAt, this.#cachedUntil)
    const ttlMs = name.ttlSeconds * 1_000
    const gap = 1 / (name.rate * members)
    let before: number | undefined
    for (let now = this.#wait(gap); now < untilMs; now += this.#wait(gap)) {
      const member = Math.floor(this.#chance() * members)
      const counts = now >= countFromMs
      if (counts) {
        sums.questions++
        before ??= ring.looks
      }
      if (this.#separateUntil[member]! <= now) {
        this.#separateUntil[member] = now + ttlMs
        if (counts) sums.separate++
      }
      if (this.#cachedUntil[member]! > now) {
        if (counts) sums.cached++
        continue
      }
      const copy = ring.read(member, now)
      if (copy !== undefined) {
        this.#cachedUntil[member] = copy
        if (counts) sums.fromRing++
        continue
      }
      this.#fetchedAt[member] = now
      this.#cachedUntil[member] = now + ttlMs
      if (counts) sums.fetches++
      ring.tell(member, now)
    }
    sums.looks += ring.looks - (before ?? ring.looks)
  }

  #wait(mean: number): number {
    return -Math.log(1 - this.#chance()) * mean
  }

  /** Distinct members, in ring order. */
  #replicas(): number[] {
    const chosen = new Set<number>()
    while (chosen.size < Math.min(this.#rules.n, this.#rules.members))
      chosen.add(Math.floor(this.#chance() * this.#rules.members))
    return [...chosen]
  }
}

class NameInRing {
  /** Own fetches of replicas for observations. */
  looks = 0
  readonly #rules: SharingRules
  readonly #name: SharedName
  readonly #replicas: readonly number[]
  readonly #peers: readonly PeerId[]
  readonly #fetchedAt: Float64Array
  readonly #cachedUntil: Float64Array
  readonly #ttlMs: number
  /** Tells and reads go to all replicas: what one remembers, all do. */
  readonly #asks = new Demand()
  readonly #rests: { until: number; failures: number; learned: number | undefined }[]
  /** The agreed entry, or the secure copy that came with a tell. */
  #entryUntil = 0

  constructor(
    rules: SharingRules,
    name: SharedName,
    replicas: readonly number[],
    peers: readonly PeerId[],
    fetchedAt: Float64Array,
    cachedUntil: Float64Array,
  ) {
    this.#rules = rules
    this.#name = name
    this.#replicas = replicas
    this.#peers = peers
    this.#fetchedAt = fetchedAt
    this.#cachedUntil = cachedUntil
    this.#ttlMs = name.ttlSeconds * 1_000
    this.#rests = replicas.map(() => ({ until: 0, failures: 0, learned: undefined }))
  }

  /** Until when the ring's answer holds; undefined when it has none. */
  read(member: number, now: number): number | undefined {
    if (this.#entryUntil > now) {
      if (!this.#replicas.includes(member)) this.#note(member, now)
      return this.#entryUntil
    }
    if (this.#name.signed || this.#name.divergent) return undefined
    const words = this.#words(now)
    if (this.#rules.acceptFrom === 'any-member') return words[0]
    return words[this.#quorum - 1]
  }

  /** After an own fetch: a question is told, a secure answer with its proof. */
  tell(member: number, now: number): void {
    if (this.#name.signed) {
      if (this.#name.ttlSeconds >= limits.MIN_SHARED_TTL_SECONDS) this.#entryUntil = now + this.#ttlMs
      return
    }
    this.#note(member, now)
    this.#want(now)
  }

  #note(member: number, now: number): void {
    this.#asks.count('', this.#peers[member]!, now)
  }

  /** The replicas in ring order, each after the one before it did not open. */
  #want(now: number): void {
    const { ttlSeconds } = this.#name
    const { n } = this.#rules
    const short = ttlSeconds < limits.MIN_SHARED_TTL_SECONDS
    for (const [place, replica] of this.#replicas.entries()) {
      const rest = this.#rests[place]!
      if (rest.until > now || !this.#pays(undefined, rest.learned, now)) continue
      const seen = this.#replicas.slice(0, place).some((other) => this.#hasSeen(other, now))
      // That a name is short-lived is agreed too, and holds ten minutes.
      const worthSeconds = short ? evidenceLimits.DIVERGENT_MS / 1000 : ttlSeconds
      const discouraged = seen && !this.#pays(worthSeconds, rest.learned, now)
      if (discouraged && this.#asks.of('', now).asks < 2 * n) continue
      this.#look(replica, now)
      rest.learned = worthSeconds
      if (!this.#pays(worthSeconds, rest.learned, now)) continue
      for (const other of this.#replicas) this.#look(other, now)
      if (this.#name.divergent) this.#diverge(now)
      else if (short) for (const one of this.#rests) one.until = now + evidenceLimits.DIVERGENT_MS
      else this.#close(now)
      return
    }
  }

  /** `learned`: by this replica, from an earlier look. */
  #pays(ttlSeconds: number | undefined, learned: number | undefined, now: number): boolean {
    const { admitAfter, n, members: ringSize } = this.#rules
    const absent = ttlSeconds === undefined ? undefined : false
    const demand = { ...this.#asks.of('', now), ...(learned !== undefined && { ttlSeconds: learned }) }
    const fetched = this.#replicas.filter((replica) => demand.peers.has(this.#peers[replica]!)).length
    return pays(demand, { admitAfter, n, ringSize, fetched, ttlSeconds, absent })
  }

  #hasSeen(member: number, now: number): boolean {
    // What was seen longer ago is nobody's evidence: it is fetched anew.
    const staleMs = evidenceLimits.MAX_AGREED_SECONDS * 1_000 * limits.STALE_PART
    return this.#fetchedAt[member]! + Math.min(this.#ttlMs, staleMs) > now
  }

  #look(replica: number, now: number): void {
    if (this.#hasSeen(replica, now)) return
    this.looks++
    this.#fetchedAt[replica] = now
    this.#cachedUntil[replica] = now + this.#ttlMs
  }

  /** Whether it rotates is seen in further rounds, in which all fetch anew; then what is agreed is that it diverges. */
  #diverge(now: number): void {
    this.looks += (evidenceLimits.MAX_ROUNDS - 1) * this.#replicas.length
    for (const replica of this.#replicas) {
      this.#fetchedAt[replica] = now
      this.#cachedUntil[replica] = now + this.#ttlMs
    }
    for (const one of this.#rests) {
      one.until = now + evidenceLimits.DIVERGENT_MS
      one.learned = evidenceLimits.DIVERGENT_MS / 1000
    }
  }

  #close(now: number): void {
    const until = this.#words(now)[this.#quorum - 1]
    if (until !== undefined) {
      this.#entryUntil = until
      for (const rest of this.#rests) rest.failures = 0
      return
    }
    for (const rest of this.#rests) {
      const doubled = limits.BACKOFF_MS * 2 ** Math.min(rest.failures++, 10)
      rest.until = now + Math.min(doubled, limits.MAX_BACKOFF_MS)
    }
  }

  /** Until when each replica's own observation holds, latest first. */
  #words(now: number): number[] {
    const cap = evidenceLimits.MAX_AGREED_SECONDS * 1_000
    const words: number[] = []
    for (const replica of this.#replicas) {
      if (!this.#hasSeen(replica, now)) continue
      words.push(this.#fetchedAt[replica]! + Math.min(this.#ttlMs, cap))
    }
    return words.sort((a, b) => b - a)
  }

  get #quorum(): number {
    return Math.max(evidenceLimits.MIN_SIGNERS, Math.floor(this.#rules.n / 2) + 1)
  }
}
