import { describe, expect, it } from 'vitest'
import { parseName } from '../../../src/dns/index.ts'
import { type AnchorOptions, type MemoryState, NameAnchors, updatePayload } from '../../../src/ledger/index.ts'
import { virtualClock } from '../../../src/sim/index.ts'
import { KSK, makeSigningKey } from '../../dnssec/signing-keys.ts'
import { carrierOf, nameBlocks, ownerOf, settingsOf } from '../modules/names/blocks.ts'
import { stateChain } from './state-view.ts'

const HOUR = 3_600_000
const name = parseName('www.example.p2p.')
const { signal } = new AbortController()

function bench(options: Partial<AnchorOptions> = {}, registered = true) {
  const blocks = nameBlocks()
  if (registered) blocks.register(ownerOf('alice'))
  const chain = stateChain('p2p', blocks.state() as MemoryState)
  const clock = virtualClock({ settle: async () => {} })
  const changes: (readonly [string, boolean])[] = []
  const anchors = new NameAnchors(
    { view: () => chain.view, clock, log: { debug() {}, info() {}, warn() {}, error() {} } },
    { onChanged: (zone, isOther) => changes.push([zone.key, isOther]) },
    { precedence: new Map(), unreachable: 'dns', ...options },
  )
  return { blocks, chain, clock, changes, anchors, find: async (at = name) => anchors.find(at, signal) }
}

describe('what a ledger says of names', () => {
  it('is nothing at all, at once, for names of other TLDs and without a ledger', () => {
    const { anchors, chain } = bench()
    expect(anchors.find(parseName('www.example.org.'), signal)).toBeUndefined()
    expect(anchors.find(parseName('.'), signal)).toBeUndefined()
    expect([name, parseName('new.p2p.'), parseName('www.example.org.')].map((one) => anchors.concerns(one))).toEqual([
      true,
      true,
      false,
    ])
    expect(chain.requests).toBe(0)
  })

  it('is asked for once by all who wait, and answered at once from then on', async () => {
    const { anchors, chain, find } = bench()
    const all = await Promise.all([find(), find(), find(parseName('example.p2p.'))])
    expect(all.map((one) => one?.kind)).toEqual(['anchored', 'anchored', 'anchored'])
    expect(chain.requests).toBe(1)
    expect(anchors.find(name, signal)).toMatchObject({ kind: 'anchored', isOld: false })
    expect(anchors.contextOf(name)).toBe('ledger:example.p2p.:1')
    expect(anchors.anchoredAt(name)).toMatchObject({ ds: settingsOf().ds, keys: [] })
  })

  it('is renewed behind the answer when the chain has gone on, and waited for when it is older than five minutes', async () => {
    const { blocks, chain, clock, anchors, changes, find } = bench()
    await find()
    const key = makeSigningKey(15, KSK)
    blocks.block([{ by: carrierOf('any'), payload: updatePayload(ownerOf('alice'), blocks.place(), settingsOf(key)) }])
    chain.advance(blocks.state() as MemoryState)
    expect(anchors.find(name, signal)).toMatchObject({ anchor: { ds: settingsOf().ds } })
    await new Promise((resolve) => setImmediate(resolve))
    expect(anchors.find(name, signal)).toMatchObject({ anchor: { ds: settingsOf(key).ds } })
    // Its keys are others, and it is the same owner's.
    expect(changes).toEqual([
      [parseName('example.p2p.').key, false],
      [parseName('example.p2p.').key, false],
    ])
    clock.advance(6 * 60_000)
    chain.advance()
    expect(anchors.find(name, signal)).toBeInstanceOf(Promise)
  })

  it('counts for a week when it cannot be renewed, and then the name fails: it is never given to the DNS', async () => {
    const { chain, clock, find, anchors } = bench()
    await find()
    chain.cut = true
    chain.advance()
    clock.advance(24 * HOUR)
    expect(await find()).toMatchObject({ kind: 'anchored', isOld: true })
    clock.advance(7 * 24 * HOUR)
    expect(await find()).toMatchObject({ kind: 'unreachable' })
    expect(anchors.contextOf(name)).toBeUndefined()
  })

  it('that nobody has a name counts for an hour; then it is as if nothing were known', async () => {
    const { chain, clock, find } = bench({ unreachable: 'fail' }, false)
    expect(await find()).toMatchObject({ kind: 'dns' })
    chain.cut = true
    chain.advance()
    clock.advance(HOUR / 2)
    expect(await find()).toMatchObject({ kind: 'dns' })
    clock.advance(HOUR)
    expect(await find()).toMatchObject({ kind: 'unreachable' })
  })

  it('fails for names of a TLD that is the ledger’s alone and that no chain is followed of', async () => {
    const { anchors, find } = bench({ precedence: new Map([['other', 'ledger-only']]) })
    expect(await find(parseName('a.other.'))).toMatchObject({ kind: 'unreachable' })
    expect(anchors.contextOf(parseName('a.other.'))).toBeUndefined()
  })

  it('ends with the question for whoever asked, and not for those who wait with it', async () => {
    const { anchors } = bench()
    const leaving = new AbortController()
    const [gone, staying] = [anchors.find(name, leaving.signal), anchors.find(name, signal)]
    leaving.abort()
    await expect(gone).rejects.toMatchObject({ code: 'ABORTED' })
    expect(await staying).toMatchObject({ kind: 'anchored' })
  })
})
