/** Links of chains of trust that go from peer to peer beside an answer: picked from this node's cache, and tried when they come. */
import { Budget, isChordnsError } from '../../base/index.ts'
import type { CacheContext } from '../../cache/index.ts'
import {
  agedDelegation,
  Class,
  isSubdomain,
  type Name,
  type Question,
  type RRset,
  sameName,
  suffixName,
  Type,
} from '../../dns/index.ts'
import { learn, type Need, type ZoneSecurity } from '../../dnssec/index.ts'
import type { Outcome, ProofLink } from '../../evidence/index.ts'
import type { Engine } from '../job/engine.ts'
import { dsOfReferral } from '../job/referral.ts'
import type { Trust } from './trust.ts'

/** What peers gave for one answer, and what trying it may still cost. */
export interface GivenLinks {
  readonly links: readonly ProofLink[]
  readonly budget: Budget
}

export function givenLinks(engine: Engine, links: readonly ProofLink[], timeMs: number): GivenLinks {
  const { GIVEN_SIGNATURES, GIVEN_HASHES } = engine.limits
  return {
    links,
    budget: new Budget({ queries: 0, bytes: 0, timeMs, signatures: GIVEN_SIGNATURES, hashes: GIVEN_HASHES }, () =>
      engine.monotonic(),
    ),
  }
}

/**
 * The needed link, if one of those that were given proves it. A copy that proves nothing is passed over, so that a false one keeps
 * nobody from using a true one, or from asking the authority.
 */
export function linkFromGiven(
  trust: Trust,
  { links, budget }: GivenLinks,
  need: Need,
): { readonly link: ZoneSecurity; readonly proof: ProofLink } | undefined {
  const type = need.need === 'DS' ? Type.DS : Type.DNSKEY
  for (const { question, outcome } of links) {
    if (question.type !== type || !sameName(question.name, need.zone)) continue
    try {
      const link = learn(need, outcome, trust.context(), budget)
      if (link.status !== 'bogus' && link.status !== 'unproven') return { link, proof: { question, outcome } }
    } catch (error) {
      if (isChordnsError(error, 'BUDGET_SPENT')) return undefined
      throw error
    }
  }
  return undefined
}

/** Zone cuts above `name` that the links speak of: hints only. A false one can cost a question, and never changes a verdict. */
export function cutsOf(engine: Engine, links: readonly ProofLink[], name: Name): Name[] {
  const cuts = links.filter(({ question }) => isSubdomain(name, question.name)).map(({ question }) => question.name)
  return cuts.slice(0, engine.limits.GIVEN_CUTS)
}

/**
 * The links on the way to `name` that the cache holds, from the zone with `from` labels on: for each zone its DS set or the denial of
 * it, and its keys. They may be copies from anywhere: whoever gets them checks them.
 */
export function linksTo(engine: Engine, context: CacheContext, name: Name, from: number): ProofLink[] {
  const links: ProofLink[] = []
  for (let labels = from; labels <= name.labels; labels++) {
    const zone = suffixName(name, labels)
    for (const type of labels === 0 ? [Type.DNSKEY] : [Type.DS, Type.DNSKEY]) {
      const question: Question = { name: zone, type, class: Class.IN }
      const outcome =
        cached(engine, context, question) ?? (type === Type.DS ? fromReferral(engine, context, zone) : undefined)
      if (outcome === undefined || !isSigned(outcome)) continue
      if (links.length >= engine.limits.LINKS_GIVEN) return links
      links.push({ question, outcome })
    }
  }
  return links
}

function cached(engine: Engine, context: CacheContext, question: Question): Outcome | undefined {
  const now = engine.now()
  const entry = engine.deps.cache.get(context, question, now)
  return entry === undefined || entry.security === 'bogus'
    ? undefined
    : withTtlsUpTo(entry.outcome, Math.floor((entry.expires - now) / 1000))
}

/** Whoever gets the link must not believe it longer than this node may. */
function withTtlsUpTo(outcome: Outcome, seconds: number): Outcome {
  const within = <T extends RRset | undefined>(set: T): T =>
    set === undefined ? set : { ...set, ttl: Math.min(set.ttl, seconds) }
  const proofs = outcome.proofs.map(within)
  return outcome.kind === 'rrset'
    ? { ...outcome, rrset: within(outcome.rrset), proofs }
    : { ...outcome, soa: within(outcome.soa), proofs }
}

/** What came with the referral to `zone`. */
function fromReferral(engine: Engine, context: CacheContext, zone: Name): Outcome | undefined {
  const cached = engine.deps.cache.delegation(context, zone, engine.now())
  if (cached === undefined || !sameName(cached.delegation.zone, zone) || zone.labels === 0) return undefined
  const aged = agedDelegation(cached.delegation, (engine.now() - cached.stored) / 1000)
  return dsOfReferral(aged, suffixName(zone, zone.labels - 1))
}

function isSigned(outcome: Outcome): boolean {
  const sets = outcome.kind === 'rrset' ? [outcome.rrset] : outcome.proofs
  return sets.some((set) => set.signatures.length > 0)
}
