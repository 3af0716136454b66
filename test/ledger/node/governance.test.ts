/**
 * Governance on running chains: five validators of a Root chain and a TLD chain, a coordinator and regulator beside them, and an organisation that wants
 * to be a node. Everything is of production but network, disks and time.
 */
import { describe, expect, it } from 'vitest'
import { voteBytes } from '../../../src/chain/blocks/signing.ts'
import { type Genesis, ResultCode, signTransaction, transactionId, votingKeyBytes } from '../../../src/chain/index.ts'
import { type CborValue, type Signer, sha256 } from '../../../src/crypto/index.ts'
import {
  ACCOUNTS,
  accountOf,
  caseOf,
  complainPayload,
  decodeApplicationGenesis,
  encodeApplicationGenesis,
  encodePayload,
  GOVERNANCE,
  type GovernanceRules,
  heldAccount,
  type MotionSubject,
  motionOf,
  motionsOf,
  networkNodeOf,
  type Payload,
  proposePayload,
  type Reason,
  recordMarkOf,
  repairCheckpoint,
  repairedPayload,
  replyPayload,
  resignPayload,
  reviewFindings,
  rulesToValue,
  transferPayload,
  votingKeyPayload,
} from '../../../src/ledger/index.ts'
import { scheme } from '../../chain/one.ts'
import { LinkedWorld } from './linked-world.ts'

const VALIDATORS = 5
const LEADER = VALIDATORS
const SIXTH = VALIDATORS + 1
const BALANCE = 1_000
const MINUTE = 60_000
const HOUR = 60 * MINUTE
const RULES: GovernanceRules = {
  complaints: 2,
  periodMs: HOUR,
  motionMs: HOUR,
  waitMs: 2 * MINUTE,
  repairMs: HOUR,
  holdMs: HOUR,
  promotion: false,
  text: 'no policy but this',
}

/** All begin with something, and with terms that a test can wait for. */
function change(genesis: Genesis): Genesis {
  const { modules, quotaADay } = decodeApplicationGenesis(genesis.application)
  const people = Array.from({ length: VALIDATORS + 2 }, (_, i) => scheme.signer(sha256(text(`account ${i}`))).publicKey)
  const changed = new Map<number, CborValue>([
    ...modules,
    [ACCOUNTS, people.map((account) => [account, BALANCE])],
    [GOVERNANCE, rulesToValue(RULES)],
  ])
  return { ...genesis, application: encodeApplicationGenesis({ modules: changed, quotaADay }) }
}

const text = (value: string) => new TextEncoder().encode(value)

class Governed {
  readonly world: LinkedWorld
  readonly chain: string

  constructor(world: LinkedWorld, chain: string) {
    this.world = world
    this.chain = chain
  }

  /** Sends it by validator 0, and waits until it is in a block; anew when a duty of the same account was faster. */
  async send(by: Signer, payload: Payload): Promise<{ code: number; id: Uint8Array; height: number }> {
    const running = this.world.chain(0, this.chain)
    for (let tries = 0; tries < 8; tries++) {
      const known = this.world.read(this.chain, (state) => accountOf(state, by.publicKey)).nonce
      const terms = { nonce: running.nextNonce(by.publicKey, known), fee: 0, expires: this.world.clock.now() + HOUR }
      const bytes = signTransaction(by, running.genesis.chainId, { ...terms, payload: encodePayload(payload) })
      const id = transactionId(bytes)
      await running.submit(bytes)
      for (let looks = 0; looks < 12; looks++) {
        const outcome = running.outcomeOf(id)
        if (outcome !== undefined && outcome.result.code !== ResultCode.NONCE)
          return { code: outcome.result.code, id, height: outcome.height }
        if (outcome !== undefined) break
        await this.world.clock.advanceAsync(5_000)
      }
    }
    throw new Error(`in no block of ${this.chain}: ${JSON.stringify(running.status())}`)
  }

  async code(by: number, payload: Payload): Promise<number> {
    return (await this.send(this.world.account(by), payload)).code
  }

  complain(by: number, of: number, reason: Reason, heights: readonly number[] = []): Promise<number> {
    return this.code(by, complainPayload({ account: this.key(of), reason, heights, text: 'see there' }))
  }

  propose(by: number, subject: MotionSubject): Promise<number> {
    return this.code(by, proposePayload(subject))
  }

  /** Until a motion is decided; those who come later find it closed. */
  async reply(motion: number, by: readonly number[]): Promise<void> {
    for (const one of by) if (this.motion(motion)?.state === 'open') await this.code(one, replyPayload(motion, true))
  }

