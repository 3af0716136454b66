/** What a follower requests of members, and what they reply. docs/protocol.md, "Following a ledger", has the bytes. */
import { asPeerId, type PeerId } from '../../base/index.ts'
import { type CborField, type CborValue, encodeCanonical } from '../../crypto/index.ts'
import { headerFromValue, headerToValue } from '../blocks/blocks.ts'
import { entriesFromValue, entriesToValue } from '../blocks/set-root.ts'
import { certifiedHeaderFromValue, certifiedHeaderToValue, hashesFromValue, hashesToValue } from '../light/codec.ts'
import { limits } from '../limits.ts'
import {
  malformed,
  readBoolean,
  readBytes,
  readCbor,
  readHash,
  readHeight,
  readList,
  readRow,
  readUtf8,
} from '../reading.ts'
import type { BlockHeader, CertifiedHeader, Validator } from '../types.ts'

const VERSION = 1

export type FollowRequest = { readonly chainId: Uint8Array } & (
  | {
      /** A certified header; of height 0: the newest. `of`: with the path of the header of that height in its history; 0: none. */
      readonly kind: 'header'
      readonly height: number
      readonly of: number
    }
  /** What the header of height `within` has in its history at the height `of`. */
  | { readonly kind: 'older'; readonly of: number; readonly within: number }
  | { readonly kind: 'set'; readonly root: Uint8Array }
  | { readonly kind: 'state'; readonly height: number; readonly keys: readonly Uint8Array[] }
  /** Two headers that contradict each other, if the member knows of such. */
  | { readonly kind: 'conflict' }
  /** The same, told. */
  | { readonly kind: 'tell'; readonly conflict: Uint8Array }
  /** A checkpoint with the cosignatures that the sender has, for more of them; undefined: the newest that is complete. */
  | { readonly kind: 'checkpoint'; readonly note: Uint8Array | undefined }
  | {
      /** A link for a chain that has linked this one up to `oldSize`, and holds the root of the set after it. `size`: of that checkpoint; 0: of the newest. */
      readonly kind: 'link'
      readonly oldSize: number
      readonly setRoot: Uint8Array
      readonly size: number
    }
  /** A place with those who are told of newer headers. */
  | { readonly kind: 'listen' }
  /** A newer header, for those whose newest one has the height `of`; with the path of that one. */
  | {
      readonly kind: 'news'
      readonly certified: CertifiedHeader
      readonly path: readonly Uint8Array[] | undefined
      readonly of: number
    }
)

export type FollowReply =
  /** There is no such thing here, or not any more. */
  | { readonly kind: 'none' }
  | {
      readonly kind: 'header'
      readonly certified: CertifiedHeader
      readonly path: readonly Uint8Array[] | undefined
      /** The member knows of two headers of this chain that contradict each other. */
      readonly hasConflict: boolean
    }
  | { readonly kind: 'older'; readonly header: BlockHeader; readonly path: readonly Uint8Array[] }
  | { readonly kind: 'set'; readonly validators: readonly Validator[] }
  /** In the order of the keys that were asked for. */
  | {
      readonly kind: 'state'
      readonly values: readonly (Uint8Array | undefined)[]
      readonly proof: Uint8Array
    }
  | { readonly kind: 'conflict'; readonly conflict: Uint8Array }
  | { readonly kind: 'ack' }
  /** The peer has requested too much lately. */
  | { readonly kind: 'busy' }
  | { readonly kind: 'note'; readonly note: Uint8Array }
  /** Payload 1. */
  | { readonly kind: 'link'; readonly link: Uint8Array }
  /** There is no place; these listen, too, and may have one. */
  | { readonly kind: 'others'; readonly peers: readonly PeerId[] }

