/**
 * One running node: its parts are made in the order in which each needs the one before, and ended by `stop`, which also ends
 * a start that failed half-way.
 */
import { hostname } from 'node:os'
import { ChordnsError, errorText, isChordnsError, type Log } from '../base/index.ts'
import { createCache, createWarmCache } from '../cache/index.ts'
import type { Config } from '../config/index.ts'
import { type Name, Type } from '../dns/index.ts'
import { createExchange, hasAddress, localAddresses, systemClock, systemRandom } from '../io/index.ts'
import { createMetrics, type StatusServer } from '../observe/index.ts'
import type { Recursor } from '../recurse/index.ts'
import type { Resolver } from '../resolver/index.ts'
import type { Ring } from '../ring/index.ts'
import { createFrontEnd, endpointText, type FrontEnd, type InheritedSocket } from '../serve/index.ts'
import { needsAnchors } from './core/anchors.ts'
import type { Core } from './core/core.ts'
import type { CoreReload } from './core/reload.ts'
import { composeCore } from './core-composition.ts'
import type { ShownSettings } from './dashboard.ts'
import { openDataFile } from './disk.ts'
import { Filtering } from './filtering/filtering.ts'
import { hostAddresses } from './filtering/host-addresses.ts'
import { sayOwnName } from './home/box-names.ts'
import { DeviceWatch } from './home/device-watch.ts'
import { MdnsBridge } from './home/mdns.ts'
import { askLocalNetwork } from './home/multicast.ts'
import { RouterNames } from './home/router-names.ts'
import { SharedNames } from './home/shared-names.ts'
import { limits } from './limits.ts'
import type { Machine, NodeParts } from './node-parts.ts'
import { createQueryLog } from './query-log.ts'
import { QueryWatch } from './query-watch.ts'
import type { Peers } from './ring.ts'
import { rootKeys } from './root-keys.ts'
import { statusOf } from './status.ts'
import { openStatus } from './status-doors.ts'
import { tappedExchange } from './tapping/tapped-exchange.ts'
import { needsTls, prepareTls, readTls } from './tls/credentials.ts'
import { mayWait, WaitingRing } from './waiting-ring.ts'

export interface RunningNode {
  readonly frontEnd: FrontEnd
  readonly status: StatusServer | undefined
  /** For the LAN. */
  readonly dashboard: StatusServer | undefined
  /** None as long as there is no ring. */
  readonly multiaddrs: readonly string[]
  /** The one line that `start` prints once it answers. */
  readonly readyLine: string
  readonly resolver: Resolver
  /** Begins it where it waits. Undefined: there is none. */
  ring(): Promise<Ring | undefined>
  /**
   * Puts another configuration in force while questions are answered, with the cache kept; keys that are read only at the
   * start are ignored. Rejects with ChordnsError CONFIG_*, HINTS_EMPTY, DNSSEC_BAD_ANCHOR, and then changes nothing. One at a time.
   */
  reload(config: Config, shown?: ShownSettings): Promise<CoreReload>
  /** Resolves when the node cannot go on, with the reason; it answers still, and is to be closed. */
  readonly broken: Promise<ChordnsError>
  close(drainMs: number): Promise<void>
}

export { inheritedSockets, tellSupervisor } from '../serve/index.ts'

export interface StartOptions {
  readonly config: Config
  readonly log: Log
  readonly version: string
  /** Of the configuration, for the dashboard. */
  readonly shown?: ShownSettings
  /** Sockets that the service manager has opened. Default: none. */
  readonly inherited?: readonly InheritedSocket[]
}

/** Answers questions once it resolves. What it throws has ended all that was begun. */
export async function startNode({ config, log, version, shown, inherited = [] }: StartOptions): Promise<RunningNode> {
  const machine = { clock: systemClock(), random: systemRandom(), log }
  const startedAt = machine.clock.monotonic()
  const parts: Partial<NodeParts> = { inForce: config, shown }
  try {
    parts.broken = Promise.withResolvers()
    await startResolving(parts, config, machine)
    await startServing(parts, config, machine, { version, inherited })
    const made = parts as NodeParts
    parts.metrics = createMetrics(() =>
      statusOf({ ...made, peers: () => made.peers, tap: () => made.tap, clock: machine.clock, version, startedAt }),
    )
    await openStatus(parts, config, { machine, version, startedAt })
    void prime(made.core.recursor, log)
    made.keys.start()
    return running(made, (next) => loadTap(made, next, machine, version))
  } catch (error) {
    await stop(parts, 0)
    throw error
  }
}

