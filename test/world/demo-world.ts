/** The ready-made Internet of `npm run demo` and of the end-to-end tests: every shape of delegation and answer once. */
import { composeSpec } from './compose.ts'
import type { Behaviour, WorldSpec } from './types.ts'
import { createWorld, type World, type WorldOptions } from './world.ts'

export interface DemoOptions extends WorldOptions {
  readonly port?: number
  readonly seed?: number
  /** On top of the demo's own. By server name, e.g. 'ns1.example.com'. */
  readonly behaviours?: Readonly<Record<string, Behaviour>>
}

export function demoWorld(options: DemoOptions = {}): Promise<World> {
  return createWorld(demoSpec(options), options)
}

const THIRTEEN = [...'abcdefghijklm']

const hosts: Readonly<Record<string, string>> = {
  'a.root.': '127.53.0.1',
  'b.root.': '127.53.0.2',
  'a.gtld.net.': '127.53.1.1',
  'b.gtld.net.': '127.53.1.2',
  'ns1.nic.org.': '127.53.2.1',
  'ns2.nic.org.': '127.53.2.2',
  'ns1.nic.info.': '127.53.3.1',
  'ns1.example.com.': '127.53.10.1',
  'ns2.example.com.': '127.53.10.2',
  'ns1.example.net.': '127.53.11.1',
  'ns2.example.net.': '127.53.11.2',
  'ns1.example.org.': '127.53.12.1',
  'ns1.hosting.org.': '127.53.13.1',
  'ns2.hosting.org.': '127.53.13.2',
  'ns1.example.info.': '127.53.14.1',
  'ns.d.example.info.': '127.53.14.2',
  'ns.c.d.example.info.': '127.53.14.3',
  'ns.b.c.d.example.info.': '127.53.14.4',
  'ns.a.b.c.d.example.info.': '127.53.14.5',
  'ns1.lame.info.': '127.53.15.1',
  'ns2.lame.info.': '127.53.15.2',
  'ns1.dead.info.': '127.53.16.1',
  'ns1.slow.info.': '127.53.17.1',
  ...Object.fromEntries(THIRTEEN.map((letter, i) => [`${letter}.thirteen.org.`, `127.53.20.${i + 1}`])),
}

const behaviours: Readonly<Record<string, Behaviour>> = {
  'ns1.example.com': { rotate: true },
  'ns2.example.com': { rotate: true },
  'ns1.lame.info': { lame: 'refer-up' },
  'ns1.dead.info': { silent: true },
  'ns1.slow.info': { delayMs: 300 },
}

/** 16 strings of 250 bytes: 4 KB, more than any UDP answer may carry. */
const BIG_TXT = Array.from({ length: 16 }, (_, i) => `"${String(i).padStart(2, '0').repeat(125)}"`).join(' ')

const EXAMPLE_COM = `
@            300 A     192.0.2.80
@            300 AAAA  2001:db8::80
@            300 MX    10 mail
@            300 MX    20 mail.example.net.
@            300 TXT   "v=spf1 -all"
@            300 HTTPS 1 . alpn="h2,h3" ipv4hint=192.0.2.80
www          300 A     192.0.2.81
www          300 AAAA  2001:db8::81
mail         300 A     192.0.2.25
txt          300 TXT   "hello" "world"
big          300 TXT   ${BIG_TXT}
https        300 HTTPS 1 www alpn="h2"
future       300 TYPE65280 \\# 4 DEADBEEF
alias        300 CNAME www
chain        300 CNAME link.example.net.
rr            60 A     192.0.2.1
rr            60 A     192.0.2.2
rr            60 A     192.0.2.3
rr            60 A     192.0.2.4
rr            60 A     192.0.2.5
rr            60 A     192.0.2.6
short         10 A     192.0.2.90
*.wild       300 A     192.0.2.99
*.wild       300 TXT   "wild"
there.wild   300 A     192.0.2.98
deep.empty   300 A     192.0.2.97
_sip._tcp    300 SRV   10 5 5060 www
dn           300 DNAME target.example.net.
loop1        300 CNAME loop2
loop2        300 CNAME loop1
`

