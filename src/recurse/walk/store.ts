/** From replies to cache entries and findings. Everything written here was fetched by this node: side `own`, provenance `solo`. */
import { type CacheEntry, Rank, type Side } from '../../cache/index.ts'
import { type Question, Type } from '../../dns/index.ts'
import type { Finding, Outcome } from '../../evidence/index.ts'
import type { Job } from '../job/job.ts'
import type { UsefulReply } from '../servers/types.ts'
import type { WalkEngine } from './engine.ts'
import { secondsToKeep } from './ttl.ts'

type Answering = Exclude<UsefulReply, { kind: 'referral' }>

/** Keeps all that the reply states, and returns what it says about `question`. */
export function store(engine: WalkEngine, job: Job, question: Question, reply: Answering): Finding {
  for (const extra of reply.extras) {
    // A name that another context is responsible for is that context's to fetch (MaginotDNS, USENIX Security 2023).
    if (engine.zones.contextOf(extra.question) !== job.context && !job.context.startsWith('ledger:')) continue
    const rank = extra.section === 'answer' ? rankOf(reply) : Rank.AUTHORITY_SECTION
    keep(engine, job, entryOf(engine, job, extra.question, extra.outcome, rank))
  }
  const entry = entryOf(engine, job, question, reply.outcome, rankOf(reply))
  keep(engine, job, entry)
  return findingOf(entry)
}

export function findingOf(entry: CacheEntry): Finding {
  const { question, outcome, security, provenance, certificate, expires } = entry
  const evidence = { security, provenance, observers: [], ...(certificate === undefined ? {} : { certificate }) }
  const start = entry.side === 'ring' && provenance === 'solo' ? 'agreed' : undefined
  return { question, outcome, evidence, expires, ...(start !== undefined && { start }) }
}

/** The side of the cache where a finding that this node fetched is kept. */
export function fetchedSide({ start }: Finding): Side {
  return start === 'agreed' ? 'ring' : 'own'
}

function rankOf(reply: Answering): Rank {
  return 'authoritative' in reply && !reply.authoritative ? Rank.AUTHORITY_SECTION : Rank.AUTHORITATIVE
}

function entryOf(engine: WalkEngine, job: Job, question: Question, outcome: Outcome, rank: Rank): CacheEntry {
  const stored = engine.now()
  // A walk that began with an agreed delegation did not come from the root, so what it finds is not signed as this node's own.
  const side = job.start === 'agreed' ? 'ring' : 'own'
  const expires = stored + secondsToKeep(outcome, engine.limits) * 1000
  return { question, outcome, rank, side, security: 'indeterminate', provenance: 'solo', stored, expires }
}

function keep(engine: WalkEngine, job: Job, entry: CacheEntry): void {
  const { question, outcome } = entry
  engine.deps.cache.put(job.context, entry, engine.now())
  if (outcome.kind === 'rrset' && outcome.rrset.type === Type.DNAME && question.type === Type.DNAME) {
    engine.dnames.learn(job.context, outcome.rrset.name)
  }
}
