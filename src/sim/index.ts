export {
  type MachineClockOptions,
  machineClock,
  type VirtualClock,
  type VirtualClockOptions,
  virtualClock,
} from './clock.ts'
export { type LatencySpace, latencySpace } from './latency.ts'
export { createMemoryNetwork } from './memory-network.ts'
export { createMemoryDisk, type MemoryDisk, type MemoryDiskOptions } from './memory-store.ts'
export { type SeededRandom, seededRandom } from './random.ts'
export type { Delay, Fate, MemoryNetwork, MemoryNetworkOptions, TransportPlace, Weather } from './types.ts'
export { createWeather } from './weather.ts'
