/** Certificates: many eyes, one content. What stands alone, who counts in it, and how long it holds. */
import { type ChunkId, equalBytes, latin1, type PeerId } from '../base/index.ts'
import { type CborValue, encodeCanonical, peerIdFromPublicKey, type SignatureScheme } from '../crypto/index.ts'
import { isSubdomain, type Question, sameName } from '../dns/index.ts'
import { contentDigest } from './content.ts'
import { limits } from './limits.ts'
import { readDigest, readSight, readSubject, sightFields, subjectFields, verifyObservation } from './observation.ts'
import { misfit } from './outcome.ts'
import { malformed, readCbor, readList, readRow } from './reading.ts'
import type { Certificate, Observation, Outcome } from './types.ts'

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
  /** What the certificate is said to be about; checked against the signed digest. */
  readonly outcome?: Outcome
  /** Delegations may be believed for a day, all else for an hour. */
  readonly kind?: 'delegation'
}

export type CertificateRefusal =
  | 'empty'
  | 'too-many'
  | 'mixed'
  | 'wrong-ring'
  | 'wrong-chunk'
  | 'wrong-question'
  | 'wrong-outcome'
  | 'too-few'
  | 'expired'

export type CertificateCheck =
  | {
      readonly ok: true
      /** Those that were counted, in the order of the certificate. */
      readonly observers: readonly PeerId[]
      readonly counted: readonly Observation[]
      /** Unix ms: the (floor(n/2)+1)-th largest `when + TTL`. */
      readonly expires: number
      /** Unix ms: the (floor(n/2)+1)-th largest `when`; of two valid certificates the larger wins. */
      readonly seen: number
    }
  | { readonly ok: false; readonly reason: CertificateRefusal; readonly detail?: string }

/** Signers that it takes: more than half of all seats, and never one alone. */
export function quorum(n: number): number {
  return Math.max(limits.MIN_SIGNERS, Math.floor(n / 2) + 1)
}

/**
 * Whether the certificate convinces this verifier now. Signers outside the set, second observations of one signer, forged
 * signatures and observations from the future are not counted; the rest must be a quorum. One that is about something else,
 * or about several things, is refused as a whole: no honest node builds it.
 */
