/**
 * The demo of the ledger: what a domain gains whose key stands there. A Root chain and the chain of a TLD, of four validators each; a domain is
 * registered through a node that is no validator, its zone signed by the key that was made for it and served by the embedded Internet, and another
 * node resolves it, while the first one goes by the DNS alone. Then its parent replaces its DS, and somebody changes a byte of its zone.
 */
import { execFile } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Rcode, rcodeToText } from '../../src/dns/index.ts'
import type { LookupView } from '../../src/observe/index.ts'
import { ask, texts } from './ask.ts'
import { type Cluster, type PeerProcess, startCluster } from './cluster.ts'
import { foundLedger } from './founding.ts'
import { DOMAIN, DOMAIN_SERVER, type LedgerDemoWorld, ledgerDemoWorld } from './ledger-demo-world.ts'

const run = promisify(execFile)
const CLI = fileURLToPath(new URL('../../bin/sources.mjs', import.meta.url))

const VALIDATORS = 4
/** Carries transactions, and resolves com by the DNS alone. */
const REGISTRAR = 4
/** Resolves by the ledger. */
const READER = 5
const PEERS = 6
/** Blocks come this fast so that nobody waits: a real ledger has one a minute. */
const PACE = { heartbeatMs: 1_000, intervalMs: 200 }
const PATIENCE_MS = 240_000
/** As often a stub asks again that got SERVFAIL or no reply: a machine may have other things to do. */
const ASKED = 5

export interface LedgerDemoStep {
  readonly told: string
  readonly expected: string
  readonly seen: string
  readonly ok: boolean
  /** Since the start. */
  readonly seconds: number
}

export interface LedgerDemoReport {
  readonly ok: boolean
  readonly seconds: number
  readonly steps: readonly LedgerDemoStep[]
}

/** Leaves nothing behind, however it ends; SIGINT and SIGTERM end the process. */
export async function runLedgerDemo(say: (text: string) => void): Promise<LedgerDemoReport> {
  const stage = new Stage(say)
  const interrupted = () => void stage.clear().then(() => process.exit(1))
  process.once('SIGINT', interrupted)
  process.once('SIGTERM', interrupted)
  try {
    await play(stage)
  } catch (error) {
    stage.fail(error instanceof Error ? error.message : String(error))
  } finally {
    await stage.clear()
    process.off('SIGINT', interrupted)
    process.off('SIGTERM', interrupted)
  }
  return stage.report()
}

async function play(stage: Stage): Promise<void> {
  const world = await stage.open()
  const zoneKey = await makeKeys(stage, world)
  await stage.expect('The node that goes by the DNS alone: no DS at the parent', 'NOERROR 192.0.2.80', () =>
    stage.dns(REGISTRAR, `www.${DOMAIN}`),
  )
  await register(stage, zoneKey)
  await stage.expect('The node that follows the ledger', 'NOERROR AD 192.0.2.80', () =>
    stage.dns(READER, `www.${DOMAIN}`),
  )
  await stage.expect(
    `chordns lookup a.w.${DOMAIN} --explain`,
    /^secure, .*is anchored on com: key \d+, .*proven by \d+ bytes/,
    () => explained(stage, `a.w.${DOMAIN}`),
  )
  await prove(stage)
  stage.say(`The parent, com, signs the DS of another key for ${DOMAIN}: ${world.replaceDs().slice(0, 40)}...`)
  await stage.expect('The node that goes by the DNS alone loses the domain', 'SERVFAIL', () =>
    stage.dns(REGISTRAR, `b.w.${DOMAIN}`),
  )
  await stage.expect('For the node that follows the ledger nothing has changed', 'NOERROR AD 192.0.2.82', () =>
    stage.dns(READER, `c.w.${DOMAIN}`),
  )
  world.changeByte(`pay.${DOMAIN}`)
  stage.say(`One byte of the zone is changed: pay.${DOMAIN} is 192.0.2.91 now, under the old signature.`)
  await stage.expect('The name that was changed', 'SERVFAIL', () => stage.dns(READER, `pay.${DOMAIN}`))
  await stage.expect('Every other name', 'NOERROR AD 192.0.2.82', () => stage.dns(READER, `d.w.${DOMAIN}`))
}

