/**
 * A domain from its keys to its answers, with real programs: registered through a node that is no validator, signed by BIND or Knot, served
 * by NSD, validated by another node through the ledger.
 */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isInstalled } from '../../bench/lib/namespace.ts'
import { parseName } from '../../src/dns/index.ts'
import { headView } from '../../src/observe/index.ts'
import { makeOwnerKey, makeZoneKey } from '../../src/peer/ledgers.ts'
import { type Cluster, startCluster } from '../world/cluster.ts'
import { foundLedger } from '../world/founding.ts'
import { createWorld, signWorld, signZone, simpleSpec, type World, type ZoneKeys } from '../world/index.ts'
import {
  lookup as askLookup,
  CLI,
  comesTrue,
  getJson,
  hasLogged,
  nodeOf,
  statusOf,
  until as untilSeen,
} from './scenes/asking.ts'
import { shownHere } from './scenes/here.ts'

const run = promisify(execFile)
const runnable = ['nsd', 'knotd', 'keymgr', 'dnssec-signzone', 'dig'].every(isInstalled)
if (!runnable) console.warn('skipped: the test of domains needs nsd, knotd, keymgr, dnssec-signzone and dig')

const VALIDATORS = 4
const REGISTRAR = 4
const READER = 5
const NSD = '127.55.0.1'
const KNOT = '127.55.0.2'
/** Of nobody. */
const OTHER_DS = `4711 13 2 ${'AB'.repeat(32)}`
const ANOTHER_DS = `4712 13 2 ${'CD'.repeat(32)}`

