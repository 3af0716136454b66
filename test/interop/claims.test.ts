/**
 * Domains of the DNS, claimed on a ledger whose seven validators look from their own places: four of them see the Internet as it is, three one that
 * somebody has forged. Separate processes, and commands as their users type them.
 */
import { execFile } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type GovernanceView, headView } from '../../src/observe/index.ts'
import { loadOwner, makeOwnerKey } from '../../src/peer/ledgers.ts'
import { type Cluster, startCluster } from '../world/cluster.ts'
import { foundLedger } from '../world/founding.ts'
import { createWorld, signWorld, simpleSpec, type World } from '../world/index.ts'
import { CLI, comesTrue, getJson, nodeOf, until } from './scenes/asking.ts'
import { shownHere } from './scenes/here.ts'

const run = promisify(execFile)

const VALIDATORS = 7
/** Whose places see the forged Internet. */
const FOOLED = [4, 5, 6]
/** For a machine that is busy otherwise: all who can see it have seen it long before. */
const WINDOW_MS = 150_000
const DS = `4711 13 2 ${'AB'.repeat(32)}`

describe('domains of the DNS on a ledger', () => {
  const worlds: World[] = []
  let cluster: Cluster
  let dir = ''
  const at = (...parts: string[]) => join(dir, ...parts)
  const keys = { ada: '', mallory: '' }
  const accounts: string[] = []

  /** As its operator types it on the machine of the first validator. */
  const chordns = (...args: string[]) => typedAt(0, ...args)

  async function typedAt(index: number, ...args: string[]) {
    const { configFile, statusPort } = cluster.peers[index]!
    const node = ['--config', configFile, '--node', `127.0.0.1:${statusPort}`]
    return JSON.parse((await run(process.execPath, [CLI, ...args, ...node, '--json'])).stdout)
  }
  const claim = (name: string, owner: keyof typeof keys, ...more: string[]) =>
    chordns('domain', 'claim', name, '--owner', at(`${owner}.key`), '--ds', DS, '--server', 'ns.elsewhere.net', ...more)

  /** How a claim stands: asked for again and again. */
  const claimed = async (name: string, owner: keyof typeof keys) => {
    const node = ['--config', cluster.peers[0]!.configFile, ...nodeOf(cluster.peers[0]!)]
    return JSON.parse(
      await shownHere('domain', 'claim', name, '--owner', at(`${owner}.key`), '--status', ...node, '--json'),
    )
  }

  /** What nodes have seen of claimed domains, for whoever reads of a failure. */
  const looks = () =>
    cluster.peers
      .map(
        (peer) =>
          `${peer.index}: ${peer
            .log()
            .split('\n')
            .filter((line) => /claimed domain|could not do/.test(line))
            .slice(-6)
            .join('\n')}`,
      )
      .join('\n')

  const text = (key: string) => `_chordns 5 IN TXT "v=chordns1; key=${key}"\n`
  /** `shop` is nobody's but Ada's; whoever forges shows Mallory's key for it. `safe` is signed. */
  const internet = (shopKey: string, network: string) =>
    signWorld(simpleSpec({ 'com.': '', 'shop.com.': text(shopKey), 'safe.com.': text(keys.ada) }, { network }), {
      '.': {},
      'com.': {},
      'safe.com.': {},
    })

  beforeAll(async () => {
    const { mkdtempSync } = await import('node:fs')
    const { tmpdir } = await import('node:os')
    dir = mkdtempSync(join(tmpdir(), 'chordns-claims-'))
    for (const name of ['ada', 'mallory'] as const) keys[name] = await makeOwnerKey(at(`${name}.key`))
    const real = internet(keys.ada, '127.58')
    const forged = internet(keys.mallory, '127.59')
    worlds.push(await createWorld(real.spec), await createWorld(forged.spec))
    const [, fooled] = worlds
    mkdirSync(at('ledger'))
    writeFileSync(at('forged.hints'), fooled!.hintsText())
    const { rootAnchorsFrom } = await import('../../src/peer/ledgers.ts')
    writeFileSync(at('root.anchors'), real.anchorText)
    let genesis: Promise<string> | undefined
    cluster = await startCluster({
      peers: VALIDATORS,
      hints: worlds[0]!.hintsText(),
      authorityPort: worlds[0]!.port,
      anchors: real.anchorText,
      replicas: 2,
      admitAfter: 1,
      config: { log: { level: 'debug' } },
      async own(index, data) {
        accounts[index] = join(data, 'account.key')
        genesis ??= foundLedger({
          directory: at('ledger'),
          dataOf: (other) => join(dirname(data), `peer-${other}`),
          organisations: VALIDATORS,
          validators: VALIDATORS,
          chainNames: ['root', 'com'],
          pace: {
            heartbeatMs: 1_000,
            intervalMs: 200,
            claims: { windowMs: WINDOW_MS, anchors: rootAnchorsFrom(at('root.anchors')) },
          },
        })
        const iterator = { rootHints: at('forged.hints'), port: fooled!.port, queryLoopback: true, ipv6: false }
        return {
          ledger: { genesis: await genesis, roles: ['validator'] },
          ...(FOOLED.includes(index) && { iterator, dnssec: { validate: false } }),
        }
      },
    })
    await until('a head of com', async () => {
      const { data } = headView.safeParse(await getJson(cluster.peers[0]!, '/ledgers/head?chain=com'))
      return data !== undefined && data.height > 1 && data.fresh
    })
  })

  afterAll(async () => {
    await cluster?.stop()
    for (const world of worlds) await world.stopAll()
  })

  it('are not had by who forges what 3 of 7 validators see, and are had by their holder', async () => {
    const state = async (owner: keyof typeof keys) => (await claimed('shop.com', owner)).claim
    const comes = (owner: keyof typeof keys, what: object) =>
      comesTrue(`the claim of ${owner}`, async () => expect(await state(owner)).toMatchObject(what), looks)
    await claim('shop.com', 'mallory')
    await claim('shop.com', 'ada')
    await comes('ada', { state: 'done', seen: 4, observers: 7 })
    // All who can see it have, and it gives nothing.
    await comes('mallory', { seen: 3, observers: 7 })
    expect((await state('mallory')).state).not.toBe('done')
    expect((await chordns('domain', 'show', 'shop.com')).record).toMatchObject({ owner: keys.ada, generation: 1 })
  })

  it('are claimed by DNSSEC alone, with a file and nobody who looks', async () => {
    const made = await chordns(
      'domain',
      'claim',
      'safe.com',
      '--owner',
      at('ada.key'),
      '--make-proof',
      at('safe.claim'),
    )
    expect(made.bytes).toBeLessThan(6_000)
    // The DNS can be away.
    await Promise.all(worlds.map((world) => world.stopAll()))
    await expect(claim('safe.com', 'mallory', '--proof', at('safe.claim'))).rejects.toMatchObject({
      stderr: expect.stringContaining('the text names another key'),
    })
    expect((await claim('safe.com', 'ada', '--proof', at('safe.claim'))).code).toBe(0)
    expect((await chordns('domain', 'show', 'safe.com')).record).toMatchObject({ owner: keys.ada })
  })

  it('have sites whose keys anybody checks with the genesis file alone (D46)', async () => {
    const pem = (file: string) => {
      const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      writeFileSync(at(file), publicKey.export({ type: 'spki', format: 'pem' }))
      return at(file)
    }
    const [site, other] = [pem('site.pem'), pem('other.pem')]
    const { record } = await chordns(
      'domain',
      'tlsa',
      'safe.com',
      '--cert',
      site,
      '--owner',
      at('ada.key'),
      '--out',
      at('site'),
    )
    expect(record).toMatch(/^_443\._tcp\.safe\.com\. 3600 IN TLSA 3 1 1 [0-9A-F]{64}$/)
    const verify = async (cert: string, name = 'safe.com') => {
      const how = ['--name', name, '--cert', cert, '--genesis', at('ledger', 'genesis.json'), '--json']
      return JSON.parse((await run(process.execPath, [CLI, 'domain', 'verify-site', at('site'), ...how])).stdout)
    }
    expect(await verify(site)).toMatchObject({ level: 'DV', owner: keys.ada, identities: [] })
    await expect(verify(other)).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('another key') })
    await expect(verify(site, 'shop.com')).rejects.toMatchObject({ code: 1 })
  })

  it('have owners whom a CA names, as long as it does: EV with its word, DV without, and the name stays (D47-D51)', async () => {
    const publicOf = async (file: string) => Buffer.from((await loadOwner(file)).publicKey).toString('hex')
    const [ca, request] = [await publicOf(accounts[6]!), at('ada.json')]
    const ask = () =>
      chordns(
        'ledger',
        'identity',
        'ask',
        '--owner',
        at('ada.key'),
        '--name',
        'Ada Ltd',
        '--certifier',
        ca,
        '--out',
        request,
      )
    await ask()
    await expect(typedAt(6, 'ledger', 'identity', 'endorse', request)).rejects.toMatchObject({ code: 1 })
    for (const index of [0, 1, 2, 3]) await typedAt(index, 'ledger', 'certifier', ca, '--name', 'A CA')
    await typedAt(6, 'ledger', 'identity', 'endorse', request)
    const site = at('site.pem')
    const level = async (file: string) => {
      await chordns('domain', 'tlsa', 'safe.com', '--cert', site, '--owner', at('ada.key'), '--out', file)
      const how = ['--name', 'safe.com', '--cert', site, '--genesis', at('ledger', 'genesis.json'), '--json']
      return JSON.parse((await run(process.execPath, [CLI, 'domain', 'verify-site', file, ...how])).stdout)
    }
    let files = 0
    const comes = (what: object) =>
      comesTrue('the level of the site', async () => expect(await level(at(`site-${files++}`))).toMatchObject(what))
    await comes({ level: 'EV', owner: keys.ada, identities: [{ certifier: 'A CA', name: 'Ada Ltd' }] })
    expect(await chordns('ledger', 'identity', 'show', keys.ada)).toMatchObject({ vouched: [{ name: 'Ada Ltd' }] })
    await typedAt(6, 'ledger', 'identity', 'revoke', keys.ada)
    await comes({ level: 'DV', owner: keys.ada, identities: [] })
    expect((await chordns('domain', 'show', 'safe.com')).record).toMatchObject({ owner: keys.ada, generation: 1 })
  })

  it('begin at other keys of the root when more than half of the nodes say so', async () => {
    const shown = async () => (await chordns('ledger', 'root-keys', '--chain', 'com')).keys as string[]
    const before = await shown()
    writeFileSync(
      at('next.anchors'),
      `${readFileSync(at('root.anchors'), 'utf8')}. 300 IN DS 4711 13 2 ${'CD'.repeat(32)}\n`,
    )
    const vote = (index: number, ...more: string[]) =>
      typedAt(index, 'ledger', 'root-keys', '--chain', 'com', '--file', at('next.anchors'), ...more)
    expect(await vote(0, '--dry-run')).toMatchObject({
      height: null,
      takesEffect: expect.stringContaining('more than half'),
    })
    for (const index of [0, 1, 2]) await vote(index)
    expect(await shown()).toEqual(before)
    // The others see what is open, and say the same.
    await comesTrue('what is open to vote on', async () => {
      const { votes } = (await chordns('ledger', 'review', '--chain', 'com')) as GovernanceView
      const open = votes.filter(({ about }) => about === 'root keys')
      expect(open).toMatchObject([{ needed: 4, text: expect.stringContaining('4711') }])
      expect(open[0]?.inFavour).toHaveLength(3)
    })
    await vote(3)
    await comesTrue('other keys of the root', async () => expect(await shown()).toHaveLength(before.length + 1))
  })

  it('are refused to everybody when somebody has them, and it is said why', async () => {
    await expect(claim('shop.com', 'mallory')).rejects.toMatchObject({ stderr: expect.stringContaining('is taken') })
  })
})
