/**
 * What members of a ring say to each other. On the wire: canonical CBOR maps {0: version, 1: type, ...} with integer keys
 * (`encode.ts`, `decode.ts`). Unknown keys are ignored. Sizes are bounded in `limits.ts`.
 */
import type { RingId } from '../../base/index.ts'
import type { Directions } from '../chord/lookup.ts'
import { limits } from '../limits.ts'
import type { Accusation } from '../members/accusations.ts'
import type { SignedList } from '../members/list.ts'
import { entryBytes } from '../members/member.ts'
import type { ExpulsionVote, MemberEntry, Welcome } from '../types.ts'

export const VERSION = 1

/** What a member has as (id, incarnation): enough to know who has the newer row. */
export interface Pair {
  readonly id: RingId
  readonly incarnation: number
}

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
}

export type RingRequest =
  | { readonly type: 'ping' }
  | { readonly type: 'ask-state'; readonly summary: Uint8Array }
  /** "I may be your predecessor." */
  | { readonly type: 'notify'; readonly entry: MemberEntry }
  | {
      readonly type: 'push'
      readonly entries: readonly MemberEntry[]
      readonly accusations: readonly Accusation[]
      /** Votes to expel; left out when there are none. */
      readonly votes?: readonly ExpulsionVote[]
    }
  /** A page of the table, in id order, of members after `after`; from the asker's own row a stranger is known. */
  | { readonly type: 'ask-page'; readonly entry: MemberEntry; readonly after: RingId | undefined }
  | { readonly type: 'ask-digests'; readonly summary: Uint8Array }
  /** "You hear me: sign that you do." From the member itself only. */
  | { readonly type: 'ask-welcome'; readonly entry: MemberEntry }
  /** "In these buckets I have this." */
  | { readonly type: 'compare'; readonly buckets: readonly number[]; readonly pairs: readonly Pair[] }
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
  ok: 64,
  state: 65,
  page: 66,
  digests: 67,
  compared: 68,
  directions: 69,
  welcome: 70,
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
