/** Whom of a zone's servers to ask, in which order, how often. */
import type { UpstreamProtocol } from '../../base/index.ts'
import { isSubdomain, type Name, nameToText } from '../../dns/index.ts'
import { endpointText, pickServer, type Server, serversAt, serversUsed } from '../../iterator/index.ts'
import type { Cut, Job } from '../job/job.ts'
import { uselessKey } from '../known/server-memory.ts'
import type { ServersEngine } from './engine.ts'
import type { ServerFinder } from './types.ts'

/** A server of the pool, and how it has fared with this question. */
export interface TriedServer {
  readonly server: Server
  tries: number
  /** It answered, but was of no use, or the network said no: not asked again for this question. */
  out: boolean
  /** It said nothing over UDP. */
  isSilent: boolean
}

/** The servers of one zone for one question; name servers without a known address are looked up only when they are needed. */
export class ServerPool {
  readonly remarks: string[] = []
  readonly #engine: ServersEngine
  readonly #finder: ServerFinder
  readonly #job: Job
  readonly #cut: Cut
  readonly #tried = new Map<string, TriedServer>()
  #missing: Name[] = []
  /** Addresses from another source than the one that was believed first: for when those are of no use (RFC 2181 section 5.4.1). */
  readonly #reserve: { readonly name: Name; readonly addresses: readonly string[] }[] = []
  /** Looked up in one family, and what was found: the other one is looked up when all else was of no use. */
  readonly #halves: { readonly name: Name; readonly addresses: readonly string[] }[] = []
  #lookups = 0
  #failedLookups = 0
  #silentTcp = 0

  constructor(engine: ServersEngine, finder: ServerFinder, job: Job, cut: Cut) {
    this.#engine = engine
    this.#finder = finder
    this.#job = job
    this.#cut = cut
    if (cut.source.kind === 'configured') this.#add(cut.source.servers)
    else this.#addDelegated()
  }