  key(index: number): Uint8Array {
    return this.world.account(index).publicKey
  }

  isNode(index: number): boolean {
    return this.world.read(this.chain, (state) => networkNodeOf(state, this.key(index))) !== undefined
  }

  caseOf(index: number) {
    return this.world.read(this.chain, (state) => caseOf(state, this.key(index)))
  }

  open(): number[] {
    const all = this.world.read(this.chain, (state) => motionsOf(state))
    return all.filter(({ state }) => state === 'open').map(({ number }) => number)
  }

  motion(number: number) {
    return this.world.read(this.chain, (state) => motionOf(state, number))
  }

  balance(account: Uint8Array): number {
    return this.world.read(this.chain, (state) => accountOf(state, account)).balance
  }

  total(): number {
    const people = Array.from({ length: VALIDATORS + 2 }, (_, index) => this.key(index))
    return people.reduce((sum, one) => sum + this.balance(one) + this.balance(heldAccount(one)), 0)
  }

  /** So long until it is so; at the end it is said what was seen. */
  async until(what: () => boolean, minutes = 10): Promise<void> {
    for (let i = 0; i < minutes * 6 && !what(); i++) await this.world.clock.advanceAsync(10_000)
    if (!what())
      throw new Error(`never on ${this.chain}: ${JSON.stringify(this.world.chain(0, this.chain).status().stats)}`)
  }
}

const opened = LinkedWorld.open({ nodes: VALIDATORS, others: 2, change, repliesToReviews: true })

