/**
 * Whether a signed answer proves itself, by nothing but what a transaction carries: from the trust anchor that it names, down its links,
 * to the answer. As of the time that it names, so that the verdict is the same at every replica, and years later. Whether the anchor is
 * one that this node trusts is another question, and each voter's own. Pure.
 */
import { Budget, isChordnsError, latin1 } from '../../base/index.ts'
import { sha256 } from '../../crypto/index.ts'
import { type Name, type Question, sameName, Type } from '../../dns/index.ts'
import {
  learn,
  type Need,
  supportedAlgorithms,
  supportedDigests,
  type TrustAnchor,
  type ValidationContext,
  validateFinding,
  type ZoneSecurity,
} from '../../dnssec/index.ts'
import { encodeOutcome, misfit, type Outcome, type ProofLink } from '../../evidence/index.ts'
import { limits } from '../limits.ts'

/** One record that a chain of trust begins with: a DS or a DNSKEY of a zone. */
export interface NamedAnchor {
  readonly zone: Name
  readonly type: number
  readonly rdata: Uint8Array
}

export interface SigningClaim {
  readonly question: Question
  readonly outcome: Outcome
  readonly anchor: NamedAnchor
  readonly links: readonly ProofLink[]
  /** Unix ms: when the proposer held it to be proven. */
  readonly at: number
}

export type SignedVerdict =
  /** `outcome`: less the proofs that were not needed. `links`: those that were. */
  | { readonly ok: true; readonly outcome: Outcome; readonly links: readonly ProofLink[]; readonly ttlSeconds: number }
  | { readonly ok: false; readonly reason: string }

/** RFC 9905: what SHA-1 signs is recorded by nobody. */
const SETTINGS = {
  negativeAnchors: [],
  algorithms: supportedAlgorithms({ sha1: 'insecure' }),
  digests: supportedDigests({ sha1: 'insecure' }),
} as const
const COST = { queries: 0, bytes: 0, timeMs: Number.POSITIVE_INFINITY }

/** `onChecks`: hears how many signatures were checked. */
export function verifySigned(claim: SigningClaim, onChecks: (count: number) => void = () => {}): SignedVerdict {
  const { SIGNED_SIGNATURES: signatures, SIGNED_HASHES: hashes } = limits
  const budget = new Budget({ ...COST, signatures, hashes }, () => 0)
  try {
    return verdictOf(claim, budget)
  } catch (error) {
    if (isChordnsError(error, 'BUDGET_SPENT')) return { ok: false, reason: 'too many signatures' }
    throw error
  } finally {
    onChecks(signatures - budget.left('signatures'))
  }
}

function verdictOf({ question, outcome, anchor, links, at }: SigningClaim, budget: Budget): SignedVerdict {
  const odd = misfit(question, outcome)
  if (odd !== undefined) return { ok: false, reason: odd }
  const known = new Map<string, ZoneSecurity>()
  const used = new Set<ProofLink>()
  const context: ValidationContext = {
    ...SETTINGS,
    anchors: [anchorOf(anchor)],
    chain: { get: ({ key }) => known.get(key) },
    now: Math.floor(at / 1_000),
  }
  const claim = { question, outcome, cuts: links.map((link) => link.question.name) }
  // Each round learns one link; what two of them say of one zone is learnt once each.
  for (let round = 0; round <= 2 * links.length; round++) {
    const verdict = validateFinding(claim, context, budget)
    if (!('need' in verdict)) {
      if (verdict.verdict !== 'secure') return { ok: false, reason: `not proven to be signed: ${verdict.reason}` }
      return { ok: true, outcome: verdict.outcome, links: [...used], ttlSeconds: verdict.ttlCap }
    }
    const link = links.find((one) => !used.has(one) && isFor(one, verdict))
    if (link === undefined) return { ok: false, reason: 'a link of the chain of trust is missing' }
    used.add(link)
    known.set(verdict.zone.key, learn(verdict, link.outcome, context, budget))
  }
  return { ok: false, reason: 'too many links' }
}

function isFor({ question }: ProofLink, { need, zone }: Need): boolean {
  return question.type === (need === 'DS' ? Type.DS : Type.DNSKEY) && sameName(question.name, zone)
}

function anchorOf({ zone, type, rdata }: NamedAnchor): TrustAnchor {
  return type === Type.DS ? { zone, ds: [rdata], keys: [] } : { zone, ds: [], keys: [rdata] }
}

export type VerifySigned = (claim: SigningClaim) => SignedVerdict

/** As `verifySigned`, and remembers: a transaction is verified for the pool, for the block, and again after each. */
export function rememberingVerifier(most: number, onChecks: (count: number) => void): VerifySigned {
  const known = new Map<string, SignedVerdict>()
  return (claim) => {
    const key = keyOf(claim)
    const before = known.get(key)
    if (before !== undefined) return before
    const verdict = verifySigned(claim, onChecks)
    if (known.size >= most) known.delete(known.keys().next().value!)
    known.set(key, verdict)
    return verdict
  }
}

/** Links and outcomes are in their own codecs, which say how long they are. */
function keyOf({ question, outcome, anchor, links, at }: SigningClaim): string {
  const { name, type, class: klass } = question
  const numbers = new TextEncoder().encode([type, klass, anchor.type, at, links.length].join(' '))
  const bytes = links.map((link) => encodeOutcome(link.outcome))
  const names = links.map((link) => link.question.name.wire)
  const parts = [name.wire, anchor.zone.wire, anchor.rdata, encodeOutcome(outcome), ...names, ...bytes]
  const digests = parts.map((part) => sha256(part))
  return latin1(sha256(numbers, ...digests))
}