  /**
   * The server to ask now: untried ones first, then name servers not looked up yet, then those that were of no use for the zone
   * lately, then what another source says of their addresses, then the silent ones again; one that was silent twice over TCP, since
   * something on the way may eat its UDP (Knot Resolver does so).
   */
  async next(): Promise<{ tried: TriedServer; protocol: UpstreamProtocol } | undefined> {
    const { UDP_TRIES_PER_SERVER, SILENT_TCP_PER_ZONE } = this.#engine.limits
    const first = this.#job.tcpOnly ? 'tcp' : 'udp'
    for (;;) {
      const usable = [...this.#tried.values()].filter((tried) => !tried.out && this.#stillUsable(tried.server))
      const untried = usable.filter((tried) => tried.tries === 0)
      const promising = untried.filter(({ server }) => !this.#engine.servers.isUseless(server, this.#cut.zone))
      if (promising.length > 0) return this.#pick(promising, first)
      if (await this.#lookUpOne()) continue
      if (untried.length > 0) return this.#pick(untried, first)
      if (this.#takeReserve()) continue
      const silent = usable.filter((tried) => tried.tries === UDP_TRIES_PER_SERVER)
      if (silent.length > 0 && first === 'udp' && this.#silentTcp < SILENT_TCP_PER_ZONE) {
        this.#silentTcp++
        return this.#pick(silent, 'tcp')
      }
      const again = this.#pick(
        usable.filter((tried) => tried.tries < UDP_TRIES_PER_SERVER),
        first,
      )
      if (again !== undefined || !(await this.#lookUpOtherFamily())) return again
    }
  }

  /** Servers that were silent, and have never been heard of. */
  neverHeardOf(): Server[] {
    const silent = [...this.#tried.values()].filter(({ isSilent }) => isSilent).map(({ server }) => server)
    return silent.filter((server) => this.#engine.servers.stateOf(server).srttMs === undefined)
  }

  #pick(
    from: readonly TriedServer[],
    protocol: UpstreamProtocol,
  ): { tried: TriedServer; protocol: UpstreamProtocol } | undefined {
    const candidates = from.map((tried) => ({
      tried,
      server: tried.server,
      tries: tried.tries,
      state: this.#engine.servers.stateFor(tried.server, this.#cut.zone),
    }))
    const picked = pickServer(
      candidates,
      this.#engine.deps.random,
      this.#engine.monotonic(),
      this.#engine.servers.firstTimeoutMs(),
    )
    if (picked === undefined) return undefined
    const { tried } = picked
    tried.tries++
    return { tried, protocol }
  }

  /** IPv6 may have been found dead since the pool was made. */
  #stillUsable(server: Server): boolean {
    return server.family === 4 || this.#cut.source.kind === 'configured' || this.#engine.families.usesIpv6()
  }

  #addDelegated(): void {
    if (this.#cut.source.kind !== 'delegated') return
    const { delegation } = this.#cut.source
    const knownOf = this.#finder.known(this.#job)
    const rules = this.#engine.families.rules()
    for (const name of serversUsed(delegation, this.#engine.deps.random)) {
      const glue = delegation.addresses.get(name.key) ?? []
      // The zone's own word ranks above the parent's; whichever fails, the other one is tried.
      const known = knownOf(name)
      const addresses = known.length > 0 ? known : glue
      if (known.length > 0 && glue.length > 0) this.#reserve.push({ name, addresses: glue })
      if (addresses.length === 0 || !this.#addAddresses(name, addresses, rules)) this.#missing.push(name)
      else if (glue.length === 0 || delegation.zone.labels === 0) this.#keepMore(name, addresses)
    }
  }

  #addAddresses(name: Name, addresses: readonly string[], rules = this.#engine.families.rules()): boolean {
    const pairs = addresses.map((address): readonly [Name, string] => [name, address])
    const added = this.#add(serversAt(pairs, rules))
    if (!added) this.remarks.push(`${nameToText(name)} has no address that may be asked`)
    return added
  }

  #add(servers: readonly Server[]): boolean {
    for (const server of servers) {
      const key = endpointText(server.endpoint)
      const out = this.#job.avoid?.has(uselessKey(server, this.#cut.zone)) ?? false
      if (!this.#tried.has(key)) this.#tried.set(key, { server, tries: 0, out, isSilent: false })
    }
    return servers.length > 0
  }

  /** Looks up name servers until one has an address; false when there is none left, or the bounds say stop (NXNSAttack). */
  async #lookUpOne(): Promise<boolean> {
    const { LOOKUPS_PER_DELEGATION, FAILED_LOOKUPS_PER_DELEGATION } = this.#engine.limits
    for (;;) {
      const name = this.#missing.shift()
      if (name === undefined) return false
      if (this.#lookups >= LOOKUPS_PER_DELEGATION || this.#failedLookups >= FAILED_LOOKUPS_PER_DELEGATION) {
        this.remarks.unshift('too many name servers without an address')
        this.#missing = []
        return false
      }
      this.#lookups++
      const addresses = await this.#addressesOf(name)
      if (addresses.length > 0 && this.#addAddresses(name, addresses)) return true
      if (addresses.length === 0) this.remarks.push(`${nameToText(name)} has no address`)
      this.#failedLookups++
    }
  }

  /** By a question of its own; or, where only the zone's own servers could answer that, from the parent, which left out the glue. */
  async #addressesOf(name: Name): Promise<readonly string[]> {
    const isInZone = isSubdomain(name, this.#cut.zone)
    if (isInZone) return this.#finder.askForGlue(this.#job, this.#cut.zone, name)
    const found = await this.#finder.lookUp(this.#job, name)
    if (found.length === 0) return this.#finder.glue(this.#job, name)
    this.#keepMore(name, found)
    return found
  }

  /** For when the addresses that were found are of no use. */
  #keepMore(name: Name, found: readonly string[]): void {
    // Its own servers are those that are asked.
    if (!isSubdomain(name, this.#cut.zone)) this.#halves.push({ name, addresses: found })
    const addresses = this.#finder.glue(this.#job, name)
    if (addresses.length > 0) this.#reserve.push({ name, addresses })
  }

  /** One name after the other; false when there is none left, or nothing new. */
  async #lookUpOtherFamily(): Promise<boolean> {
    const before = this.#tried.size
    for (let half = this.#halves.shift(); half !== undefined; half = this.#halves.shift()) {
      if (this.#lookups++ >= this.#engine.limits.LOOKUPS_PER_DELEGATION) return false
      const addresses = await this.#finder.lookUp(this.#job, half.name, half.addresses)
      if (addresses.length > 0) this.#addAddresses(half.name, addresses)
      if (this.#tried.size > before) return true
    }
    return false
  }

  /** All reserves at once: they are few, and bounded like the rest. False when there is none that was not tried. */
  #takeReserve(): boolean {
    const before = this.#tried.size
    for (const { name, addresses } of this.#reserve.splice(0)) this.#addAddresses(name, addresses)
    return this.#tried.size > before
  }
}
