/** Certificates: what proves that a majority of replicas observed the same. Who counts in one, and how long it holds. */
import { type ChunkId, compareBytes, equalBytes, latin1, type PeerId } from '../base/index.ts'
import { peerIdFromPublicKey, type SignatureScheme } from '../crypto/index.ts'
import { isSubdomain, type Question, sameName } from '../dns/index.ts'
import {
  agreedPrefixes,
  byObserver,
  diverges,
  nthLargest,
  quorum,
  rotation,
  type Sets,
  seenPrefixes,
} from './classes.ts'
import { contentDigest, seenDigest, seenSet } from './content.ts'
import { limits } from './limits.ts'
import { verifyObservation } from './observation.ts'
import { misfit } from './outcome.ts'
import { isDelegation } from './subject.ts'
import type { Certificate, CertificateKind, Content, Observation, Prefix, SeenSet } from './types.ts'

/** What a verifier knows by itself; nothing of it is taken from the peer that sent the certificate. */
export interface CertificateContext {
  readonly ringId: string
  readonly chunk: ChunkId
  readonly question: Question
  /** Public keys of the filled seats, computed from the verifier's own member table now. */
  readonly replicas: readonly Uint8Array[]
  /** All seats, empty ones too. */
  readonly n: number
  /** Unix ms. */
  readonly now: number
  readonly scheme: SignatureScheme
  /** What the certificate is said to be about; checked against what was signed. */
  readonly outcome?: Content
}

export type CertificateRefusal =
  | 'empty'
  | 'too-many'
  | 'mixed'
  | 'wrong-ring'
  | 'wrong-chunk'
  | 'wrong-question'
  | 'wrong-outcome'
  /** A signer more often than one that is honest ever signs. */
  | 'repeated'
  | 'forged'
  | 'too-few'
  | 'not-rotating'
  | 'not-divergent'
  | 'expired'

export interface CertificateHolds {
  readonly ok: true
  readonly kind: CertificateKind
  /** Those that were counted, each once, in the order of the certificate. */
  readonly observers: readonly PeerId[]
  readonly counted: readonly Observation[]
  /** Unix ms: the (floor(n/2)+1)-th largest `when + TTL`; of `divergent` ten minutes after the same of `when`. */
  readonly expires: number
  /** Unix ms: the (floor(n/2)+1)-th largest `when`; of two valid certificates the larger wins. */
  readonly seen: number
  /** Seconds: the (floor(n/2)+1)-th largest TTL, from `when` on. */
  readonly ttl: number
  /** `rotating`: the addresses that are agreed, in canonical order. */
  readonly kept: readonly Uint8Array[]
  /** `divergent`: where its addresses may lie. */
  readonly prefixes: readonly Prefix[]
}

export type CertificateCheck =
  | CertificateHolds
  | { readonly ok: false; readonly reason: CertificateRefusal; readonly detail?: string }

/**
 * Whether the certificate convinces this verifier now. Signers outside the set and observations from the future are not counted; the
 * rest must be a quorum. One that is about something else, an agreement about several things, one with a forged signature or with
 * several observations of one signer in one round is refused as a whole: no honest node builds it. What needs no signature check
 * is looked at first, and the first bad one ends it: checks are what an attacker can make us spend.
 */
