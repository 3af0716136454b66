import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareBytes, equalBytes, toHex } from '../../../src/base/index.ts'
import { sortedValidators, type Validator, votingKeyBytes } from '../../../src/chain/index.ts'
import { type CborValue, type Signer, sha256 } from '../../../src/crypto/index.ts'
import {
  ACCOUNTS,
  ADMISSION,
  AUTHORITY,
  accounts,
  admission,
  authority,
  chooseSeats,
  endorsePayload,
  networkNodeOf,
  networkNodes,
  nodeVotePayload,
  resignPayload,
  scoreOf,
  stepTowards,
  verifiedAfter,
  votingKeyPayload,
  withdrawPayload,
} from '../../../src/ledger/index.ts'
import { chainId } from '../../chain/one.ts'
import {
  alice,
  applicant,
  DONE,
  firstOf,
  genesisOf,
  NOT_ALLOWED,
  SIGNATURE,
  signerOf,
  TAKEN,
} from './admission-world.ts'
import { ledgerBlocks } from './ledger-blocks.ts'

const EPOCH = 10

/** Four registries with seats, on the Root chain. */
function world({ n = 4, seats = 7, chainName = 'root' } = {}) {
  const { genesis, validators } = genesisOf(n, EPOCH)
  const keys = validators.map((_, i) => signerOf(`voting key ${i}`))
  const set = sortedValidators(
    validators.map(({ ringKey }, i) => ({ id: sha256(ringKey), publicKey: keys[i]!.publicKey })),
  )
  const nodes = validators.map(({ account, ringKey }, i) => [account.publicKey, 0, ringKey, keys[i]!.publicKey])
  const blocks = ledgerBlocks({
    modules: [accounts, admission, authority],
    validators: set,
    chainName,
    genesis: new Map<number, CborValue>([
      [ACCOUNTS, null],
      [ADMISSION, genesis],
      [AUTHORITY, [EPOCH, seats, nodes]],
    ]),
  })
  return {
    ...blocks,
    members: validators.map(({ account }) => account),
    ids: validators.map(({ ringKey }) => sha256(ringKey)),
  }
}

const newcomer = applicant('newcomer')
const add = { kind: 'add', account: newcomer.account.publicKey, role: 'registry' } as const

function bringKey(id: Uint8Array, key: Signer) {
  return votingKeyPayload(key.publicKey, key.sign(votingKeyBytes(chainId, { id, publicKey: key.publicKey })))
}

/** A world in which the newcomer is endorsed, voted in, and has brought its key. */
function withNewcomer(options: Parameters<typeof world>[0] = {}) {
  const chain = world(options)
  chain.codes([alice, endorsePayload(0, newcomer.account.publicKey, firstOf(newcomer, alice, chain.now()))])
  for (const member of chain.members.slice(0, 3)) expect(chain.codes([member, nodeVotePayload(add)])).toEqual([DONE])
  const key = signerOf('newcomer voting')
  const id = sha256(newcomer.machine.publicKey)
  expect(chain.codes([newcomer.account, bringKey(id, key)])).toEqual([DONE])
  return { ...chain, id, key }
}

const isIn = (set: readonly Validator[], id: Uint8Array) => set.some((one) => equalBytes(one.id, id))

