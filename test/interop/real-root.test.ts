/**
 * The default configuration against real servers on the real root addresses, in a namespace: NSD serves a local root, two
 * TLDs and leaf zones; Unbound answers the same questions; libc, dig and kdig ask.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { available, Namespace } from './namespace.ts'
import { CLI, until } from './scenes/asking.ts'

const runnable = available('nsd', 'unbound', 'dig', 'kdig')
if (!runnable) console.warn('skipped: the real-root tests need root, ip, nsd, unbound, dig and kdig')

const ROOTS = [
  '198.41.0.4',
  '170.247.170.2',
  '192.33.4.12',
  '199.7.91.13',
  '192.203.230.10',
  '192.5.5.241',
  '192.112.36.4',
  '198.97.190.53',
  '192.36.148.17',
  '192.58.128.30',
  '193.0.14.129',
  '199.7.83.42',
  '202.12.27.33',
]
const TLD = ['192.5.6.30', '192.33.14.30']
const LEAF = ['203.0.113.53', '198.51.100.53']

const soa = (origin: string) => `@ 3600 SOA ns.${origin} admin.${origin} 1 7200 3600 604800 300\n`
const ROOT_ZONE = `$ORIGIN .\n$TTL 86400\n@ SOA a.root-servers.net. nstld.verisign-grs.com. 1 1800 900 604800 86400
${ROOTS.map((address, i) => `@ NS ${'abcdefghijklm'[i]}.root-servers.net.\n${'abcdefghijklm'[i]}.root-servers.net. A ${address}`).join('\n')}
net. NS a.gtld-servers.net.\ncom. NS a.gtld-servers.net.\ncom. NS b.gtld-servers.net.\norg. NS b.gtld-servers.net.
a.gtld-servers.net. A ${TLD[0]}\nb.gtld-servers.net. A ${TLD[1]}\n`
/** Where dig looks for the servers that `. NS` names. */
const ROOT_SERVERS = ROOTS.map((address, i) => `${'abcdefghijklm'[i]}.root-servers A ${address}\n`).join('')
const tld = (origin: string, delegations: string) =>
  `$ORIGIN ${origin}\n$TTL 86400\n${soa(origin)}@ NS a.gtld-servers.net.\n@ NS b.gtld-servers.net.\n${delegations}`
const leafNs = (origin: string) => `ns1.${origin} A ${LEAF[0]}\nns2.${origin} A ${LEAF[1]}\n`
const delegate = (origin: string) => `${origin} NS ns1.${origin}\n${origin} NS ns2.${origin}\n${leafNs(origin)}`
const leaf = (origin: string, rest: string) =>
  `$ORIGIN ${origin}\n$TTL 600\n${soa(origin)}@ NS ns1\n@ NS ns2\n${leafNs(origin)}${rest}`

const HOSTS = Array.from(
  { length: 10 },
  (_, i) => `host${i} A 192.0.2.${i + 1}\nhost${i} AAAA 2001:db8::${i + 1}\n`,
).join('')
const LEAVES: Readonly<Record<string, string>> = {
  'example.com.': leaf(
    'example.com.',
    `${HOSTS}@ A 192.0.2.80\n@ MX 10 mail\nmail A 192.0.2.25\nwww CNAME @\nfar CNAME www.example.org.\n*.wild TXT "wild"\n_sip._tcp SRV 1 2 5060 mail\nbig TXT ${Array.from({ length: 16 }, () => `"${'x'.repeat(250)}"`).join(' ')}\nsub NS ns.sub\nns.sub A ${LEAF[1]}\n`,
  ),
  'sub.example.com.': leaf('sub.example.com.', `www A 192.0.2.200\nns A ${LEAF[1]}\n`),
  'example.org.': leaf(
    'example.org.',
    `${HOSTS}www A 203.0.113.80\n@ CAA 0 issue "ca.example.net"\n@ HTTPS 1 . alpn=h2\nname DNAME target.example.org.\na.target A 203.0.113.81\n`,
  ),
  'glueless.org.': `$ORIGIN glueless.org.\n$TTL 600\n${soa('glueless.org.')}@ NS ns1.example.com.\n@ NS ns2.example.com.\nwww A 203.0.113.99\n`,
}

