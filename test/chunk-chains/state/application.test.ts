import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { equalBytes } from '../../../src/base/index.ts'
import { type BlockContent, stateRoot } from '../../../src/chain/index.ts'
import { limits } from '../../../src/chunk-chains/limits.ts'
import { chunkApplication } from '../../../src/chunk-chains/state/application.ts'
import { replicaGroup } from '../../../src/chunk-chains/state/descriptor.ts'
import { verifySigned } from '../../../src/chunk-chains/state/signed.ts'
import { type ChunkState, recordedIn, totalsOf } from '../../../src/chunk-chains/state/state.ts'
import {
  type ChunkTransaction,
  decodeTransaction,
  encodeTransaction,
} from '../../../src/chunk-chains/state/transactions.ts'
import { ed25519, ed25519Signer, sha256 } from '../../../src/crypto/index.ts'
import { parseName, type Question } from '../../../src/dns/index.ts'
import {
  buildDiffering,
  type Certificate,
  type Content,
  contentDigest,
  type Outcome,
  seenSet,
  type UnsignedObservation,
} from '../../../src/evidence/index.ts'
import { memberId } from '../../chunks/ring-parts.ts'
import { answer, nothing, paper } from '../../chunks/world.ts'
import { CHUNK, CHUNK_BITS, namesOf } from '../world.ts'

const NOW = 1_800_000_000_000
const signers = Array.from({ length: 5 }, (_, i) => ed25519Signer(sha256(Uint8Array.of(0xa9, i))))
const outsiders = Array.from({ length: 3 }, (_, i) => ed25519Signer(sha256(Uint8Array.of(0xaa, i))))
const members = signers.map(({ publicKey }) => ({ id: memberId(publicKey, new Uint8Array()), publicKey }))
const group = replicaGroup('world', { first: CHUNK, count: 1 }, 5, members)
const application = chunkApplication(group, CHUNK_BITS, { scheme: ed25519, verifySigned })
const [question, other] = namesOf(CHUNK, 2) as [Question, Question]

function certificate(
  outcome: Outcome,
  when = NOW,
  {
    by = signers,
    of = question,
    ...change
  }: Partial<UnsignedObservation> & { by?: typeof signers; of?: Question } = {},
): Certificate {
  const observations = by.map((signer) => paper(signer, of, outcome, when, { when, ...change }))
  return { kind: 'agreed', observations, contents: [] }
}

function add(outcome = answer(question), when = NOW) {
  return { kind: 'add' as const, question, certificate: certificate(outcome, when), outcome }
}

/** Times go up by themselves. */
class Chain {
  state: ChunkState = application.initial()
  height = 1
  time = NOW

  content(transactions: readonly ChunkTransaction[], time = this.time): BlockContent {
    return {
      height: this.height,
      time,
      proposer: new Uint8Array(32),
      extension: new Uint8Array(),
      transactions: transactions.map(encodeTransaction),
    }
  }

  /** Why it was refused; undefined: it was not. */
  apply(transactions: readonly ChunkTransaction[], time = this.time + 1): string | undefined {
    const content = this.content(transactions, time)
    const applied = application.apply(this.state, content)
    const fault = application.fault(this.state, content)
    expect(applied === undefined).toBe(fault !== undefined)
    if (applied === undefined) return fault
    this.state = applied.state
    this.height++
    this.time = time
    return undefined
  }
}

const hour = 3_600_000

