/** Connections to peers, and new streams on them: used again where one is open, dialled where none is, not tried without end. */
import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import type { Multiaddr } from '@multiformats/multiaddr'
import { aborted, baseLimits, type Clock, errorText, type PeerAddress, type PeerId } from '../../base/index.ts'
import { isPlainAddress, parseAddress, withPeer } from '../finding/addresses.ts'
import { limits } from '../limits.ts'
import { gone, refusedBy, unreachable } from '../streams/failures.ts'
import { PeerBook } from './peer-book.ts'

/** Finds a connection, or makes one; `anew`: whatever is open does not do. */
export type Connect = (anew: boolean) => Promise<Connection>

export class Dialler {
  readonly counters = { dials: 0, failedDials: 0 }
  readonly #node: Libp2p
  readonly #clock: Clock
  readonly #book = new PeerBook()
  readonly #stopping = new AbortController()

  constructor(node: Libp2p, clock: Clock) {
    this.#node = node
    this.#clock = clock
  }

  /** Only plain addresses are kept. */
  learn(peer: PeerId, addresses: readonly PeerAddress[]): void {
    const plain = addresses.filter(isPlainAddress)
    if (plain.length > 0) this.#book.learn(peer, plain)
  }

  /** These were dialled for the operator, and led to the peer. */
  ledTo(peer: PeerId, addresses: readonly PeerAddress[]): void {
    this.#book.learn(peer, addresses)
  }

  /** A member is there by what it says, or came from there lately. */
  isKnownHost(host: string): boolean {
    return this.#book.isKnownHost(host)
  }

  /** A member came from there. */
  cameFrom(host: string): void {
    this.#book.cameFrom(host)
  }

  reached(peer: PeerId): void {
    this.#book.reached(peer)
  }

  /** It is not dialled again for a while. */
  failed(peer: PeerId): void {
    this.#book.failed(peer, this.#clock.monotonic())
  }

  /** Rejects with PEER_UNREACHABLE. */
  async connectionTo(peer: PeerId, anew: boolean): Promise<Connection> {
    const existing = this.#node.getConnections(peerIdFromString(peer)).find((one) => one.status === 'open')
    if (existing !== undefined && !anew) return existing
    const addresses = this.#book.addresses(peer)
    if (addresses === undefined) throw unreachable(peer, 'no address is known')
    if (!this.#book.mayDial(peer, this.#clock.monotonic()))
      throw unreachable(peer, 'it could not be reached a moment ago')
    try {
      return await this.#dial(
        addresses.map((address) => withPeer(parseAddress(address), peer)),
        anew,
      )
    } catch (cause) {
      this.failed(peer)
      throw unreachable(peer, errorText(cause), cause)
    }
  }

  /** To whoever answers at one of these addresses. Rejects with PEER_UNREACHABLE or ABORTED. */
  async connectionAt(targets: readonly Multiaddr[], anew: boolean, signal?: AbortSignal): Promise<Connection> {
    try {
      return await this.#dial(targets, anew, signal)
    } catch (cause) {
      if (signal?.aborted) throw aborted(signal)
      throw unreachable(targets.join(', '), errorText(cause), cause)
    }
  }

  /** Rejects with PEER_REFUSED, PEER_GONE, or as `connect` does. */
  async newStream(peer: PeerId, connect: Connect, protocol: string): Promise<Stream> {
    for (const anew of [false, true]) {
      const connection = await connect(anew)
      try {
        return await connection.newStream(protocol, { signal: this.#deadline(baseLimits.HELLO_TIMEOUT_MS) })
      } catch (cause) {
        // A peer whose door is shut for us ends the stream as soon as it has agreed on the protocol.
        if (cause instanceof Error && cause.name === 'StreamResetError') throw refusedBy(peer, cause)
        // The far side may be closing a connection that still looks open here: that is worth another one.
        if (anew) throw gone(peer, cause)
      }
    }
    throw gone(peer)
  }

  /** Gives up what is being dialled and opened. */
  stop(): void {
    this.#stopping.abort()
  }

  async #dial(addresses: readonly Multiaddr[], anew: boolean, signal?: AbortSignal): Promise<Connection> {
    const deadline = this.#deadline(limits.DIAL_TIMEOUT_MS)
    this.counters.dials++
    try {
      return await this.#node.dial([...addresses], {
        force: anew,
        signal: signal === undefined ? deadline : AbortSignal.any([deadline, signal]),
      })
    } catch (error) {
      this.counters.failedDials++
      throw error
    }
  }

  #deadline(ms: number): AbortSignal {
    return AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(ms)])
  }
}
