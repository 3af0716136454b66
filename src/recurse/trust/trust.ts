/** What this node knows of zones' keys: the links of all chains of trust from the anchors down. */
import { latin1, RecentMap } from '../../base/index.ts'
import type { Reach } from '../../cache/index.ts'
import { isSubdomain, type Name, type RRset } from '../../dns/index.ts'
import {
  anchorOf,
  type ChainView,
  type TrustAnchor,
  type ValidationContext,
  type ZoneSecurity,
} from '../../dnssec/index.ts'

import type { ValidationOptions } from '../job/options.ts'
import { isReached } from '../job/reach.ts'
import type { RecurseLimits } from '../limits.ts'

export interface TrustDeps {
  readonly limits: RecurseLimits
  readonly now: () => number
  readonly monotonic: () => number
  /** The times of signatures do not count: for one answer only, never for what is kept. */
  readonly anyTime?: boolean
  /** How often this machine has come to another network: what was bogus on the last one may not be so on this one. */
  readonly moves?: () => number
}

/** A link ends when its term does, whatever is done to the wall clock meanwhile. */
interface KnownLink {
  readonly link: ZoneSecurity
  /** Monotonic ms. */
  readonly until: number
}

export class Trust {
  readonly #options: ValidationOptions
  readonly #deps: TrustDeps
  readonly #links: RecentMap<string, KnownLink>
  readonly #view: ChainView = { get: (name) => this.#current(this.#links.get(name.key)) }
  /** When the keys of a zone may be asked for again, since data is signed by another, monotonic ms. */
  readonly #renewals: RecentMap<string, number>
  #anchors: readonly TrustAnchor[]
  #epoch = 0
  #moves = 0
  /** How far the wall clock is ahead of the monotonic one. */
  #wallAhead: number

  constructor(options: ValidationOptions, deps: TrustDeps) {
    this.#options = options
    this.#deps = deps
    this.#links = new RecentMap({ max: deps.limits.CHAIN_REMEMBERED })
    this.#renewals = new RecentMap({ max: deps.limits.CHAIN_REMEMBERED })
    this.#anchors = options.anchors()
    this.#wallAhead = deps.now() - deps.monotonic()
  }

  /**
   * Another number after the anchors have changed, or the wall clock was set: what was derived from them, or validated by that clock,
   * is void.
   */
  get epoch(): number {
    this.#noticeStep()
    this.#noticeMove()
    const anchors = this.#options.anchors()
    if (anchors !== this.#anchors) {
      const areOthers = textOf(anchors) !== textOf(this.#anchors)
      this.#anchors = anchors
      if (areOthers) this.forget()
    }
    return this.#epoch
  }

  #noticeStep(): void {
    const ahead = this.#deps.now() - this.#deps.monotonic()
    const isStep = Math.abs(ahead - this.#wallAhead) > this.#deps.limits.CLOCK_STEP_MS
    this.#wallAhead = ahead
    if (isStep) this.forget()
  }

  #noticeMove(): void {
    const moves = this.#deps.moves?.() ?? 0
    if (moves === this.#moves) return
    this.#moves = moves
    for (const [key, { link }] of [...this.#links.entries()])
      if (link.status === 'bogus' || link.status === 'unproven') this.#links.delete(key)
  }

  get isAggressive(): boolean {
    return this.#options.aggressive ?? true
  }

  context(): ValidationContext {
    const { anchoredAt, negativeAnchors, algorithms, digests, now } = this.#options
    void this.epoch
    return {
      anchors: this.#anchors,
      anchoredAt,
      negativeAnchors,
      algorithms,
      digests,
      now: now(),
      chain: this.#view,
      anyTime: this.#deps.anyTime,
    }
  }

  /** True when the keys of a zone with these DS records will be needed: it can be validated, and they are not known. */
  needsKeys(zone: Name, ds: RRset): boolean {
    const { algorithms } = this.#options
    const link = this.#current(this.#links.peek(zone.key))
    const isKnown = link !== undefined && link.status !== 'delegated'
    return !isKnown && !this.isExempt(zone) && ds.rdatas.some((rdata) => algorithms.has(rdata[2] ?? -1))
  }

  learnt(name: Name, link: ZoneSecurity): void {
    const until = this.#deps.monotonic() + (link.expires - this.#options.now()) * 1000
    this.#links.set(name.key, { link, until })
  }

  /** True once in a while for each zone. */
  mayRenewKeys(zone: Name): boolean {
    const now = this.#deps.monotonic()
    if ((this.#renewals.get(zone.key) ?? 0) > now) return false
    this.#renewals.set(zone.key, now + this.#deps.limits.RENEW_KEYS_MS)
    return true
  }

  forget(): void {
    this.#links.clear()
    this.#epoch++
  }

  /** What is built on the links that go is built anew, since they are asked for again. Returns how many there were. */
  forgetAt(name: Name, reach: Reach): number {
    const gone = [...this.#links.keys()].filter((key) => isReached(key, name, reach))
    for (const key of gone) this.#links.delete(key)
    return gone.length
  }

  /** Labels of the deepest name at or above `name` that is known to begin a zone, signed or not; 0 when none is. */
  deepestCut(name: Name): number {
    const anchored = anchorOf(name, { anchors: this.#anchors, anchoredAt: this.#options.anchoredAt })?.zone.labels ?? 0
    let at = 0
    for (let labels = name.labels; labels > anchored; labels--) {
      const link = this.#links.peek(name.key.slice(at))?.link
      if (link !== undefined && link.status !== 'inside' && link.status !== 'unproven') return labels
      at += 1 + name.key.charCodeAt(at)
    }
    return anchored
  }

  /** The link with its term by the wall clock of now. */
  #current(known: KnownLink | undefined): ZoneSecurity | undefined {
    if (known === undefined) return undefined
    const left = (known.until - this.#deps.monotonic()) / 1000
    return left <= 0 ? undefined : { ...known.link, expires: this.#options.now() + left }
  }

  /** True at and below a negative trust anchor. */
  isExempt(name: Name): boolean {
    return this.#options.negativeAnchors.some((zone) => isSubdomain(name, zone))
  }
}

function textOf(anchors: readonly TrustAnchor[]): string {
  return anchors.map(({ zone, ds, keys }) => `${zone.key} ${ds.map(latin1)} ${keys.map(latin1)}`).join('\n')
}