const EXAMPLE_NET = `
@            300 A     198.51.100.80
www          300 A     198.51.100.81
mail         300 A     198.51.100.25
link         300 CNAME end.example.org.
x.target     300 A     198.51.100.90
geo          300 A     198.51.100.1
`

/** Two regions besides the default: askers from 127.0.1.0/24 and 127.0.2.0/24. */
const GEO_VIEWS = [
  { from: ['127.0.1.0/24'], text: 'geo 300 A 198.51.100.101' },
  { from: ['127.0.2.0/24'], text: 'geo 300 A 198.51.100.102' },
]

const EXAMPLE_ORG = `
@            300 A     203.0.113.80
www          300 A     203.0.113.81
end          300 A     203.0.113.82
end          300 AAAA  2001:db8:113::82
`

const www = (address: string) => `@ 300 A ${address}\nwww 300 A ${address}`

export function demoSpec(options: DemoOptions = {}): WorldSpec {
  const gtld = ['a.gtld.net.', 'b.gtld.net.']
  return composeSpec({
    hosts,
    behaviours: { ...behaviours, ...options.behaviours },
    ...(options.port === undefined ? {} : { port: options.port }),
    ...(options.seed === undefined ? {} : { seed: options.seed }),
    zones: [
      { origin: '.', nameServers: ['a.root.', 'b.root.'], text: '' },
      // com is served by hosts in net; net by hosts of its own: the root hands out glue for both.
      { origin: 'com.', nameServers: gtld, text: '' },
      { origin: 'net.', nameServers: gtld, text: '' },
      { origin: 'org.', nameServers: ['ns1.nic.org.', 'ns2.nic.org.'], text: '' },
      { origin: 'info.', nameServers: ['ns1.nic.info.'], text: '' },
      { origin: 'example.com.', nameServers: ['ns1.example.com.', 'ns2.example.com.'], text: EXAMPLE_COM },
      {
        origin: 'example.net.',
        nameServers: ['ns1.example.net.', 'ns2.example.net.'],
        text: EXAMPLE_NET,
        views: GEO_VIEWS,
      },
      { origin: 'example.org.', nameServers: ['ns1.example.org.'], text: EXAMPLE_ORG },
      { origin: 'hosting.org.', nameServers: ['ns1.hosting.org.', 'ns2.hosting.org.'], text: www('203.0.113.10') },
      { origin: 'glueless.net.', nameServers: ['ns1.hosting.org.', 'ns2.hosting.org.'], text: www('203.0.113.11') },
      {
        origin: 'thirteen.org.',
        nameServers: THIRTEEN.map((letter) => `${letter}.thirteen.org.`),
        text: www('203.0.113.13'),
      },
      { origin: 'example.info.', nameServers: ['ns1.example.info.'], text: www('203.0.113.20') },
      { origin: 'd.example.info.', nameServers: ['ns.d.example.info.'], text: www('203.0.113.21') },
      { origin: 'c.d.example.info.', nameServers: ['ns.c.d.example.info.'], text: www('203.0.113.22') },
      { origin: 'b.c.d.example.info.', nameServers: ['ns.b.c.d.example.info.'], text: www('203.0.113.23') },
      { origin: 'a.b.c.d.example.info.', nameServers: ['ns.a.b.c.d.example.info.'], text: www('203.0.113.24') },
      { origin: 'lame.info.', nameServers: ['ns1.lame.info.', 'ns2.lame.info.'], text: www('203.0.113.30') },
      { origin: 'dead.info.', nameServers: ['ns1.dead.info.'], text: www('203.0.113.31') },
      { origin: 'slow.info.', nameServers: ['ns1.slow.info.'], text: www('203.0.113.32') },
    ],
  })
}
