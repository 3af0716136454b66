/**
 * Which of two contents of one question the replicas keep. All of them come to the same choice, whatever they saw first: the order
 * is total, and goes by what both carry. Pure.
 */
import { compareBytes } from '../../base/index.ts'
import type { Question } from '../../dns/index.ts'
import { type Content, contentDigest, type Outcome } from '../../evidence/index.ts'

/** An agreed content: when a majority had seen it (unix ms), and its digest. */
export interface Dated {
  readonly seen: number
  readonly digest: Uint8Array
}

/** Above 0: `a` is kept. The one that was seen later; of two seen at once, the greater digest. 0: they are the same. */
export function compareDated(a: Dated, b: Dated): number {
  return a.seen - b.seen || compareBytes(a.digest, b.digest)
}

/** When a signed answer was signed, and until when its signatures hold; unix seconds. */
export interface SignedTerm {
  readonly from: number
  readonly until: number
}

/**
 * Of a signed answer: the term of its newest signature; of an absence, the least that the sets of its proof have. What has no
 * signature has no term, and is older than anything that has one.
 */
export function termOf(outcome: Outcome): SignedTerm {
  const sets =
    outcome.kind === 'rrset'
      ? [outcome.rrset]
      : [...(outcome.soa === undefined ? [] : [outcome.soa]), ...outcome.proofs]
  let term: SignedTerm | undefined
  for (const { signatures } of sets) {
    const newest = signatures.reduce((best, rdata) => later(best, rdata), NO_TERM)
    term = term === undefined ? newest : least(term, newest)
  }
  return term ?? NO_TERM
}

/** Above 0: `a` is kept. What was signed later; then what holds longer; then the greater digest. 0: they are the same content. */
export function compareSigned(question: Question, a: Outcome, b: Outcome): number {
  const [digestA, digestB] = [contentDigest(question, a as Content), contentDigest(question, b as Content)]
  const byDigest = compareBytes(digestA, digestB)
  if (byDigest === 0) return 0
  return compareTerms(a, b) || byDigest
}

/** Above 0: `a` was signed later, or at the same time for longer. 0: at the same time for as long. */
export function compareTerms(a: Outcome, b: Outcome): number {
  const [termA, termB] = [termOf(a), termOf(b)]
  return termA.from - termB.from || termA.until - termB.until
}

const NO_TERM: SignedTerm = { from: 0, until: 0 }
/** Where the times stand in the RDATA of an RRSIG (RFC 4034 3.1). */
const EXPIRATION_AT = 8
const INCEPTION_AT = 12
const TIMES_END = 16

function later(best: SignedTerm, rdata: Uint8Array): SignedTerm {
  if (rdata.length < TIMES_END) return best
  const view = new DataView(rdata.buffer, rdata.byteOffset)
  const term = { from: view.getUint32(INCEPTION_AT), until: view.getUint32(EXPIRATION_AT) }
  return term.from > best.from || (term.from === best.from && term.until > best.until) ? term : best
}

function least(a: SignedTerm, b: SignedTerm): SignedTerm {
  return { from: Math.min(a.from, b.from), until: Math.min(a.until, b.until) }
}

/** The first two bytes of the digest of a content: enough to tell two of them apart in a mark. */
export function tagOf(question: Question, content: Content): number {
  const digest = contentDigest(question, content)
  return (digest[0]! << 8) | digest[1]!
}
