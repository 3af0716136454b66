/** What all resolutions of one node share: the ports, the options, and what was learnt of servers. */
import { LRUCache } from 'lru-cache'
import type { Budget, Endpoint } from '../../base/index.ts'
import type { CacheContext } from '../../cache/index.ts'
import type { Name, Question } from '../../dns/index.ts'
import {
  type AddressRules,
  afterRefusal,
  afterReply,
  afterTimeout,
  endpointText,
  IPV6_UNKNOWN,
  type Ipv6Event,
  ipv6OnTrial,
  ipv6Usable,
  type Server,
  type ServerState,
  stepIpv6,
  UNKNOWN_SERVER,
} from '../../iterator/index.ts'
import type { RecursorDeps } from '../job/options.ts'
import { type ConfiguredZone, configuredZones } from '../job/zones.ts'
import { limits as builtinLimits, type RecurseLimits } from '../limits.ts'
import { Cookies } from '../servers/cookies.ts'
import { Crowd } from '../servers/crowd.ts'
import { Reporting } from '../servers/reporting.ts'
import { AgreedCuts } from '../walk/agreed.ts'

export interface Counters {
  upstreamQueries: number
  upstreamBytes: number
  timeouts: number
  tcpQueries: number
  nearMisses: number
  merged: number
}

export class Engine {
  readonly deps: RecursorDeps
  readonly limits: RecurseLimits
  readonly zones: readonly ConfiguredZone[]
  readonly counters: Counters = {
    upstreamQueries: 0,
    upstreamBytes: 0,
    timeouts: 0,
    tcpQueries: 0,
    nearMisses: 0,
    merged: 0,
  }
  readonly #servers: LRUCache<string, ServerState>
  /** Servers that were seen, over TCP, not to keep the case of a name. */
  readonly #caseless: LRUCache<string, true>
  /** Name-server look-ups that each client query has caused so far. */
  readonly #lookups = new WeakMap<Budget, number>()
  /** Owners of DNAMEs that were put into the cache, by context. */
  readonly dnames: LRUCache<string, Name>
  readonly agreed: AgreedCuts
  /** Servers that were of no use for a zone (monotonic ms until when): asked last, not never. */
  readonly #useless: LRUCache<string, number>
  readonly crowd: Crowd
  /** Who gave the last useful reply to a question, by its name and type. */
  readonly #answerers: LRUCache<string, { readonly server: Server; readonly zone: Name }>
  readonly cookies: Cookies
  /** Undefined when the operator wants nothing reported. */
  readonly reporting: Reporting | undefined
  #ipv6 = IPV6_UNKNOWN
  #families = { ipv4: true, ipv6: false, until: Number.NEGATIVE_INFINITY }

  constructor(deps: RecursorDeps) {
    this.deps = deps
    this.limits = { ...builtinLimits, ...deps.options.limits }
    this.zones = configuredZones(deps.options)
    this.#servers = new LRUCache({ max: this.limits.SERVERS_REMEMBERED })
    this.#caseless = new LRUCache({ max: this.limits.CASELESS_REMEMBERED })
    this.agreed = new AgreedCuts(this.limits.AGREED_REMEMBERED)
    this.dnames = new LRUCache({ max: this.limits.DNAMES_REMEMBERED })
    this.#useless = new LRUCache({ max: this.limits.USELESS_REMEMBERED })
    this.#answerers = new LRUCache({ max: this.limits.ANSWERERS_REMEMBERED })
    this.reporting = deps.options.errorReporting === true ? new Reporting(() => this.monotonic()) : undefined
    this.crowd = new Crowd({ perZone: this.limits.WAITING_PER_ZONE, perTopZone: this.limits.WAITING_PER_TOP_ZONE })
    this.cookies = new Cookies(deps.random, this.limits.SERVERS_REMEMBERED, this.limits.COOKIE_AVOID_MS)
  }

  /** Unix ms. */
  now(): number {
    return this.deps.clock.now()
  }

  monotonic(): number {
    return this.deps.clock.monotonic()
  }

  addressRules(): AddressRules {
    const { options } = this.deps
    return {
      ipv4: options.ipv4 && this.#familiesNow().ipv4,
      ipv6: this.usesIpv6(),
      queryLoopback: options.queryLoopback,
      port: options.port,
      own: this.deps.ownListeners?.() ?? [],
    }
  }

