/**
 * Delegations that outlive their removal (B11): of zones that the operator names, the last one that the ring has agreed on is remembered, and used while the
 * parent says that there is no such zone. The ledger does this for names that are registered or claimed there; this is for those that are not.
 */
import { type Clock, errorText, type Log } from '../../base/index.ts'
import type { CacheContext } from '../../cache/index.ts'
import {
  canonicalName,
  type Delegation,
  isSubdomain,
  type Name,
  nameToText,
  parentName,
  Rcode,
} from '../../dns/index.ts'
import type { TrustAnchor } from '../../dnssec/index.ts'
import type { Finding } from '../../evidence/index.ts'
import type { DelegationSource } from '../../recurse/index.ts'
import type { KeptUses } from '../../resolver/index.ts'
import { keptLimits as limits } from '../limits.ts'

export interface KeptDelegation {
  readonly delegation: Delegation
  /** Unix ms: when it was read of the ring last. */
  readonly at: number
}

/** Where they outlive this process. */
export interface KeptStore {
  get(zone: Name): KeptDelegation | undefined
  put(kept: KeptDelegation): void
  delete(zone: Name): void
}

export interface KeptDeps {
  readonly clock: Clock
  readonly log: Log
  readonly delegations: DelegationSource
  /** Undefined: they end with this process. */
  readonly store: () => KeptStore | undefined
}

export interface KeptHooks {
  /** What was derived of the zone by the parent's word, or by a kept delegation, is void. */
  readonly onChanged: (zone: Name) => void
}

export interface KeptOptions {
  readonly zones: readonly Name[]
  /** So long after the ring's last word. */
  readonly keepMs: number
}

export class KeptDelegations implements KeptUses {
  readonly #deps: KeptDeps
  readonly #hooks: KeptHooks
  readonly #options: KeptOptions
  /** By the key of the zone; null: there is none on disk either. */
  readonly #kept = new Map<string, KeptDelegation | null>()
  /** Zones that their parent has taken away, and until when that is believed, monotonic ms. */
  readonly #removed = new Map<string, number>()
  /** When the ring is asked again, monotonic ms. */
  readonly #due = new Map<string, number>()

  constructor(deps: KeptDeps, hooks: KeptHooks, options: KeptOptions) {
    this.#deps = deps
    this.#hooks = hooks
    this.#options = options
  }

  /** The context of a zone that was taken away and is resolved all the same. */
  contextOf(name: Name): CacheContext | undefined {
    const zone = this.#inUse(name)
    return zone && contextFor(zone)
  }

  delegationOf(context: CacheContext): Delegation | undefined {
    const zone = this.#options.zones.find((one) => contextFor(one) === context)
    return zone && this.#keptOf(zone)?.delegation
  }

  /** Where the kept delegation has keys, what its owner signs is held against them. */
  anchoredAt(name: Name): TrustAnchor | undefined {
    const zone = this.#inUse(name)
    const ds = zone && this.#keptOf(zone)?.delegation.ds
    return zone && ds && { zone, ds: ds.rdatas, keys: [] }
  }

