/**
 * What peers know beside the protocol's version: each side says it in hello, in short words, and what a peer did not say is not sent
 * to it. A word is never used for something else, and is left out when the lowest version that is spoken implies it.
 */
import type { PeerId } from '../base/index.ts'
import { limits } from './limits.ts'

/** The words of this build; docs/protocol.md, *Capabilities*, says what each one promises. */
export const Capability = {
  /** Transactions of signed answers (kind 6) on the chain of a chunk. */
  SIGNED_TRANSACTIONS: 'signed-transactions',
  /** Settings of a household: request room 8. */
  SETTINGS: 'settings',
  /** Messages of version 2 between the members of a household: what is left of an answer in ms. */
  HOUSEHOLD_MS: 'household-ms',
} as const
export type Capability = (typeof Capability)[keyof typeof Capability]

export const OWN_CAPABILITIES: readonly Capability[] = Object.values(Capability)

/** What each peer said in its last hello. Nobody is held to know what it did not say since this node started. */
export class PeerCapabilities {
  readonly #peers = new Map<PeerId, readonly string[]>()
  #onMore: () => void = () => {}

  /** A peer was let in, and both sides know these. */
  heard(peer: PeerId, common: readonly string[]): void {
    const before = this.#peers.get(peer) ?? []
    this.#peers.delete(peer)
    this.#peers.set(peer, common)
    if (this.#peers.size > limits.MAX_KNOWN_CAPABILITIES) this.#peers.delete(this.#peers.keys().next().value!)
    if (common.some((one) => !before.includes(one))) this.#onMore()
  }

  has(peer: PeerId, capability: Capability): boolean {
    return this.#peers.get(peer)?.includes(capability) ?? false
  }

  /** `listener` is called whenever a peer knows more than before. */
  onMore(listener: () => void): void {
    this.#onMore = listener
  }
}