/** Resolves with the base name of the zone key's files. */
async function makeKeys(stage: Stage, world: LedgerDemoWorld): Promise<string> {
  const made = await stage.chordns<{ zone: { files: string; tag: number } }>(
    ['domain', 'keygen', DOMAIN, '--out', stage.file('zone-key'), '--owner', stage.file('owner.key')],
    undefined,
  )
  world.serveSigned(`${made.zone.files}.pem`)
  stage.say(`Key ${made.zone.tag} signs the zone ${DOMAIN}; the owner's key lies elsewhere. ${DOMAIN} is served.`)
  return made.zone.files
}

async function register(stage: Stage, zoneKey: string): Promise<void> {
  stage.say('Waiting until both nodes have a header that more than two thirds of the validators signed ...')
  for (const index of [REGISTRAR, READER])
    await stage.until('the newest header', async () => {
      const { height, fresh } = await stage.chordns<{ height: number; fresh: boolean }>(
        ['domain', 'show', DOMAIN],
        index,
      )
      return height > 0 && fresh
    })
  const { name, address } = DOMAIN_SERVER
  const how = ['--owner', stage.file('owner.key'), '--ds', `${zoneKey}.ds`, '--server', `${name}=${address}`]
  await stage.expect(
    `chordns domain register ${DOMAIN}: first commit, then reveal, over a node that is no validator`,
    'registered',
    async () => {
      const { code } = await stage.chordns<{ code: number }>(['domain', 'register', DOMAIN, ...how], REGISTRAR)
      return code === 0 ? 'registered' : `code ${code}`
    },
  )
  await stage.until('the record at the other node', async () => {
    const { record } = await stage.chordns<{ record: { ds: readonly string[] } | null }>(
      ['domain', 'show', DOMAIN],
      READER,
    )
    return record !== null
  })
}

async function explained(stage: Stage, name: string): Promise<string> {
  const { security, steps } = await stage.chordns<LookupView>(['lookup', name], READER)
  const { text = 'the ledger was not asked' } = steps.find(({ kind }) => kind === 'ledger') ?? {}
  return `${security}, ${text}`
}

async function prove(stage: Stage): Promise<void> {
  const file = stage.file(`${DOMAIN}.proof`)
  const { bytes } = await stage.chordns<{ bytes: number }>(['domain', 'proof', DOMAIN, '--out', file], READER)
  await stage.expect(
    `chordns domain verify: a file of ${bytes} bytes, checked with the genesis and no node`,
    'proven',
    async () => {
      const verify = ['domain', 'verify', file, '--genesis', stage.file('ledger', 'genesis.json')]
      return (await stage.chordns<{ kind: string }>(verify, undefined)).kind
    },
  )
}

/** The world, the peers, and what was told so far. */
class Stage {
  readonly #tell: (text: string) => void
  readonly #steps: LedgerDemoStep[] = []
  readonly #begun = Date.now()
  #world: LedgerDemoWorld | undefined
  #cluster: Cluster | undefined
  #clearing: Promise<void> | undefined

  constructor(tell: (text: string) => void) {
    this.#tell = tell
  }

