import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ResultCode } from '../../../../src/chain/index.ts'
import { type Signer, sha256 } from '../../../../src/crypto/index.ts'
import {
  ACCOUNTS,
  allHidden,
  GovernanceKind,
  governance,
  governanceRulesOf,
  hiddenNameOf,
  type LedgerModule,
  type MotionSubject,
  networkNodes,
  partOf,
  proposePayload,
  recordMarkOf,
  repairCheckpoint,
  repairedPayload,
  replyPayload,
  StateDraft,
  transferPayload,
  withdrawMotionPayload,
} from '../../../../src/ledger/index.ts'
import { DONE, NOT_ALLOWED, TAKEN } from '../admission-world.ts'
import { BALANCE, DAY, type Governed, governed, HOUR, RULES, remove } from './governed.ts'

const bad = (chain: Governed) => chain.members.at(-1)!
const record = (n: number) => ({ height: 1, transaction: sha256(Uint8Array.of(n)) })

/** Removed at the word of who leads. */
function withRemoved(options: Parameters<typeof governed>[0] = {}) {
  const chain = governed(options)
  chain.block()
  chain.block()
  expect(chain.propose(chain.leader, remove(bad(chain)))).toBe(DONE)
  chain.decide(1, bad(chain))
  expect(chain.isNode(bad(chain))).toBe(false)
  return chain
}

function compensation(
  account: Signer,
  payments: readonly { mark: number; to: Uint8Array; amount: number }[],
): MotionSubject {
  return { kind: 'compensate', account: account.publicKey, marks: [record(1), record(2)], payments }
}

describe('what a removed one leaves', () => {
  it('is marked and compensated out of what it owned, with a new checkpoint, and no block is written again (N38)', () => {
    const chain = withRemoved()
    const root = chain.state().root()
    const [a, b] = chain.members
    expect(chain.balance(bad(chain))).toBe(0)
    expect(chain.held(bad(chain))).toBe(BALANCE)
    const pay = (amount: number) => [{ mark: 0, to: chain.stranger.publicKey, amount }]
    expect(chain.propose(chain.leader, compensation(bad(chain), pay(BALANCE + 1)))).toBe(NOT_ALLOWED)
    expect(chain.propose(chain.leader, compensation(a!, pay(1)))).toBe(NOT_ALLOWED)
    expect(chain.propose(chain.leader, compensation(bad(chain), pay(300)))).toBe(DONE)
    expect(recordMarkOf(chain.state(), record(1).transaction)).toBeUndefined()
    const history = sha256(new TextEncoder().encode('history'))
    chain.reply(a!, 2)
    chain.reply(b!, 2)
    chain.block([[chain.members[2]!, replyPayload(2, true)]], { history })
    expect(chain.motion(2)).toMatchObject({ state: 'won' })
    expect(recordMarkOf(chain.state(), record(1).transaction)).toMatchObject({ height: 1, motion: 2 })
    expect(recordMarkOf(chain.state(), record(2).transaction)).toMatchObject({ account: bad(chain).publicKey })
    expect(chain.balance(chain.stranger)).toBe(BALANCE + 300)
    expect(chain.caseOf(bad(chain))).toMatchObject({ held: BALANCE - 300, paid: 300, isSettled: false })
    expect(repairCheckpoint(chain.state(), 2)).toEqual({ size: chain.height() - 1, root: history })
    expect(chain.total()).toBe(BALANCE * chain.people.length)
    expect(chain.state().root()).not.toEqual(root)
  })

  it('goes back after a term, or when it is a member again, but not while something is to be paid of it', () => {
    const chain = withRemoved()
    chain.wait(RULES.holdMs - 5 * DAY)
    expect(
      chain.propose(chain.leader, compensation(bad(chain), [{ mark: 0, to: chain.stranger.publicKey, amount: 1 }])),
    ).toBe(DONE)
    chain.wait(6 * DAY)
    expect(chain.held(bad(chain))).toBe(BALANCE)
    chain.wait(2 * DAY)
    expect(chain.motion(2)?.state).toBe('lapsed')
    expect(chain.held(bad(chain))).toBe(0)
    expect(chain.balance(bad(chain))).toBe(BALANCE)
    expect(chain.caseOf(bad(chain))).toMatchObject({ isSettled: true })
    const again = withRemoved()
    again.codes([again.leader, repairedPayload(bad(again).publicKey)])
    again.wait(DAY)
    again.propose(again.members[0]!, { kind: 'add', account: bad(again).publicKey, role: 'registry' })
    again.decide(2)
    expect(again.isNode(bad(again))).toBe(true)
    expect(again.balance(bad(again))).toBe(BALANCE)
  })

  it('is not paid twice: what is gone when a motion is won makes it void', () => {
    const chain = withRemoved()
    const [a, b, c] = chain.members
    const pay = (amount: number) => compensation(bad(chain), [{ mark: 1, to: chain.stranger.publicKey, amount }])
    chain.propose(chain.leader, pay(800))
    expect(chain.propose(a!, pay(700))).toBe(TAKEN)
    chain.decide(2)
    expect(chain.balance(chain.stranger)).toBe(BALANCE + 800)
    expect(chain.propose(a!, pay(700))).toBe(NOT_ALLOWED)
    expect(chain.propose(a!, pay(200))).toBe(DONE)
    chain.reply(b!, 3)
    chain.wait(RULES.holdMs)
    expect(chain.motion(3)?.state).toBe('lapsed')
    expect(chain.propose(c!, pay(200))).toBe(NOT_ALLOWED)
    expect(chain.total()).toBe(BALANCE * chain.people.length)
  })
})

