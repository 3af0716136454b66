/**
 * What replicas say about their chains (room 3): canonical CBOR arrays [version, kind, ...]. Fields after those named here are
 * ignored; what breaks the form throws CHUNK_MALFORMED, another version CHUNK_VERSION.
 */
import { asChunkId, ChordnsError, type ChunkId, isChordnsError } from '../../base/index.ts'
import {
  type BlockCertificate,
  type BlockHeader,
  type ChainEquivocation,
  certificateFromValue,
  certificateToValue,
  encodeEquivocation,
  equivocationFromValue,
  headerFromValue,
  headerToValue,
} from '../../chain/index.ts'
import { type CborValue, encodeCanonical } from '../../crypto/index.ts'
import { limits } from '../limits.ts'
import {
  type ChainDescriptor,
  type ChainPlace,
  descriptorFromValue,
  descriptorToValue,
  placeFromValue,
  placeToValue,
} from '../state/descriptor.ts'
import { malformed, readBytes, readCbor, readHash, readInteger, readRow } from '../state/reading.ts'

/** That a chain has a block: its header, and the votes of a quorum for it. */
export interface HeadProof {
  readonly header: BlockHeader
  readonly certificate: BlockCertificate
}

export type ChainsRequest =
  /** A message of the engine, as it is. */
  | { readonly kind: 'message'; readonly chainId: Uint8Array; readonly bytes: Uint8Array }
  /** The chain that this replica is on. */
  | { readonly kind: 'open'; readonly descriptor: ChainDescriptor; readonly proof: HeadProof | undefined }
  /** Somebody has signed two different things for one place. */
  | { readonly kind: 'evidence'; readonly evidence: ChainEquivocation }
  /** Which chain are you on, in this group of replicas? */
  | { readonly kind: 'inquire'; readonly chunk: ChunkId; readonly group: Uint8Array }

export type ChainsReply =
  | { readonly kind: 'ack' }
  /** Never heard of that chain. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'busy' }
  /** Not among the replicas that I compute, or not after the blocks that I know. */
  | { readonly kind: 'refused' }
  /** I am on this one. */
  | { readonly kind: 'chain'; readonly descriptor: ChainDescriptor; readonly proof: HeadProof | undefined }
  /** On none; the last block of the chunk that I know of. */
  | { readonly kind: 'none'; readonly last: ChainPlace | undefined }

const VERSION = 1
const REQUEST = { message: 1, open: 2, inquire: 3, evidence: 4 } as const
const REPLY = { ack: 1, unknown: 2, busy: 3, refused: 4, chain: 5, none: 6 } as const

export function encodeChainsRequest(request: ChainsRequest): Uint8Array {
  const head: CborValue[] = [VERSION, REQUEST[request.kind]]
  switch (request.kind) {
    case 'message':
      return encodeCanonical([...head, request.chainId, request.bytes])
    case 'open':
      return encodeCanonical([...head, descriptorToValue(request.descriptor), proofToValue(request.proof)])
    case 'inquire':
      return encodeCanonical([...head, request.chunk, request.group])
    case 'evidence':
      return encodeCanonical([...head, encodeEquivocation(request.evidence)])
  }
}

export function decodeChainsRequest(bytes: Uint8Array): ChainsRequest {
  const row = open(bytes)
  switch (row[1]) {
    case REQUEST.message:
      return {
        kind: 'message',
        chainId: readHash(row[2], 'chain id'),
        bytes: readBytes(row[3], 1, limits.MAX_MESSAGE_BYTES, 'message'),
      }
    case REQUEST.open:
      return { kind: 'open', descriptor: descriptorFromValue(row[2]), proof: proofFromValue(row[3]) }
    case REQUEST.inquire:
      return {
        kind: 'inquire',
        chunk: asChunkId(readInteger(row[2], 0, 2 ** 24 - 1, 'chunk')),
        group: readHash(row[3], 'group'),
      }
    case REQUEST.evidence:
      return { kind: 'evidence', evidence: evidenceFrom(row[2]) }
    default:
      throw malformed('unknown request')
  }
}

export function encodeChainsReply(reply: ChainsReply): Uint8Array {
  const head: CborValue[] = [VERSION, REPLY[reply.kind]]
  switch (reply.kind) {
    case 'chain':
      return encodeCanonical([...head, descriptorToValue(reply.descriptor), proofToValue(reply.proof)])
    case 'none':
      return encodeCanonical([...head, reply.last === undefined ? null : placeToValue(reply.last)])
    default:
      return encodeCanonical(head)
  }
}

export function decodeChainsReply(bytes: Uint8Array): ChainsReply {
  const row = open(bytes)
  switch (row[1]) {
    case REPLY.ack:
      return { kind: 'ack' }
    case REPLY.unknown:
      return { kind: 'unknown' }
    case REPLY.busy:
      return { kind: 'busy' }
    case REPLY.refused:
      return { kind: 'refused' }
    case REPLY.chain:
      return { kind: 'chain', descriptor: descriptorFromValue(row[2]), proof: proofFromValue(row[3]) }
    case REPLY.none:
      return { kind: 'none', last: row[2] === null ? undefined : placeFromValue(row[2]) }
    default:
      throw malformed('unknown reply')
  }
}

function evidenceFrom(value: CborValue | undefined): ChainEquivocation {
  const bytes = readBytes(value, 1, limits.MAX_EVIDENCE_BYTES, 'evidence')
  try {
    return equivocationFromValue(readCbor(bytes, limits.MAX_EVIDENCE_BYTES, 'evidence'))
  } catch (cause) {
    if (isChordnsError(cause, 'CHAIN_MALFORMED')) throw malformed(cause.message, cause)
    throw cause
  }
}

function open(bytes: Uint8Array): readonly CborValue[] {
  const value = readCbor(bytes, limits.MAX_MESSAGE_BYTES, 'message')
  if (!Array.isArray(value) || value.length < 2) throw malformed('not a message')
  if (value[0] !== VERSION)
    throw new ChordnsError('CHUNK_VERSION', 'a version that this node does not speak', { version: value[0] })
  return value
}

function proofToValue(proof: HeadProof | undefined): CborValue {
  return proof === undefined ? null : [headerToValue(proof.header), certificateToValue(proof.certificate)]
}

function proofFromValue(value: CborValue | undefined): HeadProof | undefined {
  if (value === null) return undefined
  const [header, certificate] = readRow(value, 2, 'proof')
  try {
    return { header: headerFromValue(header), certificate: certificateFromValue(certificate) }
  } catch (cause) {
    if (isChordnsError(cause, 'CHAIN_MALFORMED')) throw malformed(cause.message, cause)
    throw cause
  }
}
