/** Puts desk and doors together. */
import { errorText } from '../base/index.ts'
import { checkAccess, clientBook, compileAccess } from './access/access.ts'
import { ServerCookies } from './desk/cookies.ts'
import { Desk } from './desk/desk.ts'
import { type DoorSet, openDoors } from './doors/doors.ts'
import { listenEndpoints, type Open } from './doors/listen.ts'
import { Connections, openTcp } from './doors/tcp.ts'
import { openUdp } from './doors/udp.ts'
import { limits as defaultLimits, type ServeLimits } from './limits.ts'
import type { FrontEnd, FrontEndDeps, FrontEndHooks } from './types.ts'

/**
 * Starts to listen and answer. Throws ChordnsError: CONFIG_ADDRESS, CONFIG_ACCESS, CONFIG_ACCESS_MISSING before anything
 * is bound; LISTEN_FAILED with detail {address, protocol, reason, fix} when a listed address cannot be bound.
 */
export async function createFrontEnd(deps: FrontEndDeps, hooks: FrontEndHooks = {}): Promise<FrontEnd> {
  const { resolver, clock, log } = deps
  const options = { ...deps.options }
  const limits: ServeLimits = { ...defaultLimits, ...deps.limits }
  checkAccess(listenEndpoints(options.listen), options.access)
  let book = clientBook(compileAccess(options.access), limits.MAX_KNOWN_CLIENTS)
  const clientOf = (address: string) => book(address)
  const cookies = deps.cookieSecret && new ServerCookies(deps.cookieSecret)
  const desk = new Desk(
    { resolver, options, clientOf, clock, log, limits, cookies },
    { onQuery: hooks.onQuery ?? (() => {}), onNotify: hooks.onNotify },
  )
  const connections = new Connections(limits, clientOf)
  const open: Open = (protocol, endpoint) =>
    protocol === 'udp' ? openUdp(endpoint, desk, log, limits) : openTcp(endpoint, desk, connections, clock, log)
  const { localAddresses } = hooks
  const doors = await openDoors(options.listen, { open, localAddresses, clock, log, limits })
  return {
    get addresses() {
      return doors.addresses()
    },
    stats: () => ({ ...desk.stats(), tcpConnections: connections.size }),
    reconfigure: (next) => {
      checkAccess(listenEndpoints(options.listen), next.access)
      book = clientBook(compileAccess(next.access), limits.MAX_KNOWN_CLIENTS)
      Object.assign(options, next)
    },
    close: once((drainMs) =>
      shut(doors, desk, drainMs).catch((error) => log.warn({ error: errorText(error) }, 'closing failed')),
    ),
  }
}

async function shut(doors: DoorSet, desk: Desk, drainMs: number): Promise<void> {
  await doors.stopTaking()
  await desk.drain(drainMs)
  await doors.close()
}

/** Closing twice is closing once. */
function once(close: (drainMs: number) => Promise<void>): (drainMs: number) => Promise<void> {
  let closing: Promise<void> | undefined
  return (drainMs) => (closing ??= close(drainMs))
}
