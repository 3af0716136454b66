/**
 * The zones of a Root chain and of a TLD chain as stock programs take them: written by a node's operator, checked by BIND, Knot and NSD, served by NSD,
 * and resolved and validated by an Unbound that has never heard of a ledger. In a namespace, so that all of it is on port 53.
 */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseName, parseZone, soaView } from '../../src/dns/index.ts'
import { makeOwnerKey, makeZoneKey } from '../../src/peer/ledgers.ts'
import { signZone } from '../world/index.ts'
import { keyFromPem } from '../world/keys.ts'
import { available, Namespace } from './namespace.ts'
import { CLI, until } from './scenes/asking.ts'

const run = promisify(execFile)
const runnable = available('nsd', 'unbound', 'dig', 'named-checkzone', 'nsd-checkzone')
if (!runnable) console.warn('skipped: the export of zones needs root, iproute2, nsd, unbound, dig and named-checkzone')

const ROOT_SERVER = '127.58.0.1'
const TLD_SERVER = '127.58.0.2'
const SHOP_SERVER = '127.58.0.3'
const UNBOUND = '127.58.0.9'
const STATUS = '127.0.0.1:8053'

describe.skipIf(!runnable)('the zones of ledgers', () => {
  const dir = mkdtempSync(join(tmpdir(), 'chordns-export-'))
  const at = (...parts: string[]) => join(dir, ...parts)
  let inside: Namespace
  let log = ''
  const keys = new Map<string, Awaited<ReturnType<typeof makeZoneKey>>>()

  async function within(command: string, ...args: string[]): Promise<string> {
    const { stdout } = await run('ip', ['netns', 'exec', inside.name, command, ...args], { cwd: dir })
    return stdout
  }

  /** As the operator types it, in JSON. */
  async function chordns(...args: string[]) {
    const there = ['--node', STATUS, '--set', `data=${at('data')}`, '--json']
    return JSON.parse(await within(process.execPath, CLI, ...args, ...there))
  }

  function started(name: string, program: string, ...args: string[]): void {
    const child = inside.spawn(program, args)
    for (const stream of [child.stdout!, child.stderr!])
      stream.on('data', (chunk) => {
        log = `${log}${name}: ${chunk}`.slice(-10_000)
      })
  }

  const dig = (server: string, ...args: string[]) => within('dig', `@${server}`, '+time=5', '+tries=2', ...args)

  async function found(): Promise<void> {
    const data = ['--set', `data=${at('data')}`]
    await run(process.execPath, [CLI, 'ledger', 'keygen', ...data, '--name', 'One', '--out', at('one.json')])
    const chains = ['--chain', 'root', '--chain', 'example']
    const pace = ['--heartbeat', '1', '--interval', '0.2']
    const init = ['--ring', 'home', '--endorser', at('one.json'), '--out', at('genesis.json')]
    await run(process.execPath, [CLI, 'ledger', 'init', ...chains, ...init, ...pace])
    const settings = [
      ...data,
      ...['--set', `ledger.genesis=${at('genesis.json')}`, '--set', 'ring.listen=["/ip4/127.0.0.1/tcp/0"]'],
      ...['--set', 'ring.id=home', '--set', 'ring.mdns=false', '--set', `status.listen=${STATUS}`],
    ]
    started('node', process.execPath, CLI, 'ledger', 'start', '--role', 'validator', ...settings)
    for (const [zone, algorithm] of [
      ['.', 13],
      ['example', 15],
      ['shop.example', 15],
    ] as const)
      keys.set(zone, await makeZoneKey({ zone: parseName(zone), algorithm, directory: at('keys'), time: Date.now() }))
    await makeOwnerKey(at('owner.key'))
  }

  /** What owner, registry and the nodes of the Root say, each on its chain. */
  async function register(): Promise<void> {
    const { account } = JSON.parse(readFileSync(at('one.json'), 'utf8'))
    const first = () => chordns('ledger', 'tld', 'give', 'example', '--registry', account)
    await until('a first block', first, () => log)
    const ds = (zone: string) => ['--ds', `${keys.get(zone)!.base}.ds`]
    const server = ['--server', `ns1.nic.example=${TLD_SERVER}`]
    const owner = ['--owner', at('owner.key'), '--server', `ns1.shop.example=${SHOP_SERVER}`]
    const [updated, registered] = await Promise.all([
      until('the registry to know', () => chordns('ledger', 'tld', 'update', 'example', ...server, ...ds('example'))),
      chordns('domain', 'register', 'shop.example', ...owner, ...ds('shop.example')),
    ])
    expect(updated.height).toBeGreaterThan(0)
    expect(registered).toMatchObject({ code: 0 })
  }

  const private_ = (zone: string) => `${keys.get(zone)!.base}.private`
  const exportTld = (...more: string[]) =>
    chordns('ledger', 'export-zone', 'example', '--out', at('example.zone'), '--sign', private_('example'), ...more)
  const exportRoot = () =>
    chordns(
      ...['ledger', 'export-zone', '.', '--out', at('root.zone'), '--sign', private_('.')],
      ...['--server', `a.root-of.test=${ROOT_SERVER}`],
    )

  function serve(name: string, zone: string, file: string, address: string): void {
    mkdirSync(at(name))
    writeFileSync(
      at(`${name}.conf`),
      `server:\n  ip-address: ${address}\n  username: ""\n  chroot: ""\n  zonesdir: "${dir}"\n  zonelistfile: "${at(name, 'list')}"\n  xfrdfile: ""\n  xfrdir: "${at(name)}"\n  database: ""\n  pidfile: ""\n  server-count: 1\n` +
        `remote-control:\n  control-enable: no\nzone:\n  name: "${zone}"\n  zonefile: "${file}"\n`,
    )
    started(name, 'nsd', '-d', '-c', at(`${name}.conf`))
  }

  function resolve(): void {
    writeFileSync(at('hints'), `. 3600 IN NS a.root-of.test.\na.root-of.test. 3600 IN A ${ROOT_SERVER}\n`)
    writeFileSync(at('anchor'), `${keys.get('.')!.dsText}\n`)
    writeFileSync(
      at('unbound.conf'),
      `server:\n  interface: ${UNBOUND}\n  access-control: 127.0.0.0/8 allow\n  username: ""\n  chroot: ""\n  directory: "${dir}"\n  pidfile: ""\n  use-syslog: no\n  do-not-query-localhost: no\n  do-ip6: no\n` +
        `  root-hints: "${at('hints')}"\n  trust-anchor-file: "${at('anchor')}"\n  module-config: "validator iterator"\n  num-threads: 1\n  so-reuseport: no\nremote-control:\n  control-enable: no\n`,
    )
    started('unbound', 'unbound', '-d', '-c', at('unbound.conf'))
  }

  beforeAll(async () => {
    inside = new Namespace('export')
    await found()
    await register()
  })

  afterAll(async () => {
    await inside?.close()
    rmSync(dir, { recursive: true, force: true })
  })

  it('are written by one command each, signed with the keys that the Root has', async () => {
    const { result } = await until('the Root and the TLD', async () => {
      const made = await exportTld()
      expect(made).toMatchObject({ zone: 'example.', names: 1, keys: [keys.get('example')!.tag], hidden: [] })
      return { result: made }
    })
    expect(await exportRoot()).toMatchObject({ zone: '.', names: 1 })
    expect(
      soaView(parseZone(readFileSync(at('example.zone'), 'utf8'), { origin: parseName('example') })[0]!.rdata).serial,
    ).toBe(result.serial)
  })

  it('are what the checkers of BIND, NSD, Knot and ldns call good', async () => {
    for (const [zone, file] of [
      ['example', 'example.zone'],
      ['.', 'root.zone'],
    ] as const) {
      await within('named-checkzone', '-i', 'local', zone, at(file))
      await within('nsd-checkzone', zone, at(file))
      if (available('kzonecheck')) await within('kzonecheck', '-o', zone, at(file))
      if (available('ldns-verify-zone')) expect(await within('ldns-verify-zone', '-ZZ', at(file))).toContain('verified')
    }
  })

  it('are served by NSD, and a name of the ledger is resolved and validated by Unbound behind them', async () => {
    const key = keyFromPem(15, readFileSync(`${keys.get('shop.example')!.base}.pem`, 'utf8'))
    const text = `$TTL 60\n@ IN SOA ns1 admin 1 3600 600 86400 60\n@ NS ns1\nns1 A ${SHOP_SERVER}\nwww A 192.0.2.80\n`
    writeFileSync(at('shop.zone'), signZone('shop.example.', text, { keys: { ksk: key, zsk: key } }))
    serve('root', '.', 'root.zone', ROOT_SERVER)
    serve('tld', 'example', 'example.zone', TLD_SERVER)
    serve('shop', 'shop.example', 'shop.zone', SHOP_SERVER)
    resolve()
    await until(
      'an answer with AD',
      async () => {
        const reply = await dig(UNBOUND, '+adflag', 'www.shop.example', 'A')
        expect(reply).toMatch(/flags: [a-z ]*\bad\b[\s\S]*192\.0\.2\.80/)
        return true
      },
      () => log,
    )
    const missing = await dig(UNBOUND, '+adflag', '+dnssec', 'nobody.example', 'A')
    expect(missing).toMatch(/status: NXDOMAIN[\s\S]*flags: [a-z ]*\bad\b/)
    expect(missing).toContain('NSEC')
  })

  it('tell what has changed since the zone before', async () => {
    const before = soaView(
      parseZone(readFileSync(at('example.zone'), 'utf8'), { origin: parseName('example') })[0]!.rdata,
    ).serial
    await chordns(
      'domain',
      'update',
      'shop.example',
      '--owner',
      at('owner.key'),
      '--server',
      `ns2.shop.example=${SHOP_SERVER}`,
    )
    const changed = await until('the change', async () => {
      const made = await exportTld('--ixfr', at('example.ixfr'))
      return made.serial > before && readFileSync(at('example.zone'), 'utf8').includes('ns2.shop.example.')
        ? made
        : undefined
    })
    const lines = readFileSync(at('example.ixfr'), 'utf8')
    expect(lines).toContain('ns2.shop.example.')
    expect(changed.changes.gone).toBeGreaterThan(0)
    await within('named-checkzone', '-i', 'local', 'example', at('example.zone'))
  })
})
