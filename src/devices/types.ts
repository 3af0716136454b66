/** The devices of the local network: what there is to know of each, and how others look one up. */
import type { Cancel } from '../base/index.ts'

/** Where something about a device comes from: the operator, a lease, the neighbour table, the router's names, mDNS. */
export const DEVICE_SOURCES = ['given', 'lease', 'neighbour', 'router', 'mdns'] as const
export type DeviceSource = (typeof DEVICE_SOURCES)[number]

/** One device with all its addresses. */
export interface Device {
  /** Its MAC address in lower case with colons; where that is not known, its first address. What `device/ID` in the settings names. */
  readonly id: string
  readonly mac: string | undefined
  /** For people: what the operator called it, or else what it calls itself. */
  readonly name: string | undefined
  /** Its name in DNS, `laptop.home.arpa`; undefined where it has none. */
  readonly hostName: string | undefined
  /** As texts in their usual form, IPv4 first. */
  readonly addresses: readonly string[]
  readonly sources: readonly DeviceSource[]
}

export interface DeviceLookup {
  /** The device of a client's address, in its usual form; undefined where nothing is known of it. From memory, in one step. */
  deviceOf(address: string): Device | undefined
  all(): readonly Device[]
  /** Called when anything of the above may be another. */
  onChange(listener: () => void): Cancel
}