describe('network nodes', () => {
  it('are joined by whom more than half of all vote in, each with one vote (N32, N34)', () => {
    const chain = world()
    const vote = (by: Signer) => chain.codes([by, nodeVotePayload(add)])[0]
    const [a, b, c] = chain.members as [Signer, Signer, Signer]
    expect(vote(a)).toBe(NOT_ALLOWED)
    chain.codes([alice, endorsePayload(0, newcomer.account.publicKey, firstOf(newcomer, alice, chain.now()))])
    for (const one of [a, a, a, b]) expect(vote(one)).toBe(DONE)
    expect(networkNodeOf(chain.state(), newcomer.account.publicKey)).toBeUndefined()
    expect(vote(newcomer.account)).toBe(NOT_ALLOWED)
    expect(vote(alice)).toBe(NOT_ALLOWED)
    expect(vote(c)).toBe(DONE)
    expect(networkNodeOf(chain.state(), newcomer.account.publicKey)).toMatchObject({
      role: 'registry',
      voting: undefined,
    })
    expect(vote(b)).toBe(NOT_ALLOWED)
  })

  it('have the roles of their chain, and who leads reviews has neither vote nor seat (D1)', () => {
    const chain = world({ chainName: 'p2p' })
    chain.codes([alice, endorsePayload(0, newcomer.account.publicKey, firstOf(newcomer, alice, chain.now()))])
    const [a, b, c] = chain.members as [Signer, Signer, Signer]
    const subject = { ...add, role: 'regulator' } as const
    expect(chain.codes([a, nodeVotePayload({ ...add, role: 'coordinator' })])).toEqual([NOT_ALLOWED])
    for (const one of [a, b, c]) expect(chain.codes([one, nodeVotePayload(subject)])).toEqual([DONE])
    const { account } = newcomer
    expect(chain.codes([account, nodeVotePayload({ kind: 'remove', account: a.publicKey })])).toEqual([NOT_ALLOWED])
    expect(chain.codes([account, bringKey(sha256(newcomer.machine.publicKey), signerOf('k'))])).toEqual([NOT_ALLOWED])
  })

  it('bring a voting key that they hold, and that was never one before', () => {
    const chain = withNewcomer()
    const other = signerOf('another key')
    expect(chain.codes([newcomer.account, votingKeyPayload(other.publicKey, other.sign(new Uint8Array(1)))])).toEqual([
      SIGNATURE,
    ])
    expect(chain.codes([chain.members[0]!, bringKey(chain.ids[0]!, chain.key)])).toEqual([TAKEN])
    expect(chain.codes([newcomer.account, bringKey(chain.id, other)])).toEqual([DONE])
    expect(chain.codes([newcomer.account, bringKey(chain.id, chain.key)])).toEqual([TAKEN])
    expect(chain.codes([newcomer.account, bringKey(chain.id, other)])).toEqual([DONE])
  })

  it('validate from the next epoch on when they have a key and there is a seat', () => {
    const chain = withNewcomer()
    expect(isIn(chain.decided(), chain.id)).toBe(false)
    chain.pass(EPOCH - (chain.height() % EPOCH))
    expect(isIn(chain.decided(), chain.id)).toBe(true)
    chain.pass(2)
    expect(isIn(chain.validators(), chain.id)).toBe(true)
  })

  it('change their key two heights ahead, and the old one is out of the set', () => {
    const chain = world()
    const key = signerOf('a fresh key')
    expect(chain.codes([chain.members[1]!, bringKey(chain.ids[1]!, key)])).toEqual([DONE])
    const entry = () => chain.decided().find(({ id }) => equalBytes(id, chain.ids[1]!))
    expect(toHex(entry()!.publicKey)).toBe(toHex(key.publicKey))
    expect(chain.decided()).toHaveLength(4)
  })

  it('are removed by more than half of all, with their seat; and when their organisation leaves the list', () => {
    const chain = withNewcomer()
    chain.pass(EPOCH)
    const out = { kind: 'remove', account: chain.members[0]!.publicKey } as const
    for (const one of chain.members.slice(1, 4)) expect(chain.codes([one, nodeVotePayload(out)])).toEqual([DONE])
    expect(isIn(chain.decided(), chain.ids[0]!)).toBe(false)
    expect(chain.codes([alice, withdrawPayload(0, newcomer.account.publicKey)])).toEqual([DONE])
    chain.pass(EPOCH)
    expect(isIn(chain.decided(), chain.id)).toBe(false)
    expect(chain.decided()).toHaveLength(3)
  })

  it('may resign', () => {
    const chain = world()
    expect(chain.codes([chain.members[0]!, resignPayload()])).toEqual([DONE])
    expect(isIn(chain.decided(), chain.ids[0]!)).toBe(false)
  })
})

describe('who signed two things for one place', () => {
  it('has no seat and no vote from that block on, and old evidence does not count again once it is voted back in (N15)', () => {
    const chain = world()
    const [a, b, c, d] = chain.members as [Signer, Signer, Signer, Signer]
    chain.codes([alice, endorsePayload(0, newcomer.account.publicKey, firstOf(newcomer, alice, chain.now()))])
    expect(chain.codes([a, nodeVotePayload(add)], [b, nodeVotePayload(add)])).toEqual([DONE, DONE])
    const accused = [{ id: chain.ids[0]!, height: chain.height() }]
    chain.block([], { accused })
    expect(isIn(chain.decided(), chain.ids[0]!)).toBe(false)
    expect(chain.codes([a, nodeVotePayload(add)])).toEqual([NOT_ALLOWED])
    // Of three nodes two are needed, and the vote of a is gone.
    expect(networkNodeOf(chain.state(), newcomer.account.publicKey)).toBeUndefined()
    expect(chain.codes([c, nodeVotePayload(add)])).toEqual([DONE])
    expect(networkNodeOf(chain.state(), newcomer.account.publicKey)).toBeDefined()
    const back = { kind: 'add', account: a.publicKey, role: 'registry' } as const
    for (const one of [b, c, d]) chain.codes([one, nodeVotePayload(back)])
    expect(networkNodeOf(chain.state(), a.publicKey)).toBeDefined()
    chain.block([], { accused })
    expect(networkNodeOf(chain.state(), a.publicKey)).toBeDefined()
    // Its old key never comes again.
    expect(chain.codes([a, bringKey(chain.ids[0]!, signerOf('voting key 0'))])).toEqual([TAKEN])
  })
})

