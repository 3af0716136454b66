/** The status API: JSON over HTTP on a loopback address, or over HTTPS elsewhere, for whom `status-door.ts` lets in. It sends no CORS header. */
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'
import { ChordnsError, type Endpoint, errorText, type Log } from '../base/index.ts'
import { limits } from './limits.ts'
import {
  LOOPBACK_DOOR,
  PlainReply,
  type Refusal,
  refusalOf,
  type StatusDoor,
  type StatusRoute,
  StreamReply,
  strangerRefusal,
} from './status-door.ts'

/** As a module it would be read whole, and what it has of WebSockets loads undici (docs/decisions/0168). */
const { createServer } = process.getBuiltinModule('node:http')

export interface StatusServer {
  readonly address: Endpoint
  close(): Promise<void>
}

/** Files and what is posted beside them, below one path: they are for anybody, and each reply is its owner's, byte by byte. */
export interface StatusFolder {
  /** With a slash at its end. */
  readonly path: string
  /** Of a body, bytes; a larger one is refused. */
  readonly maxBody: number
  readonly answer: (
    method: string,
    path: string,
    body: Uint8Array,
  ) => Promise<{
    readonly status: number
    readonly headers: Readonly<Record<string, string>>
    readonly body: Uint8Array
  }>
}

/** What a status server has beside its routes. */
export interface StatusServerOptions {
  readonly folder?: StatusFolder | undefined
  /** Pages, scripts and styles, which hold nothing of this node: they are for whoever the door lets ask at all. Undefined: there is no such path. */
  readonly pages?: ((path: string) => PageFile | undefined) | undefined
  /** Default: that of loopback. */
  readonly door?: StatusDoor
  /** PEM. Undefined: HTTP. */
  readonly tls?: { readonly certificate: string; readonly key: string } | undefined
}

export interface PageFile {
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

export async function createStatusServer(
  listen: Endpoint,
  routes: Readonly<Record<string, StatusRoute>>,
  log: Log,
  options: StatusServerOptions = {},
): Promise<StatusServer> {
  const { folder, tls } = options
  const sizes = { maxHeaderSize: limits.MAX_HEADER_BYTES, requestTimeout: limits.REQUEST_TIMEOUT_MS }
  const streams = new Set<AbortController>()
  const onRequest: RequestListener = (request, response) => {
    const isFile = folder !== undefined && request.url?.startsWith(folder.path) === true
    const answered = isFile
      ? answerFile(request, response, folder, options)
      : answer(request, response, { routes, streams, ...options })
    answered.catch((error: unknown) => {
      log.warn({ error: errorText(error) }, 'status request failed')
      if (!response.headersSent) send(response, 500, failure('INTERNAL', 'internal error'))
    })
  }
  const server: Server =
    tls === undefined
      ? createServer(sizes, onRequest)
      : (await import('node:https')).createServer(
          { ...sizes, cert: tls.certificate, key: tls.key, minVersion: 'TLSv1.2' },
          onRequest,
        )
  server.maxConnections = limits.MAX_CONNECTIONS
  await bind(server, listen)
  const bound = server.address()
  const port = typeof bound === 'object' && bound !== null ? bound.port : listen.port
  return {
    address: { address: listen.address, port },
    close: () =>
      new Promise((resolve) => {
        for (const one of streams) one.abort()
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function bind(server: Server, listen: Endpoint): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException) =>
      reject(
        new ChordnsError(
          'STATUS_LISTEN_FAILED',
          `the status API cannot listen on ${listen.address} port ${listen.port}: ${error.code ?? error.message}; set status.listen to a free address`,
          { ...listen, reason: error.code ?? error.message },
          { cause: error },
        ),
      )
    server.once('error', onError)
    server.listen(listen.port, listen.address, () => {
      server.off('error', onError)
      resolve()
    })
  })
}

interface Answering extends StatusServerOptions {
  readonly routes: Readonly<Record<string, StatusRoute>>
  readonly streams: Set<AbortController>
}

async function answer(request: IncomingMessage, response: ServerResponse, side: Answering): Promise<void> {
  const { routes, pages, door = LOOPBACK_DOOR } = side
  const url = URL.canParse(request.url ?? '', 'http://localhost')
    ? new URL(request.url ?? '', 'http://localhost')
    : undefined
  const route = url === undefined || !Object.hasOwn(routes, url.pathname) ? undefined : routes[url.pathname]
  const isPage = route === undefined && (request.method === 'GET' || request.method === 'HEAD')
  const page = isPage && url !== undefined && strangerRefusal(request.headers, door) === undefined
  const file = page ? pages?.(url.pathname) : undefined
  if (file !== undefined) return sendFile(response, file, request.method === 'HEAD')
  const refusal = refusalOf(request, route, door)
  if (refusal !== undefined || route === undefined || url === undefined)
    return refuse(response, refusal ?? { status: 404, code: 'NOT_FOUND', message: 'no such path' }, route)
  const control = new AbortController()
  response.once('close', () => control.abort())
  try {
    const body = route.bodyBytes === undefined ? new Uint8Array() : await bodyOf(request, route.bodyBytes)
    if (body === undefined)
      return send(response, 413, failure('TOO_LARGE', `a body of at most ${route.bodyBytes} bytes`))
    const authorization = request.headers.authorization
    const reply = await route.handle(url.searchParams, control.signal, Buffer.from(body).toString('utf8'), {
      isOwner: door.isOwner(authorization),
      isOpen: door.isOpen,
    })
    if (reply instanceof StreamReply) stream(response, reply, control, side.streams)
    else send(response, 200, reply)
  } catch (error) {
    if (!(error instanceof ChordnsError)) throw error
    send(response, 400, failure(error.code, error.message))
  }
}

/** Server-sent events. What a slow reader does not take is not kept for it. */
function stream(
  response: ServerResponse,
  reply: StreamReply,
  control: AbortController,
  streams: Set<AbortController>,
): void {
  if (streams.size >= limits.MAX_STREAMS) {
    send(response, 503, failure('TOO_MANY', `${limits.MAX_STREAMS} pages are open already`))
    return
  }
  streams.add(control)
  control.signal.addEventListener('abort', () => {
    streams.delete(control)
    response.end()
  })
  response.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  })
  response.flushHeaders()
  reply.begin((text) => {
    if (control.signal.aborted || response.writableLength > limits.MAX_STREAM_BYTES) return false
    response.write(text)
    return true
  }, control.signal)
}

