/**
 * What members of a ring say to each other. On the wire: canonical CBOR maps {0: version, 1: type, ...} with integer keys
 * (`encode.ts`, `decode.ts`). Unknown keys are ignored. Sizes are bounded in `limits.ts`.
 */
import type { RingId } from '../../base/index.ts'
import type { Directions } from '../chord/lookup.ts'
import { limits } from '../limits.ts'
import type { Accusation } from '../members/accusations.ts'
import type { Mark } from '../members/digest.ts'
import type { SignedList } from '../members/list.ts'
import { entryBytes } from '../members/member.ts'
import type { ExpulsionVote, InvitationStatement, MemberEntry, Welcome } from '../types.ts'

export const VERSION = 1

/** What a member has as (id, incarnation): enough to know who has the newer row. */
export interface Pair {
  readonly id: RingId
  readonly incarnation: number
}

/**
 * A change of a row that the other side has: what is new of it, and the signature over the whole. The rest is as it was. `hint`: the
 * first hex digits of its id.
 */
export interface BriefSigned {
  readonly hint: string
  readonly incarnation: number
  readonly status: 'alive' | 'left'
  readonly signature: Uint8Array
}

/** The accusers by the first hex digits of their ids: they are members that the other side knows. */
export type BriefRow =
  | BriefSigned
  | {
      readonly hint: string
      readonly incarnation: number
      readonly status: 'dead'
      readonly accusers: readonly { readonly hint: string; readonly signature: Uint8Array }[]
    }

/** "Of this range I have that." */
export interface RangeMark {
  /** The first hex digits of its ids. */
  readonly range: string
  readonly fingerprint: Uint8Array
}

/** What a member has of a range: the same; the fingerprints of its 16 parts, one after the other; or all of its rows. */
export type RangeAnswer =
  | { readonly kind: 'same' }
  | { readonly kind: 'split'; readonly fingerprints: Uint8Array }
  | { readonly kind: 'rows'; readonly marks: readonly Mark[] }

/** Id, neighbours and table digest of a member; `entries` are rows that the other side seems to lack. */
export interface StateReply {
  readonly type: 'state'
  readonly member: boolean
  /** In the middle of its own maintenance operation: ask again. */
  readonly busy: boolean
  readonly id: RingId
  readonly predecessor: RingId | undefined
  readonly successors: readonly RingId[]
  readonly summary: Uint8Array
  readonly entries: readonly MemberEntry[]
  /** Stands for neighbours and rows: who asks again says which it has. */
  readonly stamp?: Uint8Array
}

export type RingRequest =
  | { readonly type: 'ping' }
  /** `seen`: the stamp of the last answer. */
  | { readonly type: 'ask-state'; readonly summary: Uint8Array; readonly seen?: Uint8Array }
  /** "I may be your predecessor." */
  | { readonly type: 'notify'; readonly entry: MemberEntry }
  | {
      readonly type: 'push'
      readonly entries: readonly MemberEntry[]
      readonly accusations: readonly Accusation[]
      /** Votes to expel; left out when there are none. */
      readonly votes?: readonly ExpulsionVote[]
      /** To be told on to the members between the receiver and this place, of which 8 bytes are sent. Without it: to some others, if it is new. */
      readonly until?: RingId
      readonly brief?: readonly BriefRow[]
      /** Uses and revocations of invitations; left out when there are none. */
      readonly statements?: readonly InvitationStatement[]
    }
  /** A page of the table, in id order, of members after `after`; from the asker's own row a stranger is known. */
  | {
      readonly type: 'ask-page'
      readonly entry: MemberEntry
      readonly after: RingId | undefined
      /** Only rows that changed a short while ago. */
      readonly recent?: boolean
      /** Welcomes need not be sent: the asker takes its contact's word for who is a member. */
      readonly bare?: boolean
    }
  | { readonly type: 'ask-digests'; readonly summary: Uint8Array }
  /** "You hear me: sign that you do." From the member itself only. */
  | { readonly type: 'ask-welcome'; readonly entry: MemberEntry }
  /** "In these buckets I have this." `hints`: rows that are wanted, by the first digits of their ids. */
  | {
      readonly type: 'compare'
      readonly buckets: readonly number[]
      readonly pairs: readonly Pair[]
      readonly hints?: readonly string[]
    }
  /** `statements`: digest of what the asker knows of invitations, with the first request of an exchange. */
  | { readonly type: 'reconcile'; readonly ranges: readonly RangeMark[]; readonly statements?: Uint8Array }
  /** "Of invitations I know this." */
  | { readonly type: 'ask-statements'; readonly marks: readonly Uint8Array[] }
  /** Which way to this key? A member that does not know the message says so with an error, and is gone around. */
  | {
      readonly type: 'find'
      readonly key: RingId
      readonly shortCut: boolean
      /** Sign your successors: the asker has no table to hold your word against. */
      readonly proof?: boolean
    }

export type RingReply =
  | { readonly type: 'ok' }
  | StateReply
  /** Neighbours and rows are what the asker has seen. */
  | { readonly type: 'unchanged'; readonly member: boolean; readonly busy: boolean; readonly summary: Uint8Array }
  | {
      readonly type: 'page'
      readonly member: boolean
      readonly self: MemberEntry
      readonly entries: readonly MemberEntry[]
      /** Where the next page starts; undefined on the last. */
      readonly next: RingId | undefined
      /** On the last page: votes about those who were expelled. */
      readonly votes?: readonly ExpulsionVote[]
    }
  /** One for each range, in the order of the request. `statements`: the replier's own digest, when the asker's is another. */
  | { readonly type: 'ranges'; readonly answers: readonly RangeAnswer[]; readonly statements?: Uint8Array }
  /** What the asker lacks, and marks of what it should send. */
  | {
      readonly type: 'statements'
      readonly statements: readonly InvitationStatement[]
      readonly wanted: readonly Uint8Array[]
    }
  /** `digests` is undefined when both tables agree. */
  | { readonly type: 'digests'; readonly digests: Uint8Array | undefined }
  /** Undefined: there have been too many newcomers, or the asker is no member. */
  | { readonly type: 'welcome'; readonly welcome: Welcome | undefined }
  | { readonly type: 'compared'; readonly entries: readonly MemberEntry[]; readonly wanted: readonly RingId[] }
  /** `entry` is the predecessor's row, where it stands between the key and the one who answers. */
  | ({
      readonly type: 'directions'
      readonly entry: MemberEntry | undefined
      /** Where it was asked for. */
      readonly list?: SignedList
    } & Directions<RingId>)

export type RingMessage = RingRequest | RingReply

/** The second field of each message. */
export const CODES = {
  ping: 1,
  'ask-state': 2,
  notify: 3,
  push: 4,
  'ask-page': 5,
  'ask-digests': 6,
  compare: 7,
  find: 8,
  'ask-welcome': 9,
  reconcile: 10,
  'ask-statements': 11,
  ok: 64,
  state: 65,
  page: 66,
  digests: 67,
  compared: 68,
  directions: 69,
  welcome: 70,
  ranges: 71,
  unchanged: 72,
  statements: 73,
} as const satisfies Record<RingMessage['type'], number>

/** As many of the entries as fit beside the rest of a message, in the given order. */
export function fitting(entries: Iterable<MemberEntry>, bytes: number = limits.MAX_ENTRIES_BYTES): MemberEntry[] {
  const out: MemberEntry[] = []
  let left = bytes
  for (const entry of entries) {
    left -= entryBytes(entry)
    if (left < 0 || out.length === limits.MAX_ENTRIES) break
    out.push(entry)
  }
  return out
}
