/**
 * Peers as their users run them: separate processes of `chordns start`, on loopback, in front of an embedded world.
 * The demo and the tests that kill processes use it.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** As `npm start` and the installed command have it. */
export const NODE_FLAGS = ['--max-semi-space-size=8', '--heap-growing-percent=40', '--expose-gc']
const CLI = fileURLToPath(new URL('../../bin/sources.mjs', import.meta.url))

export interface ClusterSpec {
  readonly peers: number
  /** Root hints text and the port that the world's authorities listen on. */
  readonly hints: string
  readonly authorityPort: number
  /** DS lines of the world's root; without them nothing is validated. */
  readonly anchors?: string
  /** `replicas` of the ring. */
  readonly replicas: number
  readonly admitAfter: 'auto' | number
  /** First DNS port; 0 lets the system choose. Peer i listens on basePort + i. */
  readonly basePort?: number
  /** Merged over every peer's configuration. */
  readonly config?: Readonly<Record<string, object>>
  /** Sections of one peer's own configuration, beside those of all. `data`: its directory; keys may be made there. */
  readonly own?: (index: number, data: string) => Promise<Readonly<Record<string, object>>>
  /** The program that a peer runs: `cli.ts` of another build of this one. Asked at each start. */
  readonly cli?: (index: number) => string
  /** Where a peer runs, if not beside all others on this machine's loopback interface. */
  readonly place?: (index: number) => Promise<Place>
}

export interface Place {
  /** Its address on the network of the ring. */
  readonly address: string
  /** Put before the command that starts the peer. */
  readonly prefix: readonly string[]
}

