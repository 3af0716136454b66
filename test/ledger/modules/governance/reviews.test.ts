import { describe, expect, it } from 'vitest'
import { votingKeyBytes } from '../../../../src/chain/index.ts'
import { sha256 } from '../../../../src/crypto/index.ts'
import {
  complaintsOf,
  GovernanceKind,
  isBackupNode,
  networkNodes,
  nodeVotePayload,
  proposePayload,
  repairedPayload,
  resignPayload,
  transferPayload,
  votingKeyPayload,
  withdrawMotionPayload,
} from '../../../../src/ledger/index.ts'
import { chainId } from '../../../chain/one.ts'
import { DONE, EXPIRED, NOT_ALLOWED, QUOTA, signerOf, TAKEN } from '../admission-world.ts'
import { BALANCE, DAY, EPOCH, type Governed, governed, HOUR, RULES, remove } from './governed.ts'

/** Reviewed by complaints of the first two, and removed by the first three. */
function removed(chain: Governed, bad = chain.members.at(-1)!) {
  const [a, b] = chain.members
  chain.complain(a!, bad)
  chain.complain(b!, bad)
  const { number } = chain.open()[0]!
  chain.decide(number, bad)
  expect(chain.motion(number)?.state).toBe('won')
  return { bad, number }
}

describe('complaints', () => {
  it('of so many members in a period start a review; those of others are for who leads to see (N28, N35)', () => {
    const chain = governed()
    const [a, b, c, , e] = chain.members
    expect(chain.complain(chain.stranger, e!)).toBe(DONE)
    expect(chain.complain(chain.leader, e!)).toBe(DONE)
    expect(chain.complain(a!, e!)).toBe(DONE)
    expect(chain.complain(a!, e!, 'silence')).toBe(DONE)
    expect(chain.open()).toEqual([])
    expect(complaintsOf(chain.state(), e!.publicKey).map(({ reason }) => reason)).toEqual([
      'abnormal block',
      'abnormal block',
      'silence',
    ])
    chain.wait(RULES.periodMs)
    expect(chain.complain(b!, e!)).toBe(DONE)
    expect(chain.open()).toEqual([])
    expect(chain.complain(c!, e!, 'silence', [3])).toBe(DONE)
    expect(chain.open()).toMatchObject([
      { number: 1, by: undefined, subject: { kind: 'remove', reason: 'silence', heights: [3] } },
    ])
    expect(complaintsOf(chain.state(), e!.publicKey)).toEqual([])
    expect(chain.complain(a!, e!)).toBe(DONE)
    expect(chain.open()).toHaveLength(1)
  })

  it('are about nodes, not about oneself, and not about blocks to come', () => {
    const chain = governed()
    const [a, b] = chain.members
    expect(chain.complain(a!, a!)).toBe(NOT_ALLOWED)
    expect(chain.complain(a!, chain.stranger)).toBe(NOT_ALLOWED)
    expect(chain.complain(a!, b!, 'other', [1_000])).toBe(NOT_ALLOWED)
    expect(chain.complain(a!, chain.leader)).toBe(DONE)
  })

  it('of one member are enough where there are no more others', () => {
    const chain = governed({ n: 2 })
    const [a, b] = chain.members
    chain.complain(a!, b!)
    expect(chain.open()).toHaveLength(1)
  })
})

