/** What this node knows of zones' keys: the links of all chains of trust from the anchors down. */
import { LRUCache } from 'lru-cache'
import type { CacheContext } from '../cache/index.ts'
import { type Name, Type } from '../dns/index.ts'
import type { ChainView, Need, TrustAnchor, ValidationContext, ZoneSecurity } from '../dnssec/index.ts'
import type { Outcome } from '../evidence/index.ts'
import type { Engine } from './engine.ts'

/** What validation goes by. A change of the anchors is a new recursor, or `Trust.forget`. */
export interface ValidationOptions {
  readonly anchors: () => readonly TrustAnchor[]
  /** At and below these nothing is validated (RFC 7646). */
  readonly negativeAnchors: readonly Name[]
  readonly algorithms: ReadonlySet<number>
  readonly digests: ReadonlySet<number>
  /** Unix seconds; not the machine's clock when an operator fixed the time of validation. */
  readonly now: () => number
}

export class Trust {
  readonly #options: ValidationOptions
  readonly #links: LRUCache<string, ZoneSecurity>
  readonly #view: ChainView = { get: (name) => this.#links.get(name.key) }

  constructor(options: ValidationOptions, maxLinks: number) {
    this.#options = options
    this.#links = new LRUCache({ max: maxLinks })
  }

  context(): ValidationContext {
    const { anchors, negativeAnchors, algorithms, digests, now } = this.#options
    return { anchors: anchors(), negativeAnchors, algorithms, digests, now: now(), chain: this.#view }
  }

  learnt(name: Name, link: ZoneSecurity): void {
    this.#links.set(name.key, link)
  }

  forget(): void {
    this.#links.clear()
  }
}

/**
 * The parent's word about a DS set that came with the referral: saves a question for each zone on the way. It is judged like
 * any other answer; undefined when the referral said nothing about it.
 */
export function dsFromDelegation(
  engine: Engine,
  context: CacheContext,
  { need, zone, parent }: Need,
): Outcome | undefined {
  if (need !== 'DS') return undefined
  const known = engine.deps.cache.delegation(context, zone, engine.now())?.delegation
  if (known === undefined || known.zone.key !== zone.key) return undefined
  if (known.ds?.type === Type.DS) return { kind: 'rrset', rrset: known.ds, apex: parent, proofs: [] }
  if (known.proofs.length === 0) return undefined
  return { kind: 'absent', rcode: 0, apex: parent, soa: undefined, proofs: known.proofs }
}
