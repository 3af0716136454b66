/** The section `filter` in the words of the room: own rules as rules, days as numbers. */
import { type FilterOptions, type GroupOptions, minutesOf, ruleFor, type Schedule } from '../filter/index.ts'
import { dayNumber } from './sections/filter.ts'
import type { ConfigValues } from './sections/schema.ts'
import type { FilterConfig, FilterList, Problem } from './types.ts'

type Values = ConfigValues['filter']
type ScheduleValues = Values['groups'][string]['schedules'][number]

export function readFilter({ filter }: Pick<ConfigValues, 'filter'>, problems: Problem[]): FilterConfig {
  const names = new Set(Object.keys(filter.lists))
  const check = (path: string, lists: readonly string[]) => {
    for (const name of lists)
      if (!names.has(name)) problems.push({ path, message: `there is no list "${name}" in filter.lists` })
  }
  for (const [name, { lists, schedules }] of Object.entries(filter.groups)) {
    check(`filter.groups.${name}.lists`, lists ?? [])
    for (const one of schedules) check(`filter.groups.${name}.schedules`, one.lists === 'everything' ? [] : one.lists)
  }
  return {
    lists: Object.entries(filter.lists).flatMap(([name, list]) => (list.enabled ? [listOf(name, list)] : [])),
    options: optionsOf(filter),
    disabled: Object.entries(filter.lists).flatMap(([name, { enabled }]) => (enabled ? [] : [name])),
  }
}

function listOf(name: string, list: Values['lists'][string]): FilterList {
  const { source, kind, format, everyHours, maxMegabytes, rewrites } = list
  const isUrl = /^https?:\/\//i.test(source)
  return {
    source,
    isUrl,
    everyMs: everyHours * 3_600_000,
    maxBytes: maxMegabytes * 2 ** 20,
    options: { name, kind, format, rewrites: rewrites ?? !isUrl },
    isShared: false,
  }
}

function optionsOf({ groups, mode, ttl, ...own }: Values): FilterOptions {
  return {
    mode: modeOf(mode),
    ttl,
    own: {
      all: rulesOf(own),
      groups: Object.fromEntries(Object.entries(groups).map(([name, group]) => [name, rulesOf(group)])),
    },
    groups: Object.entries(groups).map(
      ([name, { clients, lists, schedules, mode: itsMode }]): GroupOptions => ({
        name,
        clients,
        lists,
        mode: itsMode && modeOf(itsMode),
        schedules: schedules.map(scheduleOf),
      }),
    ),
  }
}

export function scheduleOf({ days, from, to, lists }: ScheduleValues): Schedule {
  return { days: days.map(dayNumber), from: minutesOf(from)!, to: minutesOf(to)!, lists }
}

export function modeOf(mode: Values['mode']): FilterOptions['mode'] {
  return typeof mode === 'string' ? mode : { ipv4: mode.ipv4, ipv6: mode.ipv6 }
}

function rulesOf({ allow, block, rules }: Pick<Values, 'allow' | 'block' | 'rules'>): readonly string[] {
  return [...allow.map((name) => ruleFor('allow', name)), ...block.map((name) => ruleFor('block', name)), ...rules]
}
