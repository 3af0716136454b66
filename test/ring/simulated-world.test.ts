/** The simulated rings as far as a unit test goes: a run repeats, and old failures hold. More of them are in `long/`. */
import { describe, expect, it } from 'vitest'
import { uncondemned } from '../sim/ring/checks.ts'
import { makePlan } from '../sim/ring/plan.ts'
import { runWorld } from '../sim/ring/world.ts'

describe('a simulated ring', () => {
  it('repeats from its seed, message by message', async () => {
    const plan = makePlan(5)
    expect(await runWorld(plan)).toEqual(await runWorld(plan))
  })

  /** Three of five died before anybody could be condemned, so nobody ever can. */
  it('keeps the rows of the dead where too few witnesses are left, and only there (seed 2392)', async () => {
    expect((await runWorld(makePlan(2392))).coverage['dead that nobody may condemn']).toBe(1)
    const known = ['a', 'b', 'c', 'd', 'e']
    expect(uncondemned(known, new Set(['a', 'b']))).toEqual(['c', 'd', 'e'])
    expect(uncondemned(known, new Set(['a', 'b', 'c']))).toEqual([])
    const more = [...known, 'f', 'g', 'h', 'i', 'j', 'k']
    expect(uncondemned(more, new Set(['a', 'b', 'c', 'i', 'j', 'k']))).toEqual(['d', 'e', 'f', 'g', 'h'])
    expect(uncondemned(more, new Set(['a', 'b', 'c', 'h', 'i', 'j', 'k']))).toEqual([])
  })
})
