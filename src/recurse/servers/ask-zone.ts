/** One question to the servers of one zone, until one of them is of use. */
import { ChordnsError, isChordnsError } from '../../base/index.ts'
import {
  isSubdomain,
  type Message,
  nameToText,
  parentName,
  type Question,
  Rcode,
  sameName,
  Type,
} from '../../dns/index.ts'
import type { Asked, Server } from '../../iterator/index.ts'
import { type RecurseFailed, type ServerFailure, tooBusy, zoneFailed } from '../job/failure.ts'
import type { Cut, Job } from '../job/job.ts'
import { askPlainly } from './ask-plainly.ts'
import { askServer } from './ask-server.ts'
import type { ServersEngine } from './engine.ts'
import { LateReplies, type LateReply } from './late-replies.ts'
import { uselessness } from './reply-text.ts'
import { ServerPool, type TriedServer } from './server-pool.ts'
import type { QueryResult, ServerFinder, UsefulReply } from './types.ts'

export type ZoneReply =
  | { readonly kind: 'reply'; readonly reply: UsefulReply; readonly message: Message }
  /** `spoke`: at least one server answered, so that another question may fare better with them. */
  | { readonly kind: 'failed'; readonly error: RecurseFailed; readonly spoke: boolean }

/** A reply that would do, and whose it is. */
interface Answered {
  readonly useful: ZoneReply
  readonly server: Server
}

/**
 * Asks until a server gives a useful reply, or all have failed. Throws BUDGET_SPENT, ABORTED, and RECURSE_FAILED when too many
 * questions wait for this zone already: those of a zone that never answers must not keep out all others.
 */
export async function askZone(
  engine: ServersEngine,
  finder: ServerFinder,
  job: Job,
  cut: Cut,
  question: Question,
  maxSends: number,
): Promise<ZoneReply> {
  if (!engine.crowd.enter(cut.zone)) {
    throw tooBusy(`too many questions wait for the servers of ${nameToText(cut.zone)}`)
  }
  try {
    return await askServers(engine, finder, job, cut, question, maxSends)
  } finally {
    engine.crowd.leave(cut.zone)
  }
}

async function askServers(
  engine: ServersEngine,
  finder: ServerFinder,
  job: Job,
  cut: Cut,
  question: Question,
  maxSends: number,
): Promise<ZoneReply> {
  const asking: Asking = {
    job,
    cut,
    asked: askedOf(engine, job, cut, question),
    isSigned: expectsSignatures(engine, cut),
    pool: new ServerPool(engine, finder, job, cut),
    failures: [],
    until: engine.monotonic() + engine.limits.ZONE_MS,
  }
  const { pool, failures } = asking
  /** Worse than it should be, and better than nothing. */
  let fallback: Answered | undefined
  /** What a server said that should not have said it (DESIGN 3: a worse answer rather than none, where it is safe). */
  let atWorst: Answered | undefined
  const late = new LateReplies<TriedServer>()
  for (let sends = 0; sends < maxSends && engine.monotonic() < asking.until; sends++) {
    let next: Awaited<ReturnType<typeof late.or<LateReply<TriedServer> | undefined>>>
    try {
      next = await late.or(askNext(engine, asking, late))
    } catch (error) {
      throw explained(error, cut, failures, pool.remarks)
    }
    const turn = 'value' in next ? next.value : next
    if (turn === undefined) break
    const { from: tried, result } = turn
    const { server } = tried
    if (result.kind !== 'reply') {
      tried.out = result.kind === 'network'
      if (result.kind === 'silent') tried.isSilent = true
      failures.push({ server, what: result.what, how: result.kind })
      continue
    }
    const { reply, message } = result
    const useless = uselessness(reply)
    if (useless !== undefined) {
      tried.out = true
      if (reply.kind === 'lame' && reply.atWorst !== undefined)
        atWorst ??= { useful: { kind: 'reply', reply: reply.atWorst, message }, server }
      if (reply.kind !== 'error' || reply.rcode !== Rcode.SERVFAIL) engine.servers.onUseless(server, cut.zone)
      failures.push({ server, what: useless, how: 'answered' })
      continue
    }
    const useful: ZoneReply = { kind: 'reply', reply: reply as UsefulReply, message }
    if (message.edns !== undefined || !asking.isSigned) {
      engine.servers.onUseful(server, cut.zone, question)
      return useful
    }
    // A server without EDNS has no signatures to give (RFC 3225 section 3). The others may; if not, this is what there is.
    fallback ??= { useful, server }
    tried.out = true
    engine.servers.onUseless(server, cut.zone)
    failures.push({ server, what: 'ignores EDNS', how: 'answered' })
  }
  const worse = fallback ?? atWorst
  if (worse === undefined) return withoutAnswer(engine, asking)
  engine.servers.onUseful(worse.server, cut.zone, question)
  return worse.useful
}

