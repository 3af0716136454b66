/** The status API: JSON over HTTP on a loopback address, for whom `status-door.ts` lets in. It sends no CORS header. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { ChordnsError, type Endpoint, errorText, type Log } from '../base/index.ts'
import { limits } from './limits.ts'
import { PlainReply, type Refusal, refusalOf, type StatusRoute, strangerRefusal } from './status-door.ts'

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

export async function createStatusServer(
  listen: Endpoint,
  routes: Readonly<Record<string, StatusRoute>>,
  log: Log,
  folder?: StatusFolder,
): Promise<StatusServer> {
  const server = createServer(
    { maxHeaderSize: limits.MAX_HEADER_BYTES, requestTimeout: limits.REQUEST_TIMEOUT_MS },
    (request, response) => {
      const isFile = folder !== undefined && request.url?.startsWith(folder.path) === true
      const answered = isFile ? answerFile(request, response, folder) : answer(request, response, routes)
      answered.catch((error: unknown) => {
        log.warn({ error: errorText(error) }, 'status request failed')
        if (!response.headersSent) send(response, 500, failure('INTERNAL', 'internal error'))
      })
    },
  )
  server.maxConnections = limits.MAX_CONNECTIONS
  await bind(server, listen)
  const bound = server.address()
  const port = typeof bound === 'object' && bound !== null ? bound.port : listen.port
  return {
    address: { address: listen.address, port },
    close: () =>
      new Promise((resolve) => {
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

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  routes: Readonly<Record<string, StatusRoute>>,
): Promise<void> {
  const url = URL.canParse(request.url ?? '', 'http://localhost')
    ? new URL(request.url ?? '', 'http://localhost')
    : undefined
  const route = url === undefined || !Object.hasOwn(routes, url.pathname) ? undefined : routes[url.pathname]
  const refusal = refusalOf(request, route)
  if (refusal !== undefined || route === undefined || url === undefined)
    return refuse(response, refusal ?? { status: 404, code: 'NOT_FOUND', message: 'no such path' }, route)
  const control = new AbortController()
  response.once('close', () => control.abort())
  try {
    const body = route.bodyBytes === undefined ? new Uint8Array() : await bodyOf(request, route.bodyBytes)
    if (body === undefined)
      return send(response, 413, failure('TOO_LARGE', `a body of at most ${route.bodyBytes} bytes`))
    send(response, 200, await route.handle(url.searchParams, control.signal, Buffer.from(body).toString('utf8')))
  } catch (error) {
    if (!(error instanceof ChordnsError)) throw error
    send(response, 400, failure(error.code, error.message))
  }
}

/** Same door as all else, so that no page of another site posts: who publishes files puts a web server in front. */
async function answerFile(request: IncomingMessage, response: ServerResponse, folder: StatusFolder): Promise<void> {
  const method = request.method ?? 'GET'
  const refusal = strangerRefusal(request.headers)
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
