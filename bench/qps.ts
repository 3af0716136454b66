/** `npm run bench -- qps`: cached answers on one core, beside the resolvers that are installed and the bound of sockets. */
import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { concatBytes, errorText } from '../src/base/index.ts'
import { parseName } from '../src/dns/index.ts'
import type { LoadOrder, LoadResult } from './lib/load.ts'
import { isInstalled } from './lib/namespace.ts'
import type { ResolverProcess } from './lib/processes.ts'
import { BLOCKING, BOUND, type Certificate, contestants, makeCertificate, PORT_OF } from './lib/qps-servers.ts'
import { median, round } from './lib/stats.ts'
import { type Benchmark, type BenchValues, type Cell, numberOption, target } from './lib/types.ts'
import { ask, createWorld, signWorld, simpleSpec, simpleWorld, type World } from './lib/world-parts.ts'

const UDP_LOAD = fileURLToPath(new URL('./lib/udp-load.ts', import.meta.url))
const STREAM_LOAD = fileURLToPath(new URL('./lib/stream-load.ts', import.meta.url))
/** Not the waiting kind: the authorities answer from this very process. */
const run = promisify(execFile)
const ZONE = 'bench.org'
const US = 'chordns'
/** However long a turn may take. */
const LOAD_MS = 60_000

interface Turn {
  readonly qps: number
  /** CPU seconds of the server for a million answers. */
  readonly cpu: number
  /** Undefined: whoever made the load does not say it. */
  readonly p50us: number | undefined
  readonly p99us: number | undefined
  readonly dnsperf: number | undefined
}

export const benchmark: Benchmark = {
  summary: 'cached answers on one core, beside the resolvers that are installed and the bound of sockets',
  namespace: true,
  programs: ['taskset'],
  options: {
    names: { type: 'string', help: 'cached names', default: '10000' },
    rounds: { type: 'string', help: 'of each, in turn', default: '4' },
    ms: { type: 'string', help: 'length of a round', default: '1500' },
    sockets: { type: 'string', help: 'of the load', default: '16' },
    window: { type: 'string', help: 'questions outstanding of each', default: '12' },
    edns: { type: 'boolean', help: 'with OPT, and letters in random case' },
    dnssec: { type: 'boolean', help: 'with DO, and names that are signed; nobody validates' },
    misses: { type: 'string', help: 'of so many questions one is for a new name; 0: none', default: '0' },
    over: { type: 'string', help: 'udp, tcp (pipelined), dot (by dnsperf) or doh (by h2load)', default: 'udp' },
    dnsperf: { type: 'boolean', help: 'the rate that dnsperf sees, too' },
    only: { type: 'string', help: 'these alone, by name, separated by commas; the bound and chordns always' },
    blocked: {
      type: 'string',
      help: 'beside chordns once more, with so many blocked names and ten groups',
      default: '0',
    },
    table: { type: 'string', help: 'serve.tableBytes of chordns', default: '256MiB' },
  },
  async run(values, say) {
    const over = overOf(values)
    const world = await worldOf(values)
    const upstream = { hints: world.hintsText(), port: 53 }
    const running: ResolverProcess[] = []
    const turns = new Map<string, Turn[]>()
    const dir = mkdtempSync(join(tmpdir(), 'qps-'))
    const files = loadFiles(dir, numberOption(values, 'names'))
    const tls = isEncrypted(over) ? makeCertificate(dir) : undefined
    try {
      for (const { name, start } of chosen(values, tls, blockedFile(dir, numberOption(values, 'blocked')))) {
        const started = await start(upstream).catch((error: unknown) => {
          say(`${name} is left out: ${errorText(error)}`)
          return undefined
        })
        if (started === undefined) continue
        const server = { ...started, name }
        running.push(server)
        pin(0, server.pid)
        if (name === BLOCKING) await untilBlocked(server)
        if (name !== BOUND) await warm(server, values)
        say(`${name} is warm, ${round(server.rssBytes() / 2 ** 20, 0)} MiB`)
        turns.set(name, [])
      }
      for (let number = 0; number < numberOption(values, 'rounds'); number++) {
        for (const server of running) turns.get(server.name)!.push(await oneTurn(server, values, files))
        const last = [...turns].map(([name, all]) => `${name} ${round(all.at(-1)!.qps / 1000, 0)}k`)
        say(`round ${number + 1}: ${last.join(', ')}`)
      }
    } finally {
      await Promise.all(running.map((server) => server.stop()))
      await world.stopAll()
      rmSync(dir, { recursive: true, force: true })
    }
    return summarise(turns, values)
  },
}

