import { describe, expect, it } from 'vitest'
import { toHex } from '../../../src/base/index.ts'
import type { ChainMessage } from '../../../src/chain/index.ts'
import { limits } from '../../../src/chain/limits.ts'
import { effort } from '../../setup/effort.ts'
import { transaction } from '../../sim/chain/application.ts'
import { Ledgers, type LedgersGiven } from './ledgers.ts'

interface Sent {
  readonly from: number
  readonly to: number
  readonly type: ChainMessage['type']
}

async function followed(spares: number, given: LedgersGiven = {}) {
  const sent: Sent[] = []
  const { twist = (_, message) => [message] } = given
  const world = new Ledgers({
    ...given,
    spares,
    options: { heartbeatMs: 10_000, idleTickMs: 2_000, ...given.options },
    twist(from, message, to) {
      sent.push({ from, to, type: message.type })
      return twist(from, message, to)
    },
  })
  for (let index = 4; index < 4 + spares; index++) world.open(index)
  await world.run(15_000)
  return { world, sent }
}

const behind = (world: Ledgers) => {
  const head = Math.max(
    ...world
      .heights()
      .slice(0, 4)
      .map((height) => height ?? 0),
  )
  return world.heights().filter((height) => height !== head).length
}

/** Of a flood. */
const SECONDS = effort(8, 20)

describe('followers of a ledger', () => {
  it('are told of every block within seconds, by each other where validators have no place', async () => {
    const { world, sent } = await followed(150)
    world.chains[0]!.submit(transaction(1))
    await world.run(15_000)
    sent.length = 0
    world.chains[0]!.submit(transaction(2))
    const before = world.chains[0]!.status().height
    await world.run(4_500)
    expect(world.chains[0]!.status().height).toBeGreaterThan(before)
    expect(behind(world)).toBe(0)
    expect(new Set(world.roots()).size).toBe(1)
    // Each validator told 64 at most; the rest had it of followers.
    for (let index = 0; index < 4; index++) {
      const told = new Set(
        sent.filter(({ from, to, type }) => from === index && type === 'blocks' && to >= 4).map(({ to }) => to),
      )
      expect(told.size).toBeLessThanOrEqual(limits.CHAIN_MAX_FOLLOWERS)
    }
    expect(sent.some(({ from, type }) => from >= 4 && type === 'blocks')).toBe(true)
    expect(world.failures).toEqual([])
  })

  it('hand what is submitted to them on to the validators', async () => {
    const { world } = await followed(100)
    for (let index = 4; index < 104; index += 9) world.chains[index]!.submit(transaction(index))
    await world.run(12_000)
    const decided = world.decided[0]!.flatMap(({ block }) => block.transactions.map(toHex))
    for (let index = 4; index < 104; index += 9) expect(decided).toContain(toHex(transaction(index)))
  })

  it('take nothing from validators, however much they ask for', async () => {
    const { world, sent } = await followed(10)
    const flood = () => {
      for (let index = 4; index < 14; index++)
        for (let i = 0; i < 12; i++) {
          const name = world.names[index]!
          for (let at = 0; at < 4; at++) {
            world.chains[at]!.receive(name, { type: 'ask-blocks', from: 1 })
            world.chains[at]!.receive(name, {
              type: 'transactions',
              transactions: [transaction(10_000 + index * 100 + i)],
            })
          }
        }
    }
    for (let i = 0; i < 5; i++) world.chains[0]!.submit(transaction(i))
    await world.run(20_000)
    const calm = world.chains[0]!.status().height
    sent.length = 0
    for (let second = 0; second < SECONDS; second++) {
      flood()
      world.chains[0]!.submit(transaction(100 + second))
      await world.run(1_000)
    }
    const { height, stats } = world.chains[0]!.status()
    expect(height - calm).toBeGreaterThanOrEqual(0.4 * SECONDS)
    expect(stats.refused).toBeGreaterThan(50 * SECONDS)
    expect(stats.laterRounds).toBe(0)
    const served = sent.filter(({ from, to, type }) => from === 0 && to >= 4 && type === 'blocks')
    // Ten followers, each with its allowance.
    const each = limits.CHAIN_FOLLOWER_BURST + SECONDS * limits.CHAIN_FOLLOWER_PER_SECOND
    expect(served.length).toBeLessThanOrEqual(10 * each + 10 * (height - calm))
  })

  it('find their way back when those they follow are silent or behind', async () => {
    const { world } = await followed(90, { options: { heartbeatMs: 5_000 } })
    // The first forty followers and two validators go on in a world of their own: they say where they stand, and send nothing.
    const muted = new Set([0, ...Array.from({ length: 40 }, (_, i) => 4 + i)])
    for (const index of muted) world.mute(index)
    await world.run(60_000)
    const late = world.heights().filter((height, index) => !muted.has(index) && height !== world.heights()[1])
    expect(late).toEqual([])
  })

  it('become validators, and validators followers, by a block', async () => {
    const { world } = await followed(2)
    world.chains[4]!.submit(transaction(1, [4, 1, 2, 3]))
    await world.run(60_000)
    expect(behind(world)).toBe(0)
    const seats = world.chains[1]!.status().validators.map(({ id }) => toHex(id))
    expect(seats).toContain(world.names[4])
    expect(seats).not.toContain(world.names[0])
    world.close(1)
    await world.run(60_000)
    expect(world.chains[5]!.status().height).toBe(world.chains[2]!.status().height)
    expect(world.chains[0]!.status().height).toBe(world.chains[2]!.status().height)
  })
})
