import { describe, expect, it } from 'vitest'
import { scopedStore } from '../../../src/base/index.ts'
import { KeptProofs, proveKeys, stateView, trustGenesis } from '../../../src/chain/index.ts'
import { parseName } from '../../../src/dns/index.ts'
import { type AnchorOptions, type MemoryState, NameAnchors, releasePayload } from '../../../src/ledger/index.ts'
import { FollowWorld, TestMember } from '../../chain/follow/world.ts'
import { DAY, MINUTE, simRules, TestLedger } from '../../chain/light/ledger.ts'
import { carrierOf, nameBlocks, ownerOf, settingsOf } from '../modules/names/blocks.ts'

const name = parseName('www.example.p2p.')
const { signal } = new AbortController()

describe('what was known of a name before a restart, while its ledger cannot be asked', () => {
  it('is known again: the anchor counts, with its servers, keys and context', async () => {
    const scene = await anchored()
    expect(await scene.find()).toMatchObject({ kind: 'anchored', isOld: false })
    const anchors = await scene.restart()
    // From questions around it as well, before anybody has asked for the name itself.
    expect(anchors.contextOf(name)).toBe('ledger:example.p2p.:1')
    expect(anchors.anchoredAt(name)).toMatchObject({ ds: settingsOf().ds })
    expect(anchors.delegationOf('ledger:example.p2p.:1')?.nameServers).toHaveLength(1)
    expect(await scene.find()).toMatchObject({ kind: 'anchored', anchor: { generation: 1, proof: { height: 6 } } })
    expect(anchors.contextOf(parseName('other.p2p.'))).toBeUndefined()
  })

  it('is as old as its header: after a week the name fails, and is not given to the DNS', async () => {
    const scene = await anchored()
    await scene.find()
    await scene.world.clock.advanceAsync(6 * DAY)
    await scene.restart()
    expect(await scene.find()).toMatchObject({ kind: 'anchored', isOld: true })
    await scene.world.clock.advanceAsync(2 * DAY)
    const anchors = await scene.restart()
    expect(await scene.find()).toMatchObject({ kind: 'unreachable' })
    expect(anchors.contextOf(name)).toBeUndefined()
    // And so it is when nothing of the chain is trusted any more.
    await scene.world.clock.advanceAsync(10 * DAY)
    await scene.restart()
    expect(await scene.find()).toMatchObject({ kind: 'unreachable' })
  })

  it('does not say that nobody has it: such a name is as one that was never asked for', async () => {
    const scene = await anchored({ unreachable: 'fail' })
    expect(await scene.find('www.free.p2p.')).toMatchObject({
      kind: 'dns',
      why: expect.stringContaining('not registered'),
    })
    await scene.restart()
    expect(await scene.find('www.free.p2p.')).toMatchObject({ kind: 'unreachable' })
  })

  it('is forgotten on the disk once nobody has the name any more', async () => {
    const scene = await anchored()
    const { blocks, world, ledger } = scene
    await scene.find()
    blocks.block([{ by: carrierOf('any'), payload: releasePayload(ownerOf('alice'), blocks.place()) }])
    ledger.block({ stateRoot: (blocks.state() as MemoryState).root() })
    await world.minute()
    await scene.find()
    await world.settled()
    expect(await scene.find()).toMatchObject({ kind: 'dns' })
    const anchors = await scene.restart()
    expect(anchors.contextOf(name)).toBeUndefined()
  })

  it('is renewed behind the answer as soon as the ledger can be asked', async () => {
    const scene = await anchored()
    const { blocks, world, ledger, member } = scene
    await scene.find()
    await scene.restart()
    expect(await scene.find()).toMatchObject({ kind: 'anchored' })
    blocks.block([])
    ledger.block({ stateRoot: (blocks.state() as MemoryState).root() })
    member.lie = () => undefined
    await world.minute()
    await scene.find()
    await world.settled()
    expect(await scene.find()).toMatchObject({ anchor: { proof: { height: 7 } } })
  })
})

describe('a ledger that has just been silent', () => {
  it('does not keep those waiting whose names are known', async () => {
    const scene = await anchored()
    await scene.find()
    await scene.world.clock.advanceAsync(10 * MINUTE)
    scene.member.lie = () => 'silent'
    // The first one waits for what the members say.
    expect(scene.anchors().find(name, signal)).toBeInstanceOf(Promise)
    expect(await scene.find()).toMatchObject({ kind: 'anchored', isOld: true })
    expect(scene.anchors().find(name, signal)).toMatchObject({ kind: 'anchored', isOld: true })
    await scene.world.clock.advanceAsync(16_000)
    expect(scene.anchors().find(name, signal)).toBeInstanceOf(Promise)
  })
})

/** A name on a chain with real headers and proofs, followed by one node with a disk. */
async function anchored(options: Partial<AnchorOptions> = {}) {
  const blocks = nameBlocks()
  blocks.register(ownerOf('alice'))
  const states = new Map<string, MemoryState>()
  const keep = () => states.set((blocks.state() as MemoryState).root().join(), blocks.state() as MemoryState)
  const ledger = new TestLedger([0, 1, 2, 3], { name: 'p2p' }).grow(6, {
    stateRoot: (blocks.state() as MemoryState).root(),
  })
  const world = new FollowWorld(ledger)
  const member = new TestMember('a', ledger, world.clock, (of, height, keys) => {
    keep()
    const state = states.get(of.at(height).header.stateRoot.join())
    return state && { values: keys.map((key) => state.get(key)), proof: proveKeys(stateView(state.map), keys) }
  })
  keep()
  world.members.push(member)
  let follower: Awaited<ReturnType<FollowWorld['follow']>> | undefined
  let anchors: NameAnchors | undefined
  const start = async () => {
    follower = await world.follow(ledger, { name: 'p2p', trusted: trustGenesis(ledger.genesis) })
    const log = { debug() {}, info() {}, warn() {}, error() {} }
    const store = scopedStore(world.store, Uint8Array.of(200))
    const kept = new KeptProofs({ trust: follower, rules: simRules, store, clock: world.clock, log }, 10)
    const view = follower
    anchors = new NameAnchors(
      { view: () => view, kept: () => kept, clock: world.clock, log },
      { onChanged() {} },
      { precedence: new Map(), unreachable: 'dns', ...options },
    )
    return anchors
  }
  await start()
  return {
    blocks,
    ledger,
    world,
    member,
    anchors: () => anchors!,
    async find(of: string | undefined = undefined) {
      return anchors!.find(of === undefined ? name : parseName(of), signal)
    },
    async restart() {
      follower?.close()
      world.disk.crash('process')
      member.lie = () => 'silent'
      return start()
    },
  }
}
