/**
 * What the boxes of a household have in common beside what they resolve. `createSettings` makes it; `types.ts` says how it is read and edited.
 * Peers' messages go to `handle` and `supply`.
 */
export { limits as settingsLimits } from './limits.ts'
export { createSettings, type HouseholdSettings, type SettingsDeps, type SettingsHooks } from './settings.ts'
export type { SettingsRing } from './sharing.ts'
export {
  SETTING_KINDS,
  type SettingChange,
  type SettingEdit,
  type SettingKind,
  type Settings,
  type SettingsStats,
  type SharedSetting,
} from './types.ts'
