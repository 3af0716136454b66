/**
 * The door of a registrar: POST /v1/domain/COMMAND, JSON in and out. Before a body is read the Host must be one of its names, the customer must have shown a
 * token, and have its share left. It speaks plain HTTP: on other than loopback addresses a web server with TLS stands in front.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { ChordnsError, type Endpoint, errorText, type Log } from '../../base/index.ts'
import type { Clients } from './clients.ts'
import { EPP_TEXTS, type EppCode, httpStatusOf } from './codes.ts'
import type { EppResult, RegistrarDesk } from './desk.ts'
import { limits } from './limits.ts'
import { type CommandName, commands, isCommandName } from './messages.ts'
import { ClientRates, CommandRate } from './rates.ts'

export interface FrontDeps {
  readonly desk: RegistrarDesk
  readonly clients: Clients
  readonly log: Log
  /** Monotonic ms. */
  readonly monotonic: () => number
  /** Names under which it is asked, in lower case, with or without port; besides its own address. */
  readonly hosts: readonly string[]
}

export interface RegistrarFront {
  readonly address: Endpoint
  close(): Promise<void>
}

const PATH = /^\/v1\/domain\/([a-z]+)$/

/** Rejects with REGISTRAR_LISTEN. */
export async function startFront(listen: Endpoint, deps: FrontDeps): Promise<RegistrarFront> {
  const door = new Door(deps)
  const server = createServer(
    { maxHeaderSize: limits.MAX_HEADER_BYTES, requestTimeout: limits.REQUEST_TIMEOUT_MS },
    (request, response) => {
      door.answer(request, response).catch((error: unknown) => {
        deps.log.warn({ error: errorText(error) }, 'a registrar request failed')
        if (!response.headersSent) send(response, failure(2400, 'internal error'))
      })
    },
  )
  server.maxConnections = limits.MAX_CONNECTIONS
  const address = await bound(server, listen)
  door.at(address)
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return { address, close }
}

class Door {
  readonly #deps: FrontDeps
  readonly #commands: ClientRates
  readonly #transactions: ClientRates
  readonly #strangers: CommandRate
  #hosts: ReadonlySet<string>
  #underWay = 0

  constructor(deps: FrontDeps) {
    this.#deps = deps
    this.#hosts = new Set(deps.hosts)
    this.#commands = new ClientRates(limits.COMMANDS_PER_SECOND, limits.COMMANDS_BURST, deps.monotonic)
    this.#transactions = new ClientRates(limits.TRANSACTIONS_PER_SECOND, limits.TRANSACTIONS_BURST, deps.monotonic)
    this.#strangers = new CommandRate(limits.STRANGERS_PER_SECOND, limits.STRANGERS_BURST, deps.monotonic)
  }

  at({ address, port }: Endpoint): void {
    const own = address.includes(':') ? `[${address}]` : address
    this.#hosts = new Set([...this.#hosts, `${own}:${port}`, `localhost:${port}`])
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const refused = this.#strangerRefusal(request)
    if (refused !== undefined) return send(response, refused)
    const client = this.#clientOf(request)
    if (client === undefined) {
      const isBusy = !this.#strangers.take(1)
      return send(response, isBusy ? failure(2502, 'too many requests') : failure(2200, 'no such token'))
    }
    const name = commandOf(request)
    if (name === undefined)
      return send(response, failure(2000, `POST /v1/domain/ and one of: ${Object.keys(commands).join(', ')}`))
    if (this.#underWay >= limits.MAX_UNDER_WAY) return send(response, failure(2502, 'too many requests under way'))
    this.#underWay++
    try {
      send(response, await this.#handle(client, name, request))
    } finally {
      this.#underWay--
    }
  }

  async #handle(client: string, name: CommandName, request: IncomingMessage): Promise<EppResult> {
    if (!this.#commands.of(client).take(1)) return failure(2502, 'too many commands: wait a second')
    const body = await bodyOf(request)
    if (body === undefined) return failure(2001, `a body of at most ${limits.MAX_BODY_BYTES} bytes`)
    const parsed = commands[name].safeParse(jsonOf(body))
    if (!parsed.success) {
      const [issue] = parsed.error.issues
      return failure(2001, `${issue?.path.join('.') || 'the body'}: ${issue?.message ?? 'malformed'}`)
    }
    if (name === 'check' && !this.#commands.of(client).take((parsed.data as { names: unknown[] }).names.length - 1))
      return failure(2502, 'too many names: wait a second')
    const mayCarry = () => this.#transactions.of(client).take(1)
    const result = await this.#deps.desk.handle(name, parsed.data as never, { mayCarry })
    this.#deps.log.info({ client, command: name, code: result.code }, 'a registrar command')
    return result
  }

  /** Whoever gave one of its own names this address (DNS rebinding), and pages of other sites. */
  #strangerRefusal({ headers }: IncomingMessage): EppResult | undefined {
    if (!this.#hosts.has((headers.host ?? '').toLowerCase()))
      return failure(2201, 'the Host is none of this registrar: see --host')
    const site = headers['sec-fetch-site']
    const isOther = site !== undefined && site !== 'none' && site !== 'same-origin'
    return isOther || headers.origin !== undefined ? failure(2201, 'not for pages of the web') : undefined
  }

  #clientOf({ headers }: IncomingMessage): string | undefined {
    const [, token] = /^Bearer ([A-Za-z0-9_-]{1,128})$/.exec(headers.authorization ?? '') ?? []
    return token === undefined ? undefined : this.#deps.clients.nameOf(token)
  }
}

function commandOf({ method, url }: IncomingMessage): CommandName | undefined {
  const name = PATH.exec(url ?? '')?.[1]
  return method === 'POST' && name !== undefined && isCommandName(name) ? name : undefined
}

/** Undefined when it is longer. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of request) {
    length += (chunk as Uint8Array).length
    if (length > limits.MAX_BODY_BYTES) return undefined
    chunks.push(chunk as Uint8Array)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function bound(server: Server, listen: Endpoint): Promise<Endpoint> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        new ChordnsError(
          'REGISTRAR_LISTEN',
          `the registrar cannot listen on ${listen.address} port ${listen.port}: ${error.code ?? error.message}`,
          { ...listen },
          { cause: error },
        ),
      ),
    )
    server.listen(listen.port, listen.address, () => {
      const at = server.address()
      resolve({ address: listen.address, port: typeof at === 'object' && at !== null ? at.port : listen.port })
    })
  })
}

function failure(code: EppCode, why: string): EppResult {
  return { code, message: EPP_TEXTS[code], data: { why } }
}

function send(response: ServerResponse, result: EppResult): void {
  const text = `${JSON.stringify(result)}\n`
  if (result.code === 2200) response.setHeader('www-authenticate', 'Bearer')
  response.writeHead(httpStatusOf(result.code), {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  })
  response.end(text)
}
