/** For whom a chain is, and its name: the replicas of some chunks as they were when it began, and the chain before it. */
import { asChunkId, type ChunkId, equalBytes, fromHex, type PeerId, toHex } from '../../base/index.ts'
import { isValidatorSet, type QuorumRule, sortedValidators, type Validator } from '../../chain/index.ts'
import type { Section } from '../../chunks/index.ts'
import { type CborValue, encodeCanonical, peerIdFromPublicKey, sha256, signedBytes } from '../../crypto/index.ts'
import { evidenceLimits } from '../../evidence/index.ts'
import { limits } from '../limits.ts'
import { malformed, readHash, readInteger, readList, readRow, readUtf8 } from './reading.ts'

/** Votes that decide in a chunk chain: of three replicas two, else more than two thirds (docs/decisions/0060). */
export const QUORUM: QuorumRule = 'two-of-three'

/** The replicas of a section of chunks, all of which have the same: who votes, and whose observations count. */
export interface ReplicaGroup {
  readonly ringId: string
  /** The first chunk of the section, and how many it has: a power of two, of which the first is a multiple. */
  readonly chunk: ChunkId
  readonly count: number
  /** All seats, empty ones too: certificates need more than half of them. */
  readonly n: number
  /** Filled seats, sorted by id. */
  readonly validators: readonly Validator[]
}

/** A place in another chain. */
export interface ChainPlace {
  readonly chainId: Uint8Array
  readonly height: number
  /** Id of its block there. */
  readonly headId: Uint8Array
}

export interface ChainDescriptor extends ReplicaGroup {
  /** Where the chain before this one ended, as far as its founders knew. */
  readonly previous: ChainPlace | undefined
}

const encoder = new TextEncoder()

export function replicaGroup(
  ringId: string,
  { first, count }: Section,
  n: number,
  members: readonly { readonly id: string; readonly publicKey: Uint8Array }[],
): ReplicaGroup {
  const validators = members.map(({ id, publicKey }) => ({ id: fromHex(id), publicKey }))
  return { ringId, chunk: first, count, n, validators: sortedValidators(validators) }
}

export function sectionOfGroup({ chunk: first, count }: ReplicaGroup): Section {
  return { first, count }
}

/** The same for equal groups, 64 hex digits. */
export function groupKey(group: ReplicaGroup): string {
  return toHex(sha256(signedBytes('chordns/chunk-group/1', encodeCanonical(groupFields(group)))))
}

/** H(ring id || section || n || sorted validators || previous head), 32 bytes. */
export function chainIdOf(descriptor: ChainDescriptor): Uint8Array {
  return sha256(signedBytes('chordns/chunk-chain/1', encodeCanonical(descriptorToValue(descriptor))))
}

/** Each message of a chain asks whether its sender is one of them. */
const peersOf = new WeakMap<readonly Validator[], ReadonlyMap<PeerId, Validator>>()

export function peersOfGroup({ validators }: ReplicaGroup): ReadonlyMap<PeerId, Validator> {
  let peers = peersOf.get(validators)
  if (peers === undefined) {
    peers = new Map(validators.map((validator) => [peerIdFromPublicKey(validator.publicKey), validator]))
    peersOf.set(validators, peers)
  }
  return peers
}

export function indexOfKey({ validators }: ReplicaGroup, publicKey: Uint8Array): number {
  return validators.findIndex((validator) => equalBytes(validator.publicKey, publicKey))
}

function groupFields({ ringId, chunk, count, n, validators }: ReplicaGroup): CborValue[] {
  const section = count === 1 ? chunk : [chunk, count]
  return [encoder.encode(ringId), section, n, validators.map(({ id, publicKey }) => [id, publicKey])]
}

export function descriptorToValue(descriptor: ChainDescriptor): CborValue {
  const { previous } = descriptor
  return [...groupFields(descriptor), previous === undefined ? null : placeToValue(previous)]
}

/** Throws CHUNK_MALFORMED. */
export function descriptorFromValue(value: CborValue | undefined): ChainDescriptor {
  const [ring, section, n, validators, previous] = readRow(value, 5, 'descriptor')
  const set = readList(validators, limits.MAX_VALIDATORS, 'validators', (one) => {
    const [id, publicKey] = readRow(one, 2, 'validator')
    return { id: readHash(id, 'id'), publicKey: readHash(publicKey, 'key') }
  })
  if (!isValidatorSet(set)) throw malformed('validators')
  return {
    ringId: readUtf8(ring, evidenceLimits.MAX_RING_ID_BYTES, 'ring id'),
    ...sectionFromValue(section),
    n: readInteger(n, 1, limits.MAX_VALIDATORS, 'seats'),
    validators: set,
    previous: previous === null ? undefined : placeFromValue(previous),
  }
}

/** One chunk by itself, else [the first, how many]. */
function sectionFromValue(value: CborValue | undefined): Pick<ReplicaGroup, 'chunk' | 'count'> {
  const readChunk = (one: CborValue | undefined) => asChunkId(readInteger(one, 0, 2 ** 24 - 1, 'chunk'))
  if (!Array.isArray(value)) return { chunk: readChunk(value), count: 1 }
  const [first, size] = readRow(value, 2, 'section')
  const count = readInteger(size, 2, 2 ** 24, 'count')
  const chunk = readChunk(first)
  if (!Number.isInteger(Math.log2(count)) || chunk % count !== 0) throw malformed('section')
  return { chunk, count }
}

export function placeToValue({ chainId, height, headId }: ChainPlace): CborValue {
  return [chainId, height, headId]
}

export function placeFromValue(value: CborValue | undefined): ChainPlace {
  const [chainId, height, headId] = readRow(value, 3, 'place')
  return {
    chainId: readHash(chainId, 'chain id'),
    height: readInteger(height, 1, 2 ** 48, 'height'),
    headId: readHash(headId, 'block id'),
  }
}
