import { describe, expect, it } from 'vitest'
import { type Store, toHex } from '../../../src/base/index.ts'
import {
  type Application,
  type Chain,
  type ChainOptions,
  createChain,
  type PeerName,
  type StateMap,
} from '../../../src/chain/index.ts'
import { virtualClock } from '../../../src/sim/index.ts'
import { effort } from '../../setup/effort.ts'
import { mapApplication, transaction } from '../../sim/chain/application.ts'
import { SimDisk } from '../../sim/chain/disk.ts'
import { makePlan } from '../../sim/chain/plan.ts'
import { shrink } from '../../sim/chain/suite.ts'
import { runWorld } from '../../sim/chain/world.ts'
import { chainId, people, scheme } from '../one.ts'

/** Four chains whose messages take 5 ms. `votesOf`: where the votes of one of them go, if not to its disk. */
function four(
  options: Partial<ChainOptions> = {},
  votesOf: (index: number) => Store | undefined = () => undefined,
  changed: Partial<Application<StateMap>> = {},
) {
  const { validators, signers } = people(4)
  const clock = virtualClock({ settle: async () => {} })
  const names = validators.map(({ id }) => toHex(id))
  const disks = validators.map(() => new SimDisk())
  const chains: (Chain<StateMap> | undefined)[] = []
  const errors: string[] = []
  const sent: string[][] = validators.map(() => [])
  const open = (index: number) => {
    const chain = createChain(
      {
        chainId,
        validators,
        signer: signers[index]!,
        scheme,
        application: { ...mapApplication(validators), ...changed },
        stores: { blocks: disks[index]!.open({ touch() {} }), ...optional('votes', votesOf(index)) },
        clock,
        log: { debug() {}, info() {}, warn() {}, error: (_, message) => errors.push(message) },
      },
      {
        send: (to: PeerName, message) => {
          sent[index]!.push(message.type)
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
  return { clock, chains, disks, open, close, heights, errors, sent }
}

function optional<K extends string, V>(key: K, value: V | undefined) {
  return value === undefined ? {} : ({ [key]: value } as Record<K, V>)
}

describe('a chain over its ports', () => {
  it('says that no snapshot is taken of a state that is too large for one', () => {
    const tooLarge = new Uint8Array(64 * 1024 * 1024 + 1)
    const { clock, chains, errors } = four({ snapshotEvery: 1 }, undefined, { snapshot: () => tooLarge })
    chains[0]!.submit(transaction(1))
    clock.advance(2_000)
    expect(chains[0]!.status().height).toBe(1)
    expect(errors).toContain('the state is too large for a snapshot: none is taken')
  })

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
    const store = disks[0]!.open({ touch() {} })
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

describe('a disk that takes its time', () => {
  /** One of four, whose votes and blocks are on disk when the test says so. */
  function one() {
    const { validators, signers } = people(4)
    const clock = virtualClock({ settle: async () => {} })
    const waiting: { votes: (() => void)[]; blocks: (() => void)[] } = { votes: [], blocks: [] }
    const disks = { votes: new SimDisk(), blocks: new SimDisk() }
    const storeOf = (kind: 'votes' | 'blocks') =>
      disks[kind].open({ touch() {}, later: (synced) => waiting[kind].push(synced) })
    const sent: string[] = []
    const failures: string[] = []
    const stores = { votes: storeOf('votes'), blocks: storeOf('blocks') }
    const open = () =>
      createChain(
        {
          chainId,
          validators,
          signer: signers[1]!,
          scheme,
          application: mapApplication(validators),
          stores,
          clock,
          log: { debug() {}, info() {}, warn() {}, error() {} },
        },
        {
          send: (_to: PeerName, message) => sent.push(message.type),
          onStoreFailure: ({ message }) => failures.push(message),
        },
        { idleTickMs: 1_000 },
      )
    const sync = (kind: 'votes' | 'blocks') => {
      for (const synced of waiting[kind].splice(0)) synced()
    }
    return { clock, open, sent, sync, waiting, disks, stores, failures }
  }

  /** Proposer of the first height: its proposal and its prevote are signed by then. */
  function signing() {
    const all = one()
    const chain = all.open()
    chain.start()
    chain.submit(transaction(1))
    all.clock.advance(20)
    return { ...all, chain }
  }

  it('holds back what it signed until the disk has it', () => {
    const { sent, sync, waiting } = signing()
    expect(waiting.votes.length).toBeGreaterThan(0)
    expect(sent).not.toContain('proposal')
    expect(sent).not.toContain('votes')
    sync('votes')
    expect(sent).toContain('proposal')
  })

  it('opened again before the disk has what it signed, sends nothing of it before, and the same to the bit after', () => {
    const { chain, open, sent, sync } = signing()
    chain.stop()
    const again = open()
    again.start()
    again.submit(transaction(2))
    expect(sent).not.toContain('proposal')
    sync('votes')
    expect(sent).toContain('proposal')
  })

  it('may have a block sooner than the votes before it: these are held back all the same', () => {
    const waiting: (() => void)[] = []
    const slow = new SimDisk().open({ touch() {}, later: (synced) => waiting.push(synced) })
    const { clock, chains, heights, sent } = four({}, (index) => (index === 3 ? slow : undefined))
    chains[2]!.submit(transaction(1))
    clock.advance(1_000)
    // It has the block by the votes of the others.
    expect(heights()).toEqual([1, 1, 1, 1])
    expect(waiting.length).toBeGreaterThan(0)
    expect(sent[3]).not.toContain('votes')
    for (const synced of waiting.splice(0)) synced()
    expect(sent[3]).toContain('votes')
  })

  it('that fails ends the chain: nothing of what was signed leaves', () => {
    const { open, clock, sent, failures, stores } = one()
    const { written } = stores.votes
    let isFull = false
    stores.votes.written = (done) => (isFull ? done(new Error('the disk is full')) : written(done))
    const chain = open()
    chain.start()
    isFull = true
    chain.submit(transaction(1))
    clock.advance(60_000)
    expect(failures).toEqual(['the disk is full'])
    expect(sent).not.toContain('proposal')
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

  it.each([20, 60])('holds on disks that take %d ms to sync, and lose power before they have', (syncMs) => {
    for (let seed = 0; seed < effort(4, 12); seed++) {
      const plan = makePlan(seed, { n: 4, harsh: seed % 3 === 0, syncMs })
      const { failure } = runWorld(plan)
      expect(failure, `seed ${seed}`).toBeUndefined()
    }
  })

  it('is shortened to the faults that matter', () => {
    const plan = makePlan(3, { n: 4 })
    const culprit = plan.faults[plan.faults.length - 1]!
    expect(shrink(plan, ({ faults }) => faults.includes(culprit)).faults).toEqual([culprit])
  })
})
