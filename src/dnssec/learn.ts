/** From the answer to a DS or DNSKEY question to a link of the chain of trust. */
import type { Budget } from '../base/index.ts'
import { type ExtendedError, isSubdomain, type Name, nameToText, sameName, suffixName, Type } from '../dns/index.ts'
import type { Absence, Outcome, Presence } from '../evidence/index.ts'
import { anchorOf, linkOf } from './chain.ts'
import { loadProofs } from './denial/proof-set.ts'
import { type Denial, proveExpansion, proveNodata, proveNxdomain } from './denial/prove.ts'
import { limits } from './limits.ts'
import { classifyTrust, linkExpiry, validateDnskeySet } from './signatures/keys.ts'
import { readSignature, verifyRRset } from './signatures/rrsig.ts'
import type { Need, SigningZone, ValidationContext, ZoneSecurity } from './types.ts'
import { bogus } from './why.ts'

/**
 * Validates the answer that came for a `Need`. The result belongs into the chain under `need.zone`. `secondsLeft`: what is left of
 * the answer's own term, so that a link that is learned again from the same copy gets no new one. Failing to get an answer at all
 * is the caller's to report: it says nothing about the zone. Throws BUDGET_SPENT.
 */
export function learn(
  need: Need,
  outcome: Outcome,
  context: ValidationContext,
  budget: Budget,
  secondsLeft = Number.POSITIVE_INFINITY,
): ZoneSecurity {
  const link =
    need.need === 'DNSKEY' ? learnDnskey(need.zone, outcome, context, budget) : learnDs(need, outcome, context, budget)
  if (link.status === 'bogus' || link.status === 'unproven') return link
  return { ...link, expires: Math.min(link.expires, linkExpiry(secondsLeft, context.now)) }
}

function learnDnskey(zone: Name, outcome: Outcome, context: ValidationContext, budget: Budget): ZoneSecurity {
  const isAnswer = outcome.kind === 'rrset' && outcome.rrset.type === Type.DNSKEY && sameName(outcome.rrset.name, zone)
  const set = isAnswer ? outcome.rrset : undefined
  const anchor = anchorOf(zone, context)
  if (anchor !== undefined && sameName(anchor.zone, zone)) {
    const expires = context.now + limits.MAX_LINK_SECONDS
    return validateDnskeySet(zone, set, anchor, expires, context, budget)
  }
  const link = linkOf(zone, context)
  if (link === undefined) return forgotten(context, bogus(`the DS set of ${nameToText(zone)} is not known any more`))
  // Another question has learnt it while this answer was on its way: what is known stands.
  if (link.status !== 'delegated') return link
  return validateDnskeySet(zone, set, link.trust, link.expires, context, budget)
}

function learnDs({ zone, parent }: Need, outcome: Outcome, context: ValidationContext, budget: Budget): ZoneSecurity {
  const above = linkOf(parent, context)
  if (above?.status !== 'secure' || !isSubdomain(zone, parent) || sameName(zone, parent)) {
    return forgotten(context, bogus(`the keys of ${nameToText(parent)} are not known any more`))
  }
  const signer = { zone: parent, keys: above.keys, now: context.now, anyTime: context.anyTime, budget }
  const learned =
    outcome.kind === 'rrset' ? fromPresence(zone, outcome, signer, context) : fromAbsence(zone, outcome, signer)
  if (!('code' in learned)) return learned
  return {
    status: 'unproven',
    under: parent,
    via: zoneBetween(zone, parent, outcome),
    ede: learned,
    expires: bogusUntil(context),
  }
}

function fromPresence(
  zone: Name,
  { rrset, proofs }: Presence,
  signer: SigningZone,
  context: ValidationContext,
): ZoneSecurity | ExtendedError {
  const isOwn = sameName(rrset.name, zone)
  if (rrset.type === Type.DS && isOwn) {
    const signed = verifyRRset({ rrset, ...signer })
    if (!signed.ok) return signed.ede
    return classifyTrust(zone, { ds: rrset.rdatas, keys: [] }, linkExpiry(signed.ttl, signer.now), context)
  }
  // An alias is no zone cut, and below a DNAME there is none.
  const isAlias = rrset.type === Type.CNAME && isOwn
  const isAbove = rrset.type === Type.DNAME && !isOwn && isSubdomain(zone, rrset.name)
  if (!isAlias && !isAbove) return bogus(`no answer to ${nameToText(zone)} DS`)
  const signed = verifyRRset({ rrset, ...signer })
  if (!signed.ok) return signed.ede
  let ttl = signed.ttl
  if (signed.wildcard !== undefined) {
    const proof = loadProofs(proofs, signer)
    const encloser = suffixName(signed.wildcard, signed.wildcard.labels - 1)
    const denial = proveExpansion(rrset.name, encloser, rrset.type, proof)
    ttl = Math.min(ttl, proof.ttl)
    if (denial.kind !== 'proven') return linkOfDenial(zone, denial, ttl, signer)
  }
  return { status: 'inside', absent: isAbove, expires: linkExpiry(ttl, signer.now) }
}

function fromAbsence(zone: Name, { proofs }: Absence, signer: SigningZone): ZoneSecurity | ExtendedError {
  const set = loadProofs(proofs, signer)
  const question = { name: zone, type: Type.DS, class: 1 }
  const nodata = proveNodata(question, set)
  if (nodata.kind !== 'unproven') return linkOfDenial(zone, nodata, set.ttl, signer)
  // The rcode is not signed, so the records decide, whatever the rcode says.
  return linkOfDenial(zone, proveNxdomain(question, set), set.ttl, signer)
}

/** RFC 4035 section 5.2, RFC 5155 section 8.9: an NS bit without a DS bit is an unsigned delegation. */
function linkOfDenial(zone: Name, denial: Denial, ttl: number, { now }: SigningZone): ZoneSecurity | ExtendedError {
  const expires = linkExpiry(ttl, now)
  const name = nameToText(zone)
  switch (denial.kind) {
    case 'unproven':
      return denial.ede
    case 'iterations':
      return { status: 'insecure', reason: denial.ede.text!, ede: denial.ede, expires }
    case 'opt-out':
      return { status: 'insecure', reason: `${name} lies in an opt-out span without DS`, expires }
    case 'proven':
      if (denial.types?.has(Type.NS) === true)
        return { status: 'insecure', reason: `${name} is delegated without DS`, expires }
      return { status: 'inside', absent: denial.by === 'missing', expires }
  }
}

/** A zone strictly between the two that the answer speaks for: its signer, or the owner of its SOA. */
function zoneBetween(zone: Name, parent: Name, outcome: Outcome): Name | undefined {
  const isBetween = (name: Name) => name.labels > parent.labels && name.labels < zone.labels && isSubdomain(zone, name)
  const sets =
    outcome.kind === 'rrset'
      ? [outcome.rrset]
      : [...(outcome.soa === undefined ? [] : [outcome.soa]), ...outcome.proofs]
  for (const set of sets) {
    if (set.type === Type.SOA && isBetween(set.name)) return set.name
    for (const rdata of set.signatures.slice(0, limits.MAX_CHECKS_PER_RRSET)) {
      const signer = readSignature(rdata)?.signer
      if (signer !== undefined && isBetween(signer)) return signer
    }
  }
  return undefined
}

/** A link above expired while the answer was on its way. That says nothing about the zone: expired at once, so asked again. */
function forgotten({ now }: ValidationContext, ede: ExtendedError): ZoneSecurity {
  return { status: 'bogus', ede, expires: now }
}

function bogusUntil({ now }: ValidationContext): number {
  return now + limits.BOGUS_SECONDS
}
