import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ResultCode } from '../../../../src/chain/index.ts'
import { parseName } from '../../../../src/dns/index.ts'
import {
  decodeRecord,
  encodeRecord,
  isNameLabel,
  labelUnder,
  NameCode,
  nameTransferPayload,
  registerPayload,
  releasePayload,
  updatePayload,
} from '../../../../src/ledger/index.ts'
import { namesBy } from '../../../../src/ledger/modules/names/names.ts'
import { nameRules } from '../../../../src/ledger/modules/names/operations.ts'
import { KSK, makeSigningKey } from '../../../dnssec/signing-keys.ts'
import { chainWorld } from '../../chain-world.ts'
import { carrierOf, nameBlocks, ownerOf, settingsOf, text } from './blocks.ts'

const [alice, bob] = [ownerOf('alice'), ownerOf('bob')]
const HOUR = 3_600_000

describe('registering a name', () => {
  it('takes a commit and, two blocks later, a reveal that the owner signed', () => {
    const chain = nameBlocks()
    expect(chain.register(alice)).toBe(ResultCode.DONE)
    expect(chain.record()).toMatchObject({ owner: alice.publicKey, generation: 1, sequence: 0, commit: 1 })
  })

  it('works on a chain of four validators, through any carrier', () => {
    const world = chainWorld({ chainName: 'p2p', heartbeatMs: 10_000 })
    const blocks = nameBlocks()
    const [one, other] = [world.signers[0]!, world.signers[1]!]
    expect(world.run(one, blocks.commit(alice).payload)).toBe(ResultCode.DONE)
    world.settle(30_000)
    expect(world.run(other, blocks.reveal(alice).payload)).toBe(ResultCode.DONE)
    expect(new Set(world.chains.map((chain) => Buffer.from(chain.status().stateRoot).toString('hex'))).size).toBe(1)
  })

  it('refuses a reveal that is early, late, without commit, with another salt, or signed by another', () => {
    const chain = nameBlocks()
    expect(chain.block([chain.reveal(alice)])).toEqual([NameCode.NO_COMMIT])
    chain.block([chain.commit(alice)])
    expect(chain.block([chain.reveal(alice)])).toEqual([NameCode.TOO_EARLY])
    const forged = { by: carrierOf('one'), payload: registerPayload(bob, chain.registration(alice), settingsOf()) }
    expect(chain.block([chain.reveal(alice, { salt: 'other' }), forged])).toEqual([
      NameCode.NO_COMMIT,
      ResultCode.SIGNATURE,
    ])
    expect(chain.block([chain.reveal(alice)], 24 * HOUR)).toEqual([NameCode.NO_COMMIT])
  })

  it('refuses names that are no direct child of the TLD in letters, digits and hyphens, and all names on the Root chain', () => {
    const chain = nameBlocks()
    for (const label of ['Example', '-a', 'a-', 'ab--c', 'a.b', 'a_b', 'xn--'])
      expect(chain.register(alice, label), label).toBe(NameCode.BAD_NAME)
    expect(chain.register(alice, 'xn--bcher-kva')).toBe(ResultCode.DONE)
    expect(nameBlocks({ chainName: 'root' }).register(alice)).toBe(NameCode.BAD_NAME)
  })

  it('takes one form of the settings only', () => {
    const chain = nameBlocks()
    const refused = (settings: ReturnType<typeof settingsOf>) => chain.register(alice, 'example', settings)
    const { ds, servers } = settingsOf()
    expect(refused(settingsOf(undefined, { ds: [] }))).toBe(ResultCode.MALFORMED)
    expect(refused(settingsOf(undefined, { servers: [] }))).toBe(ResultCode.MALFORMED)
    expect(refused(settingsOf(undefined, { servers: [...servers, ...servers] }))).toBe(ResultCode.MALFORMED)
    expect(refused(settingsOf(undefined, { ds: [ds[0]!, ds[0]!] }))).toBe(ResultCode.MALFORMED)
    expect(refused(settingsOf(undefined, { servers: [{ name: servers[0]!.name, addresses: [] }] }))).toBe(
      ResultCode.MALFORMED,
    )
    const long = parseName(`${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(60)}.example.org.`)
    const many = [0, 1, 2].map((i) => ({ name: parseName(`n${i}`, long), addresses: [] }))
    expect(refused(settingsOf(undefined, { servers: many }))).toBe(NameCode.TOO_LARGE)
    expect(chain.record()).toBeUndefined()
  })

  it('forgets commits after a day, and keeps those that were made anew', () => {
    const chain = nameBlocks()
    const empty = chain.state().root()
    for (let i = 0; i < 3; i++) chain.block([chain.commit(alice, { salt: `${i}` })], 1_000)
    expect(chain.state().root()).not.toEqual(empty)
    chain.block([], 24 * HOUR + 10_000)
    chain.block([chain.commit(alice, { salt: '0' })])
    chain.block([])
    expect(chain.block([chain.reveal(alice, { salt: '0' })])).toEqual([ResultCode.DONE])
  })
})

