/**
 * The cache between two runs: what is new is written now and then, and read again at the start. What is read was judged by this
 * node itself, under rules that must still hold: rows of other rules are dropped, as are those that expired, and those of a
 * clock that was ahead. A row never lives longer than the record did.
 */
import {
  type Cancel,
  ChordnsError,
  type Clock,
  compareBytes,
  concatBytes,
  errorText,
  isChordnsError,
  type Log,
  type Store,
  type StoreWrite,
} from '../base/index.ts'
import { type CborValue, decodeCanonical, encodeCanonical, sha256 } from '../crypto/index.ts'
import { type Delegation, nameFromWire, type RRset } from '../dns/index.ts'
import { decodeCertificate, decodeOutcome, encodeCertificate, encodeOutcome } from '../evidence/index.ts'
import { limits } from './limits.ts'
import type { Cache, CacheContents, CacheContext, CachedDelegation, CacheEntry, Rank } from './types.ts'

export interface WarmCacheModules {
  readonly cache: Cache & CacheContents
  /** Its keys are the warm cache's alone. */
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
  /** A digest of all that entries are fetched from and judged by: hints, anchors, stub and forward zones. */
  readonly rules: Uint8Array
}

export interface WarmCache {
  /** Begins to read, a little at a time, and to write. */
  start(): void
  /** Writes what is new, and ends. */
  stop(): void
  /** Nothing of what is on disk may come back: it was flushed, or the rules have changed. */
  forget(rules?: Uint8Array): void
  /** Rows that came back at the start, and those that are on disk now. */
  stats(): { readonly restored: number; readonly onDisk: number }
}

const VERSION = 1
const RULES_KEY = Uint8Array.of(0)
const KIND = { entry: 1, delegation: 2 } as const
type Kind = (typeof KIND)[keyof typeof KIND]

