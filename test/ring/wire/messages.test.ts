import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { asRingId, baseLimits, isChordnsError, toHex } from '../../../src/base/index.ts'
import { type CborValue, decodeCanonical, encodeCanonical } from '../../../src/crypto/index.ts'
import { idFromBytes } from '../../../src/ring/chord/ids.ts'
import { limits } from '../../../src/ring/limits.ts'
import { signAccusation } from '../../../src/ring/members/accusations.ts'
import { BUCKETS, DIGEST_BYTES } from '../../../src/ring/members/digest.ts'
import { signClaim, signInvitation, signRevocation, signUse } from '../../../src/ring/members/invitations.ts'
import { signEntry } from '../../../src/ring/members/member.ts'
import type { InvitationStatement } from '../../../src/ring/types.ts'
import { BRIEF_DIGITS, BRIEF_SPAN_MS } from '../../../src/ring/wire/brief.ts'
import { decodeReply, decodeRequest } from '../../../src/ring/wire/decode.ts'
import { encodeMessage } from '../../../src/ring/wire/encode.ts'
import { type BriefRow, fitting, type RingReply, type RingRequest } from '../../../src/ring/wire/messages.ts'
import { keyOf, scheme } from '../world.ts'

const id = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(idFromBytes)
const optionalId = fc.option(id, { nil: undefined })
const summary = fc.uint8Array({ minLength: DIGEST_BYTES, maxLength: DIGEST_BYTES })
const stamp = fc.uint8Array({ minLength: 8, maxLength: 8 })
const hint = fc.uint8Array({ minLength: 8, maxLength: 8 }).map(toHex)
const range = fc.array(fc.constantFrom(...'0123456789abcdef'), { maxLength: 12 }).map((digits) => digits.join(''))
const entry = fc.record({ name: fc.nat(), incarnation: fc.maxSafeNat() }).map(({ name, incarnation }) =>
  signEntry('home', scheme.signer(keyOf(name)), {
    salt: new Uint8Array(),
    addresses: [`/ip4/192.0.2.1/tcp/${name % 65_536}`],
    status: 'alive',
    incarnation,
  }),
)
const accusation = fc
  .tuple(entry, fc.nat())
  .map(([accused, name]) => signAccusation('home', scheme.signer(keyOf(name)), accused))
const entries = fc.array(entry, { maxLength: 4 })

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const digest = bytes(limits.STATEMENT_DIGEST_BYTES)
const marks = fc.array(bytes(limits.STATEMENT_MARK_BYTES), { maxLength: 9 })
const AT = 1_800_000_000_000
const statement: fc.Arbitrary<InvitationStatement> = fc
  .record({ id: bytes(8), uses: fc.integer({ min: 1, max: 256 }), term: fc.integer({ min: 1, max: 30 * 86_400_000 }) })
  .chain(({ id, uses, term }) => {
    const inviter = scheme.signer(keyOf('inviter'))
    const invitation = signInvitation('home', inviter, { id, uses, at: AT, expires: AT + term })
    const claim = signClaim('home', inviter, invitation)
    return fc.constantFrom<InvitationStatement>(
      signUse('home', inviter, { invitation, machine: inviter.publicKey, claim, at: AT }),
      signRevocation('home', inviter, invitation, AT),
    )
  })

/** Signed ones first, at most two hours apart, as they are told; then those of the dead. */
const briefRows: fc.Arbitrary<BriefRow[]> = fc
  .record({
    base: fc.integer({ min: BRIEF_SPAN_MS, max: 2 ** 48 - 1 }),
    signed: fc.array(
      fc.record({
        hint: bytes(BRIEF_DIGITS / 2).map(toHex),
        age: fc.nat({ max: BRIEF_SPAN_MS }),
        status: fc.constantFrom('alive' as const, 'left' as const),
        signature: bytes(64),
      }),
      { maxLength: 4 },
    ),
    dead: fc.array(
      fc.record({
        hint,
        incarnation: fc.nat({ max: 2 ** 48 - 1 }),
        status: fc.constant('dead' as const),
        accusers: fc.array(fc.record({ hint, signature: bytes(64) }), { minLength: 1, maxLength: 8 }),
      }),
      { maxLength: 2 },
    ),
  })
  .filter(({ signed, dead }) => signed.length + dead.length > 0)
  .map(({ base, signed, dead }) => [...signed.map(({ age, ...row }) => ({ ...row, incarnation: base - age })), ...dead])

