/** The verdict on one outcome: walk to the zone that must have signed it, check, and prove what is absent. */
import type { Budget } from '../base/index.ts'
import {
  Ede,
  type ExtendedError,
  isSubdomain,
  type Name,
  nameToText,
  parentName,
  type Question,
  type RRset,
  sameName,
  suffixName,
  Type,
} from '../dns/index.ts'
import type { Absence, Outcome, Presence } from '../evidence/index.ts'
import { type ChainWalk, linkOf, walk } from './chain.ts'
import { loadProofs } from './denial/proof-set.ts'
import { type Denial, proveExpansion, proveNodata, proveNxdomain } from './denial/prove.ts'
import { limits } from './limits.ts'
import { signaturesOf, verifyRRset } from './signatures/rrsig.ts'
import type { Claim, Need, SigningZone, ValidationContext, Verdict } from './types.ts'
import { bogus, setText, why } from './why.ts'

/** Seconds: longer than any TTL. */
const NO_CAP = 0x7fff_ffff

/**
 * Validates one outcome, or says which link of the chain of trust must be fetched and learned first. To be called again until it
 * gives a verdict: each round adds a link, so there are at most three for each label of the name.
 * Throws BUDGET_SPENT when the question has used up its signatures or hashes; that is not a verdict.
 */
export function validateFinding(claim: Claim, context: ValidationContext, budget: Budget): Verdict | Need {
  const { outcome, question } = claim
  const odd = oddity(question, outcome)
  if (odd !== undefined) return bogusVerdict(outcome, bogus(odd))
  if (outcome.kind === 'rrset' && outcome.rrset.type === Type.RRSIG) {
    return { verdict: 'insecure', outcome, reason: 'signatures are not signed', ede: [], ttlCap: NO_CAP }
  }
  for (const signer of signersOf(claim).slice(0, limits.MAX_SIGNERS)) {
    const way = walk(signer, claim.cuts, context)
    if (way.end !== 'secure') return endVerdict(way, outcome)
    // The signer is no zone: the signature counts for nothing, as if it were not there.
    if (!sameName(way.zone, signer)) continue
    const zone = { zone: signer, keys: way.keys, now: context.now, anyTime: context.anyTime, budget }
    return outcome.kind === 'rrset'
      ? validatePresence(question, outcome, zone)
      : validateAbsence(question, outcome, zone)
  }
  return validateUnsigned(claim, context)
}

/**
 * The zone that must have signed the outcome, when its key set as it is known lacks the keys of all signatures of one of the sets:
 * that set may be an old one.
 */
export function zoneLackingKey(claim: Claim, context: ValidationContext): Name | undefined {
  const { outcome } = claim
  const soa = outcome.kind === 'absent' && outcome.soa !== undefined ? [outcome.soa] : []
  const sets = [...(outcome.kind === 'rrset' ? [outcome.rrset] : soa), ...outcome.proofs.slice(0, limits.MAX_PROOFS)]
  for (const signer of signersOf(claim).slice(0, limits.MAX_SIGNERS)) {
    const link = linkOf(signer, context)
    if (link?.status !== 'secure') continue
    const has = (tag: number, algorithm: number) =>
      link.keys.some((key) => key.tag === tag && key.algorithm === algorithm)
    for (const set of sets) {
      const own = signaturesOf(set).filter((signature) => sameName(signature.signer, signer))
      if (own.length > 0 && !own.some(({ keyTag, algorithm }) => has(keyTag, algorithm))) return signer
    }
  }
  return undefined
}

/** Why the outcome is no answer to the question at all; undefined when it is one. */
function oddity({ name, type }: Question, outcome: Outcome): string | undefined {
  if (outcome.kind === 'absent') return undefined
  const { rrset } = outcome
  const isOwn = sameName(rrset.name, name)
  if (isOwn && (rrset.type === type || rrset.type === Type.CNAME || type === Type.ANY)) return undefined
  if (!isOwn && rrset.type === Type.DNAME && isSubdomain(name, rrset.name)) return undefined
  return `${setText(rrset)} does not answer ${setText({ name, type })}`
}

/** Zones that may have signed the outcome, deepest first. DS and its absence are the parent's to state. */
function signersOf({ question, outcome }: Claim): Name[] {
  const sets = outcome.kind === 'rrset' ? [outcome.rrset] : outcome.proofs.slice(0, limits.MAX_PROOFS)
  const signers = new Map<string, Name>()
  for (const set of sets) {
    for (const { signer } of signaturesOf(set)) {
      if (mayState(signer, set, question)) signers.set(signer.key, signer)
    }
  }
  return [...signers.values()].sort((a, b) => b.labels - a.labels)
}

