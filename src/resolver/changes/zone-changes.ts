/**
 * A zone that changed says so: by NOTIFY (RFC 1996), or by a newer serial in an SOA that passes by. What is asked for of it is then
 * fetched anew before its TTL ends. Both are hints to look and no more: what is served comes from the servers of the zone, by own
 * iteration, as always. Whoever forges a NOTIFY makes this node ask for an SOA once in a while.
 */
import { Budget, type Cancel, type Clock, equalBytes, errorText, isChordnsError, type Log } from '../../base/index.ts'
import type { Cache, CacheEntry } from '../../cache/index.ts'
import { Class, cnameTarget, isSubdomain, type Name, type Question, sameName, Type } from '../../dns/index.ts'
import { contentDigest, type Finding } from '../../evidence/index.ts'
import type { Recursor } from '../../recurse/index.ts'
import { limits } from '../limits.ts'
import { HotQuestions } from './hot.ts'
import { isNewer, serialIn } from './serials.ts'
import { isServerOf } from './servers.ts'
import { ZoneBook, type ZoneState } from './zone-book.ts'

export interface ZoneChangesDeps {
  readonly cache: Cache
  readonly recursor: Pick<Recursor, 'resolve' | 'contextOf'>
  readonly clock: Clock
  readonly log: Log
}

export interface ZoneChangesHooks {
  /** What this node fetched is another content than it had. Owes nothing; it must not throw. */
  readonly onChanged: (question: Question, finding: Finding) => void
}

export interface ZoneChangesStats {
  /** NOTIFYs of servers of their zones, and of others. */
  readonly notified: number
  readonly refused: number
  /** Queries for a serial, records fetched anew, and those of them that were others than before. */
  readonly looks: number
  readonly fetched: number
  readonly changed: number
}

const MAIN = 'main'

export class ZoneChanges {
  readonly #deps: ZoneChangesDeps
  readonly #hooks: ZoneChangesHooks
  readonly #hot = new HotQuestions(limits.HOT_QUESTIONS)
  readonly #zones = new ZoneBook(limits.MAX_WATCHED_ZONES, limits.PASS_GAP_MS)
  readonly #timers = new Set<Cancel>()
  readonly #stopping = new AbortController()
  readonly #counts = { notified: 0, refused: 0, looks: 0, fetched: 0, changed: 0 }
  #inWork = 0

  constructor(deps: ZoneChangesDeps, hooks: ZoneChangesHooks) {
    this.#deps = deps
    this.#hooks = hooks
  }

  stats(): ZoneChangesStats {
    return { ...this.#counts }
  }

  stop(): void {
    this.#stopping.abort()
    for (const cancel of this.#timers) cancel()
    this.#timers.clear()
  }

  /** A client asked for it. */
  asked(question: Question): void {
    this.#hot.note(question)
  }

  /** This node has kept an answer: the serial in it may be newer than the one that the zone's records came with. */
  stored({ side, outcome }: Pick<CacheEntry, 'side' | 'outcome'>): void {
    if (side !== 'own') return
    const found = serialIn(outcome)
    if (found === undefined || !isWatched(found.zone)) return
    const state = this.#zones.of(found.zone)
    if (!learn(state, found.serial) || state.isLooking || state.isRefreshing) return
    const now = this.#deps.clock.monotonic()
    if (now < state.nextPass) return
    state.nextPass = now + state.gapMs
    // Not from inside the cache.
    this.#later(0, async () => {
      // A zone may have a new serial with every answer: what was asked for once only is not worth it.
      const isUseful = await this.#refresh(state, 2)
      if (isUseful !== undefined)
        state.gapMs = isUseful ? limits.PASS_GAP_MS : Math.min(2 * state.gapMs, limits.MAX_PASS_GAP_MS)
      state.nextPass = this.#deps.clock.monotonic() + state.gapMs
    })
  }

  /** `from`: the address that the NOTIFY came from. False: it is none of the servers of the zone, as this node knows them. */
  notified(zone: Name, from: string): boolean {
    const { cache, clock } = this.#deps
    const isOurs = this.#deps.recursor.contextOf(soaOf(zone)) !== MAIN
    if (isOurs || !isWatched(zone) || !isServerOf(cache, zone, from, clock.now())) {
      this.#counts.refused++
      return false
    }
    this.#counts.notified++
    const state = this.#zones.of(zone)
    // What the look that waits or runs does not see, the next one will.
    state.looksLeft = limits.LOOKS_PER_NOTIFY
    if (!state.isLooking) this.#lookSoon(state)
    return true
  }

