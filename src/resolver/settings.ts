/** What the configuration says of local names and addresses, read and checked: all that `config` needs of this room, without the resolver. */
export { limits as resolverLimits } from './limits.ts'
export { compileLocal } from './local/compile.ts'
export type { LocalData } from './local/data.ts'
export { type Dns64Options, parseDns64Prefix } from './local/dns64.ts'
export { limits as localLimits } from './local/limits.ts'
export { type AddressRange, parsePrefix } from './local/prefixes.ts'
export type { RebindingOptions } from './local/rebinding.ts'
export {
  type HostsFile,
  LOCAL_ZONE_TYPES,
  type LocalProblem,
  type LocalSpec,
  type LocalStats,
  type LocalZoneType,
} from './local/types.ts'
export type { ResolverOptions } from './options.ts'
