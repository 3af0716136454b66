/** Dialling: the bootstrap addresses, and members that others name. The machine decides when, and what an answer means. */
import { type Clock, errorText, type Log, type PeerAddress, type PeerId, type Transport } from '../../base/index.ts'
import { limits } from '../limits.ts'

export interface ContactsDeps {
  readonly transport: Transport
  readonly clock: Clock
  readonly log: Log
  readonly bootstrap: readonly PeerAddress[]
  /** How long one address may take, ms. */
  readonly timeoutMs: number
}

export interface ContactsHooks {
  /** Owes whether the peer is an alive member by our table. */
  readonly isAlive: (peer: PeerId) => boolean
  /** An address answered. Owes nothing. */
  readonly onContact: (peer: PeerId) => void
  /** All bootstrap addresses that are not our own were tried. Owes nothing. */
  readonly onTried: (tried: number) => void
}

export class Contacts {
  readonly #deps: ContactsDeps
  readonly #hooks: ContactsHooks
  /** Whom a bootstrap address led to. */
  readonly #found = new Map<PeerAddress, PeerId>()
  /** When those were tried whom others named, monotonic ms. */
  readonly #met = new Map<PeerId, number>()
  #meeting = 0
  #contacting = false

  constructor(deps: ContactsDeps, hooks: ContactsHooks) {
    this.#deps = deps
    this.#hooks = hooks
  }

  /**
   * Dials the bootstrap addresses, all at once; each that answers is told at once, a slow one holds nobody up. `again`: only
   * those behind which no alive member is known. Does nothing while it is at it.
   */
  async contact(again: boolean): Promise<void> {
    if (this.#contacting) return
    this.#contacting = true
    const { transport, bootstrap } = this.#deps
    const targets = bootstrap.slice(0, limits.MAX_BOOTSTRAP).filter((address) => {
      if (isOwn(address, transport)) return false
      const peer = this.#found.get(address)
      return !(again && peer !== undefined && this.#hooks.isAlive(peer))
    })
    await Promise.all(targets.map((address) => this.#dial(address, again)))
    this.#contacting = false
    const others = targets.filter((address) => this.#found.get(address) !== transport.self)
    this.#hooks.onTried(others.length)
  }

  /** Tries the addresses of whom we do not know; whoever floods us with names makes us dial so many and no more. */
  async meet(peer: PeerId, addresses: readonly PeerAddress[]): Promise<void> {
    const { transport, clock, log, timeoutMs } = this.#deps
    const now = clock.monotonic()
    if (peer === transport.self || this.#hooks.isAlive(peer)) return
    const isRecent = now - (this.#met.get(peer) ?? Number.NEGATIVE_INFINITY) < limits.FOUND_AGAIN_MS
    if (isRecent || this.#meeting >= limits.MAX_MEETING) return
    this.#met.delete(peer)
    this.#met.set(peer, now)
    if (this.#met.size > limits.MAX_FOUND) this.#met.delete(this.#met.keys().next().value!)
    this.#meeting++
    try {
      const targets = addresses.slice(0, limits.MAX_BOOTSTRAP).map((address) => withPeer(address, peer))
      this.#hooks.onContact(await transport.connect(targets, { timeoutMs }))
    } catch (error) {
      log.debug({ peer, error: errorText(error) }, 'a member that was named does not answer')
    } finally {
      this.#meeting--
    }
  }

  async #dial(address: PeerAddress, again: boolean): Promise<void> {
    const { transport, log, timeoutMs } = this.#deps
    try {
      const peer = await transport.connect([address], { timeoutMs })
      this.#found.set(address, peer)
      if (peer !== transport.self) this.#hooks.onContact(peer)
    } catch (error) {
      log[again ? 'debug' : 'info']({ address, error: errorText(error) }, 'a bootstrap address does not answer')
    }
  }
}

/** True for an address that leads to ourselves: by its peer id, or by being one of ours. */
function isOwn(address: PeerAddress, transport: Transport): boolean {
  const suffix = `/p2p/${transport.self}`
  const bare = (text: PeerAddress) => (text.endsWith(suffix) ? text.slice(0, -suffix.length) : text)
  return address.endsWith(suffix) || transport.addresses().some((own) => bare(own) === address)
}

function withPeer(address: PeerAddress, peer: PeerId): PeerAddress {
  return address.includes('/p2p/') ? address : `${address}/p2p/${peer}`
}