describe('a review', () => {
  it('removes with more than half of all members, not of those who answer (N30, N33, N37)', () => {
    const chain = governed()
    const [a, b, c, , e] = chain.members
    chain.complain(a!, e!)
    chain.complain(b!, e!)
    expect(chain.reply(a!, 1)).toBe(DONE)
    expect(chain.reply(a!, 1)).toBe(DONE)
    expect(chain.reply(b!, 1)).toBe(DONE)
    expect(chain.reply(chain.leader, 1)).toBe(NOT_ALLOWED)
    expect(chain.reply(chain.stranger, 1)).toBe(NOT_ALLOWED)
    expect(chain.isNode(e!)).toBe(true)
    expect(chain.motion(1)).toMatchObject({ state: 'open', inFavour: [{}, {}] })
    expect(chain.reply(c!, 1)).toBe(DONE)
    expect(chain.isNode(e!)).toBe(false)
    expect(chain.motion(1)).toMatchObject({ state: 'won', closed: chain.height() })
    expect(networkNodes(chain.state()).filter(({ isSeated }) => isSeated)).toHaveLength(4)
    expect(chain.reply(c!, 1, false)).toBe(TAKEN)
    chain.pass(4)
    expect(chain.validators()).toHaveLength(4)
  })

  it('ends when half of all are against it, or when its term is over, and the member stays', () => {
    const chain = governed({ n: 4 })
    const [a, b, , d] = chain.members
    chain.complain(a!, d!)
    chain.complain(b!, d!)
    expect(chain.reply(a!, 1, true)).toBe(DONE)
    expect(chain.reply(a!, 1, false)).toBe(DONE)
    expect(chain.reply(d!, 1, false)).toBe(DONE)
    expect(chain.motion(1)).toMatchObject({ state: 'lost' })
    chain.complain(a!, d!)
    chain.complain(b!, d!)
    expect(chain.reply(b!, 2)).toBe(DONE)
    chain.wait(RULES.motionMs + HOUR)
    expect(chain.motion(2)).toMatchObject({ state: 'lapsed' })
    expect(chain.reply(a!, 2)).toBe(TAKEN)
    expect(chain.isNode(d!)).toBe(true)
  })

  it('is begun by who leads alone, who has no vote in it; by others only with complaints (N31, N35)', () => {
    const chain = governed()
    const [a, , , , e] = chain.members
    expect(chain.propose(a!, remove(e!))).toBe(NOT_ALLOWED)
    expect(chain.propose(chain.stranger, remove(e!))).toBe(NOT_ALLOWED)
    expect(chain.propose(chain.leader, remove(e!))).toBe(DONE)
    expect(chain.propose(chain.leader, remove(e!))).toBe(TAKEN)
    expect(chain.open()).toMatchObject([{ by: chain.leader.publicKey, inFavour: [], against: [] }])
    expect(chain.codes([a!, withdrawMotionPayload(1)])).toEqual([NOT_ALLOWED])
    expect(chain.codes([chain.leader, withdrawMotionPayload(1)])).toEqual([DONE])
    expect(chain.motion(1)?.state).toBe('withdrawn')
    // Not the same again and again.
    expect(chain.propose(chain.leader, remove(e!))).toBe(QUOTA)
    chain.wait(RULES.motionMs + HOUR)
    expect(chain.propose(chain.leader, remove(e!))).toBe(DONE)
  })

  it('goes on without a coordinator, and against one', () => {
    const chain = governed()
    const { bad } = removed(chain, chain.leader)
    expect(chain.isNode(bad)).toBe(false)
    expect(removed(chain).bad).toBeDefined()
  })

  it('is not escaped by resigning, and does not remove the last one', () => {
    const chain = governed()
    const [a, b, , , e] = chain.members
    chain.complain(a!, e!)
    chain.complain(b!, e!)
    expect(chain.codes([e!, resignPayload()])).toEqual([DONE])
    chain.decide(1)
    expect(chain.motion(1)?.state).toBe('won')
    expect(chain.codes([a!, nodeVotePayload({ kind: 'add', account: e!.publicKey, role: 'registry' })])).toEqual([
      NOT_ALLOWED,
    ])
    const alone = governed({ n: 1 })
    expect(alone.propose(alone.leader, remove(alone.members[0]!))).toBe(DONE)
    expect(alone.reply(alone.members[0]!, 1)).toBe(DONE)
    expect(alone.motion(1)?.state).toBe('void')
    expect(alone.isNode(alone.members[0]!)).toBe(true)
  })
})

describe('who was removed', () => {
  it('waits for the word of who leads, or until the term is over, and is voted in again (N37, N41)', () => {
    const chain = governed()
    const { bad } = removed(chain)
    const [a, b, c] = chain.members
    const add = { kind: 'add', account: bad.publicKey, role: 'registry' } as const
    expect(chain.propose(a!, add)).toBe(NOT_ALLOWED)
    expect(chain.codes([a!, nodeVotePayload(add)])).toEqual([NOT_ALLOWED])
    expect(chain.codes([a!, repairedPayload(bad.publicKey)])).toEqual([NOT_ALLOWED])
    expect(chain.codes([chain.leader, repairedPayload(bad.publicKey)])).toEqual([DONE])
    expect(chain.caseOf(bad)).toMatchObject({ isRepaired: true })
    expect(chain.propose(bad, add)).toBe(NOT_ALLOWED)
    chain.wait(DAY)
    // It asks for itself, and has no vote.
    expect(chain.propose(bad, add)).toBe(DONE)
    const { number } = chain.open()[0]!
    for (const one of [a!, b!]) expect(chain.reply(one, number)).toBe(DONE)
    expect(chain.isNode(bad)).toBe(false)
    expect(chain.reply(c!, number)).toBe(DONE)
    expect(chain.isNode(bad)).toBe(true)
    const alone = governed()
    const { bad: other } = removed(alone)
    alone.wait(RULES.repairMs + HOUR)
    expect(alone.propose(alone.members[0]!, { ...add, account: other.publicKey })).toBe(DONE)
  })

  it('for evidence waits, too, and its value is held (N15)', () => {
    const chain = governed()
    const [a] = chain.members
    const bad = chain.members[4]!
    chain.block()
    chain.block([], { accused: [{ id: chain.ids[4]!, height: 1 }] })
    expect(chain.isNode(bad)).toBe(false)
    expect(chain.caseOf(bad)).toMatchObject({ motion: 0, reason: 'two things for one place', held: BALANCE })
    const add = { kind: 'add', account: bad.publicKey, role: 'registry' } as const
    expect(chain.propose(a!, add)).toBe(NOT_ALLOWED)
    chain.wait(RULES.repairMs + HOUR)
    expect(chain.propose(a!, add)).toBe(DONE)
    chain.decide(chain.open()[0]!.number)
    expect(chain.isNode(bad)).toBe(true)
    expect(chain.balance(bad)).toBe(BALANCE)
    // The old voting key never comes again, a new one does.
    const key = signerOf('new voting key')
    const proof = key.sign(votingKeyBytes(chainId, { id: chain.ids[4]!, publicKey: key.publicKey }))
    expect(chain.codes([bad, votingKeyPayload(key.publicKey, proof)])).toEqual([DONE])
  })
})

