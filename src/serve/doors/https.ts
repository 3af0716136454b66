/** DNS over HTTPS (RFC 8484): HTTP/2, and HTTP/1.1 for who knows nothing else, such as a proxy in front. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { constants, performServerHandshake, type ServerHttp2Stream } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import type { Endpoint } from '../../base/index.ts'
import { type DohRequest, readDohRequest } from '../desk/doh.ts'
import type { ConnectionPlace } from './connections.ts'
import { bodyOf, type DohReply, HttpClient } from './http-client.ts'
import { openSecure, type TlsDeps } from './tls.ts'
import type { Door } from './udp.ts'

const ALPN = ['h2', 'http/1.1']
const TOO_LONG = 413

/** Listens, or rejects with the system's error. */
export function openHttps(endpoint: Endpoint, deps: TlsDeps): Promise<Door> {
  const plain = plainHttp(deps)
  return openSecure(endpoint, ALPN, deps, (socket, place) => {
    if (socket.alpnProtocol === 'h2') serveHttp2(socket, place, deps)
    else plain(socket, place)
  })
}

function serveHttp2(socket: TLSSocket, place: ConnectionPlace, deps: TlsDeps): void {
  const { limits } = deps
  const session = performServerHandshake(socket, {
    maxSessionMemory: limits.MAX_HTTP_SESSION_MIB,
    settings: {
      maxConcurrentStreams: limits.MAX_IN_WORK_PER_CONNECTION,
      maxHeaderListSize: limits.MAX_HTTP_HEADER_BYTES,
      enableConnectProtocol: false,
    },
  })
  const end = { finish: () => session.close(), destroy: () => session.destroy() }
  const client = new HttpClient(place, end, deps)
  place.become(client)
  session.on('error', () => session.destroy())
  session.once('close', () => client.gone())
  session.on('stream', (stream, headers) => {
    stream.on('error', () => stream.destroy())
    const request = readDohRequest(headers[':method'] ?? '', headers[':path'] ?? '', headers['content-type'])
    void answer(client, request, { body: stream, end: stream }, (reply) => respond(stream, reply))
  })
}

interface HttpStreams {
  readonly body: ServerHttp2Stream | IncomingMessage
  /** It closes when the reply has gone out, or the client has gone. */
  readonly end: ServerHttp2Stream | ServerResponse
}

/** Never rejects: `reply` is called once, or the client has gone. */
async function answer(
  client: HttpClient,
  request: DohRequest,
  { body, end }: HttpStreams,
  reply: (reply: DohReply) => void,
): Promise<void> {
  if (request.kind === 'refused') {
    body.resume()
    reply({ status: request.status })
    return
  }
  const message = request.kind === 'query' ? request.message : await bodyOf(body)
  if (request.kind === 'query') body.resume()
  if (message === 'gone') return
  if (message === 'too long') return reply({ status: TOO_LONG })
  const cancel = client.ask(message, reply)
  end.once('close', cancel)
}

function respond(stream: ServerHttp2Stream, { status, headers, body }: DohReply): void {
  if (stream.destroyed || stream.headersSent) return
  stream.respond({ ':status': status, ...headers }, { endStream: body === undefined })
  if (body !== undefined) stream.end(body)
  // Whoever sends more than a query may have is not read any further.
  if (status === TOO_LONG) stream.close(constants.NGHTTP2_NO_ERROR)
}

/** HTTP/1.1 on sockets that are handed over. */
function plainHttp(deps: TlsDeps): (socket: TLSSocket, place: ConnectionPlace) => void {
  const clients = new WeakMap<object, HttpClient>()
  const server = createServer(
    { maxHeaderSize: deps.limits.MAX_HTTP_HEADER_BYTES, keepAlive: true },
    (request, response) => {
      const client = clients.get(request.socket)
      if (client === undefined) return void request.socket.destroy()
      response.on('error', () => request.socket.destroy())
      const asked = readDohRequest(request.method ?? '', request.url ?? '', request.headers['content-type'])
      void answer(client, asked, { body: request, end: response }, (reply) => respondPlainly(response, reply))
    },
  )
  // The idle time-out is that of all connections.
  server.keepAliveTimeout = 0
  server.on('clientError', (_error, socket) => socket.destroy())
  return (socket, place) => {
    const end = { finish: () => void socket.end(), destroy: () => void socket.destroy() }
    const client = new HttpClient(place, end, deps)
    clients.set(socket, client)
    place.become(client)
    socket.once('close', () => client.gone())
    server.emit('connection', socket)
  }
}

function respondPlainly(response: ServerResponse, { status, headers, body }: DohReply): void {
  if (response.destroyed || response.headersSent) return
  const ends = status === TOO_LONG ? { connection: 'close' } : {}
  response.writeHead(status, { 'content-length': body?.length ?? 0, ...headers, ...ends })
  response.end(body)
}
