export { type VirtualClock, type VirtualClockOptions, virtualClock } from './clock.ts'
export { createMemoryNetwork } from './memory-network.ts'
export { type SeededRandom, seededRandom } from './random.ts'
export type { Delay, MemoryNetwork, MemoryNetworkOptions, TransportPlace } from './types.ts'
