/**
 * Following the keys of a trust anchor as its zone changes them: RFC 5011. A step machine; its caller fetches and stores.
 *
 * | from -> to | when |
 * |---|---|
 * | unknown -> `pending` | a trusted key has signed a set with a new key signing key in it |
 * | unknown -> `valid` | the same, and the configured anchor itself names the key |
 * | `pending` -> `valid` | the key was in every set for 30 days, or for its TTL if that is longer |
 * | `pending` -> gone | a signed set does not have it: waiting begins anew when it comes back |
 * | `valid` -> `missing`, and back | a signed set does not have it, or has it again; it counts all the time |
 * | any -> `revoked` | the key has the revoke bit and has signed that itself, in whatever set; there is no way back |
 */
import { type Budget, equalBytes } from '../../base/index.ts'
import { type Name, type RRset, sameName } from '../../dns/index.ts'
import { limits } from '../limits.ts'
import { dsOf, isRevoked, keyTag, readKey, usableKeys, validateDnskeySet, vouchedFor } from '../signatures/keys.ts'
import { signaturesOf, verifyRRset } from '../signatures/rrsig.ts'
import type { TrustAnchor, TrustPoint, ValidationContext } from '../types.ts'

/**
 * RFC 5011 section 4. `pending`: seen, and must stay for 30 days before it counts. `valid`: counts. `missing`: counts, but is
 * not published now. `revoked`: never counts again, and is remembered so that it does not come back.
 */
export type FollowedState = 'pending' | 'valid' | 'missing' | 'revoked'

export interface FollowedKey {
  /** RDATA of the DNSKEY, without the revoke bit. */
  readonly rdata: Uint8Array
  readonly state: FollowedState
  /** Unix seconds: when this state began. */
  readonly since: number
}

export interface Rollover {
  readonly zone: Name
  readonly keys: readonly FollowedKey[]
}

export interface RolloverStep {
  readonly rollover: Rollover
  /** What changed, for the log and for whoever stores the state. `gone`: a pending key that was taken back. */
  readonly changes: readonly {
    readonly tag: number
    readonly from: FollowedState | 'unknown'
    readonly to: FollowedState | 'gone'
  }[]
  /** False: no trusted key signed the set, and only revocations were taken from it. */
  readonly believed: boolean
  /** Seconds until the zone's DNSKEY set must be looked at again (section 2.3). */
  readonly againSeconds: number
}

const REVOKE = 0x0080
const SECURE_ENTRY_POINT = 0x0001
const HOUR = 3_600
const DAY = 86_400
/** Section 2.4.1: how long a new key must be published before it is trusted. */
const HOLD_DOWN = 30 * DAY

type Rules = Pick<ValidationContext, 'algorithms' | 'digests' | 'now'>

/** Nothing is known yet: the configured anchor alone counts. */
export function startRollover(zone: Name): Rollover {
  return { zone, keys: [] }
}

/**
 * What to validate by: the configured anchor and the keys that became valid since, less those that were revoked. With nothing
 * left the anchor is empty and its zone bogus: a stranger with one stolen key must not be able to switch validation off.
 */
export function followedAnchor({ zone, keys }: Rollover, configured: TrustPoint): TrustAnchor {
  const revoked = keys.filter(({ state }) => state === 'revoked').map(({ rdata }) => rdata)
  const trusted = keys.filter(({ state }) => state === 'valid' || state === 'missing').map(({ rdata }) => rdata)
  return {
    zone,
    ds: configured.ds.filter((ds) => !revoked.some((rdata) => isDsOf(zone, ds, rdata))),
    keys: [...configured.keys.filter((key) => !revoked.some((rdata) => equalBytes(key, rdata))), ...trusted],
  }
}

/**
 * Takes in one DNSKEY set of the zone. New keys count only from a set that a trusted key has signed; a key may always revoke
 * itself (section 2.1). Throws BUDGET_SPENT.
 */
export function followKeys(
  rollover: Rollover,
  configured: TrustPoint,
  set: RRset,
  rules: Rules,
  budget: Budget,
): RolloverStep {
  const { zone } = rollover
  const { now } = rules
  const found = publishedKeys(zone, set, rules, budget)
  const revoked = found.filter((key) => key.revoked).map(({ rdata }) => rdata)
  const afterRevocation = { zone, keys: revoke(rollover, configured, revoked, now) }
  const anchor = followedAnchor(afterRevocation, configured)
  const security = validateDnskeySet(zone, set, anchor, now + limits.MAX_LINK_SECONDS, rules, budget)
  const believed = security.status === 'secure' && sameName(set.name, zone)
  const published = found.filter((key) => !key.revoked).map(({ rdata }) => rdata)
  const sure = believed ? vouchedFor(zone, set, configured, rules) : []
  const keys = believed ? advance(afterRevocation.keys, published, sure, set, now) : afterRevocation.keys
  const next = { zone, keys: keys.slice(0, limits.MAX_FOLLOWED_KEYS) }
  const againSeconds = believed ? interval(set, now, 2, 15 * DAY) : interval(set, now, 10, DAY)
  return { rollover: next, changes: changesBetween(rollover, next), believed, againSeconds }
}

