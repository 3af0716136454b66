import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { asPeerId, isChordnsError } from '../../../src/base/index.ts'
import {
  type ChunkReply,
  type ChunkRequest,
  decodeReply,
  decodeRequest,
  encodeReply,
  encodeRequest,
} from '../../../src/chunks/wire/messages.ts'
import { type CborValue, decodeCanonical, encodeCanonical } from '../../../src/crypto/index.ts'
import { Class, parseName, Type } from '../../../src/dns/index.ts'
import { evidenceLimits } from '../../../src/evidence/index.ts'
import { observations, outcomes, questions } from '../../evidence/helpers.ts'

const certificates = observations.map((one) => ({ kind: 'agreed' as const, contents: [], observations: [one] }))
const commitments = fc.record({
  observer: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  hash: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  when: fc.nat(),
  signature: fc.uint8Array({ minLength: 64, maxLength: 64 }),
})
const nonces = fc.uint8Array({ minLength: 16, maxLength: 16 })

const links = fc.array(
  fc.record({
    question: questions.map((one) => ({ ...one, type: Type.DS, class: Class.IN })),
    outcome: outcomes,
  }),
  { minLength: 1, maxLength: 3 },
)

const types = fc.array(fc.integer({ min: 1, max: 65_535 }), { minLength: 1, maxLength: 3 })
const beside = fc.array(
  fc.record({
    type: fc.integer({ min: 1, max: 65_535 }),
    reply: fc.record({ kind: fc.constant('proof' as const), outcome: outcomes, seconds: fc.nat(86_400) }),
  }),
  { minLength: 1, maxLength: 3 },
)

const requests: fc.Arbitrary<ChunkRequest> = fc.oneof(
  fc.record({ kind: fc.constantFrom('read' as const, 'tell' as const, 'probe' as const), question: questions }),
  fc.record({ kind: fc.constant('read' as const), question: questions, from: fc.nat(127) }),
  fc.record({ kind: fc.constant('tell' as const), question: questions, tag: fc.nat(0xffff) }),
  fc.record({ kind: fc.constant('tell' as const), question: questions, isChanged: fc.constant(true) }),
  fc.record({ kind: fc.constant('tell' as const), question: questions, isAwaited: fc.constant(true) }),
  fc.record({
    kind: fc.constant('tell' as const),
    question: questions,
    tag: fc.nat(0xffff),
    isChanged: fc.constant(true),
    isAwaited: fc.constant(true),
  }),
  fc.record({
    kind: fc.constant('round' as const),
    question: questions,
    nonce: nonces,
    attempt: fc.integer({ min: 1, max: 3 }),
    how: fc.constantFrom('known' as const, 'fresh' as const, 'tcp' as const),
    isAwaited: fc.constant(true),
  }),
  fc.record({
    kind: fc.constant('tell' as const),
    question: questions,
    tag: fc.nat(0xffff),
    isChanged: fc.constant(true),
  }),
  fc.record({
    kind: fc.constant('tell' as const),
    question: questions,
    proof: outcomes,
    links,
    isRefresh: fc.constant(true),
  }),
  fc.record({ kind: fc.constant('read' as const), question: questions, beside: types }),
  fc.record({ kind: fc.constant('read' as const), question: questions, level: fc.integer({ min: 1, max: 10 }) }),
  fc.record({
    kind: fc.constant('read' as const),
    question: questions,
    used: types,
    level: fc.integer({ min: 1, max: 10 }),
    reads: fc.integer({ min: 2, max: 100_000 }),
  }),
  fc.record({ kind: fc.constant('read' as const), question: questions, from: fc.nat(127), beside: types, used: types }),
  fc.record({ kind: fc.constant('tell' as const), question: questions, proof: outcomes }),
  fc.record({ kind: fc.constant('tell' as const), question: questions, proof: outcomes, links }),
  fc.record({
    kind: fc.constant('round' as const),
    question: questions,
    nonce: nonces,
    attempt: fc.integer({ min: 1, max: 3 }),
    how: fc.constantFrom('known' as const, 'fresh' as const, 'tcp' as const),
  }),
  fc.record({
    kind: fc.constant('reveal' as const),
    question: questions,
    nonce: nonces,
    attempt: fc.integer({ min: 1, max: 3 }),
    commitments: fc.array(commitments, { maxLength: 7 }),
  }),
  fc.record({
    kind: fc.constant('certify' as const),
    question: questions,
    certificate: certificates,
    outcome: outcomes,
  }),
)

const replies: fc.Arbitrary<ChunkReply> = fc.oneof(
  fc.record({ kind: fc.constantFrom('unknown' as const, 'ack' as const, 'busy' as const, 'hidden' as const) }),
  fc.record({ kind: fc.constant('commitment' as const), commitment: commitments }),
  fc.record({ kind: fc.constant('worth' as const), pays: fc.boolean() }),
  fc.record({ kind: fc.constant('entry' as const), certificate: certificates, outcome: outcomes }),
  fc.record({ kind: fc.constant('vote' as const), observation: observations, outcome: outcomes }),
  fc.record({ kind: fc.constant('proof' as const), outcome: outcomes, seconds: fc.nat(86_400) }),
  fc.record({
    kind: fc.constant('proof' as const),
    outcome: outcomes,
    seconds: fc.nat(86_400),
    links,
  }),
  fc.record({ kind: fc.constant('entry' as const), certificate: certificates, outcome: outcomes, beside }),
  fc.record({ kind: fc.constant('vote' as const), observation: observations, outcome: outcomes, links, beside }),
  fc.record({
    kind: fc.constant('not-mine' as const),
    believes: fc.array(fc.constant(asPeerId('12D3KooWabc')), { maxLength: 7 }),
  }),
)

