/**
 * The end of a domain and its next owner, with real programs: it expires, resolves in its grace, is gone, is registered by another with other keys and
 * servers, and no peer says anything of the first owner any more, whatever TTLs the answers of its servers had. Then its key is stolen.
 */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isInstalled } from '../../bench/lib/namespace.ts'
import { fromHex } from '../../src/base/index.ts'
import { ed25519Signer, sha256 } from '../../src/crypto/index.ts'
import { parseName } from '../../src/dns/index.ts'
import { commitPayload } from '../../src/ledger/index.ts'
import { headView, ledgerStatusView } from '../../src/observe/index.ts'
import { guardiansOf, guardiansText, makeOwnerKey, makeTransaction, makeZoneKey } from '../../src/peer/ledgers.ts'
import { type Cluster, type PeerProcess, startCluster } from '../world/cluster.ts'
import { foundLedger } from '../world/founding.ts'
import { createWorld, signWorld, simpleSpec, type World } from '../world/index.ts'
import { CLI, getJson, nodeOf, pause, postJson, until } from './scenes/asking.ts'
import { shownHere } from './scenes/here.ts'

const run = promisify(execFile)
const runnable = ['nsd', 'dnssec-signzone', 'dig'].every(isInstalled)
if (!runnable) console.warn('skipped: the test of the life of domains needs nsd, dnssec-signzone and dig')

const VALIDATORS = 4
const READER = 4
/** Through which node the thief goes, and through which all others. */
const [HOSTILE, OTHER] = [0, 1] as const
/** Servers of the first owner, and of the next. */
const SERVERS = { first: '127.57.0.1', next: '127.57.0.2' } as const
const DATA = { first: '192.0.2.80', next: '192.0.2.99' } as const
type Who = keyof typeof SERVERS
interface Refusal {
  readonly code: string
  readonly message: string
}
const text = (of: string) => new TextEncoder().encode(of)
const TERM_S = 8
/** Accounts of one who catches names that come free. */
const CATCHERS = 1_000
/** Short, and long enough for a slow machine to see each part of it. */
const POLICY = {
  term: `${TERM_S}s`,
  mostTerms: 200,
  grace: '6s',
  redemption: '1s',
  pendingDelete: '1s',
  prices: [10],
  // It does not fall while this is tried: what catchers have is held against one price.
  premium: 3_000,
  premiumHalving: '1h',
  premiumHalvings: 3,
  holdDown: '300s',
  freeze: '600s',
  leastGuardianDelay: '3s',
}

