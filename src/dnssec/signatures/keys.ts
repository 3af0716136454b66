/** DNSKEY and DS: tags, digests, and which keys may sign for their zone. */
import type { Budget } from '../../base/index.ts'
import { concatBytes, equalBytes } from '../../base/index.ts'
import { dsDigest } from '../../crypto/index.ts'
import { canonicalName, Ede, type ExtendedError, type Name, nameToText, type RRset } from '../../dns/index.ts'
import { limits } from '../limits.ts'
import type { TrustPoint, ValidationContext, ZoneKey, ZoneSecurity } from '../types.ts'
import { bogus, keyText, why } from '../why.ts'
import { verifyRRset } from './rrsig.ts'

const ZONE_KEY = 0x0100
const REVOKED = 0x0080
const DNSSEC_PROTOCOL = 3

type TrustRules = Pick<ValidationContext, 'algorithms' | 'digests' | 'now' | 'anyTime'>

/** RFC 4034 appendix B. Algorithm 1 (appendix B.1) is long gone. */
export function keyTag(dnskeyRdata: Uint8Array): number {
  let sum = 0
  for (let i = 0; i < dnskeyRdata.length; i++) sum += i & 1 ? dnskeyRdata[i]! : dnskeyRdata[i]! << 8
  return (sum + (sum >>> 16)) & 0xffff
}

/** The fields of a DNSKEY; undefined when it is too short to have any. Nothing is checked. */
export function readKey(rdata: Uint8Array): (ZoneKey & { readonly protocol: number }) | undefined {
  if (rdata.length < 5) return undefined
  return {
    flags: rdata[0]! * 256 + rdata[1]!,
    protocol: rdata[2]!,
    algorithm: rdata[3]!,
    publicKey: rdata.subarray(4),
    tag: keyTag(rdata),
    rdata,
  }
}

export function isRevoked({ flags }: Pick<ZoneKey, 'flags'>): boolean {
  return (flags & REVOKED) !== 0
}

/** Keys of the set that may sign zone data: zone key bit, protocol 3, not revoked, of an algorithm that we know. */
export function usableKeys(rdatas: readonly Uint8Array[], algorithms: ReadonlySet<number>): ZoneKey[] {
  const keys: ZoneKey[] = []
  for (const rdata of rdatas.slice(0, limits.MAX_DNSKEYS)) {
    const key = readKey(rdata)
    if (key === undefined || !isZoneKey(key) || isRevoked(key) || !algorithms.has(key.algorithm)) continue
    keys.push({ tag: key.tag, algorithm: key.algorithm, flags: key.flags, publicKey: key.publicKey, rdata })
  }
  return keys
}

export interface DsFields {
  readonly tag: number
  readonly algorithm: number
  readonly digestType: number
  readonly digest: Uint8Array
}

export function readDs(rdata: Uint8Array): DsFields | undefined {
  if (rdata.length < 5) return undefined
  return {
    tag: rdata[0]! * 256 + rdata[1]!,
    algorithm: rdata[2]!,
    digestType: rdata[3]!,
    digest: rdata.subarray(4),
  }
}

/** The DS of a key: RDATA with this digest type. Undefined when the digest type is not supported. */
export function dsOf(zone: Name, dnskeyRdata: Uint8Array, digestType: number): Uint8Array | undefined {
  const digest = dsDigest(digestType, concatBytes(canonicalName(zone).wire, dnskeyRdata))
  if (digest === undefined) return undefined
  const tag = keyTag(dnskeyRdata)
  return concatBytes(Uint8Array.of(tag >> 8, tag & 0xff, dnskeyRdata[3]!, digestType), digest)
}

/**
 * What a validated DS set (or an anchor) makes of its zone: `delegated` when at least one record can be followed, or
 * `insecure` when none can, because nobody may be cut off for using what we do not know (RFC 4035 section 5.2).
 */
export function classifyTrust(zone: Name, trust: TrustPoint, expires: number, rules: TrustRules): ZoneSecurity {
  if (trust.ds.length + trust.keys.length === 0) {
    // An anchor that has lost all its keys (RFC 5011) is no reason to believe what nobody signed.
    return bogusUntil(rules, bogus(`no trusted key of ${nameToText(zone)} is left`))
  }
  const ds = trust.ds.flatMap((rdata) => readDs(rdata) ?? [])
  const keys = trust.keys.flatMap((rdata) => readKey(rdata) ?? [])
  const known = [...ds, ...keys].filter(({ algorithm }) => rules.algorithms.has(algorithm))
  if (known.length === 0) {
    const reason = `${nameToText(zone)} is signed with unsupported algorithms only`
    return { status: 'insecure', reason, ede: why(Ede.UNSUPPORTED_DNSKEY_ALGORITHM, reason), expires }
  }
  const digestible = known.some((item) => !('digestType' in item) || rules.digests.has(item.digestType))
  if (!digestible) {
    const reason = `the DS records of ${nameToText(zone)} have unsupported digests only`
    return { status: 'insecure', reason, ede: why(Ede.UNSUPPORTED_DS_DIGEST, reason), expires }
  }
  return { status: 'delegated', trust, expires }
}

