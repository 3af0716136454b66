/** Telling a large ring down a tree: everybody once, and whoever does not answer is gone around. */
import { describe, expect, it } from 'vitest'
import type { RingId } from '../../../src/base/index.ts'
import { initialState } from '../../../src/ring/machine/machine.ts'
import type { RingState } from '../../../src/ring/machine/state.ts'
import { branches } from '../../../src/ring/machine/tree.ts'
import { contextOf } from '../world.ts'

function ringOf(size: number): RingState[] {
  const states = Array.from({ length: size }, (_, i) => initialState(contextOf(`tree ${i}`), 1_000))
  for (const state of states) for (const { self } of states) state.table.put(self, 0)
  return states
}

/** How often each of the others hears, and over how many steps at most. */
function told(states: readonly RingState[], origin: RingState): { heard: Map<RingId, number>; depth: number } {
  const byId = new Map(states.map((state) => [state.self.id, state]))
  const heard = new Map<RingId, number>()
  let depth = 0
  const tell = (state: RingState, until: RingId, step: number) => {
    depth = Math.max(depth, step)
    for (const branch of branches(state, until)) {
      heard.set(branch.target.id, (heard.get(branch.target.id) ?? 0) + 1)
      tell(byId.get(branch.target.id)!, branch.until, step + 1)
    }
  }
  tell(origin, origin.self.id, 0)
  return { heard, depth }
}

describe('a tree over the ring', () => {
  it('reaches every other member exactly once, in log2(N) steps, from wherever it begins', () => {
    for (const size of [1, 2, 3, 7, 64, 100]) {
      const states = ringOf(size)
      for (const origin of [states[0]!, states[size - 1]!]) {
        const { heard, depth } = told(states, origin)
        expect(heard.size).toBe(size - 1)
        expect([...heard.values()].every((count) => count === 1)).toBe(true)
        expect(heard.has(origin.self.id)).toBe(false)
        expect(depth).toBeLessThanOrEqual(Math.ceil(Math.log2(size)))
      }
    }
  })

  it('gives the part of a member that does not answer to the one after it', () => {
    const states = ringOf(60)
    const [origin] = states
    const target = branches(origin!, origin!.self.id).at(-1)!.target
    for (let i = 0; i < 3; i++) origin!.detector.failed(target.id, 1_000)
    const { heard } = told(states, origin!)
    expect(branches(origin!, origin!.self.id).map((branch) => branch.target.id)).not.toContain(target.id)
    expect(heard.size).toBeGreaterThanOrEqual(states.length - 2)
  })
})
