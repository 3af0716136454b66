/** The virtual clock of sim/ on this machine's event loop: the one clock of tests that let no real time pass. */
import { setImmediate } from 'node:timers/promises'
import { type VirtualClock, virtualClock } from '../../src/sim/index.ts'

export function testClock(startUnixMs?: number): VirtualClock {
  return virtualClock({ settle: () => setImmediate(), ...(startUnixMs !== undefined && { startUnixMs }) })
}