describe('what the accused has while it is reviewed', () => {
  it('is held, so that it cannot empty its account before it is removed', () => {
    const chain = governed()
    const [a, b, accused] = chain.members as [Signer, Signer, Signer]
    chain.complain(a, accused)
    chain.complain(b, accused)
    expect([chain.balance(accused), chain.held(accused)]).toEqual([0, BALANCE])
    expect(chain.codes([accused, transferPayload(chain.stranger.publicKey, 1)])).toEqual([ResultCode.FUNDS])
    // Its vote costs nothing, and stays its own.
    expect(chain.reply(accused, 1, false)).toBe(DONE)
    chain.decide(1, accused)
    expect(chain.caseOf(accused)).toMatchObject({ held: BALANCE })
    expect([chain.balance(accused), chain.held(accused)]).toEqual([0, BALANCE])
  })

  it('is what it had when the review began: what left after the first complaint is gone, and what comes in later is its own', () => {
    const chain = governed()
    const [a, b, accused] = chain.members as [Signer, Signer, Signer]
    chain.complain(a, accused)
    // One complaint holds nothing, or anybody could keep anybody's value.
    expect(chain.codes([accused, transferPayload(chain.stranger.publicKey, 300)])).toEqual([DONE])
    chain.complain(b, accused)
    expect([chain.balance(accused), chain.held(accused)]).toEqual([0, BALANCE - 300])
    expect(chain.codes([chain.stranger, transferPayload(accused.publicKey, 50)])).toEqual([DONE])
    expect([chain.balance(accused), chain.held(accused)]).toEqual([50, BALANCE - 300])
    // Two members who could stop what others pay a third would be worse.
    expect(chain.codes([accused, transferPayload(b.publicKey, 50)])).toEqual([DONE])
    chain.decide(1, accused)
    expect(chain.caseOf(accused)).toMatchObject({ held: BALANCE - 300 })
    expect(chain.total()).toBe(BALANCE * chain.people.length)
  })

  it('goes back when the review ends in its favour, lapses or is withdrawn, and when evidence ends it is held as any other', () => {
    const ends = {
      lost: (chain: Governed) => chain.members.slice(1, 4).forEach((one) => void chain.reply(one, 1, false)),
      lapsed: (chain: Governed) => chain.wait(RULES.motionMs + HOUR),
      withdrawn: (chain: Governed) => void chain.codes([chain.leader, withdrawMotionPayload(1)]),
    }
    for (const [state, end] of Object.entries(ends)) {
      const chain = governed()
      const accused = chain.members[0]!
      expect(chain.propose(chain.leader, remove(accused))).toBe(DONE)
      expect(chain.balance(accused)).toBe(0)
      end(chain)
      expect(chain.motion(1)).toMatchObject({ state })
      expect([chain.balance(accused), chain.held(accused)]).toEqual([BALANCE, 0])
    }
    const chain = governed()
    const accused = chain.members[0]!
    chain.propose(chain.leader, remove(accused))
    chain.block([], { accused: [{ id: chain.ids[0]!, height: 1 }] })
    chain.pass(2)
    expect(chain.caseOf(accused)).toMatchObject({ motion: 0, held: BALANCE })
    chain.wait(RULES.motionMs + HOUR)
    expect([chain.balance(accused), chain.held(accused)]).toEqual([0, BALANCE])
  })

  it('is its own half of the time at least, however often the same two complain', () => {
    const chain = governed()
    const [a, b, accused] = chain.members as [Signer, Signer, Signer]
    const complain = () => [a, b].forEach((one) => void chain.complain(one, accused))
    complain()
    chain.wait(RULES.motionMs + HOUR)
    complain()
    expect(chain.open()).toHaveLength(1)
    expect(chain.balance(accused)).toBe(BALANCE)
  })
})

