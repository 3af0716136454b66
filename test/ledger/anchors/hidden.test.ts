import { describe, expect, it } from 'vitest'
import { parseName } from '../../../src/dns/index.ts'
import { type AnchorOptions, type MemoryState, NameAnchors } from '../../../src/ledger/index.ts'
import { virtualClock } from '../../../src/sim/index.ts'
import { nameBlocks, ownerOf } from '../modules/names/blocks.ts'
import { withHidden, withShown } from './hiding.ts'
import { stateChain } from './state-view.ts'

const name = parseName('www.example.p2p.')
const zone = parseName('example.p2p.')
const { signal } = new AbortController()

async function scene(options: Partial<AnchorOptions> = {}) {
  const blocks = nameBlocks()
  blocks.register(ownerOf('alice'))
  const state = blocks.state() as MemoryState
  const chain = stateChain('p2p', state)
  const dropped: string[] = []
  const anchors = new NameAnchors(
    {
      view: () => chain.view,
      clock: virtualClock({ settle: async () => {} }),
      log: { debug() {}, info() {}, warn() {}, error() {} },
    },
    { onChanged: (at, isOther) => isOther && dropped.push(at.key) },
    { precedence: new Map(), unreachable: 'dns', ...options },
  )
  const next = async (changed: MemoryState) => {
    chain.advance(changed)
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve))
  }
  expect(await anchors.find(name, signal)).toMatchObject({ kind: 'anchored' })
  await next(state)
  dropped.length = 0
  return { state, chain, anchors, dropped, next }
}

describe('a name that its TLD hides', () => {
  it('is hidden with the block that says so, with nobody asking, and says since when, by which motion and why', async () => {
    const { state, anchors, dropped, next } = await scene()
    await next(withHidden(state, 'example'))
    expect(dropped).toContain(zone.key)
    expect(anchors.find(name, signal)).toMatchObject({
      kind: 'hidden',
      zone,
      why: 'p2p hides example.p2p. since 2027-01-15T08:00:00.000Z by motion 3 (policy: order 7 of the court)',
    })
  })

  it('resolves again with the block that shows it', async () => {
    const { state, anchors, dropped, next } = await scene()
    const hidden = withHidden(state, 'example')
    await next(hidden)
    dropped.length = 0
    await next(withShown(hidden, 'example'))
    expect(dropped).toContain(zone.key)
    expect(anchors.find(name, signal)).toMatchObject({ kind: 'anchored' })
  })

  it('resolves where the operator ignores it, and it is said that it is hidden', async () => {
    const { state, anchors, next } = await scene({ hidden: 'ignore' })
    await next(withHidden(state, 'example'))
    await anchors.find(name, signal)
    await next(withHidden(state, 'example'))
    expect(anchors.find(name, signal)).toMatchObject({ kind: 'anchored', ignored: expect.stringContaining('motion 3') })
  })

  it('is one that somebody has: what nobody has registered is the DNS’s', async () => {
    const { state, anchors, next } = await scene()
    await next(withHidden(state, 'other'))
    expect(await anchors.find(parseName('www.other.p2p.'), signal)).toMatchObject({ kind: 'dns' })
    expect(anchors.find(name, signal)).toMatchObject({ kind: 'anchored' })
  })
})
