/** One row of the cache on disk: its key, and an entry or a delegation as canonical CBOR. */
import { ChordnsError, concatBytes, isChordnsError } from '../base/index.ts'
import { type CborField, type CborValue, cborReader, encodeCanonical, sha256 } from '../crypto/index.ts'
import { agedDelegation, type Delegation, nameFromWire, type RRset } from '../dns/index.ts'
import { decodeCertificate, decodeOutcome, encodeCertificate, encodeOutcome } from '../evidence/index.ts'
import { limits } from './limits.ts'
import type { Cache, CacheContext, CachedDelegation, CacheEntry, Rank } from './types.ts'

export const KIND = { entry: 1, delegation: 2 } as const
export type RowKind = (typeof KIND)[keyof typeof KIND]

const VERSION = 2
/** Nothing in a row can be longer, or more, than a row has bytes. */
const MOST = limits.MAX_WARM_ROW_BYTES

/** kind | expiry, 6 bytes of ms | 8 bytes that tell records of one expiry apart. */
export function rowKey(kind: RowKind, expires: number, key: Uint8Array): Uint8Array {
  const head = new Uint8Array(7)
  head[0] = kind
  const view = new DataView(head.buffer)
  view.setUint16(1, Math.floor(expires / 2 ** 32))
  view.setUint32(3, expires % 2 ** 32)
  return key.length === 0 ? head : concatBytes(head, sha256(key).subarray(0, 8))
}

/** Unix ms; 0 for a key that is none. */
export function expiryOf(key: Uint8Array): number {
  if (key.length < 7) return 0
  const view = new DataView(key.buffer, key.byteOffset)
  return view.getUint16(1) * 2 ** 32 + view.getUint32(3)
}

/** Undefined for what is too large to be carried between peers either. */
export function entryRow(context: CacheContext, entry: CacheEntry): Uint8Array | undefined {
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

export function delegationRow(context: CacheContext, cached: CachedDelegation): Uint8Array {
  const { delegation, parent, stored, expires } = cached
  const { zone, nameServers, addresses, ds, proofs, glueTtl } = delegation
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
    parent === undefined ? null : parent.wire,
    glueTtl ?? null,
  ])
}

/**
 * Puts what a row holds into the cache. False for a row that this version cannot read, and for one of a time to come: a clock that
 * was ahead must not stretch a TTL.
 */
export function restoreRow(cache: Cache, kind: RowKind, value: Uint8Array, now: number): boolean {
  try {
    const row = readCbor(value, limits.MAX_WARM_ROW_BYTES, 'a row')
    if (!Array.isArray(row) || row[0] !== VERSION) return false
    return kind === KIND.entry ? restoreEntry(cache, row, now) : restoreDelegation(cache, row, now)
  } catch (error) {
    if (isChordnsError(error)) return false
    throw error
  }
}

const { readCbor, readRow, readList, readInteger, readBytes, readText } = cborReader(
  () => new ChordnsError('CACHE_ROW_DAMAGED', 'a row of the cache on disk is not as it was written', {}),
)

function restoreEntry(cache: Cache, row: readonly CborValue[], now: number): boolean {
  const [, context, name, type, classNumber, rank, side, security, provenance, stored, expires, outcome, certificate] =
    readRow(row, 13, 'an entry')
  const entry: CacheEntry = {
    question: { name: nameOf(name), type: numberOf(type), class: numberOf(classNumber) },
    outcome: decodeOutcome(bytesOf(outcome)),
    rank: numberOf(rank) as Rank,
    side: textOf(side) as CacheEntry['side'],
    security: textOf(security) as CacheEntry['security'],
    provenance: textOf(provenance) as CacheEntry['provenance'],
    ...(certificate !== null && { certificate: decodeCertificate(bytesOf(certificate)) }),
    stored: numberOf(stored),
    expires: numberOf(expires),
  }
  return entry.stored <= now && cache.put(textOf(context), entry, now)
}

function restoreDelegation(cache: Cache, row: readonly CborValue[], now: number): boolean {
  const [, context, zone, nameServers, addresses, ds, proofs, stored, expires, parent, glueTtl] = readRow(
    row,
    11,
    'a delegation',
  )
  const ttl = Math.floor((numberOf(expires) - numberOf(stored)) / 1000)
  const age = (now - numberOf(stored)) / 1000
  if (age < 0 || age >= ttl) return false
  const asWritten: Delegation = {
    zone: nameOf(zone),
    nameServers: listOf(nameServers, nameOf),
    addresses: new Map(listOf(addresses, addressesOf)),
    ds: ds === null ? undefined : rrsetOf(ds),
    proofs: listOf(proofs, rrsetOf),
    ttl,
    ...(glueTtl !== null && { glueTtl: numberOf(glueTtl) }),
  }
  cache.putDelegation(
    textOf(context),
    agedDelegation(asWritten, age),
    now,
    parent === null ? undefined : nameOf(parent),
  )
  return true
}

function rrsetValue({ name, type, class: classNumber, ttl, rdatas, signatures }: RRset): CborValue {
  return [name.wire, type, classNumber, ttl, [...rdatas], [...signatures]]
}

function rrsetOf(value: CborField): RRset {
  const [name, type, classNumber, ttl, rdatas, signatures] = readRow(value, 6, 'an RRset')
  return {
    name: nameOf(name),
    type: numberOf(type),
    class: numberOf(classNumber),
    ttl: numberOf(ttl),
    rdatas: listOf(rdatas, bytesOf),
    signatures: listOf(signatures, bytesOf),
  }
}

/** The addresses of one name server, by the key of its name. */
function addressesOf(value: CborField): readonly [string, readonly string[]] {
  const [key, texts] = readRow(value, 2, 'addresses')
  return [textOf(key), listOf(texts, textOf)]
}

const nameOf = (value: CborField) => nameFromWire(bytesOf(value))
const bytesOf = (value: CborField) => readBytes(value, 0, MOST, 'bytes')
const numberOf = (value: CborField) => readInteger(value, 0, Number.MAX_SAFE_INTEGER, 'a number')
const textOf = (value: CborField) => readText(value, MOST, 'a text')
const listOf = <T>(value: CborField, item: (value: CborValue) => T) => readList(value, MOST, 'a list', item)
