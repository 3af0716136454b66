/** Which of two entries counts more (RFC 2181 section 5.4.1, extended), and security and provenance in one byte of a record. */
import type { Provenance, Security } from '../evidence/index.ts'
import type { RecordMeta } from './slab.ts'

const SECURITIES: readonly Security[] = ['secure', 'insecure', 'bogus', 'indeterminate']
const PROVENANCES: readonly Provenance[] = ['local', 'ledger', 'agreed', 'rotating', 'divergent', 'solo']

export function codeOf(security: Security, provenance: Provenance): number {
  return SECURITIES.indexOf(security) | (PROVENANCES.indexOf(provenance) << 2)
}

export function securityOf({ code }: Pick<RecordMeta, 'code'>): Security {
  return SECURITIES[code & 3]!
}

export function provenanceOf({ code }: Pick<RecordMeta, 'code'>): Provenance {
  return PROVENANCES[code >> 2]!
}

/** What ranks are compared by: bogus is below everything. */
function weight(meta: RecordMeta): number {
  return securityOf(meta) === 'bogus' ? 0 : meta.rank
}

/** What is validated is not replaced by what is not yet: that one may turn out to be bogus. */
export function isWorthMore(old: RecordMeta, fresh: RecordMeta, now: number): boolean {
  if (old.expires <= now) return false
  if (weight(old) !== weight(fresh)) return weight(old) > weight(fresh)
  return securityOf(fresh) === 'indeterminate' && securityOf(old) !== 'indeterminate'
}

/** Unexpired before stale, then by rank; at equal rank the first found stays. */
export function better(a: RecordMeta, b: RecordMeta, now: number): boolean {
  const aLive = a.expires > now
  const bLive = b.expires > now
  return aLive !== bLive ? aLive : weight(a) > weight(b)
}
