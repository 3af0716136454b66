/**
 * An agreement heals (DESIGN 5): what the ring has agreed on takes the place of what this node alone was told, at once. A member whose
 * way to an authority is hijacked or censored is wrong for seconds, and not for a TTL.
 */
import { Budget, ChordnsError, type Clock, equalBytes, type Log } from '../base/index.ts'
import type { Cache } from '../cache/index.ts'
import { contentDigest, type Finding } from '../evidence/index.ts'
import type { Recursor } from '../recurse/index.ts'
import { limits } from './limits.ts'
import { mayServe } from './link/acceptance.ts'
import { keepRingCopy } from './link/ring-copy.ts'

export interface HealingDeps {
  readonly cache: Cache
  readonly recursor: Recursor
  readonly clock: Clock
  readonly log: Log
}

/**
 * `finding`: what was agreed, not yet validated. True when it has replaced what the cache had. What is signed is never replaced, nor is
 * what was found bogus: no number of votes outweighs a signature. Rejects with ABORTED only.
 */
export async function heal(deps: HealingDeps, finding: Finding, signal: AbortSignal): Promise<boolean> {
  const { cache, recursor, clock, log } = deps
  const { question } = finding
  const context = recursor.contextOf(question)
  const own = cache.get(context, question, clock.now(), { side: 'own' })
  if (own === undefined || own.security === 'secure' || own.security === 'bogus') return false
  if (equalBytes(contentDigest(question, own.outcome), contentDigest(question, finding.outcome))) return false
  const validated = await validatedOrNothing(deps, finding, signal)
  if (validated === undefined) return false
  const search = { deps, context, options: { strict: false }, request: { checkingDisabled: false } }
  if (!mayServe(search, validated)) return false
  // Else it would be served again when the agreed one is over.
  cache.remove(context, question)
  keepRingCopy(search, validated)
  log.info(
    { observers: finding.evidence.observers.length },
    'an answer of this node was another than the ring agreed on',
  )
  return true
}

async function validatedOrNothing(
  { recursor, clock, log }: HealingDeps,
  finding: Finding,
  signal: AbortSignal,
): Promise<Finding | undefined> {
  if (!recursor.validates) return finding
  const budget = new Budget(limits.HEALING, () => clock.monotonic())
  try {
    return await recursor.validate(finding, { budget, signal, origin: 'any', checkingDisabled: false }, [])
  } catch (error) {
    if (!(error instanceof ChordnsError) || error.code === 'ABORTED') throw error
    log.debug({ code: error.code }, 'what the ring agreed on could not be validated')
    return undefined
  }
}
