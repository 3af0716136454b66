/**
 * A reply that came in another case may have been guessed, and TCP, which would settle it, is not to be had. Then the question is asked
 * again without 0x20, with fresh ids and ports each time, and counts when all replies say the same: whoever guesses has to win every
 * one of these races (Unbound falls back like this).
 */
import { type Message, nameToText, type ResourceRecord } from '../../dns/index.ts'
import type { ServersEngine } from './engine.ts'
import { sendQuery } from './send-query.ts'
import type { QueryResult, ServerQuery } from './types.ts'

/** `failed`: what it comes to when the replies differ, or do not come. Throws what `sendQuery` throws. */
export async function askUntilEqual(
  engine: ServersEngine,
  query: ServerQuery,
  failed: QueryResult,
): Promise<QueryResult> {
  let first: (QueryResult & { kind: 'reply' }) | undefined
  for (let i = 0; i < engine.limits.EQUAL_REPLIES; i++) {
    const result = await sendQuery(engine, query)
    if (result.kind !== 'reply' || result.reply.kind === 'truncated') return failed
    if (first !== undefined && textOf(first.message) !== textOf(result.message)) return failed
    first ??= result
  }
  if (first === undefined) return failed
  // It does not keep the case: known now, so that the next question is one query.
  engine.servers.losesCase(query.server.endpoint)
  return first
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
