/** The state of one node's ring, the events that move it and the effects it asks for. */
import type { PeerAddress, PeerId, RingId } from '../../base/index.ts'
import type { Signer } from '../../crypto/index.ts'
import type { Lookup } from '../chord/lookup.ts'
import type { Answer, PointerRules, Pointers } from '../chord/rules.ts'
import type { Accusation } from '../members/accusations.ts'
import type { MembershipCount } from '../members/count.ts'
import type { Detector } from '../members/detector.ts'
import type { Expulsions } from '../members/expulsions.ts'
import type { InvitationBook } from '../members/invitation-book.ts'
import type { SignedList } from '../members/list.ts'
import type { SigningContext } from '../members/member.ts'
import type { MemberTable } from '../members/table.ts'
import type { WaitingRows } from '../members/waiting.ts'
import type {
  Invitation,
  InvitationFault,
  LookupMode,
  LookupResult,
  MemberEntry,
  MemberStatus,
  RememberedInvitations,
  RememberedVotes,
  Revocation,
  RingOptions,
  RingStats,
  Welcome,
} from '../types.ts'
import type { RingReply, RingRequest, StateReply } from '../wire/messages.ts'
import type { Differences } from './reconcile.ts'
import type { TableReading } from './table-reading.ts'

/** What does not change while a node runs. */
export interface RingContext extends SigningContext {
  readonly signer: Signer
  /** Empty in psk rings. */
  readonly salt: Uint8Array
  readonly options: RingOptions
  readonly rules: PointerRules
  /** What makes a row a seat: its member's signature alone (the ledger's list says who may sign), or welcomes besides. */
  readonly seats: 'signed' | 'welcomed'
  /** Who may be a member besides having signed; in psk and open rings: the salt is empty, so that a key has one id. */
  readonly admits: (entry: MemberEntry) => boolean
  /** Own addresses now; read again on every audit. */
  readonly addresses: () => readonly PeerAddress[]
  /** Peers that this node may be connected with at once. Default: as many as there are. */
  readonly places?: number
}

export type RingTimer =
  | 'stabilise'
  | 'audit'
  | 'retry'
  | 'wake'
  | 'flush'
  | 'contact'
  | 'page'
  | 'probe'
  | 'welcome'
  | 'claims'

export type RingEvent =
  /** `known`: rows of the last run, to be verified; `votes`: what was remembered of expulsions. */
  | {
      readonly kind: 'start'
      readonly known: readonly MemberEntry[]
      readonly votes?: RememberedVotes
      readonly invitations?: RememberedInvitations
    }
  | { readonly kind: 'timer'; readonly timer: RingTimer }
  /** A bootstrap address answered. */
  | { readonly kind: 'contacted'; readonly peer: PeerId }
  /** All bootstrap addresses that are not our own were tried. */
  | { readonly kind: 'contacts-done'; readonly tried: number }
  /** Answered by exactly one `respond` effect of the same step. */
  | { readonly kind: 'request'; readonly from: PeerId; readonly request: RingRequest }
  | { readonly kind: 'reply'; readonly token: number; readonly reply: RingReply; readonly elapsedMs: number }
  /** `alive`: the peer answered, but not with what was asked for. */
  | { readonly kind: 'failed'; readonly token: number; readonly alive: boolean }
  | { readonly kind: 'report'; readonly id: RingId; readonly outcome: 'answered' | 'failed' }
  | { readonly kind: 'gone'; readonly peer: PeerId }
  /** Compare tables with this member. */
  | { readonly kind: 'compare'; readonly peer: PeerId }
  /** Answered by one `looked-up` effect of this reference, in this step or a later one. */
  | { readonly kind: 'lookup'; readonly reference: number; readonly key: RingId; readonly mode: LookupMode }
  | { readonly kind: 'malformed' }
  /** A request was not looked at: its sender has cost too much. */
  | { readonly kind: 'refused' }
  /** Endorsed rings: the ledger's list has changed. */
  | { readonly kind: 'listed' }
  /** This node votes that a member be expelled. */
  | { readonly kind: 'vote-out'; readonly id: RingId }
  /** An own invitation or revocation, verified. */
  | { readonly kind: 'announce'; readonly what: Invitation | Revocation }
  /** A machine wants to join. Answered by one `claimed` effect of this reference, in this step or a later one. */
  | {
      readonly kind: 'claim'
      readonly reference: number
      readonly invitation: Invitation
      readonly machine: Uint8Array
      readonly claim: Uint8Array
    }
  | { readonly kind: 'leave' }