const QUESTIONS: readonly (readonly [name: string, type: string])[] = [
  ...Array.from({ length: 10 }, (_, i) => [`host${i}.example.com`, i % 2 === 0 ? 'A' : 'AAAA'] as const),
  ...Array.from({ length: 10 }, (_, i) => [`host${i}.example.org`, i % 2 === 0 ? 'AAAA' : 'A'] as const),
  ...Array.from({ length: 6 }, (_, i) => [`missing${i}.example.com`, 'A'] as const),
  ...Array.from({ length: 4 }, (_, i) => [`nothing${i}.org`, 'A'] as const),
  ['example.com', 'A'],
  ['example.com', 'MX'],
  ['example.com', 'NS'],
  ['example.com', 'SOA'],
  ['example.com', 'AAAA'],
  ['www.example.com', 'A'],
  ['far.example.com', 'A'],
  ['far.example.com', 'AAAA'],
  ['a.wild.example.com', 'TXT'],
  ['a.wild.example.com', 'A'],
  ['_sip._tcp.example.com', 'SRV'],
  ['big.example.com', 'TXT'],
  ['www.sub.example.com', 'A'],
  ['none.sub.example.com', 'A'],
  ['example.org', 'CAA'],
  ['example.org', 'HTTPS'],
  ['www.glueless.org', 'A'],
  ['no-such-tld', 'A'],
  ['com', 'NS'],
  ['a.name.example.org', 'A'],
]

describe.skipIf(!runnable)('the default configuration on the real root addresses', () => {
  let ns: Namespace
  const dir = mkdtempSync(join(tmpdir(), 'chordns-root-'))

  beforeAll(async () => {
    ns = new Namespace('root')
    for (const address of [...ROOTS, ...TLD, ...LEAF]) ns.addAddress(address)
    ns.resolvConf('nameserver 127.0.0.1\n')
    startNsd(ns, dir, 'root', ROOTS, { '.': ROOT_ZONE })
    startNsd(ns, dir, 'tld', TLD, {
      'net.': tld('net.', `a.gtld-servers A ${TLD[0]}\nb.gtld-servers A ${TLD[1]}\n${ROOT_SERVERS}`),
      'com.': tld('com.', delegate('example.com.')),
      'org.': tld(
        'org.',
        `${delegate('example.org.')}glueless.org. NS ns1.example.com.\nglueless.org. NS ns2.example.com.\n`,
      ),
    })
    startNsd(ns, dir, 'leaf', LEAF, LEAVES)
    startUnbound(ns, dir)
    const node = ns.spawn(process.execPath, [
      CLI,
      'start',
      '--set',
      `data=${join(dir, 'data')}`,
      '--set',
      'dnssec.validate=false',
    ])
    await ready(node)
    // Until a server is up, dig says so by its exit code.
    for (const server of ['127.0.0.2', '127.0.0.1'])
      await until(`an answer of ${server}`, () =>
        ns.run('dig', ['+short', '+time=2', '+tries=1', `@${server}`, 'host0.example.com']).includes('192.0.2.1'),
      )
  })
  afterAll(async () => {
    await ns?.close()
    rmSync(dir, { recursive: true, force: true })
  })

  it('gives dig +trace its start, the name servers of the root', () => {
    const trace = ns.run('dig', ['+trace', '+nodnssec', '+time=10', '+tries=2', '@127.0.0.1', 'www.example.com'])
    expect(trace).toMatch(/\.\s+\d+\s+IN\s+NS\s+a\.root-servers\.net\./)
    expect(trace).toMatch(/www\.example\.com\.\s+600\s+IN\s+CNAME\s+example\.com\./)
  })

  it('agrees with Unbound on 50 questions', () => {
    expect(QUESTIONS.length).toBe(50)
    const differences = QUESTIONS.flatMap(([name, type]) => {
      const ours = answer(ns, '127.0.0.1', name, type)
      const theirs = answer(ns, '127.0.0.2', name, type)
      return ours === theirs ? [] : [{ name, type, ours, theirs }]
    })
    expect(differences).toEqual([])
  })

  it('serves libc, dig over TCP, and kdig', () => {
    expect(ns.run('getent', ['ahostsv4', 'www.example.com'])).toContain('192.0.2.80')
    expect(ns.run('getent', ['hosts', 'host1.example.org'])).toMatch(/2001:db8::2/)
    expect(ns.run('dig', ['+tcp', '+short', '@127.0.0.1', 'example.com', 'MX'])).toBe('10 mail.example.com.\n')
    expect(ns.run('kdig', ['+short', '@127.0.0.1', 'www.glueless.org'])).toBe('203.0.113.99\n')
    expect(ns.run('kdig', ['@127.0.0.1', 'example.com', 'A', '+edns=1'])).toContain('BADVERS')
  })
})