/**
 * Validates a zone's DNSKEY set by what it is trusted by: a key that a DS or an anchor names must have signed the whole set
 * (RFC 4035 section 5.2). Any one path will do (RFC 6840 section 5.11). `trustExpires` is unix seconds.
 */
export function validateDnskeySet(
  zone: Name,
  set: RRset | undefined,
  trust: TrustPoint,
  trustExpires: number,
  rules: TrustRules,
  budget: Budget,
): ZoneSecurity {
  const classified = classifyTrust(zone, trust, trustExpires, rules)
  if (classified.status !== 'delegated') return classified
  if (set === undefined || set.rdatas.length === 0) {
    return bogusUntil(rules, why(Ede.DNSKEY_MISSING, `${nameToText(zone)} has no DNSKEY set`))
  }
  const entry = entryKeys(zone, set, trust, rules)
  if ('code' in entry) return bogusUntil(rules, entry)
  const { now, anyTime } = rules
  const signed = verifyRRset({ rrset: set, zone, keys: entry.keys, now, anyTime, budget })
  if (!signed.ok) return bogusUntil(rules, signed.ede)
  const expires = Math.min(trustExpires, linkExpiry(signed.ttl, rules.now))
  return { status: 'secure', keys: usableKeys(set.rdatas, rules.algorithms), expires }
}

/** Unix seconds until which a link is believed that was shown by data of this TTL. */
export function linkExpiry(ttl: number, now: number): number {
  return now + Math.max(limits.MIN_LINK_SECONDS, Math.min(ttl, limits.MAX_LINK_SECONDS))
}

function bogusUntil({ now }: TrustRules, ede: ExtendedError): ZoneSecurity {
  return { status: 'bogus', ede, expires: now + limits.BOGUS_SECONDS }
}

/** Keys of the set that the trust point vouches for, or why there is none. */
function entryKeys(zone: Name, set: RRset, trust: TrustPoint, rules: TrustRules): { keys: ZoneKey[] } | ExtendedError {
  const named = vouchedFor(zone, set, trust, rules)
  const keys = usableKeys(named, rules.algorithms)
  if (keys.length > 0) return { keys }
  const other = named.map(readKey)[0]
  if (other === undefined) {
    return why(Ede.DNSKEY_MISSING, `no DNSKEY of ${nameToText(zone)} matches its DS${tagsOf(trust)}`)
  }
  if (!isZoneKey(other)) return why(Ede.NO_ZONE_KEY_BIT, `${keyText(other.tag, zone)} is not a zone key`)
  return why(Ede.DNSKEY_MISSING, `${keyText(other.tag, zone)} is revoked`)
}

/** RDATA of the set's keys that a DS or a trusted key of the trust point names, usable or not. */
export function vouchedFor(zone: Name, set: RRset, trust: TrustPoint, rules: TrustRules): Uint8Array[] {
  const rdatas = set.rdatas.slice(0, limits.MAX_DNSKEYS)
  const found = rdatas.filter((rdata) => trust.keys.some((key) => equalBytes(key, rdata)))
  let digestsLeft: number = limits.MAX_DS_DIGESTS
  for (const ds of usableDs(trust, rules)) {
    const candidates = rdatas.filter((rdata) => rdata[3] === ds.algorithm && keyTag(rdata) === ds.tag)
    for (const rdata of candidates.slice(0, limits.MAX_SAME_TAG_KEYS)) {
      if (found.includes(rdata)) continue
      if (digestsLeft-- <= 0) return found
      const digest = dsDigest(ds.digestType, concatBytes(canonicalName(zone).wire, rdata))
      if (digest !== undefined && equalBytes(digest, ds.digest)) found.push(rdata)
    }
  }
  return found
}

/** Supported DS records; SHA-1 only where the same key has nothing stronger (RFC 4509 section 3). */
function usableDs(trust: TrustPoint, { algorithms, digests }: TrustRules): DsFields[] {
  const known = trust.ds
    .flatMap((rdata) => readDs(rdata) ?? [])
    .filter((ds) => algorithms.has(ds.algorithm) && digests.has(ds.digestType))
    .slice(0, limits.MAX_DS)
  const isStronger = (a: DsFields, b: DsFields) => a.tag === b.tag && a.algorithm === b.algorithm && a.digestType !== 1
  return known.filter((ds) => ds.digestType !== 1 || !known.some((other) => isStronger(other, ds)))
}

function isZoneKey({ flags, protocol }: { flags: number; protocol: number }): boolean {
  return (flags & ZONE_KEY) !== 0 && protocol === DNSSEC_PROTOCOL
}

function tagsOf(trust: TrustPoint): string {
  const tags = [...new Set(trust.ds.flatMap((rdata) => readDs(rdata)?.tag ?? []))]
  return tags.length === 0 ? '' : ` (key tag ${tags.slice(0, limits.MAX_DS).join(', ')})`
}