  async open(): Promise<LedgerDemoWorld> {
    const world = await ledgerDemoWorld()
    this.#world = world
    this.say(`The Internet: root, com and ${DOMAIN} on loopback addresses, port ${world.world.port}.`)
    this.say(
      `Starting ${PEERS} nodes: ${VALIDATORS} validators of the chains root and com, and two that only follow ...`,
    )
    let genesis: Promise<string> | undefined
    this.#cluster = await startCluster({
      peers: PEERS,
      hints: world.world.hintsText(),
      authorityPort: world.world.port,
      anchors: world.anchorText,
      replicas: 2,
      admitAfter: 1,
      own: async (index, data) => {
        genesis ??= foundLedger({
          directory: join(dirname(data), 'demo', 'ledger'),
          dataOf: (other) => join(dirname(data), `peer-${other}`),
          organisations: REGISTRAR + 1,
          validators: VALIDATORS,
          chainNames: ['root', 'com'],
          pace: PACE,
        })
        return {
          ledger: {
            genesis: await genesis,
            roles: index < VALIDATORS ? ['validator'] : [],
            ...(index === REGISTRAR && { precedence: { com: 'dns' } }),
          },
        }
      },
    })
    return world
  }

  say(text: string): void {
    this.#tell(`[${this.#seconds().toFixed(1).padStart(5)} s] ${text}`)
  }

  /** Below the directory of the cluster, which goes with it. */
  file(...parts: string[]): string {
    const directory = join(this.#cluster!.dir, 'demo')
    mkdirSync(directory, { recursive: true })
    return join(directory, ...parts)
  }

  /** As its operator types it, with `--json`; on the machine of that peer, or without a node. */
  async chordns<T>(args: readonly string[], index: number | undefined): Promise<T> {
    const of = index === undefined ? undefined : this.#peer(index)
    const node = of === undefined ? [] : ['--config', of.configFile, '--node', `127.0.0.1:${of.statusPort}`]
    return JSON.parse((await run(process.execPath, [CLI, ...args, ...node, '--json'])).stdout) as T
  }

  /** What a stub gets that asks again where it has no answer: 'NOERROR AD 192.0.2.1'. */
  async dns(index: number, name: string, asked = ASKED): Promise<string> {
    const { address, port } = this.#peer(index)
    const reply = await ask({ address, port }, { name }, { ad: true, timeoutMs: 10_000 }).catch(() => undefined)
    if ((reply === undefined || reply.rcode === Rcode.SERVFAIL) && asked > 1) {
      await pause(1_000)
      return this.dns(index, name, asked - 1)
    }
    if (reply === undefined) return 'no reply'
    return [
      rcodeToText(reply.rcode),
      ...(reply.ad ? ['AD'] : []),
      ...texts(reply.answers).map((one) => one.slice(2)),
    ].join(' ')
  }

  /** One thing that is told and checked. Throws when it is not as expected. */
  async expect(told: string, expected: string | RegExp, look: () => Promise<string>): Promise<void> {
    const seen = await look()
    const ok = typeof expected === 'string' ? seen === expected : expected.test(seen)
    this.#steps.push({ told, expected: String(expected), seen, ok, seconds: this.#seconds() })
    this.say(`${ok ? 'ok ' : 'BAD'} ${told}: ${seen}`)
    if (!ok) throw new Error(`expected: ${expected}`)
  }

  async until(what: string, look: () => Promise<boolean>): Promise<void> {
    for (const end = Date.now() + PATIENCE_MS; !(await look().catch(() => false)); await pause(250))
      if (Date.now() > end) throw new Error(`not in time: ${what}`)
  }

  fail(reason: string): void {
    if (this.#clearing !== undefined) return
    if (this.#steps.every(({ ok }) => ok))
      this.#steps.push({ told: 'The demo', expected: 'to go on', seen: reason, ok: false, seconds: this.#seconds() })
    this.say(`This did not go as told: ${reason}`)
    for (const { index, log } of this.#cluster?.peers ?? []) this.#tell(`node ${index}:\n${log().slice(-2_000)}`)
  }

  clear(): Promise<void> {
    this.#clearing ??= (async () => {
      await this.#cluster?.stop()
      await this.#world?.world.stopAll()
    })()
    return this.#clearing
  }

  report(): LedgerDemoReport {
    const steps = this.#steps
    return { ok: steps.length > 0 && steps.every(({ ok }) => ok), seconds: this.#seconds(), steps }
  }

  #peer(index: number): PeerProcess {
    return this.#cluster!.peers.find((one) => one.index === index)!
  }

  #seconds(): number {
    return Math.round((Date.now() - this.#begun) / 100) / 10
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((go) => setTimeout(go, ms))
}
