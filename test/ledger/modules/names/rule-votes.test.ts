import { describe, expect, it } from 'vitest'
import { ResultCode } from '../../../../src/chain/index.ts'
import {
  decodeRecord,
  keepPayload,
  NameCode,
  type NamePolicy,
  nameStateKey,
  nextPolicyFromBytes,
  nextPolicyStateKey,
  type Payload,
  policyFromBytes,
  policyStateKey,
  renewPayload,
  setPolicyPayload,
  settlePayload,
  unusedPayload,
} from '../../../../src/ledger/index.ts'
import { ownerOf, text } from './blocks.ts'
import { freePolicy, memberNames } from './member-names.ts'

const DAY = 24 * 3_600_000
const NOTICE = 60
const [alice, bob] = [ownerOf('alice'), ownerOf('bob')]

type Chain = ReturnType<typeof memberNames>

/** So many members say the same; their codes. */
const vote = (chain: Chain, payload: Payload, of = chain.members.slice(0, 3)) =>
  of.map((one) => chain.codes([one, payload])[0]!)
const policyNow = (chain: Chain) => {
  const value = chain.state().get(policyStateKey)
  return value && policyFromBytes(value)
}
/** Voted for, and in force. */
function adopt(chain: Chain, policy: NamePolicy) {
  const height = chain.height() + NOTICE + 5
  expect(vote(chain, setPolicyPayload(policy, height))).toEqual([0, 0, 0])
  chain.pass(height - chain.height())
}

describe('a policy that more than half of all nodes vote for', () => {
  it('is in force from its height on, on a chain that had none', () => {
    const chain = memberNames(undefined)
    expect(chain.register('old')).toBe(0)
    const height = chain.height() + NOTICE + 10
    const payload = setPolicyPayload(freePolicy, height)
    expect(vote(chain, payload, chain.members.slice(0, 2))).toEqual([0, 0])
    expect(chain.state().get(nextPolicyStateKey)).toBeUndefined()
    expect(vote(chain, payload, chain.members.slice(2, 3))).toEqual([0])
    expect(nextPolicyFromBytes(chain.state().get(nextPolicyStateKey)!)).toMatchObject({ height })
    chain.pass(height - 1 - chain.height() - 1)
    expect(policyNow(chain)).toBeUndefined()
    chain.block()
    expect(policyNow(chain)).toEqual(freePolicy)
    expect(chain.register('new', bob, false)).toBe(NameCode.NEEDS_TERMS)
    expect(chain.register('other', bob, true)).toBe(0)
  })

  it('is no matter of who leads, of strangers or of one member, takes notice, and none on the Root chain', () => {
    const chain = memberNames(undefined)
    const at = (height: number) => setPolicyPayload(freePolicy, height)
    const soon = chain.height() + NOTICE - 1
    expect(chain.codes([chain.members[0]!, at(soon)])).toEqual([ResultCode.NOT_ALLOWED])
    const height = chain.height() + NOTICE + 10
    for (const one of [chain.leader, chain.stranger])
      expect(chain.codes([one, at(height)])).toEqual([ResultCode.NOT_ALLOWED])
    for (let i = 0; i < 3; i++) chain.codes([chain.members[0]!, at(height)])
    expect(chain.state().get(nextPolicyStateKey)).toBeUndefined()
    // Who takes back what he said counts no more.
    vote(chain, at(height), chain.members.slice(1, 2))
    chain.codes([chain.members[0]!, setPolicyPayload(freePolicy, height, false)])
    vote(chain, at(height), chain.members.slice(2, 3))
    expect(chain.state().get(nextPolicyStateKey)).toBeUndefined()
  })

  it('gives names from before a term of their own: they are renewed, run out, and are free for others then', () => {
    const chain = memberNames(undefined)
    for (const label of ['kept', 'lost']) expect(chain.register(label, alice)).toBe(0)
    adopt(chain, { ...freePolicy, termMs: 2 * DAY, graceMs: DAY, redemptionMs: DAY, pendingMs: 0 })
    const adoptedAt = chain.now() - 60_000
    expect(decodeRecord(chain.state().get(nameStateKey(text('kept')))!).life).toBeUndefined()
    expect(chain.register('kept', bob, true)).toBe(ResultCode.TAKEN)
    expect(chain.codes([chain.members[1]!, renewPayload(text('kept'), 1, 1, 0)])).toEqual([0])
    expect(chain.record('kept')).toMatchObject({ generation: 1, expires: adoptedAt + 4 * DAY })
    chain.wait(5 * DAY)
    expect(chain.register('lost', bob, true)).toBe(0)
    expect(chain.record('lost')).toMatchObject({ owner: bob.publicKey, generation: 2 })
    expect(chain.register('kept', bob, true)).toBe(ResultCode.TAKEN)
  })

  it('is written into an old name by anybody, for those who read the record alone', () => {
    const chain = memberNames(undefined)
    for (const label of ['one', 'two']) expect(chain.register(label, alice)).toBe(0)
    const settle = (label: string) => chain.codes([chain.members[3]!, settlePayload(text(label))])[0]
    expect(settle('one')).toBe(ResultCode.NOT_ALLOWED)
    adopt(chain, { ...freePolicy, termMs: DAY, graceMs: 0, redemptionMs: 0, pendingMs: 0 })
    expect(settle('one')).toBe(0)
    expect(settle('one')).toBe(NameCode.NOT_NOW)
    expect(chain.record('one')).toMatchObject({ owner: alice.publicKey })
    chain.wait(DAY + 3_600_000)
    expect(chain.record('one')).toMatchObject({ owner: undefined })
    expect(settle('two')).toBe(0)
    expect(chain.record('two')).toMatchObject({ owner: undefined })
    expect(settle('none')).toBe(NameCode.NOT_REGISTERED)
  })

  it('changes what comes, and not what a name has been paid for; a rule of use gives old names as long as new ones', () => {
    const chain = memberNames({ ...freePolicy, termMs: 400 * DAY })
    expect(chain.register('old')).toBe(0)
    const { expires } = chain.record('old')!
    chain.wait(30 * DAY)
    adopt(chain, { ...freePolicy, termMs: DAY, useMs: 10 * DAY })
    expect(chain.record('old')).toMatchObject({ expires })
    expect(chain.register('new', bob)).toBe(0)
    expect(chain.record('new')!.expires - chain.now()).toBe(DAY)
    const unused = () => chain.codes([chain.members[0]!, unusedPayload(text('old'), 1)])[0]
    expect(unused()).toBe(NameCode.NOT_NOW)
    chain.wait(10 * DAY)
    expect(unused()).toBe(0)
  })
})

describe('a name that more than half of all nodes keep back', () => {
  it('is registered by nobody, or by one owner, until they say otherwise; whoever has it goes on having it', () => {
    const chain = memberNames(freePolicy)
    expect(chain.register('mine', alice)).toBe(0)
    for (const label of ['mine', 'police']) vote(chain, keepPayload(text(label), undefined))
    expect(chain.register('police', bob)).toBe(NameCode.KEPT)
    expect(chain.record('mine')).toMatchObject({ owner: alice.publicKey })
    expect(chain.codes([chain.members[0]!, renewPayload(text('mine'), 1, 1, 0)])).toEqual([0])
    vote(chain, keepPayload(text('police'), bob.publicKey))
    expect(chain.register('police', alice)).toBe(NameCode.KEPT)
    expect(chain.register('police', bob)).toBe(0)
    vote(chain, keepPayload(text('brand'), undefined))
    vote(chain, keepPayload(text('brand'), 'free'))
    expect(chain.register('brand', alice)).toBe(0)
  })
})
