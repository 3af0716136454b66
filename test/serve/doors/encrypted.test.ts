import { once } from 'node:events'
import { type ClientHttp2Session, connect as connectHttp2, type IncomingHttpHeaders } from 'node:http2'
import { Agent, request } from 'node:https'
import { connect as connectTcp } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { afterEach, describe, expect, it } from 'vitest'
import { concatBytes } from '../../../src/base/index.ts'
import {
  decodeMessage,
  encodeMessage,
  findOption,
  type Message,
  nameToText,
  OptionCode,
  Rcode,
  rdataToText,
  TcpMessageReader,
} from '../../../src/dns/index.ts'
import { newPrivateKey, selfSigned } from '../../../src/peer/tls/self-signed.ts'
import type { TlsOptions } from '../../../src/serve/index.ts'
import { frame, queryFor } from '../../world/ask.ts'
import { held, OPTIONS, type Started, start, until } from '../support.ts'

const made = (name: string): TlsOptions => {
  const key = newPrivateKey()
  return { key, certificate: selfSigned({ name, addresses: ['127.0.0.1'] }, key, Date.now()), name }
}
const TLS = made('dns.example.net')

const running: Started[] = []
const clients: { destroy(): unknown }[] = []

async function started(
  deps: Parameters<typeof start>[0] = {},
  tls: TlsOptions = TLS,
  hooks: Parameters<typeof start>[1] = {},
) {
  const listen = { udp: ['127.0.0.1:0'], tcp: [], tls: ['127.0.0.1:0'], https: ['127.0.0.1:0'] }
  const one = await start({ options: { ...OPTIONS, listen, tls }, ...deps }, hooks)
  running.push(one)
  return one
}

afterEach(async () => {
  for (const one of clients.splice(0)) one.destroy()
  for (const { frontEnd, clock } of running.splice(0)) {
    let isDone = false
    const closing = frontEnd.close(0).finally(() => {
      isDone = true
    })
    await until(() => {
      clock.advance(100)
      return isDone
    })
    await closing
  }
})

const portOf = ({ frontEnd }: Started, protocol: string) =>
  frontEnd.addresses.find((one) => one.protocol === protocol)!.port

interface DotClient {
  readonly socket: TLSSocket
  readonly replies: Message[]
  readonly sizes: number[]
  isClosed: boolean
}

async function dot(server: Started, options: object = {}): Promise<DotClient> {
  const socket = connectTls({
    host: '127.0.0.1',
    port: portOf(server, 'tls'),
    servername: 'dns.example.net',
    ca: TLS.certificate,
    ALPNProtocols: ['dot'],
    ...options,
  })
  clients.push(socket)
  const one: DotClient = { socket, replies: [], sizes: [], isClosed: false }
  const reader = new TcpMessageReader()
  socket.on('data', (chunk) => {
    for (const message of reader.feed(chunk)) {
      one.replies.push(decodeMessage(message))
      one.sizes.push(message.length)
    }
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    one.isClosed = true
  })
  await once(socket, 'secureConnect')
  return one
}

const query = (name: string, flags: Parameters<typeof queryFor>[1] = {}) => encodeMessage(queryFor({ name }, flags))
const PADDING = { code: OptionCode.PADDING, data: new Uint8Array(40) }

