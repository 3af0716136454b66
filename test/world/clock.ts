import { systemClock as machineTime } from '../../src/io/clock.ts'

/** The machine's own time. */
export const systemClock = machineTime()
