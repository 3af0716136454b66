/**
 * The configuration of a node. Steps of `loadConfig`: find the file, read it with the place of each key (sources/), put flags
 * and environment over it (sources/), check it by the schema (sections/), and derive what the rooms want (derive.ts, derive-filter.ts, local.ts).
 *
 * `planReload` says which keys of another configuration come into force at once; `configText` prints what holds and why,
 * `configSchemaJson` the schema; `checkHosts` reads a hosts file alone.
 */
export { limits as configLimits } from './limits.ts'
export { loadConfig, searchPath } from './load.ts'
export { checkHosts, type HostsCheck } from './local.ts'
export { configText } from './print.ts'
export { planReload, type ReloadPlan } from './reload.ts'
export { configSchemaJson } from './sections/schema.ts'
export {
  faultOfClient,
  isFilterWord,
  readSharedGroup,
  readSharedList,
  readSharedSchedule,
  type SharedGroup,
  type SharedList,
  scheduleForm,
} from './shared-filter.ts'
export { refuseFaults } from './sources/problems.ts'
export type {
  Config,
  DevicesConfig,
  DnstapConfig,
  FileFault,
  FilterConfig,
  FilterList,
  IteratorConfig,
  LoadedConfig,
  LoadRequest,
  Problem,
  ReadFile,
  RingConfig,
  Setting,
  Source,
  TlsConfig,
  ZoneSource,
} from './types.ts'