describe('over TLS', () => {
  it('answers pipelined questions in the order that answers are ready, under the name of its certificate', async () => {
    const slow = held()
    const server = await started()
    server.resolver.answer = slow.answer
    const client = await dot(server)
    expect(client.socket.authorized).toBe(true)
    expect(client.socket.alpnProtocol).toBe('dot')
    client.socket.write(concatBytes(frame(query('a.example', { id: 1 })), frame(query('b.example', { id: 2 }))))
    await until(() => slow.waiting.length === 2)
    slow.waiting[1]!.release()
    await until(() => client.replies.length === 1)
    slow.waiting[0]!.release()
    await until(() => client.replies.length === 2)
    expect(client.replies.map(({ id }) => id)).toEqual([2, 1])
  })

  it('pads replies to padded questions to 468 bytes, and no others', async () => {
    const client = await dot(await started())
    const ask = async (flags: Parameters<typeof queryFor>[1]) => {
      const before = client.sizes.length
      client.socket.write(frame(query('www.example.com', flags)))
      await until(() => client.sizes.length > before)
      return client.sizes.at(-1)!
    }
    const plain = await ask({})
    expect(plain).toBeLessThan(100)
    expect(await ask({ options: [PADDING] })).toBe(468)
    expect(findOption(client.replies.at(-1)!.edns!.options, OptionCode.PADDING)!.data).toHaveLength(468 - plain - 4)
  })

  it('resumes sessions, until the keys of tickets change', async () => {
    const server = await started()
    const first = await dot(server, { maxVersion: 'TLSv1.2' })
    const session = first.socket.getSession()!
    expect((await dot(server, { maxVersion: 'TLSv1.2', session })).socket.isSessionReused()).toBe(true)
    server.clock.advance(3_600_000)
    expect((await dot(server, { maxVersion: 'TLSv1.2', session })).socket.isSessionReused()).toBe(false)
  })

  it('shows a new certificate to new connections, and keeps the old one if the new one is of no use', async () => {
    const server = await started()
    const other = made('other.example.net')
    const options = { ...OPTIONS, tls: other }
    expect(() => server.frontEnd.reconfigure({ ...options, tls: { ...other, certificate: 'nonsense' } })).toThrow()
    await dot(server)
    server.frontEnd.reconfigure(options)
    const client = await dot(server, { servername: 'other.example.net', ca: other.certificate })
    expect(client.socket.authorized).toBe(true)
  })

  it('a client has its share of connections from the first byte on, also without a handshake', async () => {
    const server = await started({ limits: { MAX_TCP_CONNECTIONS_PER_LOOPBACK_CLIENT: 2, TLS_HANDSHAKE_MS: 60_000 } })
    const silent = [1, 2, 3].map(() => {
      const socket = connectTcp({ host: '127.0.0.1', port: portOf(server, 'tls') })
      clients.push(socket)
      socket.on('error', () => {})
      return socket
    })
    await until(() => silent.filter(({ destroyed }) => destroyed).length === 1)
    expect(server.frontEnd.stats().tcpConnections).toBe(2)
  })

  it('gives a handshake up that takes too long, and an idle connection', async () => {
    const server = await started({ limits: { TLS_HANDSHAKE_MS: 50 } })
    const silent = connectTcp({ host: '127.0.0.1', port: portOf(server, 'tls') })
    clients.push(silent)
    silent.on('error', () => {}).resume()
    await until(() => silent.destroyed)
    const client = await dot(server)
    // Of TLS 1.3 the client's side is done first.
    client.socket.write(frame(query('www.example.com')))
    await until(() => client.replies.length === 1)
    server.clock.advance(10_001)
    await until(() => client.isClosed)
    await until(() => server.frontEnd.stats().tcpConnections === 0)
  })
})

interface HttpAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Uint8Array
}

function http2(server: Started): ClientHttp2Session {
  const session = connectHttp2(`https://127.0.0.1:${portOf(server, 'https')}`, { ca: TLS.certificate })
  session.on('error', () => {})
  clients.push(session)
  return session
}

async function send(session: ClientHttp2Session, headers: object, body?: Uint8Array): Promise<HttpAnswer> {
  const stream = session.request({ ':path': '/dns-query', ...headers })
  let status = 0
  let got: IncomingHttpHeaders = {}
  stream.on('response', (all) => {
    status = Number(all[':status'])
    got = all
  })
  if (body === undefined) stream.end()
  else stream.end(body)
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return { status, headers: got, body: Uint8Array.from(Buffer.concat(chunks)) }
}

const POST = { ':method': 'POST', 'content-type': 'application/dns-message' }
const base64url = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url')