describe('who signs nothing for an epoch', () => {
  it('loses its seat until it brings its key again; but not more than a third at once', () => {
    const chain = world()
    chain.pass(2 * EPOCH, { silent: (id) => equalBytes(id, chain.ids[2]!) })
    expect(isIn(chain.decided(), chain.ids[2]!)).toBe(false)
    chain.pass(2 * EPOCH)
    expect(isIn(chain.decided(), chain.ids[2]!)).toBe(false)
    expect(chain.codes([chain.members[2]!, bringKey(chain.ids[2]!, signerOf('voting key 2'))])).toEqual([DONE])
    chain.pass(EPOCH)
    expect(isIn(chain.decided(), chain.ids[2]!)).toBe(true)
    const all = world()
    all.pass(3 * EPOCH, { silent: () => true })
    expect(all.decided().length).toBeGreaterThan(2)
  })
})

describe('scores', () => {
  it('grow with age and with blocks that were verified, up to a bound (N11, M18)', () => {
    fc.assert(
      fc.property(fc.nat(1_000), fc.nat(800), fc.nat(100), (ageEpochs, verified, signed) => {
        const score = scoreOf({ ageEpochs, verified })
        expect(scoreOf({ ageEpochs: ageEpochs + 1, verified })).toBeGreaterThanOrEqual(score)
        expect(score).toBeLessThanOrEqual(128)
        const after = verifiedAfter(verified, { signed, blocks: 100 })
        expect(after).toBeLessThanOrEqual(800)
        expect(verifiedAfter(verified, { signed: signed + 1, blocks: 100 })).toBeGreaterThanOrEqual(after)
        const idle = verifiedAfter(verified, undefined)
        expect(idle).toBeGreaterThanOrEqual(verified)
        expect(idle).toBeLessThanOrEqual(800)
      }),
    )
  })

  it('give everybody a turn among those who are equally good, and nobody a seat who is worse (D1)', () => {
    const account = (i: number) => sha256(Uint8Array.of(i))
    let seated: Uint8Array[] = []
    const turns = new Map<string, number>()
    const served = new Map<string, number>()
    for (let epoch = 0; epoch < 200; epoch++) {
      const candidates = Array.from({ length: 21 }, (_, i) => ({
        account: account(i),
        score: i === 20 ? 1 : 128,
        isSeated: seated.some((one) => equalBytes(one, account(i))),
        turn: turns.get(toHex(account(i))) ?? 0,
      }))
      const next = chooseSeats(candidates, 8)
      expect(next).toHaveLength(8)
      for (const { account: one, isSeated } of candidates) {
        const isNow = next.some((other) => equalBytes(one, other))
        if (isNow !== isSeated) turns.set(toHex(one), epoch)
        if (isNow) served.set(toHex(one), (served.get(toHex(one)) ?? 0) + 1)
      }
      if (epoch > 0) expect(next.filter((one) => !seated.some((other) => equalBytes(one, other)))).toHaveLength(1)
      seated = next
    }
    expect(served.get(toHex(account(20)))).toBeUndefined()
    const counts = [...served.values()]
    expect(counts).toHaveLength(20)
    expect(Math.min(...counts)).toBeGreaterThan(64)
    expect(Math.max(...counts)).toBeLessThan(100)
  })

  it('decide who has one of few seats, in turns', () => {
    const chain = withNewcomer({ n: 4, seats: 4 })
    const had = new Set<string>()
    for (let i = 0; i < 90; i++) {
      chain.pass(EPOCH)
      expect(chain.decided()).toHaveLength(4)
      for (const { id } of chain.decided()) had.add(toHex(id))
    }
    expect(had.size).toBe(5)
    expect(networkNodes(chain.state()).filter(({ isSeated }) => isSeated)).toHaveLength(4)
  })
})

describe('steps from a set to another', () => {
  const validator = fc
    .tuple(fc.nat(11), fc.nat(2))
    .map(([id, key]) => ({ id: sha256(Uint8Array.of(id)), publicKey: sha256(Uint8Array.of(id, key)) }))
  const set = fc
    .uniqueArray(validator, { minLength: 1, maxLength: 10, selector: ({ id }) => toHex(id) })
    .map((all) => sortedValidators(all))
  const same = (a: readonly Validator[], b: readonly Validator[]) =>
    a.length === b.length &&
    a.every((one, i) => compareBytes(one.id, b[i]!.id) === 0 && compareBytes(one.publicKey, b[i]!.publicKey) === 0)

  it('change no more than the chain allows, never empty it, and arrive', () => {
    fc.assert(
      fc.property(set, set, (from, to) => {
        let current: readonly Validator[] = from
        for (let i = 0; i < 100; i++) {
          const next = stepTowards(current, to)
          if (next === undefined) break
          expect(next.length).toBeGreaterThan(0)
          const most = Math.max(1, Math.floor((current.length - 1) / 3))
          expect(next.filter((one) => !current.some((other) => same([one], [other]))).length).toBeLessThanOrEqual(most)
          expect(current.filter((one) => !next.some((other) => same([one], [other]))).length).toBeLessThanOrEqual(most)
          current = next
        }
        expect(same(current, to)).toBe(true)
      }),
    )
  })
})