const REQUEST = {
  HEADER: 1,
  OLDER: 2,
  SET: 3,
  STATE: 4,
  CONFLICT: 5,
  TELL: 6,
  CHECKPOINT: 7,
  LINK: 8,
  LISTEN: 9,
  NEWS: 10,
} as const
const REPLY = {
  NONE: 0,
  HEADER: 1,
  OLDER: 2,
  SET: 3,
  STATE: 4,
  CONFLICT: 5,
  ACK: 6,
  BUSY: 7,
  NOTE: 8,
  LINK: 9,
  OTHERS: 10,
} as const

export function encodeFollowRequest(request: FollowRequest): Uint8Array {
  return encodeCanonical([VERSION, ...requestRow(request)])
}

function requestRow(request: FollowRequest): CborValue[] {
  const { chainId } = request
  switch (request.kind) {
    case 'header':
      return [REQUEST.HEADER, chainId, request.height, request.of]
    case 'older':
      return [REQUEST.OLDER, chainId, request.of, request.within]
    case 'set':
      return [REQUEST.SET, chainId, request.root]
    case 'state':
      return [REQUEST.STATE, chainId, request.height, request.keys]
    case 'conflict':
      return [REQUEST.CONFLICT, chainId]
    case 'tell':
      return [REQUEST.TELL, chainId, request.conflict]
    case 'checkpoint':
      return [REQUEST.CHECKPOINT, chainId, request.note ?? null]
    case 'link':
      return [REQUEST.LINK, chainId, request.oldSize, request.setRoot, request.size]
    case 'listen':
      return [REQUEST.LISTEN, chainId]
    case 'news': {
      const path = request.path === undefined ? null : hashesToValue(request.path)
      return [REQUEST.NEWS, chainId, certifiedHeaderToValue(request.certified), path, request.of]
    }
  }
}

/** Throws CHAIN_MALFORMED. */
export function decodeFollowRequest(bytes: Uint8Array): FollowRequest {
  const row = readVersioned(bytes, limits.MAX_FOLLOW_REQUEST_BYTES, 'request of a follower')
  const [, kind, chain, first, second, third] = row
  const chainId = readHash(chain, 'chain id')
  const sized = (length: number) => readRow(row, length, 'request of a follower')
  switch (kind) {
    case REQUEST.HEADER:
      sized(5)
      return { kind: 'header', chainId, height: readHeight(first), of: readHeight(second) }
    case REQUEST.OLDER:
      sized(5)
      return { kind: 'older', chainId, of: readHeight(first), within: readHeight(second) }
    case REQUEST.SET:
      sized(4)
      return { kind: 'set', chainId, root: readHash(first, 'root of a set') }
    case REQUEST.STATE: {
      sized(5)
      const keys = readList(second, limits.MAX_PROVEN_KEYS, 'keys', (key) =>
        readBytes(key, 0, limits.MAX_STATE_KEY_BYTES, 'key'),
      )
      if (keys.length === 0) throw malformed('a request for no keys')
      return { kind: 'state', chainId, height: readHeight(first), keys }
    }
    case REQUEST.CONFLICT:
      sized(3)
      return { kind: 'conflict', chainId }
    case REQUEST.TELL:
      sized(4)
      return { kind: 'tell', chainId, conflict: readConflict(first) }
    case REQUEST.CHECKPOINT:
      sized(4)
      return { kind: 'checkpoint', chainId, note: first === null ? undefined : readNote(first) }
    case REQUEST.LINK:
      sized(6)
      return {
        kind: 'link',
        chainId,
        oldSize: readHeight(first),
        setRoot: readHash(second, 'root of a set'),
        size: readHeight(third),
      }
    case REQUEST.LISTEN:
      sized(3)
      return { kind: 'listen', chainId }
    case REQUEST.NEWS:
      sized(6)
      return {
        kind: 'news',
        chainId,
        certified: certifiedHeaderFromValue(first),
        path: second === null ? undefined : readPath(second),
        of: readHeight(third),
      }
    default:
      throw malformed('a request of an unknown kind')
  }
}

export function encodeFollowReply(reply: FollowReply): Uint8Array {
  return encodeCanonical([VERSION, ...replyRow(reply)])
}