function startNsd(
  ns: Namespace,
  dir: string,
  label: string,
  addresses: readonly string[],
  zones: Readonly<Record<string, string>>,
): void {
  const files = Object.entries(zones).map(([origin, text], i) => {
    const file = join(dir, `${label}-${i}.zone`)
    writeFileSync(file, text)
    return `zone:\n  name: "${origin}"\n  zonefile: "${file}"\n`
  })
  const config = join(dir, `${label}.conf`)
  writeFileSync(
    config,
    `server:\n${addresses.map((address) => `  ip-address: ${address}\n`).join('')}  username: ""\n  zonesdir: "${dir}"\n  zonelistfile: "${dir}/${label}.list"\n  xfrdfile: ""\n  database: ""\n  pidfile: ""\n  server-count: 1\n  refuse-any: no\n${'remote-control:\n  control-enable: no\n'}${files.join('')}`,
  )
  ns.spawn('nsd', ['-d', '-c', config])
}

function startUnbound(ns: Namespace, dir: string): void {
  const hints = join(dir, 'hints')
  writeFileSync(
    hints,
    ROOTS.map(
      (address, i) =>
        `. 3600000 NS ${'abcdefghijklm'[i]}.root-servers.net.\n${'abcdefghijklm'[i]}.root-servers.net. 3600000 A ${address}\n`,
    ).join(''),
  )
  const config = join(dir, 'unbound.conf')
  writeFileSync(
    config,
    `server:\n  interface: 127.0.0.2\n  username: ""\n  chroot: ""\n  directory: "${dir}"\n  pidfile: ""\n  use-syslog: no\n  module-config: "iterator"\n  root-hints: "${hints}"\n  do-ip6: no\n  minimal-responses: yes\n  access-control: 127.0.0.0/8 allow\nremote-control:\n  control-enable: no\n`,
  )
  ns.spawn('unbound', ['-d', '-c', config])
}

/** rcode and the answer section without TTLs, in an order of its own. */
function answer(ns: Namespace, server: string, name: string, type: string): string {
  const text = ns.run('dig', [
    `@${server}`,
    name,
    type,
    '+noall',
    '+comments',
    '+answer',
    '+nottlid',
    '+time=5',
    '+tries=2',
  ])
  const rcode = /status: (\w+)/.exec(text)?.[1] ?? 'none'
  const records = text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith(';'))
    .map((line) => line.replace(/\s+/g, ' ').toLowerCase())
  return [rcode, ...records.sort()].join('\n')
}

function ready(child: {
  readonly stdout: NodeJS.ReadableStream | null
  readonly stderr: NodeJS.ReadableStream | null
  once(event: 'exit', listener: (code: number | null) => void): unknown
}): Promise<void> {
  return new Promise((resolve, reject) => {
    let log = ''
    child.stderr!.on('data', (chunk) => (log += String(chunk)))
    child.once('exit', (code) => reject(new Error(`ended with ${code}:\n${log}`)))
    createInterface({ input: child.stdout! }).on('line', (line) => {
      if (line.startsWith('ready ')) resolve()
    })
  })
}
