/** `AdGuardHome.yaml`, of all its versions: keys have moved between sections, and are looked for where they were. Pure. */

import { takeClients } from './adguard-clients.ts'
import { isMap, itemsOf, numberOf, shown, textOf } from './adguard-values.ts'
import { each } from './each.ts'
import { titleOf } from './pihole-taking.ts'
import { refused } from './refused.ts'
import { Takeover } from './takeover.ts'
import { readYaml, type YamlMap, type YamlValue } from './yaml.ts'

/** Throws IMPORT_REFUSED. */
export function importAdguard(bytes: Uint8Array): Takeover {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw refused('it is no text', cause)
  }
  const root = readYaml(text)
  if (!isMap(root) || !root.has('dns')) throw refused('it is no configuration of AdGuard Home: it has no section dns')
  const taken = new Takeover()
  takeBelow('', root, taken)
  return taken
}

/** Each value once: by its own reader, or as left. */
function takeBelow(path: string, map: YamlMap, taken: Takeover): void {
  for (const [key, value] of map) {
    const own = path === '' ? key : `${path}.${key}`
    const take = TAKERS[own]
    if (take !== undefined) take(value, taken, map)
    else if (isMap(value)) takeBelow(own, value, taken)
    else leaveValue(own, value, taken)
  }
}

/** What is empty or switched off asks for nothing. */
function leaveValue(path: string, value: YamlValue, taken: Takeover): void {
  if (value === null || value === '' || value === false || value === 0 || (Array.isArray(value) && value.length === 0))
    return
  const why = REASONS.find(([pattern]) => pattern.test(path))?.[1] ?? 'it has no counterpart'
  if (SECRET.test(path)) taken.leave(path, why)
  else for (const item of Array.isArray(value) ? value : [value]) taken.leave(`${path}: ${shown(item)}`, why)
}

const SECRET = /password|^users$|private_key|certificate_chain|secret|token/

const REASONS: readonly (readonly [RegExp, string])[] = [
  [/^dhcp\./, 'there is no DHCP server: its lease files are read (devices.leases)'],
  [
    /^(http|users|auth_|web_session|block_auth|theme|language|bind_|debug|beta_)/,
    'the dashboard has settings of its own (status.dashboard, chordns dashboard --password)',
  ],
  [/^tls\./, 'tls.certificateFile, tls.keyFile and tls.name, with listen.tls and listen.https'],
  [
    /^(querylog|statistics)\.|^dns\.(querylog|statistics|anonymize)/,
    'queries.privacy says what is kept, in memory only',
  ],
  [/^dns\.(bind_host|bind_hosts|port)$/, 'listen says where: chordns setup writes it'],
  [/^dns\.(allowed_clients|disallowed_clients)$/, 'access.allow says who is answered'],
  [/^dns\.ratelimit/, 'serve.repliesPerSecond bounds what one client gets'],
  [
    /^dns\.(bootstrap_dns|fallback_dns|upstream_|local_ptr_upstreams|bootstrap_prefer|fastest_timeout|use_http3|private_networks|use_private_ptr|all_servers|fastest_addr|upstream)/,
    'no resolver of others is asked: this node asks the authorities itself',
  ],
  [/^dns\.cache_/, 'the cache is bounded in bytes (cache.maxBytes), and serves what is stale while it asks'],
  [/^dns\.(use_dns64|dns64)/, 'dns64.enabled and dns64.prefix'],
  [/(safebrowsing|safe_search|safesearch|parental|blocked_services|safe_fs)/, 'there is no such service: use lists'],
  [/^dns\.enable_dnssec$/, 'it is always validated'],
  [
    /^(filtering|dns)\.(filtering_enabled|filters_update|protection|blocking_enabled)/,
    'lists are in force while they are in filter.lists, and have filter.lists.NAME.everyHours',
  ],
]

type Taker = (value: YamlValue, taken: Takeover, beside: YamlMap) => void

const takeRewrites: Taker = (value, taken) => {
  for (const rewrite of itemsOf(value)) takeRewrite(rewrite, taken)
}