/** All that a question needs but the ring: cache, way to the authorities, the root's keys, the core. */
async function startResolving(
  parts: Partial<NodeParts>,
  config: Config,
  { clock, random, log }: Machine,
): Promise<void> {
  const isKept = config.ring.enabled || config.cache.persist
  const onBroken = (failure: ChordnsError) => parts.broken?.resolve(failure)
  const dataFile = isKept ? await openDataFile(config, { log }, { onBroken }) : undefined
  parts.dataFile = dataFile
  const cache = createCache(
    { ...config.cache, seed: random.bytes(8), clock },
    { onChange: (name) => parts.frontEnd?.cacheChanged(name) },
  )
  parts.cache = cache
  warnOfBind(config, log)
  const exchange = createExchange({ clock, random, bind: config.iterator.bind })
  parts.exchange = exchange
  const keys = rootKeys(
    { data: config.data, clock, log },
    {
      recursor: () => core.recursor,
      isNeeded: () => core.followsRootKeys(),
      onRevoked: () => {
        cache.flush()
        parts.warm?.forget(core.cacheRules())
      },
    },
  )
  parts.keys = keys
  const filtering = new Filtering(
    { config, clock, seed: random.bytes(16), log, resolve: hostAddresses(() => core.resolver) },
    {
      onChange: () => parts.frontEnd?.cacheChanged(undefined),
      identify(address) {
        const device = parts.devices?.deviceOf(address)
        const { mac, name, hostName } = device ?? {}
        return (
          device && { mac, names: [name, hostName].flatMap((one) => (one === undefined ? [] : [one.toLowerCase()])) }
        )
      },
    },
  )
  parts.filtering = filtering
  await loadAnchors(parts, config)
  const heard = tappedExchange(exchange, clock, () => parts.tap)
  const core = composeCore({ cache, exchange: heard, clock, random, log }, config, {
    ownListeners: () => parts.frontEnd?.addresses ?? [],
    filter: filtering.questions,
    rootAnchors: keys.anchors,
    peers: () => parts.peers,
    ledger: () => parts.peers?.ledger?.follower,
    makeAnchors: () => parts.makeAnchors,
    nameProofs: () => parts.peers?.ledger?.nameProofs,
    kept: () => dataFile?.kept,
    bridge: () => parts.bridge,
    localLayers: () => ({ shared: parts.sharedNames?.data, devices: parts.devices?.data }),
  })
  parts.core = core
  if (dataFile === undefined || !config.cache.persist) return
  const warm = createWarmCache({ cache, store: dataFile.cache, clock, log, rules: core.cacheRules() })
  parts.warm = warm
  warm.start()
}

async function loadAnchors(parts: Partial<NodeParts>, { ledger }: Pick<Config, 'ledger'>): Promise<void> {
  if (needsAnchors(ledger)) parts.makeAnchors ??= (await import('../ledger/index.ts')).NameAnchors
}

/** It may come with the network; until then no query leaves by it. */
function warnOfBind({ iterator }: Config, log: Log): void {
  const missing = iterator.bind.filter((address) => !hasAddress(address))
  if (missing.length > 0)
    log.warn(
      { addresses: missing },
      'iterator.bind: this machine has no such address now, so that queries from it fail',
    )
}

