/** The walk of one question: from the closest known zone down, referral by referral, to the zone that answers it. */
import { type Delegation, Ede, nameToText, type Question, sameName, sameQuestion, Type } from '../../dns/index.ts'
import type { Finding } from '../../evidence/index.ts'
import { nextMinimised } from '../../iterator/index.ts'
import { failed } from '../job/failure.ts'
import type { Cut, Job } from '../job/job.ts'
import { dsOfReferral } from '../job/referral.ts'
import { askZone } from '../servers/ask-zone.ts'
import type { ServerFinder, UsefulReply } from '../servers/types.ts'
import type { WalkEngine } from './engine.ts'
import type { Primer } from './prime.ts'
import { askOtherParents, askParentAgain, goAround, startWalk, type Walk } from './start.ts'
import { store } from './store.ts'

export async function iterate(engine: WalkEngine, primer: Primer, finder: ServerFinder, job: Job): Promise<Finding> {
  primer.refreshAhead()
  const walk = await startWalk(engine, primer, job)
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
      if (askOtherParents(engine, job, walk, result.error)) continue
      if (!result.spoke && (await goAround(engine, job, walk))) continue
      throw walk.failed?.error ?? result.error
    }
    const finding = follow(engine, job, walk, question, isTarget, result.reply)
    if (finding !== undefined) return finding
  }
}

/** Acts on a useful reply; returns the finding when it ends the walk. */
function follow(
  engine: WalkEngine,
  job: Job,
  walk: Walk,
  question: Question,
  isTarget: boolean,
  reply: UsefulReply,
): Finding | undefined {
  if (reply.kind === 'referral') {
    const answer = dsAnswer(job.question, walk.cut, reply.delegation)
    if (answer !== undefined) return store(engine, job, job.question, answer)
    descend(engine, job, walk, question, reply.delegation)
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
function nextQuestion(engine: WalkEngine, job: Job, walk: Walk): Question {
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
function dsAnswer(
  question: Question,
  cut: Cut,
  delegation: Delegation,
): Exclude<UsefulReply, { kind: 'referral' }> | undefined {
  if (question.type !== Type.DS || !sameName(question.name, delegation.zone)) return undefined
  const outcome = dsOfReferral(delegation, cut.zone) ?? {
    kind: 'absent',
    rcode: 0,
    apex: cut.zone,
    soa: undefined,
    proofs: [],
  }
  return outcome.kind === 'rrset'
    ? { kind: 'answer', outcome, extras: [], authoritative: true }
    : { kind: 'nodata', outcome, extras: [] }
}

/** Goes down to the zone of a referral, and remembers it. */
function descend(engine: WalkEngine, job: Job, walk: Walk, question: Question, delegation: Delegation): void {
  if (walk.failed !== undefined && leadToTheSame(walk.failed.delegation, delegation)) throw walk.failed.error
  if (++walk.referrals > engine.limits.REFERRALS) {
    const text = `${nameToText(job.question.name)} is more than ${engine.limits.REFERRALS} referrals deep`
    throw failed('too-deep', text, [{ code: Ede.NO_REACHABLE_AUTHORITY, text }])
  }
  if (job.start === 'parent') engine.deps.cache.putDelegation(job.context, delegation, engine.now(), walk.cut.zone)
  else {
    const expires = engine.now() + Math.min(delegation.ttl, engine.limits.MAX_TTL) * 1000
    engine.agreed.put({ delegation, parent: walk.cut.zone, expires, isFetched: true }, engine.now())
  }
  const source = { kind: 'delegated', delegation } as const
  const by = engine.servers.answererOf(question)
  walk.referral = by && { by, from: walk.cut }
  walk.cut = { zone: delegation.zone, role: 'authority', source, cached: false }
  walk.known = Math.max(walk.known, delegation.zone.labels)
  walk.sends = engine.limits.SENDS_PER_ZONE
  job.onCut?.(delegation)
}

function leadToTheSame(a: Delegation, b: Delegation): boolean {
  return a.zone.key === b.zone.key && serversText(a) === serversText(b)
}

function serversText({ nameServers, addresses }: Delegation): string {
  return nameServers
    .map(({ key }) => `${key} ${[...(addresses.get(key) ?? [])].sort().join(' ')}`)
    .sort()
    .join('\n')
}