export function checkCertificate(certificate: Certificate, context: CertificateContext): CertificateCheck {
  const { kind, observations, contents } = certificate
  const first = observations[0]
  if (first === undefined) return { ok: false, reason: 'empty' }
  if (observations.length > limits.MAX_OBSERVATIONS || countRdatas(contents) > limits.MAX_SEEN_RDATAS)
    return { ok: false, reason: 'too-many' }
  for (const one of observations) {
    const foreign = foreignTo(one, context)
    if (foreign !== undefined) return { ok: false, reason: foreign }
    if (kind === 'agreed' && !equalBytes(one.digest, first.digest)) return { ok: false, reason: 'mixed' }
  }
  const { outcome, n } = context
  const wrong = outcome === undefined ? undefined : wrongContent(outcome, kind, first.digest, context.question)
  if (wrong !== undefined) return { ok: false, reason: 'wrong-outcome', detail: wrong }

  const each = kind === 'agreed' ? 1 : limits.MAX_ROUNDS
  if (isRepeated(observations, each)) return { ok: false, reason: 'repeated' }
  const mine = ofReplicas(observations, context, each)
  if (byObserver(mine).length < quorum(n))
    return { ok: false, reason: 'too-few', detail: `${byObserver(mine).length} of ${quorum(n)}` }
  // What is over needs no check either.
  if (kind === 'agreed' && agreedExpiry(mine, n) <= context.now) return { ok: false, reason: 'expired' }
  if (!mine.every((one) => verifyObservation(one, context.scheme))) return { ok: false, reason: 'forged' }
  const all = ofOneTime(mine, context.n, each)
  const observers = byObserver(all).length
  if (observers < quorum(n)) return { ok: false, reason: 'too-few', detail: `${observers} of ${quorum(n)}` }
  const sets = setsOf(context.question, contents)
  const rotating = kind === 'agreed' ? undefined : rotation(all, sets, context.question, n)
  if (kind === 'rotating' && rotating === undefined) return { ok: false, reason: 'not-rotating' }
  // What rotates, and lives long enough to be kept, is not divergent, whoever says so.
  const isKept = rotating !== undefined && agreedTtl(rotating.members, n) >= limits.MIN_AGREED_SECONDS
  const isOne = () => !isKept && !isDelegation(context.question) && diverges(all, n)
  if (kind === 'divergent' && !isOne()) return { ok: false, reason: 'not-divergent' }

  const counted = kind === 'rotating' ? rotating!.members : all
  const kept = kind === 'rotating' ? rotating!.kept : []
  if (kind === 'rotating' && outcome?.kind === 'rrset' && !sameSet(seenSet(outcome.rrset).rdatas, kept))
    return { ok: false, reason: 'wrong-outcome', detail: 'not the addresses that a majority saw' }
  if (outcome !== undefined && !counted.some((one) => sameName(one.apex, outcome.apex)))
    return { ok: false, reason: 'wrong-outcome', detail: 'an apex that no observer signed' }
  const seen = agreedTime(counted, n)
  const expires = kind === 'divergent' ? seen + limits.DIVERGENT_MS : agreedExpiry(counted, n)
  if (expires <= context.now) return { ok: false, reason: 'expired' }
  return {
    ok: true,
    kind,
    observers: byObserver(counted).map(([one]) => peerIdFromPublicKey(one!.observer)),
    counted,
    expires,
    seen,
    ttl: agreedTtl(counted, n),
    kept,
    prefixes: kind === 'divergent' ? agreedPrefixes(counted, sets, n) : [],
  }
}

/** The largest group of countable observations with one content, if it is a quorum. The order of signers is the one given. */
export function buildCertificate(
  observations: readonly Observation[],
  context: CertificateContext,
): Certificate | undefined {
  const groups = new Map<string, Observation[]>()
  for (const one of observations) {
    if (foreignTo(one, context) !== undefined) continue
    const key = latin1(one.digest)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [one])
    else group.push(one)
  }
  let best: readonly Observation[] = []
  for (const group of groups.values()) {
    const counted = countable(group, context, 1)
    // Two groups can both be a quorum only when somebody signed two contents; the larger stands, then the earlier.
    if (counted.length >= quorum(context.n) && counted.length > best.length) best = counted
  }
  return best.length === 0 ? undefined : { kind: 'agreed', observations: best, contents: [] }
}

/** What several rounds of one question prove beside agreement; undefined when it is neither. `sets`: what was revealed. */
export function buildDiffering(
  kind: 'rotating' | 'divergent',
  observations: readonly Observation[],
  sets: readonly SeenSet[],
  context: CertificateContext,
): { readonly certificate: Certificate; readonly check: CertificateHolds } | undefined {
  const mine = observations.filter((one) => foreignTo(one, context) === undefined)
  const counted = countable(mine, context, limits.MAX_ROUNDS)
  const digests = new Set(counted.map((one) => latin1(one.digest)))
  const contents: SeenSet[] = []
  for (const set of sets) {
    const digest = latin1(seenDigest(context.question, set))
    const fits = countRdatas(contents) + set.rdatas.length <= limits.MAX_SEEN_RDATAS
    if (digests.delete(digest) && fits) contents.push(set)
  }
  const certificate: Certificate = { kind, observations: counted, contents }
  const check = checkCertificate(certificate, context)
  return check.ok ? { certificate: trimmed(certificate, check, context.question), check } : undefined
}

/** What goes on to others: only what was counted, so that a foreign signature never rides along. */
export function trimmed(certificate: Certificate, { counted }: CertificateHolds, question: Question): Certificate {
  const digests = new Set(counted.map((one) => latin1(one.digest)))
  const contents = certificate.contents.filter((set) => digests.has(latin1(seenDigest(question, set))))
  return { kind: certificate.kind, observations: counted, contents }
}

/**
 * Unix ms until which what these observations agree on may be believed: the (floor(n/2)+1)-th largest `when + TTL` of their
 * observers, so that fewer than half of the replicas can neither stretch it (a TTL of a week) nor shorten it (0). `counted` holds
 * valid observations of at least a quorum of replicas.
 */
export function agreedExpiry(counted: readonly Observation[], n: number): number {
  const cap = maxAgreedSeconds(counted[0]!.question)
  return perObserver(counted, n, (one) => one.when + Math.min(one.ttl, cap) * 1000)
}

/** Seconds, by the same rule: what tells a short-lived answer from a long-lived one. */
export function agreedTtl(counted: readonly Observation[], n: number): number {
  return perObserver(counted, n, (one) => one.ttl)
}

