/**
 * Chord: who owns what, and who is a member. The core is a step machine, `(state, event, now) -> {state, effects}`; a small
 * driver runs its effects on the injected ports, so the same code runs on libp2p and in the simulator.
 */
import type { Cancel, PeerAddress, PeerId, RingId } from '../base/index.ts'

export type MemberStatus = 'alive' | 'left' | 'dead'

/** A neighbour's signed word that it has spoken to a member: `members/welcomes.ts`. */
export interface Welcome {
  /** The first bytes of the neighbour's public key: which of the witnesses it is. */
  readonly hint: Uint8Array
  /** When it was signed, by the neighbour's clock. Unix ms. */
  readonly at: number
  readonly signature: Uint8Array
}

/** A member's signed word that another one be expelled: `members/expulsions.ts`. */
export interface ExpulsionVote {
  /** Public key of the one who is voted on. */
  readonly expelled: Uint8Array
  readonly voter: Uint8Array
  /** Unix ms. */
  readonly at: number
  readonly signature: Uint8Array
}

/** What a node remembers of expulsions between two runs. */
export interface RememberedVotes {
  readonly votes: readonly ExpulsionVote[]
  /** Keys of those who were expelled. */
  readonly expelled: readonly Uint8Array[]
}

/** How a vote stands, as this node counts. */
export interface ExpulsionState {
  readonly peer: PeerId
  readonly id: RingId
  readonly isExpelled: boolean
  /** Peers of those who voted for it. */
  readonly voters: readonly PeerId[]
  /** How many of them are needed now. */
  readonly needed: number
}

/** A member's signed word that so many machines may join until then: `members/invitations.ts`. */
export interface Invitation {
  /** Public key of the member. */
  readonly inviter: Uint8Array
  /** Its inviter's only. */
  readonly id: Uint8Array
  /** How many machines may join by it. */
  readonly uses: number
  /** Unix ms. */
  readonly at: number
  /** Unix ms. */
  readonly expires: number
  readonly signature: Uint8Array
}

/** A member's signed word that it has let a machine in by an invitation. */
export interface InvitationUse {
  readonly kind: 'use'
  readonly invitation: Invitation
  /** Public key of the machine. */
  readonly machine: Uint8Array
  /** The machine's signature: it wants to join by this invitation. */
  readonly claim: Uint8Array
  /** Public key of the member; that of the inviter makes it the last word. */
  readonly door: Uint8Array
  /** Unix ms. */
  readonly at: number
  readonly signature: Uint8Array
}

/** An inviter's signed word that its invitation is good for nothing from then on. */
export interface Revocation {
  readonly kind: 'revocation'
  readonly invitation: Invitation
  /** Unix ms. */
  readonly at: number
  readonly signature: Uint8Array
}

export type InvitationStatement = InvitationUse | Revocation

/** Why nobody, or not this machine, can join by an invitation. */
export type InvitationFault =
  | 'expired'
  | 'revoked'
  | 'used'
  | 'forged'
  | 'unknown-inviter'
  /** The member that was asked is none itself, has its hands full, or holds as much as it can. */
  | 'busy'

/** What a node remembers of invitations between two runs. */
export interface RememberedInvitations {
  /** Own ones, used or not. */
  readonly own: readonly Invitation[]
  readonly statements: readonly InvitationStatement[]
}

/** How an invitation stands, as this node knows. */
export interface InvitationState {
  /** Hex. */
  readonly id: string
  readonly inviter: PeerId
  readonly uses: number
  /** Unix ms. */
  readonly at: number
  readonly expires: number
  readonly isRevoked: boolean
  readonly machines: readonly {
    readonly peer: PeerId
    /** Who let it in. */
    readonly door: PeerId
    readonly at: number
    /** One too many, by the inviter's own count, or after it was revoked: not let in. */
    readonly isSurplus: boolean
  }[]
}

/** Inviting, and letting in who was invited: a part of a running ring. */
export interface RingInvitations {
  /** Takes up an own invitation or revocation that was signed elsewhere with this node's key. Throws INVITATION_REFUSED. */
  announce(what: Invitation | Revocation): void
  /** Why a peer cannot join by this invitation, as far as is known without checking a signature. */
  faultOf(invitation: Invitation, peer: PeerId): InvitationFault | undefined
  /** A machine claims its place; resolves with undefined when it may have the secret of the ring. Never rejects. */
  claim(invitation: Invitation, machine: Uint8Array, claim: Uint8Array): Promise<InvitationFault | undefined>
  /** Whether this peer joined by a use that does not count: it is not let in, except with another invitation. */
  isTurnedAway(peer: PeerId): boolean
  /** Who invited the machine of this key. */
  inviterOf(publicKey: Uint8Array): PeerId | undefined
  list(): readonly InvitationState[]
  /** What a node remembers of them. */
  remembered(): RememberedInvitations
  /** Resolves once what is remembered of them now is on disk: false when it could not be written. */
  kept(): Promise<boolean>
}

/** One signed row of the member table. `alive` and `left` are signed by the member itself. */
export interface MemberEntry {
  /** SHA-256(publicKey || salt), as hex: the place on the ring. */
  readonly id: RingId
  readonly peer: PeerId
  readonly publicKey: Uint8Array
  /** Empty in psk rings; ledger randomness in endorsed ones. */
  readonly salt: Uint8Array
  readonly addresses: readonly PeerAddress[]
  readonly status: MemberStatus
  /** max(stored + 1, unix ms): the newer wins. */
  readonly incarnation: number
  /** By the member for `alive` and `left`; for `dead`, the accusers' signatures. */
  readonly signatures: readonly { readonly signer: Uint8Array; readonly signature: Uint8Array }[]
  /** By its neighbours; beside what the member signs, since each stands by itself. Left out when there are none. */
  readonly welcomes?: readonly Welcome[]
}

