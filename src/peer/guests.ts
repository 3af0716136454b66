/** Guests at this node's door: peers that have an invitation and no secret yet. They may claim their place, once, and nothing else. */
import { ChordnsError, type Log, type PeerId } from '../base/index.ts'
import { peerIdFromPublicKey } from '../crypto/index.ts'
import {
  decodeClaim,
  encodeClaimReply,
  type GuestDoor,
  type Invitation,
  type RingInvitations,
  type RingKey,
} from '../ring/index.ts'
import { limits } from './limits.ts'

export interface GuestsDeps {
  /** What a guest gets whose claim counts. */
  readonly key: RingKey
  readonly log: Log
}

export class Guests {
  readonly #deps: GuestsDeps
  /** Undefined until the ring is there: nobody is let in by an invitation before. */
  #invitations: RingInvitations | undefined
  /** With the invitation by which it said hello; `claimed` when it has had its turn. Forgotten with its connection, not before. */
  readonly #guests = new Map<PeerId, Invitation | 'claimed'>()

  constructor(deps: GuestsDeps) {
    this.#deps = deps
  }

  get door(): GuestDoor {
    return {
      faultOf: (invitation, peer) => {
        if (this.#guests.size >= limits.MAX_GUESTS && !this.#guests.has(peer)) return 'busy'
        return this.#invitations === undefined ? 'busy' : this.#invitations.faultOf(invitation, peer)
      },
      onGuest: (peer, invitation) => void this.#guests.set(peer, invitation),
      isTurnedAway: (peer) => this.#invitations?.isTurnedAway(peer) ?? false,
    }
  }

  serve(invitations: RingInvitations): void {
    this.#invitations = invitations
  }

  isGuest(peer: PeerId): boolean {
    return this.#guests.has(peer)
  }

  /** It has shown the secret of the ring, or its last connection is gone. */
  forget(peer: PeerId): void {
    this.#guests.delete(peer)
  }

  /** Answers a claim. Throws RING_MALFORMED, and PEER_REFUSED for a second one. */
  async answer(from: PeerId, body: Uint8Array): Promise<Uint8Array> {
    const invitation = this.#guests.get(from)
    if (invitation === undefined || invitation === 'claimed' || this.#invitations === undefined)
      throw new ChordnsError('PEER_REFUSED', 'a guest may claim its place once', { peer: from })
    this.#guests.set(from, 'claimed')
    const { machine, claim } = decodeClaim(body)
    // The connection proves who it is: a claim that somebody has overheard is of no use to him.
    const fault =
      peerIdFromPublicKey(machine) === from ? await this.#invitations.claim(invitation, machine, claim) : 'forged'
    this.#deps.log.info(
      { peer: from, fault },
      fault === undefined ? 'an invited machine was let in' : 'an invitation was refused',
    )
    return encodeClaimReply(fault === undefined ? this.#deps.key : { fault })
  }
}
