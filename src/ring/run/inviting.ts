/** Inviting on a running ring: claims wait here for what the machine says of them. */
import { ChordnsError, type Clock, equalBytes, latin1, type PeerId } from '../../base/index.ts'
import { peerIdFromPublicKey } from '../../crypto/index.ts'
import { faultOfPeer, invitationStates } from '../machine/inviting.ts'
import type { RingContext, RingEvent, RingState } from '../machine/state.ts'
import { verifyInvitation, verifyStatement } from '../members/invitations.ts'
import type {
  Invitation,
  InvitationFault,
  InvitationState,
  RememberedInvitations,
  Revocation,
  RingInvitations,
} from '../types.ts'
import type { RingRequest } from '../wire/messages.ts'

export interface InvitingHooks {
  readonly state: () => RingState
  readonly feed: (event: RingEvent) => void
  /** See `RingHooks.keepInvitations`. */
  readonly keep: ((invitations: RememberedInvitations) => Promise<boolean>) | undefined
}

export class DrivenInvitations implements RingInvitations {
  readonly #context: RingContext
  readonly #clock: Clock
  readonly #hooks: InvitingHooks
  readonly #waiting = new Map<number, (fault: InvitationFault | undefined) => void>()
  #next = 1

  constructor(context: RingContext, clock: Clock, hooks: InvitingHooks) {
    this.#context = context
    this.#clock = clock
    this.#hooks = hooks
  }

  announce(what: Invitation | Revocation): void {
    const { signer } = this.#context
    const invitation = 'uses' in what ? what : what.invitation
    const isGenuine = 'uses' in what ? verifyInvitation(this.#context, what) : verifyStatement(this.#context, what)
    if (!isGenuine || !equalBytes(invitation.inviter, signer.publicKey))
      throw new ChordnsError('INVITATION_REFUSED', 'this was not signed with the key of the running node', {})
    this.#hooks.feed({ kind: 'announce', what })
    const isHeld = this.list().some(({ id, inviter }) => id === hexOf(invitation) && inviter === this.#self())
    if (!isHeld)
      throw new ChordnsError('INVITATION_REFUSED', 'too many invitations of this node are open; revoke some', {})
  }

  faultOf(invitation: Invitation, peer: PeerId): InvitationFault | undefined {
    return faultOfPeer(this.#hooks.state(), invitation, peer, this.#clock.now())
  }

  claim(invitation: Invitation, machine: Uint8Array, claim: Uint8Array): Promise<InvitationFault | undefined> {
    const reference = this.#next++
    return new Promise((resolve) => {
      this.#waiting.set(reference, resolve)
      this.#hooks.feed({ kind: 'claim', reference, invitation, machine, claim })
    })
  }

  /** What the machine says of a claim. A machine that is let in hears so when its use is on disk: who forgot it would let in another. */
  settled(reference: number, fault: InvitationFault | undefined): void {
    const answer = this.#waiting.get(reference)
    this.#waiting.delete(reference)
    if (fault !== undefined) answer?.(fault)
    else void this.kept().then((isKept) => answer?.(isKept ? undefined : 'busy'))
  }

  isTurnedAway(peer: PeerId): boolean {
    return this.#hooks.state().invitations.isSurplusPeer(peer)
  }

  inviterOf(publicKey: Uint8Array): PeerId | undefined {
    const inviter = this.#hooks.state().invitations.inviterOf(publicKey)
    return inviter && peerIdFromPublicKey(inviter)
  }

  list(): readonly InvitationState[] {
    return invitationStates(this.#hooks.state())
  }

  remembered(): RememberedInvitations {
    const { invitations } = this.#hooks.state()
    const own = latin1(this.#context.signer.publicKey)
    return {
      own: invitations.all().flatMap(({ invitation }) => (latin1(invitation.inviter) === own ? [invitation] : [])),
      statements: invitations.statements(),
    }
  }

  kept(): Promise<boolean> {
    return this.#hooks.keep?.(this.remembered()) ?? Promise.resolve(true)
  }

  /** Whether a request carries this node's own word on an invitation: it leaves when that is on disk. */
  carriesOwnWord(request: RingRequest): boolean {
    if (request.type !== 'push' || request.statements === undefined) return false
    const { publicKey } = this.#context.signer
    return request.statements.some((one) =>
      equalBytes(one.kind === 'use' ? one.door : one.invitation.inviter, publicKey),
    )
  }

  #self(): PeerId {
    return this.#hooks.state().self.peer
  }
}

function hexOf({ id }: Invitation): string {
  return Buffer.from(id).toString('hex')
}
