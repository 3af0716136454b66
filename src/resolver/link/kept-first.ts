/**
 * Zones that their parent has taken away, and that the operator wants resolved all the same: by the last delegation that the ring has agreed on (B11). What comes
 * that way is never called secure, and says how it came.
 */
import { Ede, type Question, sameName, Type } from '../../dns/index.ts'
import type { Finding } from '../../evidence/index.ts'
import type { LinkDeps, LinkRequest, LinkResolver, LinkResult } from './types.ts'

/** Rejects as `resolveLink` does. */
export function keptFirst({ kept }: LinkDeps, resolveLink: LinkResolver): LinkResolver {
  if (kept === undefined) return resolveLink
  return async (request) => {
    const { question } = request
    if (isOfParent(question, kept)) return resolveLink(request)
    const before = kept.useFor(question.name)
    const result = await resolveLink(request)
    if (before !== undefined) return told(request, result, before.why)
    if (!kept.heard(question.name, result.finding)) return result
    const use = kept.useFor(question.name)
    return use === undefined ? result : told(request, await resolveLink(request), use.why)
  }
}

/** A DS set is the parent's to have, and it has none. */
function isOfParent({ name, type }: Question, kept: NonNullable<LinkDeps['kept']>): boolean {
  if (type !== Type.DS) return false
  const use = kept.useFor(name)
  return use === undefined || sameName(name, use.zone)
}

function told({ question, onStep }: LinkRequest, result: LinkResult, why: string): LinkResult {
  onStep?.({ kind: 'kept', question, detail: why })
  return { ...result, finding: lessSecure(result.finding), ede: [...result.ede, { code: Ede.OTHER, text: why }] }
}

/** Keys that no parent vouches for any more prove to nobody else that the answer is right. */
export function lessSecure(finding: Finding): Finding {
  const { evidence } = finding
  return evidence.security === 'secure' ? { ...finding, evidence: { ...evidence, security: 'insecure' } } : finding
}
