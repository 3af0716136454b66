/**
 * The last tries with servers that were never heard of: some say nothing to what they do not know (EDNS, or a name in mixed case). Only
 * where no signatures are expected, and once in a while for each server, since nearly all that are silent are simply away.
 */
import type { Asked, Server } from '../../iterator/index.ts'
import type { Job } from '../job/job.ts'
import { askUntilEqual } from './ask-until-equal.ts'
import type { ServersEngine } from './engine.ts'
import { sendQuery, usesCase } from './send-query.ts'
import type { QueryResult, ServerQuery } from './types.ts'

/** Throws what `sendQuery` throws. */
export async function askPlainly(engine: ServersEngine, job: Job, asked: Asked, server: Server): Promise<QueryResult> {
  const query: ServerQuery = { job, asked, server, protocol: 'udp', edns: true, cookie: false, exactCase: true }
  const plain = await sendQuery(engine, { ...query, edns: false })
  if (plain.kind === 'reply') {
    engine.servers.losesEdns(server.endpoint)
    return plain
  }
  return usesCase(engine, query) ? askWithoutCase(engine, query, plain) : plain
}

/**
 * Without 0x20, by several equal replies, since one could be guessed. `instead`: what it comes to when that is no better than an error.
 * Throws what `sendQuery` throws.
 */
export function askWithoutCase(engine: ServersEngine, query: ServerQuery, instead: QueryResult): Promise<QueryResult> {
  return askUntilEqual(
    engine,
    { ...query, protocol: 'udp', exactCase: false },
    { failed: instead, isErrorEnough: false },
  )
}
