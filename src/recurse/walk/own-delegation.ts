/** What the parent of a zone has told this node itself. An observation of a delegation is signed for this, and for nothing else. */
import type { CachedDelegation } from '../../cache/index.ts'
import { Class, type Name, nameToText, parentName, Type } from '../../dns/index.ts'
import type { Finding } from '../../evidence/index.ts'
import { failed, isFailure } from '../job/failure.ts'
import type { OwnDelegation, RecurseRequest } from '../job/types.ts'
import { MAIN } from '../job/zones.ts'
import type { WalkEngine } from './engine.ts'

/** Rejects with RECURSE_FAILED when there is no referral to it: no zone, or its servers are the parent's. BUDGET_SPENT, ABORTED. */
export async function ownDelegation(
  engine: WalkEngine,
  zone: Name,
  request: Omit<RecurseRequest, 'question' | 'origin' | 'checkingDisabled'>,
  resolve: (request: RecurseRequest) => Promise<Finding>,
): Promise<OwnDelegation> {
  const known = fetched(engine, zone)
  if (known !== undefined) return known
  if (request.budget.left('queries') === 0) throw failed('no-servers', `${nameToText(zone)} is not known here`, [])
  // What is left of one that is over in parts would keep the parent from being asked.
  engine.deps.cache.removeDelegation(MAIN, zone)
  const question = { name: zone, type: Type.NS, class: Class.IN }
  try {
    await resolve({ ...request, question, origin: 'own', checkingDisabled: true, context: MAIN })
  } catch (error) {
    // On the way to servers that fail the parent has spoken all the same.
    if (!isFailure(error)) throw error
  }
  const found = fetched(engine, zone)
  if (found !== undefined) return found
  throw failed('no-servers', `no parent refers to ${nameToText(zone)}`, [])
}

function fetched(engine: WalkEngine, zone: Name): OwnDelegation | undefined {
  const now = engine.now()
  const { cache } = engine.deps
  const cached = cache.delegation(MAIN, zone, now)
  if (zone.labels > 0 && cached?.delegation.zone.key === zone.key && isWhole(cached, now)) {
    const parent = cached.parent ?? cache.delegation(MAIN, parentName(zone), now)?.delegation.zone
    if (parent !== undefined) return { delegation: cached.delegation, parent, expires: cached.expires, start: 'parent' }
  }
  const agreed = engine.agreed.get(zone, now)
  if (agreed?.isFetched !== true || agreed.dsExpires <= now) return undefined
  return { delegation: agreed.delegation, parent: agreed.parent, expires: agreed.expires, start: 'agreed' }
}

/** Nobody may sign that there is no DS set because it is over. */
function isWhole({ dsExpires, glueExpires }: CachedDelegation, now: number): boolean {
  return dsExpires > now && glueExpires > now
}
