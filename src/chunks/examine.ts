/** What is said to be agreed, examined: verified here, against this node's own view, whoever brings it. */
import type { ChunkId, PeerId } from '../base/index.ts'
import type { SignatureScheme } from '../crypto/index.ts'
import type { Question } from '../dns/index.ts'
import {
  agreedTtl,
  type Certificate,
  type CertificateContext,
  checkCertificate,
  evidenceLimits,
  misfit,
  type Observation,
  type Outcome,
  type PolicyContext,
} from '../evidence/index.ts'
import { limits } from './limits.ts'
import { holdsPrivateAddress } from './place.ts'
import type { ChunkEntry } from './types.ts'

/** What the asker knows by itself . */
export interface ReadContext {
  readonly ringId: string
  readonly chunk: ChunkId
  readonly question: Question
  readonly n: number
  readonly replicas: readonly { readonly peer: PeerId; readonly publicKey: Uint8Array }[]
  readonly scheme: SignatureScheme
  readonly policy: PolicyContext
}

export type Examined =
  | { readonly ok: true; readonly entry: ChunkEntry }
  | { readonly ok: false; readonly reason: string }

/** The entry that a certificate and an outcome make, or why they make none. `now` is unix ms. */
export function examine(certificate: Certificate, outcome: Outcome, context: ReadContext, now: number): Examined {
  const wrong = outcomeFault(outcome, context.question)
  if (wrong !== undefined) return { ok: false, reason: wrong }
  const check = checkCertificate(certificate, certificateContext(context, now, outcome))
  if (!check.ok)
    return { ok: false, reason: check.detail === undefined ? check.reason : `${check.reason}: ${check.detail}` }
  if (agreedTtl(check.counted, context.n) < limits.MIN_SHARED_TTL_SECONDS)
    return { ok: false, reason: 'too short-lived' }
  return {
    ok: true,
    entry: {
      question: context.question,
      chunk: context.chunk,
      outcome: agreedOutcome(outcome, check.counted, context.n),
      // Only what was counted: a foreign signature must not ride along to others.
      certificate: { observations: check.counted },
      expires: check.expires,
      seen: check.seen,
    },
  }
}

/** What the verifier holds a certificate against. */
export function certificateContext(context: ReadContext, now: number, outcome?: Outcome): CertificateContext {
  return {
    ringId: context.ringId,
    chunk: context.chunk,
    question: context.question,
    replicas: context.replicas.map((replica) => replica.publicKey),
    n: context.n,
    now,
    scheme: context.scheme,
    ...(outcome !== undefined && { outcome }),
  }
}

/** What no peer may bring, whoever signed it. */
export function outcomeFault(outcome: Outcome, question: Question): string | undefined {
  return misfit(question, outcome) ?? (holdsPrivateAddress(outcome) ? 'private address' : undefined)
}

/**
 * An agreed outcome as it goes on: its TTL is what the observers agreed on, since the copy's own TTL is one peer's word and
 * is under no signature.
 */
export function agreedOutcome(outcome: Outcome, counted: readonly Observation[], n: number): Outcome {
  const ttl = Math.min(agreedTtl(counted, n), evidenceLimits.MAX_AGREED_SECONDS)
  if (outcome.kind === 'rrset') return { ...outcome, rrset: { ...outcome.rrset, ttl } }
  return outcome.soa === undefined ? outcome : { ...outcome, soa: { ...outcome.soa, ttl } }
}
