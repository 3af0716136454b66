/** One query to one server: sent once, paid for, and what came of it. */
import { ChordnsError, errorText, isChordnsError } from '../../base/index.ts'
import {
  type EdnsOption,
  encodeMessage,
  findOption,
  type Message,
  makeQuery,
  nameToText,
  OptionCode,
} from '../../dns/index.ts'
import { classify, randomiseCase, type Sent, type Server, timeoutFor } from '../../iterator/index.ts'
import { failed, tooBusy } from '../job/failure.ts'
import type { Job } from '../job/job.ts'
import type { ServerSwitches } from '../job/options.ts'
import { switchesOf, withMaxTtl } from '../known/switches.ts'
import { limits } from '../limits.ts'
import { acceptanceOf } from './accept-reply.ts'
import type { ServersEngine } from './engine.ts'
import { describeReply } from './reply-text.ts'
import type { NearMiss, QueryResult, ServerQuery } from './types.ts'

/** Throws BUDGET_SPENT, ABORTED, and RECURSE_FAILED when the question has sent its share. */
export async function sendQuery(engine: ServersEngine, query: ServerQuery): Promise<QueryResult> {
  const { job, asked, server, protocol, edns } = query
  const switches = switchesOf(engine.deps.options, server.endpoint.address)
  charge(engine, job, server)
  const sent = sentFor(engine, query)
  const cookie = edns && query.cookie ? engine.cookies.optionFor(server.endpoint, engine.monotonic()) : undefined
  const acceptance = acceptanceOf(engine, query, sent, cookie)
  let started = engine.monotonic()
  const report = (result: string) => reportQuery(query, engine.monotonic() - started, result)
  engine.counters.upstreamQueries++
  if (protocol === 'tcp') engine.counters.tcpQueries++
  engine.servers.onSend(server)
  const timeoutMs = Math.max(1, Math.min(patienceFor(engine, query), job.budget.timeLeft()))
  let bytes: Uint8Array
  try {
    bytes = await engine.deps.exchange.exchange({
      server: server.endpoint,
      protocol,
      message: queryBytes(sent, { rd: asked.role === 'forward', cd: setsCd(engine, query, switches) }, edns, cookie),
      ...(protocol === 'tcp' && job.tcpOnly && { fresh: true }),
      about: { name: asked.question.name.wire, zone: asked.zone.wire, isForward: asked.role === 'forward' },
      timeoutMs,
      waitMs: Math.max(1, job.budget.timeLeft()),
      ...(engine.servers.stateOf(server).timeouts > 0 && { patient: true }),
      onSent: () => {
        started = engine.monotonic()
      },
      ...(protocol === 'udp' && {
        lateMs: engine.limits.LATE_MS,
        onLate: (late: Uint8Array) => {
          report('late')
          // It was not the cookie that made it silent.
          engine.cookies.onLate(server.endpoint)
          job.budget.trySpend('bytes', late.length)
          query.onLate?.(received(late))
        },
      }),
      signal: job.flight.signal,
      classify: (reply) => acceptance.accept(reply),
    })
  } catch (error) {
    // Cut short by the end of the question's own time: that is not the server's silence. Throws BUDGET_SPENT.
    if (isChordnsError(error, 'UPSTREAM_TIMEOUT') && isCutShort(engine, query, timeoutMs)) {
      engine.servers.onGivenUp(server)
      report('the time of the question was over')
      job.budget.checkTime()
    }
    if (isChordnsError(error, 'UPSTREAM_TIMEOUT')) engine.cookies.onSilence(server.endpoint, cookie, engine.monotonic())
    return afterError(engine, query, error, { report, nearMiss: acceptance.nearMiss })
  }
  job.budget.spend('bytes', bytes.length)
  return received(bytes)

  function received(reply: Uint8Array): QueryResult {
    const elapsed = engine.monotonic() - started
    // Over TCP the handshake comes first.
    engine.servers.onReply(server, protocol === 'udp' ? elapsed : elapsed / 2)
    engine.counters.upstreamBytes += reply.length
    if (acceptance.message === undefined) {
      report('malformed')
      return { kind: 'silent', what: 'sent a malformed reply' }
    }
    const message = withMaxTtl(acceptance.message, switches)
    const classified = classify(message, asked)
    if (message.aa) engine.reporting?.learn(asked.zone, message)
    if (job.flight.isHeard) report(describeReply(classified))
    return { kind: 'reply', reply: classified, message, ignoredCookie: cookie !== undefined && !hasCookie(message) }
  }
}

/** A share of the question's own count, and of the client query's budget. IPv6 on trial costs neither. */
function charge(engine: ServersEngine, job: Job, server: Server): void {
  if (job.flight.signal.aborted) throw new ChordnsError('ABORTED', 'the work was given up', {})
  job.budget.checkTime()
  if (engine.families.costsNothing(server)) return
  if (job.sent >= engine.limits.QUERIES_PER_QUESTION) {
    const text = `${nameToText(job.question.name)} needs more than ${engine.limits.QUERIES_PER_QUESTION} queries`
    throw failed('budget', text, [{ code: 0, text }])
  }
  job.budget.spend('queries')
  job.sent++
}

