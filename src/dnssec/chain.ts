/** The way from a trust anchor down to a zone: which link is known, and which is missing. RFC 4035 section 5. */
import { type ExtendedError, isSubdomain, type Name, nameToText, sameName, suffixName } from '../dns/index.ts'
import type { Need, TrustAnchor, ValidationContext, ZoneKey, ZoneSecurity } from './types.ts'

export type ChainWalk =
  /** `zone` is the deepest zone on the way; the target lies in it as far as was looked. */
  | { readonly end: 'secure'; readonly zone: Name; readonly keys: readonly ZoneKey[] }
  | {
      readonly end: 'insecure'
      readonly reason: string
      readonly ede: ExtendedError | undefined
      readonly expires: number
    }
  | { readonly end: 'bogus'; readonly at: Name; readonly ede: ExtendedError; readonly expires: number }
  | ({ readonly end: 'need' } & Need)

const NEVER = Number.POSITIVE_INFINITY

/**
 * Walks from the nearest trust anchor to `target`, stopping at `target` and at the names in `cuts`. Names between need no
 * look as long as each answer is signed by the zone above: what that zone proves of a name is proof that the name is its own.
 */
export function walk(target: Name, cuts: readonly Name[], context: ValidationContext): ChainWalk {
  const anchor = anchorOf(target, context)
  if (anchor === undefined) {
    return {
      end: 'insecure',
      reason: `no trust anchor at or above ${nameToText(target)}`,
      ede: undefined,
      expires: NEVER,
    }
  }
  const negative = context.negativeAnchors.find(
    (name) => isSubdomain(target, name) && name.labels >= anchor.zone.labels,
  )
  if (negative !== undefined) {
    const reason = `${nameToText(negative)} has a negative trust anchor`
    return { end: 'insecure', reason, ede: undefined, expires: NEVER }
  }
  const start = linkOf(anchor.zone, context)
  if (start === undefined) return need('DNSKEY', anchor.zone, anchor.zone)
  if (start.status !== 'secure') return endOf(start, anchor.zone)
  return descend(target, stopsOf(target, cuts), anchor.zone, start.keys, context)
}

/** The deepest anchor at or above the name. */
export function nearestAnchor(name: Name, anchors: readonly TrustAnchor[]): TrustAnchor | undefined {
  let best: TrustAnchor | undefined
  for (const anchor of anchors) {
    if (isSubdomain(name, anchor.zone) && (best === undefined || anchor.zone.labels > best.zone.labels)) best = anchor
  }
  return best
}

/** The anchor that a name's chain of trust begins at. */
export function anchorOf(
  name: Name,
  { anchors, anchoredAt }: Pick<ValidationContext, 'anchors' | 'anchoredAt'>,
): TrustAnchor | undefined {
  const configured = nearestAnchor(name, anchors)
  const other = anchoredAt?.(name)
  if (configured === undefined || other === undefined) return configured ?? other
  // An operator who names an anchor at the same name means it.
  return other.zone.labels > configured.zone.labels ? other : configured
}

/** What is known of a name, unless it has expired. */
export function linkOf(name: Name, { chain, now }: ValidationContext): ZoneSecurity | undefined {
  const link = chain.get(name)
  return link === undefined || link.expires <= now ? undefined : link
}

/** Label counts at which to stop. */
function stopsOf(target: Name, cuts: readonly Name[]): Set<number> {
  const stops = new Set([target.labels])
  for (const cut of cuts) if (isSubdomain(target, cut)) stops.add(cut.labels)
  return stops
}

function descend(
  target: Name,
  stops: Set<number>,
  from: Name,
  fromKeys: readonly ZoneKey[],
  context: ValidationContext,
): ChainWalk {
  let zone = from
  let keys = fromKeys
  for (let labels = from.labels + 1; labels <= target.labels; labels++) {
    if (!stops.has(labels)) continue
    const name = suffixName(target, labels)
    const link = linkOf(name, context)
    if (link === undefined) return need('DS', name, zone)
    if (link.status === 'delegated') return need('DNSKEY', name, name)
    if (link.status === 'secure') {
      zone = name
      keys = link.keys
    } else if (link.status === 'inside') {
      if (link.absent) break
    } else if (link.status === 'unproven') {
      const missed = firstMissed(link.via, zone, name, stops)
      if (missed === undefined) {
        return sameName(link.under, zone)
          ? { end: 'bogus', at: name, ede: link.ede, expires: link.expires }
          : need('DS', name, zone)
      }
      // Start again above the first name that was skipped.
      labels = missed - 1
    } else return endOf(link, name)
  }
  return { end: 'secure', zone, keys }
}

/**
 * A zone cut that iteration did not see may lie between: the same servers can carry both zones. Adds the zone that the answer
 * named, or else all names between, and returns where to start again; undefined when every label was looked at.
 */
function firstMissed(via: Name | undefined, zone: Name, name: Name, stops: Set<number>): number | undefined {
  if (via !== undefined && via.labels > zone.labels && via.labels < name.labels && !stops.has(via.labels)) {
    stops.add(via.labels)
    return via.labels
  }
  let first: number | undefined
  for (let labels = name.labels - 1; labels > zone.labels; labels--) {
    if (stops.has(labels)) continue
    stops.add(labels)
    first = labels
  }
  return first
}

function endOf(link: ZoneSecurity, name: Name): ChainWalk {
  if (link.status === 'insecure') return { end: 'insecure', reason: link.reason, ede: link.ede, expires: link.expires }
  if (link.status === 'bogus') return { end: 'bogus', at: name, ede: link.ede, expires: link.expires }
  // Nothing else can be known of an anchor's zone, unless the store mixes two sets of anchors. Then it is asked anew.
  return { end: 'need', need: 'DNSKEY', zone: name, parent: name }
}

function need(what: 'DS' | 'DNSKEY', zone: Name, parent: Name): ChainWalk {
  return { end: 'need', need: what, zone, parent }
}