describe.skipIf(!runnable)('a domain with a term', () => {
  const dir = mkdtempSync(join(tmpdir(), 'chordns-life-'))
  const at = (...parts: string[]) => join(dir, ...parts)
  const children: ChildProcess[] = []
  const bases = new Map<Who, string>()
  let world: World
  let cluster: Cluster

  const peer = (index: number) => cluster.peers.find((one) => one.index === index)!
  async function chordns(index: number, ...args: string[]) {
    const { configFile, statusPort } = peer(index)
    const node = ['--config', configFile, '--node', `127.0.0.1:${statusPort}`]
    return JSON.parse((await run(process.execPath, [CLI, ...args, ...node, '--json'])).stdout)
  }
  /** As a stub asks, so that the table in front of the cache answers where it can. */
  const dig = async ({ address, port }: PeerProcess, name = 'www.shop.p2p'): Promise<string> =>
    (await run('dig', ['+dnssec', '+time=20', '+tries=1', `@${address}`, '-p', `${port}`, name, 'A'])).stdout
  const isSecure = (reply: string, who: Who) => / ad[ ;]/.test(reply) && reply.includes(DATA[who])
  const register = (who: Who, ...more: string[]) => {
    const keys = ['--owner', at(`${who}.owner`), '--ds', `${bases.get(who)}.ds`]
    return chordns(
      OTHER,
      'domain',
      'register',
      'shop.p2p',
      ...keys,
      '--server',
      `ns1.shop.p2p=${SERVERS[who]}`,
      ...more,
    )
  }
  /** Looked at again and again. */
  const show = async () => {
    const node = ['--config', peer(OTHER).configFile, ...nodeOf(peer(OTHER))]
    return JSON.parse(await shownHere('domain', 'show', 'shop.p2p', ...node, '--json'))
  }
  const all = (of: (peer: PeerProcess) => Promise<boolean>) =>
    Promise.all(cluster.peers.map(of)).then((found) => found.every(Boolean))

  async function serve(who: Who, port: number): Promise<void> {
    const { base } = await makeZoneKey({
      zone: parseName('shop.p2p.'),
      algorithm: 15,
      directory: at(who),
      time: Date.now() - 7_200_000,
    })
    bases.set(who, base)
    await makeOwnerKey(at(`${who}.owner`))
    writeFileSync(
      at(who, 'zone'),
      `$TTL 3600\n@ IN SOA ns1 admin 1 3600 600 86400 3600\n@ NS ns1\nns1 A ${SERVERS[who]}\nwww A ${DATA[who]}\n${who} A ${DATA[who]}\n`,
    )
    const signing = ['-S', '-z', '-K', at(who), '-o', 'shop.p2p.', '-f', at(who, 'signed'), at(who, 'zone')]
    execFileSync('dnssec-signzone', signing, { cwd: at(who), stdio: 'ignore' })
    mkdirSync(at(who, 'xfr'))
    writeFileSync(
      at(who, 'nsd.conf'),
      `server:\n  ip-address: ${SERVERS[who]}@${port}\n  username: ""\n  zonesdir: "${at(who)}"\n  zonelistfile: "${at(who, 'list')}"\n  xfrdfile: ""\n  xfrdir: "${at(who, 'xfr')}"\n  database: ""\n  pidfile: ""\n  server-count: 1\n` +
        `remote-control:\n  control-enable: no\nzone:\n  name: "shop.p2p."\n  zonefile: "${at(who, 'signed')}"\n`,
    )
    children.push(spawn('nsd', ['-d', '-c', at(who, 'nsd.conf')], { cwd: dir, stdio: 'ignore' }))
  }

  beforeAll(async () => {
    const signed = signWorld(simpleSpec({}, { network: '127.58' }), { '.': {} })
    world = await createWorld(signed.spec)
    await serve('first', world.port)
    await serve('next', world.port)
    writeFileSync(at('policy.json'), JSON.stringify(POLICY))
    let genesis: Promise<string> | undefined
    cluster = await startCluster({
      peers: READER + 1,
      hints: world.hintsText(),
      authorityPort: world.port,
      anchors: signed.anchorText,
      replicas: 2,
      admitAfter: 1,
      async own(index, data) {
        genesis ??= foundLedger({
          directory: dir,
          dataOf: (other) => join(dirname(data), `peer-${other}`),
          organisations: VALIDATORS,
          validators: VALIDATORS,
          chainNames: ['root', 'p2p'],
          pace: { heartbeatMs: 1_000, intervalMs: 200, names: { file: at('policy.json') }, balance: 5_000 },
        })
        const roles = index < VALIDATORS ? ['validator'] : []
        return { ledger: { genesis: await genesis, roles, precedence: { p2p: 'ledger-only' } } }
      },
    })
    const fresh = async (one: PeerProcess) => {
      const { data } = headView.safeParse(await getJson(one, '/ledgers/head?chain=p2p'))
      return data !== undefined && data.height > 0 && data.fresh
    }
    await until('heads everywhere', () => all(fresh))
  })

  afterAll(async () => {
    for (const child of children) child.kill('SIGTERM')
    await cluster?.stop()
    await world?.stopAll()
    rmSync(dir, { recursive: true, force: true })
  })

  it('whose owner has lost his key resolves in its grace, not after it, and is the next owner’s alone once he has registered it', async () => {
    // As many terms as this machine needs to see it resolve: one that is busy takes seconds for one command.
    const from = performance.now()
    await chordns(OTHER, 'domain', 'show', 'shop.p2p')
    const terms = Math.min(40, Math.max(2, Math.ceil((14 * (performance.now() - from)) / (TERM_S * 1_000))))
    const registered = await register('first', '--terms', `${terms}`)
    expect(registered).toMatchObject({ code: 0, cost: 10 * terms, effective: null })
    rmSync(at('first.owner'))
    await until('everybody to resolve it', async () => {
      // Anybody may keep it alive.
      const isNear = Date.parse((await show()).life.expires) - Date.now() < TERM_S * 1_000
      if (isNear) await chordns(HOSTILE, 'domain', 'renew', 'shop.p2p', '--terms', `${terms}`)
      return all(async (one) => isSecure(await dig(one), 'first'))
    })
    const { life } = await show()
    const [expires, resolves] = [Date.parse(life.expires), Date.parse(life.resolvesUntil)]
    // What was asked and answered within the grace is an answer. A machine that is too slow asks nothing then.
    let inGrace = 0
    while (Date.now() < resolves - 1_000) {
      const from = Date.now()
      const reply = await dig(peer(READER))
      const to = Date.now()
      await pause(250)
      if (from < expires || to > resolves) continue
      expect(reply).toContain(DATA.first)
      inGrace++
    }
    if (inGrace === 0) console.warn('nothing was asked within the grace: this machine was too slow')
    const isGone = async (one: PeerProcess) => (await dig(one)).includes('status: NXDOMAIN')
    await until('nobody to resolve it any more', () => all(isGone))
    await until('it to come free', async () => (await show()).life.phase === 'free')

    await catchersHaveNothing()
    const keys = await Promise.all([0, 1, 2, 3, 4].map((one) => makeOwnerKey(at(`guardian${one}`))))
    writeFileSync(at('guardians'), guardiansText(guardiansOf(keys, { enough: 3, delayMs: 3_000, keyWins: false })))
    const wishes = ['--most', '4200', '--terms', '100', '--movable', '--guardians', at('guardians')]
    expect(await register('next', ...wishes)).toMatchObject({ code: 0 })
    await until('everybody to resolve the next', () => all(async (one) => isSecure(await dig(one), 'next')))
    for (const one of cluster.peers) {
      const [www, old] = await Promise.all([dig(one), dig(one, 'first.shop.p2p')])
      expect(www).not.toContain(DATA.first)
      expect(old).toContain('status: NXDOMAIN')
    }
    expect((await show()).record.generation).toBe(2)
  })

  /** A name has come free, and whoever catches such names is there first, with a thousand accounts. */
  async function catchersHaveNothing() {
    const { chains } = ledgerStatusView.parse(await getJson(peer(HOSTILE), '/ledgers'))
    const { chainId } = chains.find(({ name }) => name === 'p2p')!
    const owner = ed25519Signer(sha256(text('whoever catches it')))
    const registration = {
      chainId: fromHex(chainId),
      label: text('shop'),
      owner: owner.publicKey,
      salt: sha256(text('salt')),
    }
    const payload = commitPayload(registration)
    const terms = { chainId, nonce: 0, fee: 0, expires: Date.now() + 3_600_000 }
    const refused = new Map<string, number>()
    for (let one = 0; one < CATCHERS; one++) {
      const account = ed25519Signer(sha256(text(`catcher ${one}`)))
      const { bytes } = makeTransaction(account, terms, payload)
      const { error } = (await postJson(peer(HOSTILE), '/ledgers/submit?chain=p2p', bytes)) as { error?: Refusal }
      const why = error === undefined ? 'taken' : `${error.code}: ${error.message}`
      refused.set(why, (refused.get(why) ?? 0) + 1)
    }
    // Nobody has endorsed them: an account costs an organisation that somebody vouches for (D73).
    expect([...refused]).toEqual([
      ['LEDGER_VOID: the transaction was not taken: the account may not do that', CATCHERS],
    ])
    // Whoever is admitted pays what the name costs now, or has nothing.
    const keys = ['--owner', at('first.owner'), '--ds', `${bases.get('first')}.ds`, '--server', 'ns.elsewhere.net']
    await makeOwnerKey(at('first.owner'))
    const cheap = chordns(HOSTILE, 'domain', 'register', 'shop.p2p', ...keys, '--most', '2000')
    await expect(cheap).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('it costs more than `--most` allows'),
    })
    expect((await show()).life.phase).toBe('free')
  }

  it('whose key is stolen is saved by three of five guardians, through another node than the thief’s, and resolves throughout', async () => {
    const guardian = (one: number) => ['--guardians', at('guardians'), '--guardian', at(`guardian${one}`)]
    const safe = await makeOwnerKey(at('safe.owner'))
    const thief = await makeOwnerKey(at('thief.owner'))
    const stolen = ['--owner', at('next.owner')]
    await chordns(HOSTILE, 'domain', 'roll-owner', 'shop.p2p', ...stolen, '--to', thief)
    // Another node hears of the block in its own time.
    await until('the theft to show', async () => (await show()).life.pending?.what === 'roll')
    expect((await show()).life.pending).toMatchObject({ to: thief })
    await chordns(OTHER, 'domain', 'freeze', 'shop.p2p', ...guardian(0))
    const change = ['domain', 'update', 'shop.p2p', ...stolen, '--server', `ns1.shop.p2p=${SERVERS.first}`]
    await expect(chordns(HOSTILE, ...change)).rejects.toMatchObject({ stderr: expect.stringContaining('frozen') })
    for (const one of [0, 1, 2]) {
      const signed = one === 0 ? [] : ['--signed', at(`signed${one - 1}`)]
      const out = one === 2 ? [] : ['--out', at(`signed${one}`)]
      await chordns(OTHER, 'domain', 'recover', 'shop.p2p', '--to', safe, ...guardian(one), ...signed, ...out)
    }
    const cancel = chordns(HOSTILE, 'domain', 'cancel', 'shop.p2p', ...stolen)
    await expect(cancel).rejects.toMatchObject({ code: 1 })
    await until('the name to be the owner’s again', async () => (await show()).record.owner === safe)
    expect((await show()).life.pending).toBeNull()
    await expect(chordns(HOSTILE, ...change)).rejects.toMatchObject({ code: 1 })
    await until('everybody to resolve it', () => all(async (one) => isSecure(await dig(one), 'next')))
  })
})
