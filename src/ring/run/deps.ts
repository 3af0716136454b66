/** What a running ring is handed in: ports, what it remembers of its last run, and what it calls. */
import type { Clock, Log, PeerAddress, PeerId, Random, RequestOptions, Transport } from '../../base/index.ts'
import type { SignatureScheme, Signer } from '../../crypto/index.ts'
import type { PointerRules } from '../chord/rules.ts'
import type {
  MemberEntry,
  PersistedRing,
  RememberedInvitations,
  RememberedVotes,
  RingAdmission,
  RingOptions,
} from '../types.ts'

export interface RingDeps {
  readonly transport: Transport
  readonly clock: Clock
  readonly random: Random
  readonly signer: Signer
  readonly scheme: SignatureScheme
  readonly log: Log
  readonly options: RingOptions
  /** What was remembered of the last run. */
  readonly memory?: RememberedRing
  /** Of endorsed rings. Default: whoever signed and has no salt. */
  readonly admission?: RingAdmission
  /** Tests put known mistakes in here. */
  readonly rules?: PointerRules
}

export interface RememberedRing {
  readonly persisted: PersistedRing | undefined
  /** Rows of the last run: contacts beside the bootstrap addresses. Verified before they count. */
  readonly known: readonly MemberEntry[]
  /** Of expulsions. */
  readonly votes?: RememberedVotes
  readonly invitations?: RememberedInvitations
}

export interface RingHooks {
  /** Owes the reply of the peer to the body of one ring message, or a rejection with a ChordnsError when time is out. */
  readonly send: (peer: PeerId, body: Uint8Array, options: RequestOptions) => Promise<Uint8Array>
  /** Owes this node's own addresses as others should dial them now. */
  readonly addresses: () => readonly PeerAddress[]
  /** Called whenever what should be remembered changes. Owes that it is on disk when it returns; it must not throw. */
  readonly persist?: (state: PersistedRing) => void
  /** Owes that these survive the loss of power when it resolves, or false. Default: nothing is kept. */
  readonly keepInvitations?: (invitations: RememberedInvitations) => Promise<boolean>
}
