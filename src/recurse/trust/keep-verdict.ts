/** A finding in the cache gets its verdict. */
import { type CacheContext, type CacheEntry, Rank, type Side } from '../../cache/index.ts'
import type { Verdict } from '../../dnssec/index.ts'
import type { Finding } from '../../evidence/index.ts'
import type { Engine } from '../job/engine.ts'

/** Keeps the finding with its verdict, and returns it as it is kept. What is secure goes to rank `SECURE`; what is not keeps its rank. */
export function keepVerdict(
  engine: Engine,
  context: CacheContext,
  finding: Finding,
  verdict: Verdict,
  side: Side,
): Finding {
  const now = engine.now()
  const expires = Math.min(finding.expires, now + verdict.ttlCap * 1000)
  const { cache } = engine.deps
  const { question, evidence } = finding
  const before = cache.get(context, question, now, { side })
  // What was fetched before and not validated is this finding; where there is another entry, this one has just been fetched.
  const pending = before?.security === 'indeterminate' ? before : undefined
  const { certificate, provenance } = evidence
  const entry: CacheEntry = {
    question,
    outcome: verdict.outcome,
    rank: verdict.verdict === 'secure' ? Rank.SECURE : (before?.rank ?? unsignedRank(side)),
    side,
    security: verdict.verdict,
    provenance,
    ...(certificate !== undefined && { certificate }),
    stored: pending?.stored ?? now,
    expires,
  }
  // The copy from before goes: nobody must be served bogus data as if it had not been validated. A valid entry stays: what is
  // bad is the copy, not what was proven.
  if (verdict.verdict === 'bogus' && pending !== undefined) cache.remove(context, question)
  cache.put(context, entry, now)
  return { question, outcome: verdict.outcome, evidence: { ...evidence, security: verdict.verdict }, expires }
}

function unsignedRank(side: Side): Rank {
  return side === 'own' ? Rank.AUTHORITATIVE : Rank.AGREED
}
