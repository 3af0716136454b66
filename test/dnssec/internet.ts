/** Signed zones in memory, and the loop that fetches what validation asks for: the driver of recurse/ in small. */
import { Budget } from '../../src/base/index.ts'
import {
  type Name,
  nameToText,
  parseName,
  parseZone,
  type Question,
  type ResourceRecord,
  ROOT,
  type RRset,
  sameName,
  Type,
} from '../../src/dns/index.ts'
import {
  type Claim,
  learn,
  supportedAlgorithms,
  supportedDigests,
  type TrustAnchor,
  type ValidationContext,
  type Verdict,
  validateFinding,
  type ZoneSecurity,
} from '../../src/dnssec/index.ts'
import type { Outcome } from '../../src/evidence/index.ts'
import { answerFrom, type Zone, zoneFor, zoneOf } from '../world/zone.ts'
import { type SignedZone, type SignZoneOptions, signZone } from './signer.ts'

/** 2026-01-15 12:00:00 UTC. */
export const NOW = 1_768_478_400
export const VALID = { inception: NOW - 86_400, expiration: NOW + 14 * 86_400 }

export interface ZoneText {
  readonly origin: string
  readonly text: string
  /** Undefined: the zone is not signed. */
  readonly sign?: Partial<SignZoneOptions>
  /** False: the parent has no DS for it. */
  readonly delegateSecurely?: boolean
}

export interface SmallInternet {
  readonly zones: ReadonlyMap<string, Zone>
  readonly signed: ReadonlyMap<string, SignedZone>
  readonly anchors: readonly TrustAnchor[]
  /** What the servers answer, as iteration would hand it over. `apex` as an iterator that saw all cuts would say. */
  claim(name: string, type: number): Claim
  /** The set as it is in the zone. */
  set(name: string, type: number): RRset
  /** Judges to the end, fetching links from the zones. */
  judge(claim: Claim, options?: JudgeOptions): Judged
}

export interface JudgeOptions {
  readonly context?: Partial<ValidationContext>
  readonly budget?: Budget
  /** The last word on what comes for a DS or DNSKEY question. */
  readonly fetch?: (question: Question, outcome: Outcome) => Outcome
  readonly links?: Map<string, ZoneSecurity>
}

export type Judged = Verdict & {
  /** Questions that were asked on the way: "com. DS". */
  readonly fetched: readonly string[]
  readonly signaturesChecked: number
  readonly hashesMade: number
}

const SPENDABLE = 100_000

export function newBudget(signatures = SPENDABLE, hashes = SPENDABLE): Budget {
  return new Budget({ queries: SPENDABLE, bytes: SPENDABLE, timeMs: SPENDABLE, signatures, hashes }, () => 0)
}

/** Signs deepest first, so that each parent gets the DS records of its children. The root's DS is the anchor. */
export function buildInternet(texts: readonly ZoneText[]): SmallInternet {
  const signed = new Map<string, SignedZone>()
  const zones = new Map<string, Zone>()
  const extra = new Map<string, ResourceRecord[]>()
  const origins = texts.map(({ origin }) => parseName(origin))
  const ordered = [...texts].sort((a, b) => parseName(b.origin).labels - parseName(a.origin).labels)
  for (const { origin, text, sign, delegateSecurely } of ordered) {
    const apex = parseName(origin)
    const plain = [...parseZone(text, { origin: apex, defaultTtl: 3_600 }), ...(extra.get(apex.key) ?? [])]
    if (sign === undefined) {
      zones.set(apex.key, zoneOf(apex, plain))
      continue
    }
    const zone = signZone(plain, { ...VALID, ...sign, apex })
    signed.set(apex.key, zone)
    zones.set(apex.key, zoneOf(apex, zone.records))
    const parent = parentAmong(apex, origins)
    if (parent !== undefined && delegateSecurely !== false) {
      extra.set(parent.key, [...(extra.get(parent.key) ?? []), ...zone.ds])
    }
  }
  const root = signed.get(ROOT.key)
  const anchors = root === undefined ? [] : [{ zone: ROOT, ds: root.ds.map(({ rdata }) => rdata), keys: [] }]
  const net = { zones, signed, anchors }
  return {
    ...net,
    claim: (name, type) => claimOf([...zones.values()], { name: parseName(name), type, class: 1 }),
    set: (name, type) => setIn([...zones.values()], parseName(name), type),
    judge: (claim, options) => judge([...zones.values()], anchors, claim, options),
  }
}