describe('over HTTPS', () => {
  it('answers POST and GET on HTTP/2, and says how long a reply may be kept', async () => {
    const session = http2(await started())
    const bytes = query('www.example.com', { id: 0 })
    const posted = await send(session, POST, bytes)
    const got = await send(session, { ':path': `/dns-query?dns=${base64url(bytes)}` })
    for (const { status, headers, body } of [posted, got]) {
      expect(status).toBe(200)
      expect(headers).toMatchObject({ 'content-type': 'application/dns-message', 'cache-control': 'max-age=300' })
      expect(decodeMessage(body)).toMatchObject({ id: 0, rcode: Rcode.NOERROR, answers: [{ ttl: 300 }] })
    }
  })

  it('answers many streams at once, in the order that answers are ready', async () => {
    const slow = held()
    const server = await started()
    server.resolver.answer = slow.answer
    const session = http2(server)
    const order: number[] = []
    const all = Array.from({ length: 20 }, async (_, id) => {
      const { body } = await send(session, POST, query(`host${id}.example`, { id }))
      order.push(decodeMessage(body).id)
    })
    await until(() => slow.waiting.length === 20)
    for (const { release } of slow.waiting.toReversed()) release()
    await Promise.all(all)
    expect(order.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, id) => id))
  })

  it('gives up the question of a stream that its client ends', async () => {
    const slow = held()
    const server = await started()
    server.resolver.answer = slow.answer
    const session = http2(server)
    const stream = session.request({ ':path': `/dns-query?dns=${base64url(query('slow.example'))}` })
    stream.on('error', () => {})
    stream.end()
    await until(() => slow.waiting.length === 1)
    stream.close(8)
    await until(() => slow.waiting[0]!.request.signal.aborted)
    expect(server.frontEnd.stats().inFlight).toBe(0)
  })

  it.each<[string, object, Uint8Array | undefined, number]>([
    ['another path', { ':path': '/' }, undefined, 404],
    ['another method', { ':method': 'PUT', 'content-type': 'application/dns-message' }, query('a.example'), 405],
    ['another type', { ':method': 'POST', 'content-type': 'text/plain' }, query('a.example'), 415],
    ['no query', {}, undefined, 400],
    ['a query that is not base64url', { ':path': '/dns-query?dns=a+b/' }, undefined, 400],
    ['a query that is too short', POST, new Uint8Array(5), 400],
    ['an answer', POST, encodeMessage({ ...queryFor({ name: 'a.example' }), qr: true }), 400],
    ['more than a query may have', POST, new Uint8Array(9_000), 413],
  ])('refuses %s', async (_, headers, body, status) => {
    expect((await send(http2(await started()), headers, body)).status).toBe(status)
  })

  it('answers on HTTP/1.1, several questions over one connection', async () => {
    const server = await started()
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: TLS.certificate })
    clients.push(agent)
    const port = portOf(server, 'https')
    for (const id of [1, 2, 3]) {
      const sent = request({ host: '127.0.0.1', port, agent, method: 'POST', path: '/dns-query', headers: POST_1 })
      sent.end(query('www.example.com', { id }))
      const [response] = await once(sent, 'response')
      const chunks: Buffer[] = []
      for await (const chunk of response) chunks.push(chunk as Buffer)
      expect(response.statusCode).toBe(200)
      expect(response.httpVersion).toBe('1.1')
      expect(decodeMessage(Uint8Array.from(Buffer.concat(chunks))).id).toBe(id)
    }
    expect(server.frontEnd.stats().tcpConnections).toBe(1)
  })

  it('ends connections that are idle, whatever trickles over them', async () => {
    const server = await started()
    const session = http2(server)
    let isClosed = false
    session.once('close', () => {
      isClosed = true
    })
    expect((await send(session, POST, query('www.example.com'))).status).toBe(200)
    const trickle = session.request({ ':path': '/dns-query', ...POST })
    trickle.on('error', () => {})
    trickle.write(new Uint8Array(3))
    server.clock.advance(10_001)
    await until(() => isClosed)
    await until(() => server.frontEnd.stats().tcpConnections === 0)
  })
})

const POST_1 = { 'content-type': 'application/dns-message' }

describe('who asks for encrypted ways (RFC 9462)', () => {
  it('is told of those that are served, by both names', async () => {
    const server = await started()
    const client = await dot(server)
    for (const name of ['_dns.resolver.arpa', '_DNS.dns.example.net'])
      client.socket.write(frame(encodeMessage(queryFor({ name, type: 'SVCB' }))))
    await until(() => client.replies.length === 2)
    for (const { answers, rcode } of client.replies) {
      expect(rcode).toBe(Rcode.NOERROR)
      expect(answers.map(({ type, rdata }) => rdataToText(type, rdata))).toEqual([
        `1 dns.example.net. alpn="dot" port=${portOf(server, 'tls')}`,
        `2 dns.example.net. alpn="h2,http/1.1" port=${portOf(server, 'https')} dohpath="/dns-query{?dns}"`,
      ])
    }
    expect(nameToText(client.replies[1]!.answers[0]!.name)).toBe('_DNS.dns.example.net.')
    expect(server.resolver.asked).toHaveLength(0)
  })
})