function chosen(values: BenchValues, tls: Certificate | undefined, blocked: string | undefined) {
  // The bound echoes datagrams.
  const all = contestants(String(values['table']), tls, blocked).filter(
    ({ name }) => name !== BOUND || overOf(values) === 'udp',
  )
  if (typeof values['only'] !== 'string') return all
  const names = [BOUND, US, BLOCKING, ...values['only'].split(',')]
  return all.filter(({ name }) => names.includes(name))
}

/** A hosts file; undefined: nothing is blocked. */
function blockedFile(dir: string, names: number): string | undefined {
  if (names === 0) return undefined
  const file = join(dir, 'blocked')
  writeFileSync(file, Array.from({ length: names }, (_, i) => `0.0.0.0 tracker${i}.ads${i % 997}.org\n`).join(''))
  return file
}

/** Lists are read beside answers: the figures are of a node that has read them. */
async function untilBlocked(server: ResolverProcess): Promise<void> {
  const until = performance.now() + LOAD_MS
  for (;;) {
    const { answers } = await ask(server, { name: 'tracker998.ads1.org' })
    if (answers.some(({ rdata }) => rdata.every((octet) => octet === 0))) return
    if (performance.now() > until)
      throw new Error(`${server.name} does not block what is on its list:\n${server.log()}`)
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}

/** All threads of the process. */
function pin(core: number, pid: number): void {
  execFileSync('taskset', ['-a', '-c', '-p', String(core), String(pid)], { stdio: 'ignore' })
}

/** Signed names stand in their zone, each with its signature; others are of one wildcard. */
async function worldOf(values: BenchValues): Promise<World> {
  if (values['dnssec'] !== true) {
    const zones = { 'org.': '', [`${ZONE}.`]: '* 86400 A 192.0.2.7' }
    return simpleWorld(zones, { port: 53 })
  }
  const names = Array.from({ length: numberOption(values, 'names') }, (_, i) => `host${i} 86400 A 192.0.2.7`)
  const spec = simpleSpec({ 'org.': '', [`${ZONE}.`]: names.join('\n') }, { port: 53 })
  return createWorld(signWorld(spec, Object.fromEntries(spec.zones.map(({ origin }) => [origin, {}]))).spec)
}

async function load(server: ResolverProcess, values: BenchValues, change: Partial<LoadOrder>): Promise<LoadResult> {
  const order: LoadOrder = {
    address: server.address,
    port: server.port,
    names: numberOption(values, 'names'),
    zone: ZONE,
    seconds: numberOption(values, 'ms') / 1000,
    sockets: numberOption(values, 'sockets'),
    window: numberOption(values, 'window'),
    edns: values['edns'] === true,
    isEcho: server.name === BOUND,
    dnssec: values['dnssec'] === true,
    missEvery: numberOption(values, 'misses'),
    salt: Math.floor(performance.now()).toString(36),
    ...change,
  }
  const isStream = order.protocol !== undefined && order.protocol !== 'udp'
  const args = ['-c', '1', process.execPath, isStream ? STREAM_LOAD : UDP_LOAD, JSON.stringify(order)]
  return JSON.parse((await run('taskset', args)).stdout) as LoadResult
}

/** Until all names are answered at the pace of a cache: the first time from the servers, and once more for those that keep what comes again. */
async function warm(server: ResolverProcess, values: BenchValues): Promise<void> {
  const names = numberOption(values, 'names')
  for (let asked = 0, tries = 0; asked < names * 3 && tries < 100; tries++)
    asked += (await load(server, values, { seconds: 2, sockets: 4, window: 8, missEvery: 0 })).ok
}

async function oneTurn(server: ResolverProcess, values: BenchValues, files: Files): Promise<Turn> {
  const over = overOf(values)
  const before = server.cpuMs()
  if (isEncrypted(over)) {
    const { qps, ok } = await (over === 'dot'
      ? dnsperf(server, values, files.names, over)
      : h2load(server, values, files.urls))
    const cpu = (server.cpuMs() - before) / 1000 / (ok / 1e6)
    return { qps, cpu, p50us: undefined, p99us: undefined, dnsperf: qps }
  }
  const { qps, ok, wrong, lost, p50us, p99us } = await load(server, values, { protocol: over })
  const cpu = (server.cpuMs() - before) / 1000 / (ok / 1e6)
  if (wrong > 0) throw new Error(`${server.name} gave ${wrong} wrong answers of ${ok}, ${lost} were lost`)
  const wants = values['dnsperf'] === true && server.name !== BOUND && isInstalled('dnsperf')
  const other = wants ? (await dnsperf(server, values, files.names, over)).qps : undefined
  return { qps, cpu, p50us, p99us, dnsperf: other }
}

/** What the programs that make load ask for. */
interface Files {
  readonly names: string
  /** The same as paths of DoH. */
  readonly urls: string
}

function loadFiles(dir: string, names: number): Files {
  const files = { names: join(dir, 'names'), urls: join(dir, 'urls') }
  const all = Array.from({ length: names }, (_, i) => `host${i}.${ZONE}`)
  writeFileSync(files.names, all.map((name) => `${name} A\n`).join(''))
  const query = (name: string) =>
    Buffer.from(
      concatBytes(Uint8Array.of(0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0), parseName(name).wire, Uint8Array.of(0, 1, 0, 1)),
    )
  writeFileSync(files.urls, all.map((name) => `/dns-query?dns=${query(name).toString('base64url')}\n`).join(''))
  return files
}

/**
 * dnsperf takes one answer out of what it reads at once and forgets those behind it, so over HTTPS it stands still before a server that answers
 * what came together together. Status 200 is all that is looked at.
 */
async function h2load({ name, address }: ResolverProcess, values: BenchValues, file: string) {
  const rate = ['-n', String(numberOption(values, 'names'))]
  const clients = ['-c', String(values['sockets']), '-m', String(values['window'])]
  const args = ['-c', '1', 'h2load', ...rate, ...clients, '-i', file, '-B', `https://${address}:${PORT_OF.doh}`]
  const { stdout } = await run('taskset', args, { timeout: LOAD_MS })
  const number = (pattern: RegExp) => Number(pattern.exec(stdout)?.[1] ?? Number.NaN)
  const [ok, qps] = [number(/(\d+) 2xx/), number(/, ([\d.]+) req\/s/)]
  if (!(ok > 0) || number(/, (\d+) done/) !== ok) throw new Error(`${name} over doh:\n${stdout}`)
  return { qps, ok }
}

/** What dnsperf sees, which counts what is answered and does not look at the records. */
async function dnsperf(
  { name, address, port }: ResolverProcess,
  values: BenchValues,
  file: string,
  over: Over,
): Promise<{ readonly qps: number; readonly ok: number }> {
  const seconds = String(Math.max(1, Math.round(numberOption(values, 'ms') / 1000)))
  const args = ['-s', address, '-p', String(isEncrypted(over) ? PORT_OF[over] : port), '-d', file, '-m', over]
  const rate = ['-l', seconds, '-c', String(values['sockets']), '-q', over === 'udp' ? '100' : '192']
  const { stdout } = await run('taskset', ['-c', '1', 'dnsperf', ...args, ...rate])
  const number = (pattern: RegExp) => Number(pattern.exec(stdout)?.[1] ?? Number.NaN)
  const [ok, qps] = [number(/NOERROR (\d+) /), number(/Queries per second:\s+([\d.]+)/)]
  if (!(ok > 0) || number(/Queries completed:\s+(\d+)/) !== ok) throw new Error(`${name} over ${over}:\n${stdout}`)
  return { qps, ok }
}

type Over = 'udp' | 'tcp' | 'dot' | 'doh'

function overOf(values: BenchValues): Over {
  const over = values['over']
  if (over === 'udp' || over === 'tcp' || over === 'dot' || over === 'doh') return over
  throw new Error(`--over ${String(over)}: must be udp, tcp, dot or doh`)
}

function isEncrypted(over: Over): over is 'dot' | 'doh' {
  return over === 'dot' || over === 'doh'
}

function kindOf(values: BenchValues): string {
  const misses = numberOption(values, 'misses')
  return [
    { udp: 'UDP', tcp: 'TCP', dot: 'DoT', doh: 'DoH' }[overOf(values)],
    values['edns'] === true ? 'EDNS and 0x20' : 'plain',
    ...(values['dnssec'] === true ? ['DO, signed'] : []),
    ...(misses > 0 ? [`one of ${misses} a miss`] : []),
    `${values['sockets']} sockets, ${values['window']} outstanding of each`,
  ].join(', ')
}

/** How many times the best peer's rate each variant is to reach, and which part of its CPU is enough. */
function targetsOf(values: BenchValues): readonly (readonly ['q/s' | 'CPU', number])[] {
  const over = overOf(values)
  if (over !== 'udp') return [['q/s', { tcp: 2, dot: 1.1, doh: 1 }[over]]]
  if (numberOption(values, 'names') >= 1e6) return [['q/s', 2]]
  const isPlain = values['edns'] !== true && values['dnssec'] !== true && numberOption(values, 'misses') === 0
  if (!isPlain) return [['q/s', 1]]
  return [
    ['q/s', 1.3],
    ['CPU', 0.77],
  ]
}

function summarise(turns: ReadonlyMap<string, readonly Turn[]>, values: BenchValues) {
  const of = (name: string, figure: (turn: Turn) => number) => median((turns.get(name) ?? []).map(figure))
  const us = (name: string, figure: (turn: Turn) => number | undefined) =>
    turns.get(name)!.every((turn) => figure(turn) === undefined) ? '-' : of(name, (turn) => figure(turn) ?? Number.NaN)
  const [rate, cpu] = [({ qps }: Turn) => qps, ({ cpu }: Turn) => cpu]
  const names = [...turns.keys()]
  const peers = names.filter((name) => ![US, BOUND, BLOCKING, 'chordns, slow'].includes(name))
  const best = [...peers].sort((a, b) => of(b, ({ qps }) => qps) - of(a, ({ qps }) => qps))[0]
  const ratio = (name: string, figure: (turn: Turn) => number) =>
    best === undefined ? '-' : round(of(name, figure) / of(best, figure))
  const rows = names.map((name): Cell[] => [
    name,
    Math.round(of(name, ({ qps }) => qps)),
    round(of(name, ({ cpu }) => cpu)),
    us(name, ({ p50us }) => p50us),
    us(name, ({ p99us }) => p99us),
    ratio(name, ({ qps }) => qps),
    ratio(name, ({ cpu }) => cpu),
    us(name, (turn) => turn.dnsperf && Math.round(turn.dnsperf)),
  ])
  const targets =
    best === undefined
      ? []
      : targetsOf(values).map(([figure, bar]) =>
          figure === 'q/s'
            ? target(`q/s of ${best} over ours`, round(of(best, rate) / of(US, rate)), round(1 / bar))
            : target(`CPU an answer, ours over that of ${best}`, round(of(US, cpu) / of(best, cpu)), bar),
        )
  const blocking = turns.has(BLOCKING)
    ? [
        target('q/s without blocked names over that with them', round(of(US, rate) / of(BLOCKING, rate)), 1.03),
        target('CPU an answer with blocked names over that without', round(of(BLOCKING, cpu) / of(US, cpu)), 1.03),
      ]
    : []
  return {
    tables: [
      {
        title: `${values['names']} cached names, ${kindOf(values)}, one core; medians of ${values['rounds']} rounds in turn`,
        columns: [
          'server',
          'q/s',
          'CPU s a million',
          'p50 us',
          'p99 us',
          `q/s over ${best}`,
          `CPU over ${best}`,
          'dnsperf q/s',
        ],
        rows,
      },
    ],
    targets: [...targets, ...blocking],
    data: { turns: Object.fromEntries(turns) },
  }
}