/** The seats of a chunk: `n` counts them all, `members` are those that are filled (by table: not left, not dead). */
export interface ReplicaSet {
  readonly key: RingId
  /** Empty seats count, so that an eclipse cannot make one node a majority. */
  readonly n: number
  /** In ring order from the key's successor on. */
  readonly members: readonly MemberEntry[]
}

/** What a node remembers of its ring between two runs, beside the rows. */
export interface PersistedRing {
  /** Largest member count of the last 24 h. */
  readonly largest: number
  readonly incarnation: number
}

export interface RingOptions {
  /** Same for all members; part of hello and of everything signed. */
  readonly ringId: string
  readonly bootstrap: readonly PeerAddress[]
  /** r: copies beside the successor's. n is at most r + 1. */
  readonly replicas: number
  readonly stabiliseMs: number
  readonly auditMs: number
  readonly pingTimeoutMs: number
  /** Full list length, at most: min(successors, members - 1). */
  readonly successors: number
  /** A neighbour that nothing was heard of for this long is accused; 20 stabilise periods if left out. */
  readonly graceMs?: number
}

export interface RingStatus {
  readonly self: MemberEntry
  readonly joined: boolean
  readonly predecessor: RingId | undefined
  readonly successors: readonly RingId[]
  readonly members: readonly MemberEntry[]
  /** Members this node believes unreachable now; changes whom it asks, never the set. */
  readonly suspects: readonly RingId[]
  /** Largest member count of the last 24 h. */
  readonly largest: number
  readonly n: number
  /** Votes to expel somebody, open and decided. */
  readonly expulsions: readonly ExpulsionState[]
  /** What was sent, refused and repaired since the start, by name. */
  readonly stats: RingStats
}

/** Plain counters since the start. */
export interface RingStats {
  readonly malformed: number
  /** Rows and accusations that were not signed as they must be, too old, too new, or not admitted. */
  readonly refused: number
  readonly operations: number
  readonly busy: number
  readonly exchanges: number
  readonly audits: number
  /** Owners whose signed successor list was missing, not theirs, or hid members: they were passed over. */
  readonly sparseLists: number
  readonly requestsSent: number
  readonly requestsServed: number
  /** Rows that have no seat yet: nobody whom this node believes has spoken to their members. */
  readonly waiting: number
  /** Rows of which that held until nobody had reached their members. */
  readonly unreached: number
}

/**
 * How a key is looked up. `table`: by the own member table, one hop. `chord`: over fingers, as in the paper. `chord+list`:
 * over fingers and the successor list.
 */
export type LookupMode = 'table' | 'chord' | 'chord+list'

/** What came of a look-up. It finds and measures; who holds a key is `replicasOf`. */
export interface LookupResult {
  readonly key: RingId
  /** Undefined: nobody was found, or this node is no member, or too many look-ups are under way. */
  readonly owner: RingId | undefined
  /** Members that answered on the way, the owner included; 0 when the asker is the owner. */
  readonly hops: number
  /** Members that were asked and did not answer. */
  readonly timeouts: number
}

/**
 * Who may be in an endorsed ring: its ledger's list, as this node knows it now. Door, member table and seats take exactly what it says. Wired
 * in peer/.
 */
export interface RingAdmission {
  /** The ledger's randomness for a ring key, which makes its id; undefined: the key is not on the list, or has no salt yet. */
  readonly saltOf: (publicKey: Uint8Array) => Uint8Array | undefined
  /** Which organisation answers for a key: nobody's own word. Seats are spread over them. */
  readonly operatorOf: (publicKey: Uint8Array) => string | undefined
  /** Calls the listener after each change of the list. */
  readonly onChange: (listener: () => void) => Cancel
}

/** What the other rooms see of a running ring. */
export interface Ring {
  readonly ringId: string
  readonly self: MemberEntry
  start(): Promise<void>
  /** Says `left` to the neighbours and stops. */
  stop(): Promise<void>
  /** Alive members by table, self included, in id order. */
  members(): readonly MemberEntry[]
  /** The member at or after a key; undefined before there is any. */
  ownerOf(key: RingId): MemberEntry | undefined
  memberByKey(publicKey: Uint8Array): MemberEntry | undefined
  memberByPeer(peer: PeerId): MemberEntry | undefined
  /** Computed from this node's own table now; never taken from another's word. */
  replicasOf(key: RingId): ReplicaSet
  isSuspect(id: RingId): boolean
  /** There are more members than this node may be connected with: whoever speaks to all of them dials all the time. */
  isCrowded(): boolean
  /** Votes that a member be expelled. Throws RING_NO_MEMBER for an id that is none, or one's own. */
  expel(id: RingId): void
  /** Whether the others have expelled this peer: it is not let in. */
  isExpelled(peer: PeerId): boolean
  /** All votes that are known, and the keys of those whom they expelled: what a node remembers of them. */
  votes(): RememberedVotes
  readonly invitations: RingInvitations
  /** Somebody says that a member is at these addresses: worth a try, and no more than that. */
  found(peer: PeerId, addresses: readonly PeerAddress[]): void
  /** A request to a member failed or succeeded: feeds the failure detector. */
  report(id: RingId, outcome: 'answered' | 'failed'): void
  /** Answers a ring message of a peer. */
  handle(from: PeerId, body: Uint8Array): Promise<Uint8Array> | Uint8Array
  onChange(listener: () => void): Cancel
  status(): RingStatus
}