export function checkCertificate(certificate: Certificate, context: CertificateContext): CertificateCheck {
  const { observations } = certificate
  const first = observations[0]
  if (first === undefined) return { ok: false, reason: 'empty' }
  if (observations.length > limits.MAX_OBSERVATIONS) return { ok: false, reason: 'too-many' }
  for (const one of observations) {
    const foreign = foreignTo(one, context)
    if (foreign !== undefined) return { ok: false, reason: foreign }
    if (!equalBytes(one.digest, first.digest)) return { ok: false, reason: 'mixed' }
  }
  const fits = context.outcome === undefined ? undefined : wrongOutcome(context.outcome, first.digest, context.question)
  if (fits !== undefined) return { ok: false, reason: 'wrong-outcome', detail: fits }

  const counted = countable(observations, context)
  if (counted.length < quorum(context.n))
    return { ok: false, reason: 'too-few', detail: `${counted.length} of ${quorum(context.n)}` }
  if (context.outcome !== undefined && !counted.some((one) => sameName(one.apex, context.outcome!.apex)))
    return { ok: false, reason: 'wrong-outcome', detail: 'an apex that no observer signed' }
  const expires = agreedExpiry(counted, context.n, context.kind)
  if (expires <= context.now) return { ok: false, reason: 'expired' }
  return {
    ok: true,
    observers: counted.map((one) => peerIdFromPublicKey(one.observer)),
    counted,
    expires,
    seen: nthLargest(
      counted.map((one) => one.when),
      quorum(context.n),
    ),
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
  let best: Observation[] = []
  for (const group of groups.values()) {
    const counted = countable(group, context)
    // Two groups can both be a quorum only when somebody signed two contents; the larger stands, then the earlier.
    if (counted.length >= quorum(context.n) && counted.length > best.length) best = counted
  }
  return best.length === 0 ? undefined : { observations: best }
}

/**
 * Unix ms until which what these observations agree on may be believed: the (floor(n/2)+1)-th largest `when + TTL` among
 * them, so that fewer than half of the seats can neither stretch it (a TTL of a week) nor shorten it (0). `counted` holds at
 * least a quorum of valid observations of distinct signers.
 */
export function agreedExpiry(counted: readonly Observation[], n: number, kind?: 'delegation'): number {
  const cap = kind === 'delegation' ? limits.MAX_AGREED_DELEGATION_SECONDS : limits.MAX_AGREED_SECONDS
  return nthLargest(
    counted.map((one) => one.when + Math.min(one.ttl, cap) * 1000),
    quorum(n),
  )
}

/** Seconds, by the same rule: what tells a short-lived answer from a long-lived one. */
export function agreedTtl(counted: readonly Observation[], n: number): number {
  return nthLargest(
    counted.map((one) => one.ttl),
    quorum(n),
  )
}

/** Observations of one content. Throws EVIDENCE_MALFORMED when they are not, or are none. */
export function encodeCertificate(certificate: Certificate): Uint8Array {
  const first = certificate.observations[0]
  if (first === undefined) throw malformed('empty certificate')
  const subject = encodeCanonical([...subjectFields(first), first.digest])
  const rows: CborValue[] = certificate.observations.map((one) => {
    if (!equalBytes(encodeCanonical([...subjectFields(one), one.digest]), subject)) throw malformed('mixed certificate')
    return [...sightFields(one), one.signature]
  })
  return encodeCanonical([[...subjectFields(first), first.digest], rows])
}

/** Throws EVIDENCE_MALFORMED. Nothing is verified here. */
export function decodeCertificate(bytes: Uint8Array): Certificate {
  const top = readRow(readCbor(bytes, limits.MAX_CERTIFICATE_BYTES, 'certificate'), 2, 'certificate')
  const head = readRow(top[0], 6, 'subject of certificate')
  const subject = { ...readSubject(head.slice(0, 5)), digest: readDigest(head[5]) }
  const observations = readList(top[1], limits.MAX_OBSERVATIONS, 'observations', (one) => ({
    ...subject,
    ...readSight(readRow(one, 6, 'observation')),
  }))
  if (observations.length === 0) throw malformed('empty certificate')
  return { observations }
}

/** About another ring, chunk or question: the same signature must not count where it was not given. */
function foreignTo(one: Observation, context: CertificateContext): CertificateRefusal | undefined {
  if (one.ringId !== context.ringId) return 'wrong-ring'
  if (one.chunk !== context.chunk) return 'wrong-chunk'
  const { name, type, class: klass } = context.question
  if (one.question.type !== type || one.question.class !== klass || !sameName(one.question.name, name))
    return 'wrong-question'
  return isSubdomain(name, one.apex) ? undefined : 'wrong-question'
}

function wrongOutcome(outcome: Outcome, digest: Uint8Array, question: Question): string | undefined {
  return (
    misfit(question, outcome) ??
    (equalBytes(contentDigest(question, outcome), digest) ? undefined : 'not the content that was signed')
  )
}

/** One observation a seat, signed, not from the future. Cheap tests first: a signature check is what an attacker can spend. */
function countable(observations: readonly Observation[], context: CertificateContext): Observation[] {
  const seats = new Set(context.replicas.map(latin1))
  const counted: Observation[] = []
  for (const one of observations.slice(0, limits.MAX_OBSERVATIONS)) {
    const seat = latin1(one.observer)
    if (!seats.has(seat)) continue
    if (one.when > context.now + limits.MAX_SKEW_MS) continue
    if (!verifyObservation(one, context.scheme)) continue
    seats.delete(seat)
    counted.push(one)
  }
  return counted
}

function nthLargest(values: readonly number[], nth: number): number {
  const sorted = [...values].sort((a, b) => b - a)
  return sorted[Math.min(nth, sorted.length) - 1]!
}