export interface PeerProcess {
  readonly index: number
  readonly address: string
  readonly port: number
  readonly statusPort: number
  readonly multiaddr: string
  readonly configFile: string
  readonly pid: number
  /** What it wrote to stderr so far. */
  log(): string
  /**
   * Has it read its configuration again (with these settings, else the file as it is now) and waits until the log says that they are in
   * force, or that they are not (or says `what`): what is asked before is answered by the old ones. Returns what was logged meanwhile.
   */
  reload(settings?: object | string, what?: RegExp): Promise<string>
  /** Waits for a line of the log after its first `from` characters, and returns them: it comes after the answer, through a pipe. */
  logged(what: RegExp, from?: number): Promise<string>
  /** Sends the signal and waits for the end. Resolves with the exit code, or null when a signal ended it. */
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

export interface Cluster {
  readonly peers: readonly PeerProcess[]
  readonly dir: string
  /** Starts one more peer (or one that was stopped, with its identity). */
  start(index: number): Promise<PeerProcess>
  stop(): Promise<void>
}

export async function startCluster(spec: ClusterSpec): Promise<Cluster> {
  const dir = await mkdtemp(join(tmpdir(), 'chordns-'))
  await writeFile(join(dir, 'ring.secret'), `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 })
  await writeFile(join(dir, 'root.hints'), spec.hints)
  if (spec.anchors !== undefined) await writeFile(join(dir, 'root.anchors'), spec.anchors)
  const peers: PeerProcess[] = []
  const start = async (index: number) => {
    const peer = await startPeer(
      spec,
      dir,
      index,
      peers.filter((one) => one.index !== index).map((one) => one.multiaddr),
    )
    const old = peers.findIndex((one) => one.index === index)
    if (old === -1) peers.push(peer)
    else peers[old] = peer
    return peer
  }
  const stop = async () => {
    await Promise.all(peers.map((peer) => peer.stop('SIGTERM')))
    await rm(dir, { recursive: true, force: true })
  }
  try {
    await start(0)
    await Promise.all(Array.from({ length: spec.peers - 1 }, (_, i) => start(i + 1)))
  } catch (error) {
    await stop()
    throw error
  }
  peers.sort((a, b) => a.index - b.index)
  return { peers, dir, start, stop }
}

async function startPeer(
  spec: ClusterSpec,
  dir: string,
  index: number,
  bootstrap: readonly string[],
): Promise<PeerProcess> {
  const place = await spec.place?.(index)
  const data = join(dir, `peer-${index}`)
  await mkdir(data, { recursive: true, mode: 0o700 })
  const listen = `127.0.0.1:${spec.basePort === undefined ? 0 : spec.basePort + index}`
  const config: Record<string, unknown> = {
    listen: { udp: [listen], tcp: [listen] },
    iterator: {
      rootHints: join(dir, 'root.hints'),
      port: spec.authorityPort,
      queryLoopback: true,
      ipv6: false,
      ...spec.config?.['iterator'],
    },
    dnssec: spec.anchors === undefined ? { validate: false } : { trustAnchors: join(dir, 'root.anchors') },
    resolver: { ...spec.config?.['resolver'] },
    cache: { ...spec.config?.['cache'] },
    ring: {
      enabled: true,
      id: 'demo',
      listen: [place === undefined ? '/ip4/127.0.0.1/tcp/0' : `/ip4/${place.address}/tcp/4153`],
      bootstrap,
      secretFile: join(dir, 'ring.secret'),
      replicas: spec.replicas,
      ...spec.config?.['ring'],
    },
    chunks: { admitAfter: spec.admitAfter, ...spec.config?.['chunks'] },
    status: { listen: '127.0.0.1:0' },
    ...(spec.config?.['log'] !== undefined && { log: spec.config['log'] }),
    ...(await spec.own?.(index, data)),
    data,
  }
  const configFile = join(data, 'resolver.config.json')
  await writeFile(configFile, JSON.stringify(config, null, 2))
  const start = [process.execPath, ...NODE_FLAGS, spec.cli?.(index) ?? CLI, 'start', '--config', configFile]
  const [program, ...args] = [...(place?.prefix ?? []), ...start]
  const child = spawn(program!, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  return watch(child, index, configFile)
}

function watch(child: ChildProcess, index: number, configFile: string): Promise<PeerProcess> {
  const log = new ProcessLog(child)
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    void ended.then((code) => reject(new Error(`peer ${index} ended with ${code} before it was ready:\n${log.text}`)))
    createInterface({ input: child.stdout! }).on('line', (line) => {
      const ready = parseReady(line)
      if (ready === undefined) return
      resolve({
        index,
        configFile,
        ...ready,
        pid: child.pid!,
        log: () => log.text,
        logged: (what, from = 0) => log.says(what, from),
        async reload(settings, what = RELOADED) {
          if (settings !== undefined)
            await writeFile(configFile, typeof settings === 'string' ? settings : JSON.stringify(settings))
          const from = log.length
          child.kill('SIGHUP')
          return log.says(what, from)
        },
        stop: async (signal = 'SIGTERM') => {
          if (child.exitCode === null && child.signalCode === null) child.kill(signal)
          return ended
        },
      })
    })
  })
}

const RELOADED = /"msg":"configuration (not )?reloaded/
/** A machine that is busy otherwise takes its time. */
const LOGGED_MS = 240_000
const MAX_LOG = 400_000

/** What a process wrote to stderr: the end of it, where it wrote much. */
class ProcessLog {
  text = ''
  /** Of all that was written, however much of it is still here. */
  length = 0

  constructor(child: ChildProcess) {
    child.stderr!.setEncoding('utf8')
    child.stderr!.on('data', (text: string) => {
      this.length += text.length
      this.text += text
      if (this.text.length > MAX_LOG) this.text = this.text.slice(-MAX_LOG / 2)
    })
  }

  async says(what: RegExp, from: number): Promise<string> {
    const end = Date.now() + LOGGED_MS
    for (;;) {
      const text = this.text.slice(Math.max(0, from - (this.length - this.text.length)))
      if (what.test(text)) return text
      if (Date.now() > end) throw new Error(`the log does not say ${what}:\n${text}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}

/** `ready udp=127.0.0.1:5301 tcp=127.0.0.1:5301 status=127.0.0.1:8053 peer=/ip4/.../p2p/...` */
export function parseReady(line: string) {
  if (!line.startsWith('ready ')) return undefined
  const fields = new Map(
    line
      .slice(6)
      .split(' ')
      .map((field) => field.split('=', 2) as [string, string]),
  )
  const [address, port] = split(fields.get('udp') ?? '')
  const [, statusPort] = split(fields.get('status') ?? '')
  return { address, port, statusPort, multiaddr: fields.get('peer') ?? '' }
}

function split(endpoint: string): readonly [string, number] {
  const first = endpoint.split(',')[0]!
  const colon = first.lastIndexOf(':')
  return [first.slice(0, colon).replace(/^\[|\]$/g, ''), Number(first.slice(colon + 1))]
}
