/** Where a walk begins, and where it goes on when the servers of a zone are of no use. */
import type { CacheContext } from '../../cache/index.ts'
import { type Delegation, Ede, type Name, nameToText, parentName, ROOT } from '../../dns/index.ts'
import { configuredServers, type MinimiseMode } from '../../iterator/index.ts'
import { failed, isFailure, type RecurseFailed } from '../job/failure.ts'
import type { Cut, Job } from '../job/job.ts'
import { MAIN, nameToAskFor } from '../job/zones.ts'
import type { Answerer } from '../known/server-memory.ts'
import type { WalkEngine } from './engine.ts'
import type { Primer } from './prime.ts'

/** Where the walk stands. */
export interface Walk {
  cut: Cut
  mode: MinimiseMode
  /** Labels of the target known to exist, or of the cut. */
  known: number
  steps: number
  /** Queries that the zone asked now may get for one question. */
  sends: number
  referrals: number
  /** A delegation from the cache whose servers were all of no use was dropped once, and its parent asked again. */
  retriedParent: boolean
  /** Who referred the walk to the zone that it is at. */
  referral: { readonly by: Answerer; readonly from: Cut } | undefined
  /** A referral led to servers that were all of no use, and the parent's other servers are asked. */
  failed: { readonly error: RecurseFailed; readonly delegation: Delegation } | undefined
}

/** Throws RECURSE_FAILED when there is nobody to begin with. */
export async function startWalk(engine: WalkEngine, primer: Primer, job: Job): Promise<Walk> {
  const cut = await beginAt(engine, primer, job)
  return {
    ...standingAt(engine, cut),
    steps: 0,
    referrals: 0,
    retriedParent: false,
    referral: undefined,
    failed: undefined,
  }
}

function moveTo(engine: WalkEngine, walk: Walk, cut: Cut): void {
  Object.assign(walk, standingAt(engine, cut), { referral: undefined })
}

/** Nothing is known yet of the names below the cut. */
function standingAt(engine: WalkEngine, cut: Cut): Pick<Walk, 'cut' | 'mode' | 'known' | 'sends'> {
  const mode = cut.role === 'forward' ? 'off' : engine.deps.options.qnameMinimisation
  return { cut, mode, known: cut.zone.labels, sends: engine.limits.SENDS_PER_ZONE }
}

/** From the root or the closest known zone; from an agreed delegation where those were just found silent, or cannot be had. */
async function beginAt(engine: WalkEngine, primer: Primer, job: Job): Promise<Cut> {
  const known = engine.deps.cache.delegation(job.context, nameToAskFor(job.question), engine.now())
  const zone = known?.delegation.zone ?? ROOT
  if (engine.agreed.isBlocked(zone, engine.now())) {
    const around = await agreedCut(engine, job, zone.labels)
    if (around !== undefined) return around
  }
  try {
    return await firstCut(engine, primer, job)
  } catch (error) {
    if (!isFailure(error)) throw error
    const around = await agreedCut(engine, job, 0)
    if (around === undefined) throw error
    engine.agreed.block(ROOT, engine.now() + engine.limits.BLOCKED_MS)
    return around
  }
}

/** `name`: the closest zone known above it is where the walk begins. */
async function firstCut(
  engine: WalkEngine,
  primer: Primer,
  job: Job,
  name: Name = nameToAskFor(job.question),
): Promise<Cut> {
  const configured = job.context === MAIN ? undefined : configuredCut(engine, job.context)
  if (job.context !== MAIN && configured === undefined) {
    const text = `no servers are known for ${job.context}`
    throw failed('no-servers', text, [{ code: Ede.NO_REACHABLE_AUTHORITY, text }])
  }
  const known = knownCut(engine, job, name, configured?.zone.labels ?? 0)
  if (known !== undefined) return known
  if (configured !== undefined) return configured
  const root = await primer.rootCut(job)
  // What lies below the root counts again, now that it is confirmed, or kept for want of a better one.
  return knownCut(engine, job, name, 0) ?? root
}

