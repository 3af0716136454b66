/** NSD and Knot say by NOTIFY that a zone has changed: the answer changes within seconds, though its TTL is an hour. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { available, Namespace } from './namespace.ts'
import { CLI, comesTrue, until } from './scenes/asking.ts'

const runnable = available('nsd', 'knotd', 'dig')
if (!runnable) console.warn('skipped: the test of NOTIFY needs root, ip, nsd, knotd and dig')

/** The root and `org.`, and the two zones that change. */
const ROOT = '198.41.0.4'
const NSD = '199.5.26.53'
const KNOT = '199.5.26.54'
const RESOLVER = '199.5.26.9'
const STRANGER = '199.5.26.66'

const head = (origin: string, server: string, serial: number) =>
  `$ORIGIN ${origin}\n@ 3600 IN SOA ${server} hostmaster.org. ${serial} 7200 3600 1209600 300\n@ 3600 IN NS ${server}\n`

describe.skipIf(!runnable)('a zone that changes', () => {
  const dir = mkdtempSync(join(tmpdir(), 'chordns-notify-'))
  let ns: Namespace
  let log = ''

  const ask = (name: string) => ns.run('dig', ['+short', '+time=15', '+tries=2', `@${RESOLVER}`, name]).trim()

  const answers = (name: string, address: string) =>
    comesTrue(
      `${address} for ${name}`,
      () => expect(ask(name)).toBe(address),
      () => log,
    )

  const zoneFile = (name: string) => join(dir, `${name}.zone`)
  const writeZone = (name: string, server: string, serial: number, address: string) => {
    const glue = `ns 3600 IN A ${server}\nwww 3600 IN A ${address}\n`
    writeFileSync(zoneFile(name), head(`${name}.org.`, `ns.${name}.org.`, serial) + glue)
  }

  function start(name: string, program: string, args: readonly string[]) {
    const child = ns.spawn(program, args)
    for (const stream of [child.stdout!, child.stderr!])
      stream.on('data', (chunk) => {
        log = `${log}${name}: ${chunk}`.slice(-20_000)
      })
    return child
  }

  beforeAll(async () => {
    ns = new Namespace('notify')
    for (const address of [ROOT, NSD, KNOT, RESOLVER, STRANGER]) ns.addAddress(address)
    const root = `${head('.', 'a.root-servers.net.', 1)}a.root-servers.net. 3600 IN A ${ROOT}\n`
    writeFileSync(zoneFile('root'), `${root}org. 3600 IN NS ns.org.\nns.org. 3600 IN A ${ROOT}\n`)
    const cuts = [
      ['one', NSD],
      ['two', KNOT],
    ].map(([name, address]) => `${name} 3600 IN NS ns.${name}\nns.${name} 3600 IN A ${address}\n`)
    writeFileSync(zoneFile('org'), `${head('org.', 'ns.org.', 1)}ns 3600 IN A ${ROOT}\n${cuts.join('')}`)
    writeZone('one', NSD, 1, '192.0.2.101')
    writeZone('two', KNOT, 1, '192.0.2.201')
    const zone = (origin: string, file: string, more = '') =>
      `zone:\n  name: "${origin}"\n  zonefile: "${zoneFile(file)}"\n${more}`
    const nsd = (name: string, address: string, zones: string) => {
      const file = join(dir, `${name}.conf`)
      const state = `  zonelistfile: "${dir}/${name}.list"\n  xfrdfile: ""\n  xfrdir: "${dir}"\n  database: ""\n  pidfile: ""\n`
      const server = `server:\n  ip-address: ${address}\n  username: ""\n  zonesdir: "${dir}"\n${state}  server-count: 1\n`
      const control = `remote-control:\n  control-enable: yes\n  control-interface: ${dir}/${name}.ctl\n`
      writeFileSync(file, server + control + zones)
      return file
    }
    start('root', 'nsd', ['-d', '-c', nsd('root', ROOT, zone('.', 'root') + zone('org.', 'org'))])
    const tells = `  notify: ${RESOLVER} NOKEY\n  provide-xfr: 0.0.0.0/0 NOKEY\n  outgoing-interface: ${NSD}\n`
    start('nsd', 'nsd', ['-d', '-c', nsd('one', NSD, zone('one.org.', 'one', tells))])
    mkdirSync(join(dir, 'knot'))
    writeFileSync(
      join(dir, 'knot.conf'),
      `server:\n  rundir: "${dir}/knot"\n  listen: [${KNOT}@53]\n  udp-workers: 1\n  tcp-workers: 1\n  background-workers: 1\n` +
        `control:\n  listen: "${dir}/knot.sock"\nlog:\n  - target: stderr\n    any: info\ndatabase:\n  storage: "${dir}/knot"\n` +
        `remote:\n  - id: resolver\n    address: ${RESOLVER}\n    via: ${KNOT}\n` +
        `zone:\n  - domain: two.org.\n    file: "${zoneFile('two')}"\n    notify: resolver\n    zonefile-load: difference\n    zonefile-sync: -1\n    journal-content: all\n`,
    )
    start('knot', 'knotd', ['-c', join(dir, 'knot.conf')])
    const config = join(dir, 'resolver.config.json')
    writeFileSync(
      config,
      JSON.stringify({
        listen: { udp: [`${RESOLVER}:53`], tcp: [`${RESOLVER}:53`] },
        // The servers of zones are no clients.
        access: { allow: [`${RESOLVER}/32`, `${STRANGER}/32`] },
        iterator: { rootHints: join(dir, 'hints'), ipv6: false },
        dnssec: { validate: false },
        ring: { enabled: false },
        status: { listen: '127.0.0.1:8053' },
        data: join(dir, 'data'),
      }),
    )
    writeFileSync(join(dir, 'hints'), `. 3600 NS a.root-servers.net.\na.root-servers.net. 3600 A ${ROOT}\n`)
    let ready = ''
    start('resolver', process.execPath, [CLI, 'start', '--config', config]).stdout!.on('data', (chunk) => {
      ready += String(chunk)
    })
    await until(
      'ready',
      () => ready.includes('ready '),
      () => log,
    )
    await answers('www.one.org', '192.0.2.101')
    await answers('www.two.org', '192.0.2.201')
  })

  afterAll(async () => {
    await ns?.close()
    rmSync(dir, { recursive: true, force: true })
  })

  it('at NSD, is answered anew before the TTL of its records ends', async () => {
    writeZone('one', NSD, 2, '192.0.2.102')
    expect(ask('www.one.org')).toBe('192.0.2.101')
    ns.run('nsd-control', ['-c', join(dir, 'one.conf'), 'reload', 'one.org'])
    await answers('www.one.org', '192.0.2.102')
  })

  it('at Knot, is answered anew before the TTL of its records ends', async () => {
    writeZone('two', KNOT, 2, '192.0.2.202')
    expect(ask('www.two.org')).toBe('192.0.2.201')
    ns.run('knotc', ['-s', join(dir, 'knot.sock'), 'zone-reload', 'two.org'])
    await answers('www.two.org', '192.0.2.202')
  })

  it('is told by nobody else: the word of a stranger is refused, and nothing is looked at', () => {
    const status = () =>
      JSON.parse(ns.run('curl', ['-s', 'http://127.0.0.1:8053/status'])) as { upstream: { notifiesRefused: number } }
    const before = status().upstream
    const reply = ns.run('dig', [
      '+opcode=NOTIFY',
      '+time=60',
      '+tries=1',
      '-b',
      STRANGER,
      `@${RESOLVER}`,
      'one.org',
      'SOA',
    ])
    expect(reply).toContain('status: REFUSED')
    expect(status().upstream).toMatchObject({ ...before, notifiesRefused: before.notifiesRefused + 1 })
  })
})