const request: fc.Arbitrary<RingRequest> = fc.oneof(
  fc.record({ type: fc.constant('ping' as const) }),
  fc.record({ type: fc.constant('ask-state' as const), summary }),
  fc.record({ type: fc.constant('ask-state' as const), summary, seen: stamp }),
  fc.record({
    type: fc.constant('push' as const),
    entries,
    accusations: fc.constant([]),
    until: hint.map((digits) => asRingId(digits.padEnd(64, '0'))),
    brief: briefRows,
  }),
  fc.record({ type: fc.constant('reconcile' as const), ranges: fc.array(fc.record({ range, fingerprint: stamp })) }),
  fc.record({
    type: fc.constant('compare' as const),
    buckets: fc.constant([]),
    pairs: fc.constant([]),
    hints: fc.array(hint, { maxLength: 9 }),
  }),
  fc.record({ type: fc.constant('ask-page' as const), entry, after: optionalId, recent: fc.boolean() }),
  fc.record({ type: fc.constant('ask-page' as const), entry, after: optionalId, bare: fc.boolean() }),
  fc.record({ type: fc.constant('notify' as const), entry }),
  fc.record({ type: fc.constant('push' as const), entries, accusations: fc.array(accusation, { maxLength: 3 }) }),
  fc.record({
    type: fc.constant('push' as const),
    entries,
    accusations: fc.constant([]),
    statements: fc.array(statement, { minLength: 1, maxLength: 3 }),
  }),
  fc.record({ type: fc.constant('reconcile' as const), ranges: fc.constant([]), statements: digest }),
  fc.record({ type: fc.constant('ask-statements' as const), marks }),
  fc.record({ type: fc.constant('ask-page' as const), entry, after: optionalId }),
  fc.record({ type: fc.constant('ask-digests' as const), summary }),
  fc.record({
    type: fc.constant('compare' as const),
    buckets: fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 9 }),
    pairs: fc.array(fc.record({ id, incarnation: fc.maxSafeNat() }), { maxLength: 9 }),
  }),
)

const reply: fc.Arbitrary<RingReply> = fc.oneof(
  fc.record({ type: fc.constant('ranges' as const), answers: fc.constant([]), statements: digest }),
  fc.record({
    type: fc.constant('statements' as const),
    statements: fc.array(statement, { maxLength: 3 }),
    wanted: marks,
  }),
  fc.record({ type: fc.constant('unchanged' as const), member: fc.boolean(), busy: fc.boolean(), summary }),
  fc.record({
    type: fc.constant('ranges' as const),
    answers: fc.array(
      fc.oneof(
        fc.constant({ kind: 'same' as const }),
        fc.record({
          kind: fc.constant('split' as const),
          fingerprints: fc.uint8Array({ minLength: 128, maxLength: 128 }),
        }),
        fc.record({
          kind: fc.constant('rows' as const),
          marks: fc.array(fc.record({ hint, incarnation: fc.maxSafeNat() }), { maxLength: 9 }),
        }),
      ),
      { maxLength: 9 },
    ),
  }),
  fc.record({ type: fc.constant('ok' as const) }),
  fc.record({
    type: fc.constant('state' as const),
    member: fc.boolean(),
    busy: fc.boolean(),
    id,
    predecessor: optionalId,
    successors: fc.array(id, { maxLength: 16 }),
    summary,
    entries,
  }),
  fc.record({ type: fc.constant('page' as const), member: fc.boolean(), self: entry, entries, next: optionalId }),
  fc.record({
    type: fc.constant('digests' as const),
    digests: fc.option(fc.uint8Array({ minLength: BUCKETS * DIGEST_BYTES, maxLength: BUCKETS * DIGEST_BYTES }), {
      nil: undefined,
    }),
  }),
  fc.record({ type: fc.constant('compared' as const), entries, wanted: fc.array(id, { maxLength: 9 }) }),
)

function malformed(run: () => unknown): boolean {
  try {
    run()
    return false
  } catch (error) {
    // Anything else would be a crash that a peer can cause.
    expect(isChordnsError(error, 'RING_MALFORMED')).toBe(true)
    return true
  }
}

