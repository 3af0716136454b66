export { limits as resolverLimits } from './limits.ts'
export type { LinkModules } from './link.ts'
export { type CompiledLocal, compileLocal } from './local/compile.ts'
export type { LocalData } from './local/data.ts'
export { type Dns64Options, parseDns64Prefix } from './local/dns64.ts'
export { limits as localLimits } from './local/limits.ts'
export { type LocalNames, type LocalNamesParts, localNames } from './local/names.ts'
export { type Prefix, parsePrefix } from './local/prefixes.ts'
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
export { createResolver, type ResolverModules } from './resolve.ts'
export { isSpecialUse } from './special.ts'
export type { Resolution, ResolveRequest, Resolver, ResolveStep } from './types.ts'