function hasCookie({ edns }: Message): boolean {
  return findOption(edns?.options ?? [], OptionCode.COOKIE) !== undefined
}

/** 0x20: where it is wanted, and the server is not known to lose the case. */
export function usesCase(
  engine: ServersEngine,
  { server: { endpoint }, exactCase }: Pick<ServerQuery, 'server' | 'exactCase'>,
): boolean {
  const { options } = engine.deps
  const isWanted = switchesOf(options, endpoint.address).caseRandomisation ?? options.caseRandomisation
  return exactCase && isWanted && engine.servers.keepsCase(endpoint)
}

/** Id and case at random: what a forger has to guess. */
function sentFor(engine: ServersEngine, query: ServerQuery): Sent {
  const { asked } = query
  const { random } = engine.deps
  const exactCase = usesCase(engine, query)
  const name = exactCase ? randomiseCase(asked.question.name, random) : asked.question.name
  return { id: random.below(65_536), question: { ...asked.question, name }, exactCase }
}

/**
 * RFC 6840 section 5.9: whoever validates asks a forwarder to let through what it thinks is bogus. It may be behind our keys, or
 * have a bad copy; and a negative trust anchor of ours is none of its own.
 */
function setsCd({ deps }: ServersEngine, { asked }: ServerQuery, { cd }: ServerSwitches): boolean {
  return cd ?? (asked.role === 'forward' && deps.validation !== undefined)
}

function queryBytes(
  sent: Sent,
  flags: { readonly rd: boolean; readonly cd: boolean },
  edns: boolean,
  cookie: EdnsOption | undefined,
): Uint8Array {
  const { id, question } = sent
  return encodeMessage(
    makeQuery({
      id,
      name: question.name,
      type: question.type,
      class: question.class,
      ...flags,
      ...(edns
        ? { edns: { udpSize: limits.UDP_PAYLOAD, version: 0, do: true, options: cookie === undefined ? [] : [cookie] } }
        : {}),
    }),
  )
}

/** How long a reply may take by what is known of the server, ms. */
function patienceFor(engine: ServersEngine, { server, protocol }: ServerQuery): number {
  const state = engine.servers.stateOf(server)
  const once = (known: typeof state) => timeoutFor(known, engine.monotonic(), engine.servers.firstTimeoutMs())
  if (protocol === 'udp') return once(state)
  const { MIN_TCP_TIMEOUT_MS, MAX_TCP_TIMEOUT_MS } = engine.limits
  // Silence over UDP says nothing about TCP: no back-off, but time for a handshake and a lost segment.
  return Math.min(MAX_TCP_TIMEOUT_MS, Math.max(MIN_TCP_TIMEOUT_MS, 3 * once({ ...state, timeouts: 0 })))
}

function isCutShort(engine: ServersEngine, query: ServerQuery, timeoutMs: number): boolean {
  return query.job.budget.timeLeft() <= 0 && timeoutMs < patienceFor(engine, query)
}

function afterError(
  engine: ServersEngine,
  { server }: ServerQuery,
  error: unknown,
  { report, nearMiss }: { readonly report: (result: string) => void; readonly nearMiss: NearMiss | undefined },
): QueryResult {
  if (isChordnsError(error, 'UPSTREAM_TIMEOUT')) {
    engine.counters.timeouts++
    engine.servers.onTimeout(server)
    report('timeout')
    return { kind: 'silent', what: 'timed out' }
  }
  if (isChordnsError(error, 'UPSTREAM_NEAR_MISS')) {
    engine.counters.nearMisses++
    engine.servers.onGivenUp(server)
    report('near miss')
    return { kind: 'silent', what: 'sent a reply that does not fit', nearMiss }
  }
  if (isChordnsError(error, 'UPSTREAM_BUSY')) {
    // Our own shortage: nothing is learnt of the server, and nothing is remembered against the name.
    engine.servers.onGivenUp(server)
    report('no socket is free')
    throw tooBusy('this node has no socket free')
  }
  const network = NETWORK_ERRORS.find(([code]) => isChordnsError(error, code))
  if (network !== undefined) {
    engine.servers.onRefusal(server)
    report(network[1])
    return { kind: 'network', what: network[1] }
  }
  engine.servers.onGivenUp(server)
  report(`given up: ${errorText(error)}`)
  throw error
}

const NETWORK_ERRORS = [
  ['UPSTREAM_REFUSED', 'refused the connection'],
  ['UPSTREAM_UNREACHABLE', 'is unreachable'],
  ['UPSTREAM_CLOSED', 'closed the connection'],
] as const

function reportQuery({ job, asked, server, protocol }: ServerQuery, elapsedMs: number, result: string): void {
  if (!job.flight.isHeard) return
  job.flight.report({
    kind: 'query',
    zone: asked.zone,
    serverName: server.name,
    server: server.endpoint,
    protocol,
    question: asked.question,
    elapsedMs,
    result,
  })
}