export function createWarmCache({ cache, store, clock, log, ...modules }: WarmCacheModules): WarmCache {
  const kept: Record<Kind, number> = { [KIND.entry]: 0, [KIND.delegation]: 0 }
  let { rules } = modules
  let restored = 0
  let writtenUntil = Number.NEGATIVE_INFINITY
  let failing = false
  let stopped = false
  let next: Cancel | undefined

  /** A disk that fails is told once and holds nobody up: all of it is in memory. */
  function guarded(what: string, step: () => void): void {
    try {
      step()
      failing = false
    } catch (error) {
      if (!isChordnsError(error)) throw error
      if (!failing) log.error({ code: error.code, error: errorText(error) }, what)
      failing = true
    }
  }

  const write = (writes: readonly StoreWrite[]) => {
    if (writes.length > 0) store.batch(writes, { durable: false })
  }

  /** Runs the slices of a work one after the other, answering stubs between them, and then `end`. */
  function inSlices(work: Iterator<void>, what: string, end: () => void): void {
    next = clock.after(0, () => {
      let done = true
      guarded(what, () => {
        done = work.next().done === true
      })
      if (stopped) return
      if (done) end()
      else inSlices(work, what, end)
    })
  }

  function* reading(): Generator<void> {
    const known = store.get(RULES_KEY)
    if (known === undefined || compareBytes(known, rules) !== 0) {
      erase()
      return
    }
    let inSlice = 0
    for (const [key, value] of store.range(Uint8Array.of(KIND.entry), Uint8Array.of(KIND.delegation + 1))) {
      const kind = key[0] as Kind
      kept[kind]++
      if (expiryOf(key) > clock.now() && restore(cache, kind, value, clock.now())) restored++
      if (++inSlice % limits.WARM_SLICE === 0) yield
    }
    log.info({ restored }, 'read the cache of the last run')
  }

  function* writing(): Generator<void> {
    const since = writtenUntil
    const began = clock.now()
    const until = began + limits.WARM_LEAST_MS
    for (const kind of Object.values(KIND)) {
      sweep(kind)
      yield
    }
    for (let part = 0; part < cache.parts(); part++) {
      const keys = cache.keysOf(part, since, until)
      for (let from = 0; from < keys.length; from += limits.WARM_SLICE) {
        const writes: StoreWrite[] = []
        for (const key of keys.slice(from, from + limits.WARM_SLICE)) {
          const found = cache.entryAt(key)
          if (found === undefined || kept[KIND.entry] >= limits.MAX_WARM_ROWS) continue
          const value = entryRow(found.context, found.entry)
          if (value === undefined) continue
          kept[KIND.entry]++
          writes.push({ kind: 'put', key: rowKey(KIND.entry, found.entry.expires, key), value })
        }
        write(writes)
        yield
      }
    }
    const writes: StoreWrite[] = []
    for (const { context, cached } of cache.delegations()) {
      if (cached.stored < since || cached.expires <= until || kept[KIND.delegation] >= limits.MAX_WARM_ROWS) continue
      kept[KIND.delegation]++
      const key = encodeCanonical([context, cached.delegation.zone.wire])
      writes.push({
        kind: 'put',
        key: rowKey(KIND.delegation, cached.expires, key),
        value: delegationRow(context, cached),
      })
    }
    write(writes)
    writtenUntil = began
  }

  /** Rows lie in the order of their expiry. */
  function sweep(kind: Kind): void {
    const gone: StoreWrite[] = []
    for (const [key] of store.range(Uint8Array.of(kind), rowKey(kind, clock.now(), new Uint8Array())))
      gone.push({ kind: 'delete', key })
    write(gone)
    kept[kind] -= gone.length
  }

  function erase(): void {
    const gone: StoreWrite[] = []
    for (const [key] of store.range(new Uint8Array())) gone.push({ kind: 'delete', key })
    write([...gone, { kind: 'put', key: RULES_KEY, value: rules }])
    kept[KIND.entry] = 0
    kept[KIND.delegation] = 0
  }

  function writeLater(): void {
    next = clock.after(limits.WARM_EVERY_MS, () =>
      inSlices(writing(), 'the cache cannot be written to disk', writeLater),
    )
  }

  return {
    start() {
      // What is read is on disk already.
      writtenUntil = clock.now()
      inSlices(reading(), 'the cache of the last run cannot be read', writeLater)
    },
    stop() {
      if (stopped) return
      stopped = true
      next?.()
      guarded('the cache cannot be written to disk', () => {
        for (const _ of writing());
      })
    },
    forget(changed) {
      if (stopped) return
      next?.()
      rules = changed ?? rules
      guarded('the cache on disk cannot be emptied', erase)
      // What is in memory now holds under the rules of now.
      writtenUntil = Number.NEGATIVE_INFINITY
      writeLater()
    },
    stats: () => ({ restored, onDisk: kept[KIND.entry] + kept[KIND.delegation] }),
  }
}

/** kind | expiry, 6 bytes of ms | 8 bytes that tell records of one expiry apart. */
function rowKey(kind: Kind, expires: number, key: Uint8Array): Uint8Array {
  const head = new Uint8Array(7)
  head[0] = kind
  const view = new DataView(head.buffer)
  view.setUint16(1, Math.floor(expires / 2 ** 32))
  view.setUint32(3, expires % 2 ** 32)
  return key.length === 0 ? head : concatBytes(head, sha256(key).subarray(0, 8))
}

function expiryOf(key: Uint8Array): number {
  if (key.length < 7) return 0
  const view = new DataView(key.buffer, key.byteOffset)
  return view.getUint16(1) * 2 ** 32 + view.getUint32(3)
}

/** Undefined for what is too large to be carried between peers either. */
function entryRow(context: CacheContext, entry: CacheEntry): Uint8Array | undefined {
  const { question, rank, side, security, provenance, certificate, stored, expires } = entry
  try {
    return encodeCanonical([
      VERSION,
      context,
      question.name.wire,
      question.type,
      question.class,
      rank,
      side,
      security,
      provenance,
      Math.floor(stored),
      Math.floor(expires),
      encodeOutcome(entry.outcome),
      certificate === undefined ? null : encodeCertificate(certificate),
    ])
  } catch (error) {
    if (isChordnsError(error) && error.code === 'EVIDENCE_MALFORMED') return undefined
    throw error
  }
}