/** The ring, now or when somebody asks for it, and the door for stub resolvers. */
async function startServing(
  parts: Partial<NodeParts>,
  config: Config,
  { clock, random, log }: Machine,
  { version, inherited }: Required<Pick<StartOptions, 'version' | 'inherited'>>,
): Promise<void> {
  const { core, filtering } = parts as NodeParts
  const { recursor, resolver } = core
  await startRing(parts as NodeParts, config, { clock, random, log })
  parts.devices = watchDevices(parts as NodeParts, config, { clock, random, log })
  if (config.devices?.mdns) parts.bridge = new MdnsBridge({ clock, random, askNetwork: askLocalNetwork })
  await filtering.start()
  const side = parts.peers?.ledger
  if (needsTls(config)) await prepareTls(config, clock.now())
  if (side !== undefined) {
    const [{ useLooks }, { startCarrying }] = await Promise.all([
      import('./ledger/use-looks.ts'),
      import('./carrying/start.ts'),
    ])
    side.lookForUse(useLooks({ resolver, recursor, clock }))
    parts.carrier = await startCarrying({ config, clock, random, log, side, resolver, recursor })
  }
  const queryLog = createQueryLog(log, config.log.queries)
  parts.queryLog = queryLog
  const watch = new QueryWatch(
    config.queries,
    { clock, log },
    {
      counters: () => parts.frontEnd?.stats() ?? { queries: 0 },
      deviceName: (address) => parts.devices?.deviceOf(address)?.name,
      onChange: () => parts.frontEnd?.reconfigure(serveOptions(parts as NodeParts)),
    },
  )
  parts.watch = watch
  await loadTap(parts, config, { clock, log }, version)
  parts.tap?.configure(config.queries)
  parts.frontEnd = await createFrontEnd(
    {
      resolver,
      options: { listen: config.listen, ...serveOptions(parts as NodeParts) },
      cookieSecret: random.bytes(32),
      fast: config.serve,
      seed: random.bytes(8),
      inherited,
      clock,
      log,
    },
    {
      localAddresses,
      onQuery: (event) => {
        queryLog.heard(event)
        parts.metrics?.heard(watch.heard(event))
      },
      onWire: (event) => parts.tap?.client(event),
      onNotify: onNotifyOf({ core, carrier: parts.carrier, filtering }),
      // What a ledger says of a name may change at any block, and is looked at by whoever asks; its DS set is the ledger's as well.
      mayRemember: (question) =>
        !core.isOfLedger(question.name) && !recursor.contextOf({ ...question, type: Type.SOA }).startsWith('ledger:'),
    },
  )
}

async function startRing(parts: NodeParts, config: Config, machine: Machine): Promise<void> {
  const { dataFile } = parts
  const { enabled, byDefault, listen } = config.ring
  // Without its data this node may be there twice under one name.
  if (!enabled || (byDefault && dataFile === undefined)) return
  const begin = () => beginRing(parts, config, machine)
  if (dataFile === undefined || !mayWait(config, dataFile)) return begin()
  parts.waiting = new WaitingRing({ listen, log: machine.log }, { begin })
  await parts.waiting.watch()
}

/** With what the boxes of a household have in common, which is in force from here on. */
async function beginRing(parts: NodeParts, config: Config, { clock, random, log }: Machine): Promise<void> {
  const { core, dataFile, cache, filtering } = parts
  try {
    const { startPeers } = await import('./ring.ts')
    parts.peers = await startPeers(
      { config, clock, random, log, cache, recursor: core.recursor, dataFile },
      {
        isAnswering: () => core.isAnswering,
        isPrivate: (question) => core.isPrivate(question),
        onAgreed: (finding) => void core.agreed(finding),
      },
    )
  } catch (error) {
    // Nobody asked for this ring: a resolver that could not begin it is one all the same.
    if (!config.ring.byDefault || !isChordnsError(error)) throw error
    log.warn({ code: error.code, error: errorText(error) }, 'no ring was begun: nobody can be invited')
    return
  }
  const { settings } = parts.peers
  parts.sharedNames = followSettings(parts.peers, core, { random, log })
  filtering.follow(settings, async () => dataFile?.settled())
  parts.devices?.follow(settings)
}

/** Nothing of dnstap is loaded where nobody reads it. */
async function loadTap(
  parts: Partial<NodeParts>,
  { queries }: Pick<Config, 'queries'>,
  { clock, log }: Pick<Machine, 'clock' | 'log'>,
  version: string,
): Promise<void> {
  if (queries.dnstap === undefined || parts.tap !== undefined) return
  const { QueryTap } = await import('./tapping/query-tap.ts')
  const level = () => parts.watch?.book.options.privacy ?? 'off'
  const markOf = (client: string) => parts.watch?.book.markOf(client) ?? ''
  parts.tap = new QueryTap({ clock, log, version, level, markOf })
}

/** What the boxes of a household have in common is in force here, now and after each change. */
function followSettings({ settings, transport }: Peers, core: Core, { random, log }: Pick<Machine, 'random' | 'log'>) {
  sayOwnName(settings, transport.self, hostname())
  return new SharedNames({ settings, random, log }, { onChange: () => core.localChanged() })
}

function watchDevices(
  { core, exchange, peers }: NodeParts,
  { devices: config }: Config,
  { clock, random, log }: Machine,
): DeviceWatch | undefined {
  if (config === undefined) return undefined
  const routerNames = new RouterNames({ exchange, clock, random })
  const watch = new DeviceWatch({ config, routerNames, clock, random, log }, { onChange: () => core.localChanged() })
  if (peers !== undefined) watch.follow(peers.settings)
  watch.start()
  return watch
}