describe('ring messages', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(request, (message) => {
        expect(decodeRequest(encodeMessage(message))).toEqual(message)
        expect(malformed(() => decodeReply(encodeMessage(message)))).toBe(true)
      }),
      { numRuns: 80 },
    )
    fc.assert(
      fc.property(reply, (message) => {
        expect(decodeReply(encodeMessage(message))).toEqual(message)
        expect(malformed(() => decodeRequest(encodeMessage(message)))).toBe(true)
      }),
      { numRuns: 80 },
    )
  })

  it('may have fields that this version does not know', () => {
    const map = decodeCanonical(encodeMessage({ type: 'ping' }), { maxBytes: 100 }) as Map<number, never>
    expect(decodeRequest(encodeCanonical(new Map<number, number>([...map, [77, 5]])))).toEqual({ type: 'ping' })
  })

  it('has rows in short as the release before sends them, too', () => {
    const row = [new Uint8Array(8).fill(7), 5, 2, new Uint8Array(64)]
    const fields = new Map<number, CborValue>([
      [0, 1],
      [1, 4],
      [6, [row]],
    ])
    expect(decodeRequest(encodeCanonical(fields))).toMatchObject({
      brief: [{ hint: '07'.repeat(8), incarnation: 5, status: 'left' }],
    })
  })

  it('of another version or type are refused', () => {
    const of = (fields: [number, number][]) => encodeCanonical(new Map<number, number>(fields))
    expect(
      malformed(() =>
        decodeRequest(
          of([
            [0, 2],
            [1, 1],
          ]),
        ),
      ),
    ).toBe(true)
    expect(
      malformed(() =>
        decodeRequest(
          of([
            [0, 1],
            [1, 63],
          ]),
        ),
      ),
    ).toBe(true)
    expect(malformed(() => decodeRequest(of([[1, 1]])))).toBe(true)
  })

  it('that are mutated are read or refused, and nothing else happens', () => {
    let refused = 0
    fc.assert(
      fc.property(
        fc.oneof(request, reply),
        fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 }),
        (message, edits) => {
          const bytes = encodeMessage(message as RingRequest)
          for (const [at, byte] of edits) bytes[at % bytes.length] = byte
          if (malformed(() => decodeRequest(bytes))) refused += 1
          malformed(() => decodeReply(bytes))
          malformed(() => decodeRequest(bytes.subarray(0, edits[0]![0] % bytes.length)))
        },
      ),
      { numRuns: 400 },
    )
    expect(refused).toBeGreaterThan(100)
  })

  it('have bounds on every list', () => {
    const one = signEntry('home', scheme.signer(keyOf(1)), {
      salt: new Uint8Array(),
      addresses: [],
      status: 'alive',
      incarnation: 1,
    })
    const pairs = Array.from({ length: limits.MAX_PAIRS + 1 }, () => ({ id: one.id, incarnation: 1 }))
    expect(malformed(() => decodeRequest(encodeMessage({ type: 'compare', buckets: [], pairs })))).toBe(true)
    expect(malformed(() => decodeRequest(encodeMessage({ type: 'compare', buckets: [256], pairs: [] })))).toBe(true)
    const accusations = Array.from({ length: limits.MAX_ACCUSATIONS + 1 }, () =>
      signAccusation('home', scheme.signer(keyOf(2)), one),
    )
    expect(malformed(() => decodeRequest(encodeMessage({ type: 'push', entries: [], accusations })))).toBe(true)
    const entries = Array.from({ length: limits.MAX_ENTRIES + 1 }, () => one)
    expect(malformed(() => decodeRequest(encodeMessage({ type: 'push', entries, accusations: [] })))).toBe(true)
  })

  it('fit a frame at their largest', () => {
    const big = Array.from({ length: 400 }, (_, i) =>
      signEntry('home', scheme.signer(keyOf(i)), {
        salt: new Uint8Array(32),
        addresses: Array.from({ length: 8 }, (_, k) => `/dns4/${'x'.repeat(200)}${k}.example/tcp/4001`),
        status: 'alive',
        incarnation: Number.MAX_SAFE_INTEGER,
      }),
    )
    const small = Array.from({ length: 400 }, (_, i) =>
      signEntry('home', scheme.signer(keyOf(i)), {
        salt: new Uint8Array(),
        addresses: [],
        status: 'alive',
        incarnation: 1,
      }),
    )
    const pairs = Array.from({ length: limits.MAX_PAIRS }, (_, i) => ({
      id: small[i % 400]!.id,
      incarnation: Number.MAX_SAFE_INTEGER,
    }))
    const buckets = Array.from({ length: BUCKETS }, (_, i) => i)
    const accusations = Array.from({ length: limits.MAX_ACCUSATIONS }, () =>
      signAccusation('home', scheme.signer(keyOf(2)), small[0]!),
    )
    for (const message of [
      { type: 'push', entries: fitting(big), accusations } as const,
      { type: 'push', entries: fitting(small), accusations } as const,
      { type: 'compare', buckets, pairs } as const,
    ]) {
      const bytes = encodeMessage(message)
      expect(bytes.length).toBeLessThan(baseLimits.MAX_FRAME_BYTES)
      expect(decodeRequest(bytes)).toEqual(message)
    }
  })
})
