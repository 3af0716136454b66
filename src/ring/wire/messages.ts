/**
 * Ring messages: canonical CBOR maps {0: version, 1: type, ...} with integer keys. Unknown keys are ignored; everything
 * else that does not fit throws RING_MALFORMED. Sizes are bounded in `limits.ts`.
 */
import { type RingId, toHex } from '../../base/index.ts'
import { type CborValue, decodeCanonical, encodeCanonical } from '../../crypto/index.ts'
import { idFromBytes, idToBytes } from '../chord/ids.ts'
import type { Directions } from '../chord/lookup.ts'
import { limits } from '../limits.ts'
import type { SignedList } from '../members/list.ts'
import {
  type Accusation,
  arrayField,
  bytesField,
  entryBytes,
  entryFromValue,
  entryToValue,
  integerField,
  malformed,
} from '../members/member.ts'
import { BUCKETS, DIGEST_BYTES } from '../members/table.ts'
import type { MemberEntry } from '../types.ts'

const VERSION = 1

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
  | { readonly type: 'push'; readonly entries: readonly MemberEntry[]; readonly accusations: readonly Accusation[] }
  /** A page of the table, in id order, of members after `after`; from the asker's own row a stranger is known. */
  | { readonly type: 'ask-page'; readonly entry: MemberEntry; readonly after: RingId | undefined }
  | { readonly type: 'ask-digests'; readonly summary: Uint8Array }
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
    }
  /** `digests` is undefined when both tables agree. */
  | { readonly type: 'digests'; readonly digests: Uint8Array | undefined }
  | { readonly type: 'compared'; readonly entries: readonly MemberEntry[]; readonly wanted: readonly RingId[] }
  /** `entry` is the predecessor's row, where it stands between the key and the one who answers. */
  | ({
      readonly type: 'directions'
      readonly entry: MemberEntry | undefined
      /** Where it was asked for. */
      readonly list?: SignedList
    } & Directions<RingId>)

export type RingMessage = RingRequest | RingReply

const CODES = {
  ping: 1,
  'ask-state': 2,
  notify: 3,
  push: 4,
  'ask-page': 5,
  'ask-digests': 6,
  compare: 7,
  find: 8,
  ok: 64,
  state: 65,
  page: 66,
  digests: 67,
  compared: 68,
  directions: 69,
} as const satisfies Record<RingMessage['type'], number>

export function encodeMessage(message: RingMessage): Uint8Array {
  const map = new Map<number, CborValue>([
    [0, VERSION],
    [1, CODES[message.type]],
  ])
  for (const [key, value] of fields(message)) if (value !== undefined) map.set(key, value)
  return encodeCanonical(map)
}

/** Throws RING_MALFORMED, also when the message is a reply. */
export function decodeRequest(bytes: Uint8Array): RingRequest {
  const map = decodeMap(bytes)
  switch (map.get(1)) {
    case CODES.ping:
      return { type: 'ping' }
    case CODES['ask-state']:
      return { type: 'ask-state', summary: summaryField(map.get(2)) }
    case CODES.notify:
      return { type: 'notify', entry: entryFromValue(map.get(2) ?? null) }
    case CODES.push:
      return { type: 'push', entries: entriesField(map.get(2)), accusations: accusationsField(map.get(3)) }
    case CODES['ask-page']:
      return { type: 'ask-page', entry: entryFromValue(map.get(2) ?? null), after: optionalId(map.get(3)) }
    case CODES['ask-digests']:
      return { type: 'ask-digests', summary: summaryField(map.get(2)) }
    case CODES.compare:
      return { type: 'compare', buckets: bucketsField(map.get(2)), pairs: pairsField(map.get(3)) }
    case CODES.find:
      return {
        type: 'find',
        key: idField(map.get(2)),
        shortCut: booleanField(map.get(3)),
        ...(map.has(4) && { proof: booleanField(map.get(4)) }),
      }
    default:
      throw malformed('type')
  }
}

/** Throws RING_MALFORMED, also when the message is a request. */
export function decodeReply(bytes: Uint8Array): RingReply {
  const map = decodeMap(bytes)
  switch (map.get(1)) {
    case CODES.ok:
      return { type: 'ok' }
    case CODES.state:
      return {
        type: 'state',
        member: booleanField(map.get(2)),
        busy: booleanField(map.get(3)),
        id: idField(map.get(4)),
        predecessor: optionalId(map.get(5)),
        successors: arrayField(map.get(6), limits.MAX_SUCCESSORS).map(idField),
        summary: summaryField(map.get(7)),
        entries: entriesField(map.get(8)),
      }
    case CODES.page:
      return {
        type: 'page',
        member: booleanField(map.get(2)),
        self: entryFromValue(map.get(3) ?? null),
        entries: entriesField(map.get(4)),
        next: optionalId(map.get(5)),
      }
    case CODES.digests: {
      const digests = map.get(2)
      const length = BUCKETS * DIGEST_BYTES
      return { type: 'digests', digests: digests === undefined ? undefined : bytesField(digests, length, length) }
    }
    case CODES.compared:
      return {
        type: 'compared',
        entries: entriesField(map.get(2)),
        wanted: arrayField(map.get(3), limits.MAX_PAIRS).map(idField),
      }
    case CODES.directions:
      return {
        type: 'directions',
        way: arrayField(map.get(2), limits.LOOKUP_IDS).map(idField),
        owners: arrayField(map.get(3), limits.LOOKUP_IDS).map(idField),
        predecessor: optionalId(map.get(4)),
        entry: optionalEntry(map.get(5)),
        ...(map.has(6) && { list: listField(map.get(6)) }),
      }
    default:
      throw malformed('type')
  }
}

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

