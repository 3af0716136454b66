/** The walk of one question: from the closest known zone down, referral by referral, to the zone that answers it. */
import { type Delegation, Ede, nameToText, type Question, ROOT, sameName, sameQuestion, Type } from '../../dns/index.ts'
import type { Finding } from '../../evidence/index.ts'
import { type MinimiseMode, nextMinimised } from '../../iterator/index.ts'
import { failed, isFailure } from '../job/failure.ts'
import type { Cut, Job } from '../job/job.ts'
import { configuredCut, MAIN, nameToAskFor } from '../job/zones.ts'
import type { Engine } from '../node/engine.ts'
import { askZone, type ServerFinder, type UsefulReply } from '../servers/ask-zone.ts'
import { agreedCut } from './agreed.ts'
import type { Primer } from './prime.ts'
import { store } from './store.ts'

/** Where the walk stands. */
interface Walk {
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
}

export async function iterate(engine: Engine, primer: Primer, finder: ServerFinder, job: Job): Promise<Finding> {
  const cut = await begin(engine, primer, job)
  const mode = cut.role === 'forward' ? 'off' : engine.deps.options.qnameMinimisation
  const walk: Walk = {
    cut,
    mode,
    known: cut.zone.labels,
    steps: 0,
    sends: engine.limits.SENDS_PER_ZONE,
    referrals: 0,
    retriedParent: false,
  }
  for (;;) {
    const question = nextQuestion(engine, job, walk)
    const isTarget = question === job.question
    const result = await askZone(engine, finder, job, walk.cut, question, walk.sends)
    if (result.kind === 'failed') {
      if (!isTarget && walk.mode === 'relaxed') {
        // RFC 9156 section 2.3: servers that choke on the short name may answer the full one.
        walk.mode = 'off'
        if (!result.spoke) walk.sends = engine.limits.SENDS_AFTER_SILENCE
        continue
      }
      if (await askParentAgain(engine, primer, job, walk)) continue
      if (!result.spoke && (await goAround(engine, job, walk))) continue
      throw result.error
    }
    const finding = follow(engine, job, walk, question, isTarget, result.reply)
    if (finding !== undefined) return finding
  }
}

/** Acts on a useful reply; returns the finding when it ends the walk. */
function follow(
  engine: Engine,
  job: Job,
  walk: Walk,
  question: Question,
  isTarget: boolean,
  reply: UsefulReply,
): Finding | undefined {
  if (reply.kind === 'referral') {
    const answer = dsFromReferral(job.question, walk.cut, reply.delegation)
    if (answer !== undefined) return store(engine, job, job.question, answer)
    descend(engine, job, walk, reply.delegation)
    return undefined
  }
  const finding = store(engine, job, question, reply)
  if (isTarget) return finding
  if (reply.kind === 'nxdomain') {
    // RFC 8020: nothing exists below. Broken servers say it of empty non-terminals too, hence `relaxed`.
    if (walk.mode === 'strict') return store(engine, job, job.question, { ...reply, extras: [] })
    walk.mode = 'off'
    return undefined
  }
  walk.known = question.name.labels
  walk.steps++
  return undefined
}

/** The next shortened name that the cache does not know to exist already. */
function nextQuestion(engine: Engine, job: Job, walk: Walk): Question {
  for (;;) {
    const question = nextMinimised(job.question, walk)
    if (question === job.question || sameQuestion(question, job.question)) return job.question
    const cached = engine.deps.cache.get(job.context, question, engine.now(), { side: 'own' })
    if (cached === undefined) return question
    if (cached.outcome.kind === 'absent' && cached.outcome.rcode === 3) {
      walk.mode = 'off'
      return job.question
    }
    walk.known = question.name.labels
  }
}

