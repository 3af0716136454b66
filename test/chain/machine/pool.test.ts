import { describe, expect, it } from 'vitest'
import type { Application } from '../../../src/chain/application.ts'
import { limits } from '../../../src/chain/limits.ts'
import { offered } from '../../../src/chain/machine/pool.ts'
import type { StateMap } from '../../../src/chain/trees/state-map.ts'
import { One } from '../one.ts'

/** Validator `me` of four, whose application admits what the test says, and is counted. */
function waiting(me: number) {
  const one = new One(4, me)
  const dead = new Set<string>()
  const asked: string[] = []
  const application: Application<StateMap> = {
    ...one.context.application,
    admits(_, transaction) {
      asked.push(nameOf(transaction))
      return !dead.has(nameOf(transaction))
    },
    build: (_, { transactions }) => ({ extension: new Uint8Array(), transactions }),
    apply: (state) => ({ state }),
  }
  Object.assign(one.context, { application })
  return { one, dead, asked }
}

const named = (number: number, bytes = 4) => {
  const transaction = new Uint8Array(bytes)
  new DataView(transaction.buffer).setUint32(0, number)
  return transaction
}
const nameOf = (transaction: Uint8Array) =>
  String(new DataView(transaction.buffer, transaction.byteOffset).getUint32(0))
const proposed = (one: One) =>
  one.effects.flatMap((effect) =>
    effect.kind === 'send' && effect.message.type === 'proposal'
      ? [effect.message.proposal.block.transactions.map(nameOf)]
      : [],
  )
const submitAll = (one: One, transactions: readonly Uint8Array[]) => {
  for (const transaction of transactions) one.event({ kind: 'submit', transaction })
}

/** As after a block: the application is asked anew about what waits. */
const moved = (one: One) => Object.assign(one.state, { head: { ...one.state.head } })
const told = (one: One) =>
  one.effects.flatMap((effect) =>
    effect.kind === 'send' && effect.message.type === 'transactions' ? effect.message.transactions.map(nameOf) : [],
  )