/** Seconds that what is agreed is believed at most: delegations live long and change rarely. */
export function maxAgreedSeconds(question: Question): number {
  return isDelegation(question) ? limits.MAX_AGREED_DELEGATION_SECONDS : limits.MAX_AGREED_SECONDS
}

function agreedTime(counted: readonly Observation[], n: number): number {
  return perObserver(counted, n, (one) => one.when)
}

function perObserver(counted: readonly Observation[], n: number, value: (one: Observation) => number): number {
  return nthLargest(
    byObserver(counted).map((own) => Math.max(...own.map(value))),
    quorum(n),
  )
}

/** About another ring, chunk or question: the same signature must not count where it was not given. */
function foreignTo(one: Observation, context: CertificateContext): CertificateRefusal | undefined {
  if (one.ringId !== context.ringId) return 'wrong-ring'
  if (one.chunk !== context.chunk) return 'wrong-chunk'
  const { name, type, class: klass } = context.question
  if (one.question.type !== type || one.question.class !== klass || !sameName(one.question.name, name))
    return 'wrong-question'
  if (isDelegation(context.question) && sameName(name, one.apex)) return 'wrong-question'
  return isSubdomain(name, one.apex) ? undefined : 'wrong-question'
}

function wrongContent(
  content: Content,
  kind: CertificateKind,
  digest: Uint8Array,
  question: Question,
): string | undefined {
  const wrong = misfit(question, content)
  if (wrong !== undefined) return wrong
  if ((content.kind === 'divergent') !== (kind === 'divergent')) return 'not what the certificate is for'
  if (kind === 'rotating' && (content.kind !== 'rrset' || content.rrset.type !== question.type))
    return 'nothing rotates'
  if (kind !== 'agreed') return undefined
  return equalBytes(contentDigest(question, content), digest) ? undefined : 'not the content that was signed'
}

/** Some signer stands in it more than `each` times, or twice for one round. */
function isRepeated(observations: readonly Observation[], each: number): boolean {
  const roundsOf = new Map<string, Set<string>>()
  for (const { observer, nonce } of observations) {
    const rounds = roundsOf.get(latin1(observer)) ?? new Set<string>()
    if (rounds.size >= each || rounds.has(latin1(nonce))) return true
    roundsOf.set(latin1(observer), rounds.add(latin1(nonce)))
  }
  return false
}

/** What counts of observations that nobody has put together yet: those that are signed. */
function countable(
  observations: readonly Observation[],
  context: CertificateContext,
  each: number,
): readonly Observation[] {
  const isSigned = (one: Observation) => verifyObservation(one, context.scheme)
  return ofOneTime(ofReplicas(observations, context, each, isSigned), context.n, each)
}

/** At most `each` observations of one replica, of different rounds, not from the future. `isSigned` is asked last. */
function ofReplicas(
  observations: readonly Observation[],
  context: CertificateContext,
  each: number,
  isSigned: (one: Observation) => boolean = () => true,
): Observation[] {
  const roundsOf = new Map(context.replicas.map((key) => [latin1(key), new Set<string>()]))
  const counted: Observation[] = []
  for (const one of observations.slice(0, limits.MAX_OBSERVATIONS)) {
    const rounds = roundsOf.get(latin1(one.observer))
    if (rounds === undefined || rounds.size >= each || rounds.has(latin1(one.nonce))) continue
    if (one.when > context.now + limits.MAX_SKEW_MS || !isSigned(one)) continue
    rounds.add(latin1(one.nonce))
    counted.push(one)
  }
  return counted
}

/** Of several rounds only the observations near to the time at which a majority observed last. */
function ofOneTime(counted: readonly Observation[], n: number, each: number): readonly Observation[] {
  if (each === 1 || byObserver(counted).length < quorum(n)) return counted
  const from = agreedTime(counted, n) - limits.ROUNDS_WITHIN_MS
  return counted.filter((one) => one.when >= from)
}

function setsOf(question: Question, contents: readonly SeenSet[]): Sets {
  return new Map(contents.map((set) => [latin1(seenDigest(question, set)), set]))
}

function countRdatas(contents: readonly SeenSet[]): number {
  return contents.reduce((sum, { rdatas }) => sum + rdatas.length, 0)
}

function sameSet(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  return a.length === b.length && a.every((rdata, i) => compareBytes(rdata, b[i]!) === 0)
}

/** Whose word a certificate is, each once. */
export function observersOf({ observations }: Certificate): PeerId[] {
  return [...new Set(observations.map((one) => peerIdFromPublicKey(one.observer)))]
}

/**
 * For people: what each observation of a certificate stands for, as far as the certificate says it (it does where answers
 * differed), and how many observers saw each address prefix.
 */
export function whatWasSeen({ observations, contents }: Certificate, question: Question) {
  const sets = setsOf(question, contents)
  return {
    sets: observations.map((one) => sets.get(latin1(one.digest))),
    prefixes: seenPrefixes(observations, sets),
  }
}