function delegationRow(context: CacheContext, { delegation, stored, expires }: CachedDelegation): Uint8Array {
  const { zone, nameServers, addresses, ds, proofs } = delegation
  return encodeCanonical([
    VERSION,
    context,
    zone.wire,
    nameServers.map((one) => one.wire),
    [...addresses].map(([key, texts]) => [key, [...texts]]),
    ds === undefined ? null : rrsetValue(ds),
    proofs.map(rrsetValue),
    Math.floor(stored),
    Math.floor(expires),
  ])
}

/** False for a row that this version cannot read, or that is of a time to come: a clock that was ahead must not stretch a TTL. */
function restore(cache: Cache, kind: Kind, value: Uint8Array, now: number): boolean {
  try {
    const row = decodeCanonical(value, { maxBytes: limits.MAX_WARM_ROW_BYTES })
    if (!Array.isArray(row) || row[0] !== VERSION) return false
    return kind === KIND.entry ? restoreEntry(cache, row, now) : restoreDelegation(cache, row, now)
  } catch (error) {
    if (isChordnsError(error)) return false
    throw error
  }
}

function restoreEntry(cache: Cache, row: readonly CborValue[], now: number): boolean {
  const [, context, name, type, classNumber, rank, side, security, provenance, stored, expires, outcome, certificate] =
    row as readonly [1, ...CborValue[]]
  const entry = {
    question: { name: nameFromWire(bytes(name)), type: number(type), class: number(classNumber) },
    outcome: decodeOutcome(bytes(outcome)),
    rank: number(rank) as Rank,
    side: text(side) as CacheEntry['side'],
    security: text(security) as CacheEntry['security'],
    provenance: text(provenance) as CacheEntry['provenance'],
    ...(certificate !== null && { certificate: decodeCertificate(bytes(certificate)) }),
    stored: number(stored),
    expires: number(expires),
  }
  return entry.stored <= now && cache.put(text(context), entry, now)
}

function restoreDelegation(cache: Cache, row: readonly CborValue[], now: number): boolean {
  const [, context, zone, nameServers, addresses, ds, proofs, stored, expires] = row
  const left = Math.floor((number(expires) - now) / 1000)
  if (number(stored) > now || left <= 0) return false
  const delegation: Delegation = {
    zone: nameFromWire(bytes(zone)),
    nameServers: list(nameServers).map((one) => nameFromWire(bytes(one))),
    addresses: new Map(
      list(addresses).map((one) => {
        const [key, texts] = list(one)
        return [text(key), list(texts).map(text)]
      }),
    ),
    ds: ds === null ? undefined : readRRset(ds),
    proofs: list(proofs).map(readRRset),
    ttl: left,
  }
  cache.putDelegation(text(context), delegation, now)
  return true
}

function rrsetValue({ name, type, class: classNumber, ttl, rdatas, signatures }: RRset): CborValue {
  return [name.wire, type, classNumber, ttl, [...rdatas], [...signatures]]
}

function readRRset(value: CborValue | undefined): RRset {
  const [name, type, classNumber, ttl, rdatas, signatures] = list(value)
  return {
    name: nameFromWire(bytes(name)),
    type: number(type),
    class: number(classNumber),
    ttl: number(ttl),
    rdatas: list(rdatas).map(bytes),
    signatures: list(signatures).map(bytes),
  }
}

function bytes(value: CborValue | undefined): Uint8Array {
  if (value instanceof Uint8Array) return value
  throw damaged()
}

function number(value: CborValue | undefined): number {
  if (typeof value === 'number') return value
  throw damaged()
}

function text(value: CborValue | undefined): string {
  if (typeof value === 'string') return value
  throw damaged()
}

function list(value: CborValue | undefined): readonly CborValue[] {
  if (Array.isArray(value)) return value
  throw damaged()
}

function damaged(): ChordnsError<'CACHE_ROW_DAMAGED', Record<string, never>> {
  return new ChordnsError('CACHE_ROW_DAMAGED', 'a row of the cache on disk is not as it was written', {})
}