  /** At the zone's next turn. */
  #lookSoon(state: ZoneState): void {
    if (state.looksLeft === 0 || this.#stopping.signal.aborted) return
    state.isLooking = true
    this.#later(Math.max(0, state.nextLook - this.#deps.clock.monotonic()), async () => {
      // All are busy: at another time.
      const hasRoom = this.#inWork < limits.MAX_LOOKS
      state.nextLook = this.#deps.clock.monotonic() + limits.LOOK_GAP_MS
      if (hasRoom) {
        state.looksLeft--
        if (await this.#look(state)) state.looksLeft = 0
      }
      state.isLooking = false
      this.#lookSoon(state)
    })
  }

  /** True when the zone had changed, and what is asked for of it is as it is now. A secondary may not have the change yet. */
  async #look(state: ZoneState): Promise<boolean> {
    const before = state.serial
    this.#counts.looks++
    const finding = await this.#fetch(soaOf(state.zone))
    const found = finding && serialIn(finding.outcome)
    if (found === undefined || !sameName(found.zone, state.zone)) return false
    learn(state, found.serial)
    if (before !== undefined && !isNewer(found.serial, before)) return false
    this.#deps.log.debug({ serial: found.serial }, 'a zone has changed: what is asked for of it is fetched anew')
    const isUseful = await this.#refresh(state, 1)
    // Another server than the one that told may have answered. Without anything to hold it against, once is enough.
    if (isUseful === false && before !== undefined) {
      await this.#pause(limits.LOOK_GAP_MS)
      await this.#refresh(state, 1)
    }
    return true
  }

  /** Whether any of the zone's records that are asked for was another one. Undefined: there are none. */
  async #refresh(state: ZoneState, leastAsked: number): Promise<boolean | undefined> {
    if (state.isRefreshing) return undefined
    const questions = this.#hotOf(state.zone, leastAsked)
    if (questions.length === 0) return undefined
    state.isRefreshing = true
    try {
      let changed = 0
      const queue = questions.values()
      const worker = async () => {
        for (const one of queue) if (await this.#fetchAnew(one)) changed++
      }
      await Promise.all(Array.from({ length: limits.REFRESH_IN_FLIGHT }, worker))
      return changed > 0
    } finally {
      state.isRefreshing = false
    }
  }

  /** Of what was asked for lately, along aliases, the links that the cache has from this zone. */
  #hotOf(zone: Name, leastAsked: number): CacheEntry[] {
    const { cache, clock } = this.#deps
    const now = clock.now()
    const found = new Map<string, CacheEntry>()
    for (const asked of this.#hot.all(leastAsked)) {
      let question: Question | undefined = asked
      for (let links = 0; question !== undefined && links < limits.MAX_CNAME_CHAIN; links++) {
        const entry = cache.get(MAIN, question, now)
        if (entry === undefined) break
        if (sameName(entry.outcome.apex, zone) && isSubdomain(question.name, zone) && isWorth(entry, now))
          found.set(`${question.type} ${question.name.key}`, entry)
        if (found.size >= limits.MAX_REFRESHED) return [...found.values()]
        question = nextLink(question, entry)
      }
    }
    return [...found.values()]
  }

  /** True when the answer is another one now, and is what is served. */
  async #fetchAnew({ question, outcome }: CacheEntry): Promise<boolean> {
    this.#counts.fetched++
    const finding = await this.#fetch(question)
    if (finding === undefined) return false
    if (equalBytes(contentDigest(question, outcome), contentDigest(question, finding.outcome))) return false
    this.#counts.changed++
    preferOwn(this.#deps.cache, question, this.#deps.clock.now())
    this.#hooks.onChanged(question, finding)
    return true
  }

  async #fetch(question: Question): Promise<Finding | undefined> {
    const { recursor, clock, log } = this.#deps
    const { signal } = this.#stopping
    this.#inWork++
    try {
      const budget = new Budget(limits.REFRESH, () => clock.monotonic())
      return await recursor.resolve({ question, budget, signal, origin: 'own', checkingDisabled: false, fresh: true })
    } catch (error) {
      if (!isChordnsError(error)) log.warn({ error: errorText(error) }, 'fetching anew failed unexpectedly')
      return undefined
    } finally {
      this.#inWork--
    }
  }

  #later(ms: number, work: () => Promise<void>): void {
    if (this.#stopping.signal.aborted) return
    const cancel = this.#deps.clock.after(ms, () => {
      this.#timers.delete(cancel)
      void work()
    })
    this.#timers.add(cancel)
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#later(ms, async () => resolve()))
  }
}

/** Others than the root and the zones below it: these change all the time, and what a node has of them are delegations. */
function isWatched(zone: Name): boolean {
  return zone.labels >= limits.LEAST_WATCHED_LABELS
}

/** True when it is newer than one that was known. Servers that lag behind do not take it back. */
function learn(state: ZoneState, serial: number): boolean {
  const { serial: before } = state
  if (before === undefined || isNewer(serial, before)) state.serial = serial
  return before !== undefined && isNewer(serial, before)
}

/** What ends soon ends by itself; what is bogus is no answer. */
function isWorth({ expires, security }: CacheEntry, now: number): boolean {
  return security !== 'bogus' && expires - now > limits.LEAST_REFRESHED_MS
}

function nextLink({ type, ...question }: Question, { outcome }: CacheEntry): Question | undefined {
  if (outcome.kind !== 'rrset' || outcome.rrset.type !== Type.CNAME || type === Type.CNAME) return undefined
  const [target] = outcome.rrset.rdatas
  return target && { ...question, type, name: cnameTarget(target) }
}

/**
 * A member's own newer observation takes the place of what one other member said, and of an older signed answer. What the ring has agreed
 * on stays until it agrees anew: one node's way to an authority may be hijacked.
 */
function preferOwn(cache: Cache, question: Question, now: number): void {
  const own = cache.get(MAIN, question, now, { side: 'own' })
  const ring = cache.get(MAIN, question, now, { side: 'ring' })
  if (own === undefined || ring === undefined || own.security === 'bogus') return
  if (own.rank < ring.rank && ring.provenance !== 'solo') return
  if (ring.security === 'secure' && own.security !== 'secure') return
  cache.remove(MAIN, question)
  cache.put(MAIN, own, now)
}

function soaOf(zone: Name): Question {
  return { name: zone, type: Type.SOA, class: Class.IN }
}