describe('messages between replicas', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(requests, (request) => {
        expect(decodeRequest(encodeRequest(request))).toEqual(request)
      }),
    )
    fc.assert(
      fc.property(replies, (reply) => {
        expect(decodeReply(encodeReply(reply))).toEqual(reply)
      }),
    )
  })

  it('ignore items that a later version may add', () => {
    fc.assert(
      fc.property(requests, replies, (request, reply) => {
        // Items that may be left out have their place before those that are to come.
        const grown = (bytes: Uint8Array, length: number) => {
          const row: (number | string | null)[] = [...(decodeCanonical(bytes, { maxBytes: 65_536 }) as [])]
          while (row.length < length) row.push(null)
          return encodeCanonical([...row, 'more'])
        }
        const length = { read: 10, tell: 11, probe: 5, round: 9, reveal: 8, certify: 7 }[request.kind]
        expect(decodeRequest(grown(encodeRequest(request), length))).toEqual(request)
        const hasLinks = reply.kind === 'entry' || reply.kind === 'vote' || reply.kind === 'proof'
        expect(decodeReply(grown(encodeReply(reply), hasLinks ? 6 : 0))).toEqual(reply)
      }),
    )
  })

  it('bring along no more than fits, and nothing beside what comes beside', () => {
    const proof = (bytes: number) => ({
      kind: 'proof' as const,
      seconds: 60,
      outcome: {
        kind: 'rrset' as const,
        apex: parseName('example.com'),
        proofs: [],
        rrset: {
          name: parseName('example.com'),
          type: Type.TXT,
          class: Class.IN,
          ttl: 60,
          rdatas: [new Uint8Array(bytes)],
          signatures: [],
        },
      },
    })
    const of = (type: number, bytes: number) => ({ type, reply: proof(bytes) })
    const reply = { ...proof(10), beside: [of(1, 6_000), of(28, 6_000), of(65, 1_000), of(15, 10)] }
    const read = decodeReply(encodeReply(reply))
    expect(read.kind === 'proof' && read.beside?.map(({ type }) => type)).toEqual([1, 65])
    const nested = encodeReply({ ...proof(10), beside: [of(1, 10)] })
    const row = decodeCanonical(encodeReply({ ...proof(10), beside: [of(1, 10)] }), { maxBytes: 65_536 }) as CborValue[]
    expect(() => decodeReply(encodeCanonical([...row.slice(0, 5), [[1, nested]]]))).toThrow('beside')
    expect(() => decodeReply(encodeCanonical([...row.slice(0, 5), [[1, encodeReply({ kind: 'ack' })]]]))).toThrow(
      'beside',
    )
  })

  it('refuse everything else with a typed error, never with another one', () => {
    const typed = (error: unknown) =>
      ['CHUNK_MALFORMED', 'CHUNK_VERSION', 'EVIDENCE_MALFORMED'].some((code) => isChordnsError(error, code))
    const survive = (bytes: Uint8Array) => {
      for (const decode of [decodeRequest, decodeReply]) {
        try {
          decode(bytes)
        } catch (error) {
          expect(typed(error)).toBe(true)
        }
      }
    }
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), survive))
    fc.assert(
      fc.property(
        fc.oneof(requests.map(encodeRequest), replies.map(encodeReply)),
        fc.nat(),
        fc.nat(255),
        (bytes, at, value) => {
          const mutated = bytes.slice()
          mutated[at % mutated.length] = value
          survive(mutated)
          survive(mutated.subarray(0, at % mutated.length))
        },
      ),
    )
  })

  it('a request of another version is told apart from a broken one', () => {
    expect(() => decodeRequest(encodeCanonical([2, 1]))).toThrow(expect.objectContaining({ code: 'CHUNK_VERSION' }))
    expect(() => decodeRequest(encodeCanonical([1, 9]))).toThrow(expect.objectContaining({ code: 'CHUNK_MALFORMED' }))
    expect(() => decodeRequest(new Uint8Array(70_000))).toThrow(expect.objectContaining({ code: 'CHUNK_MALFORMED' }))
  })

  it('peers named by a replica cannot carry control characters into a log', () => {
    expect(() => decodeReply(encodeCanonical([1, 4, [Uint8Array.of(27, 91, 50, 74)]]))).toThrow('peer id')
  })

  it('the largest entry fits into one frame', () => {
    expect(evidenceLimits.MAX_CERTIFICATE_BYTES + evidenceLimits.MAX_OUTCOME_BYTES + 300).toBeLessThan(65_536)
  })
})
