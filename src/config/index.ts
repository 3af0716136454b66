export { limits as configLimits } from './limits.ts'
export { loadConfig, searchPath } from './load.ts'
export { checkHosts, type HostsCheck } from './local.ts'
export { configText } from './print.ts'
export { planReload, type ReloadPlan } from './reload.ts'
export { configSchemaJson } from './sections/schema.ts'
export type {
  Config,
  IteratorConfig,
  LoadedConfig,
  LoadRequest,
  Problem,
  ReadFile,
  RingConfig,
  Setting,
  Source,
} from './types.ts'
