/** What lies between a resolver and the servers of a world: routes that come and go, round trips, loss. */
import type { UpstreamProtocol } from '../../src/base/index.ts'

export type Family = 'ipv4' | 'ipv6'

/** `open`: packets arrive; `lost`: they vanish; `no-route`: the system refuses to send them (ENETUNREACH). */
export type Way = { readonly kind: 'open'; readonly rttMs: number } | { readonly kind: 'lost' | 'no-route' }

const SEGMENT_SENDS = 4
/** RFC 6298 section 2. */
const FIRST_RETRANSMISSION_MS = 1_000

export class Network {
  readonly #chance: () => number
  readonly #cut = new Map<Family, 'lost' | 'no-route'>()
  readonly #hidden = new Set<Family>()
  readonly #listeners = new Set<() => void>()
  #rttMs: (address: string) => number = () => 0
  #loss = 0

  constructor(chance: () => number) {
    this.#chance = chance
  }

  /**
   * The network goes away. `no-route` (the cable is out): each send fails at once, and the family has no route. `lost` (the
   * line beyond the router is down): packets vanish in silence, and the routes are still there.
   */
  cut(how: 'no-route' | 'lost' = 'no-route', families: readonly Family[] = ['ipv4', 'ipv6']): void {
    for (const family of families) this.#cut.set(family, how)
    this.#changed()
  }

  /** And comes back. */
  restore(families: readonly Family[] = ['ipv4', 'ipv6']): void {
    for (const family of families) {
      this.#cut.delete(family)
      this.#hidden.delete(family)
    }
    this.#changed()
  }

  /** A family that has a route and reaches nobody, or (`claimed` false) none that is known of: broken IPv6. */
  breakFamily(family: Family, options: { readonly how?: 'no-route' | 'lost'; readonly claimed?: boolean } = {}): void {
    this.#cut.set(family, options.how ?? 'lost')
    if (options.claimed === false) this.#hidden.add(family)
    else this.#hidden.delete(family)
    this.#changed()
  }

  /** Added to the server's own time, for all addresses or by address. TCP pays it twice, for the connection too. */
  setRtt(rttMs: number | ((address: string) => number)): void {
    this.#rttMs = typeof rttMs === 'number' ? () => rttMs : rttMs
  }

  /** Share of packets that are lost in each direction, 0 to 1, from the world's seed. TCP sends again, after 1, 2, 4 s. */
  setLoss(share: number): void {
    this.#loss = share
  }

  /** Called after each change of routes. Returns the unsubscribe function. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  families(): { readonly ipv4: boolean; readonly ipv6: boolean } {
    const has = (family: Family) => this.#cut.get(family) !== 'no-route' && !this.#hidden.has(family)
    return { ipv4: has('ipv4'), ipv6: has('ipv6') }
  }

  /** Drawn for each packet: asked once on the way there and once on the way back. */
  wayTo(address: string, protocol: UpstreamProtocol): Way {
    const cut = this.#cut.get(address.includes(':') ? 'ipv6' : 'ipv4')
    if (cut !== undefined) return { kind: cut }
    const rttMs = this.#rttMs(address) * (protocol === 'tcp' ? 2 : 1)
    if (this.#loss === 0) return { kind: 'open', rttMs }
    let sent = 1
    while (this.#chance() < this.#loss && sent <= SEGMENT_SENDS) sent++
    if (sent > (protocol === 'tcp' ? SEGMENT_SENDS : 1)) return { kind: 'lost' }
    return { kind: 'open', rttMs: rttMs + FIRST_RETRANSMISSION_MS * (2 ** (sent - 1) - 1) }
  }

  #changed(): void {
    for (const listener of [...this.#listeners]) listener()
  }
}