describe.skipIf(!runnable)('a domain on the ledger', () => {
  const dir = mkdtempSync(join(tmpdir(), 'chordns-domains-'))
  const at = (...parts: string[]) => join(dir, ...parts)
  const children: ChildProcess[] = []
  let log = ''
  let world: World
  let cluster: Cluster
  let comKeys: ZoneKeys
  /** Names whose CDS sets the registrar carries, from its next start on. */
  let carried: readonly string[] = []
  const keyOf = new Map<string, { readonly base: string; readonly tag: number }>()

  const peer = (index: number) => cluster.peers.find((one) => one.index === index)!
  /** As its operator types it on the machine of that peer. */
  async function chordns(index: number, ...args: string[]) {
    const { configFile, statusPort } = peer(index)
    const node = ['--config', configFile, '--node', `127.0.0.1:${statusPort}`]
    return JSON.parse((await run(process.execPath, [CLI, ...args, ...node, '--json'])).stdout)
  }
  /** The same, where it is not what is tested, or is looked at again and again. */
  const here = async (index: number, ...args: string[]) =>
    JSON.parse(await shownHere(...args, '--config', peer(index).configFile, ...nodeOf(peer(index)), '--json'))
  const show = (index: number, name: string) => here(index, 'domain', 'show', name)
  const flush = (...args: string[]) => here(READER, 'cache', 'flush', ...args)
  const lookup = (name: string, type = 'A') => askLookup(peer(READER), name, type)
  /** Status and flags that a stub sees. */
  const dig = async (name: string): Promise<string> => {
    const { address, port } = peer(READER)
    const flags = ['+dnssec', '+time=60', '+tries=1', `@${address}`, '-p', `${port}`]
    // Not at once: the servers of the world answer in this very process.
    return (await run('dig', [...flags, name, 'A'])).stdout
  }
  /** What NSD itself says. */
  const served = async (name: string, type: string): Promise<string> =>
    (await run('dig', ['+short', `@${NSD}`, '-p', `${world.port}`, name, type])).stdout
  const hasAd = (reply: string) => / ad[ ;]/.test(reply)

  const until = <T>(what: string, look: () => Promise<T | undefined | false> | T | undefined | false) =>
    untilSeen(what, look, () => log)

  function start(name: string, program: string, ...args: string[]): ChildProcess {
    const child = spawn(program, args, { cwd: dir, stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [child.stdout!, child.stderr!])
      stream.on('data', (chunk) => {
        log = `${log}${name}: ${chunk}`.slice(-20_000)
      })
    children.push(child)
    return child
  }

  const zoneText = (zone: string) =>
    `$TTL 5\n@ IN SOA ns1.${zone} admin.${zone} 1 3600 600 86400 5\n@ NS ns1\nns1 A ${NSD}\nwww A 192.0.2.80\nonce A 192.0.2.81\n*.w A 192.0.2.82\n`
  const comText = (shopDs: string | undefined) =>
    ['shop', 'store'].map((one) => `${one} 5 IN NS ns1.${one}\nns1.${one} 5 IN A ${NSD}\n`).join('') +
    (shopDs === undefined ? '' : `shop 5 IN DS ${shopDs}\n`)

  async function makeKeys(zone: string, algorithm: 13 | 15): Promise<void> {
    keyOf.set(
      zone,
      await makeZoneKey({ zone: parseName(zone), algorithm, directory: at('keys'), time: Date.now() - 7_200_000 }),
    )
    writeFileSync(at(`${zone}zone`), zoneText(zone))
  }

  function startServers(port: number): void {
    const [shop, store] = [keyOf.get('shop.com.')!, keyOf.get('store.com.')!]
    const signing = ['-S', '-z', '-K', at('keys'), '-o', 'shop.com.', '-f', at('shop.signed'), at('shop.com.zone')]
    // It writes a file of DS records where it stands.
    execFileSync('dnssec-signzone', signing, { cwd: dir, stdio: 'ignore' })
    for (const one of ['kasp', 'knot', 'xfr']) mkdirSync(at(one))
    execFileSync('keymgr', [
      '-D',
      at('kasp'),
      'store.com.',
      'import-pem',
      `${store.base}.pem`,
      'algorithm=ecdsap256sha256',
      'ksk=yes',
      'zsk=yes',
    ])
    expect(shop.tag).toBeGreaterThan(0)
    writeFileSync(
      at('knot.conf'),
      `server:\n  rundir: "${at('knot')}"\n  listen: ["${KNOT}@${port}"]\n  udp-workers: 1\n  tcp-workers: 1\n  background-workers: 1\n` +
        `control:\n  listen: "${at('knot.sock')}"\nlog:\n  - target: stderr\n    any: info\n` +
        `database:\n  storage: "${at('knot')}"\n  kasp-db: "${at('kasp')}"\n` +
        `remote:\n  - id: nsd\n    address: ${NSD}@${port}\n    via: ${KNOT}\n` +
        `acl:\n  - id: nsd\n    address: ${NSD}\n    action: transfer\n` +
        `submission:\n  - id: manual\n    timeout: 1d\n` +
        `policy:\n  - id: own\n    single-type-signing: on\n    algorithm: ecdsap256sha256\n    ksk-lifetime: 0\n    dnskey-ttl: 1\n    zone-max-ttl: 5\n    propagation-delay: 1\n    delete-delay: 0\n    cds-cdnskey-publish: rollover\n    ksk-submission: manual\n` +
        `zone:\n  - domain: store.com.\n    file: "${at('store.com.zone')}"\n    dnssec-signing: on\n    dnssec-policy: own\n    zonefile-sync: -1\n    zonefile-load: difference\n    journal-content: all\n    notify: nsd\n    acl: nsd\n`,
    )
    writeFileSync(
      at('nsd.conf'),
      `server:\n  ip-address: ${NSD}@${port}\n  username: ""\n  zonesdir: "${dir}"\n  zonelistfile: "${at('nsd.list')}"\n  xfrdfile: ""\n  xfrdir: "${at('xfr')}"\n  database: ""\n  pidfile: ""\n  server-count: 1\n` +
        `remote-control:\n  control-enable: yes\n  control-interface: ${at('nsd.ctl')}\n` +
        `zone:\n  name: "shop.com."\n  zonefile: "${at('shop.signed')}"\n` +
        `zone:\n  name: "store.com."\n  zonefile: "${at('store.slave')}"\n  allow-notify: 127.55.0.0/16 NOKEY\n  request-xfr: AXFR ${KNOT}@${port} NOKEY\n  outgoing-interface: ${NSD}\n`,
    )
    start('knot', 'knotd', '-c', at('knot.conf'))
    start('nsd', 'nsd', '-d', '-c', at('nsd.conf'))
  }

  beforeAll(async () => {
    await makeKeys('shop.com.', 15)
    await makeKeys('store.com.', 13)
    const plain = simpleSpec({ 'com.': comText(OTHER_DS) }, { network: '127.56' })
    const signed = signWorld(plain, { '.': {}, 'com.': {} })
    comKeys = signed.keys.get('com.')!
    world = await createWorld(signed.spec)
    startServers(world.port)
    let genesis: Promise<string> | undefined
    cluster = await startCluster({
      peers: 6,
      hints: world.hintsText(),
      authorityPort: world.port,
      anchors: signed.anchorText,
      replicas: 6,
      admitAfter: 1,
      async own(index, data) {
        genesis ??= foundLedger({
          directory: dir,
          dataOf: (other) => join(dirname(data), `peer-${other}`),
          organisations: REGISTRAR + 1,
          validators: VALIDATORS,
          chainNames: ['root', 'com'],
          pace: { heartbeatMs: 2_000, intervalMs: 200 },
        })
        const carry = { names: index === REGISTRAR ? carried : [], everySeconds: 5 }
        return { ledger: { genesis: await genesis, roles: index < VALIDATORS ? ['validator'] : [], carry } }
      },
    })
    const fresh = async (index: number) => {
      const { data } = headView.safeParse(await getJson(peer(index), '/ledgers/head?chain=com'))
      return data !== undefined && data.height > 0 && data.fresh
    }
    await until('heads at the registrar and the reader', async () => (await fresh(REGISTRAR)) && fresh(READER))
  })

  afterAll(async () => {
    for (const child of children) child.kill('SIGTERM')
    await cluster?.stop()
    await world?.stopAll()
    rmSync(dir, { recursive: true, force: true })
  })

  const register = (zone: string, owner: string) =>
    chordns(
      REGISTRAR,
      'domain',
      'register',
      zone,
      '--owner',
      owner,
      '--ds',
      `${keyOf.get(`${zone}.`)!.base}.ds`,
      '--server',
      `ns1.${zone}=${NSD}`,
    )

  it('is registered through a node that is no validator, and validated by another, although its parent has another DS', async () => {
    expect(await dig('www.shop.com')).toContain('status: SERVFAIL')
    await flush('shop.com')
    await makeOwnerKey(at('shop.owner'))
    expect(await register('shop.com', at('shop.owner'))).toMatchObject({ code: 0 })
    await until('the reader to know', async () => (await show(READER, 'shop.com')).record !== null)
    await until('AD', async () => hasAd(await dig('www.shop.com')))
    expect(await dig('www.shop.com')).toMatch(/status: NOERROR[\s\S]*192\.0\.2\.80/)
    const { security, steps } = await lookup('a.w.shop.com')
    expect(security).toBe('secure')
    const tag = keyOf.get('shop.com.')!.tag
    const told = steps.filter(({ kind }) => kind === 'ledger').map(({ text }) => text)
    expect(told.join()).toMatch(
      new RegExp(`shop\\.com\\. is anchored on com: key ${tag}, generation 1, proven by \\d+ bytes at height \\d+`),
    )
  })

  it('stays as it is when its parent takes the DS away or gives another, and it is shown who says what', async () => {
    const dnsSays = [
      [undefined, { says: 'no keys', ds: [] }],
      [ANOTHER_DS, { says: 'keys', ds: [ANOTHER_DS] }],
    ] as const
    for (const [ds, said] of dnsSays) {
      world.setZone({
        origin: 'com.',
        servers: ['ns1.com'],
        text: signZone('com.', `${comHead()}${comText(ds)}`, { keys: comKeys }),
      })
      // Nothing that was heard before stands in for it.
      await flush('com', '--below')
      const name = `b${ds?.slice(0, 4) ?? ''}.w.shop.com`
      expect(await lookup(name)).toMatchObject({ rcode: 'NOERROR', security: 'secure' })
      expect(hasAd(await dig(name))).toBe(true)
      const { certifiers, believed } = await chordns(READER, 'domain', 'certifiers', 'shop.com')
      expect(believed).toBe('ledger')
      expect(certifiers).toMatchObject([
        { by: 'com', says: 'keys', security: 'secure' },
        { by: 'dns', security: 'secure', ...said },
      ])
      expect(certifiers[0].ds[0]).toMatch(new RegExp(`^${keyOf.get('shop.com.')!.tag} 15 2 `))
    }
  })

  it('stays reachable when its registrar has taken the whole delegation away, for as long as its owner serves it', async () => {
    const text = signZone('com.', `${comHead()}gone 5 IN TXT gone\n`, { keys: comKeys })
    world.setZone({ origin: 'com.', servers: ['ns1.com'], text })
    await flush('com', '--below')
    expect(await lookup('other.com')).toMatchObject({ rcode: 'NXDOMAIN', security: 'secure' })
    expect(await lookup('taken.w.shop.com')).toMatchObject({ rcode: 'NOERROR', security: 'secure' })
    expect(hasAd(await dig('taken.w.shop.com'))).toBe(true)
    // Without the ledger nobody would know it any more.
    const { certifiers } = await here(READER, 'domain', 'certifiers', 'shop.com')
    expect(certifiers).toMatchObject([
      { by: 'com', says: 'keys' },
      { by: 'dns', security: 'secure', says: 'no keys' },
    ])
  })

  it('is SERVFAIL where one byte of the zone was changed, and only there', async () => {
    const text = readFileSync(at('shop.signed'), 'utf8')
    const changed = text.replace('192.0.2.81', '192.0.2.91')
    expect(changed).not.toBe(text)
    writeFileSync(at('shop.signed'), changed)
    execFileSync('nsd-control', ['-c', at('nsd.conf'), 'reload', 'shop.com'])
    await until('NSD to serve it', async () => (await served('once.shop.com', 'A')).includes('192.0.2.91'))
    expect(await dig('once.shop.com')).toContain('status: SERVFAIL')
    expect(await lookup('c.w.shop.com')).toMatchObject({ security: 'secure' })
  })

  it('is proven in a file that needs no node, and that tells when it was changed', async () => {
    const file = at('shop.proof')
    const { bytes } = await chordns(REGISTRAR, 'domain', 'proof', 'shop.com', '--out', file)
    expect(bytes).toBeLessThan(4_096)
    const verify = (one: string) =>
      run(process.execPath, [CLI, 'domain', 'verify', one, '--genesis', at('genesis.json'), '--json'])
    expect(JSON.parse((await verify(file)).stdout)).toMatchObject({
      kind: 'proven',
      chain: 'com',
      names: [{ name: 'shop.com.', record: { generation: 1 } }],
    })
    const forged = Buffer.from(readFileSync(file, 'utf8'), 'base64')
    forged[forged.indexOf(Buffer.from('ns1'))]! ^= 2
    writeFileSync(at('forged.proof'), forged.toString('base64'))
    await expect(verify(at('forged.proof'))).rejects.toMatchObject({ code: 1 })
  })

  it('has its key rolled by Knot over a CDS set: AD throughout, with the key of the owner far away', async () => {
    await makeOwnerKey(at('store.owner'))
    expect(await register('store.com', at('store.owner'))).toMatchObject({ code: 0 })
    renameSync(at('store.owner'), at('in-a-safe'))
    await until('AD', async () => hasAd(await dig('www.store.com')))
    // AD may come by way of the DNS, until the reader has heard of the block.
    const { tag } = keyOf.get('store.com.')!
    let count = 0
    await comesTrue('the key on the ledger', async () => {
      const { security, steps } = await lookup(`t${count++}.w.store.com`)
      expect(security).toBe('secure')
      const told = steps.filter(({ kind }) => kind === 'ledger').map(({ text }) => text)
      expect(told.join()).toContain(`store.com. is anchored on com: key ${tag}, generation 1, proven by`)
    })
    await rolled(keyOf.get('store.com.')!.tag, () =>
      until('roll', async () => (await chordns(REGISTRAR, 'domain', 'roll', 'store.com')).code === 0),
    )
  })

  it('has its key rolled by Knot and carried by a node, with nobody who types a command', async () => {
    await peer(REGISTRAR).stop()
    carried = ['store.com']
    await cluster.start(REGISTRAR)
    const { record } = await show(READER, 'store.com')
    const old = Number(record.ds[0].split(' ')[0])
    await rolled(old, () =>
      until('a carried set', async () => {
        const now = await show(REGISTRAR, 'store.com')
        return now.record.ds.length === 1 && !now.record.ds[0].startsWith(`${old} `)
      }),
    )
    await hasLogged(peer(REGISTRAR), 'a CDS set was carried')
    const count = async () => expect((await statusOf(peer(REGISTRAR))).carrier).toMatchObject({ carried: 1 })
    await comesTrue('the carrier to have counted it', count)
  })

  it('is resolved by a node that comes back while nobody can be asked for its ledger', async () => {
    expect(hasAd(await dig('www.store.com'))).toBe(true)
    await Promise.all(cluster.peers.filter(({ index }) => index !== READER).map((one) => one.stop()))
    await peer(READER).stop()
    await cluster.start(READER)
    const { rcode, security, steps } = await lookup('back.w.store.com')
    expect({ rcode, security }).toEqual({ rcode: 'NOERROR', security: 'secure' })
    const told = steps.filter(({ kind }) => kind === 'ledger')
    expect(told.map(({ text }) => text).join()).toContain('store.com. is anchored on com')
    expect(await lookup('store.com', 'DS')).toMatchObject({ security: 'secure', provenance: 'ledger' })
  })

  /** Knot makes a new key, somebody carries its CDS set, and Knot is told once everybody has it. Answers have AD all the time. */
  async function rolled(old: number, carry: () => Promise<unknown>): Promise<void> {
    const knotc = (...args: string[]) => execFileSync('knotc', ['-s', at('knot.sock'), ...args], { encoding: 'utf8' })
    const seen: string[] = []
    let count = 0
    let isSampling = true
    const name = (letter: string) => `${letter}${old}x${count++}.w.store.com`
    const sampling = (async () => {
      for (; isSampling; await new Promise((go) => setTimeout(go, 500))) {
        const reply = await dig(name('r')).catch(String)
        seen.push(hasAd(reply) ? 'ad' : reply)
      }
    })()
    try {
      knotc('zone-key-rollover', 'store.com', 'ksk')
      await until('a CDS set of another key', async () => {
        const cds = await served('store.com', 'CDS')
        return /^\d+ /.test(cds) && !cds.startsWith(`${old} `)
      })
      await carry()
      // The header that proves it comes after its block.
      const record = await until('the new key alone', async () => {
        const { record } = await show(REGISTRAR, 'store.com')
        return record.ds.length === 1 && !record.ds[0].startsWith(`${old} `) && record
      })
      expect(record).toMatchObject({ generation: 1, sequence: 0 })
      await until('the reader to look', async () => {
        const { record: seenThere } = await show(READER, 'store.com')
        return seenThere.ds[0] === record.ds[0]
      })
      // Whoever has the old DS set still has time: Knot is told when the new one is seen everywhere.
      await until('the reader to have it', async () => {
        const { steps } = await lookup(name('s'))
        return steps.some(({ kind, text }) => kind === 'ledger' && !text.includes(`key ${old},`))
      })
      knotc('zone-ksk-submitted', 'store.com')
      await until(
        'the old key to be gone',
        async () => (await served('store.com', 'DNSKEY')).trim().split('\n').length === 1,
      )
      await until('some more answers', () => seen.length > 10)
    } finally {
      isSampling = false
      await sampling
    }
    expect(seen.filter((one) => one !== 'ad')).toEqual([])
  }

  /** What `simpleSpec` has at the top of the zone. */
  function comHead(): string {
    return '@ 3600 IN SOA ns1.com. hostmaster.com. 2 7200 3600 1209600 60\n@ 3600 IN NS ns1.com.\nns1.com. 3600 IN A 127.56.1.1\n'
  }
})
