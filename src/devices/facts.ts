/** One thing that one source says of one address. */
import type { DeviceSource } from './types.ts'

export interface DeviceFact {
  readonly source: DeviceSource
  /** In its usual form. */
  readonly address: string
  readonly mac: string | undefined
  /** What the device calls itself, as it was written. */
  readonly name: string | undefined
}

/** What was read of one text. */
export interface FactsRead {
  readonly facts: readonly DeviceFact[]
  /** What could not be read, with the number of its line; the first few. */
  readonly faults: readonly string[]
}
