import { describe, expect, it } from 'vitest'
import { toHex } from '../../../src/base/index.ts'
import { type Chain, type ChainOptions, createChain, type PeerName, type StateMap } from '../../../src/chain/index.ts'
import { virtualClock } from '../../../src/sim/index.ts'
import { mapApplication, transaction } from '../../sim/chain/application.ts'
import { SimDisk } from '../../sim/chain/disk.ts'
import { makePlan } from '../../sim/chain/plan.ts'
import { shrink } from '../../sim/chain/suite.ts'
import { runWorld } from '../../sim/chain/world.ts'
import { chainId, people, scheme } from '../one.ts'

/** Four chains whose messages take 5 ms. */
function four(options: Partial<ChainOptions> = {}) {
  const { validators, signers } = people(4)
  const clock = virtualClock({ settle: async () => {} })
  const names = validators.map(({ id }) => toHex(id))
  const disks = validators.map(() => new SimDisk())
  const chains: (Chain<StateMap> | undefined)[] = []
  const errors: string[] = []
  const open = (index: number) => {
    const chain = createChain(
      {
        chainId,
        validators,
        signer: signers[index]!,
        scheme,
        application: mapApplication(validators),
        stores: { blocks: disks[index]!.open(() => {}) },
        clock,
        log: { debug() {}, info() {}, warn() {}, error: (_, message) => errors.push(message) },
      },
      {
        send: (to: PeerName, message) => {
          clock.after(5, () => chains[names.indexOf(to)]?.receive(names[index]!, message))
        },
      },
      { idleTickMs: 1_000, ...options },
    )
    chains[index] = chain
    chain.start()
    return chain
  }
  const close = (index: number) => {
    chains[index]?.stop()
    chains[index] = undefined
  }
  for (let i = 0; i < 4; i++) open(i)
  const heights = () => chains.map((chain) => chain?.status().height)
  return { clock, chains, disks, open, close, heights, errors }
}

describe('a chain over its ports', () => {
  it('decides in three message delays', () => {
    const { clock, chains, heights } = four()
    chains[2]!.submit(transaction(1))
    // One delay to the proposer (number 1), its batch of 10 ms, then proposal, prevote, precommit.
    clock.advance(5 + 10 + 3 * 5)
    expect(heights()).toEqual([1, 1, 1, 1])
  })

  it('stands still while nothing waits', () => {
    const { clock, heights } = four()
    clock.advance(100_000)
    expect(heights()).toEqual([0, 0, 0, 0])
  })

  it('is where it was after a restart', () => {
    const { clock, chains, open, close } = four()
    for (let key = 0; key < 5; key++) {
      chains[0]!.submit(transaction(key))
      clock.advance(200)
    }
    const before = chains[3]!.status()
    close(3)
    const after = open(3).status()
    expect(after.height).toBe(before.height)
    expect(after.height).toBeGreaterThan(0)
    expect(after.stateRoot).toEqual(before.stateRoot)
    expect(after.headId).toEqual(before.headId)
  })

  it('goes on without one of four, who catches up by blocks', () => {
    const { clock, chains, open, close, heights } = four({ snapshotEvery: 0 })
    close(1)
    for (let key = 0; key < 150; key++) {
      chains[0]!.submit(transaction(key))
      clock.advance(2_000)
    }
    const { height } = chains[0]!.status()
    expect(height).toBeGreaterThan(100)
    open(1)
    clock.advance(5_000)
    expect(heights()).toEqual([height, height, height, height])
    expect(chains[1]!.status().stats.caughtUp).toBe(height)
  })

  it('catches up by a snapshot where blocks are no longer kept, and is there again after a restart', () => {
    const { clock, chains, open, close, heights } = four({ snapshotEvery: 10, keepBlocks: 3 })
    close(1)
    for (let key = 0; key < 35; key++) {
      chains[0]!.submit(transaction(key))
      clock.advance(2_000)
    }
    open(1)
    clock.advance(5_000)
    const { height, stateRoot } = chains[0]!.status()
    expect(heights()).toEqual([height, height, height, height])
    expect(chains[1]!.status().stats.snapshots).toBe(1)
    expect(chains[1]!.block(1)).toBeUndefined()
    close(1)
    expect(open(1).status().stateRoot).toEqual(stateRoot)
  })

  it('stops without two of four, and goes on when they are back', () => {
    const { clock, chains, open, close, heights } = four()
    close(2)
    close(3)
    chains[0]!.submit(transaction(1))
    clock.advance(20_000)
    expect(heights()).toEqual([0, 0, undefined, undefined])
    open(2)
    open(3)
    clock.advance(20_000)
    expect(heights()).toEqual([1, 1, 1, 1])
  })

  it('will not open on a store whose state does not follow', () => {
    const { clock, chains, disks, open, close } = four()
    chains[0]!.submit(transaction(1))
    clock.advance(500)
    close(0)
    const store = disks[0]!.open(() => {})
    const [[key, value]] = [...store.range(new Uint8Array(), new Uint8Array(64).fill(255))] as [
      [Uint8Array, Uint8Array],
    ]
    expect(chains[1]!.status().height).toBe(1)
    // A bit of the block's signature is not noticed here, a bit of its header is.
    const damaged = new Uint8Array(value)
    damaged[60]! ^= 1
    store.batch([{ kind: 'put', key, value: damaged }], { durable: true })
    expect(() => open(0)).toThrow(expect.objectContaining({ code: expect.stringMatching(/^CHAIN_/) }))
  })

  it('counts malformed bytes, and does not mind them', () => {
    const { chains } = four()
    expect(chains[0]!.receiveBytes('x', Uint8Array.of(1, 2, 3))).toBe(false)
    expect(chains[0]!.status().stats.malformed).toBe(1)
  })
})

describe('a simulated world', () => {
  it('runs the same way twice', () => {
    const plan = makePlan(12, { n: 4 })
    expect(runWorld(plan)).toEqual(runWorld(plan))
  })

  it.each([1, 2, 3, 5, 6])('holds with %d validators', (n) => {
    for (let seed = 0; seed < 3; seed++) expect(runWorld(makePlan(seed, { n })).failure).toBeUndefined()
  })

  /** A validator lost power in round 1 and forgot its precommit of round 0, for which the others waited for ever. */
  it('goes on when the only ones left stand in different rounds after a loss of power (seed 8432)', () => {
    expect(runWorld(makePlan(8432, { n: 4, long: true })).failure).toBeUndefined()
  })

  it('is shortened to the faults that matter', () => {
    const plan = makePlan(3, { n: 4 })
    const culprit = plan.faults[plan.faults.length - 1]!
    expect(shrink(plan, ({ faults }) => faults.includes(culprit)).faults).toEqual([culprit])
  })
})
