/** The status API of one node: which paths there are, and what each answers with. How it looks as JSON is in views.ts. */
import { ChordnsError, type Clock, type Log, type Random } from '../base/index.ts'
import type { Cache, CacheContents, Reach, WarmCache } from '../cache/index.ts'
import type { Chunks } from '../chunks/index.ts'
import { Class, type Name, parseName, type Question, ROOT, Type, typeFromText } from '../dns/index.ts'
import { acts, looksUp, type Metrics, PlainReply, reads, type StatusRoute, type StatusView } from '../observe/index.ts'
import type { ResolveStep } from '../resolver/index.ts'
import type { FrontEnd } from '../serve/index.ts'
import { flushCached, showCached } from './cache-commands.ts'
import type { CdsCarrier } from './carrying/carrier.ts'
import type { Core } from './core/core.ts'
import type { DataFile } from './disk.ts'
import { filterRoutes } from './filtering/filter-routes.ts'
import type { Filtering } from './filtering/filtering.ts'
import { listRoutes } from './filtering/list-routes.ts'
import { boxName, withBoxNames } from './home/box-names.ts'
import type { DeviceWatch } from './home/device-watch.ts'
import { homeRoutes } from './home/routes.ts'
import type { SharedNames } from './home/shared-names.ts'
import type { QueryWatch } from './query-watch.ts'
import type { Peers } from './ring.ts'
import type { QueryTap } from './tapping/query-tap.ts'
import { viewChunk, viewLookup, viewRead, viewRing, viewVerify } from './views.ts'

export interface StatusDeps {
  readonly version: string
  readonly clock: Clock
  /** Monotonic ms. */
  readonly startedAt: number
  readonly log: Log
  readonly cache: Cache & CacheContents
  readonly warm: WarmCache | undefined
  /** Undefined: nothing is kept on disk. */
  readonly dataFile: DataFile | undefined
  readonly core: Core
  /** Undefined without a ring, and as long as it waits. */
  readonly peers: () => Peers | undefined
  /** Resolves when a ring that waits has begun. */
  readonly ringAwake: () => Promise<void>
  /** Undefined without a ring. */
  readonly sharedNames: () => SharedNames | undefined
  /** Undefined: they are not looked for. */
  readonly devices: DeviceWatch | undefined
  readonly random: Random
  /** Undefined: it carries no CDS sets. */
  readonly carrier: CdsCarrier | undefined
  readonly filtering: Filtering
  readonly watch: Pick<QueryWatch, 'blocked'>
  readonly frontEnd: FrontEnd
  /** Undefined as long as nothing was configured, which a reload may do. */
  readonly tap: () => QueryTap | undefined
  readonly metrics: Metrics
}

type StatusRoutes = Readonly<Record<string, StatusRoute>>

/** Path -> what answers it; a ChordnsError that is thrown becomes a reply with its code. `ledgers`: the paths of a ledger. */
export function statusRoutes(deps: StatusDeps, ledgers: StatusRoutes): StatusRoutes {
  const { clock, dataFile, metrics } = deps
  return {
    ...routesOfRing(deps),
    '/healthz': reads(() => ({ ok: true })),
    '/readyz': reads(() => readiness(knowsTheWay(deps))),
    '/metrics': reads(async () => new PlainReply(200, metrics.contentType, await metrics.text())),
    '/lookup': looksUp((query, signal) => lookup(deps, query, signal)),
    '/cache': looksUp((query) => showCached(deps, nameOf(query), reachOf(query))),
    '/cache/flush': acts((query) => flushCached(deps, nameOf(query), reachOf(query))),
    ...filterRoutes({
      control: deps.filtering,
      clock,
      blockedToday: (list) => deps.watch.blocked.of(list),
      settled: async () => dataFile?.settled(),
    }),
    ...ledgers,
  }
}

