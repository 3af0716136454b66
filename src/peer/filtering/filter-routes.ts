/** What the status API says of blocking, and what is changed through it. */
import { ChordnsError, type Clock } from '../../base/index.ts'
import { parseName, Type, typeFromText } from '../../dns/index.ts'
import {
  type FilterControl,
  OWN_RULES,
  type OwnRules,
  ruleFor,
  scheduleText,
  scheduleWhen,
} from '../../filter/index.ts'
import { acts, type FilterView, looksUp, type StatusRoute } from '../../observe/index.ts'
import { limits } from '../limits.ts'
import type { InForce } from './shared-lists.ts'

export interface FilterRoutesDeps {
  readonly control: FilterControl & { readonly bytes: number; inForce(): InForce }
  readonly clock: Clock
  /** Questions of today that a list has blocked, by its name; those that were answered again from the table are not counted. */
  readonly blockedToday: (list: string) => number
  /** What is told to be done is on the disk. */
  readonly settled: () => Promise<void>
}

export function filterRoutes(deps: FilterRoutesDeps): Readonly<Record<string, StatusRoute>> {
  const { control, clock, settled } = deps
  const state = () => viewOf(deps)
  const done = async () => {
    await settled()
    return state()
  }
  const changeOwn = (query: URLSearchParams, action: 'block' | 'allow' | undefined) => {
    const [name, group] = [nameOf(query), groupOf(query, control)]
    const rules = new Set([ruleFor('block', name), ruleFor('allow', name)])
    const others = (of: readonly string[]) => of.filter((rule) => !rules.has(rule))
    const own = control.own()
    const before = group === undefined ? own.all : (own.groups[group] ?? [])
    const next = action === undefined ? others(before) : [...others(before), ruleFor(action, name)]
    control.setOwn(withRules(own, group, next))
    return done()
  }
  return {
    '/filter': looksUp(state),
    '/filter/why': looksUp((query) => {
      const type = query.get('type') === null ? Type.A : typeFromText(query.get('type')!)
      if (type === undefined) throw new ChordnsError('USAGE', 'unknown record type', {})
      return control.why(parseName(nameOf(query)), type, query.get('client') ?? undefined)
    }),
    '/filter/block': acts((query) => changeOwn(query, 'block')),
    '/filter/allow': acts((query) => changeOwn(query, 'allow')),
    '/filter/forget': acts((query) => changeOwn(query, undefined)),
    '/filter/pause': acts((query) => {
      const minutes = Number(query.get('minutes') ?? '5')
      if (!(minutes > 0 && minutes <= limits.MAX_PAUSE_MINUTES))
        throw new ChordnsError('USAGE', `minutes must be from 1 to ${limits.MAX_PAUSE_MINUTES}`, {})
      const group = groupOf(query, control)
      const others = control.pauses().filter((pause) => pause.group !== group)
      control.setPauses([...others, { group, until: clock.now() + minutes * 60_000 }])
      return done()
    }),
    '/filter/resume': acts((query) => {
      const group = groupOf(query, control)
      // Without a group all pauses end, those of groups too.
      control.setPauses(group === undefined ? [] : control.pauses().filter((pause) => pause.group !== group))
      return done()
    }),
    '/filter/update': acts(async (query) => {
      const list = query.get('name') ?? undefined
      if (list !== undefined && !control.lists().some(({ name }) => name === list))
        throw new ChordnsError('USAGE', `there is no list "${list}" that is in force: \`chordns lists\``, {})
      await control.update(list)
      return state()
    }),
  }
}

function viewOf({ control, blockedToday }: FilterRoutesDeps): FilterView {
  const { sharedGroups, passedOver } = control.inForce()
  return {
    lists: viewLists({ control, blockedToday }),
    groups: control.groups().map(({ name, clients, lists, mode, schedules }) => ({
      name,
      clients: [...clients],
      lists: lists === undefined ? null : [...lists],
      shared: sharedGroups.has(name),
      mode: mode ?? null,
      schedules: schedules.map(scheduleText),
      plans: schedules.map((one) => ({
        when: scheduleWhen(one),
        lists: one.lists === 'everything' ? one.lists : [...one.lists],
      })),
    })),
    passedOver: [...passedOver],
    pauses: control.pauses().map(({ group, until }) => ({ group: group ?? null, until })),
    own: {
      all: [...control.own().all],
      groups: Object.fromEntries(Object.entries(control.own().groups).map(([name, rules]) => [name, [...rules]])),
    },
    ownBlockedToday: blockedToday(OWN_RULES),
    bytes: control.bytes,
  }
}

/** Those that rest come last. */
function viewLists({ control, blockedToday }: Pick<FilterRoutesDeps, 'control' | 'blockedToday'>): FilterView['lists'] {
  const { config, paused } = control.inForce()
  const shared = new Set(config.lists.flatMap(({ isShared, options }) => (isShared ? [options.name] : [])))
  const common = (name: string) => ({
    groups: config.options.listGroups?.get(name)?.slice() ?? null,
    blockedToday: blockedToday(name),
  })
  const resting = new Set(paused.map(({ options }) => options.name))
  const held = control.lists().filter(({ name }) => !resting.has(name))
  return [
    ...held.map(({ updatedAt, trouble, failedAt, ...list }) => ({
      ...list,
      ...common(list.name),
      shared: shared.has(list.name),
      paused: false,
      updatedAt: updatedAt ?? null,
      trouble: trouble ?? null,
      failedAt: failedAt ?? null,
    })),
    ...paused.map(({ source, options: { name, kind } }) => ({
      ...{ name, kind, source, ...common(name) },
      ...{ entries: 0, skipped: 0, shared: true, paused: true, updatedAt: null, trouble: null, failedAt: null },
    })),
  ]
}

function withRules(own: OwnRules, group: string | undefined, rules: readonly string[]): OwnRules {
  return group === undefined ? { ...own, all: rules } : { ...own, groups: { ...own.groups, [group]: rules } }
}

function nameOf(query: URLSearchParams): string {
  const name = query.get('name')
  if (name === null || name === '' || name === '.') throw new ChordnsError('USAGE', 'the name is missing', {})
  parseName(name)
  return name
}

/** Undefined: all groups. */
function groupOf(query: URLSearchParams, control: FilterControl): string | undefined {
  const group = query.get('group') ?? undefined
  if (group === undefined || group === 'default' || control.groups().some(({ name }) => name === group)) return group
  throw new ChordnsError('USAGE', `there is no group "${group}": \`chordns groups\``, {})
}
