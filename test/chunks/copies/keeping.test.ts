/** A copy lives no longer for having been kept, whatever is done to the clock of whoever keeps it. */
import { describe, expect, it } from 'vitest'
import { asPeerId } from '../../../src/base/index.ts'
import { type Copy, createKeeping } from '../../../src/chunks/copies/keeping.ts'
import { machineClock } from '../../../src/sim/index.ts'
import { testClock } from '../../setup/clock.ts'
import { answer, ask } from '../world.ts'

const question = ask('www.example.com')
const SECONDS = 120

function keeping() {
  const time = testClock()
  const skew = { ms: 0 }
  const clock = machineClock(time, { wall: (unixMs) => unixMs + skew.ms })
  let fills = 0
  const one = createKeeping(
    { clock, popular: { levelOf: () => 1 }, stated: { counted: () => 1 }, stopping: new AbortController().signal },
    {
      fill: async (): Promise<Copy> => {
        fills++
        const expires = clock.now() + SECONDS * 1_000
        return { reply: { kind: 'proof', outcome: answer(question, [1], SECONDS), seconds: SECONDS }, expires }
      },
    },
  )
  const seconds = async () => {
    const reply = await one.answer(asPeerId('reader'), question, 1, 1)
    return reply.kind === 'proof' ? reply.seconds : reply.kind
  }
  return { time, skew, seconds, fills: () => fills }
}

describe('a copy of a signed answer', () => {
  it('has the seconds that are left of it', async () => {
    const { time, seconds, fills } = keeping()
    expect(await seconds()).toBe(SECONDS)
    await time.advanceAsync(100_000)
    expect(await seconds()).toBe(20)
    await time.advanceAsync(20_000)
    expect(await seconds()).toBe(SECONDS)
    expect(fills()).toBe(2)
  })

  it('has no others where the wall clock is set back, or ahead', async () => {
    const { time, skew, seconds, fills } = keeping()
    await seconds()
    await time.advanceAsync(100_000)
    skew.ms = -540_000
    expect(await seconds()).toBe(20)
    skew.ms = 540_000
    expect(await seconds()).toBe(20)
    expect(fills()).toBe(1)
  })
})
