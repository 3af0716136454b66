import { describe, expect, it } from 'vitest'
import { parseName, Rcode, readEde } from '../../../src/dns/index.ts'
import { Crowd } from '../../../src/recurse/known/crowd.ts'
import { testClock } from '../../setup/clock.ts'
import { createStack, simpleWorld } from '../../world/index.ts'

describe('the crowd at one zone', () => {
  it('has room for so many, and for more at a top-level zone', () => {
    const crowd = new Crowd({ perZone: 2, perTopZone: 3 })
    const zone = parseName('example.com')
    expect([crowd.enter(zone), crowd.enter(zone), crowd.enter(zone)]).toEqual([true, true, false])
    const top = parseName('com')
    expect([crowd.enter(top), crowd.enter(top), crowd.enter(top), crowd.enter(top)]).toEqual([true, true, true, false])
    crowd.leave(zone)
    expect(crowd.enter(zone)).toBe(true)
    for (const one of [zone, zone, top, top, top]) crowd.leave(one)
    expect(crowd.size).toBe(0)
  })

  it('of names that never answer does not keep out the names of other zones', async () => {
    const clock = testClock()
    const world = await simpleWorld(
      { 'com.': '', 'dead.com.': '', 'example.com.': 'www A 192.0.2.1' },
      { sockets: false, clock, behaviours: { 'ns1.dead.com': { silent: true } } },
    )
    const stack = createStack(world, { clock, recursor: { limits: { WAITING_PER_ZONE: 20 } } })
    await clock.run(stack.ask({ name: 'www.example.com', type: 'TXT' }))
    const dead = Array.from({ length: 60 }, (_, i) => stack.ask({ name: `x${i}.dead.com` }))
    const later = new Promise<undefined>((resolve) => clock.after(2_000, () => resolve(undefined)))
    const refused = (await clock.run(Promise.all(dead.slice(25).map((one) => Promise.race([one, later]))))).filter(
      (one) => one !== undefined,
    )
    expect(refused.length).toBeGreaterThanOrEqual(35)
    for (const reply of refused) {
      expect(reply.rcode).toBe(Rcode.SERVFAIL)
      expect(readEde(reply.edns!.options)[0]?.text).toContain('too many questions wait for the servers of dead.com.')
    }
    expect((await clock.run(stack.ask({ name: 'www.example.com' }))).rcode).toBe(Rcode.NOERROR)
    await clock.run(Promise.all(dead))
  })
})
