/** What is taken over, put into a configuration: what stands there stays, and counts where both say something. Pure. */
import type { ConfigPart, ImportedGroup, ImportedList, Left } from './takeover.ts'

type Json = Readonly<Record<string, unknown>>

export interface MergedConfig {
  readonly config: Json
  /** What the configuration says otherwise already. */
  readonly left: readonly Left[]
}

export function mergeConfig(before: Json, { filter, local, iterator }: ConfigPart): MergedConfig {
  const left: Left[] = []
  const known = objectOf(before['filter'])
  const { lists, names } = mergedLists(objectOf(known['lists']), filter.lists)
  const own = { ...known }
  for (const key of ['mode', 'ttl'] as const) {
    if (filter[key] === undefined) continue
    if (Object.hasOwn(known, key))
      left.push({ what: `filter.${key}: ${JSON.stringify(filter[key])}`, why: 'the configuration says otherwise' })
    else own[key] = filter[key]
  }
  const config = {
    ...before,
    ...section('filter', {
      ...own,
      ...filled('lists', lists),
      ...filled('rules', united(known['rules'], filter.rules)),
      ...filled('groups', mergedGroups(objectOf(known['groups']), filter.groups, names, left)),
    }),
    ...withList(before, 'local', 'records', local.records),
    ...withForwards(before, iterator.forwards, left),
  }
  return { config, left }
}

/** `names`: what an imported list is called here. */
function mergedLists(known: Json, imported: Readonly<Record<string, ImportedList>>) {
  const lists: Record<string, unknown> = { ...known }
  const names = new Map<string, string>()
  for (const [name, list] of Object.entries(imported)) {
    const same = Object.keys(known).find((one) => objectOf(known[one])['source'] === list.source)
    const free = same ?? freeOf(name, lists)
    names.set(name, free)
    if (same === undefined) lists[free] = list
  }
  return { lists, names }
}

function mergedGroups(
  known: Json,
  imported: Readonly<Record<string, ImportedGroup>>,
  names: ReadonlyMap<string, string>,
  left: Left[],
): Json {
  const groups: Record<string, unknown> = { ...known }
  for (const [name, group] of Object.entries(imported)) {
    if (name === 'default' && Object.hasOwn(known, name)) {
      left.push({
        what: `what holds for clients in no group: ${JSON.stringify(group)}`,
        why: 'the configuration has a group default',
      })
      continue
    }
    const lists = group.lists?.map((one) => names.get(one) ?? one)
    groups[freeOf(name, groups)] = { ...group, ...(lists === undefined ? {} : { lists }) }
  }
  return groups
}

function withForwards(before: Json, forwards: Readonly<Record<string, readonly string[]>>, left: Left[]): Json {
  const iterator = objectOf(before['iterator'])
  const known = objectOf(iterator['forwards'])
  const added = Object.entries(forwards).filter(([zone, servers]) => {
    if (!Object.hasOwn(known, zone)) return true
    left.push({ what: `forward zone ${zone} to ${servers.join(', ')}`, why: 'the configuration names servers for it' })
    return false
  })
  if (added.length === 0) return {}
  return { iterator: { ...iterator, forwards: { ...known, ...Object.fromEntries(added) } } }
}

function withList(before: Json, name: string, key: string, values: readonly string[]): Json {
  if (values.length === 0) return {}
  const known = objectOf(before[name])
  return { [name]: { ...known, [key]: united(known[key], values) } }
}

function section(name: string, value: Json): Json {
  return Object.keys(value).length === 0 ? {} : { [name]: value }
}

function filled(key: string, value: object): Json {
  return Object.keys(value).length === 0 ? {} : { [key]: value }
}

function united(known: unknown, values: readonly string[]): readonly unknown[] {
  return [...new Set([...(Array.isArray(known) ? (known as unknown[]) : []), ...values])]
}

function freeOf(name: string, taken: Json): string {
  let free = name
  for (let count = 2; Object.hasOwn(taken, free); count++) free = `${name}-${count}`
  return free
}

function objectOf(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {}
}
