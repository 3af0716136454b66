/**
 * Lists, domains, groups and clients of Pi-hole as ours. There a client may be in several groups, here in one: each set of groups that a client is in becomes
 * one group. What holds in all of them is a rule for all. Pure.
 */
import type { Tables } from './pihole-tables.ts'
import type { Takeover } from './takeover.ts'

const DEFAULT = 0

export function takeTables(tables: Tables, taken: Takeover): void {
  const groups = clientGroups(tables, taken)
  const lists = takeLists(tables, taken)
  const rules = rulesOf(tables, taken)
  const sets = [[DEFAULT], ...[...groups.values()].map(({ ids }) => ids)]
  const holdsFor = (groupIds: ReadonlySet<number>, ids: readonly number[]): boolean =>
    ids.some((id) => groupIds.has(id))
  const isForAll = (groupIds: ReadonlySet<number>): boolean => sets.every((ids) => holdsFor(groupIds, ids))
  for (const one of rules) if (isForAll(one.groups)) taken.rule(one.rule, one.what)
  for (const { title, clients, ids } of [
    { title: 'default', clients: [] as string[], ids: [DEFAULT] },
    ...groups.values(),
  ]) {
    const own = rules.filter((one) => !isForAll(one.groups) && holdsFor(one.groups, ids)).map(({ rule }) => rule)
    const named = lists.filter((one) => holdsFor(one.groups, ids)).map(({ name }) => name)
    const hasAllLists = named.length === lists.length
    if (clients.length === 0 && own.length === 0 && hasAllLists) continue
    taken.group(title, {
      ...(clients.length === 0 ? {} : { clients }),
      ...(hasAllLists ? {} : { lists: named }),
      ...(own.length === 0 ? {} : { rules: own }),
    })
  }
  for (const one of [...rules, ...lists])
    if (!sets.some((ids) => holdsFor(one.groups, ids)))
      taken.leave(one.what, 'it is in no group that is on and has clients')
}

interface ClientGroup {
  readonly title: string
  readonly ids: readonly number[]
  readonly clients: string[]
}

/** By the set of groups that are on; clients of the default group alone need none. */
function clientGroups(tables: Tables, taken: Takeover): Map<string, ClientGroup> {
  const names = new Map(tables.group.map(({ id, name }) => [id, name]))
  const on = new Set(tables.group.filter(({ enabled }) => enabled).map(({ id }) => id))
  for (const { id, name, enabled } of tables.group)
    if (!enabled)
      taken.leave(
        `group ${name}`,
        id === DEFAULT ? 'the default group is off: here nothing is blocked only by a pause' : 'it is off',
      )
  const found = new Map<string, ClientGroup>()
  for (const { id, ip } of tables.client) {
    if (ip.startsWith(':')) {
      taken.leave(`client ${ip}`, 'clients are not told apart by the interface')
      continue
    }
    const ids = tables.client_by_group
      .filter((one) => one.client_id === id && on.has(one.group_id))
      .map((one) => one.group_id)
      .sort((a, b) => a - b)
    const key = ids.join()
    if (key === String(DEFAULT)) continue
    const title = ids.length === 0 ? 'no-blocking' : ids.map((one) => names.get(one) ?? String(one)).join('-')
    const group = found.get(key) ?? { title, ids, clients: [] }
    group.clients.push(ip)
    found.set(key, group)
  }
  for (const { id, name, enabled } of tables.group)
    if (enabled && id !== DEFAULT && ![...found.values()].some(({ ids }) => ids.includes(id)))
      taken.leave(`group ${name}`, 'no client is in it')
  return found
}

interface InGroups {
  readonly groups: ReadonlySet<number>
  readonly what: string
}

function takeLists(tables: Tables, taken: Takeover): (InGroups & { readonly name: string })[] {
  return tables.adlist.flatMap(({ id, address, enabled, comment, type }) => {
    const what = `list ${address}`
    const list = {
      source: address,
      ...(type === 1 ? { kind: 'allow' as const } : {}),
      ...(enabled ? {} : { enabled: false as const }),
    }
    const name = taken.list(titleFor(address, comment), list, what)
    if (name === undefined) return []
    const groups = new Set(tables.adlist_by_group.filter((one) => one.adlist_id === id).map((one) => one.group_id))
    return [{ name, groups, what }]
  })
}

/** What its owner called it, but for what Pi-hole wrote there itself. */
function titleFor(address: string, comment: string | null | undefined): string {
  return comment && !comment.startsWith('Migrated from ') ? comment : titleOf(address)
}

/** `https://lists.example.org/pro/hosts.txt` -> `lists.example.org-hosts`. */
export function titleOf(address: string): string {
  const [, host = '', path = ''] = /^https?:\/\/([^/:?#]+)[^/]*\/?([^?#]*)/i.exec(address) ?? []
  const last = path
    .split('/')
    .filter((part) => part !== '')
    .at(-1)
    ?.replace(/\.[a-z]{2,4}$/i, '')
  return last === undefined ? host : `${host.split('.').slice(-2).join('.')}-${last}`
}

function rulesOf(tables: Tables, taken: Takeover): (InGroups & { readonly rule: string })[] {
  return tables.domainlist.flatMap(({ id, type, domain, enabled }) => {
    const what = `${type % 2 === 0 ? 'allowed' : 'denied'} ${type < 2 ? 'domain' : 'expression'} ${domain}`
    if (!enabled) return leave(taken, what, 'it is off')
    const body = type < 2 ? `|${domain}^` : ruleOfExpression(domain)
    if (body === undefined)
      return leave(taken, what, 'regular expressions are not read: stars are, as in ||ads*.example.com^')
    const rule = `${type % 2 === 0 ? '@@' : ''}${body}`
    if (!taken.isRule(rule, what)) return []
    return [
      {
        rule,
        what,
        groups: new Set(
          tables.domainlist_by_group.filter((one) => one.domainlist_id === id).map((one) => one.group_id),
        ),
      },
    ]
  })
}

function leave(taken: Takeover, what: string, why: string): [] {
  taken.leave(what, why)
  return []
}

/** What Pi-hole itself writes for "with all below it", and an expression that is one name. */
export function ruleOfExpression(expression: string): string | undefined {
  const [, start, name] = /^(\(\\\.\|\^\)|\(\^\|\\\.\)|\^)((?:[A-Za-z0-9_-]|\\\.|\\-)+)\$$/.exec(expression) ?? []
  if (start === undefined || name === undefined) return undefined
  return `${start === '^' ? '|' : '||'}${name.replaceAll('\\', '')}^`
}
