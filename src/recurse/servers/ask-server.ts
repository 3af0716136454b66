/** One question to one server: over UDP, and over TCP or without EDNS where that is called for. */
import { ChordnsError, errorText, isChordnsError, type UpstreamProtocol } from '../../base/index.ts'
import {
  decodeMessage,
  type EdnsOption,
  encodeMessage,
  type Message,
  makeQuery,
  nameToText,
  type Question,
  Rcode,
  rcodeToText,
} from '../../dns/index.ts'
import {
  type Asked,
  classify,
  matchReply,
  type Reply,
  randomiseCase,
  type Sent,
  type Server,
  timeoutFor,
  withAskedCase,
} from '../../iterator/index.ts'
import { failed } from '../job/failure.ts'
import type { Job } from '../job/job.ts'
import { limits } from '../limits.ts'
import type { ServersEngine } from './engine.ts'

/** `message` is the whole reply: only priming may look beside `reply`. */
export type Asking =
  | { readonly kind: 'reply'; readonly reply: Reply; readonly message: Message }
  | { readonly kind: 'silent' | 'network'; readonly what: string }

/** Throws BUDGET_SPENT, ABORTED, and RECURSE_FAILED when the question has sent its share. */
export async function askServer(
  engine: ServersEngine,
  job: Job,
  asked: Asked,
  server: Server,
  first: UpstreamProtocol,
): Promise<Asking> {
  let protocol = first
  let edns = true
  let outcome: Asking = { kind: 'silent', what: 'gave no usable reply' }
  for (let repeat = 0; repeat < engine.limits.REPEATS_PER_QUERY; repeat++) {
    const { attempt, nearMiss } = await sendOnce(engine, job, asked, server, protocol, edns)
    outcome = attempt
    const again = nearMiss ? 'tcp' : wayOut(attempt, protocol, edns, repeat)
    // CVE-2026-5950: what TCP has answered is final but for EDNS, so that no server can make us send for ever.
    if (again === undefined || (again === 'tcp' && protocol === 'tcp')) return outcome
    if (again === 'plain') edns = false
    if (again === 'tcp') protocol = 'tcp'
  }
  return outcome
}

/**
 * What to do about a reply that cannot be used as it is. A server without EDNS is asked this one query without it; nothing is
 * remembered, since a forged FORMERR would otherwise strip a server of DNSSEC for long (CVE-2026-52690).
 */
function wayOut(
  attempt: Asking,
  protocol: UpstreamProtocol,
  edns: boolean,
  repeats: number,
): 'tcp' | 'plain' | 'same' | undefined {
  if (attempt.kind !== 'reply') return undefined
  const { reply } = attempt
  if (reply.kind === 'truncated') return 'tcp'
  if (reply.kind !== 'error' || !edns) return undefined
  // Without an echoed question only the id says that it is a reply: that is not enough over UDP.
  if (attempt.message.questions.length === 0 && protocol === 'udp') return 'tcp'
  // The cookie it wants came with its refusal (RFC 7873 section 5.2.3); if that does not do, TCP does.
  if (reply.rcode === Rcode.BADCOOKIE) return repeats === 0 ? 'same' : 'tcp'
  // FORMERR with OPT: some servers refuse options they do not know, such as our cookie.
  const refusesEdns = reply.rcode === Rcode.FORMERR || (reply.rcode === Rcode.NOTIMP && !reply.edns)
  return refusesEdns || reply.rcode === Rcode.BADVERS ? 'plain' : undefined
}

async function sendOnce(
  engine: ServersEngine,
  job: Job,
  asked: Asked,
  server: Server,
  protocol: UpstreamProtocol,
  edns: boolean,
): Promise<{ attempt: Asking; nearMiss: boolean }> {
  const { exchange, random, options } = engine.deps
  charge(engine, job, server)
  const exactCase = options.caseRandomisation && engine.servers.keepsCase(server.endpoint)
  const name = exactCase ? randomiseCase(asked.question.name, random) : asked.question.name
  const cookie = edns ? engine.cookies.optionFor(server.endpoint, engine.monotonic()) : undefined
  const sent: Sent = { id: random.below(65_536), question: { ...asked.question, name }, exactCase }
  const started = engine.monotonic()
  let message: Message | undefined
  const report = (result: string) => reportQuery(job, asked, server, protocol, engine.monotonic() - started, result)
  engine.counters.upstreamQueries++
  if (protocol === 'tcp') engine.counters.tcpQueries++
  engine.servers.onSend(server)
  let bytes: Uint8Array
  try {
    bytes = await exchange.exchange({
      server: server.endpoint,
      protocol,
      message: queryBytes(sent, asked.role === 'forward', edns, cookie),
      ...(protocol === 'tcp' && job.tcpOnly && { fresh: true }),
      timeoutMs: timeoutOf(engine, job, server, protocol),
      signal: job.flight.signal,
      judge: (reply) => {
        const match = matchReply(reply, sent)
        if (match === 'foreign' || (match === 'wrong-id' && protocol === 'tcp')) return 'ignore'
        if (match === 'wrong-id') return 'near-miss'
        if (match === 'wrong-case') {
          // Over TCP nobody guesses: this server does not keep the case.
          if (protocol === 'udp') return 'near-miss'
          engine.servers.losesCase(server.endpoint)
        }
        message = readable(withAskedCase(reply, asked.question))
        if (message === undefined) return protocol === 'udp' ? 'ignore' : 'accept'
        const verdict = engine.cookies.judge(server.endpoint, cookie, message)
        if (verdict === 'fine') return 'accept'
        if (protocol === 'udp') return verdict === 'forged' ? 'ignore' : 'near-miss'
        // Over TCP nobody guesses: the server has changed.
        engine.cookies.forget(server.endpoint)
        return 'accept'
      },
    })
  } catch (error) {
    if (isChordnsError(error, 'UPSTREAM_TIMEOUT')) engine.cookies.onSilence(server.endpoint, cookie, engine.monotonic())
    return afterError(engine, server, error, report)
  }
  const elapsed = engine.monotonic() - started
  engine.servers.onReply(server, protocol === 'udp' ? elapsed : elapsed / 2)
  engine.counters.upstreamBytes += bytes.length
  job.budget.take('bytes', bytes.length)
  if (message === undefined) {
    report('malformed')
    return { attempt: { kind: 'silent', what: 'sent a malformed reply' }, nearMiss: false }
  }
  const reply = classify(message, asked)
  if (message.aa) engine.reporting?.learn(asked.zone, message)
  report(describe(reply))
  return { attempt: { kind: 'reply', reply, message }, nearMiss: false }
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
  job.budget.take('queries')
  job.sent++
}