const takeMode: Taker = (value, taken, beside) => {
  const mode = textOf(value)
  const known = ({ default: 'null', null_ip: 'null', nxdomain: 'nxdomain', refused: 'refused' } as const)[mode]
  const [ipv4, ipv6] = ['blocking_ipv4', 'blocking_ipv6'].map((key) => textOf(beside.get(key)))
  if (known !== undefined) taken.blockedAs(known)
  else if (mode === 'custom_ip' && (ipv4 || ipv6))
    taken.blockedAs({ ...(ipv4 ? { ipv4 } : {}), ...(ipv6 ? { ipv6 } : {}) })
  else if (mode !== '') taken.leave(`blocking_mode: ${mode}`, 'filter.mode has no such mode')
}

const takeTtl: Taker = (value, taken) => taken.blockedFor(numberOf(value), `blocked_response_ttl: ${shown(value)}`)
const passOver: Taker = () => undefined

const TAKERS: Readonly<Record<string, Taker>> = {
  filters: (value, taken) => takeLists(value, 'block', taken),
  whitelist_filters: (value, taken) => takeLists(value, 'allow', taken),
  user_rules: (value, taken) => each(itemsOf(value), (rule) => takeRule(textOf(rule), taken)),
  'filtering.rewrites': takeRewrites,
  'dns.rewrites': takeRewrites,
  'filtering.blocking_mode': takeMode,
  'dns.blocking_mode': takeMode,
  'filtering.blocked_response_ttl': takeTtl,
  'dns.blocked_response_ttl': takeTtl,
  // Of `blocking_mode`.
  'filtering.blocking_ipv4': passOver,
  'filtering.blocking_ipv6': passOver,
  'dns.blocking_ipv4': passOver,
  'dns.blocking_ipv6': passOver,
  'dns.upstream_dns': (value, taken) => each(itemsOf(value), (line) => takeUpstream(textOf(line), taken)),
  clients: (value, taken) => {
    if (isMap(value)) takeBelow('clients', value, taken)
    else takeClients(value, taken)
  },
  'clients.persistent': takeClients,
  schema_version: passOver,
}

function takeLists(value: YamlValue, kind: 'block' | 'allow', taken: Takeover): void {
  for (const one of itemsOf(value)) {
    if (!isMap(one)) continue
    const source = textOf(one.get('url'))
    taken.list(
      textOf(one.get('name')) || titleOf(source),
      {
        source,
        ...(kind === 'allow' ? { kind } : {}),
        ...(one.get('enabled') === false ? { enabled: false as const } : {}),
      },
      `list ${source}`,
    )
  }
}

function takeRule(rule: string, taken: Takeover): void {
  const text = rule.trim()
  if (text !== '' && !text.startsWith('!') && !text.startsWith('#')) taken.rule(text, `rule ${text}`)
}

/** A rewrite to A or AAAA, or to the name itself, lets that through which would be blocked or rewritten. */
function takeRewrite(rewrite: YamlValue, taken: Takeover): void {
  if (!isMap(rewrite)) return
  const [domain, answer] = [textOf(rewrite.get('domain')), textOf(rewrite.get('answer'))]
  const what = `rewrite ${domain} -> ${answer}`
  if (rewrite.get('enabled') === false) taken.leave(what, 'it is off')
  else if (/^(A|AAAA)$/.test(answer) || answer === domain)
    taken.leave(what, 'exceptions of rewrites have no counterpart: write the records of the names that it is about')
  else if (/^[0-9.]+$|:/.test(answer)) taken.address(domain, answer, what)
  else taken.alias(domain, answer, what)
}

/** `[/example.org/corp.example/]192.168.1.1`: these zones alone. `[//]`: names without dots. */
function takeUpstream(line: string, taken: Takeover): void {
  const text = line.trim()
  if (text === '' || text.startsWith('#')) return
  const what = `dns.upstream_dns: ${text}`
  const [, zones, servers] = /^\[\/(.*)\/\](.*)$/.exec(text) ?? []
  if (zones === undefined || servers === undefined) {
    taken.leave(what, 'no resolver of others is asked: this node asks the authorities itself')
    return
  }
  for (const zone of zones.split('/'))
    if (zone === '') taken.leave(what, 'names without dots are not asked elsewhere')
    else for (const server of servers.trim().split(/\s+/)) taken.forward(zone, server.replace(/^udp:\/\//, ''), what)
}