export function contextOf(
  anchors: readonly TrustAnchor[],
  links: ReadonlyMap<string, ZoneSecurity>,
): ValidationContext {
  return {
    anchors,
    negativeAnchors: [],
    chain: { get: ({ key }) => links.get(key) },
    algorithms: supportedAlgorithms({ sha1: 'validate' }),
    digests: supportedDigests({ sha1: 'validate' }),
    now: NOW,
  }
}

function judge(
  zones: readonly Zone[],
  anchors: readonly TrustAnchor[],
  claim: Claim,
  options: JudgeOptions = {},
): Judged {
  const links = options.links ?? new Map<string, ZoneSecurity>()
  const budget = options.budget ?? newBudget()
  const before = { signatures: budget.left('signatures'), hashes: budget.left('hashes') }
  const context = { ...contextOf(anchors, links), ...options.context }
  const fetched: string[] = []
  for (let round = 0; round < 200; round++) {
    const step = validateFinding(claim, context, budget)
    if ('verdict' in step) {
      const signaturesChecked = before.signatures - budget.left('signatures')
      return { ...step, fetched, signaturesChecked, hashesMade: before.hashes - budget.left('hashes') }
    }
    const question = { name: step.zone, type: Type[step.need], class: 1 }
    fetched.push(`${nameToText(step.zone)} ${step.need}`)
    const { outcome } = claimOf(zones, question)
    links.set(step.zone.key, learn(step, options.fetch?.(question, outcome) ?? outcome, context, budget))
  }
  throw new Error(`no verdict after 200 rounds: ${fetched.slice(-6).join(', ')}`)
}

function claimOf(zones: readonly Zone[], question: Question): Claim {
  const zone = zoneFor(zones, question)
  if (zone === undefined) throw new Error(`no zone for ${nameToText(question.name)}`)
  const answer = answerFrom(zone, question, true)
  const cuts = zones.map(({ origin }) => origin).filter((origin) => isAbove(origin, question))
  const proofs = answer.authorities.filter(({ type }) => type === Type.NSEC || type === Type.NSEC3)
  const [rrset] = answer.answers
  if (rrset !== undefined) return { question, cuts, outcome: { kind: 'rrset', rrset, apex: zone.origin, proofs } }
  if (answer.kind === 'referral')
    throw new Error(`${nameToText(question.name)} lies below a cut of ${nameToText(zone.origin)}`)
  const soa = answer.authorities.find(({ type }) => type === Type.SOA)
  const rcode = answer.rcode === 3 ? 3 : 0
  return { question, cuts, outcome: { kind: 'absent', rcode, apex: zone.origin, soa, proofs } }
}

function isAbove(origin: Name, { name, type }: Question): boolean {
  if (type === Type.DS && sameName(origin, name)) return false
  return name.key.endsWith(origin.key) && origin.labels > 0
}

function setIn(zones: readonly Zone[], name: Name, type: number): RRset {
  for (const { nodes } of zones) {
    const set = nodes.get(name.key)?.get(type)
    if (set !== undefined) return set
  }
  throw new Error(`no set ${nameToText(name)} ${type}`)
}

function parentAmong(apex: Name, origins: readonly Name[]): Name | undefined {
  return origins
    .filter((origin) => origin.labels < apex.labels && apex.key.endsWith(origin.key))
    .sort((a, b) => b.labels - a.labels)[0]
}