describe('the first commit', () => {
  it('has the name although a later one was revealed before it, and the other has nothing', () => {
    const chain = nameBlocks()
    chain.block([chain.commit(alice)])
    chain.block([chain.commit(bob)])
    chain.block()
    expect(chain.block([chain.reveal(bob)])).toEqual([ResultCode.DONE])
    expect(chain.block([chain.reveal(alice)])).toEqual([ResultCode.DONE])
    expect(chain.record()).toMatchObject({ owner: alice.publicKey, generation: 2 })
    expect(chain.block([chain.reveal(bob)])).toEqual([NameCode.NO_COMMIT])
  })

  it('is the first of two in one block', () => {
    const chain = nameBlocks()
    chain.block([chain.commit(alice), chain.commit(bob)])
    chain.block()
    expect(chain.block([chain.reveal(bob), chain.reveal(alice)])).toEqual([ResultCode.DONE, ResultCode.DONE])
    expect(chain.record()?.owner).toEqual(alice.publicKey)
  })

  it('does not take a registered name once it is older than an hour: nobody holds commits back to take what others register', () => {
    const chain = nameBlocks()
    chain.block([chain.commit(alice)])
    chain.block([chain.commit(bob)], 2 * HOUR)
    chain.block()
    expect(chain.block([chain.reveal(bob)])).toEqual([ResultCode.DONE])
    expect(chain.block([chain.reveal(alice)])).toEqual([ResultCode.TAKEN])
  })

  it('gains a proposer nothing that sees a reveal and holds it back: its own commit is later', () => {
    const chain = nameBlocks()
    const thief = { by: carrierOf('proposer') }
    chain.block([chain.commit(alice)])
    chain.block()
    const reveal = chain.reveal(alice)
    // It copies the reveal, answers it with its own commit, and reveals that as soon as it can, before the first is let in.
    expect(chain.block([chain.commit(bob, thief), chain.reveal(bob, thief)])).toEqual([
      ResultCode.DONE,
      NameCode.TOO_EARLY,
    ])
    chain.block()
    expect(chain.block([chain.reveal(bob, thief), reveal])).toEqual([ResultCode.DONE, ResultCode.DONE])
    expect(chain.record()?.owner).toEqual(alice.publicKey)
  })

  it('serves its owner whoever carries it: a copied commit is nobody else’s', () => {
    const chain = nameBlocks()
    const thief = { by: carrierOf('thief') }
    expect(chain.block([chain.commit(alice, thief), chain.commit(alice)])).toEqual([ResultCode.DONE, ResultCode.TAKEN])
    chain.block()
    expect(chain.block([chain.reveal(alice, thief)])).toEqual([ResultCode.DONE])
    expect(chain.record()?.owner).toEqual(alice.publicKey)
  })
})

/** Any order of commits and reveals of four people, four seconds to ten minutes apart: who has the name when nothing may change any more. */
function race(
  steps: readonly { readonly who: number; readonly reveal: boolean; readonly after: number }[],
  module = namesBy(nameRules),
) {
  const chain = nameBlocks({ module })
  const people = [0, 1, 2, 3].map((i) => ownerOf(`racer ${i}`))
  const committed = new Map<number, { readonly order: number; readonly time: number; readonly block: number }>()
  let best: number | undefined
  steps.forEach(({ who, reveal, after }, block) => {
    const owner = people[who]!
    const say = { label: 'race', salt: `${who}`, by: carrierOf(`${who}`) }
    const [code] = chain.block([reveal ? chain.reveal(owner, say) : chain.commit(owner, say)], after)
    const commit = committed.get(who)
    if (!reveal && commit === undefined && code === 0) committed.set(who, { order: block, time: chain.now(), block })
    if (!reveal || commit === undefined || block - commit.block < 2 || chain.now() - commit.time > 24 * HOUR) return
    const taken = best === undefined ? undefined : committed.get(best)
    const first = taken === undefined || (commit.order < taken.order && chain.now() - commit.time <= HOUR)
    if (first && best !== who) best = who
  })
  const owner = chain.record('race')?.owner
  return { owner, expected: best === undefined ? undefined : people[best]!.publicKey }
}

const step = fc.record({
  who: fc.nat(3),
  reveal: fc.boolean(),
  after: fc.integer({ min: 4_000, max: 600_000 }),
})

describe('any order of commits and reveals', () => {
  it('ends with the one owner whose commit came first', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 4, maxLength: 24 }), (steps) => {
        const { owner, expected } = race(steps)
        expect(owner).toEqual(expected)
      }),
      { numRuns: 60, seed: 13 },
    )
  })

  it('shows a planted bug: the second commit wins', () => {
    const planted = namesBy({ ...nameRules, comesBefore: ({ number }, { commit }) => number > commit })
    const found = fc.check(
      fc.property(fc.array(step, { minLength: 4, maxLength: 24 }), (steps) => {
        const { owner, expected } = race(steps, planted)
        return Buffer.from(owner ?? []).equals(Buffer.from(expected ?? []))
      }),
      { numRuns: 200, seed: 13, endOnFailure: true },
    )
    expect(found.failed).toBe(true)
  })
})

