import { describe, expect, it } from 'vitest'
import { asPeerId } from '../../../src/base/index.ts'
import { decodeFollowReply, encodeFollowRequest, type FollowRequest } from '../../../src/chain/follow/messages.ts'
import { isInHistory } from '../../../src/chain/light/trust.ts'
import { limits } from '../../../src/chain/limits.ts'
import { stateRoot } from '../../../src/chain/trees/state-map.ts'
import { testClock } from '../../setup/clock.ts'
import { TestLedger } from '../light/ledger.ts'
import { servedBy, stateOf, TestMember, text } from './world.ts'

const me = asPeerId('me')

function serving(blocks = 20) {
  const state = stateOf({ name: 'value' })
  const ledger = new TestLedger([0, 1, 2, 3]).grow(blocks, { stateRoot: stateRoot(state) })
  const clock = testClock()
  const member = new TestMember('m', ledger, clock)
  const { chainId } = ledger
  const request = async (body: FollowRequest, from = me) =>
    decodeFollowReply(await member.server.answer(from, encodeFollowRequest(body)))
  return { ledger, clock, member, chainId, request, server: member.server }
}

describe('a member that serves followers', () => {
  it('shows the newest header, an older one, and how one is in the history of another', async () => {
    const { ledger, chainId, request } = serving()
    const newest = await request({ kind: 'header', chainId, height: 0, of: 7 })
    expect(newest).toMatchObject({ kind: 'header', certified: { header: { height: 20 } }, hasConflict: false })
    if (newest.kind !== 'header') return
    expect(isInHistory(newest.certified.header, ledger.at(7).header, newest.path!)).toBe(true)
    expect(await request({ kind: 'header', chainId, height: 5, of: 0 })).toMatchObject({
      certified: { header: { height: 5 } },
      path: undefined,
    })
    expect(await request({ kind: 'header', chainId, height: 21, of: 0 })).toEqual({ kind: 'none' })
    const older = await request({ kind: 'older', chainId, of: 3, within: 9 })
    expect(older).toMatchObject({ kind: 'older', header: { height: 3 } })
    if (older.kind === 'older') expect(isInHistory(ledger.at(9).header, older.header, older.path)).toBe(true)
    expect(await request({ kind: 'older', chainId, of: 9, within: 9 })).toEqual({ kind: 'none' })
  })

  it('has nothing of other chains, of sets that it does not know, or of states that are gone', async () => {
    const { member, chainId, request } = serving()
    member.oldest = 10
    const nobody = new Uint8Array(32)
    expect(await request({ kind: 'header', chainId: nobody, height: 0, of: 0 })).toEqual({ kind: 'none' })
    expect(await request({ kind: 'set', chainId, root: nobody })).toEqual({ kind: 'none' })
    expect(await request({ kind: 'state', chainId, height: 9, keys: [text('name')] })).toEqual({ kind: 'none' })
    expect(await request({ kind: 'state', chainId, height: 10, keys: [text('name')] })).toMatchObject({
      values: [text('value')],
    })
    expect(await request({ kind: 'conflict', chainId })).toEqual({ kind: 'none' })
  })

  it('makes a reply once for all who request the same, until there is a newer head or a conflict', async () => {
    const { ledger, member, chainId, request, server } = serving()
    const newest: FollowRequest = { kind: 'header', chainId, height: 0, of: 0 }
    const keys = [text('name')]
    for (let i = 0; i < 5; i++) {
      await request(newest, asPeerId(`peer ${i}`))
      await request({ kind: 'state', chainId, height: 20, keys }, asPeerId(`peer ${i}`))
    }
    expect(server.stats).toMatchObject({ requests: 10, fromKept: 8 })
    ledger.block()
    expect(await request(newest)).toMatchObject({ certified: { header: { height: 21 } } })
    member.conflict = text('two headers')
    expect(await request(newest)).toMatchObject({ hasConflict: true })
  })

  it('replies busy to one who requests too much, and to nobody else', async () => {
    const { clock, chainId, request } = serving()
    let served = 0
    for (let root = 0; root < 2_000; root++) {
      const reply = await request({ kind: 'set', chainId, root: new Uint8Array(32).fill(root & 255) })
      if (reply.kind !== 'busy') served++
    }
    expect(served).toBeLessThanOrEqual(limits.FOLLOWER_BURST / 3 + 1)
    expect(await request({ kind: 'conflict', chainId }, asPeerId('another'))).toEqual({ kind: 'none' })
    clock.advance(1_000)
    expect(await request({ kind: 'conflict', chainId })).toEqual({ kind: 'none' })
  })

  it('checks few conflicts of one who tells of many, and counts what cannot be read against its sender', async () => {
    const { member, chainId, request, server } = serving()
    for (let i = 0; i < 10; i++) await request({ kind: 'tell', chainId, conflict: text(`${i}`) })
    expect(member.told).toHaveLength(2)
    expect(() => server.answer(asPeerId('b'), text('nonsense'))).toThrow(
      expect.objectContaining({ code: 'CHAIN_MALFORMED' }),
    )
    expect(server.stats.malformed).toBe(1)
  })

  it('sends nothing that fits into no message', async () => {
    const { member, chainId, server, request } = serving()
    const value = new Uint8Array(30_000)
    server.serve({
      ...servedBy(member),
      states: { prove: async (_, keys) => ({ values: keys.map(() => value), proof: value }) },
    })
    const keys = ['a', 'b', 'c'].map(text)
    expect(await request({ kind: 'state', chainId, height: 1, keys })).toEqual({ kind: 'none' })
  })
})