/** A server that answers a DS question with the referral itself: the referral carries the parent's word. */
function dsFromReferral(
  question: Question,
  cut: Cut,
  delegation: Delegation,
): Exclude<UsefulReply, { kind: 'referral' }> | undefined {
  if (question.type !== Type.DS || !sameName(question.name, delegation.zone)) return undefined
  const { ds, proofs } = delegation
  if (ds === undefined) {
    return { kind: 'nodata', outcome: { kind: 'absent', rcode: 0, apex: cut.zone, soa: undefined, proofs }, extras: [] }
  }
  const outcome = { kind: 'rrset', rrset: ds, apex: cut.zone, proofs: [] } as const
  return { kind: 'answer', outcome, extras: [], authoritative: true }
}

/** Goes down to the zone of a referral, and remembers it. */
function descend(engine: Engine, job: Job, walk: Walk, delegation: Delegation): void {
  if (++walk.referrals > engine.limits.REFERRALS) {
    const text = `${nameToText(job.question.name)} is more than ${engine.limits.REFERRALS} referrals deep`
    throw failed('too-deep', text, [{ code: Ede.NO_REACHABLE_AUTHORITY, text }])
  }
  if (job.start === 'parent') engine.deps.cache.putDelegation(job.context, delegation, engine.now())
  else {
    const expires = engine.now() + Math.min(delegation.ttl, engine.limits.MAX_TTL) * 1000
    engine.agreed.put({ delegation, parent: walk.cut.zone, expires, isFetched: true })
  }
  const source = { kind: 'delegated', delegation } as const
  walk.cut = { zone: delegation.zone, role: 'authority', source, cached: false }
  walk.known = Math.max(walk.known, delegation.zone.labels)
  walk.sends = engine.limits.SENDS_PER_ZONE
  job.onCut?.(delegation)
}

/** From the root or the closest known zone; from an agreed delegation where those were just found silent, or cannot be had. */
async function begin(engine: Engine, primer: Primer, job: Job): Promise<Cut> {
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

/** No server of the zone says anything: perhaps the ring knows of a zone below it. */
async function goAround(engine: Engine, job: Job, walk: Walk): Promise<boolean> {
  const blocked = walk.cut.zone
  const cut = await agreedCut(engine, job, blocked.labels)
  if (cut === undefined) return false
  engine.agreed.block(blocked, engine.now() + engine.limits.BLOCKED_MS)
  walk.cut = cut
  walk.mode = engine.deps.options.qnameMinimisation
  walk.known = cut.zone.labels
  walk.sends = engine.limits.SENDS_PER_ZONE
  return true
}

async function firstCut(engine: Engine, primer: Primer, job: Job): Promise<Cut> {
  const name = nameToAskFor(job.question)
  const configured = job.context === MAIN ? undefined : configuredCut(engine, job.context)
  if (job.context !== MAIN && configured === undefined) {
    const text = `no servers are known for ${job.context}`
    throw failed('no-servers', text, [{ code: Ede.NO_REACHABLE_AUTHORITY, text }])
  }
  const cached = engine.deps.cache.delegation(job.context, name, engine.now())
  if (cached !== undefined && cached.delegation.zone.labels > (configured?.zone.labels ?? 0)) {
    job.flight.report({
      kind: 'cache',
      question: job.question,
      what: 'delegation',
      detail: nameToText(cached.delegation.zone),
    })
    const source = { kind: 'delegated', delegation: cached.delegation } as const
    return { zone: cached.delegation.zone, role: 'authority', source, cached: true }
  }
  return configured ?? (await primer.rootCut(job))
}

/** Its servers may have moved since the parent told us: forget the cached delegation, once, and ask the parent anew. */
async function askParentAgain(engine: Engine, primer: Primer, job: Job, walk: Walk): Promise<boolean> {
  if (!walk.cut.cached || walk.retriedParent || walk.cut.zone.labels === 0) return false
  engine.deps.cache.removeDelegation(job.context, walk.cut.zone)
  walk.retriedParent = true
  walk.cut = await firstCut(engine, primer, job)
  walk.mode = engine.deps.options.qnameMinimisation
  walk.known = walk.cut.zone.labels
  walk.sends = engine.limits.SENDS_PER_ZONE
  return true
}
