/** What the boxes of a household have in common, beside what they resolve: the interface for those who read and edit it. */
import type { Cancel } from '../base/index.ts'

/**
 * The first part of each key, up to the `/`. Whoever owns a kind says what follows, and what the value is; the document carries both
 * as text. Bounds: `settingsLimits.MAX_KEY_BYTES` and `MAX_VALUE_BYTES`.
 */
export const SETTING_KINDS = [
  /** `record/nas.home A 192.168.1.5` = `300`: a local record, and its TTL in seconds. */
  'record',
  /** `rule/GROUP/TEXT` = `block` or `allow`: a rule of the household's own; GROUP is `*` for all. */
  'rule',
  /** `list/NAME` = JSON: a list of names by URL, which each box fetches by itself. */
  'list',
  /** `group/NAME` = JSON, `group/NAME/client/CLIENT`, `group/NAME/schedule/WHEN`: clients that are treated alike. */
  'group',
  /** `pause/GROUP` = Unix seconds until which blocking rests; GROUP is `*` for all. */
  'pause',
  /** `device/MAC` (lower case, with colons) or `device/ADDRESS` = the name that the operator gave it. */
  'device',
  /** `box/PEER` = the host name of a box; each box writes its own. */
  'box',
] as const
export type SettingKind = (typeof SETTING_KINDS)[number]

/** `value` null: the key goes. */
export interface SettingEdit {
  readonly key: string
  readonly value: string | null
}

export interface SharedSetting {
  readonly key: string
  readonly value: string
}

/** One change, as people see it. */
export interface SettingChange {
  /** Names the change in `undo`. */
  readonly id: string
  readonly key: string
  /** Null: it was removed. */
  readonly value: string | null
  /** What the key had before, as far as this box knows; null: nothing. */
  readonly before: string | null
  /** The peer id of the box where it was made. */
  readonly by: string
  /** Unix ms by that box's clock, or later by what it had seen. */
  readonly at: number
  /** Whether the key still has what this change gave it. */
  readonly isCurrent: boolean
}

export interface SettingsStats {
  readonly entries: number
  readonly removed: number
  readonly changesMade: number
  readonly changesTaken: number
  readonly changesRefused: number
  readonly messagesSent: number
  readonly messagesLost: number
  readonly compared: number
  readonly differed: number
}

/** Reading and editing what the household shares. All reads are from memory. */
export interface Settings {
  /** Whether other boxes get it: false where this node's ring is no household. */
  readonly isShared: boolean
  get(key: string): string | undefined
  /** The settings whose key begins so, in the order of their keys. */
  list(prefix: string): readonly SharedSetting[]
  /**
   * All of them or none; in force here when it returns, on the disk and told to the other boxes soon after. What changes nothing is left out.
   * Throws SETTINGS_INVALID or SETTINGS_FULL.
   */
  edit(edits: readonly SettingEdit[]): readonly SettingChange[]
  /** The newest first. */
  history(most: number): readonly SettingChange[]
  /**
   * Gives a key what it had before a change; without an id, the newest change that is current and can be undone, of whatever box. Throws SETTINGS_UNKNOWN where there is none,
   * and SETTINGS_CHANGED where the key has got something else since.
   */
  undo(id?: string): SettingChange
  /** Called after a change, here or on another box, with the keys that have another value now. */
  onChange(listener: (keys: readonly string[]) => void): Cancel
  stats(): SettingsStats
}