function queryBytes(sent: Sent, recursionDesired: boolean, edns: boolean, cookie: EdnsOption | undefined): Uint8Array {
  const { id, question } = sent
  return encodeMessage(
    makeQuery({
      id,
      name: question.name,
      type: question.type,
      class: question.class,
      rd: recursionDesired,
      ...(edns
        ? { edns: { udpSize: limits.UDP_PAYLOAD, version: 0, do: true, options: cookie === undefined ? [] : [cookie] } }
        : {}),
    }),
  )
}

function timeoutOf(engine: ServersEngine, job: Job, server: Server, protocol: UpstreamProtocol): number {
  const state = engine.servers.stateOf(server)
  const { MIN_TCP_TIMEOUT_MS, MAX_TCP_TIMEOUT_MS } = engine.limits
  const once = (known: typeof state) => timeoutFor(known, engine.monotonic())
  // Silence over UDP says nothing about TCP: no back-off, but time for a handshake and a lost segment.
  const overTcp = Math.min(MAX_TCP_TIMEOUT_MS, Math.max(MIN_TCP_TIMEOUT_MS, 3 * once({ ...state, timeouts: 0 })))
  return Math.max(1, Math.min(protocol === 'udp' ? once(state) : overTcp, job.budget.timeLeft()))
}

function readable(bytes: Uint8Array): Message | undefined {
  try {
    return decodeMessage(bytes)
  } catch (error) {
    if (isChordnsError(error, 'DNS_MALFORMED')) return undefined
    throw error
  }
}

function afterError(
  engine: ServersEngine,
  server: Server,
  error: unknown,
  report: (result: string) => void,
): { attempt: Asking; nearMiss: boolean } {
  const silent = (what: string) => ({ attempt: { kind: 'silent' as const, what }, nearMiss: false })
  if (isChordnsError(error, 'UPSTREAM_TIMEOUT')) {
    engine.counters.timeouts++
    engine.servers.onTimeout(server)
    report('timeout')
    return silent('timed out')
  }
  if (isChordnsError(error, 'UPSTREAM_NEAR_MISS')) {
    engine.counters.nearMisses++
    engine.servers.onGivenUp(server)
    report('near miss')
    return { attempt: { kind: 'silent', what: 'sent a reply that does not fit' }, nearMiss: true }
  }
  if (isChordnsError(error, 'UPSTREAM_BUSY')) {
    // Our own load, not the server's fault: nothing is learnt of it.
    engine.servers.onGivenUp(server)
    report('no socket is free')
    return { attempt: { kind: 'network', what: 'was not asked: no socket is free' }, nearMiss: false }
  }
  const network = NETWORK_ERRORS.find(([code]) => isChordnsError(error, code))
  if (network !== undefined) {
    engine.servers.onRefusal(server)
    report(network[1])
    return { attempt: { kind: 'network', what: network[1] }, nearMiss: false }
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

function describe(reply: Reply): string {
  switch (reply.kind) {
    case 'referral':
      return `referral to ${nameToText(reply.delegation.zone)}`
    case 'lame':
      return `lame: ${reply.why}`
    case 'mismatch':
      return `mismatch: ${reply.why}`
    case 'error':
      return rcodeToText(reply.rcode).toLowerCase()
    default:
      return reply.kind
  }
}

/** What a useless reply is called in notes and EDE texts; undefined when it is useful. */
export function uselessness(reply: Reply): string | undefined {
  switch (reply.kind) {
    case 'lame':
      return `lame (${reply.why})`
    case 'mismatch':
      return 'answered another question'
    case 'truncated':
      return 'truncated even over TCP'
    case 'error':
      return reply.rcode === Rcode.REFUSED ? 'refused' : `answered ${rcodeToText(reply.rcode)}`
    default:
      return undefined
  }
}

function reportQuery(
  job: Job,
  asked: Asked,
  server: Server,
  protocol: UpstreamProtocol,
  elapsedMs: number,
  result: string,
): void {
  const question: Question = asked.question
  const { zone } = asked
  job.flight.report({
    kind: 'query',
    zone,
    serverName: server.name,
    server: server.endpoint,
    protocol,
    question,
    elapsedMs,
    result,
  })
}
