/** Small servers on loopback for the tests of upstream sockets, and queries to them. */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type Server, type Socket as TcpSocket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import type { Endpoint, ReplyVerdict, UpstreamProtocol, UpstreamQuery } from '../../../src/base/index.ts'
import { concatBytes } from '../../../src/base/index.ts'

/** A message that begins with an id, as DNS messages do. */
export function message(id: number, text = ''): Uint8Array {
  return concatBytes(Uint8Array.of(id >> 8, id & 255), new TextEncoder().encode(text))
}

export const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes.subarray(2))
export const idOf = (bytes: Uint8Array): number => bytes[0]! * 256 + bytes[1]!

export function framed(bytes: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(bytes.length >> 8, bytes.length & 255), bytes)
}

/** Accepts the reply with the id of the query; with another id and the same text it is a near miss. */
export function classifierFor(sent: Uint8Array): (reply: Uint8Array) => ReplyVerdict {
  return (reply) => {
    if (reply.length >= 2 && idOf(reply) === idOf(sent)) return 'accept'
    return textOf(reply) === textOf(sent) ? 'near-miss' : 'ignore'
  }
}

export function ask(
  server: Endpoint,
  protocol: UpstreamProtocol,
  sent: Uint8Array,
  overrides: Partial<UpstreamQuery> = {},
): UpstreamQuery {
  const signal = new AbortController().signal
  return { server, protocol, message: sent, timeoutMs: 5_000, signal, classify: classifierFor(sent), ...overrides }
}

export interface UdpServer {
  readonly endpoint: Endpoint
  readonly socket: Socket
  close(): Promise<void>
}

export async function udpServer(
  onQuery: (query: Uint8Array, from: RemoteInfo, socket: Socket) => void,
  address = '127.0.0.1',
): Promise<UdpServer> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
  socket.on('message', (query, from) => onQuery(new Uint8Array(query), from, socket))
  socket.bind(0, address)
  await once(socket, 'listening')
  return {
    endpoint: { address, port: socket.address().port },
    socket,
    close: async () => {
      socket.close()
      await once(socket, 'close')
    },
  }
}

export interface TcpServer {
  readonly endpoint: Endpoint
  readonly server: Server
  /** Connections so far, ended ones too. */
  readonly connections: TcpSocket[]
  close(): Promise<void>
}

/** Calls back for each whole query. */
export async function tcpServer(onQuery: (query: Uint8Array, socket: TcpSocket) => void): Promise<TcpServer> {
  const connections: TcpSocket[] = []
  const server = createServer((socket) => {
    connections.push(socket)
    let held = new Uint8Array(0)
    socket.on('error', () => {})
    socket.on('data', (data) => {
      held = new Uint8Array(concatBytes(held, data))
      while (held.length >= 2 && held.length >= 2 + idOf(held)) {
        const end = 2 + idOf(held)
        const query = held.slice(2, end)
        held = held.slice(end)
        onQuery(query, socket)
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no address')
  return {
    endpoint: { address: '127.0.0.1', port: address.port },
    server,
    connections,
    close: async () => {
      for (const socket of connections) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** A port of loopback that nobody listens on. */
export async function freePort(): Promise<number> {
  const { endpoint, close } = await udpServer(() => {})
  await close()
  return endpoint.port
}

/** Sockets of this process that are open, once those that were closed are gone. */
export async function openSockets(): Promise<number> {
  for (let i = 0; i < 10; i++) await setImmediate()
  return process.getActiveResourcesInfo().filter((name) => /^(UDP|TCP)/.test(name)).length
}
