/** The ring's copy of a link: read, validated, and kept beside the own copy. */
import { Rank } from '../../cache/index.ts'
import type { Chunks, RingDivergence, RingRead } from '../../chunks/index.ts'
import type { Finding, Provenance, Security } from '../../evidence/index.ts'
import { mayServe } from './acceptance.ts'
import type { Search } from './types.ts'

export type RingCopy =
  | { readonly kind: 'accepted'; readonly finding: Finding }
  | { readonly kind: 'divergent'; readonly divergence: RingDivergence }

/**
 * Undefined when the ring has not enough; `onDoubt` is called as soon as that is likely. Rejects with RECURSE_FAILED when what it
 * has is bogus, or cannot be validated. What is accepted is kept.
 */
export async function readRing(
  search: Search,
  chunks: Chunks,
  signal: AbortSignal,
  onDoubt: () => void,
): Promise<RingCopy | undefined> {
  const { deps, request, context } = search
  const { question, budget, onStep } = request
  const started = deps.clock.monotonic()
  const read = await chunks.read(question, signal, onDoubt)
  if (read.kind !== 'insufficient' || read.reason !== 'private') {
    const elapsedMs = deps.clock.monotonic() - started
    onStep?.({ kind: 'ring', question, elapsedMs, outcome: outcomeOf(read), replies: read.replies })
  }
  if (read.kind === 'divergent') return read
  if (read.kind !== 'accepted') return undefined
  let { finding } = read
  // A vote counts only where the zone is proven not to be signed: it can never take the place of a signature.
  if (finding.evidence.security !== 'secure') {
    const steps = onStep !== undefined && { onStep }
    const asked = { budget, signal, origin: 'any', checkingDisabled: false, context, ...steps } as const
    finding = await deps.recursor.validate(finding, asked, read.links)
  }
  // One member's word may do in a household; for `strict` it never does.
  if (!mayServe(search, finding)) return undefined
  keepRingCopy(search, finding)
  return { kind: 'accepted', finding }
}

/** Beside the own copy, which says nothing of the ring. */
export function keepRingCopy(
  { deps, context }: { readonly deps: Pick<Search['deps'], 'cache' | 'clock'>; readonly context: Search['context'] },
  { question, outcome, evidence, expires }: Finding,
): void {
  const stored = deps.clock.now()
  const { certificate, provenance, security } = evidence
  const entry = {
    question,
    outcome,
    rank: rankOf(security, provenance),
    side: 'ring',
    security,
    provenance,
    ...(certificate !== undefined && { certificate }),
    stored,
    expires,
  } as const
  deps.cache.put(context, entry, stored)
}

/** One member's word, which a household may choose to take, is worth less than what this node saw itself. */
function rankOf(security: Security, provenance: Provenance): Rank {
  if (security === 'secure') return Rank.SECURE
  return provenance === 'solo' ? Rank.AUTHORITY_SECTION : Rank.AGREED
}

/** For `explain`. */
function outcomeOf(read: RingRead): string {
  if (read.kind === 'accepted') {
    const { security, provenance } = read.finding.evidence
    return security === 'secure' ? security : provenance
  }
  return read.kind === 'insufficient' ? read.reason : read.kind
}