describe('the pool', () => {
  it('does not propose what is no longer admitted, and forgets it', () => {
    const { one, dead } = waiting(1)
    submitAll(one, [named(1), named(2), named(3)])
    dead.add('2')
    moved(one)
    one.timeout('start')
    one.timeout('start')
    expect(proposed(one)[0]).toEqual(['1', '3'])
    expect(one.state.pool.size).toBe(2)
    expect(one.state.poolBytes).toBe(8)
  })

  it('takes a transaction once, whether small or large', () => {
    const { one } = waiting(1)
    for (const bytes of [4, 256, 257, 1_000]) submitAll(one, [named(bytes, bytes), named(bytes, bytes)])
    expect(one.state.pool.size).toBe(4)
    // Neither passes for the other: a small one is its own key, a large one's key is its hash.
    expect(new Set(one.state.pool.keys()).size).toBe(4)
  })

  it('after a decision asks for the oldest only, and stands still when nothing admissible waits', () => {
    const { one, dead, asked } = waiting(0)
    submitAll(one, [named(1), named(2), named(3), named(4)])
    const block = one.block(1)
    one.propose(block)
    one.votes('prevote', [1, 2, 3], block.id)
    dead.add('1')
    asked.length = 0
    one.votes('precommit', [1, 2, 3], block.id)
    expect(one.height).toBe(2)
    expect(asked).toEqual(['1', '2'])
    expect(one.state.pool.size).toBe(3)
  })

  it('is cleared of a large block a part at a time, and this node begins nothing meanwhile', () => {
    const { one } = waiting(1)
    const many = Array.from({ length: 3 * limits.FORGOTTEN_AT_ONCE - 10 }, (_, i) => named(i))
    submitAll(one, many)
    one.timeout('start')
    one.timeout('start')
    submitAll(one, [named(10_001), named(10_002)])
    const { block } = one.effects.flatMap((effect) =>
      effect.kind === 'send' && effect.message.type === 'proposal' ? [effect.message.proposal] : [],
    )[0]!
    expect(block.transactions.length).toBe(many.length)
    one.votes('prevote', [0, 2, 3], block.id)
    one.effects.length = 0
    one.votes('precommit', [0, 2, 3], block.id)
    const timers = () => one.effects.flatMap((effect) => (effect.kind === 'timer' ? [effect.timer] : []))
    expect(one.height).toBe(2)
    expect(one.state.pool.size).toBe(many.length + 2 - limits.FORGOTTEN_AT_ONCE)
    expect(timers()).toContain('forget')
    one.timeout('start')
    expect(timers()).not.toContain('start')
    one.timeout('forget')
    expect(one.state.pool.size).toBe(many.length + 2 - 2 * limits.FORGOTTEN_AT_ONCE)
    one.effects.length = 0
    one.timeout('forget')
    expect([...one.state.pool.values()].map(nameOf)).toEqual(['10001', '10002'])
    expect(one.state.poolBytes).toBe(8)
    expect(timers()).toEqual(['start'])
    one.timeout('forget')
    expect(one.state.pool.size).toBe(2)
  })

  it('never proposes what the block before has decided, though the pool is not cleared of it yet', () => {
    const { one } = waiting(1)
    const many = Array.from({ length: 2 * limits.FORGOTTEN_AT_ONCE }, (_, i) => named(i))
    submitAll(one, many)
    Object.assign(one.state, { forgetting: { transactions: many, next: 0 } })
    submitAll(one, [named(10_001)])
    expect([...offered({ context: one.context, state: one.state, now: one.now, effects: [] })].map(nameOf)).toEqual([
      '10001',
    ])
  })

  it('goes through a full pool once a height, and makes room', () => {
    const { one, dead, asked } = waiting(0)
    const many = Array.from({ length: limits.MAX_POOL }, (_, i) => named(i))
    for (const transaction of many) one.tell(2, { type: 'transactions', transactions: [transaction] })
    asked.length = 0
    moved(one)
    submitAll(one, [named(1_000_000)])
    expect(one.state.pool.size).toBe(limits.MAX_POOL)
    expect(asked.length).toBe(limits.MAX_POOL)
    // Nothing was dead; the same height is not gone through again, however much comes.
    dead.add('7')
    submitAll(one, [named(1_000_001), named(1_000_002)])
    expect(asked.length).toBe(limits.MAX_POOL)
    Object.assign(one.state, { clearedAt: 0 })
    moved(one)
    submitAll(one, [named(1_000_003)])
    expect([...one.state.pool.values()].map(nameOf)).toContain('1000003')
  })

  it('tells a little of what waits while a height takes long', () => {
    const { one } = waiting(0)
    submitAll(
      one,
      Array.from({ length: 100 }, (_, i) => named(i)),
    )
    one.effects.length = 0
    one.timeout('tick')
    expect(told(one)).toEqual([])
    one.now += 2 * one.context.options.tickMs
    one.timeout('tick')
    expect(told(one)).toEqual(Array.from({ length: limits.TOLD_AGAIN }, (_, i) => String(i)))
  })

  it('tells it again after ever longer waits, and not later because a clock was set back', () => {
    const { one } = waiting(0)
    const { tickMs } = one.context.options
    submitAll(one, [named(1)])
    const times: number[] = []
    const begin = one.now
    for (let tick = 1; tick <= 400; tick++) {
      one.now = begin + tick * tickMs
      one.effects.length = 0
      one.timeout('tick')
      if (told(one).length > 0) times.push(tick)
    }
    expect(times.slice(0, 4)).toEqual([2, 6, 14, 30])
    expect(Math.max(...times.slice(1).map((at, i) => at - times[i]!)) * tickMs).toBeLessThanOrEqual(
      limits.TELL_AGAIN_MOST_MS + tickMs,
    )
    one.now = begin - 3_600_000
    one.effects.length = 0
    one.timeout('tick')
    expect(told(one)).toEqual(['1'])
  })

  it('asks the application about what waits once after each block, however often it is told', () => {
    const { one, asked } = waiting(0)
    submitAll(one, [named(1)])
    for (let tick = 1; tick <= 50; tick++) {
      one.now += one.context.options.tickMs
      one.timeout('tick')
    }
    expect(asked).toEqual(['1'])
    moved(one)
    one.now += 3 * limits.TELL_AGAIN_MOST_MS
    one.timeout('tick')
    one.timeout('tick')
    expect(asked).toEqual(['1', '1'])
  })
})