describe('what the owner signs', () => {
  const by = carrierOf('any')

  it('changes keys and servers once, and no other signature does', () => {
    const chain = nameBlocks()
    chain.register(alice)
    const settings = settingsOf(makeSigningKey(13, KSK), { updateByCds: false })
    const payload = updatePayload(alice, chain.place(), settings)
    expect(chain.block([{ by, payload: updatePayload(bob, chain.place(), settings) }])).toEqual([ResultCode.SIGNATURE])
    expect(
      chain.block([
        { by, payload },
        { by, payload },
      ]),
    ).toEqual([ResultCode.DONE, NameCode.SEQUENCE])
    expect(chain.record()).toMatchObject({
      settings: { updateByCds: false, ds: settings.ds },
      sequence: 1,
      generation: 1,
    })
  })

  it('counts on its own chain, for its own name and generation only', () => {
    const chain = nameBlocks()
    chain.register(alice)
    const place = chain.place()
    const wrong = [
      { ...place, chainId: new Uint8Array(32) },
      { ...place, generation: 2 },
    ].map((other) => ({ by, payload: updatePayload(alice, other, settingsOf()) }))
    expect(chain.block(wrong)).toEqual([ResultCode.SIGNATURE, ResultCode.SIGNATURE])
    const other = updatePayload(alice, { ...place, label: text('other') }, settingsOf())
    chain.register(alice, 'other')
    const moved = [other[0], other[1], place.label, ...other.slice(3)] as const
    expect(chain.block([{ by, payload: moved as never }])).toEqual([ResultCode.SIGNATURE])
  })

  it('hands the name over; from then on only the new owner has it, and the old zone key chooses no keys', () => {
    const chain = nameBlocks()
    chain.register(alice)
    const early = nameTransferPayload(alice, chain.place(), bob.publicKey)
    expect(chain.block([{ by, payload: early }])).toEqual([NameCode.CONTESTABLE])
    chain.block([], HOUR)
    expect(chain.block([{ by, payload: nameTransferPayload(bob, chain.place(), bob.publicKey) }])).toEqual([
      ResultCode.SIGNATURE,
    ])
    expect(chain.block([{ by, payload: early }])).toEqual([ResultCode.DONE])
    expect(chain.record()).toMatchObject({
      owner: bob.publicKey,
      generation: 2,
      sequence: 1,
      settings: { updateByCds: false },
    })
    const late = updatePayload(alice, chain.place(), settingsOf())
    expect(chain.block([{ by, payload: late }])).toEqual([ResultCode.SIGNATURE])
    expect(chain.block([{ by, payload: updatePayload(bob, chain.place(), settingsOf()) }])).toEqual([ResultCode.DONE])
  })

  it('gives the name up; the next owner has a new generation, and old statements stay used', () => {
    const chain = nameBlocks()
    chain.register(alice)
    const old = updatePayload(alice, chain.place(), settingsOf())
    expect(chain.block([{ by, payload: releasePayload(alice, chain.place()) }])).toEqual([ResultCode.DONE])
    expect(chain.record()).toMatchObject({ owner: undefined, settings: undefined })
    expect(chain.block([{ by, payload: old }])).toEqual([NameCode.NOT_REGISTERED])
    expect(chain.register(alice)).toBe(ResultCode.DONE)
    expect(chain.record()).toMatchObject({ generation: 2, sequence: 1 })
    expect(chain.block([{ by, payload: old }])).toEqual([NameCode.SEQUENCE])
  })
})

describe('the bytes of a name', () => {
  it('read back what they were made of, and nothing is read that has other bytes', () => {
    const chain = nameBlocks()
    chain.register(alice)
    const record = chain.record()!
    expect(decodeRecord(encodeRecord(record))).toEqual(record)
    expect(encodeRecord(record).length).toBeLessThan(200)
    fc.assert(
      fc.property(fc.nat(encodeRecord(record).length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const bytes = encodeRecord(record)
        bytes[at]! ^= flip
        try {
          expect(encodeRecord(decodeRecord(bytes))).toEqual(bytes)
        } catch (error) {
          expect(error).toMatchObject({ code: 'LEDGER_MALFORMED' })
        }
      }),
      { numRuns: 300, seed: 13 },
    )
  })

  it('know the names of their TLD in any case, and no others', () => {
    expect(labelUnder('p2p', parseName('Example.P2P.'))).toEqual(text('example'))
    for (const name of ['www.example.p2p.', 'example.org.', 'p2p.', '.', '_a.p2p.'])
      expect(labelUnder('p2p', parseName(name)), name).toBeUndefined()
    expect(isNameLabel(text('a'.repeat(63)))).toBe(true)
    expect(isNameLabel(text('a'.repeat(64)))).toBe(false)
  })
})