describe('who is added', () => {
  it('asks for itself, is proposed by a member or by who leads, and needs more than half of all (N32, N34, N39-N41)', () => {
    const chain = governed()
    const [a, b, c] = chain.members
    const add = { kind: 'add', account: chain.stranger.publicKey, role: 'registry' } as const
    expect(chain.propose(chain.stranger, { ...add, role: 'registrar' })).toBe(NOT_ALLOWED)
    expect(chain.propose(chain.stranger, { ...add, account: signerOf('nobody').publicKey })).toBe(NOT_ALLOWED)
    expect(chain.propose(a!, { ...add, account: signerOf('nobody').publicKey })).toBe(NOT_ALLOWED)
    expect(chain.propose(a!, add)).toBe(DONE)
    expect(chain.open()).toMatchObject([{ inFavour: [{ account: a!.publicKey }] }])
    chain.reply(b!, 1)
    expect(chain.isNode(chain.stranger)).toBe(false)
    chain.reply(c!, 1)
    expect(chain.isNode(chain.stranger)).toBe(true)
    expect(chain.propose(a!, add)).toBe(NOT_ALLOWED)
  })

  it('is a backup without a seat until it is promoted, where the rules say so (N14)', () => {
    const chain = governed({ rules: { promotion: true } })
    chain.block()
    const [a] = chain.members
    const account = chain.stranger
    chain.propose(a!, { kind: 'add', account: account.publicKey, role: 'registry' })
    chain.decide(1)
    expect(isBackupNode(chain.state(), account.publicKey)).toBe(true)
    expect(chain.propose(a!, { kind: 'promote', account: account.publicKey })).toBe(NOT_ALLOWED)
    const key = signerOf('key of a backup')
    const id = chain.ids.at(-1)!
    const proof = key.sign(votingKeyBytes(chainId, { id, publicKey: key.publicKey }))
    expect(chain.codes([account, votingKeyPayload(key.publicKey, proof)])).toEqual([DONE])
    const isSeated = () => chain.decided().some((one) => one.id === id || Buffer.from(one.id).equals(Buffer.from(id)))
    chain.pass(2 * EPOCH)
    expect(isSeated()).toBe(false)
    expect(chain.propose(a!, { kind: 'promote', account: account.publicKey })).toBe(DONE)
    chain.decide(2)
    chain.pass(2 * EPOCH)
    expect(isSeated()).toBe(true)
    expect(chain.propose(a!, { kind: 'promote', account: a!.publicKey })).toBe(NOT_ALLOWED)
  })
})

describe('motions', () => {
  it('are bounded for each proposer, and in what they may say', () => {
    const chain = governed({ chainName: 'p2p' })
    const [a] = chain.members
    const label = (i: number) => new TextEncoder().encode(`name${i}`)
    const hide = (i: number) => ({ kind: 'hide', label: label(i), reason: 'policy', text: '' }) as const
    for (let i = 0; i < 4; i++) expect(chain.propose(a!, hide(i))).toBe(DONE)
    expect(chain.propose(a!, hide(4))).toBe(QUOTA)
    for (let i = 4; i < 20; i++) expect(chain.propose(chain.leader, hide(i))).toBe(DONE)
    expect(chain.propose(chain.leader, hide(20))).toBe(QUOTA)
    expect(chain.codes([a!, [GovernanceKind.PROPOSE, [9]]])).toEqual([1])
    expect(chain.codes([a!, [GovernanceKind.PROPOSE, [5, sha256(label(1)), 0, label(1)]]])).toEqual([1])
    expect(chain.codes([a!, [GovernanceKind.COMPLAIN, 7]])).toEqual([1])
    expect(chain.codes([chain.members[1]!, withdrawMotionPayload(1)])).toEqual([NOT_ALLOWED])
  })

  it('that are over a moment ago take no reply', () => {
    const chain = governed()
    const [a, b] = chain.members
    chain.propose(a!, { kind: 'rules', rules: { ...RULES, complaints: 3 } })
    chain.block([], { afterMs: RULES.motionMs - HOUR })
    const [late] = chain.block([[b!, [GovernanceKind.REPLY, 1, true]]], { afterMs: 2 * HOUR })
    expect(late?.code).toBe(EXPIRED)
    expect(chain.codes([a!, proposePayload({ kind: 'rules', rules: { ...RULES, complaints: 3 } })])).toEqual([DONE])
  })

  it('do not stop a transfer, and cost what any transaction costs', () => {
    const chain = governed()
    const [a, b] = chain.members
    expect(chain.codes([a!, transferPayload(b!.publicKey, 5)])).toEqual([DONE])
    expect(chain.balance(b!)).toBe(BALANCE + 5)
  })
})
