/** What the boxes of a household have in common beside what they resolve. `types.ts` says how it is read and edited. */
export {
  SETTING_KINDS,
  type SettingChange,
  type SettingEdit,
  type SettingKind,
  type Settings,
  type SettingsStats,
  type SharedSetting,
} from './types.ts'