/** A key signing key of the set, by its RDATA without the revoke bit. */
interface PublishedKey {
  readonly rdata: Uint8Array
  readonly revoked: boolean
}

/** A revoked key is taken for one only if it has signed its own revocation. */
function publishedKeys(zone: Name, set: RRset, { algorithms, now }: Rules, budget: Budget): PublishedKey[] {
  return set.rdatas.slice(0, limits.MAX_DNSKEYS).flatMap((rdata): PublishedKey[] => {
    const key = readKey(rdata)
    if (key === undefined || (key.flags & SECURE_ENTRY_POINT) === 0) return []
    if (!isRevoked(key)) return usableKeys([rdata], algorithms).length === 0 ? [] : [{ rdata, revoked: false }]
    const plain = rdata.with(1, rdata[1]! & ~REVOKE)
    if (usableKeys([plain], algorithms).length === 0) return []
    return verifyRRset({ rrset: set, zone, keys: [key], now, budget }).ok ? [{ rdata: plain, revoked: true }] : []
  })
}

/** Only keys that count, or would soon, are worth remembering as revoked. */
function revoke(
  { zone, keys }: Rollover,
  configured: TrustPoint,
  revoked: readonly Uint8Array[],
  now: number,
): FollowedKey[] {
  const isIn = (rdata: Uint8Array, list: readonly Uint8Array[]) => list.some((other) => equalBytes(other, rdata))
  const known = keys.map((key): FollowedKey => {
    return key.state !== 'revoked' && isIn(key.rdata, revoked)
      ? { rdata: key.rdata, state: 'revoked', since: now }
      : key
  })
  const isConfigured = (rdata: Uint8Array) =>
    isIn(rdata, configured.keys) || configured.ds.some((ds) => isDsOf(zone, ds, rdata))
  const fresh = revoked.filter((rdata) => isConfigured(rdata) && !keys.some((key) => equalBytes(key.rdata, rdata)))
  return [...known, ...fresh.map((rdata): FollowedKey => ({ rdata, state: 'revoked', since: now }))]
}

/** Sections 4.1 and 4.2. `sure`: keys that the configuration itself names need no waiting. */
function advance(
  keys: readonly FollowedKey[],
  published: readonly Uint8Array[],
  sure: readonly Uint8Array[],
  set: RRset,
  now: number,
): FollowedKey[] {
  const isIn = (rdata: Uint8Array, list: readonly Uint8Array[]) => list.some((other) => equalBytes(other, rdata))
  const wait = Math.max(HOLD_DOWN, originalTtl(set))
  const known = keys.flatMap((key): FollowedKey[] => {
    const { rdata, state, since } = key
    const isPublished = isIn(rdata, published)
    if (state === 'revoked') return [key]
    if (state === 'pending') {
      if (!isPublished) return []
      return isIn(rdata, sure) || now - since >= wait ? [{ rdata, state: 'valid', since: now }] : [key]
    }
    const to = isPublished ? 'valid' : 'missing'
    return [to === state ? key : { rdata, state: to, since: now }]
  })
  const fresh = published.filter((rdata) => !keys.some((key) => equalBytes(key.rdata, rdata)))
  return [
    ...known,
    ...fresh.map((rdata): FollowedKey => ({ rdata, state: isIn(rdata, sure) ? 'valid' : 'pending', since: now })),
  ]
}

/** Section 2.3: a part of the TTL and of the signatures' life, at least an hour. */
function interval(set: RRset, now: number, part: number, most: number): number {
  const lives = signaturesOf(set).map(({ expiration }) => Math.max(0, (expiration - now) | 0))
  const least = Math.min(originalTtl(set), ...lives)
  return Math.max(HOUR, Math.min(most, Math.floor(least / part)))
}

function originalTtl(set: RRset): number {
  return Math.max(set.ttl, ...signaturesOf(set).map((signature) => signature.originalTtl))
}

function changesBetween(before: Rollover, after: Rollover): RolloverStep['changes'] {
  const stateIn = ({ keys }: Rollover, rdata: Uint8Array) => keys.find((key) => equalBytes(key.rdata, rdata))?.state
  const came = after.keys.map(({ rdata, state }) => ({
    tag: keyTag(rdata),
    from: stateIn(before, rdata) ?? ('unknown' as const),
    to: state,
  }))
  const went = before.keys
    .filter(({ rdata }) => stateIn(after, rdata) === undefined)
    .map(({ rdata, state }) => ({ tag: keyTag(rdata), from: state, to: 'gone' as const }))
  return [...came.filter(({ from, to }) => from !== to), ...went]
}

function isDsOf(zone: Name, ds: Uint8Array, rdata: Uint8Array): boolean {
  const own = dsOf(zone, rdata, ds[3] ?? 0)
  return own !== undefined && equalBytes(own, ds)
}
