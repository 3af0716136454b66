import { describe, expect, it } from 'vitest'
import { latin1 } from '../../../src/base/index.ts'
import { firstLabel } from '../../../src/dns/index.ts'
import {
  decodePayload,
  NameCode,
  type Payload,
  UseDuty,
  type UseQuestion,
  unusedPayload,
} from '../../../src/ledger/index.ts'
import { virtualClock } from '../../../src/sim/index.ts'
import { text } from '../modules/names/blocks.ts'
import { freePolicy, memberNames } from '../modules/names/member-names.ts'

const DAY = 24 * 3_600_000
const payloadOf = (bytes: Uint8Array): Payload => {
  const { kind, fields } = decodePayload(bytes)
  return [kind, ...fields]
}
const settle = () => new Promise<void>((resolve) => setImmediate(resolve))

/** Five members, each with a node that looks from its own place, on a chain with a rule of use of ten days. */
function scene(useMs = 10 * DAY) {
  const chain = memberNames({ ...freePolicy, useMs })
  for (const label of ['served', 'dead']) expect(chain.register(label)).toBe(0)
  const clock = virtualClock({ settle, startUnixMs: chain.now() })
  /** Members that reach nobody, and those for whom a name is dead. */
  const cut = new Set<number>()
  const dead = new Map<string, (member: number) => boolean>([['dead', () => true]])
  const duties = chain.members.map(({ publicKey }, index) => {
    const log = { debug() {} }
    return new UseDuty(
      { account: publicKey, clock, log },
      {
        isServed: async (zone) => (cut.has(index) ? undefined : dead.get(latin1(firstLabel(zone)))?.(index) !== true),
      },
    )
  })
  const asked = {
    id: 'p2p',
    name: 'p2p',
    application: {
      ask: async (_: string, given: unknown) => chain.application.questions.use(chain.state(), given as UseQuestion),
    },
  } as unknown as Parameters<UseDuty['due']>[0]
  let votes = 0
  /** So many hours, with a block each, in which every node does what it owes. */
  async function hours(count: number) {
    for (let hour = 0; hour < count; hour++) {
      clock.advance(3_600_000)
      for (const duty of duties) await duty.due(asked)
      for (let i = 0; i < 10; i++) await settle()
      const said = []
      for (const [index, duty] of duties.entries())
        for (let due = await duty.due(asked); due !== undefined; due = await duty.due(asked))
          said.push([chain.members[index]!, payloadOf(due.payload)] as const)
      const codes = chain.block(said, { afterMs: clock.now() - chain.now() }).map(({ code }) => code)
      votes += codes.filter((code) => code === 0).length
      // What comes in the same block behind the one that was enough comes too late.
      expect(codes.filter((code) => code !== 0 && code !== NameCode.NOT_NOW)).toEqual([])
    }
  }
  const resolves = (label: string) => chain.record(label)!.life!.resolves > chain.now()
  return { chain, cut, dead, hours, resolves, votes: () => votes }
}

describe('the rule of use', () => {
  it('ends the resolving of a name that more than half of the nodes find nobody to serve, and of no other', async () => {
    const { hours, resolves, votes } = scene()
    await hours(10 * 24)
    expect([resolves('dead'), votes()]).toEqual([true, 0])
    // Three looks in a row, six hours apart.
    await hours(20)
    expect([resolves('dead'), resolves('served')]).toEqual([false, true])
    expect(votes()).toBe(3)
    await hours(24)
    expect(resolves('served')).toBe(true)
  })

  it('leaves a name alone that only half of them cannot reach', async () => {
    const { dead, hours, resolves, votes } = scene()
    dead.set('dead', (member) => member < 2)
    await hours(12 * 24)
    expect([resolves('dead'), votes()]).toEqual([true, 2])
  })

  it('is not a matter of one outage: who answers again is not spoken against any more', async () => {
    const { chain, dead, hours, resolves, votes } = scene()
    dead.set('dead', (member) => member < 2)
    await hours(11 * 24)
    expect(votes()).toBe(2)
    dead.delete('dead')
    await hours(6)
    // Both have taken back what they said: a third voice alone is not enough now.
    expect(votes()).toBe(4)
    const { generation } = chain.record('dead')!
    expect(chain.codes([chain.members[4]!, unusedPayload(text('dead'), generation)])).toEqual([0])
    expect(resolves('dead')).toBe(true)
  })

  it('says nothing at a node that reaches nobody, and nothing where the TLD has no such rule', async () => {
    const lonely = scene()
    for (const member of [0, 1, 2]) lonely.cut.add(member)
    await lonely.hours(12 * 24)
    expect([lonely.resolves('dead'), lonely.votes()]).toEqual([true, 2])
    const without = scene(0)
    await without.hours(12 * 24)
    expect([without.resolves('dead'), without.votes()]).toEqual([true, 0])
  })
})
