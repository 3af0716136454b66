/** The status API: JSON over HTTP on a loopback address, for whom `status-door.ts` lets in. It sends no CORS header. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { ChordnsError, type Endpoint, errorText, type Log } from '../base/index.ts'
import { type Refusal, refusalOf, type StatusRoute } from './status-door.ts'

export interface StatusServer {
  readonly address: Endpoint
  close(): Promise<void>
}

/** Bytes of request head and URL that are read, open connections, and time for a request to arrive. */
const LIMITS = { MAX_HEADER_BYTES: 8_192, MAX_CONNECTIONS: 32, REQUEST_TIMEOUT_MS: 5_000 } as const

export async function createStatusServer(
  listen: Endpoint,
  routes: Readonly<Record<string, StatusRoute>>,
  log: Log,
): Promise<StatusServer> {
  const server = createServer(
    { maxHeaderSize: LIMITS.MAX_HEADER_BYTES, requestTimeout: LIMITS.REQUEST_TIMEOUT_MS },
    (request, response) => {
      answer(request, response, routes).catch((error: unknown) => {
        log.warn({ error: errorText(error) }, 'status request failed')
        if (!response.headersSent) send(response, 500, failure('INTERNAL', 'internal error'))
      })
    },
  )
  server.maxConnections = LIMITS.MAX_CONNECTIONS
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
    send(response, 200, await route.handle(url.searchParams, control.signal))
  } catch (error) {
    if (!(error instanceof ChordnsError)) throw error
    send(response, 400, failure(error.code, error.message))
  }
}

function refuse(response: ServerResponse, { status, code, message }: Refusal, route: StatusRoute | undefined): void {
  // RFC 9110 section 15.5.6.
  if (status === 405 && route !== undefined) response.setHeader('allow', route.method)
  send(response, status, failure(code, message))
}

function send(response: ServerResponse, status: number, body: unknown): void {
  const text = `${JSON.stringify(body)}\n`
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  })
  response.end(text)
}

function failure(code: string, message: string) {
  return { error: { code, message } }
}