/** What is asked of the ring, and what boxes have in common over it: a ring that waits begins first. */
function routesOfRing(deps: StatusDeps): StatusRoutes {
  const { clock, dataFile } = deps
  const there = () => {
    const peers = deps.peers()
    if (peers === undefined) throw ringOff()
    return peers
  }
  const routes: StatusRoutes = {
    '/status': reads(() => statusOf(deps)),
    '/ring/expel': acts(async (query) => {
      const { expelMember } = await import('./ring-commands.ts')
      return expelMember(there().ring, query.get('member') ?? '')
    }),
    '/ring/invite': acts(async (query) => {
      const { announceInvitation } = await import('./ring-commands.ts')
      return announceInvitation(there().ring, query.get('invitation') ?? '')
    }),
    '/ring/revoke': acts(async (query) => {
      const { announceRevocation } = await import('./ring-commands.ts')
      return announceRevocation(there().ring, query)
    }),
    '/chunk': reads(async (query) => {
      const view = viewChunk(there().chunks, there().chains, parseName(query.get('name') ?? ''), clock.now())
      // What is shown as kept is kept.
      await dataFile?.settled()
      return view
    }),
    '/chunk/read': looksUp((query, signal) => {
      return askReplicas(there().chunks, nameOf(query), clock, signal)
    }),
    ...listRoutes({
      control: deps.filtering,
      settings: () => there().settings,
      settled: async () => dataFile?.settled(),
    }),
    ...homeRoutes({
      settings: () => there().settings,
      names: deps.sharedNames,
      devices: () => deps.devices,
      random: deps.random,
      settled: async () => dataFile?.settled(),
    }),
    '/chain/verify': looksUp(() => {
      const { chains } = there()
      if (chains === undefined) throw ringOff()
      return viewVerify(chains.verify())
    }),
  }
  const awake = (route: StatusRoute): StatusRoute => ({
    ...route,
    handle: async (...given) => {
      await deps.ringAwake()
      return route.handle(...given)
    },
  })
  return Object.fromEntries(Object.entries(routes).map(([path, route]) => [path, awake(route)]))
}

/** What people ask a name for. Nothing of it is fetched: what no replica has is not shown. */
const SHOWN_TYPES = [Type.A, Type.AAAA, Type.HTTPS, Type.CNAME, Type.MX, Type.TXT, Type.NS]

async function askReplicas(chunks: Chunks, name: Name, clock: Clock, signal: AbortSignal) {
  const found = SHOWN_TYPES.map(async (type) => {
    const question = { name, type, class: Class.IN }
    return viewRead(question, await chunks.read(question, signal), clock.now())
  })
  return (await Promise.all(found)).filter((one) => one !== undefined)
}

/** Throws USAGE without a name: an empty one is the root's, and would flush everything. */
function nameOf(query: URLSearchParams) {
  const text = query.get('name')
  if (text === null || text === '') throw new ChordnsError('USAGE', 'the name is missing', {})
  return parseName(text)
}

function reachOf(query: URLSearchParams): Reach {
  return query.get('below') === '1' ? 'below' : 'name'
}

function ringOff() {
  return new ChordnsError('RING_OFF', 'this node runs without a ring (ring.enabled is false)', {})
}

/** The cache context of what is no stub, forward or ledger zone. */
const MAIN = 'main'

/** The servers of the root are known, or all of it is forwarded. */
function knowsTheWay({ cache, clock, core }: StatusDeps): boolean {
  const context = core.recursor.contextOf({ name: ROOT, type: Type.NS, class: Class.IN })
  return context !== MAIN || cache.delegation(MAIN, ROOT, clock.now()) !== undefined
}

/** For load balancers: whether questions would be answered. It is up before, and says so at /healthz. */
function readiness(isReady: boolean): PlainReply {
  return new PlainReply(
    isReady ? 200 : 503,
    'application/json; charset=utf-8',
    `${JSON.stringify({ ready: isReady })}\n`,
  )
}

