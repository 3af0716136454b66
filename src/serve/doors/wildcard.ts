/**
 * "0.0.0.0:53" and "[::]:53": one socket for each address of this machine, so that a reply leaves from the address that was
 * asked. A socket of the wildcard itself lets the system choose, by the route to the client, and clients drop a reply from
 * another address. Addresses come and go (DHCP, a VPN, a container's bridge): the list is read again every few seconds.
 */
import { isIPv6 } from 'node:net'
import { type Cancel, type Clock, type Endpoint, errorText, type Log } from '../../base/index.ts'
import { endpointText, isWildcard } from '../access/addresses.ts'
import type { ServeLimits } from '../limits.ts'
import type { LocalAddress, Protocol } from '../types.ts'
import { type Open, type OpenDoor, openFor } from './listen.ts'

export interface WildcardDeps {
  readonly open: Open
  /** The addresses that this machine has now. Throws where the system does not say. */
  readonly localAddresses: () => readonly LocalAddress[]
  /** Never opened: what the configuration lists beside the wildcard has a door of its own. */
  readonly listed: (protocol: Protocol, endpoint: Endpoint) => boolean
  /** Called after a door was opened or closed. */
  readonly onChange: () => void
  readonly clock: Clock
  readonly log: Log
  readonly limits: ServeLimits
}

/** A wildcard as it is listed. `endpoint.address` is `0.0.0.0` or `::`. */
export interface Wildcard {
  readonly protocols: readonly Protocol[]
  readonly endpoint: Endpoint
}

/** The sockets of one wildcard. */
export class WildcardDoors {
  readonly #deps: WildcardDeps
  readonly #protocols: readonly Protocol[]
  readonly #isIPv6: boolean
  /** The listed one, or the system's choice for port 0, which then holds for all addresses. */
  #port: number
  readonly #doors = new Map<string, readonly OpenDoor[]>()
  /** Addresses that could not be bound at the last look, so that each is told once. */
  readonly #refused = new Map<string, unknown>()
  #cancel: Cancel = () => {}
  /** What is opened at the start stands in the ready line. */
  #isStarted = false
  #isClosed = false

  constructor({ protocols, endpoint }: Wildcard, deps: WildcardDeps) {
    this.#deps = deps
    this.#protocols = protocols
    this.#isIPv6 = isIPv6(endpoint.address)
    this.#port = endpoint.port
  }

  doors(): OpenDoor[] {
    return [...this.#doors.values()].flat()
  }

  /** Opens what there is, and follows from then on. Throws LISTEN_FAILED when there are addresses and none can be bound. */
  async start(): Promise<void> {
    await this.#look()
    const [failure] = this.#refused.values()
    if (this.#doors.size === 0 && failure !== undefined) throw failure
    if (this.#doors.size === 0)
      this.#deps.log.warn({ family: this.#isIPv6 ? 'IPv6' : 'IPv4' }, 'there is no address to listen on yet')
    this.#isStarted = true
    this.#follow()
  }

  /** No more addresses are opened; the doors are for the caller to close. */
  stop(): void {
    this.#isClosed = true
    this.#cancel()
  }

  #follow(): void {
    if (this.#isClosed) return
    this.#cancel = this.#deps.clock.after(this.#deps.limits.INTERFACES_MS, () => {
      void this.#look()
        .catch((error: unknown) => this.#deps.log.warn({ error: errorText(error) }, 'addresses were not read'))
        .finally(() => this.#follow())
    })
  }

  async #look(): Promise<void> {
    const wanted = this.#addresses()
    for (const [key, doors] of this.#doors) if (!wanted.has(key)) this.#withdraw(key, doors)
    for (const key of this.#refused.keys()) if (!wanted.has(key)) this.#refused.delete(key)
    for (const [key, address] of wanted) if (!this.#doors.has(key)) await this.#open(key, address)
  }

  /** By a key that changes when an interface is made anew under its old name. Addresses of links last: there can be many. */
  #addresses(): ReadonlyMap<string, string> {
    const ours = this.#deps
      .localAddresses()
      .filter(({ address }) => address.includes(':') === this.#isIPv6 && !isWildcard(address))
      .sort((a, b) => Number(a.scope !== 0) - Number(b.scope !== 0))
      .slice(0, this.#deps.limits.MAX_LISTEN_ADDRESSES)
    return new Map(ours.map(({ address, scope }) => [`${address} ${scope}`, address]))
  }

  async #open(key: string, address: string): Promise<void> {
    const { open, listed, log } = this.#deps
    const endpoint = { address, port: this.#port }
    const protocols = this.#protocols.filter((protocol) => !listed(protocol, endpoint))
    if (protocols.length === 0) return
    try {
      const doors = await openFor(protocols, endpoint, open)
      if (this.#isClosed) return void (await Promise.all(doors.map(({ door }) => door.withdraw())))
      this.#port = doors[0]!.door.endpoint.port
      this.#doors.set(key, doors)
      this.#deps.onChange()
      this.#refused.delete(key)
      if (this.#isStarted) log.info({ listen: endpointText({ address, port: this.#port }) }, 'listens on an address')
    } catch (error) {
      // An address that is still being checked for duplicates, or that another program has: it is tried again at each look.
      if (!this.#refused.has(key)) log.warn({ error: errorText(error) }, 'does not listen on an address')
      this.#refused.set(key, error)
    }
  }

  #withdraw(key: string, doors: readonly OpenDoor[]): void {
    const { log } = this.#deps
    this.#doors.delete(key)
    this.#deps.onChange()
    for (const { protocol, door } of doors) {
      log.info({ protocol, listen: endpointText(door.endpoint) }, 'an address is gone, and its socket is closed')
      door.withdraw().catch((error: unknown) => log.warn({ error: errorText(error) }, 'closing failed'))
    }
  }
}
