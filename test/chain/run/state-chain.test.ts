import { describe, expect, it } from 'vitest'
import { toHex } from '../../../src/base/index.ts'
import { stateRoot } from '../../../src/chain/index.ts'
import { mapApplication, transaction } from '../../sim/chain/application.ts'
import { Ledgers } from './ledgers.ts'

describe('a chain whose state is elsewhere', () => {
  it('decides the same states as one in memory, though the application takes its time', async () => {
    const ledgers = new Ledgers({ callMs: 200 })
    for (let key = 0; key < 6; key++) {
      ledgers.chains[key % 4]!.submit(transaction(key))
      await ledgers.run(2_500)
    }
    const { height } = ledgers.chains[0]!.status()
    expect(height).toBeGreaterThanOrEqual(5)
    expect(ledgers.heights()).toEqual([height, height, height, height])
    expect(new Set(ledgers.roots()).size).toBe(1)
    const application = mapApplication(ledgers.validators)
    let state = application.initial()
    for (const { block } of ledgers.decided[0]!) {
      const { time, proposer, extension } = block.header
      const content = { height: block.header.height, time, proposer, extension, transactions: block.transactions }
      state = application.apply(state, content)!.state
      expect(toHex(stateRoot(state))).toBe(toHex(block.header.stateRoot))
    }
    expect(ledgers.failures).toEqual([])
  })

  it('is where it was after a restart, and applies again what the state had not yet', async () => {
    const ledgers = new Ledgers()
    for (let key = 0; key < 5; key++) {
      ledgers.chains[0]!.submit(transaction(key))
      await ledgers.run(2_000)
    }
    const before = ledgers.chains[3]!.status()
    // The state was not synced, and loses some of its last blocks; the blocks were.
    ledgers.close(3)
    const after = ledgers.open(3)
    await ledgers.run(500)
    expect(after.status().height).toBe(before.height)
    expect(toHex(after.status().stateRoot)).toBe(toHex(before.stateRoot))
    ledgers.chains[1]!.submit(transaction(99))
    await ledgers.run(2_000)
    expect(after.status().height).toBe(before.height + 1)
    expect(ledgers.failures).toEqual([])
  })

  it('catches up by blocks, each of which waits for the application', async () => {
    const ledgers = new Ledgers({ callMs: 100 })
    ledgers.close(1)
    for (let key = 0; key < 20; key++) {
      ledgers.chains[0]!.submit(transaction(key))
      await ledgers.run(4_000)
    }
    const { height } = ledgers.chains[0]!.status()
    expect(height).toBeGreaterThanOrEqual(15)
    ledgers.open(1)
    await ledgers.run(10_000)
    expect(ledgers.heights()).toEqual([height, height, height, height])
    expect(ledgers.chains[1]!.status().stats.caughtUp).toBe(height)
    expect(new Set(ledgers.roots()).size).toBe(1)
  })

  it('catches up by pieces of several sources where blocks are no longer kept, though one of them lies', async () => {
    const ledgers = new Ledgers({
      options: { snapshotEvery: 10, keepBlocks: 3 },
      twistPiece: (from, bytes) =>
        from === 0 ? bytes.map((byte, i) => (i === bytes.length - 1 ? byte ^ 1 : byte)) : bytes,
    })
    ledgers.close(1)
    for (let key = 0; key < 35; key++) {
      ledgers.chains[0]!.submit(transaction(key))
      await ledgers.run(4_000)
    }
    const { height, stateRoot: root } = ledgers.chains[0]!.status()
    expect(height).toBeGreaterThan(30)
    const late = ledgers.open(1)
    await ledgers.run(20_000)
    expect(ledgers.heights()).toEqual([height, height, height, height])
    expect(late.status().stats.snapshots).toBe(1)
    expect(late.block(1)).toBeUndefined()
    ledgers.close(1)
    const again = ledgers.open(1)
    await ledgers.run(1_000)
    expect(toHex(again.status().stateRoot)).toBe(toHex(root))
    ledgers.chains[2]!.submit(transaction(99))
    await ledgers.run(4_000)
    expect(again.status().height).toBe(height + 1)
    expect(ledgers.failures).toEqual([])
  })

  it('asks the application whether a transaction may wait, and tells others of those that may', async () => {
    const ledgers = new Ledgers({ options: { heartbeatMs: 60_000 } })
    const chain = ledgers.chains[0]!
    chain.submit(transaction(1))
    chain.submit(transaction(1))
    chain.submit(Uint8Array.of(0xff))
    expect(chain.status().waiting).toBe(0)
    await ledgers.run(8)
    expect(ledgers.chains.map((one) => one?.status().waiting)).toEqual([1, 0, 0, 0])
    await ledgers.run(10)
    expect(ledgers.chains.map((one) => one?.status().waiting)).toEqual([1, 1, 1, 1])
    await ledgers.run(3_000)
    expect(ledgers.chains.map((one) => one?.status().waiting)).toEqual([0, 0, 0, 0])
    expect(ledgers.heights()).toEqual([1, 1, 1, 1])
  })

  it('drops what a decided block has made void, at the next look', async () => {
    const ledgers = new Ledgers()
    for (const chain of ledgers.chains) chain!.submit(transaction(7))
    await ledgers.run(6_000)
    expect(ledgers.chains.map((one) => one?.status().waiting)).toEqual([0, 0, 0, 0])
  })

  it.each(['blocks', 'state'] as const)(
    'stops with a reason when the disk of its %s is full, and goes on after a restart',
    async (which) => {
      const ledgers = new Ledgers({ failing: 2 })
      ledgers.chains[0]!.submit(transaction(1))
      await ledgers.run(3_000)
      const faults = which === 'blocks' ? ledgers.blockFaults : ledgers.stateFaults[2]!
      faults.isFull = true
      for (let key = 2; key < 8; key++) {
        ledgers.chains[0]!.submit(transaction(key))
        await ledgers.run(4_000)
      }
      const stopped = ledgers.chains[2]!.status()
      expect(stopped.halted).toMatch(/full/)
      expect(ledgers.failures).toHaveLength(1)
      const { height } = ledgers.chains[0]!.status()
      expect(height).toBeGreaterThanOrEqual(6)
      expect(ledgers.heights().filter((one) => one === height)).toHaveLength(3)
      ledgers.close(2)
      faults.isFull = false
      ledgers.open(2)
      await ledgers.run(10_000)
      expect(ledgers.heights()).toEqual([height, height, height, height])
      expect(new Set(ledgers.roots()).size).toBe(1)
      expect(ledgers.chains.every((chain) => chain!.status().stats.evidence === 0)).toBe(true)
    },
  )

  it('keeps what its role says, by number and by age', async () => {
    const options = { snapshotEvery: 5, keepBlocks: 2, keepMs: 60_000, keepVersions: 4, heartbeatMs: 2_000 }
    const ledgers = new Ledgers({ options })
    await ledgers.run(200_000)
    const chain = ledgers.chains[0]!
    const { height } = chain.status()
    const oldest = Array.from({ length: height }, (_, i) => chain.block(i + 1)).find((one) => one !== undefined)
    const age = chain.block(height)!.block.header.time - oldest!.block.header.time
    expect(age).toBeGreaterThanOrEqual(60_000)
    expect(age).toBeLessThan(60_000 + 2_500 * 7)
    const { head, oldest: version } = await ledgers.stateOf(0).status()
    expect(head!.height - version!).toBe(3)
  })

  it.each([true, false])(
    'begins after the trusting period only with a header that is trusted from elsewhere: %s',
    async (isTrusted) => {
      const day = 24 * 60 * 60 * 1_000
      const ledgers: Ledgers = new Ledgers({
        spares: 1,
        options: { snapshotEvery: 5, keepBlocks: 2, heartbeatMs: 8 * 60 * 60 * 1_000, idleTickMs: 60 * 60 * 1_000 },
        trusts: () =>
          isTrusted ? { validators: ledgers.validators.slice(0, 4), time: ledgers.clock.now() - day } : undefined,
      })
      await ledgers.run(15 * day)
      const { height } = ledgers.chains[0]!.status()
      expect(height).toBeGreaterThan(40)
      ledgers.open(4)
      await ledgers.run(10 * 60_000)
      expect(ledgers.chains[4]!.status().height >= height).toBe(isTrusted)
    },
  )
})
