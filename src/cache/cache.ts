/** The cache as other rooms see it: rules of rank and TTL over packed records, with delegations and failures beside them. */
import { ChordnsError, type Clock, SteadyTime } from '../base/index.ts'
import { canonicalName, type Delegation, type Name, type Question } from '../dns/index.ts'
import type { Outcome } from '../evidence/index.ts'
import { DelegationTable } from './delegations.ts'
import { FailureTable } from './failures.ts'
import { hashKey } from './hash.ts'
import { KeyWriter, keyReaches, readKey, typesOutdated, typesToTry, typeToFile } from './keys.ts'
import { limits } from './limits.ts'
import { PackWriter, unpack } from './packing.ts'
import { better, codeOf, isWorthMore, provenanceOf, securityOf } from './ranks.ts'
import { markRead, type RecordMeta, type RecordRef, RecordStore, recordBody, recordMeta } from './slab.ts'
import { cappedExpiry, hasLostSignatures } from './ttl.ts'
import type {
  Cache,
  CacheContents,
  CacheContext,
  CachedDelegation,
  CachedFailure,
  CacheEntry,
  CacheListing,
  CacheOptions,
  CacheStats,
  Rank,
  Reach,
  Side,
} from './types.ts'

const SIDES: readonly Side[] = ['own', 'ring']

/**
 * An empty cache. `seed`: 8 random bytes that key the index's hash. `clock`: by which terms go on when the wall clock
 * is stepped; without it they go by the times that are handed in.
 * Throws a ChordnsError CACHE_TOO_SMALL when `maxBytes` is below `limits.MIN_CACHE_BYTES`.
 *
 * `get` finds what answers the question: the entry of its type, else a CNAME at the name, else an NXDOMAIN of the name; by
 * rank, own before ring at equal rank. Bogus entries rank below everything, are kept 60 s, and are only for CD=1.
 */
export function createCache(
  options: CacheOptions & { readonly seed: Uint8Array; readonly clock?: Pick<Clock, 'now' | 'monotonic'> },
  hooks: CacheHooks = {},
): Cache & CacheContents {
  if (options.maxBytes < limits.MIN_CACHE_BYTES) {
    const least = limits.MIN_CACHE_BYTES
    throw new ChordnsError('CACHE_TOO_SMALL', `a cache needs at least ${least} bytes`, {
      maxBytes: options.maxBytes,
      least,
    })
  }
  return new PackedCache(options, options.seed, options.clock && new SteadyTime(options.clock), hooks)
}

export interface CacheHooks {
  /**
   * What is answered under this name may be another from now on; undefined: under any name. Called before the change, and also where
   * nothing changes in the end. What merely expires, or gives way to other names, is no change.
   */
  readonly onChange?: (name: Name | undefined) => void
}

class PackedCache implements Cache, CacheContents {
  readonly #options: CacheOptions
  readonly #store: RecordStore
  readonly #key = new KeyWriter()
  readonly #writer = new PackWriter()
  readonly #delegations = new DelegationTable()
  readonly #failures = new FailureTable()
  readonly #staleMs: number
  /** Inside, all times are steady ones; outside they are by the wall clock. */
  readonly #steady: SteadyTime | undefined
  readonly #onChange: (name: Name | undefined) => void
  #hits = 0
  #misses = 0
  #generation = 0

  constructor(options: CacheOptions, seed: Uint8Array, steady: SteadyTime | undefined, { onChange }: CacheHooks) {
    this.#steady = steady
    this.#onChange = onChange ?? (() => {})
    this.#options = options
    this.#staleMs = Math.min(options.staleSeconds, limits.MAX_STALE_SECONDS) * 1000
    this.#store = new RecordStore(options.maxBytes, hashKey(seed))
  }

  get generation(): number {
    return this.#generation
  }

