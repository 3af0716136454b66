/** What commands make of lists and groups of the household: edits of settings. Each throws SETTINGS_INVALID or SETTINGS_UNKNOWN, with what is wrong in words. Pure. */
import { ChordnsError } from '../../base/index.ts'
import { scheduleForm } from '../../config/index.ts'
import { filterLimits } from '../../filter/index.ts'
import type { SettingEdit, SharedSetting } from '../../settings/index.ts'
import { clientForm, faultOf, filterKey, isOfLists } from './shared-lists.ts'

/** Settings of lists and groups, in the order of their keys. */
export type FilterSettings = readonly SharedSetting[]

export interface GroupWish {
  readonly name: string
  readonly clients: readonly string[]
  /** What is left out stays as it is. Null: as for whoever says nothing of it. */
  readonly lists: readonly string[] | null | undefined
  readonly mode: unknown
}

/** `list`: what the value of the setting says. */
export function addList(settings: FilterSettings, name: string, list: object): SettingEdit[] {
  const edit = checked({ key: `list/${name}`, value: JSON.stringify(list) })
  refuseMore(settings, edit.key, 'list', filterLimits.MAX_SHARED_LISTS)
  return [edit]
}

export function removeList(settings: FilterSettings, name: string): SettingEdit[] {
  const key = `list/${name}`
  if (!settings.some((one) => one.key === key)) throw unknown(`the household has no list "${name}"; \`chordns lists\``)
  return [{ key, value: null }]
}

/** A list that rests is neither fetched nor in force, and keeps all that is said of it. */
export function pauseList(settings: FilterSettings, name: string, isPaused: boolean): SettingEdit[] {
  const key = `list/${name}`
  const before = settings.find((one) => one.key === key)
  if (before === undefined) throw unknown(`the household has no list "${name}"; \`chordns lists\``)
  const { enabled: _, ...value } = objectOf(before.value) as { readonly enabled?: unknown }
  return [checked({ key, value: JSON.stringify(isPaused ? { ...value, enabled: false } : value) })]
}

/** Makes it, or adds to it. A client is in one group: it leaves another one. */
export function addGroup(settings: FilterSettings, { name, clients, lists, mode }: GroupWish): SettingEdit[] {
  const head = `group/${name}`
  const before = settings.find(({ key }) => key === head)
  refuseMore(settings, head, 'group', filterLimits.MAX_SHARED_GROUPS)
  const wished = Object.entries({
    ...objectOf(before?.value),
    ...(lists !== undefined && { lists }),
    ...(mode !== undefined && { mode }),
  })
  const value = Object.fromEntries(wished.filter(([, one]) => one !== null))
  const forms = new Set(clients.map(clientForm))
  const elsewhere = settings.filter(({ key }) => {
    const parts = filterKey(key)
    return parts?.kind === 'client' && parts.name !== name && forms.has(parts.what)
  })
  return [
    checked({ key: head, value: JSON.stringify(value) }),
    ...[...forms].map((client) => checked({ key: `${head}/client/${client}`, value: '' })),
    ...elsewhere.map(({ key }) => ({ key, value: null })),
  ]
}

/** Clients of a group, or, without any, the group with all that is in it. */
export function removeGroup(settings: FilterSettings, name: string, clients: readonly string[]): SettingEdit[] {
  const keys = clients.map((client) => `group/${name}/client/${clientForm(client)}`)
  const gone = settings.filter(({ key }) =>
    keys.length > 0 ? keys.includes(key) : key === `group/${name}` || key.startsWith(`group/${name}/`),
  )
  if (gone.length === 0) throw unknown(`the household has no such group or client; \`chordns groups\``)
  return gone.map(({ key }) => ({ key, value: null }))
}

/** `lists` undefined: the schedule goes. */
export function scheduleGroup(
  settings: FilterSettings,
  name: string,
  when: string,
  lists: 'everything' | readonly string[] | undefined,
): SettingEdit[] {
  const form = scheduleForm(when)
  if (form === undefined) throw invalid(`"${when}": write days and times such as "sun-thu 21:00-07:00"`)
  if (!settings.some(({ key }) => key === `group/${name}`))
    throw unknown(`the household has no group "${name}"; \`chordns groups\``)
  const key = `group/${name}/schedule/${form}`
  if (lists !== undefined) return [checked({ key, value: typeof lists === 'string' ? lists : lists.join(',') })]
  if (!settings.some((one) => one.key === key)) throw unknown(`the group "${name}" has no schedule "${form}"`)
  return [{ key, value: null }]
}

/** A key that somebody wrote by hand. What is removed may be of any form. */
export function checkFilterEdit({ key, value }: SettingEdit): void {
  if (isOfLists(key) && value !== null) checked({ key, value })
}

function checked(setting: SharedSetting): SettingEdit {
  const why = faultOf(setting)
  if (why !== undefined) throw invalid(`${setting.key}: ${why}`)
  return setting
}

/** Others may have made more at the same time: those are passed over. */
function refuseMore(settings: FilterSettings, key: string, kind: 'list' | 'group', most: number): void {
  const there = settings.filter((one) => filterKey(one.key)?.kind === kind)
  if (there.length >= most && !there.some((one) => one.key === key))
    throw invalid(`a household has at most ${most} ${kind}s`)
}

/** What cannot be read is written anew. */
function objectOf(json: string | undefined): object {
  try {
    const value: unknown = JSON.parse(json ?? '{}')
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {}
  } catch {
    return {}
  }
}

function invalid(problem: string) {
  return new ChordnsError('SETTINGS_INVALID', problem, { key: 'filter', problem })
}

function unknown(message: string) {
  return new ChordnsError('SETTINGS_UNKNOWN', message, { id: 'filter' })
}
