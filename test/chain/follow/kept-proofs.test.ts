import { describe, expect, it } from 'vitest'
import { type Store, scopedStore } from '../../../src/base/index.ts'
import type { LightFollower } from '../../../src/chain/follow/follower.ts'
import { KeptProofs } from '../../../src/chain/follow/kept-proofs.ts'
import { encodeConflict } from '../../../src/chain/light/conflicts.ts'
import { type StateMap, stateRoot } from '../../../src/chain/trees/state-map.ts'
import { DAY, MINUTE, simRules, TestLedger } from '../light/ledger.ts'
import { FollowWorld, stateOf, text } from './world.ts'

const FOUR = [0, 1, 2, 3]
const KEYS = [text('name')]

describe('proofs that outlive the process', () => {
  it('are known again after a restart, with nobody to ask', async () => {
    const { world, ledger, kept, restart } = await scene()
    await kept('shop')
    const after = await restart()
    expect(after.proofs.size).toBe(1)
    expect(after.proofs.get('shop')).toMatchObject({ header: { height: 6 }, answers: [{ values: [text('mine')] }] })
    expect(after.proofs.get('other')).toBeUndefined()
    expect(world.members[0]!.asked).toEqual([])
    expect(after.follower.head(ledger.chainId)?.height).toBe(6)
  })

  it('are refused, and gone, when a byte of the proof, of its header or of the list of a set was changed', async () => {
    for (let at = 0; at < 40; at++) {
      const { kept, store, restart, log } = await scene()
      await kept('shop')
      const rows = [...store().range(new Uint8Array())]
      const [key, value] = rows[at % rows.length]!
      const changed = value.slice()
      changed[Math.floor((at * 7_919) % value.length)]! ^= 1 << (at % 8)
      store().batch([{ kind: 'put', key, value: changed }], { durable: true })
      const { proofs } = await restart()
      expect(proofs.get('shop')).toBeUndefined()
      expect(proofs.has('shop')).toBe(false)
      expect(log.join()).toContain('does not hold')
    }
  })

  it('hold for a header of a set that has turned over twice since', async () => {
    const { world, ledger, state, kept, restart, follower } = await scene()
    await kept('shop')
    for (let set = 1; set <= 8; set++)
      ledger
        .grow(1, { next: [set, set + 1, set + 2, set + 3], stateRoot: stateRoot(state) })
        .grow(3, { stateRoot: stateRoot(state) })
    await world.clock.advanceAsync(33 * MINUTE)
    expect(follower.head(ledger.chainId)?.height).toBe(38)
    const after = await restart()
    expect(after.follower.head(ledger.chainId)?.height).toBe(38)
    expect(after.proofs.get('shop')).toMatchObject({ header: { height: 6 } })
  })

  it('hold for a header before all that is trusted only where so many of a trusted set signed it', async () => {
    const { ledger, follower } = await scene()
    const [old, strangers] = [ledger.at(3), new TestLedger([20, 21, 22, 23]).grow(3)]
    expect(follower.trusts(old, ledger.setAt(3))).toBe(true)
    expect(follower.trusts(strangers.at(3), strangers.setAt(3))).toBe(false)
    const few = ledger.certify(old.header, ledger.setAt(3), [0, 1])
    expect(follower.trusts(few, ledger.setAt(3))).toBe(false)
  })

  it('count for nothing after the trusting period, nor of a chain that was forked', async () => {
    const first = await scene()
    await first.kept('shop')
    // It was off meanwhile: a look a minute finds nothing in any of them.
    first.world.clock.skip(14 * DAY)
    await first.world.clock.advanceAsync(MINUTE)
    const late = await first.restart()
    expect(late.proofs.get('shop')).toBeUndefined()
    // It is not known to be wrong either.
    expect(late.proofs.has('shop')).toBe(true)

    const second = await scene()
    await second.kept('shop')
    const { ledger } = second
    const fork = ledger.fork(5).grow(1, { stateRoot: new Uint8Array(32).fill(6) })
    const conflict = { first: ledger.at(6), second: fork.at(6), firstSet: ledger.setAt(6), secondSet: fork.setAt(6) }
    expect(second.proofs.get('shop')).toBeDefined()
    second.follower.show(ledger.chainId, encodeConflict({ ...conflict, older: undefined }))
    expect(second.proofs.get('shop')).toBeUndefined()
    expect((await second.restart()).proofs.get('shop')).toBeUndefined()
  })

  it('are bounded: those used longest ago go, and headers that no proof needs go with them', async () => {
    const { world, ledger, state, kept, proofs, store } = await scene(3)
    for (const id of ['a', 'b', 'c']) await kept(id)
    expect(proofs.get('a')).toBeDefined()
    ledger.block({ stateRoot: stateRoot(state) })
    await world.minute()
    await kept('d')
    expect(['a', 'b', 'c', 'd'].filter((id) => proofs.has(id))).toEqual(['a', 'c', 'd'])
    expect([...store().range(new Uint8Array())]).toHaveLength(2 + 3)
    for (const id of ['a', 'c']) proofs.delete(id)
    expect([...store().range(new Uint8Array())]).toHaveLength(1 + 1)
    proofs.delete('d')
    expect([...store().range(new Uint8Array())]).toEqual([])
  })

  it('are written again once an hour when they say the same, and at once when not', async () => {
    const { world, ledger, state, kept, proofs } = await scene()
    const heights = async (next: StateMap, blocks: number) => {
      ledger.grow(blocks, { stateRoot: stateRoot(next) })
      await world.clock.advanceAsync(blocks * MINUTE)
      await world.minute()
      ledger.block({ stateRoot: stateRoot(next) })
      await world.minute()
      await kept('shop')
      return proofs.get('shop')?.header.height
    }
    await kept('shop')
    expect(await heights(state, 2)).toBe(6)
    expect(await heights(stateOf({ name: 'another' }), 2)).toBe(12)
    expect(await heights(stateOf({ name: 'another' }), 70)).toBeGreaterThan(80)
  })
})