describe('the application of a chunk chain', () => {
  it('adds, renews, updates and removes an entry by its certificates', () => {
    const chain = new Chain()
    const [first, second] = [answer(question, [1]), answer(question, [2])]
    const old = contentDigest(question, first)
    expect(chain.apply([add(first)])).toBeUndefined()
    const renewed = certificate(first, NOW + 60_000)
    expect(chain.apply([{ kind: 'renew', old, question, certificate: renewed, outcome: first }], NOW + 61_000)).toBe(
      undefined,
    )
    const changed = certificate(second, NOW + 120_000)
    expect(chain.apply([{ kind: 'update', old, question, certificate: changed, outcome: second }], NOW + 121_000)).toBe(
      undefined,
    )
    const record = recordedIn(chain.state, question)!
    expect(record).toMatchObject({ class: 'agreed', height: 3, seen: NOW + 120_000, expires: NOW + 420_000 })
    const remove: ChunkTransaction = { kind: 'remove', question, old: record.digest }
    expect(chain.apply([remove], NOW + 300_000)).toMatch(/not expired for long enough/)
    expect(chain.apply([remove], NOW + 500_000)).toMatch(/not expired for long enough/)
    expect(totalsOf(chain.state)).toMatchObject({ height: 3, first: NOW + 1, last: NOW + 121_000 })
    expect(chain.apply([remove], NOW + 2 * hour)).toBeUndefined()
    expect(recordedIn(chain.state, question)).toBeUndefined()
  })

  it.each<[string, () => ChunkTransaction, RegExp]>([
    [
      'too few signers',
      () => ({ ...add(), certificate: certificate(answer(question), NOW, { by: signers.slice(0, 2) }) }),
      /too-few/,
    ],
    [
      'signers of no seat',
      () => ({ ...add(), certificate: certificate(answer(question), NOW, { by: outsiders }) }),
      /too-few/,
    ],
    [
      'one signer three times',
      () => ({
        ...add(),
        certificate: certificate(answer(question), NOW, { by: [signers[0]!, signers[0]!, signers[0]!] }),
      }),
      /repeated/,
    ],
    ['another content than was signed', () => ({ ...add(), outcome: answer(question, [66]) }), /wrong-outcome/],
    ['another question', () => ({ ...add(), question: other }), /owner differs/],
    [
      'another ring',
      () => ({ ...add(), certificate: certificate(answer(question), NOW, { ringId: 'elsewhere' }) }),
      /wrong-ring/,
    ],
    ['an expired certificate', () => add(answer(question), NOW - hour), /expired/],
    ['observations from the future', () => add(answer(question), NOW + hour), /too-few/],
    [
      'a private address',
      () => {
        const outcome = answer(question)
        if (outcome.kind !== 'rrset') throw new Error('an address was wanted')
        const inside = { ...outcome, rrset: { ...outcome.rrset, rdatas: [Uint8Array.of(10, 0, 0, 1)] } }
        return { ...add(), outcome: inside, certificate: certificate(inside) }
      },
      /private/,
    ],
    [
      'a content that is not recorded',
      () => ({ ...add(), kind: 'update', old: new Uint8Array(32) }),
      /not the recorded/,
    ],
    ['an agreed answer as divergent', () => ({ ...add(), kind: 'diverge', old: undefined }), /another kind/],
  ])('refuses %s', (_, make, reason) => {
    expect(new Chain().apply([make()])).toMatch(reason)
  })

  it('refuses a certificate of another chunk', () => {
    const elsewhere = parseName('elsewhere.example.org')
    const asked = { ...question, name: elsewhere }
    const outcome = { ...answer(asked), apex: parseName('example.org') }
    const moved = {
      kind: 'add',
      question: asked,
      outcome,
      certificate: certificate(outcome, NOW, { of: asked }),
    } as const
    expect(new Chain().apply([moved])).toMatch(/another chunk/)
  })

  it('refuses what was recorded before, as it was and as an older content', () => {
    const chain = new Chain()
    const [first, second] = [answer(question, [1]), answer(question, [2])]
    const old = certificate(first, NOW)
    expect(chain.apply([{ kind: 'add', question, certificate: old, outcome: first }])).toBeUndefined()
    expect(chain.apply([{ kind: 'add', question, certificate: old, outcome: first }])).toMatch(/recorded already/)
    const digest = contentDigest(question, first)
    expect(chain.apply([{ kind: 'renew', old: digest, question, certificate: old, outcome: first }])).toMatch(
      /not seen later/,
    )
    const newer = certificate(second, NOW + 1_000)
    expect(
      chain.apply([{ kind: 'update', old: digest, question, certificate: newer, outcome: second }], NOW + 1_500),
    ).toBeUndefined()
    const back = {
      kind: 'update',
      old: contentDigest(question, second),
      question,
      certificate: old,
      outcome: first,
    } as const
    expect(chain.apply([back], NOW + 2_000)).toMatch(/not seen later/)
    // Compare and set: it was another content by then.
    const late = certificate(nothing(), NOW + 2_000)
    expect(
      chain.apply([{ kind: 'update', old: digest, question, certificate: late, outcome: nothing() }], NOW + 2_500),
    ).toMatch(/not the recorded/)
  })

  it('never lets a former content come back after its successor was removed', () => {
    const chain = new Chain()
    const [first, second] = [answer(question, [1], 7_200), answer(question, [2], 30)]
    // As long as anything is believed, and the successor for half a minute.
    const long = certificate(first, NOW, { ttl: 7_200 })
    expect(chain.apply([{ kind: 'add', question, certificate: long, outcome: first }])).toBeUndefined()
    const short = certificate(second, NOW + 1_000, { ttl: 30 })
    const old = contentDigest(question, first)
    expect(chain.apply([{ kind: 'update', old, question, certificate: short, outcome: second }], NOW + 1_001)).toBe(
      undefined,
    )
    const remove: ChunkTransaction = { kind: 'remove', question, old: contentDigest(question, second) }
    const again: ChunkTransaction = { kind: 'add', question, certificate: long, outcome: first }
    // The successor has expired, the former content has not.
    expect(chain.apply([remove, again], NOW + 60_000)).toMatch(/not expired for long enough/)
    expect(chain.apply([remove, again], NOW + hour + 1_000)).toMatch(/not expired for long enough/)
    expect(chain.apply([remove, again], NOW + hour + 1_001)).toMatch(/transaction 1: expired/)
    expect(chain.apply([remove], NOW + hour + 1_001)).toBeUndefined()
  })

  it('records what rotates and what diverges by certificates of their kinds', () => {
    const context = {
      ringId: 'world',
      chunk: CHUNK,
      question,
      replicas: signers.map(({ publicKey }) => publicKey),
      n: 5,
      now: NOW + 5_000,
      scheme: ed25519,
    }
    const seen = (last: readonly number[]) => {
      const outcome = answer(question, last)
      if (outcome.kind !== 'rrset') throw new Error('addresses were wanted')
      return { outcome, set: seenSet(outcome.rrset) }
    }
    // Each sees another address, in each of three rounds.
    const views = signers.map((signer, i) => ({ signer, ...seen([10 + i]) }))
    const different = buildDiffering(
      'divergent',
      [0, 1, 2].flatMap((round) =>
        views.map(({ signer, outcome }) =>
          paper(signer, question, outcome, NOW + round, { nonce: new Uint8Array(16).fill(round) }),
        ),
      ),
      views.map(({ set }) => set),
      context,
    )!
    const chain = new Chain()
    expect(chain.apply([add(answer(question, [1]), NOW - 1_000)])).toBeUndefined()
    const marker: Content = { kind: 'divergent', apex: parseName('example.com'), proofs: [] }
    const diverge: ChunkTransaction = {
      kind: 'diverge',
      old: contentDigest(question, answer(question, [1])),
      question,
      certificate: different.certificate,
      outcome: marker,
    }
    expect(chain.apply([{ ...diverge, kind: 'update', old: diverge.old! }], NOW + 6_000)).toMatch(/another kind/)
    expect(chain.apply([diverge], NOW + 6_000)).toBeUndefined()
    expect(recordedIn(chain.state, question)).toMatchObject({ class: 'divergent', height: 2 })

    // All see the three addresses, two at a time.
    const turns = [seen([1, 2]), seen([2, 3]), seen([1, 3])]
    const rotating = buildDiffering(
      'rotating',
      turns.flatMap(({ outcome }, round) =>
        signers.map((signer) =>
          paper(signer, question, outcome, NOW + 10_000 + round, { nonce: new Uint8Array(16).fill(round) }),
        ),
      ),
      turns.map(({ set }) => set),
      { ...context, now: NOW + 12_000 },
    )!
    const renewed: ChunkTransaction = {
      kind: 'update',
      old: contentDigest(question, marker),
      question,
      certificate: rotating.certificate,
      outcome: seen([1, 2, 3]).outcome,
    }
    expect(chain.apply([renewed], NOW + 12_000)).toBeUndefined()
    expect(recordedIn(chain.state, question)).toMatchObject({ class: 'rotating', height: 3 })
    const forged = { ...renewed, outcome: seen([1, 2, 3, 66]).outcome }
    expect(application.admits(application.initial(), encodeTransaction({ ...forged, kind: 'add' }))).toBe(false)
  })

  it('refuses two changes of one question that do not follow from each other, and takes two that do', () => {
    const chain = new Chain()
    const [first, second] = [answer(question, [1]), answer(question, [2])]
    expect(chain.apply([add(first), add(second, NOW + 1)])).toMatch(/transaction 1: recorded already/)
    const update: ChunkTransaction = {
      kind: 'update',
      old: contentDigest(question, first),
      question,
      certificate: certificate(second, NOW + 1),
      outcome: second,
    }
    expect(chain.apply([add(first), update])).toBeUndefined()
  })

  it('is full after a day, or after so many blocks or bytes, and then admits nothing', () => {
    const chain = new Chain()
    expect(chain.apply([add()])).toBeUndefined()
    expect(chain.apply([], chain.time + limits.MAX_CHAIN_MS - 2)).toBeUndefined()
    expect(chain.apply([], NOW + 1 + limits.MAX_CHAIN_MS)).toMatch(/full/)
    const fresh = {
      ...add(answer(other)),
      question: other,
      certificate: certificate(answer(other), NOW + 2 * hour, { of: other }),
    }
    const short = new Chain()
    expect(short.apply([add()])).toBeUndefined()
    expect(application.admits(short.state, encodeTransaction(fresh))).toBe(true)
    const late = { ...fresh, certificate: certificate(answer(other), NOW + 25 * hour, { of: other }) }
    expect(application.admits(short.state, encodeTransaction(late))).toBe(false)
  })

  it('builds only what it applies, and leaves the rest', () => {
    const chain = new Chain()
    const bad = { ...add(answer(question, [9])), certificate: certificate(answer(question, [8])) }
    const pool = [bad, add(), add(answer(question, [3]))].map(encodeTransaction)
    const built = application.build(chain.state, {
      height: 1,
      time: NOW + 5,
      transactions: [...pool, Uint8Array.of(1)],
    })
    expect(built.transactions).toEqual([pool[1]])
  })

  it('brings its state back from a snapshot, and takes none that is damaged', () => {
    const chain = new Chain()
    chain.apply([add()])
    const bytes = application.snapshot(chain.state)
    expect(stateRoot(application.restore(bytes)!)).toEqual(stateRoot(chain.state))
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const damaged = bytes.slice()
        damaged[at]! ^= flip
        const restored = application.restore(damaged)
        return restored === undefined || !equalBytes(stateRoot(restored), stateRoot(chain.state))
      }),
      { numRuns: 300 },
    )
  })
})

