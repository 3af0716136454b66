/** Names that the operator answers for: hosts files, records, and what becomes of the other names of a zone. */

import type { Name } from '../../dns/index.ts'

/** What a name of the zone gets that local data does not answer. The words, and what they mean, are Unbound's. */
export const LOCAL_ZONE_TYPES = [
  /** NXDOMAIN; NODATA where the name has other types or other names below it. */
  'static',
  /** Resolved as if the zone were not there, unless the name has local data of other types: NODATA then. */
  'transparent',
  /** Resolved as if the zone were not there, even if the name has local data of other types. */
  'typetransparent',
  /** Every name gets the data of the zone's own name. */
  'redirect',
  /** REFUSED. */
  'refuse',
  /** Always so, whatever local data there is: no such name, nothing of any type, or 0.0.0.0 and ::. */
  'always_nxdomain',
  'always_nodata',
  'always_null',
] as const
export type LocalZoneType = (typeof LOCAL_ZONE_TYPES)[number]

/** The text of one hosts file. */
export interface HostsFile {
  readonly file: string
  readonly text: string
}

export interface LocalSpec {
  readonly hosts: readonly HostsFile[]
  /** Zone-file lines; names without a final dot are absolute, too. */
  readonly records: readonly string[]
  /** Zone name -> type. */
  readonly zones: Readonly<Record<string, LocalZoneType>>
  /** Names that no line of a hosts file blocks, and all below them. */
  readonly allow: readonly Name[]
  /** What people are told that a record comes from. Default: local.records. */
  readonly recordsFrom?: string
}

/** Something wrong in a LocalSpec. `path` begins with `hosts`, `records` or `zones`. */
export interface LocalProblem {
  readonly path: string
  readonly message: string
}

export interface LocalStats {
  /** Different names of hosts files, and bytes that they take. */
  readonly hostNames: number
  readonly hostBytes: number
  readonly records: number
  readonly zones: number
}
