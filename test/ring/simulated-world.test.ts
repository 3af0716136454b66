/** The simulated rings as far as a unit test goes: a run repeats, old failures hold, and a planted bug is found and shortened. */
import { describe, expect, it } from 'vitest'
import { uncondemned } from '../sim/ring/checks.ts'
import { makePlan } from '../sim/ring/plan.ts'
import { findPlant, PLANTS } from '../sim/ring/plants.ts'
import { shortened } from '../sim/ring/suite.ts'
import { runWorld } from '../sim/ring/world.ts'

describe('a simulated ring', () => {
  it('repeats from its seed, message by message', async () => {
    const plan = makePlan(5)
    expect(await runWorld(plan)).toEqual(await runWorld(plan))
  })

  /** A notice of death that fell short of a majority at a witness that came meanwhile was refused there for ever. */
  it.each([77, 103, 138])('agrees on who is dead with those who came meanwhile (seed %i)', async (seed) => {
    expect((await runWorld(makePlan(seed))).failure).toBeUndefined()
  })

  /** The member before the joiner did not answer in time, and the list of the one before that began with it, and ended there. */
  it('gives a joiner a whole list although the member before it is silent (seed 111)', async () => {
    expect((await runWorld(makePlan(111))).failure).toBeUndefined()
  })

  /** All that stand between the joiner and the one that answered were silent, and its list held nobody but them. */
  it('gives a joiner a whole list although all before it are silent but one far back (seed 720)', async () => {
    expect((await runWorld(makePlan(720))).failure).toBeUndefined()
  })

  /** A notice of a later life was refused, and the witnesses spoke of that one only. */
  it('hears of the death of a member of whom it knows an earlier life (seed 2833)', async () => {
    expect((await runWorld(makePlan(2833))).failure).toBeUndefined()
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

  it('finds a planted bug, and shortens the plan to what it takes', async () => {
    const plant = PLANTS.find(({ name }) => name === 'a joiner takes a single successor')!
    const found = await findPlant(plant)
    const plan = plant.plan(found!.seed)
    const shortest = await shortened(plan, plant.bugs)
    expect(shortest.faults.length).toBeLessThan(plan.faults.length)
    expect(shortest.n).toBeLessThan(plan.n)
    expect((await runWorld(shortest, plant.bugs)).failure?.check).toBe('safety')
  })
})
