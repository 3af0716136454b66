/** The resolvers under test, as their users run them: processes of their own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { ask, NODE_FLAGS, parseReady } from './world-parts.ts'

const CLI = fileURLToPath(new URL('../../bin/sources.mjs', import.meta.url))
/** Clock ticks of /proc/PID/stat: fixed at 100 on every Linux that Node runs on. */
const TICK_MS = 10
const START_MS = 20_000

export interface ResolverProcess {
  readonly name: string
  readonly pid: number
  readonly address: string
  readonly port: number
  /** CPU time so far, user and system. */
  cpuMs(): number
  /** Resident memory, bytes. */
  rssBytes(): number
  log(): string
  stop(): Promise<void>
}

export interface Upstream {
  readonly hints: string
  /** Port of the authorities. */
  readonly port: number
  /** DS line of the root; undefined: nothing is validated. */
  readonly anchor?: string | undefined
}

/** `chordns start` without a ring and without status API. */
export async function startChordns(
  upstream: Upstream,
  config: Readonly<Record<string, object>> = {},
): Promise<ResolverProcess> {
  const dir = await mkdtemp(join(tmpdir(), 'chordns-bench-'))
  await writeFile(join(dir, 'root.hints'), upstream.hints)
  if (upstream.anchor !== undefined) await writeFile(join(dir, 'root.anchor'), upstream.anchor)
  const file = join(dir, 'resolver.config.json')
  const dnssec = dnssecSection(upstream, join(dir, 'root.anchor'))
  await writeFile(
    file,
    JSON.stringify({
      listen: { udp: ['127.0.0.1:0'], tcp: ['127.0.0.1:0'] },
      iterator: {
        rootHints: join(dir, 'root.hints'),
        port: upstream.port,
        queryLoopback: true,
        ipv6: false,
        ...config['iterator'],
      },
      ...(dnssec !== undefined && { dnssec }),
      status: { listen: false },
      data: join(dir, 'data'),
      ...Object.fromEntries(Object.entries(config).filter(([key]) => key !== 'iterator')),
    }),
  )
  const child = spawn(process.execPath, [...NODE_FLAGS, CLI, 'start', '--config', file, '--log-level', 'error'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const watched = watch('chordns', child, dir)
  try {
    const { address, port } = await watched.line(parseReady)
    return { name: 'chordns', address, port, ...parts(watched) }
  } catch (error) {
    await watched.process.stop()
    throw error
  }
}

/** Unbound with its defaults but for what the embedded world needs, and more lines of its section `server`. Listens on 127.0.0.2, port 53. */
export async function startUnbound(upstream: Upstream, more: readonly string[] = []): Promise<ResolverProcess> {
  const dir = await mkdtemp(join(tmpdir(), 'unbound-bench-'))
  await writeFile(join(dir, 'root.hints'), upstream.hints)
  if (upstream.anchor !== undefined) await writeFile(join(dir, 'root.anchor'), upstream.anchor)
  const file = join(dir, 'unbound.conf')
  const address = '127.0.0.2'
  await writeFile(
    file,
    [
      'server:',
      `  interface: ${address}`,
      '  username: ""',
      '  chroot: ""',
      `  directory: "${dir}"`,
      '  pidfile: ""',
      '  use-syslog: no',
      '  num-threads: 1',
      '  do-ip6: no',
      '  do-not-query-localhost: no',
      `  module-config: "${upstream.anchor === undefined ? 'iterator' : 'validator iterator'}"`,
      ...(upstream.anchor === undefined ? [] : [`  trust-anchor-file: "${dir}/root.anchor"`]),
      `  root-hints: "${dir}/root.hints"`,
      '  minimal-responses: yes',
      '  access-control: 127.0.0.0/8 allow',
      ...more,
      'remote-control:',
      '  control-enable: no',
      '',
    ].join('\n'),
  )
  const child = spawn('unbound', ['-d', '-c', file], { stdio: ['ignore', 'pipe', 'pipe'] })
  const watched = watch('unbound', child, dir)
  const started: ResolverProcess = { name: 'unbound', address, port: 53, ...parts(watched) }
  try {
    await answering(started)
    return started
  } catch (error) {
    await started.stop()
    throw error
  }
}

function dnssecSection(upstream: Upstream, anchorFile: string): object | undefined {
  if (upstream.anchor !== undefined) return { trustAnchors: anchorFile }
  return configKeys().has('dnssec') ? { validate: false } : undefined
}

/** Sections that this version's configuration knows: validation may not be built yet. */
export function configKeys(): ReadonlySet<string> {
  const schema: unknown = JSON.parse(
    readFileSync(new URL('../../docs/resolver.config.schema.json', import.meta.url), 'utf8'),
  )
  const properties = (schema as { readonly properties?: object }).properties ?? {}
  return new Set(Object.keys(properties))
}

/** Whatever program answers on port 53 of `address`; `files` are written into a directory, whose name stands for `DIR` in them and in the arguments. */
export async function startServer(
  name: string,
  address: string,
  [program = '', ...args]: readonly string[],
  files: Readonly<Record<string, string>> = {},
): Promise<ResolverProcess> {
  const dir = await mkdtemp(join(tmpdir(), `${name}-bench-`))
  for (const [file, text] of Object.entries(files)) await writeFile(join(dir, file), text.replaceAll('DIR', dir))
  const child = spawn(
    program,
    args.map((arg) => arg.replaceAll('DIR', dir)),
    { stdio: ['ignore', 'pipe', 'pipe'], cwd: dir },
  )
  child.stdout.resume()
  const watched = watch(name, child, dir)
  const started: ResolverProcess = { name, address, port: 53, ...parts(watched) }
  try {
    await answering(started)
    return started
  } catch (error) {
    const log = started.log()
    await started.stop()
    throw new Error(`${name} does not answer: ${log}`, { cause: error })
  }
}

/** A getter would be read too early by a spread. */
function parts({ process: { pid, cpuMs, rssBytes, log, stop } }: Watched) {
  return { pid, cpuMs, rssBytes, log, stop }
}

/** Any answer will do: it shows that the socket is open. */
async function answering({ address, port }: ResolverProcess): Promise<void> {
  const until = performance.now() + START_MS
  for (;;) {
    try {
      await ask({ address, port }, { name: 'localhost' }, { timeoutMs: 200 })
      return
    } catch (error) {
      if (performance.now() > until) throw error
    }
  }
}

interface Watched {
  readonly process: Pick<ResolverProcess, 'pid' | 'cpuMs' | 'rssBytes' | 'log' | 'stop'>
  line<T>(parse: (line: string) => T | undefined): Promise<T>
}

function watch(name: string, child: ChildProcess, dir: string): Watched {
  let log = ''
  child.stderr?.setEncoding('utf8')
  child.stderr?.on('data', (text: string) => {
    log = (log + text).slice(-100_000)
  })
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (code, signal) => resolve(`exit ${code ?? signal}`))
  })
  const pid = () => {
    if (child.pid === undefined) throw new Error(`${name} did not start`)
    return child.pid
  }
  return {
    process: {
      get pid() {
        return pid()
      },
      cpuMs: () => cpuMsOf(pid()),
      rssBytes: () => rssOf(pid()),
      log: () => log,
      async stop() {
        // Nothing is worth keeping, and a drain would wait for the dead names.
        if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
        await ended
        await rm(dir, { recursive: true, force: true })
      },
    },
    line: (parse) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`${name} was not ready in time:\n${log}`)), START_MS)
        void ended.then((how) => {
          clearTimeout(timer)
          reject(new Error(`${name} ended (${how}) before it was ready:\n${log}`))
        })
        createInterface({ input: child.stdout! }).on('line', (line) => {
          const parsed = parse(line)
          if (parsed === undefined) return
          clearTimeout(timer)
          resolve(parsed)
        })
      }),
  }
}

/** Fields 14 and 15 of /proc/PID/stat (proc(5)), counted behind the name, which may have blanks in it. */
export function cpuMsOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS
}

function rssOf(pid: number): number {
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Number(match?.[1] ?? 0) * 1024
}