function mayState(signer: Name, set: RRset, question: Question): boolean {
  if (!isSubdomain(set.name, signer) || !isSubdomain(question.name, signer)) return false
  return question.type !== Type.DS || !sameName(signer, question.name) || question.name.labels === 0
}

function validatePresence(question: Question, outcome: Presence, zone: SigningZone): Verdict {
  const { rrset } = outcome
  const signed = verifyRRset({ rrset, ...zone })
  if (!signed.ok) return bogusVerdict(outcome, signed.ede)
  const { wildcard } = signed
  if (wildcard === undefined) {
    return { verdict: 'secure', outcome: { ...outcome, proofs: [] }, zone: zone.zone, ttlCap: signed.ttl }
  }
  const proofs = loadProofs(outcome.proofs, zone)
  const encloser = suffixName(wildcard, wildcard.labels - 1)
  const denial = proveExpansion(rrset.name, encloser, question.type, proofs)
  if (denial.kind !== 'proven') return denialVerdict(denial, outcome, proofs.ttl)
  const ttlCap = Math.min(signed.ttl, proofs.ttl)
  return { verdict: 'secure', outcome: { ...outcome, proofs: denial.used }, zone: zone.zone, ttlCap, wildcard }
}

function validateAbsence(question: Question, outcome: Absence, zone: SigningZone): Verdict {
  const { soa, rcode } = outcome
  let ttlCap = NO_CAP
  // The SOA goes to the client beside the proof, and its minimum sets the TTL, so it must be signed by the zone, too.
  if (soa !== undefined) {
    const signed = verifyRRset({ rrset: soa, ...zone })
    if (!signed.ok) return bogusVerdict(outcome, signed.ede)
    ttlCap = signed.ttl
  }
  const proofs = loadProofs(outcome.proofs, zone)
  const denial = rcode === 0 ? proveNodata(question, proofs) : proveNxdomain(question, proofs)
  if (denial.kind !== 'proven') return denialVerdict(denial, outcome, proofs.ttl)
  ttlCap = Math.min(ttlCap, proofs.ttl)
  return { verdict: 'secure', outcome: { ...outcome, proofs: denial.used }, zone: zone.zone, ttlCap }
}

/** There is no signature by an enclosing zone. That is allowed below a proven insecure delegation only. */
function validateUnsigned({ question, outcome, cuts }: Claim, context: ValidationContext): Verdict | Need {
  const owner = outcome.kind === 'rrset' ? outcome.rrset.name : question.name
  const isDs = (outcome.kind === 'rrset' ? outcome.rrset.type : question.type) === Type.DS
  const target = isDs && owner.labels > 0 ? parentName(owner) : owner
  const way = walk(target, [...cuts, outcome.apex], context)
  if (way.end !== 'secure') return endVerdict(way, outcome)
  return bogusVerdict(outcome, unsignedEde(question, outcome, way.zone))
}

function unsignedEde(question: Question, outcome: Outcome, zone: Name): ExtendedError {
  const apex = nameToText(zone)
  if (outcome.kind === 'rrset') {
    return why(Ede.RRSIGS_MISSING, `${setText(outcome.rrset)} has no signature by ${apex}, which is signed`)
  }
  const text = `no signed proof by ${apex} of the absence of ${setText(question)}`
  return why(outcome.proofs.length === 0 ? Ede.NSEC_MISSING : Ede.RRSIGS_MISSING, text)
}

function endVerdict(way: Exclude<ChainWalk, { end: 'secure' }>, outcome: Outcome): Verdict | Need {
  switch (way.end) {
    case 'need':
      return { need: way.need, zone: way.zone, parent: way.parent }
    case 'bogus':
      return { ...bogusVerdict(outcome, way.ede), at: way.at }
    case 'insecure': {
      const ede = way.ede === undefined ? [] : [way.ede]
      // The TTL stays as it came: that the zone may be signed later does not make today's answer wrong.
      return { verdict: 'insecure', outcome, reason: way.reason, ede, ttlCap: NO_CAP }
    }
  }
}

function denialVerdict(denial: Exclude<Denial, { kind: 'proven' }>, outcome: Outcome, ttlCap: number): Verdict {
  switch (denial.kind) {
    case 'unproven':
      return bogusVerdict(outcome, denial.ede)
    case 'iterations':
      return { verdict: 'insecure', outcome, reason: denial.ede.text!, ede: [denial.ede], ttlCap }
    case 'opt-out':
      return { verdict: 'insecure', outcome, reason: 'the proof rests on an opt-out span', ede: [], ttlCap }
  }
}

function bogusVerdict(outcome: Outcome, ede: ExtendedError): Verdict & { verdict: 'bogus' } {
  return { verdict: 'bogus', outcome, reason: ede.text ?? 'bogus', ede: [ede], ttlCap: limits.BOGUS_SECONDS }
}
