import { describe, expect, it } from 'vitest'
import type { LedgerView } from '../../../../src/chain/index.ts'
import { ResultCode } from '../../../../src/chain/index.ts'
import {
  decodePayload,
  type MemoryState,
  NameCode,
  type Payload,
  TitleDuty,
  titlePayload,
  type WishQuestion,
  wishPayload,
} from '../../../../src/ledger/index.ts'
import { stateChain } from '../../anchors/state-view.ts'
import { nameBlocks, ownerOf, text } from './blocks.ts'
import { freePolicy, memberNames } from './member-names.ts'

const DAY = 24 * 3_600_000
const [alice, bob] = [ownerOf('alice'), ownerOf('bob')]
const label = text('example')
const policy = { ...freePolicy, elsewhere: ['com', 'org'] }
const wish = { label, tld: 'com', owner: alice.publicKey }

/** A TLD of its own whose names are for those who have the same in com; alice has example.com on its chain. */
function scene() {
  const chain = memberNames(policy)
  const com = nameBlocks({ chainName: 'com' })
  com.register(alice)
  const followed = stateChain('com', com.state() as MemoryState)
  const duties = chain.members.map(({ publicKey }) => {
    const deps = { account: publicKey, clock: { now: chain.now }, view: followed.view as LedgerView }
    return new TitleDuty(deps)
  })
  const asked = {
    application: {
      ask: async (_: string, given: unknown) =>
        chain.application.questions.wishes(chain.state(), given as WishQuestion),
    },
  } as unknown as Parameters<TitleDuty['due']>[0]
  /** Each of these nodes does what it owes. */
  async function look(members = chain.members.length) {
    let votes = 0
    for (const [index, duty] of duties.slice(0, members).entries()) {
      const due = await duty.due(asked)
      if (due === undefined) continue
      const { kind, fields } = decodePayload(due.payload)
      const payload: Payload = [kind, ...fields]
      expect(chain.codes([chain.members[index]!, payload])).toEqual([0])
      votes++
    }
    return votes
  }
  const send = (payload: Payload, by = chain.members[0]!) => chain.codes([by, payload])[0]
  return { chain, followed, look, send }
}

describe('a TLD whose names are for those who have the same elsewhere (B9)', () => {
  it('gives a name to the key that has it there, once more than half of the nodes have looked, and to no other', async () => {
    const { chain, look, send } = scene()
    expect(chain.register('example', alice)).toBe(NameCode.KEPT)
    expect(send(wishPayload(wish))).toBe(0)
    expect(await look(2)).toBe(2)
    expect(chain.register('example', alice)).toBe(NameCode.KEPT)
    expect(await look()).toBe(1)
    expect(chain.register('example', bob)).toBe(NameCode.KEPT)
    expect(chain.register('example', alice)).toBe(0)
    expect(chain.register('other', alice)).toBe(NameCode.KEPT)
  })

  it('believes no wish: who has it not there gets no voice of a node', async () => {
    const { chain, followed, look, send } = scene()
    expect(send(wishPayload({ ...wish, owner: bob.publicKey }))).toBe(0)
    expect(send(wishPayload({ ...wish, label: text('other') }))).toBe(0)
    expect(await look()).toBe(0)
    // Nor does what an old head says count, nor a TLD that no node follows.
    expect(send(wishPayload(wish))).toBe(0)
    followed.stale = true
    expect(send(wishPayload({ ...wish, tld: 'org' }))).toBe(0)
    expect(await look()).toBe(0)
    expect(send(wishPayload({ ...wish, tld: 'net' }))).toBe(ResultCode.NOT_ALLOWED)
    expect(chain.register('example', bob)).toBe(NameCode.KEPT)
  })

  it('takes voices of nodes only, on what somebody wishes; wishes and what was found end', async () => {
    const { chain, look, send } = scene()
    expect(send(titlePayload(wish))).toBe(NameCode.NOT_NOW)
    expect(send(wishPayload(wish))).toBe(0)
    expect(send(wishPayload(wish))).toBe(ResultCode.TAKEN)
    for (const one of [chain.leader, chain.stranger]) expect(send(titlePayload(wish), one)).toBe(ResultCode.NOT_ALLOWED)
    chain.wait(DAY + 3_600_000)
    expect(await look()).toBe(0)
    expect(send(wishPayload(wish))).toBe(0)
    expect(await look()).toBe(3)
    chain.wait(8 * DAY)
    expect(chain.register('example', alice)).toBe(NameCode.KEPT)
  })
})
