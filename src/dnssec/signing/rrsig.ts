/** Signatures of one RRset (RFC 4034 section 3), and from when to when they count. */
import { concatBytes } from '../../base/index.ts'
import { sha256 } from '../../crypto/index.ts'
import { canonicalName, canonicalRRset, isWildcard, type Name, type RRset } from '../../dns/index.ts'

/** A key that is in the zone. */
export interface SigningKey {
  readonly algorithm: number
  readonly tag: number
  /** DNSKEY RDATA. */
  readonly rdata: Uint8Array
  readonly sign: (message: Uint8Array) => Uint8Array
}

export interface SignatureTerm {
  /** Unix seconds. */
  readonly inception: number
  readonly expiration: number
}

export interface TermRules {
  /** Seconds that a signature counts. */
  readonly validity: number
  /** Seconds after which it is made anew: less than `validity` by what who serves the zone may be late. */
  readonly renewal: number
}

/** Clocks of others may be behind by an hour. */
const DATED_BACK = 3_600

/**
 * The term of a set's signature at a time: the same for all of a renewal, so that a zone that is written again has the same signatures but for those
 * whose turn it is. The turns of names are spread, so that they are never all in one change.
 */
export function termAt(owner: Name, now: number, { validity, renewal }: TermRules): SignatureTerm {
  const [a = 0, b = 0, c = 0] = sha256(canonicalName(owner).wire)
  const turn = (a * 65_536 + b * 256 + c) % renewal
  const inception = Math.floor((now - turn) / renewal) * renewal + turn - DATED_BACK
  return { inception, expiration: inception + DATED_BACK + validity }
}

/** RDATA of an RRSIG. Numbers of time are those of RFC 1982. */
export function signRRset(
  set: RRset,
  zone: Name,
  key: SigningKey,
  { inception, expiration }: SignatureTerm,
): Uint8Array {
  const head = new Uint8Array(18)
  const view = new DataView(head.buffer)
  view.setUint16(0, set.type)
  head[2] = key.algorithm
  head[3] = isWildcard(set.name) ? set.name.labels - 1 : set.name.labels
  view.setUint32(4, set.ttl)
  view.setUint32(8, expiration % 2 ** 32)
  view.setUint32(12, inception % 2 ** 32)
  view.setUint16(16, key.tag)
  const prefix = concatBytes(head, canonicalName(zone).wire)
  const rows = canonicalRRset(set).map((rdata) => concatBytes(recordHead(set, rdata.length), rdata))
  return concatBytes(prefix, key.sign(concatBytes(prefix, ...rows)))
}

/** Owner, type, class, TTL and length of a record in canonical form (RFC 4034 section 6.2). */
export function recordHead(
  { name, type, class: klass, ttl }: Omit<RRset, 'rdatas' | 'signatures'>,
  length: number,
): Uint8Array {
  const fixed = new Uint8Array(10)
  const view = new DataView(fixed.buffer)
  view.setUint16(0, type)
  view.setUint16(2, klass)
  view.setUint32(4, ttl)
  view.setUint16(8, length)
  return concatBytes(canonicalName(name).wire, fixed)
}
