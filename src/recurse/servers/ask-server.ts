/** One question to one server: over UDP, and then over TCP, without EDNS or with its cookie where that is called for. */
import type { UpstreamProtocol } from '../../base/index.ts'
import { Rcode } from '../../dns/index.ts'
import type { Asked, Server } from '../../iterator/index.ts'
import type { Job } from '../job/job.ts'
import type { ServersEngine } from './engine.ts'
import { switchesOf } from './known/switches.ts'
import { sendQuery } from './send-query.ts'
import type { QueryResult } from './types.ts'

/**
 * `onLate` hears what comes after the server was given up as silent. Throws BUDGET_SPENT, ABORTED, and RECURSE_FAILED when the
 * question has sent its share, or this node has no socket for it.
 */
export async function askServer(
  engine: ServersEngine,
  job: Job,
  asked: Asked,
  server: Server,
  first: UpstreamProtocol,
  onLate?: (result: QueryResult) => void,
): Promise<QueryResult> {
  const switches = switchesOf(engine.deps.options, server.endpoint.address)
  let protocol: UpstreamProtocol = switches.transport === 'tcp' ? 'tcp' : first
  let edns = switches.edns !== false
  let result: QueryResult = { kind: 'silent', what: 'gave no usable reply' }
  for (let repeat = 0; repeat < engine.limits.REPEATS_PER_QUERY; repeat++) {
    result = await sendQuery(engine, { job, asked, server, protocol, edns, ...(onLate !== undefined && { onLate }) })
    const again = nextRung(result, protocol, edns, repeat)
    // CVE-2026-5950: what TCP has answered is final but for EDNS, so that no server can make us send for ever.
    if (again === undefined || (again === 'tcp' && protocol === 'tcp')) return result
    if (again === 'plain') edns = false
    if (again === 'tcp') protocol = 'tcp'
  }
  return result
}

/**
 * How to ask again when what came cannot be used as it is; undefined when it is final. A server without EDNS is asked this one
 * query without it. Nothing is remembered of that, since a forged FORMERR would otherwise strip a server of DNSSEC for long
 * (CVE-2026-52690).
 */
function nextRung(
  result: QueryResult,
  protocol: UpstreamProtocol,
  edns: boolean,
  repeats: number,
): 'tcp' | 'plain' | 'same' | undefined {
  if (result.kind !== 'reply') return result.nearMiss === true ? 'tcp' : undefined
  const { reply } = result
  if (reply.kind === 'truncated') return 'tcp'
  if (reply.kind !== 'error' || !edns) return undefined
  // Without the question in it, only the id shows that this is the reply. Over UDP an id can be guessed.
  if (result.message.questions.length === 0 && protocol === 'udp') return 'tcp'
  // The refusal carries the cookie that the server wants (RFC 7873 section 5.2.3): once more with it, and then over TCP.
  if (reply.rcode === Rcode.BADCOOKIE) return repeats === 0 ? 'same' : 'tcp'
  // FORMERR with OPT: some servers refuse options they do not know, such as our cookie.
  const refusesEdns = reply.rcode === Rcode.FORMERR || (reply.rcode === Rcode.NOTIMP && !reply.edns)
  return refusesEdns || reply.rcode === Rcode.BADVERS ? 'plain' : undefined
}