  get #shift(): number {
    return this.#steady?.shift ?? 0
  }

  get(
    context: CacheContext,
    question: Question,
    wallNow: number,
    options: { side?: Side; stale?: boolean } = {},
  ): CacheEntry | undefined {
    const shift = this.#shift
    const now = wallNow + shift
    const usableFrom = options.stale === true ? now - this.#staleMs : now
    let best: { ref: RecordRef; meta: RecordMeta; side: Side } | undefined
    this.#key.write(context, question.name, question.type, question.class, 'own')
    for (const side of options.side === undefined ? SIDES : [options.side]) {
      this.#key.setSide(side)
      for (const type of typesToTry(question.type)) {
        this.#key.setType(type)
        const ref = this.#store.find(this.#key.bytes, this.#key.length)
        if (ref === undefined) continue
        const meta = recordMeta(ref)
        if (meta.expires <= usableFrom) continue
        if (best === undefined || better(meta, best.meta, now)) best = { ref, meta, side }
      }
    }
    if (best === undefined) {
      this.#misses++
      return undefined
    }
    const entry = toEntry(question, best.ref, best.meta, best.side, shift)
    if (shift !== 0 && entry.expires > wallNow && hasLostSignatures(entry, wallNow)) {
      // Out of the way of what is fetched in its place.
      this.remove(context, question)
      return this.get(context, question, wallNow, options)
    }
    this.#hits++
    markRead(best.ref)
    return entry
  }

  put(context: CacheContext, entry: CacheEntry, wallNow: number): boolean {
    this.#onChange(entry.question.name)
    // An answer ends a row of failures, also one that is not kept.
    if (entry.security !== 'bogus') this.#failures.remove(context, entry.question)
    const shift = this.#shift
    const wallExpires = cappedExpiry(entry, this.#options, wallNow)
    if (wallExpires <= wallNow || !fits(entry.outcome)) return false
    const now = wallNow + shift
    const expires = wallExpires + shift
    const { question, outcome } = entry
    this.#key.write(context, question.name, typeToFile(question, outcome, entry.security), question.class, entry.side)
    const old = this.#store.find(this.#key.bytes, this.#key.length)
    const code = codeOf(entry.security, entry.provenance)
    const meta = { rank: entry.rank, code, stored: entry.stored + shift, expires }
    if (old !== undefined && isWorthMore(recordMeta(old), meta, now)) return false
    this.#writer.pack(canonicalName(question.name), outcome, entry.certificate)
    const { bytes, length } = this.#writer
    const kept = this.#store.insert(this.#key.bytes, this.#key.length, meta, bytes, length, this.#keepUntil, now)
    if (kept) this.#removeOutdated(context, entry)
    return kept
  }

  remove(context: CacheContext, question: Question): void {
    this.#onChange(question.name)
    for (const side of SIDES) {
      for (const type of typesToTry(question.type)) {
        this.#key.write(context, question.name, type, question.class, side)
        this.#store.remove(this.#key.bytes, this.#key.length)
      }
    }
    this.#failures.remove(context, question)
  }

  /** What lies elsewhere and says something else of the same question: the newer one is right. */
  #removeOutdated(context: CacheContext, { question, outcome, security, side }: CacheEntry): void {
    for (const type of typesOutdated(question, outcome, security)) {
      this.#key.write(context, question.name, type, question.class, side)
      this.#store.remove(this.#key.bytes, this.#key.length)
    }
  }

  delegation(context: CacheContext, name: Name, now: number): CachedDelegation | undefined {
    const shift = this.#shift
    const found = this.#delegations.enclosing(context, name, now + shift)
    return found && shifted(found, -shift)
  }

  putDelegation(context: CacheContext, delegation: Delegation, now: number, parent?: Name): void {
    this.#delegations.put(context, delegation, parent, this.#options.maxTtl, now + this.#shift)
  }

  dropDelegationDs(context: CacheContext, zone: Name): void {
    this.#delegations.dropDs(context, zone)
  }

  removeDelegation(context: CacheContext, zone: Name): void {
    this.#delegations.remove(context, zone)
  }

  failure(context: CacheContext, question: Question, nowMonotonic: number): CachedFailure | undefined {
    return this.#failures.get(context, question, nowMonotonic)
  }

  putFailure(context: CacheContext, failure: CachedFailure): void {
    this.#failures.put(context, failure)
  }

  forgetFailures(except?: string): void {
    this.#failures.forget(except)
  }

  flush(name?: Name, reach: Reach = 'below'): number {
    this.#onChange(undefined)
    this.#generation++
    if (name === undefined || (name.labels === 0 && reach === 'below')) {
      return this.#store.clear() + this.#delegations.clear() + this.#failures.clear()
    }
    const records = this.#store.dropWhere((key) => keyReaches(key, name, reach))
    return records + this.#delegations.drop(name, reach) + this.#failures.drop(name, reach)
  }

  list(name: Name, reach: Reach, most: number): CacheListing {
    const shift = this.#shift
    const keys = this.#store.keysWhere((key) => keyReaches(key, name, reach), most + 1)
    const entries = keys.flatMap((key) => {
      const ref = this.#store.find(key, key.length)
      if (ref === undefined) return []
      const { context, question, side } = readKey(key)
      return [{ context, entry: toEntry(question, ref, recordMeta(ref), side, shift) }]
    })
    const delegations = this.#delegations
      .at(name, reach)
      .map((one) => ({ ...one, cached: shifted(one.cached, -shift) }))
    const failures = this.#failures.at(name, reach)
    return {
      entries: entries.slice(0, most),
      delegations: delegations.slice(0, most),
      failures: failures.slice(0, most),
      isCut: [entries, delegations, failures].some(({ length }) => length > most),
    }
  }

  renew(): void {
    this.#onChange(undefined)
    this.#generation++
  }

  parts(): number {
    return this.#store.segments
  }

  keysOf(part: number, since: number, until: number): readonly Uint8Array[] {
    const shift = this.#shift
    return this.#store.keysOf(part, ({ stored, expires }) => stored >= since + shift && expires > until + shift)
  }

  entryAt(key: Uint8Array): { readonly context: CacheContext; readonly entry: CacheEntry } | undefined {
    const ref = this.#store.find(key, key.length)
    if (ref === undefined) return undefined
    const meta = recordMeta(ref)
    if (securityOf(meta) === 'bogus') return undefined
    const { context, question, side } = readKey(key)
    return { context, entry: toEntry(question, ref, meta, side, this.#shift) }
  }

  *delegations(): Iterable<{ readonly context: CacheContext; readonly cached: CachedDelegation }> {
    const shift = this.#shift
    for (const { context, cached } of this.#delegations.all()) yield { context, cached: shifted(cached, -shift) }
  }

  stats(): CacheStats {
    return {
      entries: this.#store.count,
      bytes: this.#store.bytes,
      maxBytes: this.#options.maxBytes,
      delegations: this.#delegations.size,
      failures: this.#failures.size,
      hits: this.#hits,
      misses: this.#misses,
      evictions: this.#store.evictions,
      generation: this.#generation,
    }
  }

  readonly #keepUntil = (expires: number): number => expires + this.#staleMs
}

function fits(outcome: Outcome): boolean {
  if (outcome.proofs.length > limits.MAX_PROOFS) return false
  const rrsets = outcome.kind === 'rrset' ? [outcome.rrset, ...outcome.proofs] : outcome.proofs
  return rrsets.every((rrset) => {
    if (rrset.rdatas.length > limits.MAX_RRSET_RECORDS || rrset.signatures.length > limits.MAX_SIGNATURES) return false
    let bytes = 0
    for (const rdata of rrset.rdatas) bytes += rdata.length
    for (const signature of rrset.signatures) bytes += signature.length
    return bytes <= limits.MAX_RRSET_BYTES
  })
}

function toEntry(question: Question, ref: RecordRef, meta: RecordMeta, side: Side, shift: number): CacheEntry {
  const { outcome, certificate } = unpack(canonicalName(question.name), recordBody(ref))
  return {
    question,
    outcome,
    rank: meta.rank as Rank,
    side,
    security: securityOf(meta),
    provenance: provenanceOf(meta),
    ...(certificate === undefined ? {} : { certificate }),
    stored: meta.stored - shift,
    expires: meta.expires - shift,
  }
}

function shifted(cached: CachedDelegation, ms: number): CachedDelegation {
  if (ms === 0) return cached
  const { stored, expires, dsExpires, glueExpires } = cached
  return {
    ...cached,
    stored: stored + ms,
    expires: expires + ms,
    dsExpires: dsExpires + ms,
    glueExpires: glueExpires + ms,
  }
}
