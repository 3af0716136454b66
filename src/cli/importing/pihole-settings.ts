/** The settings of Pi-hole: `pihole.toml` since version 6, `setupVars.conf` before. */
import { each } from './each.ts'
import { takeCname, takeHostsLine } from './pihole-records.ts'
import type { Takeover } from './takeover.ts'
import { readToml, type TomlSetting, type TomlValue } from './toml.ts'

/** Settings that are as Pi-hole begins with them are not told: nobody chose them. */
export function takeSettings(text: string, taken: Takeover): void {
  const settings = readToml(text)
  const marksChanges = settings.some(({ isChanged }) => isChanged)
  for (const setting of settings) {
    const take = TAKERS[setting.path]
    if (take !== undefined) take(setting, taken)
    else if (!isEmpty(setting.value) && (setting.isChanged || !marksChanges)) leaveSetting(setting, taken)
  }
}

function leaveSetting({ path, value }: TomlSetting, taken: Takeover): void {
  const what = SECRET.test(path) ? path : `${path} = ${JSON.stringify(value)}`
  taken.leave(what, REASONS.find(([pattern]) => pattern.test(path))?.[1] ?? 'it has no counterpart')
}

/** What nobody should find in a terminal's history. */
const SECRET = /pwhash|password|secret|token|totp/i

const REASONS: readonly (readonly [RegExp, string])[] = [
  [/^dhcp\./, 'there is no DHCP server: its lease files are read (devices.leases)'],
  [/^webserver\./, 'the dashboard has settings of its own (status.dashboard, chordns dashboard --password)'],
  [/^dns\.cache\./, 'the cache is bounded in bytes (cache.maxBytes)'],
  [
    /^dns\.(dnssec|listeningMode|interface|port)$/,
    'listen and access.allow say who is answered: chordns setup writes them; DNSSEC is always validated',
  ],
  [/^dns\.rateLimit\./, 'serve.repliesPerSecond bounds what one client gets'],
  [/^misc\.privacylevel$/, 'queries.privacy is off unless you want otherwise'],
  [/^database\.|^dns\.queryLogging$/, 'questions are never kept on disk'],
  [/^misc\.dnsmasq_lines$/, 'settings of dnsmasq have no counterpart here'],
]

type Taker = (setting: TomlSetting, taken: Takeover) => void

const TAKERS: Readonly<Record<string, Taker>> = {
  'dns.upstreams': ({ value }, taken) =>
    each(textsOf(value), (server) => taken.leave(`dns.upstreams: ${server}`, NO_UPSTREAM)),
  'dns.hosts': ({ value }, taken) => each(textsOf(value), (line) => takeHostsLine(line, taken)),
  'dns.cnameRecords': ({ value }, taken) => each(textsOf(value), (line) => takeCname(line, line, taken)),
  'dns.revServers': ({ value }, taken) => each(textsOf(value), (line) => takeReverse(line, taken)),
  'dns.blocking.mode': ({ path, value }, taken) => takeMode(`${path} = ${value}`, String(value), taken),
  'dns.blockTTL': ({ path, value, isChanged }, taken) => {
    if (isChanged) taken.blockedFor(Number(value), `${path} = ${value}`)
  },
  'dns.blocking.active': ({ value }, taken) => {
    if (value !== true)
      taken.leave(
        'dns.blocking.active = false',
        'blocking is off while filter.lists is empty, or for a pause (chordns pause)',
      )
  },
}

const NO_UPSTREAM = 'no resolver of others is asked: this node asks the authorities itself'

function textsOf(value: TomlValue): string[] {
  return Array.isArray(value) ? value.map(String) : []
}

function isEmpty(value: TomlValue): boolean {
  return value === '' || (Array.isArray(value) && value.length === 0)
}

function takeMode(what: string, mode: string, taken: Takeover): void {
  const known = ({ NULL: 'null', NX: 'nxdomain', NXDOMAIN: 'nxdomain', NODATA: 'nodata' } as const)[mode]
  if (known === undefined) taken.leave(what, 'filter.mode takes the addresses themselves: {"ipv4": ..., "ipv6": ...}')
  else taken.blockedAs(known)
}

/** `true,192.168.0.0/24,192.168.0.1#53,lan`: the domain goes to that server; for the addresses there is `devices.router`. */
function takeReverse(line: string, taken: Takeover): void {
  const [isOn, network = '', server = '', domain] = line.split(',').map((part) => part.trim())
  if (isOn !== 'true') {
    taken.leave(`dns.revServers: ${line}`, 'it is off')
    return
  }
  const address = server.replace('#', ':')
  if (domain)
    taken.forward(
      domain,
      server.includes(':') && server.includes('#') ? `[${server.replace('#', ']:')}` : address,
      `conditional forwarding of ${domain}`,
    )
  taken.leave(
    `conditional forwarding of ${network} to ${server}`,
    'the router is asked for names of addresses: devices.router',
  )
}

/** `KEY=value`, of version 5. */
export function takeSetupVars(text: string, taken: Takeover): void {
  const values = new Map<string, string>()
  for (const line of text.split(/\r?\n/)) {
    const [, key, value] = /^([A-Za-z0-9_]+)=(.*)$/.exec(line.trim()) ?? []
    if (key !== undefined && value !== undefined) values.set(key, value)
  }
  const reverse = (part: string): string => values.get(`${REVERSE}${part}`) ?? ''
  if (reverse('') === 'true') takeReverse(`true,${reverse('_CIDR')},${reverse('_TARGET')},${reverse('_DOMAIN')}`, taken)
  for (const [key, value] of values) {
    if (key.startsWith(REVERSE) || value === '') continue
    if (/^PIHOLE_DNS_\d+$/.test(key)) taken.leave(`upstream ${value}`, NO_UPSTREAM)
    else if (key.startsWith('DHCP_'))
      taken.leave(`${key}=${value}`, 'there is no DHCP server: its lease files are read (devices.leases)')
    else taken.leave(/PASS|PW/.test(key) ? key : `${key}=${value}`, 'it has no counterpart')
  }
}

/** What the keys of conditional forwarding begin with; in one piece it would look like an error code of ours. */
const REVERSE = ['REV', 'SERVER'].join('_')