/** One question to one zone, in work. */
interface Asking {
  readonly job: Job
  readonly cut: Cut
  readonly asked: Asked
  readonly isSigned: boolean
  readonly pool: ServerPool
  readonly failures: ServerFailure[]
  /** Monotonic ms. */
  readonly until: number
}

/** Undefined when there is nobody left to ask. */
async function askNext(
  engine: ServersEngine,
  { job, asked, isSigned, pool }: Asking,
  late: LateReplies<TriedServer>,
): Promise<LateReply<TriedServer> | undefined> {
  const turn = await pool.next()
  if (turn === undefined) return undefined
  const { tried, protocol } = turn
  const onLate = (result: QueryResult) => {
    // What TCP is needed for is asked anew: it is known now how far the server is.
    if (result.kind === 'reply' && result.reply.kind === 'truncated') tried.tries = 0
    else late.add(tried, result)
  }
  const edns = isSigned || engine.servers.knowsEdns(tried.server.endpoint)
  return { from: tried, result: await askServer(engine, job, asked, tried.server, { protocol, edns, onLate }) }
}

/** No server was of use: those that said nothing at all get a plainer query, except where signatures are expected. */
async function withoutAnswer(engine: ServersEngine, asking: Asking): Promise<ZoneReply> {
  const { job, cut, asked, isSigned, pool, failures, until } = asking
  const spoke = failures.some((failure) => failure.how === 'answered')
  // The servers of the root and of top-level zones know EDNS.
  if (!spoke && !isSigned && cut.zone.labels > 1) {
    const silent = askSilent(engine, job, asked, pool.neverHeardOf(), until)
    const plain = await silent.catch((error: unknown) => {
      throw explained(error, cut, failures, pool.remarks)
    })
    if (plain !== undefined) return plain
  }
  return { kind: 'failed', error: zoneFailed(cut.zone, failures, pool.remarks), spoke }
}

/** What servers that said nothing say to a plainer query; undefined when that is of no use either. */
async function askSilent(
  engine: ServersEngine,
  job: Job,
  asked: Asked,
  servers: readonly Server[],
  until: number,
): Promise<ZoneReply | undefined> {
  let left = engine.limits.ASKED_PLAINLY
  for (const server of servers) {
    if (left === 0 || engine.monotonic() >= until) return undefined
    if (!engine.servers.mayAskPlainly(server.endpoint)) continue
    left--
    const result = await askPlainly(engine, job, asked, server)
    if (result.kind !== 'reply' || uselessness(result.reply) !== undefined) continue
    engine.servers.onUseful(server, asked.zone, asked.question)
    return { kind: 'reply', reply: result.reply as UsefulReply, message: result.message }
  }
  return undefined
}

/** True when a DS record or a trust anchor says that the zone is signed, and this node validates it. */
function expectsSignatures({ deps: { validation } }: ServersEngine, { zone, role, source }: Cut): boolean {
  if (validation === undefined || role === 'forward') return false
  if (validation.negativeAnchors.some((exempt) => isSubdomain(zone, exempt))) return false
  if (source.kind === 'delegated' && source.delegation.ds !== undefined) return true
  return validation.anchors().some((anchor) => sameName(anchor.zone, zone))
}

/** When the budget ends while this zone is asked, the error says what its servers had done so far. */
function explained(error: unknown, cut: Cut, failures: readonly ServerFailure[], remarks: readonly string[]): unknown {
  if (failures.length === 0 || !isChordnsError(error, 'BUDGET_SPENT')) return error
  const { message, detail } = zoneFailed(cut.zone, failures, remarks)
  return new ChordnsError(
    'BUDGET_SPENT',
    `${error.message}; ${message}`,
    { ede: detail.ede, ...error.detail },
    { cause: error },
  )
}

function askedOf(engine: ServersEngine, job: Job, cut: Cut, question: Question): Asked {
  const { cache } = engine.deps
  return {
    question,
    zone: cut.zone,
    role: cut.role,
    isBelowCut: (name) => {
      // A DS set belongs to the parent's side of the cut (RFC 4035 section 3.1.4.1).
      const isDs = question.type === Type.DS && sameName(name, question.name) && name.labels > 0
      const known = cache.delegation(job.context, isDs ? parentName(name) : name, engine.now())
      return known !== undefined && known.delegation.zone.labels > cut.zone.labels
    },
  }
}
