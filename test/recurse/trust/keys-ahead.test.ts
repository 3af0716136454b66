import { describe, expect, it } from 'vitest'
import { scene } from '../../attacks/scene.ts'
import { texts } from '../../world/index.ts'

const SIGNED = { '.': {}, 'zone.': {}, 'victim.zone.': {} }

describe('keys of signed zones', () => {
  it('are fetched while the walk goes on, so that validation waits for none of them', async () => {
    const signed = await scene({ signed: SIGNED })
    const plain = await scene()
    const secure = await signed.cost('www.victim.zone.', 'A', { ad: true })
    const insecure = await plain.cost('www.victim.zone.', 'A', { ad: true })
    expect(secure.reply.ad).toBe(true)
    // Only the root's keys are asked for after the answer: nothing refers to the root.
    expect(secure.ms! - insecure.ms!).toBeLessThanOrEqual(20)
  })

  it('are asked for once', async () => {
    const { stack, world } = await scene({ signed: SIGNED })
    await Promise.all(['www', 'alias', 'none'].map((label) => stack.ask(`${label}.victim.zone.`, 'A', { ad: true })))
    const keys = world.queries(({ type }) => type === 'DNSKEY').map(({ name }) => name.toLowerCase())
    expect(keys.sort()).toEqual(['.', 'victim.zone.', 'zone.'])
  })

  it('are not asked for where nothing could be validated with them', async () => {
    const { stack, world } = await scene({
      signed: { '.': {}, 'zone.': {} },
      zones: { 'zone.': `victim DS 12345 200 2 ${'ab'.repeat(32)}` },
    })
    expect(texts((await stack.ask('www.victim.zone.')).answers)).toEqual(['A 203.0.113.80'])
    expect(world.count(({ type, name }) => type === 'DNSKEY' && name.toLowerCase() === 'victim.zone.')).toBe(0)
  })

  it('that do not come ahead fail the answer that needs them, and leave nothing in work', async () => {
    const { stack, clock } = await scene({
      signed: SIGNED,
      behaviours: { 'ns1.victim.zone': { silent: ({ type }) => type === 'DNSKEY' } },
    })
    expect((await stack.ask('www.victim.zone.')).rcode).toBe(2)
    await clock.advanceAsync(30_000)
    expect([stack.recursor.stats().inFlight, clock.pending, stack.faults]).toEqual([0, 0, []])
  })
})
