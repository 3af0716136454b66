import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isChordnsError } from '../../../src/base/index.ts'
import {
  type ChainsReply,
  type ChainsRequest,
  decodeChainsReply,
  decodeChainsRequest,
  encodeChainsReply,
  encodeChainsRequest,
} from '../../../src/chunk-chains/run/messages.ts'
import { type ChainDescriptor, chainIdOf, groupKey, replicaGroup } from '../../../src/chunk-chains/state/descriptor.ts'
import { ed25519Signer, encodeCanonical, sha256 } from '../../../src/crypto/index.ts'
import { memberId } from '../../chunks/ring-parts.ts'
import { CHUNK } from '../world.ts'

const members = Array.from({ length: 5 }, (_, i) => {
  const { publicKey } = ed25519Signer(sha256(Uint8Array.of(0xb1, i)))
  return { id: memberId(publicKey, new Uint8Array()), publicKey }
})
const place = { chainId: new Uint8Array(32).fill(1), height: 9, headId: new Uint8Array(32).fill(2) }
const descriptor: ChainDescriptor = { ...replicaGroup('home', { first: CHUNK, count: 1 }, 5, members), previous: place }
const header = {
  chainId: new Uint8Array(32),
  height: 3,
  time: 5,
  proposer: new Uint8Array(32),
  previousId: new Uint8Array(32),
  transactionsRoot: new Uint8Array(32),
  stateRoot: new Uint8Array(32),
  validatorsHash: new Uint8Array(32),
  nextValidatorsHash: new Uint8Array(32),
  lastCertificateHash: new Uint8Array(32),
  extension: new Uint8Array(),
}
const certificate = {
  height: 3,
  round: 0,
  blockId: new Uint8Array(32),
  signatures: [{ index: 1, signature: new Uint8Array(64) }],
}
const requests: ChainsRequest[] = [
  { kind: 'message', chainId: place.chainId, bytes: Uint8Array.of(1, 2) },
  { kind: 'open', descriptor, proof: { header, certificate } },
  { kind: 'open', descriptor: { ...descriptor, previous: undefined }, proof: undefined },
  { kind: 'inquire', chunk: CHUNK, group: place.headId },
]
const replies: ChainsReply[] = [
  { kind: 'ack' },
  { kind: 'unknown' },
  { kind: 'busy' },
  { kind: 'refused' },
  { kind: 'chain', descriptor, proof: { header, certificate } },
  { kind: 'none', last: place },
  { kind: 'none', last: undefined },
]

/** Whatever comes: a message, or an error of the right kind. */
function survives(decode: (bytes: Uint8Array) => unknown, bytes: Uint8Array): boolean {
  try {
    decode(bytes)
    return true
  } catch (error) {
    return isChordnsError(error, 'CHUNK_MALFORMED') || isChordnsError(error, 'CHUNK_VERSION')
  }
}

describe('messages about chains', () => {
  it('come back as they were', () => {
    for (const request of requests) expect(decodeChainsRequest(encodeChainsRequest(request))).toEqual(request)
    for (const reply of replies) expect(decodeChainsReply(encodeChainsReply(reply))).toEqual(reply)
  })

  it('that are damaged or junk are refused as such', () => {
    const all = [
      ...requests.map((request) => [decodeChainsRequest, encodeChainsRequest(request)] as const),
      ...replies.map((reply) => [decodeChainsReply, encodeChainsReply(reply)] as const),
    ]
    fc.assert(
      fc.property(fc.constantFrom(...all), fc.nat(), fc.integer({ min: 1, max: 255 }), ([decode, bytes], at, flip) => {
        const damaged = bytes.slice()
        damaged[at % bytes.length]! ^= flip
        return survives(decode, damaged) && survives(decode, damaged.subarray(0, at % bytes.length))
      }),
      { numRuns: 500 },
    )
    fc.assert(fc.property(fc.uint8Array(), (junk) => survives(decodeChainsRequest, junk)))
  })

  it('of another version say so', () => {
    expect(() => decodeChainsRequest(encodeCanonical([2, 1]))).toThrow(
      expect.objectContaining({ code: 'CHUNK_VERSION' }),
    )
  })
})

describe('the id of a chain', () => {
  it('is the same for all orders of the members, and another one for all else', () => {
    const turned = { ...replicaGroup('home', { first: CHUNK, count: 1 }, 5, [...members].reverse()), previous: place }
    expect(chainIdOf(turned)).toEqual(chainIdOf(descriptor))
    const others: ChainDescriptor[] = [
      { ...descriptor, ringId: 'elsewhere' },
      { ...descriptor, n: 6 },
      { ...descriptor, validators: descriptor.validators.slice(1) },
      { ...descriptor, previous: undefined },
      { ...descriptor, previous: { ...place, headId: new Uint8Array(32).fill(9) } },
    ]
    const ids = new Set([descriptor, ...others].map((one) => chainIdOf(one).join()))
    expect(ids.size).toBe(6)
    expect(groupKey({ ...descriptor, n: 6 })).not.toBe(groupKey(descriptor))
  })
})
