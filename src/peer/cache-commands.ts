/** `chordns cache show|flush`: what this node's cache has of a name, and how it is forgotten. Entries of the ring stay. */
import type { Clock, Log } from '../base/index.ts'
import type { Cache, CacheContents, Reach, WarmCache } from '../cache/index.ts'
import { type Name, nameToText } from '../dns/index.ts'
import type { CacheView, FlushView } from '../observe/index.ts'
import type { Core } from './core/core.ts'
import { limits } from './limits.ts'
import { contentRecords, questionText } from './views.ts'

export interface CacheCommandDeps {
  readonly cache: Cache & CacheContents
  readonly warm: WarmCache | undefined
  readonly core: Pick<Core, 'recursor' | 'cacheRules'>
  readonly clock: Clock
  readonly log: Log
}

export function showCached({ cache, clock }: CacheCommandDeps, name: Name, reach: Reach): CacheView {
  const now = clock.now()
  const secondsTo = (time: number) => Math.round((time - now) / 1000)
  const { entries, delegations, failures, isCut } = cache.list(name, reach, limits.MAX_CACHE_SHOWN)
  return {
    name: nameToText(name),
    below: reach === 'below',
    isCut,
    entries: entries.map(({ context, entry }) => ({
      context,
      question: questionText(entry.question),
      records: contentRecords(entry.outcome),
      side: entry.side,
      security: entry.security,
      provenance: entry.provenance,
      ttl: secondsTo(entry.expires),
      ageSeconds: -secondsTo(entry.stored),
    })),
    delegations: delegations.map(({ context, cached: { delegation, expires } }) => ({
      context,
      zone: nameToText(delegation.zone),
      nameServers: delegation.nameServers.map(nameToText),
      signed: delegation.ds !== undefined,
      ttl: secondsTo(expires),
    })),
    failures: failures.map(({ context, failure }) => ({
      context,
      question: questionText(failure.question),
      code: failure.code,
      why: failure.ede.flatMap(({ text }) => (text === undefined ? [] : [text])).join('; '),
      ttl: secondsTo(failure.expires),
    })),
  }
}

/** Forgets entries, delegations, failures, denials and links of chains of trust, on disk too. */
export function flushCached({ cache, warm, core, log }: CacheCommandDeps, name: Name, reach: Reach): FlushView {
  const forgotten = cache.flush(name, reach)
  const links = core.recursor.forget(name, reach)
  // What is on disk would come back at the next start; all of it is written again from memory.
  warm?.forget(core.cacheRules())
  log.info({ name: nameToText(name), reach, forgotten, links }, 'flushed from the cache, as the operator asked')
  return { name: nameToText(name), below: reach === 'below', forgotten, links }
}