/** What a zone says of its CDS set is a hint for a carrier; all else one for what the cache has of it. */
function onNotifyOf({ core, carrier, filtering }: Pick<NodeParts, 'core' | 'carrier' | 'filtering'>) {
  return (zone: Name, from: string, type: number) => {
    if (type === Type.CDS) return carrier?.notified(zone, from)
    return filtering.notified(zone, from) ? 'taken' : core.notified(zone, from)
  }
}

/** Throws TLS_CERTIFICATE. */
function serveOptions({ inForce: config, watch }: Pick<NodeParts, 'inForce' | 'watch'>) {
  const { access, resolver, identity, serve } = config
  const { explain, minimalResponses } = resolver
  const rate = { perSecond: serve.repliesPerSecond, slip: serve.slip }
  const tls = needsTls(config) ? readTls(config) : undefined
  // Answers of the workers are in no log.
  const tellsAll = config.log.queries || watch.book.wantsAll
  return { access, identity, explain, minimalResponses, rate, tls, tellsAll }
}

function running(parts: NodeParts, loadMore: (next: Config) => Promise<void>): RunningNode {
  const { core, warm, frontEnd, status, dashboard, broken } = parts
  return {
    frontEnd,
    status,
    dashboard,
    get multiaddrs() {
      return parts.peers?.transport.addresses() ?? []
    },
    readyLine: readyLine(parts),
    resolver: core.resolver,
    async ring() {
      await parts.waiting?.awake()
      return parts.peers?.ring
    },
    broken: broken.promise,
    async reload(next, shown) {
      await loadAnchors(parts, next)
      await loadMore(next)
      // Both may refuse, so nothing is in force before neither has.
      const engage = core.prepare(next)
      frontEnd.reconfigure(serveOptions({ inForce: next, watch: parts.watch }))
      parts.filtering.configure(next.filter)
      const done = engage()
      parts.inForce = next
      parts.shown = shown
      parts.queryLog.isOn = next.log.queries
      parts.watch.configure(next.queries)
      parts.tap?.configure(next.queries)
      frontEnd.reconfigure(serveOptions(parts))
      if (done.flushed === 'all' || done.flushed.length > 0) warm?.forget(core.cacheRules())
      return done
    },
    close: (drainMs) => stop(parts, drainMs),
  }
}

/** No new question first, then what answers the old ones, and last what keeps the result. */
async function stop(parts: Partial<NodeParts>, drainMs: number): Promise<void> {
  await parts.waiting?.stop()
  parts.keys?.stop()
  parts.filtering?.stop()
  parts.carrier?.stop()
  parts.devices?.stop()
  parts.bridge?.stop()
  parts.sharedNames?.stop()
  parts.core?.stop()
  parts.watch?.close()
  await parts.frontEnd?.close(drainMs)
  await parts.tap?.close(limits.DNSTAP_CLOSE_MS)
  await parts.status?.close()
  await parts.dashboard?.close()
  await parts.peers?.close()
  await parts.exchange?.close()
  parts.warm?.stop()
  await parts.dataFile?.close()
}

/** A node without a network still starts, and says so. */
async function prime(recursor: Recursor, log: Log): Promise<void> {
  try {
    await recursor.prime(new AbortController().signal)
    log.info({}, 'the root servers answer')
  } catch (error) {
    log.warn(
      { code: error instanceof ChordnsError ? error.code : 'UNKNOWN' },
      'no root server answers: questions will fail until one does',
    )
  }
}

function readyLine({ frontEnd, status, peers, waiting }: NodeParts): string {
  const of = (protocol: string) =>
    frontEnd.addresses
      .filter((one) => one.protocol === protocol)
      .map(endpointText)
      .join(',')
  const encrypted = ['tls', 'https'].filter((protocol) => of(protocol) !== '')
  const fields = ['udp', 'tcp', ...encrypted].map((protocol) => `${protocol}=${of(protocol)}`)
  if (status !== undefined) fields.push(`status=${endpointText(status.address)}`)
  if (peers !== undefined) fields.push(`peer=${peers.transport.addresses()[0] ?? peers.transport.self}`)
  else if (waiting !== undefined) fields.push('ring=waiting')
  return `ready ${fields.join(' ')}`
}