/** What the status is read from. */
export type StatusSource = Pick<
  StatusDeps,
  'version' | 'clock' | 'startedAt' | 'cache' | 'warm' | 'core' | 'peers' | 'carrier' | 'frontEnd' | 'tap'
>

export function statusOf({
  version,
  clock,
  startedAt,
  cache,
  warm,
  core,
  peers: peersNow,
  carrier,
  frontEnd,
  tap,
}: StatusSource): StatusView {
  const peers = peersNow()
  return {
    version,
    pid: process.pid,
    uptimeSeconds: (clock.monotonic() - startedAt) / 1000,
    multiaddrs: [...(peers?.transport.addresses() ?? [])],
    peer: peers?.transport.self ?? null,
    listen: frontEnd.addresses.map((one) => ({ ...one })),
    ring:
      peers === undefined
        ? null
        : viewRing(peers.ring, peers.turnedAway.state(), {
            nameOf: (peer) => boxName(peers.settings, peer),
            replyMs: peers.traffic.replyMs,
          }),
    cache: { ...cache.stats(), ...warm?.stats() },
    upstream: { ...core.recursor.stats(), healed: core.healed, ...changesOf(core) },
    serve: serveOf(frontEnd),
    chunks: peers === undefined ? null : { ...peers.chunks.stats() },
    chains: peers?.chains === undefined ? null : { ...peers.chains.stats() },
    household: peers?.household === undefined ? null : { ...peers.household.stats() },
    settings: peers === undefined ? null : { ...peers.settings.stats() },
    carrier: carrier === undefined ? null : { ...carrier.stats() },
    traffic: peers === undefined ? null : { ...peers.traffic.stats() },
    ...dnstapOf(tap()),
    memory: { rssBytes: process.memoryUsage.rss(), heapUsedBytes: process.memoryUsage().heapUsed },
  }
}

function dnstapOf(tap: QueryTap | undefined): Pick<StatusView, 'dnstap'> {
  const stats = tap?.stats()
  return stats === undefined ? {} : { dnstap: { ...stats } }
}

/** Counters of the workers beside the others: `fastAnswered` ...; `fastWorkers` is 0 where the main thread answers all. */
function serveOf(frontEnd: FrontEnd): Record<string, number> {
  const { fast, ...counts } = frontEnd.stats()
  const named = Object.entries(fast ?? { workers: 0 }).map(([key, value]) => [
    `fast${key[0]!.toUpperCase()}${key.slice(1)}`,
    value,
  ])
  return { ...counts, ...Object.fromEntries(named) }
}

async function lookup({ core, clock, peers: peersNow }: StatusDeps, query: URLSearchParams, signal: AbortSignal) {
  const type = typeFromText(query.get('type') ?? 'A')
  if (type === undefined) throw new ChordnsError('USAGE', 'unknown record type', {})
  const question: Question = { name: parseName(query.get('name') ?? ''), type, class: Class.IN }
  const steps: ResolveStep[] = []
  const started = clock.monotonic()
  const resolution = await core.resolver.resolve({
    question,
    recursionDesired: true,
    checkingDisabled: query.get('cd') === '1',
    dnssecOk: false,
    authenticData: true,
    client: 'status-api',
    signal,
    ...(query.get('explain') === '1' && { onStep: (step: ResolveStep) => steps.push(step) }),
  })
  const view = viewLookup(question, resolution, steps, clock.monotonic() - started, clock.now())
  const peers = peersNow()
  if (peers === undefined) return view
  return { ...view, steps: view.steps.map((step) => ({ ...step, text: withBoxNames(peers.settings, step.text) })) }
}

/** Named by what they count, since they stand among others. */
function changesOf(core: Core) {
  const { notified, refused, looks, fetched, changed } = core.changes()
  return { notified, notifiesRefused: refused, serialLooks: looks, fetchedAnew: fetched, changed }
}