describe('a transaction', () => {
  it('has one form, and comes back equal', () => {
    const digest = new Uint8Array(32).fill(3)
    const outcome = nothing()
    const proven = { question, certificate: certificate(outcome), outcome }
    const all: ChunkTransaction[] = [
      { kind: 'add', ...proven },
      { kind: 'update', old: digest, ...proven },
      { kind: 'renew', old: digest, ...proven },
      { kind: 'remove', old: digest, question },
      { kind: 'diverge', old: undefined, ...proven },
      { kind: 'diverge', old: digest, ...proven },
    ]
    for (const one of all) {
      const bytes = encodeTransaction(one)
      expect(encodeTransaction(decodeTransaction(bytes))).toEqual(bytes)
      const shouted = { ...one, question: { ...one.question, name: parseName('W0.EXAMPLE.com') } }
      expect(encodeTransaction(shouted)).toEqual(
        encodeTransaction({ ...one, question: { ...one.question, name: parseName('w0.example.com') } }),
      )
    }
  })

  it('that is malformed is refused as such, whatever is wrong with it', () => {
    // No signature to spare.
    const outcome = answer(question)
    const certified = certificate(outcome, NOW, { by: signers.slice(0, 3) })
    const bytes = encodeTransaction({ ...add(outcome), certificate: certified })
    const take = (damaged: Uint8Array) => {
      try {
        return decodeTransaction(damaged)
      } catch (error) {
        expect(error).toMatchObject({ code: 'CHUNK_MALFORMED' })
        return undefined
      }
    }
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const damaged = bytes.slice()
        damaged[at]! ^= flip
        const read = take(damaged)
        if (read === undefined || !application.admits(application.initial(), damaged)) return
        // The TTL of the copy is under no signature, and counts for nothing.
        const chain = new Chain()
        expect(chain.apply([read])).toBeUndefined()
        const honest = new Chain()
        honest.apply([decodeTransaction(bytes)])
        expect(recordedIn(chain.state, question)).toEqual(recordedIn(honest.state, question))
      }),
      { numRuns: 400 },
    )
    fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (junk) => take(junk) === undefined))
  })
})
