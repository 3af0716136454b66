/**
 * The ports of base/ without a machine, for tests and simulations; each repeats from its seed.
 *
 * - `virtualClock`: time that moves when it is told to; `machineClock`: the clock of one node over it.
 * - `seededRandom`: give each part of a scenario a stream of its own by `split`.
 * - `createMemoryNetwork`: peers in one process, with faults by command; `createWeather`: faults of all links; `latencySpace`:
 *   delays as between hosts of the Internet.
 * - `createMemoryDisk`: a store that can lose power.
 */
export {
  type MachineClockOptions,
  machineClock,
  type VirtualClock,
  type VirtualClockOptions,
  virtualClock,
} from './clock.ts'
export { type LatencySpace, latencySpace } from './latency.ts'
export { createMemoryNetwork } from './memory-network.ts'
export {
  createMemoryDisk,
  type DiskFaults,
  type MemoryDisk,
  type MemoryDiskOptions,
  soundDisk,
} from './memory-store.ts'
export { type SeededRandom, seededRandom } from './random.ts'
export type { Delay, DoorPort, Fate, MemoryNetwork, MemoryNetworkOptions, TransportPlace, Weather } from './types.ts'
export { createWeather } from './weather.ts'
