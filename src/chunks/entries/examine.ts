/** Whether what somebody brings is agreed: it is verified here, against this node's own view, whoever brings it. Pure. */
import type { PeerId } from '../../base/index.ts'
import { type Question, Type } from '../../dns/index.ts'
import {
  agreedTtl,
  type Certificate,
  type Content,
  checkCertificate,
  maxAgreedSeconds,
  misfit,
  type Observation,
  type Prefix,
  trimmed,
} from '../../evidence/index.ts'
import { limits } from '../limits.ts'
import { certificateContext, type ReadContext } from '../seats/context.ts'
import { holdsPrivateAddress } from '../seats/place.ts'
import { isPrivateAddress } from '../seats/private-addresses.ts'
import type { ChunkEntry } from './entry.ts'

export type Examined =
  | {
      readonly ok: true
      readonly entry: ChunkEntry
      /** The replicas that signed it. */
      readonly observers: readonly PeerId[]
      /** `divergent`: where its addresses may lie. */
      readonly prefixes: readonly Prefix[]
    }
  | { readonly ok: false; readonly reason: string }

/** The entry that a certificate and an outcome make, or why they make none. `now` is unix ms. */
export function examine(certificate: Certificate, outcome: Content, context: ReadContext, now: number): Examined {
  const wrong = outcomeFault(outcome, context.question)
  if (wrong !== undefined) return { ok: false, reason: wrong }
  const check = checkCertificate(certificate, certificateContext(context, now, outcome))
  if (!check.ok)
    return { ok: false, reason: check.detail === undefined ? check.reason : `${check.reason}: ${check.detail}` }
  if (check.kind !== 'divergent' && check.ttl < limits.MIN_SHARED_TTL_SECONDS)
    return { ok: false, reason: 'too short-lived' }
  return {
    ok: true,
    observers: check.observers,
    prefixes: check.prefixes.filter((prefix) => !isPrivatePrefix(prefix)),
    entry: {
      question: context.question,
      chunk: context.chunk,
      class: check.kind,
      outcome: agreedOutcome(outcome, check.counted, context.n),
      // Only the observations that were counted: others are not passed on.
      certificate: trimmed(certificate, check, context.question),
      expires: check.expires,
      seen: check.seen,
    },
  }
}

/** What no peer may bring, whoever signed it. */
export function outcomeFault(outcome: Content, question: Question): string | undefined {
  return misfit(question, outcome) ?? (holdsPrivateAddress(outcome) ? 'private address' : undefined)
}

/**
 * An agreed outcome as it goes on: its TTL is what the observers agreed on, since the copy's own TTL is one peer's word and
 * is under no signature.
 */
export function agreedOutcome(outcome: Content, counted: readonly Observation[], n: number): Content {
  const ttl = Math.min(agreedTtl(counted, n), maxAgreedSeconds(counted[0]!.question))
  switch (outcome.kind) {
    case 'rrset':
      return { ...outcome, rrset: { ...outcome.rrset, ttl } }
    case 'absent':
      return outcome.soa === undefined ? outcome : { ...outcome, soa: { ...outcome.soa, ttl } }
    case 'delegation':
      return { ...outcome, ttl, ...(outcome.ds !== undefined && { ds: { ...outcome.ds, ttl } }) }
    case 'divergent':
      return outcome
  }
}

/** Private space is nobody's agreed address (prefixes of IPv4 and IPv6 addresses have 3 and 6 bytes). */
function isPrivatePrefix({ type, bytes }: Prefix): boolean {
  if (type !== Type.A && type !== Type.AAAA) return false
  const address = new Uint8Array(type === Type.A ? 4 : 16)
  address.set(bytes)
  return isPrivateAddress(address)
}
