/** What was learnt of servers: how fast they answer, for which zones they are of no use, and who keeps the case of names. */
import { type Endpoint, RecentMap } from '../../base/index.ts'
import type { Reach } from '../../cache/index.ts'
import type { Name, Question } from '../../dns/index.ts'
import {
  afterRefusal,
  afterReply,
  afterTimeout,
  endpointText,
  firstTimeout,
  type Server,
  type ServerState,
  UNKNOWN_SERVER,
} from '../../iterator/index.ts'
import { isReached } from '../job/reach.ts'
import type { RecurseLimits } from '../limits.ts'
import type { AddressFamilies } from './families.ts'
import type { Outage } from './outage.ts'

/** Who answered a question. */
export interface Answerer {
  readonly server: Server
  readonly zone: Name
  /** The two as a text: what `Job.avoid` has. */
  readonly key: string
}

export interface ServerMemoryDeps {
  readonly families: AddressFamilies
  readonly outage: Outage
  readonly limits: RecurseLimits
  readonly monotonic: () => number
}

export class ServerMemory {
  readonly #deps: ServerMemoryDeps
  readonly #states: RecentMap<string, ServerState>
  /** Servers that were seen, over TCP, not to keep the case of a name. */
  readonly #caseless: RecentMap<string, true>
  /** Servers that are silent to EDNS, and those that were asked without what they may not know (monotonic ms until when). */
  readonly #ednsless: RecentMap<string, number>
  readonly #askedPlainly: RecentMap<string, number>
  /** Servers that were of no use for a zone (monotonic ms until when): asked last, not never. */
  readonly #useless: RecentMap<string, number>
  /** Who gave the last useful reply to a question, by its name and type. */
  readonly #answerers: RecentMap<string, Answerer>

  /** Round trips of the last replies, ms, oldest first. */
  readonly #recentMs: number[] = []
  /** As they say. */
  #firstTimeoutMs = firstTimeout(undefined)

  constructor(deps: ServerMemoryDeps) {
    const { limits } = deps
    this.#deps = deps
    this.#states = new RecentMap({ max: limits.SERVERS_REMEMBERED })
    this.#caseless = new RecentMap({ max: limits.CASELESS_REMEMBERED })
    this.#ednsless = new RecentMap({ max: limits.CASELESS_REMEMBERED })
    this.#askedPlainly = new RecentMap({ max: limits.SERVERS_REMEMBERED })
    this.#useless = new RecentMap({ max: limits.USELESS_REMEMBERED })
    this.#answerers = new RecentMap({ max: limits.ANSWERERS_REMEMBERED })
  }

  stateOf(server: Server): ServerState {
    return this.#states.get(endpointText(server.endpoint)) ?? UNKNOWN_SERVER
  }

  /** How long to wait for a server that nothing is known of, ms. */
  firstTimeoutMs(): number {
    return this.#firstTimeoutMs
  }

