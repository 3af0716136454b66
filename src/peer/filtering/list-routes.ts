/** How lists and groups of the household are edited through the status API. */
import { z } from 'zod'
import { ChordnsError } from '../../base/index.ts'
import { filterLimits } from '../../filter/index.ts'
import { type StatusRoute, takes } from '../../observe/index.ts'
import type { SettingEdit, Settings } from '../../settings/index.ts'
import { limits } from '../limits.ts'
import { parsedBody } from '../request-body.ts'
import {
  addGroup,
  addList,
  type FilterSettings,
  pauseList,
  removeGroup,
  removeList,
  scheduleGroup,
} from './list-edits.ts'
import type { InForce } from './shared-lists.ts'

export interface ListRoutesDeps {
  readonly control: { inForce(): InForce }
  readonly settings: () => Pick<Settings, 'list' | 'edit'>
  /** What is told to be done is on the disk. */
  readonly settled: () => Promise<void>
}

/** What it must be besides is checked where it becomes a setting. */
const name = z.string().max(100)
const names = z.array(z.string().max(400)).max(filterLimits.MAX_CLIENTS_OF_GROUP)

const listBody = z.looseObject({ name, groups: names.optional() })
const nameBody = z.strictObject({ name })
const groupBody = z.strictObject({
  name,
  clients: names.default([]),
  lists: names.nullable().optional(),
  mode: z.unknown().optional(),
})
const goneBody = z.strictObject({ name, clients: names.default([]) })
const scheduleBody = z.strictObject({
  name,
  when: z.string().max(100),
  /** Left out: the schedule goes. */
  lists: z.union([z.literal('everything'), names]).optional(),
})

export function listRoutes({ control, settings, settled }: ListRoutesDeps): Readonly<Record<string, StatusRoute>> {
  const edits = <T>(form: z.ZodType<T>, make: (wish: T, there: FilterSettings) => readonly SettingEdit[]) =>
    takes(limits.MAX_EDITS_BODY, async (_query, _signal, body) => {
      const all = settings()
      const wish = parsedBody(form, body)
      const changes = all.edit(make(wish, [...all.list('group/'), ...all.list('list/')]))
      await settled()
      return { changes }
    })
  return {
    '/filter/lists/add': edits(listBody, ({ name: list, ...value }, there) => {
      const { config } = control.inForce()
      const isOwn = (one: InForce['config']['lists'][number]) => !one.isShared && one.options.name === list
      if (config.lists.some(isOwn) || config.disabled.includes(list)) throw ofThisBox('list', list)
      for (const group of value.groups ?? []) checkGroup(group)
      return addList(there, list, value)
    }),
    '/filter/lists/remove': edits(nameBody, ({ name: list }, there) => removeList(there, list)),
    '/filter/lists/pause': edits(nameBody, ({ name: list }, there) => pauseList(there, list, true)),
    '/filter/lists/resume': edits(nameBody, ({ name: list }, there) => pauseList(there, list, false)),
    '/filter/groups/add': edits(groupBody, ({ name: group, clients, lists, mode }, there) => {
      refuseOwn(group)
      for (const list of lists ?? []) checkList(list)
      return addGroup(there, { name: group, clients, lists, mode })
    }),
    '/filter/groups/remove': edits(goneBody, (gone, there) => removeGroup(there, gone.name, gone.clients)),
    '/filter/groups/schedule': edits(scheduleBody, ({ name: group, when, lists }, there) => {
      refuseOwn(group)
      for (const list of Array.isArray(lists) ? lists : []) checkList(list)
      return scheduleGroup(there, group, when, lists)
    }),
  }

  function refuseOwn(group: string): void {
    const { config, sharedGroups } = control.inForce()
    const isThere = config.options.groups.some((one) => one.name === group)
    if (isThere && !sharedGroups.has(group)) throw ofThisBox('group', group)
  }

  function checkGroup(group: string): void {
    const { groups } = control.inForce().config.options
    if (group !== 'default' && !groups.some((one) => one.name === group))
      throw invalid(`there is no group "${group}": \`chordns groups add ${group} CLIENT\` makes one`)
  }

  function checkList(list: string): void {
    const { config, paused } = control.inForce()
    if (![...config.lists, ...paused].some(({ options }) => options.name === list))
      throw invalid(`there is no list "${list}": \`chordns lists\``)
  }
}

function ofThisBox(kind: 'list' | 'group', word: string) {
  return invalid(`the configuration of this box has a ${kind} "${word}", which stands before one of the household`)
}

function invalid(problem: string) {
  return new ChordnsError('SETTINGS_INVALID', problem, { key: 'filter', problem })
}
