/** Clients that AdGuard Home knows by name: who is treated as all others needs no group here. Pure. */
import { isMap, itemsOf, shown, textOf } from './adguard-values.ts'
import type { Takeover } from './takeover.ts'
import type { YamlMap, YamlValue } from './yaml.ts'

export function takeClients(value: YamlValue | undefined, taken: Takeover): void {
  for (const client of itemsOf(value)) if (isMap(client)) takeClient(client, taken)
}

function takeClient(client: YamlMap, taken: Takeover): void {
  const name = textOf(client.get('name'))
  const ids = itemsOf(client.get('ids'))
    .map(textOf)
    .filter((id) => id !== '')
  const clients = ids.filter((id) => isKnownKind(id))
  for (const id of ids)
    if (!isKnownKind(id)) taken.leave(`client ${name}: ${id}`, 'clients are not told apart by an id in the host name')
  const isApart = client.get('use_global_settings') === false && client.get('filtering_enabled') === false
  if (isApart && clients.length > 0) {
    taken.group(name, { clients, lists: [] })
    taken.leave(
      `client ${name}: without rules of one's own`,
      'rules for all hold for its group, too: @@ rules of the group stand before them',
    )
  } else
    for (const id of clients)
      taken.leave(
        `client ${name}: ${id}`,
        id.includes(':') && id.length === 17
          ? `it is treated as all others; for its name: chordns devices name ${id} NAME`
          : 'it is treated as all others',
      )
  for (const [key, setting] of client) {
    if (KNOWN.has(key) || isNothing(setting)) continue
    if (key.startsWith('safe') || key.startsWith('parental')) {
      if (client.get('use_global_settings') === false)
        taken.leave(`client ${name}: ${key}`, 'there is no such service: use lists')
    } else if (key === 'blocked_services') {
      if (client.get('use_global_blocked_services') === false && servicesOf(setting).length > 0)
        taken.leave(
          `client ${name}: blocked services ${servicesOf(setting).join(', ')}`,
          'there are none: give a group lists of its own',
        )
    } else
      taken.leave(
        `client ${name}: ${key}: ${shown(setting)}`,
        key === 'upstreams' ? 'no resolver of others is asked' : 'it has no counterpart',
      )
  }
}

const KNOWN: ReadonlySet<string> = new Set([
  'name',
  'ids',
  'uid',
  'use_global_settings',
  'use_global_blocked_services',
  'filtering_enabled',
])

/** An address, a prefix or a MAC address. */
function isKnownKind(id: string): boolean {
  return /^[0-9.]+(\/\d+)?$/.test(id) || /^[0-9a-f:]+(\/\d+)?$/i.test(id)
}

/** In an older version a list, later with a schedule beside it. */
function servicesOf(value: YamlValue): string[] {
  return itemsOf(isMap(value) ? value.get('ids') : value).map(textOf)
}

function isNothing(value: YamlValue): boolean {
  return (
    value === null ||
    value === '' ||
    value === false ||
    value === 0 ||
    (Array.isArray(value) && value.length === 0) ||
    (isMap(value) && value.size === 0)
  )
}