  /** What is known of the server when it is asked for `zone`: one that was of no use there lately rests. */
  stateFor(server: Server, zone: Name): ServerState {
    const state = this.stateOf(server)
    // Mostly nobody is of no use, and no key need be made.
    if (this.#useless.size === 0) return state
    const until = this.#useless.get(uselessKey(server, zone)) ?? 0
    return until <= this.#deps.monotonic() ? state : { ...state, restsUntil: Math.max(state.restsUntil, until) }
  }

  /** It was lame for the zone, or refused: the others are asked first for a while. */
  onUseless(server: Server, zone: Name): void {
    this.#useless.set(uselessKey(server, zone), this.#deps.monotonic() + this.#deps.limits.USELESS_MS)
  }

  /** The zone's servers may have been set right. */
  forgetUseless(name: Name, reach: Reach): void {
    for (const key of [...this.#useless.keys()])
      if (isReached(key.slice(key.indexOf(' ') + 1), name, reach)) this.#useless.delete(key)
  }

  onUseful(server: Server, zone: Name, question: Question): void {
    this.#answerers.set(answererKey(question), { server, zone, key: uselessKey(server, zone) })
  }

  answererOf(question: Question): Answerer | undefined {
    return this.#answerers.get(answererKey(question))
  }

  /** It was of no use for the zone a while ago. */
  isUseless(server: Server, zone: Name): boolean {
    if (this.#useless.size === 0) return false
    return (this.#useless.get(uselessKey(server, zone)) ?? 0) > this.#deps.monotonic()
  }

  onSend(server: Server): void {
    if (server.family === 6) this.#deps.families.step('ipv6-sent')
  }

  onReply(server: Server, rttMs: number): void {
    this.#recentMs.push(rttMs)
    if (this.#recentMs.length > this.#deps.limits.RECENT_REPLIES) this.#recentMs.shift()
    this.#firstTimeoutMs = firstTimeout(Math.min(...this.#recentMs))
    this.#deps.outage.onReply()
    this.#set(server, afterReply(this.stateOf(server), rttMs, this.#deps.monotonic()))
    this.#deps.families.step(server.family === 6 ? 'ipv6-reply' : 'ipv4-reply')
  }

  onTimeout(server: Server): void {
    this.#deps.outage.onFailure()
    this.#set(server, afterTimeout(this.stateOf(server), this.#deps.monotonic()))
    if (server.family === 6) this.#deps.families.step('ipv6-timeout')
  }

  /** The network said no: the port is closed, or there is no way there. */
  onRefusal(server: Server): void {
    this.#deps.outage.onFailure()
    this.#set(server, afterRefusal(this.stateOf(server), this.#deps.monotonic()))
    if (server.family === 6) this.#deps.families.step('ipv6-timeout')
  }

  /** The query ended in a way that says nothing of the server. */
  onGivenUp(server: Server): void {
    if (server.family === 6) this.#deps.families.step('ipv6-other')
  }

  /** Nobody rests any more, and time-outs in a row count from nought: it was our own network that was away. */
  forgetRests(): void {
    // Copied first: a set moves its entry in the order that is walked through.
    for (const [key, state] of [...this.#states.entries()])
      this.#states.set(key, { ...state, timeouts: 0, restsUntil: 0 })
  }

  /** What seemed to be theirs may have been that of something on the way, on the network that this machine has left. */
  forgetManners(): void {
    this.#caseless.clear()
    this.#ednsless.clear()
    this.#askedPlainly.clear()
    this.#useless.clear()
  }

  keepsCase(endpoint: Endpoint): boolean {
    return !this.#caseless.has(endpointText(endpoint))
  }

  losesCase(endpoint: Endpoint): void {
    this.#caseless.set(endpointText(endpoint), true)
  }

  knowsEdns(endpoint: Endpoint): boolean {
    return (this.#ednsless.get(endpointText(endpoint)) ?? 0) <= this.#deps.monotonic()
  }

  /** It is silent to EDNS, and answers without. For a while only: it may also have been away for a moment. */
  losesEdns(endpoint: Endpoint): void {
    this.#ednsless.set(endpointText(endpoint), this.#deps.monotonic() + this.#deps.limits.PLAIN_MS)
  }

  /** True once in a while for each server: then it is asked without what it may not know. */
  mayAskPlainly(endpoint: Endpoint): boolean {
    const key = endpointText(endpoint)
    if ((this.#askedPlainly.get(key) ?? 0) > this.#deps.monotonic()) return false
    this.#askedPlainly.set(key, this.#deps.monotonic() + this.#deps.limits.PLAIN_MS)
    return true
  }

  #set(server: Server, state: ServerState): void {
    this.#states.set(endpointText(server.endpoint), state)
  }
}

function answererKey({ name, type }: Question): string {
  return `${type} ${name.key}`
}

/** A server as it is for one zone. */
export function uselessKey(server: Server, zone: Name): string {
  return `${endpointText(server.endpoint)} ${zone.key}`
}