function fields(message: RingMessage): [number, CborValue | undefined][] {
  switch (message.type) {
    case 'ping':
    case 'ok':
      return []
    case 'ask-state':
    case 'ask-digests':
      return [[2, message.summary]]
    case 'notify':
      return [[2, entryToValue(message.entry)]]
    case 'push':
      return [
        [2, message.entries.map(entryToValue)],
        [3, message.accusations.map(accusationToValue)],
      ]
    case 'ask-page':
      return [
        [2, entryToValue(message.entry)],
        [3, optionalBytes(message.after)],
      ]
    case 'compare':
      return [
        [2, [...message.buckets]],
        [3, message.pairs.map(({ id, incarnation }) => [idToBytes(id), incarnation])],
      ]
    case 'state':
      return [
        [2, message.member],
        [3, message.busy],
        [4, idToBytes(message.id)],
        [5, optionalBytes(message.predecessor)],
        [6, message.successors.map(idToBytes)],
        [7, message.summary],
        [8, message.entries.map(entryToValue)],
      ]
    case 'page':
      return [
        [2, message.member],
        [3, entryToValue(message.self)],
        [4, message.entries.map(entryToValue)],
        [5, optionalBytes(message.next)],
      ]
    case 'digests':
      return [[2, message.digests]]
    case 'compared':
      return [
        [2, message.entries.map(entryToValue)],
        [3, message.wanted.map(idToBytes)],
      ]
    case 'find':
      return [
        [2, idToBytes(message.key)],
        [3, message.shortCut],
        [4, message.proof],
      ]
    case 'directions':
      return [
        [2, message.way.map(idToBytes)],
        [3, message.owners.map(idToBytes)],
        [4, optionalBytes(message.predecessor)],
        [5, message.entry === undefined ? undefined : entryToValue(message.entry)],
        [6, message.list === undefined ? undefined : listToValue(message.list)],
      ]
  }
}

function decodeMap(bytes: Uint8Array): ReadonlyMap<unknown, CborValue> {
  let value: CborValue
  try {
    value = decodeCanonical(bytes, { maxBytes: limits.MAX_MESSAGE_BYTES })
  } catch {
    throw malformed('cbor')
  }
  if (!(value instanceof Map)) throw malformed('map')
  if (value.get(0) !== VERSION) throw malformed('version')
  return value
}

function entriesField(value: CborValue | undefined): MemberEntry[] {
  return value === undefined ? [] : arrayField(value, limits.MAX_ENTRIES).map(entryFromValue)
}

function optionalEntry(value: CborValue | undefined): MemberEntry | undefined {
  return value === undefined ? undefined : entryFromValue(value)
}

function listToValue({ at, successors, signature }: SignedList): CborValue {
  return [at, successors.map(idToBytes), signature]
}

function listField(value: CborValue | undefined): SignedList {
  const [at, successors, signature] = arrayField(value, 3)
  return {
    at: integerField(at),
    successors: arrayField(successors, limits.MAX_SUCCESSORS).map(idField),
    signature: bytesField(signature, 64, 64),
  }
}

function accusationToValue({ accused, incarnation, signer, signature }: Accusation): CborValue {
  return [idToBytes(accused), incarnation, signer, signature]
}

function accusationsField(value: CborValue | undefined): Accusation[] {
  if (value === undefined) return []
  return arrayField(value, limits.MAX_ACCUSATIONS).map((item) => {
    const [accused, incarnation, signer, signature] = arrayField(item, 4)
    return {
      accused: idField(accused),
      incarnation: integerField(incarnation),
      signer: bytesField(signer, 32, 32),
      signature: bytesField(signature, 64, 64),
    }
  })
}

function pairsField(value: CborValue | undefined): Pair[] {
  return arrayField(value, limits.MAX_PAIRS).map((item) => {
    const [id, incarnation] = arrayField(item, 2)
    return { id: idField(id), incarnation: integerField(incarnation) }
  })
}

function bucketsField(value: CborValue | undefined): number[] {
  return arrayField(value, BUCKETS).map((item) => {
    const bucket = integerField(item)
    if (bucket >= BUCKETS) throw malformed('bucket')
    return bucket
  })
}

function summaryField(value: CborValue | undefined): Uint8Array {
  return bytesField(value, DIGEST_BYTES, DIGEST_BYTES)
}

function booleanField(value: CborValue | undefined): boolean {
  if (typeof value !== 'boolean') throw malformed('boolean')
  return value
}

function idField(value: CborValue | undefined): RingId {
  return idFromBytes(bytesField(value, 32, 32))
}

function optionalBytes(id: RingId | undefined): Uint8Array | undefined {
  return id === undefined ? undefined : idToBytes(id)
}

function optionalId(value: CborValue | undefined): RingId | undefined {
  return value === undefined ? undefined : idField(value)
}

/** For logs: the first 8 hex digits. */
export function shortId(id: RingId | Uint8Array): string {
  return (typeof id === 'string' ? id : toHex(id)).slice(0, 8)
}