describe('the policy of a TLD', () => {
  const label = new TextEncoder().encode('forbidden')

  it('is data on its chain that more than half of all change (N44)', () => {
    const chain = governed({ chainName: 'p2p' })
    const [a, b, c] = chain.members
    const rules = { ...RULES, complaints: 3, promotion: true, text: 'https://policy.example/' }
    expect(chain.propose(chain.leader, { kind: 'rules', rules })).toBe(DONE)
    expect(chain.propose(a!, { kind: 'rules', rules: { ...rules, complaints: 0 } })).toBe(1)
    for (const one of [a!, b!]) chain.reply(one, 1)
    expect(governanceRulesOf(chain.state())).toEqual(RULES)
    chain.reply(c!, 1)
    expect(governanceRulesOf(chain.state())).toEqual(rules)
    for (const one of [a!, b!]) chain.complain(one, chain.members[4]!)
    expect(chain.open()).toEqual([])
    chain.complain(c!, chain.members[4]!)
    expect(chain.open()).toHaveLength(1)
  })

  it('hides a name by a vote only, for all to see with its reason, and shows it again', () => {
    const chain = governed({ chainName: 'p2p' })
    const hide = { kind: 'hide', label, reason: 'policy', text: 'order 7 of the court' } as const
    expect(chain.propose(chain.stranger, hide)).toBe(NOT_ALLOWED)
    expect(chain.propose(chain.leader, hide)).toBe(DONE)
    expect(hiddenNameOf(chain.state(), label)).toBeUndefined()
    chain.decide(1)
    expect(hiddenNameOf(chain.state(), label)).toMatchObject({
      reason: 'policy',
      text: 'order 7 of the court',
      motion: 1,
    })
    expect(allHidden(chain.state())).toHaveLength(1)
    expect(chain.propose(chain.leader, hide)).toBe(NOT_ALLOWED)
    expect(chain.propose(chain.members[0]!, { kind: 'show', label })).toBe(DONE)
    chain.decide(2)
    expect(allHidden(chain.state())).toEqual([])
    expect(chain.propose(chain.members[0]!, { kind: 'show', label })).toBe(NOT_ALLOWED)
    const root = governed()
    expect(root.propose(root.leader, hide)).toBe(NOT_ALLOWED)
  })
})

