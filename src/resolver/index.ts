/**
 * One question of a stub -> one answer with its evidence. `createResolver` is the way in; its parts, in the order of a question:
 *
 * - `local/` - names that this node answers itself: hosts files, configured records and zones, special-use names, DNS64. Pure.
 *   `compileLocal` makes `LocalData` of what is configured, `localNames` puts all kinds of local names in their order.
 * - `link/` - one link of an answer (an RRset, a CNAME or an absence) from the cache, the ring or own iteration.
 * - `follow.ts` - link after link along the CNAMEs; `compose.ts` - one answer of all links; `any.ts` - ANY (RFC 8482).
 * - `healing.ts` - what the ring has agreed on takes the place of what this node alone was told.
 * - `changes/` - zones that changed: what is asked for of them is fetched anew.
 * - `resolve.ts` - the whole way of a question, with what the operator wants changed in the answer (DNS64, rebinding).
 */
export { ZoneChanges, type ZoneChangesStats } from './changes/zone-changes.ts'
export { type HealingDeps, heal } from './healing.ts'
export { limits as resolverLimits } from './limits.ts'
export type { KeptUses } from './link/types.ts'
export type { LocalBridge } from './local/bridge.ts'
export { type CompiledLocal, compileLocal } from './local/compile.ts'
export type { LocalData } from './local/data.ts'
export { type Dns64Options, parseDns64Prefix } from './local/dns64.ts'
export { limits as localLimits } from './local/limits.ts'
export { type LocalLayers, type LocalNames, type LocalNamesParts, localNames } from './local/names.ts'
export { type AddressRange, isPrivateAddress, parsePrefix } from './local/prefixes.ts'
export type { RebindingOptions } from './local/rebinding.ts'
export { isSpecialUse } from './local/special.ts'
export {
  type HostsFile,
  LOCAL_ZONE_TYPES,
  type LocalProblem,
  type LocalSpec,
  type LocalStats,
  type LocalZoneType,
} from './local/types.ts'
export type { ResolverOptions } from './options.ts'
export { isPublic } from './public.ts'
export { createResolver, type ResolverDeps } from './resolve.ts'
export type { Resolution, ResolveRequest, Resolver, ResolveStep } from './types.ts'
