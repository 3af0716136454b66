import { describe, expect, it } from 'vitest'
import { toHex } from '../../../src/base/index.ts'
import { encodeMessage } from '../../../src/chain/blocks/messages.ts'
import type { ChainMessage, StateApplication } from '../../../src/chain/index.ts'
import { limits } from '../../../src/chain/limits.ts'
import { encodeCanonical } from '../../../src/crypto/index.ts'
import { chainId } from '../one.ts'
import { Ledgers, type LedgersGiven } from '../run/ledgers.ts'

const large = (key: number) => encodeCanonical([key, new Uint8Array(30_000).fill(key)])

/** Keeps whatever it is given, once. */
const keeper: StateApplication = {
  begin: (empty) => empty,
  admits: (view, bytes) => view.get(bytes.subarray(0, 8)) === undefined,
  build: (_, { transactions }) => ({ extension: new Uint8Array(), transactions }),
  apply(view, { transactions }) {
    let next = view
    for (const bytes of transactions) {
      if (next.get(bytes.subarray(0, 8)) !== undefined) return undefined
      next = next.set(bytes.subarray(0, 8), bytes.subarray(8, 40))
    }
    return { state: next }
  },
}

function ledgers(given: LedgersGiven = {}) {
  return new Ledgers({
    ...given,
    application: () => keeper,
    options: { heartbeatMs: 20_000, batchMs: 500, ...given.options },
  })
}

async function decide(world: Ledgers, count: number, by = 0) {
  for (let key = 0; key < count; key++) world.chains[by]!.submit(large(key))
  await world.run(8_000)
}

const most = (world: Ledgers) => Math.max(...world.decided[0]!.map(({ block }) => block.transactions.length))

describe('a block that is larger than a message', () => {
  it('is decided by parts that each fit into a message, of which its proposer sends each once', async () => {
    const sent: { from: number; message: ChainMessage }[] = []
    const world = ledgers({
      twist(from, message) {
        sent.push({ from, message })
        return [message]
      },
    })
    await decide(world, 50)
    expect(most(world)).toBe(50)
    expect(new Set(world.roots()).size).toBe(1)
    for (const { message } of sent)
      if (message.type !== 'transactions')
        expect(encodeMessage(chainId, message).length).toBeLessThanOrEqual(limits.MAX_MESSAGE_BYTES)
    const big = world.decided[0]!.find(({ block }) => block.transactions.length === 50)!.block
    const proposer = world.validators.findIndex(({ id }) => toHex(id) === toHex(big.header.proposer))
    const parts = sent.flatMap(({ from, message }) =>
      message.type === 'part' && message.height === big.header.height ? [{ from, at: message.part.from }] : [],
    )
    const own = parts.filter(({ from }) => from === proposer).map(({ at }) => at)
    expect(new Set(own).size).toBe(own.length)
    // Each of the other three hands on a third of it.
    for (const other of [0, 1, 2, 3].filter((one) => one !== proposer))
      expect(parts.filter(({ from }) => from === other).length).toBeLessThan(own.length)
    expect(world.failures).toEqual([])
  })

  it('is decided though one validator hands on nothing, and another sends parts that are not of it', async () => {
    const world = ledgers({
      n: 7,
      twist(from, message) {
        if (message.type !== 'part' || message.part.transactions.length === 0) return [message]
        if (from === 5) return []
        if (from !== 6) return [message]
        const transactions = message.part.transactions.map((one) => one.map((byte) => byte ^ 1))
        return [{ ...message, part: { ...message.part, transactions } }]
      },
    })
    await decide(world, 40)
    await world.run(10_000)
    expect(most(world)).toBe(40)
    expect(new Set(world.roots()).size).toBe(1)
    expect(Math.max(...world.chains.map((chain) => chain!.status().stats.refused))).toBeGreaterThan(0)
  })

  it('comes in parts to who catches up, too', async () => {
    const world = ledgers()
    world.close(1)
    await decide(world, 60, 2)
    await world.run(40_000)
    world.open(1)
    await world.run(15_000)
    expect(new Set(world.heights()).size).toBe(1)
    expect(new Set(world.roots()).size).toBe(1)
    expect(most(world)).toBeGreaterThan(30)
    expect(world.chains[1]!.status().stats.caughtUp).toBeGreaterThan(0)
  })

  it('is proposed again, and signed no second time, by a proposer that restarts in the middle', async () => {
    let isCut = true
    const world = ledgers({
      twist: (from, message) => (isCut && from === 1 && message.type === 'part' ? [] : [message]),
    })
    for (let key = 0; key < 20; key++) world.chains[1]!.submit(large(key))
    await world.run(1_200)
    world.close(1)
    isCut = false
    world.open(1)
    await world.run(12_000)
    expect(most(world)).toBeGreaterThan(10)
    expect(new Set(world.roots()).size).toBe(1)
    expect(world.chains.every((chain) => chain!.status().stats.evidence === 0)).toBe(true)
  })
})