export type RingEffect =
  | {
      readonly kind: 'send'
      readonly token: number
      readonly peer: PeerId
      readonly request: RingRequest
      readonly timeoutMs: number
    }
  | { readonly kind: 'respond'; readonly reply: RingReply }
  /** Starts the timer of that name anew, `afterMs` plus up to `jitterMs` from now. */
  | { readonly kind: 'timer'; readonly timer: RingTimer; readonly afterMs: number; readonly jitterMs: number }
  /** Try the bootstrap addresses; `again`: only those behind which no alive member is known. */
  | { readonly kind: 'contact'; readonly again: boolean }
  | { readonly kind: 'learn'; readonly peer: PeerId; readonly addresses: readonly PeerAddress[] }
  | { readonly kind: 'looked-up'; readonly reference: number; readonly result: LookupResult }
  /** `fault` undefined: it may have the secret of the ring. */
  | { readonly kind: 'claimed'; readonly reference: number; readonly fault: InvitationFault | undefined }
  | { readonly kind: 'changed' }
  | { readonly kind: 'persist'; readonly incarnation: number; readonly largest: number }
  | {
      readonly kind: 'log'
      readonly level: 'debug' | 'info' | 'warn'
      readonly detail: object
      readonly message: string
    }

/**
 * `seeking`: no joined member found yet; `left`: said so, answers only that.
 *
 *     idle -> seeking              `seek`, at the start
 *     seeking -> joining           `join`: a member sent its whole table
 *     seeking, joining -> member   `becomeMember`: a whole successor list is adopted, or we begin the ring
 *     joining -> seeking           `joinFailed`: nobody before us answers
 *     any -> left                  `leave`
 */
export type Phase = 'idle' | 'seeking' | 'joining' | 'member' | 'left'

/**
 * The one maintenance operation in progress. Between its request and the reply, requests for our state are answered `busy`.
 *
 *     none -> any kind      `begin`
 *     join -> join          `joinAnswered`, `joinFailed`: another one before us is asked
 *     join -> join-after    `joinAnswered`: the list of the one before us ends before us
 *     join, join-after -> none   `becomeMember`, or back to seeking
 *     successor, closer -> closer   `proceed`: the member that answered knows one that is closer
 *     any kind -> none      `end`
 */
export type Operation = {
  /** Of the request that is under way; undefined while waiting to ask a busy member again. */
  token: number | undefined
  readonly asked: RingId
  attempts: number
  busy: number
} & (
  | { readonly kind: 'join'; readonly visited: ReadonlySet<RingId> }
  /** Joining too: `behind` is the only one before us who answered, and its list ended before us; one after us is asked. */
  | { readonly kind: 'join-after'; readonly visited: ReadonlySet<RingId>; readonly behind: Answer }
  | { readonly kind: 'successor' }
  | { readonly kind: 'closer' }
  | { readonly kind: 'predecessor'; readonly candidate: RingId }
)

export type Purpose =
  | { readonly kind: 'operation' }
  | { readonly kind: 'ping' }
  | { readonly kind: 'notify' }
  | {
      readonly kind: 'push'
      /** Down a tree: somebody else is told in its place when it fails. */
      readonly branch?: Branch
      readonly changes?: readonly Change[]
      readonly tries?: number
    }
  | { readonly kind: 'page' }
  | { readonly kind: 'recent'; readonly pages: number }
  | { readonly kind: 'exchange' }
  | { readonly kind: 'lookup'; readonly reference: number }
  | { readonly kind: 'welcome' }
  | { readonly kind: 'statements' }
  | { readonly kind: 'probe'; readonly id: RingId }

export interface Pending {
  readonly peer: PeerId
  readonly purpose: Purpose
}

export interface Change {
  readonly entry: MemberEntry
  /** Where it came from; undefined for what this node knew first. */
  readonly from: PeerId | undefined
  /** Down a tree: the members between this node and that one are to hear it. */
  readonly until?: RingId
  /** Unix ms. */
  readonly notBefore?: number
}

/** One message of a tree: to whom, and up to where it tells it on. */
export interface Branch {
  readonly target: MemberEntry
  readonly until: RingId
}

/** How far this node has told a version of a row. */
export interface Passed {
  readonly incarnation: number
  readonly status: MemberStatus
  /** Whoever has the row before it needs the signature only. */
  readonly brief: boolean
  readonly until: RingId | undefined
}

/** An exchange of table rows that this node started: none -> `startExchange` -> ranges, some at a time -> rows -> none. */
export interface TableExchange {
  readonly peer: PeerId
  /** The other side's summary when it began, where it was known. */
  readonly theirs: string | undefined
  readonly differences: Differences
  /** With a member of the release before: buckets still to be compared. */
  remaining: readonly number[]
}