/** The deepest zone with more labels than `above` that the cache knows on the way to the name. */
function knownCut(engine: WalkEngine, job: Job, name: Name, above: number): Cut | undefined {
  const cached = engine.deps.cache.delegation(job.context, name, engine.now())
  if (cached === undefined || cached.delegation.zone.labels <= above) return undefined
  job.flight.report({
    kind: 'cache',
    question: job.question,
    what: 'delegation',
    detail: nameToText(cached.delegation.zone),
  })
  const source = { kind: 'delegated', delegation: cached.delegation } as const
  return { zone: cached.delegation.zone, role: 'authority', source, cached: true }
}

/** Where a question begins that is not `main`'s: its configured or anchored servers. Undefined when the context names no zone. */
function configuredCut(engine: WalkEngine, context: CacheContext): Cut | undefined {
  const anchored = engine.zones.anchored(context)
  if (anchored !== undefined)
    return {
      zone: anchored.zone,
      role: 'authority',
      source: { kind: 'delegated', delegation: anchored },
      cached: false,
    }
  const found = engine.zones.zoneOf(context)
  if (found === undefined) return undefined
  const servers = configuredServers(found.zone.servers, engine.families.rules())
  return { zone: found.zone.zone, role: found.role, source: { kind: 'configured', servers }, cached: false }
}

/**
 * An agreed delegation to begin with, of more than `above` labels: one that is remembered, else the ring's, which is asked once
 * a job; undefined when it has none either. Rejects with ABORTED.
 */
async function agreedCut(engine: WalkEngine, job: Job, above: number): Promise<Cut | undefined> {
  const { delegations } = engine.deps
  if (delegations === undefined || job.context !== MAIN) return undefined
  const name = nameToAskFor(job.question)
  let cut = engine.agreed.enclosing(name, above, engine.now())
  if (cut === undefined) {
    if (job.askedRing) return undefined
    job.askedRing = true
    const found = await delegations.find(name, above, job.flight.signal)
    if (found === undefined) return undefined
    cut = engine.agreed.put({ ...found, isFetched: false }, engine.now())
  }
  job.start = 'agreed'
  const { delegation } = cut
  const detail = `${nameToText(delegation.zone)}, agreed by the ring`
  job.flight.report({ kind: 'cache', question: job.question, what: 'delegation', detail })
  return { zone: delegation.zone, role: 'authority', source: { kind: 'delegated', delegation }, cached: false }
}

/** No server of the zone says anything: perhaps the ring knows of a zone below it. */
export async function goAround(engine: WalkEngine, job: Job, walk: Walk): Promise<boolean> {
  const blocked = walk.cut.zone
  const cut = await agreedCut(engine, job, blocked.labels)
  if (cut === undefined) return false
  engine.agreed.block(blocked, engine.now() + engine.limits.BLOCKED_MS)
  moveTo(engine, walk, cut)
  return true
}

/**
 * Its servers may have moved since the parent told us: the parent is asked anew, once. What is known stays until it answers: it may be
 * our own network that is away.
 */
export async function askParentAgain(engine: WalkEngine, primer: Primer, job: Job, walk: Walk): Promise<boolean> {
  if (!walk.cut.cached || walk.retriedParent || walk.cut.zone.labels === 0) return false
  walk.retriedParent = true
  moveTo(engine, walk, await firstCut(engine, primer, job, parentName(walk.cut.zone)))
  return true
}

/**
 * The referral may have been one server's, which is behind the others of its zone: they are asked, once. A referral to the same servers
 * then ends the walk.
 */
export function askOtherParents(engine: WalkEngine, job: Job, walk: Walk, error: RecurseFailed): boolean {
  const { referral, cut } = walk
  if (referral === undefined || walk.failed !== undefined || cut.source.kind !== 'delegated') return false
  walk.failed = { error, delegation: cut.source.delegation }
  job.avoid = new Set([...(job.avoid ?? []), referral.by.key])
  moveTo(engine, walk, referral.from)
  return true
}
