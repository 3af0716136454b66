/** Simulated rings that were wrong once and take seconds each; and a planted bug, which is found and shortened. */
import { describe, expect, it } from 'vitest'
import { makePlan } from '../../sim/ring/plan.ts'
import { findPlant, PLANTS } from '../../sim/ring/plants.ts'
import { shortened } from '../../sim/ring/suite.ts'
import { runWorld } from '../../sim/ring/world.ts'

describe('a simulated ring', () => {
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