function replyRow(reply: FollowReply): CborValue[] {
  switch (reply.kind) {
    case 'none':
      return [REPLY.NONE]
    case 'header': {
      const path = reply.path === undefined ? null : hashesToValue(reply.path)
      return [REPLY.HEADER, certifiedHeaderToValue(reply.certified), path, reply.hasConflict]
    }
    case 'older':
      return [REPLY.OLDER, headerToValue(reply.header), hashesToValue(reply.path)]
    case 'set':
      return [REPLY.SET, entriesToValue(reply.validators)]
    case 'state':
      return [REPLY.STATE, reply.values.map((value) => value ?? null), reply.proof]
    case 'conflict':
      return [REPLY.CONFLICT, reply.conflict]
    case 'ack':
      return [REPLY.ACK]
    case 'busy':
      return [REPLY.BUSY]
    case 'note':
      return [REPLY.NOTE, reply.note]
    case 'link':
      return [REPLY.LINK, reply.link]
    case 'others':
      return [REPLY.OTHERS, reply.peers.map((peer) => new TextEncoder().encode(peer))]
  }
}

/** Throws CHAIN_MALFORMED. Verifies nothing. */
export function decodeFollowReply(bytes: Uint8Array): FollowReply {
  const row = readVersioned(bytes, limits.MAX_MESSAGE_BYTES, 'reply to a follower')
  const [, kind, first, second, third] = row
  const sized = (length: number) => readRow(row, length, 'reply to a follower')
  switch (kind) {
    case REPLY.NONE:
      sized(2)
      return { kind: 'none' }
    case REPLY.HEADER:
      sized(5)
      return {
        kind: 'header',
        certified: certifiedHeaderFromValue(first),
        path: second === null ? undefined : readPath(second),
        hasConflict: readBoolean(third, 'whether there is a conflict'),
      }
    case REPLY.OLDER:
      sized(4)
      return { kind: 'older', header: headerFromValue(first), path: readPath(second) }
    case REPLY.SET:
      sized(3)
      return { kind: 'set', validators: entriesFromValue(first) }
    case REPLY.STATE:
      sized(4)
      return {
        kind: 'state',
        values: readList(first, limits.MAX_PROVEN_KEYS, 'values', readValue),
        proof: readBytes(second, 0, limits.MAX_STATE_PROOF_BYTES, 'state proof'),
      }
    case REPLY.CONFLICT:
      sized(3)
      return { kind: 'conflict', conflict: readConflict(first) }
    case REPLY.ACK:
      sized(2)
      return { kind: 'ack' }
    case REPLY.BUSY:
      sized(2)
      return { kind: 'busy' }
    case REPLY.NOTE:
      sized(3)
      return { kind: 'note', note: readNote(first) }
    case REPLY.LINK:
      sized(3)
      return { kind: 'link', link: readBytes(first, 1, limits.MAX_PAYLOAD_BYTES, 'link') }
    case REPLY.OTHERS:
      sized(3)
      return { kind: 'others', peers: readList(first, limits.MAX_REDIRECT, 'peers', readPeer) }
    default:
      throw malformed('a reply of an unknown kind')
  }
}

function readVersioned(bytes: Uint8Array, most: number, what: string): readonly CborValue[] {
  const row = readCbor(bytes, most, what)
  if (!Array.isArray(row) || row.length < 2 || row[0] !== VERSION) throw malformed(`a ${what} of another version`)
  return row
}

const readPeer = (value: CborValue) => asPeerId(readUtf8(value, limits.MAX_PEER_NAME_BYTES, 'peer'))
const readPath = (value: CborField) => hashesFromValue(value, limits.MAX_HISTORY_PATH)
const readConflict = (value: CborField) => readBytes(value, 1, limits.MAX_CONFLICT_BYTES, 'conflict')
const readNote = (value: CborField) => readBytes(value, 1, limits.MAX_CONFLICT_BYTES, 'note')
const readValue = (value: CborValue) =>
  value === null ? undefined : readBytes(value, 0, limits.MAX_STATE_VALUE_BYTES, 'value')
