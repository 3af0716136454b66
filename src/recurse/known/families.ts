/** Which servers may be asked at all: IPv4, IPv6, or both, as the options, the machine's routes and experience say. */
import {
  type AddressRules,
  IPV6_UNKNOWN,
  type Ipv6Event,
  ipv6OnTrial,
  ipv6Usable,
  type Server,
  stepIpv6,
} from '../../iterator/index.ts'
import type { RecursorDeps } from '../job/options.ts'
import type { RecurseLimits } from '../limits.ts'
import type { Outage } from './outage.ts'

export type FamiliesDeps = Pick<RecursorDeps, 'options' | 'ownListeners' | 'exchange' | 'clock'>

export class AddressFamilies {
  readonly #deps: FamiliesDeps
  readonly #holdsMs: number
  readonly #outage: Outage
  #ipv6 = IPV6_UNKNOWN
  /** What the machine has routes for. Monotonic ms until when it is believed. */
  #routes = { ipv4: true, ipv6: false, until: Number.NEGATIVE_INFINITY }

  constructor(deps: FamiliesDeps, limits: RecurseLimits, outage: Outage) {
    this.#deps = deps
    this.#holdsMs = limits.FAMILIES_MS
    this.#outage = outage
  }

  /** What an address must be like to be asked. */
  rules(): AddressRules {
    const { options, ownListeners } = this.#deps
    return {
      ipv4: options.ipv4 && this.#routesNow().ipv4,
      ipv6: this.usesIpv6(),
      queryLoopback: options.queryLoopback,
      port: options.port,
      own: ownListeners?.() ?? [],
    }
  }

  usesIpv6(): boolean {
    const { ipv6 } = this.#deps.options
    if (ipv6 !== 'auto') return ipv6
    return this.#routesNow().ipv6 && ipv6Usable(this.#ipv6, this.#deps.clock.monotonic())
  }

  /** True while `ipv6: auto` does not know whether IPv6 works: such a query costs no budget. */
  costsNothing(server: Server): boolean {
    return server.family === 6 && this.#deps.options.ipv6 === 'auto' && ipv6OnTrial(this.#ipv6)
  }

  /** Learns from a query over IPv6, or a reply over either. */
  step(event: Ipv6Event): void {
    this.#ipv6 = stepIpv6(this.#ipv6, event, this.#deps.clock.monotonic())
  }

  #routesNow(): { ipv4: boolean; ipv6: boolean } {
    const now = this.#deps.clock.monotonic()
    if (now >= this.#routes.until) {
      const families = this.#deps.exchange.families()
      // Another network: what IPv6 was like on the last one says nothing.
      if (families.ipv6 !== this.#routes.ipv6) this.#ipv6 = { ...IPV6_UNKNOWN, ipv4Works: this.#ipv6.ipv4Works }
      this.#outage.onNetwork(`${families.ipv4} ${families.ipv6} ${families.network ?? ''}`)
      this.#routes = { ...families, until: now + this.#holdsMs }
    }
    return this.#routes
  }
}