/** What anybody may do, with small numbers for whom and how much. */
const step = fc.oneof(
  fc.record({ kind: fc.constant('complain' as const), by: fc.nat(6), of: fc.nat(6) }),
  fc.record({ kind: fc.constant('remove' as const), of: fc.nat(6) }),
  fc.record({ kind: fc.constant('add' as const), by: fc.nat(6), of: fc.nat(6) }),
  fc.record({ kind: fc.constant('pay' as const), by: fc.nat(6), of: fc.nat(6), to: fc.nat(6), amount: fc.nat(1_500) }),
  fc.record({ kind: fc.constant('reply' as const), by: fc.nat(6), at: fc.nat(3), yes: fc.boolean() }),
  fc.record({ kind: fc.constant('repaired' as const), of: fc.nat(6) }),
  fc.record({ kind: fc.constant('transfer' as const), by: fc.nat(6), to: fc.nat(6), amount: fc.nat(1_500) }),
  fc.record({ kind: fc.constant('fault' as const), of: fc.nat(4) }),
  fc.record({ kind: fc.constant('wait' as const), hours: fc.constantFrom(1, 30, 24 * 8, 24 * 31) }),
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

function act(chain: Governed, one: Step): void {
  const who = (i: number) => chain.people[i]!
  switch (one.kind) {
    case 'complain':
      chain.complain(who(one.by), who(one.of))
      return
    case 'remove':
      chain.propose(chain.leader, remove(who(one.of)))
      return
    case 'add':
      chain.propose(who(one.by), { kind: 'add', account: who(one.of).publicKey, role: 'registry' })
      return
    case 'pay': {
      const payments = one.amount === 0 ? [] : [{ mark: 0, to: who(one.to).publicKey, amount: one.amount }]
      chain.propose(who(one.by), compensation(who(one.of), payments))
      return
    }
    case 'reply': {
      const open = chain.open()
      const motion = open[one.at % Math.max(1, open.length)]
      if (motion !== undefined) chain.reply(who(one.by), motion.number, one.yes)
      return
    }
    case 'repaired':
      chain.codes([chain.leader, repairedPayload(who(one.of).publicKey)])
      return
    case 'transfer':
      if (one.amount > 0) chain.codes([who(one.by), transferPayload(who(one.to).publicKey, one.amount)])
      return
    case 'fault':
      chain.block([], { accused: [{ id: chain.ids[one.of]!, height: chain.height() }] })
      return
    case 'wait':
      chain.block([], { afterMs: one.hours * HOUR })
  }
}

/** What must be so after every block, whatever anybody does. Undefined: it is. */
function violation(
  chain: Governed,
  before: { readonly nodes: readonly string[] },
  wonNow: boolean,
): string | undefined {
  if (chain.total() !== BALANCE * chain.people.length) return 'value was made or lost'
  const nodes = namesOf(chain)
  const came = nodes.filter((one) => !before.nodes.includes(one))
  if (came.length > 0 && !wonNow) return 'a node came without a majority'
  return nodes.length === 0 ? 'no node is left' : undefined
}

const namesOf = (chain: Governed) =>
  networkNodes(chain.state()).map(({ account }) => Buffer.from(account).toString('hex'))

function run(steps: readonly Step[], modules?: readonly LedgerModule[]): string | undefined {
  const chain = governed(modules === undefined ? {} : { modules })
  for (const one of steps) {
    const before = { nodes: namesOf(chain), voters: 0 }
    const open = chain.open()
    const majorities = open.filter(({ inFavour }) => (inFavour.length + 1) * 2 > before.nodes.length - 1)
    act(chain, one)
    const won = majorities.some(({ number }) => chain.motion(number)?.state === 'won')
    const found = violation(chain, before, won || majorities.length > 0)
    if (found !== undefined) return found
    for (const { number } of open) {
      const now = chain.motion(number)
      if (now?.state !== 'won') continue
      const voters =
        before.nodes.length - Number(before.nodes.includes(Buffer.from(chain.leader.publicKey).toString('hex')))
      if (now.inFavour.length * 2 <= voters) return 'a motion was won without more than half of all'
      if (now.inFavour.some(({ account }) => Buffer.from(account).equals(Buffer.from(chain.leader.publicKey))))
        return 'who leads has voted'
    }
  }
  return undefined
}

describe('whatever anybody does', () => {
  it('value is neither made nor lost, nobody comes or wins without more than half of all, and who leads never votes', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 40 }), (steps) => {
        expect(run(steps)).toBeUndefined()
      }),
      { numRuns: 60 },
    )
  })

  const finds = (planted: LedgerModule) => {
    const out = fc.check(
      fc.property(fc.array(step, { minLength: 5, maxLength: 40 }), (steps) => run(steps, [planted]) === undefined),
      { numRuns: 400, endOnFailure: true, seed: 7 },
    )
    return out.failed
  }

  it('is found out when value is lost', () => {
    const planted: LedgerModule = {
      ...governance,
      execute(call) {
        governance.execute(call)
        if (call.kind === GovernanceKind.REPLY) call.part(ACCOUNTS).delete(call.account)
      },
    }
    expect(finds(planted)).toBe(true)
  })

  it('is found out when one reply counts for two', () => {
    const planted: LedgerModule = {
      ...governance,
      execute(call) {
        governance.execute(call)
        const other = networkNodes(call.all).find(
          ({ role, account }) => role === 'registry' && account !== call.account,
        )
        if (call.kind !== GovernanceKind.REPLY || other === undefined) return
        try {
          governance.execute({ ...call, account: other.account })
        } catch {
          // It is closed, or that member has said so itself.
        }
      },
    }
    expect(finds(planted)).toBe(true)
  })

  it('leaves the parts of other modules alone, but those that it names', () => {
    const chain = governed()
    const draft = new StateDraft(chain.state())
    expect(partOf(draft, ACCOUNTS).get(chain.leader.publicKey)).toBeDefined()
    const nosy: LedgerModule = {
      ...governance,
      execute(call) {
        call.part(5)
      },
    }
    const other = governed({ modules: [nosy] })
    expect(() => other.codes([other.leader, proposePayload(remove(other.members[0]!))])).toThrow(/does not change/)
  })
})
