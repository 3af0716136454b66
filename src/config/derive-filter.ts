/** The section `filter` in the words of the room: own rules as rules, days as numbers. */
import { errorText } from '../base/index.ts'
import { nameToText, parseName } from '../dns/index.ts'
import { type FilterOptions, type GroupOptions, minutesOf, ruleFor, type Schedule } from '../filter/index.ts'
import { parseListenAddress } from '../serve/settings.ts'
import { dayNumber } from './sections/filter.ts'
import type { ConfigValues } from './sections/schema.ts'
import { isAddress } from './sections/values.ts'
import type { FilterConfig, FilterList, Problem, ZoneSource } from './types.ts'

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
    lists: Object.entries(filter.lists).flatMap(([name, list]) => {
      if (!list.enabled) return []
      if (list.rpz === undefined) return [listOf(name, list.source!, list)]
      const transfer = transferOf(list.rpz, `filter.lists.${name}.rpz.primaries`, problems)
      return [zoneOf(name, list, transfer)]
    }),
    options: optionsOf(filter),
    disabled: Object.entries(filter.lists).flatMap(([name, { enabled }]) => (enabled ? [] : [name])),
  }
}

function zoneOf(name: string, list: Values['lists'][string], transfer: ZoneSource): FilterList {
  const servers = list.rpz!.primaries.join(', ')
  const source = `rpz ${nameToText(transfer.zone)} from ${servers}`
  // Whose zone it is is somebody else, as with a URL.
  const read = { ...list, format: 'rpz' as const, rewrites: list.rewrites ?? false }
  return { ...listOf(name, source, read), isUrl: true, transfer }
}

function transferOf(
  { zone, primaries, tsig }: NonNullable<Values['lists'][string]['rpz']>,
  path: string,
  problems: Problem[],
): ZoneSource {
  const endpoints = primaries.flatMap((text) => {
    try {
      return [isAddress(text) ? { address: text, port: 53 } : parseListenAddress(text)]
    } catch (error) {
      problems.push({ path, message: errorText(error) })
      return []
    }
  })
  return {
    zone: parseName(zone),
    primaries: endpoints,
    tsig: tsig && { ...tsig, name: parseName(tsig.name) },
  }
}

function listOf(name: string, source: string, list: Values['lists'][string]): FilterList {
  const { kind, format, everyHours, maxMegabytes, rewrites } = list
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
