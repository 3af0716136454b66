/** DNS over TLS (RFC 7858): connections of framed questions, inside TLS. And the beginning of what HTTPS is made of. */
import type { Server, TLSSocket } from 'node:tls'
import { type Endpoint, errorText } from '../../base/index.ts'
import type { ConnectionPlace } from './connections.ts'
import { framed, openStream, type StreamDeps } from './tcp.ts'
import type { TlsKeys } from './tls-keys.ts'
import type { Door } from './udp.ts'

export interface TlsDeps extends StreamDeps {
  readonly keys: TlsKeys
}

/** RFC 7858 section 3.1. Clients that offer no protocol at all are answered, too. */
const ALPN = ['dot']

/** Listens, or rejects with the system's error. */
export function openTls(endpoint: Endpoint, deps: TlsDeps): Promise<Door> {
  return openSecure(endpoint, ALPN, deps, (socket, place) => place.become(framed(socket, place, 'tls', deps)))
}

/** Listens, and hands over each connection whose handshake is done. A connection has its place from its first byte on. */
export async function openSecure(
  endpoint: Endpoint,
  alpn: readonly string[],
  deps: TlsDeps,
  onSecure: (socket: TLSSocket, place: ConnectionPlace) => void,
): Promise<Door> {
  const { keys, log } = deps
  const places = new Map<string, ConnectionPlace>()
  const server: Server = keys.server(alpn, (socket) => {
    socket.setNoDelay(true)
    socket.on('error', () => socket.destroy())
    const place = places.get(keyOf(socket.remoteAddress, socket.remotePort))
    if (place === undefined) socket.destroy()
    else onSecure(socket, place)
  })
  server.on('tlsClientError', (error, socket) => {
    log.debug({ error: errorText(error) }, 'a TLS handshake failed')
    // Node leaves open what has taken too long.
    socket.destroy()
  })
  const door = await openStream(endpoint, deps, (socket, place) => {
    const key = keyOf(place.address, place.port)
    places.set(key, place)
    socket.once('close', () => places.delete(key))
    socket.on('error', () => socket.destroy())
    server.emit('connection', socket)
  }).catch((error: unknown) => {
    keys.drop(server)
    throw error
  })
  const close = async (how: () => Promise<void>) => {
    keys.drop(server)
    await how()
  }
  return { ...door, close: () => close(door.close), withdraw: () => close(door.withdraw) }
}

/** Of the clients of one door no two have the same. */
function keyOf(address: string | undefined, port: number | undefined): string {
  return `${address} ${port}`
}
