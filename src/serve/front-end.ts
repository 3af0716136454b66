/** Puts desk and doors together. */
import { errorText } from '../base/index.ts'
import { checkAccess, clientBook, compileAccess } from './access/access.ts'
import { NO_RATE, ReplyRate, rateMemory } from './access/rate.ts'
import { ServerCookies } from './desk/cookies.ts'
import { Desk } from './desk/desk.ts'
import { Connections } from './doors/connections.ts'
import { type DoorSet, openDoors } from './doors/doors.ts'
import { SocketStock } from './doors/inherited.ts'
import { listenEndpoints, type Open } from './doors/listen.ts'
import { openTcp } from './doors/tcp.ts'
import type { TlsKeys } from './doors/tls-keys.ts'
import { openUdp } from './doors/udp.ts'
import { createFastPath, type FastPath } from './fast/fast-path.ts'
import { limits as defaultLimits, type ServeLimits } from './limits.ts'
import type { FrontEnd, FrontEndDeps, FrontEndHooks } from './types.ts'

/**
 * Starts to listen and answer. Throws ChordnsError: CONFIG_ADDRESS, CONFIG_ACCESS, CONFIG_ACCESS_MISSING before anything
 * is bound; LISTEN_FAILED with detail {address, protocol, reason, fix} when a listed address cannot be bound.
 */
export async function createFrontEnd(deps: FrontEndDeps, hooks: FrontEndHooks = {}): Promise<FrontEnd> {
  const { resolver, clock, log } = deps
  const inherited = new SocketStock(deps.inherited ?? [])
  const options = { ...deps.options, listen: inherited.listen(deps.options.listen) }
  const limits: ServeLimits = { ...defaultLimits, ...deps.limits }
  checkAccess(listenEndpoints(options.listen), options.access)
  const secure = options.tls && (await import('./doors/secure.ts'))
  let book = clientBook(compileAccess(options.access), limits.MAX_KNOWN_CLIENTS)
  const clientOf = (address: string) => book(address)
  const cookies = deps.cookieSecret && new ServerCookies(deps.cookieSecret)
  const counted = rateMemory(seedOf(deps))
  const rate = new ReplyRate(counted)
  rate.set(options.rate ?? NO_RATE)
  const fast = openFast(deps, hooks, limits, counted)
  // Questions come once it is there.
  let doors: DoorSet | undefined
  const desk = new Desk(
    {
      resolver,
      options,
      clientOf,
      clock,
      log,
      limits,
      cookies,
      rate,
      addresses: () => doors?.addresses() ?? [],
      memory: fast?.keeper,
    },
    { onQuery: hooks.onQuery ?? (() => {}), onWire: hooks.onWire, onNotify: hooks.onNotify },
  )
  const connections = new Connections(limits, clientOf, fast?.answers)
  const keys = options.tls && secure && new secure.TlsKeys(options.tls, clock, limits)
  const streams = { desk, connections, clock, log, limits, inherited }
  const open: Open = async (protocol, endpoint) => {
    if (protocol === 'udp') {
      const fd = inherited.take('datagram', endpoint)
      return fast?.openUdp(endpoint, desk, fd) ?? openUdp(endpoint, desk, { log, limits, fd })
    }
    if (protocol === 'tcp') return openTcp(endpoint, streams)
    if (keys === undefined || secure === undefined) throw new Error('there is no certificate')
    const { openTls, openHttps } = secure
    return protocol === 'tls' ? openTls(endpoint, { ...streams, keys }) : openHttps(endpoint, { ...streams, keys })
  }
  const { localAddresses } = hooks
  const opened = await openDoors(options.listen, { open, localAddresses, clock, log, limits }).catch(async (error) => {
    keys?.stop()
    await fast?.close()
    throw error
  })
  doors = opened
  inherited.closeRest(log)
  return {
    get addresses() {
      return opened.addresses()
    },
    stats: () => ({ ...withFast(desk.stats(), fast), tcpConnections: connections.size }),
    cacheChanged: (name) => fast?.changed(name),
    reconfigure: (next) => {
      checkAccess(listenEndpoints(options.listen), next.access)
      if (next.tls !== undefined) keys?.renew(next.tls)
      book = clientBook(compileAccess(next.access), limits.MAX_KNOWN_CLIENTS)
      Object.assign(options, next)
      rate.set(next.rate ?? NO_RATE)
      fast?.reconfigure(next)
    },
    close: once((drainMs) =>
      shut({ doors: opened, desk, fast, keys }, drainMs).catch((error) =>
        log.warn({ error: errorText(error) }, 'closing failed'),
      ),
    ),
  }
}

interface Parts {
  readonly doors: DoorSet
  readonly desk: Desk
  readonly fast: FastPath | undefined
  readonly keys: TlsKeys | undefined
}

async function shut({ doors, desk, fast, keys }: Parts, drainMs: number): Promise<void> {
  keys?.stop()
  await doors.stopTaking()
  await desk.drain(drainMs)
  await doors.close()
  await fast?.close()
}

function openFast(
  { fast, seed, resolver, clock, log, options, cookieSecret }: FrontEndDeps,
  { mayRemember = () => true }: FrontEndHooks,
  limits: ServeLimits,
  rate: SharedArrayBuffer,
): FastPath | undefined {
  if (fast === undefined || !fast.fast || seed === undefined) return undefined
  const { workers, tableBytes } = fast
  const { access, tellsAll = false } = options
  const sizes = { limits, workers, tableBytes, seed }
  const deps = { resolver, clock, log, ...sizes, access, tellsAll, mayRemember, rate, cookieSecret }
  return createFastPath(deps)
}

function withFast(desk: ReturnType<Desk['stats']>, path: FastPath | undefined) {
  if (path === undefined) return desk
  const fast = path.stats()
  const { queries, answered, limited } = desk
  return {
    ...desk,
    queries: queries + fast.answered,
    answered: answered + fast.answered,
    limited: limited + fast.limited,
    fast,
  }
}

/** What the counters' places are keyed with, so that nobody can choose two addresses that share one. */
function seedOf({ seed }: FrontEndDeps): number {
  return seed === undefined ? 0 : (seed[4]! << 24) | (seed[5]! << 16) | (seed[6]! << 8) | seed[7]!
}

/** Closing twice is closing once. */
function once(close: (drainMs: number) => Promise<void>): (drainMs: number) => Promise<void> {
  let closing: Promise<void> | undefined
  return (drainMs) => (closing ??= close(drainMs))
}
