/**
 * What a guest says once hello is over, and what it gets: canonical CBOR maps {0: version 1, ...}. A claim is {1: public key of the
 * machine, 2: its signature}; the reply is {1: secret of the ring, 2: replicas, 3: chunk bits}, or {4: why not}.
 */
import { type CborValue, cborReader, encodeCanonical } from '../../crypto/index.ts'
import { limits } from '../limits.ts'
import { malformed as ringMalformed } from '../members/reading.ts'

/** What a machine needs to be a member. */
export interface RingKey {
  readonly secret: Uint8Array
  readonly replicas: number
  readonly chunkBits: number
}

export interface ClaimMessage {
  readonly machine: Uint8Array
  readonly claim: Uint8Array
}

const VERSION = 1

const { readCbor, readMap, readHash, readSignature, readBytes, readInteger, readText } = cborReader(ringMalformed)

export function encodeClaim({ machine, claim }: ClaimMessage): Uint8Array {
  return encode([
    [1, machine],
    [2, claim],
  ])
}

/** Throws RING_MALFORMED. */
export function decodeClaim(bytes: Uint8Array): ClaimMessage {
  const map = open(bytes)
  return { machine: readHash(map.get(1), 'machine'), claim: readSignature(map.get(2), 'claim') }
}

export function encodeClaimReply(reply: RingKey | { readonly fault: string }): Uint8Array {
  if ('fault' in reply) return encode([[4, reply.fault]])
  const { secret, replicas, chunkBits } = reply
  return encode([
    [1, secret],
    [2, replicas],
    [3, chunkBits],
  ])
}

/** Throws RING_MALFORMED. */
export function decodeClaimReply(bytes: Uint8Array): RingKey | { readonly fault: string } {
  const map = open(bytes)
  if (map.has(4)) return { fault: readText(map.get(4), limits.MAX_FAULT_LETTERS, 'fault') }
  return {
    secret: readBytes(map.get(1), 1, limits.MAX_CLAIM_SECRET_BYTES, 'secret'),
    replicas: readInteger(map.get(2), 0, Number.MAX_SAFE_INTEGER, 'replicas'),
    chunkBits: readInteger(map.get(3), 0, Number.MAX_SAFE_INTEGER, 'chunk bits'),
  }
}

function encode(fields: readonly [number, CborValue][]): Uint8Array {
  return encodeCanonical(new Map<number, CborValue>([[0, VERSION], ...fields]))
}

function open(bytes: Uint8Array) {
  const map = readMap(readCbor(bytes, limits.MAX_CLAIM_BYTES, 'claim'), 'claim')
  if (map.get(0) !== VERSION) throw ringMalformed('version of a claim')
  return map
}