function sendFile(response: ServerResponse, { headers, body }: PageFile, isHead: boolean): void {
  response.writeHead(200, { ...headers, 'content-length': body.length, 'x-content-type-options': 'nosniff' })
  response.end(isHead ? undefined : body)
}

/** Same door as all else, so that no page of another site posts: who publishes files puts a web server in front. */
async function answerFile(
  request: IncomingMessage,
  response: ServerResponse,
  folder: StatusFolder,
  { door = LOOPBACK_DOOR }: StatusServerOptions,
): Promise<void> {
  const method = request.method ?? 'GET'
  const refusal = strangerRefusal(request.headers, door)
  if (refusal !== undefined) return refuse(response, refusal, undefined)
  const body = await bodyOf(request, folder.maxBody)
  if (body === undefined) return send(response, 413, failure('TOO_LARGE', `at most ${folder.maxBody} bytes`))
  const path = (request.url ?? '').split('?', 1)[0]!
  const reply = await folder.answer(method, path, body)
  response.writeHead(reply.status, {
    ...reply.headers,
    'content-length': reply.body.length,
    'x-content-type-options': 'nosniff',
  })
  response.end(method === 'HEAD' ? undefined : reply.body)
}

/** Undefined when it is longer. */
async function bodyOf(request: IncomingMessage, most: number): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of request) {
    length += (chunk as Uint8Array).length
    if (length > most) return undefined
    chunks.push(chunk as Uint8Array)
  }
  return new Uint8Array(Buffer.concat(chunks))
}

function refuse(response: ServerResponse, { status, code, message }: Refusal, route: StatusRoute | undefined): void {
  // RFC 9110 section 15.5.6.
  if (status === 405 && route !== undefined) response.setHeader('allow', route.method)
  send(response, status, failure(code, message))
}

function send(response: ServerResponse, status: number, body: unknown): void {
  const isPlain = body instanceof PlainReply
  const text = isPlain ? body.text : `${JSON.stringify(body)}\n`
  response.writeHead(isPlain ? body.status : status, {
    'content-type': isPlain ? body.contentType : 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  })
  response.end(text)
}

function failure(code: string, message: string) {
  return { error: { code, message } }
}
