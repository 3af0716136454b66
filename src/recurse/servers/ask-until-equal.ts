/**
 * A reply that came may have been guessed, and TCP, which would settle it, is not to be had. Then the question is asked again, with
 * fresh ids and ports each time, and counts when all replies say the same: whoever guesses has to win every one of these races
 * (Unbound falls back like this for 0x20). Only what the server was seen to lack is given up: the case of the name, the cookie, or
 * that nobody guesses beside its replies.
 */
import { type Message, nameToText, type ResourceRecord } from '../../dns/index.ts'
import type { ServersEngine } from './engine.ts'
import { sendQuery } from './send-query.ts'
import type { NearMiss, QueryResult, ServerQuery } from './types.ts'

export interface UntilEqual {
  /** Why TCP was called for. */
  readonly doubt?: QueryResult
  /** What it comes to when the replies differ, or do not come. */
  readonly failed: QueryResult
  /** An error of the server is worth proving. */
  readonly isErrorEnough: boolean
}

/** Throws what `sendQuery` throws. */
export async function askUntilEqual(
  engine: ServersEngine,
  query: ServerQuery,
  { doubt, failed, isErrorEnough }: UntilEqual,
): Promise<QueryResult> {
  const { EQUAL_REPLIES, GUESSES_LET_PASS } = engine.limits
  const patient: ServerQuery = { ...query, guesses: GUESSES_LET_PASS }
  let form = (doubt === undefined || doubt.kind === 'reply' ? undefined : without(patient, doubt.nearMiss)) ?? patient
  let first: (QueryResult & { kind: 'reply' }) | undefined
  for (let equal = 0; equal < EQUAL_REPLIES; ) {
    const result = await sendQuery(engine, form)
    if (result.kind !== 'reply') {
      const plainer = without(form, result.nearMiss)
      if (plainer === undefined) return failed
      form = plainer
      first = undefined
      equal = 0
      continue
    }
    const { kind } = result.reply
    if (kind === 'truncated' || (kind === 'error' && !isErrorEnough)) return failed
    if (first !== undefined && textOf(first.message) !== textOf(result.message)) return failed
    first ??= result
    equal++
  }
  if (first === undefined) return failed
  // Known now, so that the next question is one query.
  const { endpoint } = query.server
  if (!form.exactCase) engine.servers.losesCase(endpoint)
  if (query.cookie && !form.cookie) engine.cookies.forget(endpoint)
  return first
}

/** The query without what the server lacks; undefined when it is so already, or nothing can be given up. */
function without(query: ServerQuery, lacks: NearMiss | undefined): ServerQuery | undefined {
  if (lacks === 'case' && query.exactCase) return { ...query, exactCase: false }
  if (lacks === 'cookie' && query.cookie) return { ...query, cookie: false }
  return undefined
}

/** What a reply says, without what may differ between two of the same server: id, TTLs, the order of records, OPT. */
function textOf({ rcode, aa, answers, authorities, additionals }: Message): string {
  const section = (records: readonly ResourceRecord[]) =>
    records
      .map(({ name, type, rdata }) => `${nameToText(name).toLowerCase()} ${type} ${Buffer.from(rdata).toString('hex')}`)
      .sort()
      .join('\n')
  return [rcode, aa, section(answers), section(authorities), section(additionals)].join('\n\n')
}