describe('the way to a head, kept on disk', () => {
  it('is not gone on from when it was changed: the chain is followed from the start', async () => {
    const { world, ledger, restart } = await scene()
    ledger.grow(1, { next: [1, 2, 3, 4] }).grow(5)
    await world.clock.advanceAsync(7 * MINUTE)
    const rows = [...world.store.range(ledger.chainId)].filter(([key]) => key[32] === 1)
    const [key, value] = rows[0]!
    // The root of the state in the last header, which its certificate does not sign then.
    const at = Buffer.from(value).lastIndexOf(Buffer.from(ledger.head.header.stateRoot))
    const changed = value.slice()
    changed[at]! ^= 1
    world.store.batch([{ kind: 'put', key, value: changed }], { durable: true })
    const { follower } = await restart()
    expect(follower.head(ledger.chainId)).toMatchObject({ height: 0 })
    expect(world.logged.join()).toContain('do not hold')
  })
})

async function scene(most = 100) {
  const state = stateOf({ name: 'mine', other: 'theirs' })
  const ledger = new TestLedger(FOUR).grow(6, { stateRoot: stateRoot(state) })
  const world = new FollowWorld(ledger)
  const member = world.member('a', ledger)
  const log: string[] = []
  const store = (): Store => scopedStore(world.store, Uint8Array.of(200))
  const proofsOf = (follower: LightFollower) =>
    new KeptProofs(
      {
        trust: follower,
        rules: simRules,
        store: store(),
        clock: world.clock,
        log: { debug() {}, warn: (_, message) => log.push(message) },
      },
      most,
    )
  const follower = await world.follow(ledger)
  const proofs = proofsOf(follower)
  return {
    world,
    ledger,
    state,
    member,
    follower,
    proofs,
    store,
    log,
    async kept(id: string) {
      const answer = await follower.prove(ledger.chainId, KEYS)
      if (answer.kind !== 'proven') throw new Error(`not proven: ${answer.reason}`)
      proofs.put(id, answer.header, [{ keys: KEYS, values: answer.values, proof: answer.proof }])
    },
    /** The process ends, and begins again without anybody there. */
    async restart() {
      follower.close()
      world.disk.crash('process')
      member.lie = () => 'silent'
      const again = await world.follow(ledger)
      member.asked.length = 0
      return { follower: again, proofs: proofsOf(again) }
    },
  }
}