/** What is left of an allowance, and since when. */
export interface Credit {
  left: number
  at: number
}

/** A machine that waits at this door. */
export interface WaitingClaim {
  readonly invitation: Invitation
  readonly machine: Uint8Array
  /** Unix ms. */
  readonly until: number
}

/** The witnesses are asked for their welcomes: none -> `seekWelcomes` -> answers -> `finish` -> none. */
export interface Gathering {
  /** Requests without an answer yet. */
  left: number
  readonly asked: number
  readonly welcomes: Welcome[]
}

/** Mutable, owned by `step`; nobody else may write it. */
export interface RingState {
  phase: Phase
  self: MemberEntry
  pointers: Pointers
  operation: Operation | undefined
  /** Best claim to be our predecessor that waits for its turn. */
  candidate: RingId | undefined
  auditDue: boolean
  /** The last one that was asked for standing closer could not be adopted. */
  auditFailed: boolean
  wakeSet: boolean
  /** Pause until the next stabilisation. */
  paceMs: number
  watchedAt: number
  flushSet: boolean
  /** Counts ticks: what rotates, rotates by it. */
  turn: number
  nextToken: number
  refutedAt: number
  persisted: string
  readonly pending: Map<number, Pending>
  readonly pinging: Set<PeerId>
  readonly table: MemberTable
  readonly count: MembershipCount
  readonly detector: Detector
  /** By accused member; inside by the accuser's key. */
  readonly accusations: Map<RingId, { readonly incarnation: number; readonly by: Map<string, Accusation> }>
  /** When this node accused whom. Unix ms. */
  readonly accused: Map<RingId, number>
  /** When this node asked the witnesses about a death notice that it could not believe. Unix ms. */
  readonly doubted: Map<RingId, number>
  readonly outbox: Map<RingId, Change>
  readonly passed: Map<RingId, Passed>
  /** Neighbours and rows as the member that was asked last told them. */
  heard: { readonly peer: PeerId; readonly reply: StateReply } | undefined
  outboxAccusations: Accusation[]
  exchange: TableExchange | undefined
  /** When this node began one last. Unix ms. */
  exchangedAt: number
  /** What each peer may still make us verify. */
  readonly credit: Map<PeerId, { readonly checks: number; readonly at: number }>
  /** With which two tables an exchange with a peer ended, and when: the same are not compared again soon. */
  readonly compared: Map<PeerId, { readonly mine: string; readonly theirs: string | undefined; readonly at: number }>
  /** Peers that are not members either, while we seek. */
  readonly strangers: Map<PeerId, { readonly entry: MemberEntry; readonly at: number }>
  contacts: PeerId[]
  contactsTried: number | undefined
  contactAttempts: number
  /** Tables that are being read while we seek, by the contact that sends one. */
  readonly readings: Map<PeerId, TableReading>
  /** Under way, by the reference of who waits for them. */
  readonly lookups: Map<number, Lookup<RingId>>
  /** Look-ups whose owner has to sign its list, with the member that is asked for it. */
  readonly proving: Map<number, MemberEntry | undefined>
  /** The own list as it was signed last. */
  signedList: SignedList | undefined
  /** Those of the table's version `of`. */
  fingers: { readonly of: number; readonly ids: readonly RingId[] }
  readonly expulsions: Expulsions
  readonly invitations: InvitationBook
  /** Machines that wait at this door, by the reference of who waits for the word. */
  readonly claims: Map<number, WaitingClaim>
  /** With which two digests statements were compared with a peer last. */
  readonly statementsCompared: Map<PeerId, string>
  /** Rows that have no seat yet. */
  readonly waiting: WaitingRows
  /** Newcomers that may have a seat because they speak to this node, and waiting rows that may be pinged. */
  readonly newcomers: Credit
  readonly probes: Credit
  probeSet: boolean
  /** While this node joins: what its contact says about who is a member counts, since it remembers too few itself. */
  trusting: boolean
  gathering: Gathering | undefined
  /** When this node asked for welcomes last, how often in vain since it had enough, and whether it is to ask for new ones. */
  gathered: { at: number; vain: number; wanted: boolean }
  readonly stats: { -readonly [K in keyof RingStats]: RingStats[K] }
}

/** One step in progress. */
export interface RingWork {
  readonly context: RingContext
  readonly state: RingState
  /** Unix ms. */
  readonly now: number
  readonly effects: RingEffect[]
}
