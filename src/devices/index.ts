/**
 * The devices of the local network. `types.ts` says what there is to know of one, and how it is looked up. `readLeases`, `readArp` and
 * `readNeighbours` make facts of what stands in files and tables, `devicesOf` devices of facts, `hostsText` their names as a hosts file.
 */
export { normalIp, normalMac } from './addresses.ts'
export type { DeviceFact, FactsRead } from './facts.ts'
export { LEASE_KINDS, type LeaseKind, leaseKindOf, readLeases } from './leases/read.ts'
export { limits as deviceLimits } from './limits.ts'
export { labelOf, shownName } from './names.ts'
export { readArp, readNeighbours } from './neighbours.ts'
export { devicesOf, hostsText } from './table.ts'
export { DEVICE_SOURCES, type Device, type DeviceLookup, type DeviceSource } from './types.ts'
