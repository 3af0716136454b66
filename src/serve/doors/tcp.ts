/** DNS over TCP (RFC 7766), and what all doors for connections have in common. */
import { once } from 'node:events'
import { createServer, isIPv6, type Server, type Socket } from 'node:net'
import { type Clock, type Endpoint, errorText, type Log } from '../../base/index.ts'
import type { Desk } from '../desk/desk.ts'
import type { ServeLimits } from '../limits.ts'
import { Connection } from './connection.ts'
import type { ConnectionPlace, Connections } from './connections.ts'
import type { SocketStock } from './inherited.ts'
import type { Door } from './udp.ts'

/** Time for the last answers to leave their sockets when the front end closes. */
const CLOSE_GRACE_MS = 250

export interface StreamDeps {
  readonly desk: Desk
  readonly connections: Connections
  readonly clock: Clock
  readonly log: Log
  readonly limits: ServeLimits
  /** Listeners that are there already. Default: none. */
  readonly inherited?: SocketStock
}

/** Listens, or rejects with the system's error. */
export function openTcp(endpoint: Endpoint, deps: StreamDeps): Promise<Door> {
  return openStream(endpoint, deps, (socket, place) => place.become(framed(socket, place, 'tcp', deps)))
}

/** A connection of framed questions, once its bytes can be read. */
export function framed(socket: Socket, place: ConnectionPlace, protocol: 'tcp' | 'tls', deps: StreamDeps): Connection {
  const { connections, desk, clock, limits } = deps
  const { answers } = connections
  const mayAsk = () => connections.mayAsk(place.address)
  return new Connection(socket, place, { protocol, desk, clock, limits, answers, mayAsk })
}

/** Listens, and hands over each connection that has its place. Rejects with the system's error. */
export async function openStream(
  endpoint: Endpoint,
  { connections, clock, log, inherited }: StreamDeps,
  onConnection: (socket: Socket, place: ConnectionPlace) => void,
): Promise<Door> {
  const { address } = endpoint
  const listener = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    const place = connections.enter(socket, clock.monotonic())
    if (place !== undefined) onConnection(socket, place)
  })
  const port = await listen(listener, endpoint, inherited?.take('stream', endpoint))
  listener.on('error', (error) => log.warn({ address, error: errorText(error) }, 'TCP listener error'))
  // Not `once`: it would reject on an 'error' of accept (EMFILE), long before anybody waits for it.
  const closed = new Promise<void>((resolve) => listener.once('close', () => resolve()))
  return {
    endpoint: { address, port },
    async stopTaking() {
      listener.close()
      connections.finishAll()
    },
    async close() {
      listener.close()
      await connections.closeAll(clock, CLOSE_GRACE_MS)
      await closed
    },
    // Connections to an address that is gone hear nothing any more, and end when they have been idle too long.
    async withdraw() {
      listener.close()
    },
  }
}

async function listen(listener: Server, { address, port }: Endpoint, fd: number | undefined): Promise<number> {
  const listening = once(listener, 'listening')
  if (fd === undefined)
    listener.listen({ host: address, port, exclusive: true, ipv6Only: isIPv6(address), backlog: 511 })
  else listener.listen({ fd, backlog: 511 })
  await listening
  const bound = listener.address()
  return typeof bound === 'object' && bound !== null ? bound.port : port
}