  usesIpv6(): boolean {
    const { ipv6 } = this.deps.options
    if (ipv6 !== 'auto') return ipv6
    return this.#familiesNow().ipv6 && ipv6Usable(this.#ipv6, this.monotonic())
  }

  /** True while `ipv6: auto` does not know whether IPv6 works: such a send costs no budget. */
  costsNothing(server: Server): boolean {
    return server.family === 6 && this.deps.options.ipv6 === 'auto' && ipv6OnTrial(this.#ipv6)
  }

  stateOf(server: Server): ServerState {
    return this.#servers.get(endpointText(server.endpoint)) ?? UNKNOWN_SERVER
  }

  /** What is known of the server when it is asked for `zone`: one that was lame there lately rests. */
  stateFor(server: Server, zone: Name): ServerState {
    const state = this.stateOf(server)
    const until = this.#useless.get(uselessKey(server, zone)) ?? 0
    return until <= this.monotonic() ? state : { ...state, restsUntil: Math.max(state.restsUntil, until) }
  }

  /** It was lame for the zone, or refused: the others are asked first for a while. */
  onUseless(server: Server, zone: Name): void {
    this.#useless.set(uselessKey(server, zone), this.monotonic() + this.limits.USELESS_MS)
  }

  onUseful(server: Server, zone: Name, question: Question): void {
    this.#answerers.set(answererKey(question), { server, zone })
  }

  /** What the last reply said is bogus: the zone's other servers are asked first for a while. */
  onBogus(question: Question): void {
    const last = this.#answerers.get(answererKey(question))
    if (last !== undefined) this.onUseless(last.server, last.zone)
  }

  onSend(server: Server): void {
    if (server.family === 6) this.#stepIpv6('ipv6-sent')
  }

  onReply(server: Server, rttMs: number): void {
    this.#servers.set(endpointText(server.endpoint), afterReply(this.stateOf(server), rttMs, this.monotonic()))
    this.#stepIpv6(server.family === 6 ? 'ipv6-reply' : 'ipv4-reply')
  }

  onTimeout(server: Server): void {
    this.#servers.set(endpointText(server.endpoint), afterTimeout(this.stateOf(server), this.monotonic()))
    if (server.family === 6) this.#stepIpv6('ipv6-timeout')
  }

  onRefusal(server: Server): void {
    this.#servers.set(endpointText(server.endpoint), afterRefusal(this.stateOf(server), this.monotonic()))
    if (server.family === 6) this.#stepIpv6('ipv6-timeout')
  }

  onGivenUp(server: Server): void {
    if (server.family === 6) this.#stepIpv6('ipv6-other')
  }

  keepsCase(endpoint: Endpoint): boolean {
    return !this.#caseless.has(endpointText(endpoint))
  }

  losesCase(endpoint: Endpoint): void {
    this.#caseless.set(endpointText(endpoint), true)
  }

  /** False when the client query has caused its share of name-server look-ups (NXNSAttack). */
  takeLookup(budget: Budget): boolean {
    const used = this.#lookups.get(budget) ?? 0
    if (used >= this.limits.LOOKUPS_PER_BUDGET) return false
    this.#lookups.set(budget, used + 1)
    return true
  }

  /** The nearest name above `name` that had a DNAME when it was last looked at. */
  dnameAbove(context: CacheContext, name: Name): Name | undefined {
    let at = 0
    for (let labels = name.labels; labels > 0; labels--) {
      at += 1 + name.key.charCodeAt(at)
      const owner = this.dnames.get(dnameKey(context, name.key.slice(at)))
      if (owner !== undefined) return owner
    }
    return undefined
  }

  onDname(context: CacheContext, owner: Name): void {
    this.dnames.set(dnameKey(context, owner.key), owner)
  }

  #familiesNow(): { ipv4: boolean; ipv6: boolean } {
    const now = this.monotonic()
    if (now >= this.#families.until) {
      this.#families = { ...this.deps.exchange.families(), until: now + this.limits.FAMILIES_MS }
    }
    return this.#families
  }

  #stepIpv6(event: Ipv6Event): void {
    this.#ipv6 = stepIpv6(this.#ipv6, event, this.monotonic())
  }
}

function dnameKey(context: CacheContext, ownerKey: string): string {
  return `${context}\0${ownerKey}`
}

function answererKey({ name, type }: Question): string {
  return `${type} ${name.key}`
}

function uselessKey(server: Server, zone: Name): string {
  return `${endpointText(server.endpoint)} ${zone.key}`
}
