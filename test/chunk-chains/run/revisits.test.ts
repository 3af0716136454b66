import { setImmediate as settle } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { createRevisits } from '../../../src/chunk-chains/run/revisits.ts'
import { virtualClock } from '../../../src/sim/index.ts'

it('what this node holds is not looked through any more once it has stopped', () => {
  const clock = virtualClock({ settle })
  const held = { chunks: () => [], summariesOf: () => [], entryOf: () => undefined }
  const revisits = createRevisits(
    clock,
    held,
    () => false,
    () => {},
  )
  revisits.stop()
  revisits.soon()
  expect(clock.pending).toBe(0)
})