  /** Zones in use whose kept delegation has no keys: the parent’s denial does not make them bogus. */
  unsigned(): readonly Name[] {
    return this.#options.zones.filter(
      (zone) =>
        this.#isRemoved(zone) && this.#keptOf(zone) !== undefined && this.#keptOf(zone)?.delegation.ds === undefined,
    )
  }

  /** By what a name is resolved now; undefined: by what its parent says. */
  useFor(name: Name): { readonly zone: Name; readonly why: string } | undefined {
    const zone = this.#inUse(name)
    const kept = zone && this.#keptOf(zone)
    if (zone === undefined || kept === undefined) return undefined
    const text = nameToText(zone)
    const why = `${nameToText(parentName(zone))} says that ${text} does not exist; resolved by the delegation that the ring agreed on last, of ${new Date(kept.at).toISOString()}, as configured`
    return { zone, why }
  }

  /** What the DNS says of a name. True: its zone was taken away, and is resolved by the kept delegation from now on, for a while. */
  heard(name: Name, { outcome, expires }: Finding): boolean {
    const zone = this.#zoneOf(name)
    if (zone === undefined) return false
    const isAbove = outcome.apex.labels < zone.labels && isSubdomain(zone, outcome.apex)
    if (!isAbove) {
      this.#learn(zone)
      return false
    }
    // Without SOA it is nobody's word. A type that the parent has none of at the zone's name says the same as NXDOMAIN.
    const isDenied = outcome.kind === 'absent' && outcome.soa !== undefined
    const isOfZone = outcome.kind === 'absent' && (outcome.rcode === Rcode.NXDOMAIN || name.key === zone.key)
    if (!isDenied || !isOfZone || this.#keptOf(zone) === undefined) return false
    const ms = Math.min(Math.max(expires - this.#deps.clock.now(), limits.LEAST_REMOVED_MS), limits.MOST_REMOVED_MS)
    const wasInUse = this.#isRemoved(zone)
    this.#removed.set(zone.key, this.#deps.clock.monotonic() + ms)
    if (!wasInUse) {
      this.#hooks.onChanged(zone)
      this.#deps.log.warn(
        { zone: nameToText(zone) },
        'a delegation was removed; the last agreed one is used, as configured',
      )
    }
    return true
  }

  #zoneOf(name: Name): Name | undefined {
    let best: Name | undefined
    for (const zone of this.#options.zones)
      if (isSubdomain(name, zone) && zone.labels > (best?.labels ?? 0)) best = zone
    return best
  }

  #inUse(name: Name): Name | undefined {
    const zone = this.#zoneOf(name)
    return zone !== undefined && this.#isRemoved(zone) && this.#keptOf(zone) !== undefined ? zone : undefined
  }

  #isRemoved(zone: Name): boolean {
    const until = this.#removed.get(zone.key)
    if (until === undefined) return false
    if (until > this.#deps.clock.monotonic()) return true
    // The parent is asked again.
    this.#removed.delete(zone.key)
    this.#hooks.onChanged(zone)
    return false
  }

  #keptOf(zone: Name): KeptDelegation | undefined {
    let kept = this.#kept.get(zone.key)
    if (kept === undefined) {
      const store = this.#deps.store()
      if (store === undefined) return undefined
      kept = store.get(zone) ?? null
      this.#kept.set(zone.key, kept)
    }
    if (kept === null) return undefined
    if (kept.at + this.#options.keepMs > this.#deps.clock.now()) return kept
    this.#kept.set(zone.key, null)
    this.#deps.store()?.delete(zone)
    return undefined
  }

  /** Asks the ring behind the answer: it names nothing that was not told to it already. */
  #learn(zone: Name): void {
    const { clock, delegations, log } = this.#deps
    const now = clock.monotonic()
    if ((this.#due.get(zone.key) ?? 0) > now) return
    this.#due.set(zone.key, now + limits.KEPT_RETRY_MS)
    const limit = new AbortController()
    const cancel = clock.after(limits.KEPT_READ_MS, () => limit.abort())
    delegations
      .find(zone, zone.labels - 1, limit.signal)
      .then((found) => {
        if (found === undefined || found.delegation.zone.key !== zone.key) return
        const kept = { delegation: keptForm(found.delegation), at: clock.now() }
        this.#kept.set(zone.key, kept)
        this.#deps.store()?.put(kept)
        this.#due.set(zone.key, clock.monotonic() + limits.KEPT_RENEWED_MS)
      })
      .catch((error: unknown) => log.debug({ error: errorText(error) }, 'the ring does not say where a zone is'))
      .finally(cancel)
  }
}

function contextFor(zone: Name): CacheContext {
  return `kept:${nameToText(canonicalName(zone))}`
}

/** What is kept has no terms of its own but that of the operator. */
function keptForm({ zone, nameServers, addresses, ds }: Delegation): Delegation {
  const ttl = limits.KEPT_TTL_SECONDS
  return { zone, nameServers, addresses, ds: ds && { ...ds, ttl, signatures: [] }, proofs: [], ttl }
}
