/**
 * Signature checks are what a peer can make this node spend most of: a certificate of 7 KB cost 4.8 ms once. Each check that is made
 * because of what a peer brought is charged to that peer, valid or not, and it is not listened to while it has nothing left.
 */
import { Charges, type ChargesOptions, type Clock, type PeerId } from '../../base/index.ts'
import type { SignatureScheme } from '../../crypto/index.ts'
import { limits } from '../limits.ts'

export class CheckCharges {
  /** Counts the checks that are made with it. */
  readonly scheme: SignatureScheme
  readonly #charges: Charges
  #made = 0

  constructor(clock: Clock, scheme: SignatureScheme, options: ChargesOptions) {
    this.#charges = new Charges(clock, options)
    this.scheme = {
      verify: (publicKey, message, signature) => {
        this.#made++
        return scheme.verify(publicKey, message, signature)
      },
    }
  }

  /** All checks ever made. */
  get made(): number {
    return this.#made
  }

  /** Other checks were made that cost as much. */
  count(checks: number): void {
    this.#made += checks
  }

  isSpent(peer: PeerId): boolean {
    return this.#charges.isSpent(peer)
  }

  /** Charges what it costs to read a message. */
  read(peer: PeerId, bytes: number): void {
    this.#charges.charge(peer, bytes / limits.BYTES_PER_CHECK)
  }

  /** Does the work, which must not wait for anything, and charges what it checked to the peer. */
  during<T>(peer: PeerId, work: () => T): T {
    const before = this.#made
    try {
      return work()
    } finally {
      if (this.#made > before) this.#charges.charge(peer, this.#made - before)
    }
  }
}
