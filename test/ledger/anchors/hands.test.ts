import { describe, expect, it } from 'vitest'
import { parseName } from '../../../src/dns/index.ts'
import {
  defaultPolicy,
  type MemoryState,
  NameAnchors,
  nameTransferPayload,
  renewPayload,
} from '../../../src/ledger/index.ts'
import { virtualClock } from '../../../src/sim/index.ts'
import { carrierOf, nameBlocks, ownerOf, START, text } from '../modules/names/blocks.ts'
import { stateChain } from './state-view.ts'

const name = parseName('www.example.p2p.')
const zone = parseName('example.p2p.')
const { signal } = new AbortController()
const [alice, bob] = [ownerOf('alice'), ownerOf('bob')]
const by = carrierOf('one')
const policy = { ...defaultPolicy, payee: carrierOf('registry').publicKey, transferMs: 0 }

/** A node that has asked for the name once; from then on nobody asks it anything. */
async function asked() {
  const blocks = nameBlocks({ policy, balances: [[by, 1_000_000]] })
  blocks.registerTerm(alice)
  blocks.block([], 3_600_000)
  const chain = stateChain('p2p', blocks.state() as MemoryState, () => blocks.now())
  const clock = virtualClock({ settle: async () => {}, startUnixMs: blocks.now() })
  const dropped: (readonly [string, boolean])[] = []
  const anchors = new NameAnchors(
    { view: () => chain.view, clock, log: { debug() {}, info() {}, warn() {}, error() {} } },
    { onChanged: (at, isOther) => dropped.push([at.key, isOther]) },
    { precedence: new Map(), unreachable: 'dns' },
  )
  expect(await anchors.find(name, signal)).toMatchObject({ kind: 'anchored' })
  dropped.length = 0
  /** The next block, as the node hears of it. */
  const next = async () => {
    chain.advance(blocks.state() as MemoryState)
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve))
  }
  await next()
  return { blocks, chain, anchors, dropped, next }
}

describe('a name that has another owner', () => {
  it('loses all that is known of the old one with the block that says so, with nobody asking for it', async () => {
    const { blocks, chain, anchors, dropped, next } = await asked()
    expect(dropped).toEqual([])
    expect(blocks.block([{ by, payload: nameTransferPayload(alice, blocks.place(), bob.publicKey) }])).toEqual([0])
    await next()
    expect(dropped).toContainEqual([zone.key, true])
    expect(anchors.contextOf(name)).toBe('ledger:example.p2p.:2')
    const { requests } = chain
    expect(anchors.find(name, signal)).toMatchObject({ anchor: { generation: 2 } })
    expect(chain.requests).toBe(requests)
  })

  it('costs one proof a block as long as nobody’s name changes hands', async () => {
    const { blocks, chain, next } = await asked()
    const { requests } = chain
    blocks.registerTerm(bob, { label: 'other' })
    await next()
    const after = chain.requests
    expect(after - requests).toBeLessThanOrEqual(2)
    blocks.block()
    await next()
    expect(chain.requests - after).toBe(1)
  })
})

describe('a name that runs out', () => {
  it('resolves in its grace, and no more after it, with nobody asking for it', async () => {
    const { blocks, anchors, dropped, next } = await asked()
    blocks.block([], policy.termMs)
    await next()
    expect(anchors.contextOf(name)).toBe('ledger:example.p2p.:1')
    blocks.block([], policy.graceMs)
    await next()
    expect(dropped).toContainEqual([zone.key, true])
    expect(anchors.contextOf(name)).toBeUndefined()
  })

  it('goes on when it was renewed in time', async () => {
    const { blocks, anchors, dropped, next } = await asked()
    blocks.block([], policy.termMs)
    expect(blocks.block([{ by, payload: renewPayload(text('example'), 1, 1, 10) }])).toEqual([0])
    blocks.block([], policy.graceMs)
    await next()
    expect(dropped).toEqual([])
    expect(anchors.contextOf(name)).toBe('ledger:example.p2p.:1')
    expect(blocks.now()).toBeGreaterThan(START)
  })
})
