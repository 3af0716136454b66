import { describe, expect, it } from 'vitest'
import { giveBackWhenIdle, idleMemoryOf } from '../../../src/cli/running/idle-memory.ts'

const MIB = 2 ** 20

function node({ young = 16 * MIB, used = 20 * MIB } = {}) {
  const state = { questions: 0, young, collected: 0, waits: [] as number[] }
  let next = () => {}
  giveBackWhenIdle({
    questions: () => state.questions,
    collect() {
      state.collected++
      state.young = MIB
    },
    after(ms, callback) {
      state.waits.push(ms)
      next = callback
    },
    heap: () => ({ young: state.young, used }),
  })
  return { state, pass: () => next() }
}

describe('memory that is given back', () => {
  it('is what a start leaves, once', () => {
    const { state, pass } = node()
    expect(state.collected).toBe(0)
    for (let i = 0; i < 5; i++) pass()
    expect(state).toMatchObject({ collected: 1, waits: [10_000, 60_000, ...Array(4).fill(10_000)] })
  })

  it('stays while questions come, and goes when they end', () => {
    const { state, pass } = node()
    state.questions = 1_000
    pass()
    state.questions = 2_000
    pass()
    expect(state.collected).toBe(0)
    state.questions += 10
    pass()
    expect(state.collected).toBe(1)
  })

  it('is not worth the work where there is little, or little beside a large heap', () => {
    for (const heap of [{ young: 2 * MIB }, { used: 200 * MIB }]) {
      const { state, pass } = node(heap)
      pass()
      expect(state.collected).toBe(0)
    }
  })

  it('stays on a Node that was not told to allow it', () => {
    const { gc } = globalThis as { readonly gc?: unknown }
    const deps = idleMemoryOf(() => 0)
    expect(deps.collect).toBe(gc)
    expect(deps.heap().used).toBeGreaterThan(deps.heap().young)
    giveBackWhenIdle({ ...deps, collect: undefined, after: () => expect.unreachable('it looks for nothing') })
  })
})
