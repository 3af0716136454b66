/** One question to one server: over UDP, then plainer step by step, and over TCP where that is called for. */
import type { UpstreamProtocol } from '../../base/index.ts'
import { Rcode } from '../../dns/index.ts'
import type { Asked, Server } from '../../iterator/index.ts'
import type { Job } from '../job/job.ts'
import { switchesOf } from '../known/switches.ts'
import { askWithoutCase } from './ask-plainly.ts'
import { askUntilEqual } from './ask-until-equal.ts'
import type { ServersEngine } from './engine.ts'
import { sendQuery, usesCase } from './send-query.ts'
import type { QueryForm, QueryResult, ServerQuery } from './types.ts'

/** The next rung of the ladder. */
type Rung = 'tcp' | 'without-cookie' | 'without-edns' | 'same'

export interface AskHow {
  readonly protocol: UpstreamProtocol
  /** False: the server is silent to EDNS, and no signatures are expected. */
  readonly edns: boolean
  /** Hears what comes after the server was given up as silent. */
  readonly onLate?: (result: QueryResult) => void
}

/** Throws BUDGET_SPENT, ABORTED, and RECURSE_FAILED when the question has sent its share, or this node has no socket for it. */
export async function askServer(
  engine: ServersEngine,
  job: Job,
  asked: Asked,
  server: Server,
  { protocol: first, edns, onLate }: AskHow,
): Promise<QueryResult> {
  const switches = switchesOf(engine.deps.options, server.endpoint.address)
  let protocol: UpstreamProtocol = switches.transport === 'tcp' ? 'tcp' : first
  let form: QueryForm = { edns: edns && switches.edns !== false, cookie: switches.cookie !== false, exactCase: true }
  let doubt: QueryResult | undefined
  /** It is the cookie that the server refuses, or the case of the name. */
  let mayBeCase = false
  /** Equal replies stood for TCP. */
  let isProven = false
  let result: QueryResult = { kind: 'silent', what: 'gave no usable reply' }
  for (let repeat = 0; repeat < engine.limits.REPEATS_PER_QUERY; repeat++) {
    const query: ServerQuery = { job, asked, server, protocol, ...form, ...(onLate !== undefined && { onLate }) }
    result = await sendQuery(engine, query)
    // The proof that TCP would be is not to be had: others take its place.
    if (protocol === 'tcp' && result.kind !== 'reply' && doubt !== undefined && mayBeGuessed(doubt)) {
      result = await askUntilEqual(
        engine,
        { ...query, protocol: 'udp' },
        { doubt, failed: result, isErrorEnough: true },
      )
      protocol = 'udp'
      isProven = true
    }
    const next = nextRung(result, query, repeat)
    // CVE-2026-5950: what TCP has answered is final but for EDNS, so that no server can make us send for ever.
    if (next === undefined && mayBeCase && isRefusal(result)) return askWithoutCase(engine, query, result)
    if (next === undefined || (next === 'tcp' && (protocol === 'tcp' || isProven))) return result
    if (next === 'without-cookie') {
      engine.cookies.onRefusal(server.endpoint, engine.monotonic())
      form = { ...form, cookie: false }
      if (isRefusal(result) && usesCase(engine, query)) {
        // Most that refuse mean it: one query without both tells.
        const plain = await sendQuery(engine, { ...query, ...form, exactCase: false })
        if (plain.kind !== 'reply' || plain.reply.kind === 'error') return plain
        mayBeCase = true
      }
    }
    if (next === 'without-edns') form = { ...form, edns: false }
    if (next === 'tcp') {
      doubt = result
      protocol = 'tcp'
    }
  }
  return result
}

/**
 * How to ask again when what came cannot be used as it is; undefined when it is final. A server without EDNS is asked this one
 * query without it. Nothing is remembered of that, since a forged FORMERR would otherwise strip a server of DNSSEC for long
 * (CVE-2026-52690). Each step gives up the least that can be the trouble: the option, then EDNS.
 */
function nextRung(result: QueryResult, { protocol, edns }: ServerQuery, repeats: number): Rung | undefined {
  if (result.kind !== 'reply') return mayBeGuessed(result) ? 'tcp' : undefined
  const { reply } = result
  if (reply.kind === 'truncated') return 'tcp'
  if (reply.kind !== 'error' || !edns) return undefined
  if (protocol === 'udp' && mayBeGuessed(result)) return 'tcp'
  // The refusal carries the cookie that the server wants (RFC 7873 section 5.2.3): once more with it, and then over TCP.
  if (reply.rcode === Rcode.BADCOOKIE) return repeats === 0 ? 'same' : 'tcp'
  const isAboutForm = reply.rcode === Rcode.FORMERR || reply.rcode === Rcode.NOTIMP
  if (isAboutForm && !reply.edns) return 'without-edns'
  if (result.ignoredCookie && (isAboutForm || MAY_MEAN_COOKIE.has(reply.rcode))) return 'without-cookie'
  return isAboutForm || reply.rcode === Rcode.BADVERS ? 'without-edns' : undefined
}

/** What servers say of a cookie that they do not know, and those that compare names letter by letter of mixed case (0x20). */
function isRefusal(result: QueryResult): boolean {
  return result.kind === 'reply' && result.reply.kind === 'error' && MAY_MEAN_COOKIE.has(result.reply.rcode)
}

/** Without the question in it, only the id shows that this is the reply. Over UDP an id can be guessed. */
function mayBeGuessed(result: QueryResult): boolean {
  return result.kind === 'reply'
    ? result.reply.kind === 'error' && result.message.questions.length === 0
    : result.nearMiss !== undefined
}

/** What servers that do not know options were seen to say of a cookie, beside FORMERR and NOTIMP. */
const MAY_MEAN_COOKIE: ReadonlySet<number> = new Set([Rcode.REFUSED, Rcode.SERVFAIL])
