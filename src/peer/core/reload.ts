/** What a reload does to the cache: which names may not be answered from it any more, and how writers of before are stopped. */
import { isDeepStrictEqual } from 'node:util'
import { serialize } from 'node:v8'
import type { Cache } from '../../cache/index.ts'
import type { Config } from '../../config/index.ts'
import { sha256 } from '../../crypto/index.ts'
import type { Name } from '../../dns/index.ts'
import type { RecursorOptions, ValidationOptions, ZoneServers } from '../../recurse/index.ts'

/** What a reload did to the cache. */
export interface CoreReload {
  /** Names at and below which the cache was emptied; `all` when what everything was validated by has changed. */
  readonly flushed: 'all' | readonly Name[]
}

/** What the entries of a cache were fetched from and validated by. */
export interface CacheBasis {
  readonly config: Config
  readonly options: RecursorOptions
  /** Undefined: nothing is validated. */
  readonly validation: ValidationOptions | undefined
}

/** What may not be answered from the cache any more when `next` takes the place of `old`. */
export function staleNames(old: CacheBasis, next: CacheBasis): CoreReload['flushed'] {
  if (!isDeepStrictEqual(basisOfAll(old), basisOfAll(next))) return 'all'
  const names = [
    ...changedZones(old.options.stubs, next.options.stubs),
    ...changedZones(old.options.forwards, next.options.forwards),
    ...changedNames(old.config.dnssec.negativeTrustAnchors, next.config.dnssec.negativeTrustAnchors),
  ]
  return [...new Map(names.map((name) => [name.key, name])).values()]
}

/** A digest of the whole basis: a cache that was written to disk under another one is not read. */
export function basisDigest(basis: CacheBasis, fixedTime: string | undefined): Uint8Array {
  const { stubs, forwards } = basis.options
  const negativeAnchors = basis.config.dnssec.negativeTrustAnchors.map((name) => name.key)
  return sha256(serialize([basisOfAll(basis), stubs, forwards, negativeAnchors, fixedTime]))
}

/** The part of the basis that every entry has in common. */
function basisOfAll({ options, validation }: CacheBasis) {
  const { rootHints, port } = options
  if (validation === undefined) return { rootHints, port }
  return {
    rootHints,
    port,
    anchors: validation.anchors(),
    algorithms: validation.algorithms,
    digests: validation.digests,
  }
}

function changedZones(old: readonly ZoneServers[], next: readonly ZoneServers[]): Name[] {
  const text = ({ zone, servers }: ZoneServers) => `${zone.key} ${servers.map((one) => `${one.address} ${one.port}`)}`
  const texts = (zones: readonly ZoneServers[]) => new Set(zones.map(text))
  const [before, after] = [texts(old), texts(next)]
  return [...old.filter((one) => !after.has(text(one))), ...next.filter((one) => !before.has(text(one)))].map(
    (one) => one.zone,
  )
}

function changedNames(old: readonly Name[], next: readonly Name[]): Name[] {
  const keys = (names: readonly Name[]) => new Set(names.map((name) => name.key))
  const [before, after] = [keys(old), keys(next)]
  return [...old.filter((name) => !after.has(name.key)), ...next.filter((name) => !before.has(name.key))]
}

/** The same cache until `retire`: then nothing is written any more, since it was found under rules that no longer hold. */
export function retirable(cache: Cache): { readonly cache: Cache; readonly retire: () => void } {
  let live = true
  const view: Cache = {
    get: (context, question, now, options) => cache.get(context, question, now, options),
    put: (context, entry, now) => live && cache.put(context, entry, now),
    remove: (context, question) => cache.remove(context, question),
    delegation: (context, name, now) => cache.delegation(context, name, now),
    putDelegation: (context, delegation, now, parent) => {
      if (live) cache.putDelegation(context, delegation, now, parent)
    },
    dropDelegationDs: (context, zone) => cache.dropDelegationDs(context, zone),
    removeDelegation: (context, zone) => cache.removeDelegation(context, zone),
    failure: (context, question, nowMonotonic) => cache.failure(context, question, nowMonotonic),
    forgetFailures: (except) => cache.forgetFailures(except),
    putFailure: (context, failure) => {
      if (live) cache.putFailure(context, failure)
    },
    flush: (name, reach) => cache.flush(name, reach),
    renew: () => cache.renew(),
    stats: () => cache.stats(),
    get generation() {
      return cache.generation
    },
  }
  return {
    cache: view,
    retire: () => {
      live = false
    },
  }
}