describe('the governance of five Root and five TLD validators', { timeout: 180_000 }, () => {
  it('adds a node that asks for itself, with more than half of all (N32, N34)', async () => {
    const world = await opened
    for (const name of ['root', 'p2p']) {
      const chain = new Governed(world, name)
      expect(await chain.code(SIXTH, resignPayload())).toBe(ResultCode.DONE)
      expect(chain.isNode(SIXTH)).toBe(false)
      expect(await chain.propose(SIXTH, { kind: 'add', account: chain.key(SIXTH), role: 'registry' })).toBe(0)
      await chain.reply(1, [0, 1])
      expect(chain.isNode(SIXTH)).toBe(false)
      await chain.reply(1, [2])
      expect(chain.isNode(SIXTH)).toBe(true)
    }
  })

  it('reviews who is complained about, and each node that looks finds nothing against who did nothing (N35, N36)', async () => {
    const chain = new Governed(await opened, 'root')
    const heights = [2, 3, 4]
    expect(await chain.complain(0, 1, 'abnormal block', heights)).toBe(0)
    expect(await chain.complain(2, 1, 'abnormal block', heights)).toBe(0)
    const number = 2
    await chain.until(() => chain.motion(number)?.state === 'lost')
    // Nobody replied by hand: the nodes did, by their duty.
    expect(chain.motion(number)!.against.length).toBeGreaterThanOrEqual(3)
    expect(chain.isNode(1)).toBe(true)
  })

  it('removes on the TLD chain at the word of the regulator, marks and compensates, and no block is written again (N33, N37, N38)', async () => {
    const world = await opened
    const chain = new Governed(world, 'p2p')
    const bad = await chain.send(world.account(4), transferPayload(chain.key(LEADER), 100))
    const before = world.chain(1, 'p2p').chain.block(bad.height)!.certificate.blockId
    const remove = { kind: 'remove', account: chain.key(4), reason: 'policy', heights: [bad.height], text: '' } as const
    expect(await chain.propose(0, remove)).toBe(ResultCode.NOT_ALLOWED)
    expect(await chain.propose(LEADER, remove)).toBe(0)
    const [review] = chain.open()
    // What its node shows its operator: what the accused has sent, for people to say.
    const running = world.chain(1, 'p2p')
    const asked = { motion: review!, account: chain.key(4), reason: 'policy', heights: [bad.height] } as const
    const found = reviewFindings(running, scheme, {
      ...asked,
      accusedId: world.nodes[4]!.memberId,
      isIdle: false,
      reply: undefined,
    })
    expect(found.verdict).toBeUndefined()
    expect(found.carried).toContainEqual({ height: bad.height, transaction: bad.id })
    await chain.reply(review!, [0, 1, 2, 3])
    expect(chain.motion(review!)?.state).toBe('won')
    expect(chain.isNode(4)).toBe(false)
    expect(chain.caseOf(4)).toMatchObject({ held: BALANCE - 100 })
    const marks = [{ height: bad.height, transaction: bad.id }]
    const payments = [{ mark: 0, to: chain.key(0), amount: 250 }]
    expect(await chain.propose(LEADER, { kind: 'compensate', account: chain.key(4), marks, payments })).toBe(0)
    const [paying] = chain.open()
    await chain.reply(paying!, [0, 1, 2, 3])
    expect(chain.motion(paying!)?.state).toBe('won')
    expect(chain.balance(chain.key(0))).toBe(BALANCE + 250)
    expect(chain.total()).toBe(BALANCE * (VALIDATORS + 2))
    const mark = world.read('p2p', (state) => recordMarkOf(state, bad.id))
    expect(mark).toMatchObject({ height: bad.height, motion: paying })
    const checkpoint = world.read('p2p', (state) => repairCheckpoint(state, paying!))!
    expect(checkpoint.size).toBeGreaterThan(bad.height)
    expect(running.historyRootOf(checkpoint.size)).toEqual(checkpoint.root)
    expect(running.chain.block(bad.height)!.certificate.blockId).toEqual(before)
  })

  it('goes on while the coordinator says nothing for the whole of a review (N28, N30)', async () => {
    const world = await opened
    const chain = new Governed(world, 'root')
    expect(await chain.complain(0, 4, 'other')).toBe(0)
    expect(await chain.complain(1, 4, 'other')).toBe(0)
    const [review] = chain.open()
    await chain.reply(review!, [0, 1, 2])
    expect(chain.motion(review!)?.state).toBe('open')
    await chain.reply(review!, [3])
    expect(chain.motion(review!)?.state).toBe('won')
    expect(chain.isNode(4)).toBe(false)
    await chain.until(() => world.chain(0, 'root').status().validators.length === VALIDATORS - 1)
    expect(chain.open()).toEqual([])
  })

  it('lets a removed one in again after its repair, with a new voting key (N37)', async () => {
    const world = await opened
    const chain = new Governed(world, 'p2p')
    const add = { kind: 'add', account: chain.key(4), role: 'registry' } as const
    expect(await chain.propose(4, add)).toBe(ResultCode.NOT_ALLOWED)
    expect(await chain.code(LEADER, repairedPayload(chain.key(4)))).toBe(0)
    await world.clock.advanceAsync(RULES.waitMs)
    expect(await chain.propose(4, add)).toBe(0)
    const [motion] = chain.open()
    await chain.reply(motion!, [0, 1, 2, 3])
    expect(chain.isNode(4)).toBe(true)
    expect(chain.balance(chain.key(4))).toBe(BALANCE - 100 - 250)
    const key = scheme.signer(sha256(text('a new voting key')))
    const id = world.nodes[4]!.memberId
    const { chainId } = world.genesisOf('p2p')
    const bring = (one: Signer) =>
      votingKeyPayload(one.publicKey, one.sign(votingKeyBytes(chainId, { id, publicKey: one.publicKey })))
    expect(await chain.code(4, bring(world.nodes[4]!.voting))).toBe(ResultCode.TAKEN)
    expect(await chain.code(4, bring(key))).toBe(0)
  })

  it('removes who signs two things for one place at once, whoever leads, and it waits as any other (N15)', async () => {
    const world = await opened
    const chain = new Governed(world, 'root')
    const { voting } = world.nodes[3]!
    const { chainId } = world.genesisOf('root')
    world.onTheWay = (running, from, _, message) => {
      if (from !== 3 || running.name !== 'root' || message.type !== 'votes') return message
      const votes = message.votes.flatMap((vote) => {
        if (vote.kind !== 'prevote') return [vote]
        const other = { ...vote, blockId: sha256(text('another block')) }
        return [vote, { ...other, signature: voting.sign(voteBytes(chainId, other)) }]
      })
      return { ...message, votes }
    }
    await chain.until(() => !chain.isNode(3))
    world.onTheWay = undefined
    expect(chain.caseOf(3)).toMatchObject({ motion: 0, reason: 'two things for one place', held: BALANCE })
    expect(await chain.propose(0, { kind: 'add', account: chain.key(3), role: 'registry' })).toBe(
      ResultCode.NOT_ALLOWED,
    )
    expect(chain.total()).toBe(BALANCE * (VALIDATORS + 2))
    await chain.until(() => world.chain(0, 'root').status().validators.length === VALIDATORS - 2)
    expect(world.broken).toEqual([])
  })
})
