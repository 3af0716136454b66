import { describe, expect, it } from 'vitest'
import { scopedStore, toHex } from '../../../src/base/index.ts'
import { KeptProofs, proveKeys, stateView, trustGenesis } from '../../../src/chain/index.ts'
import {
  ACCOUNTS,
  ADMISSION,
  createLedgerApplication,
  encodeApplicationGenesis,
  ledgerModules,
  type MemoryState,
  mayCarry,
  ringMembersOf,
} from '../../../src/ledger/index.ts'
import { LedgerAdmission } from '../../../src/peer/ledger/admission.ts'
import { ListFollower } from '../../../src/peer/ledger/list-follower.ts'
import { FollowWorld, TestMember } from '../../chain/follow/world.ts'
import { DAY, GENESIS_TIME, simRules, TestLedger } from '../../chain/light/ledger.ts'
import { chainId, people, scheme } from '../../chain/one.ts'
import { genesisOf } from '../../ledger/modules/admission-world.ts'

/** The state of a chain on whose list so many organisations are. */
function listOf(n: number): MemoryState {
  const modules = ledgerModules.filter(({ id }) => id === ACCOUNTS || id === ADMISSION)
  const parts = new Map(modules.map(({ id }) => [id, id === ADMISSION ? genesisOf(n).genesis : null] as const))
  return createLedgerApplication({
    chainId,
    chainName: 'root',
    genesisTime: GENESIS_TIME,
    validators: people(4).validators,
    genesis: encodeApplicationGenesis({ modules: parts, quotaADay: 1_000 }),
    modules,
    scheme,
    mayCarry,
  }).initial() as MemoryState
}

describe('the list of an endorsed ring', () => {
  it('is known at the next start as it was certified last, whoever can be asked', async () => {
    const scene = follower()
    const first = await scene.start()
    expect(await first.names()).toHaveLength(6)
    const again = await scene.restart()
    expect(again.list.length).toBe(4)
    await again.follower.recall()
    expect(again.members()).toHaveLength(6)
  })

  it('is that of the genesis again once what was known is older than the trusting period, or was changed', async () => {
    const late = follower()
    await (await late.start()).names()
    late.stop()
    await late.world.clock.advanceAsync(15 * DAY)
    const slept = await late.restart()
    await slept.follower.recall()
    expect(slept.members()).toHaveLength(4)

    const changed = follower()
    await (await changed.start()).names()
    const store = scopedStore(changed.world.store, Uint8Array.of(201))
    const [key, value] = [...store.range(Uint8Array.of(2))][0]!
    value[value.length - 40]! ^= 1
    store.batch([{ kind: 'put', key, value }], { durable: true })
    const found = await changed.restart()
    await found.follower.recall()
    expect(found.members()).toHaveLength(4)
  })
})

function follower() {
  const [genesis, now] = [listOf(4), listOf(6)]
  const ledger = new TestLedger([0, 1, 2, 3]).grow(5, { stateRoot: now.root() })
  const world = new FollowWorld(ledger)
  const member = new TestMember('a', ledger, world.clock, (_, __, keys) => ({
    values: keys.map((key) => now.get(key)),
    proof: proveKeys(stateView(now.map), keys),
  }))
  world.members.push(member)
  const log = { debug() {}, info() {}, warn() {}, error() {} }
  let stop = () => {}
  const start = async () => {
    const light = await world.follow(ledger, { name: 'root', trusted: trustGenesis(ledger.genesis) })
    const store = scopedStore(world.store, Uint8Array.of(201))
    const kept = new KeptProofs({ trust: light, rules: simRules, store, clock: world.clock, log }, 1)
    const list = ringMembersOf(genesis)
    const admission = new LedgerAdmission(list, log)
    const following = new ListFollower({
      follower: light,
      chainId: ledger.chainId,
      admission,
      kept,
      seek: async () => {},
      clock: world.clock,
      log,
    })
    stop = () => {
      following.stop()
      light.close()
    }
    const members = () =>
      ringMembersOf(now).flatMap(({ ringKey }) => (admission.saltOf(ringKey) === undefined ? [] : [toHex(ringKey)]))
    return {
      list,
      follower: following,
      members,
      /** Once the list was read from the ledger. */
      async names() {
        following.start()
        await world.minute()
        return members()
      },
    }
  }
  return {
    world,
    start,
    stop: () => stop(),
    async restart() {
      stop()
      world.disk.crash('process')
      member.lie = () => 'silent'
      return start()
    },
  }
}
