/** The status API as its callers see it: the command line, and web pages that mean no good. */
import { request } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ChordnsError } from '../../src/base/index.ts'
import { acts, createStatusServer, looksUp, reads, STATUS_HEADER, type StatusServer } from '../../src/observe/index.ts'

const quiet = { debug() {}, info() {}, warn() {}, error() {} }

let server: StatusServer
/** What the routes have done. */
let done: string[]

beforeEach(async () => {
  done = []
  const run = (what: string) => () => {
    done.push(what)
    return { what }
  }
  const fail = () => {
    throw new ChordnsError('USAGE', 'no such type', {})
  }
  const routes = {
    '/status': reads(run('status')),
    '/lookup': looksUp(run('lookup')),
    '/cache/flush': acts(run('flush')),
    '/fail': reads(fail),
  }
  server = await createStatusServer({ address: '127.0.0.1', port: 0 }, routes, quiet)
})
afterEach(() => server.close())

interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
}

function ask(method: string, path: string, headers: Record<string, string> = {}, posted?: string): Promise<Reply> {
  const { port } = server.address
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, method, path, headers }, (reply) => {
      let body = ''
      reply.on('data', (chunk: Buffer) => {
        body += chunk.toString()
      })
      reply.on('end', () => resolve({ status: reply.statusCode ?? 0, headers: reply.headers, body }))
    })
    outgoing.on('error', reject)
    outgoing.end(posted)
  })
}

const ours = { [STATUS_HEADER]: '1' }

describe('the status API', () => {
  it('tells what the node is doing to whoever asks on this machine', async () => {
    expect((await ask('GET', '/status')).status).toBe(200)
    expect((await ask('GET', '/status', { host: 'localhost:8053' })).status).toBe(200)
  })

  it('looks nothing up, and changes nothing, for a caller without the header that a web page cannot send', async () => {
    for (const [method, path] of [
      ['GET', '/lookup'],
      ['POST', '/cache/flush'],
    ] as const) {
      const reply = await ask(method, path)
      expect([reply.status, JSON.parse(reply.body).error.code]).toEqual([403, 'FORBIDDEN'])
      expect(reply.body).toContain(STATUS_HEADER)
    }
    expect(done).toEqual([])
  })

  it('looks up and acts for whoever sends the header', async () => {
    expect((await ask('GET', '/lookup?name=example.com', ours)).status).toBe(200)
    expect((await ask('POST', '/cache/flush', ours)).status).toBe(200)
    expect(done).toEqual(['lookup', 'flush'])
  })

  it('never acts on a GET, which a link or an image can cause, and says what is allowed', async () => {
    const reply = await ask('GET', '/cache/flush', ours)
    expect([reply.status, reply.headers['allow'], done]).toEqual([405, 'POST', []])
    expect((await ask('POST', '/status', ours)).status).toBe(405)
  })

  it('refuses a name that was rebound to this machine, whatever it sends', async () => {
    for (const host of [
      'evil.example',
      'evil.example:8053',
      '127.0.0.1.evil.example',
      'localhost.evil.example',
      '[::2]',
    ])
      for (const path of ['/status', '/lookup']) expect((await ask('GET', path, { ...ours, host })).status).toBe(403)
    expect(done).toEqual([])
  })

  it('refuses what a browser says comes from a page of elsewhere, other ports of this machine included', async () => {
    for (const site of ['cross-site', 'same-site'])
      expect((await ask('GET', '/status', { 'sec-fetch-site': site })).status).toBe(403)
    for (const origin of ['https://evil.example', 'null', 'http://127.0.0.1:3000'])
      expect((await ask('GET', '/status', { origin })).status).toBe(403)
    expect(done).toEqual([])
    const { port } = server.address
    expect((await ask('GET', '/status', { 'sec-fetch-site': 'none' })).status).toBe(200)
    const own = { 'sec-fetch-site': 'same-origin', origin: `http://127.0.0.1:${port}`, host: `127.0.0.1:${port}` }
    expect((await ask('GET', '/status', own)).status).toBe(200)
  })

  it('answers no preflight and sends no CORS header, so that no page gets leave to send the header', async () => {
    const preflight = await ask('OPTIONS', '/lookup', {
      origin: 'https://evil.example',
      'access-control-request-method': 'GET',
      'access-control-request-headers': STATUS_HEADER,
    })
    expect(preflight.status).toBe(403)
    const local = await ask('OPTIONS', '/lookup', ours)
    expect(local.status).toBe(405)
    for (const { headers } of [preflight, local, await ask('GET', '/status')])
      expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([])
  })

  it('says what is wrong with a question', async () => {
    const reply = await ask('GET', '/fail')
    expect([reply.status, JSON.parse(reply.body)]).toEqual([400, { error: { code: 'USAGE', message: 'no such type' } }])
    expect((await ask('GET', '/nothing')).status).toBe(404)
    expect((await ask('GET', '/constructor')).status).toBe(404)
  })
})

describe('a folder of the status API', () => {
  const asked: string[] = []
  const folder = {
    path: '/ledger/',
    maxBody: 10,
    answer: async (method: string, path: string, body: Uint8Array) => {
      asked.push(`${method} ${path} ${body.length}`)
      return { status: 200, headers: { 'content-type': 'application/octet-stream' }, body: Uint8Array.of(1, 2) }
    },
  }

  beforeEach(async () => {
    await server.close()
    asked.length = 0
    server = await createStatusServer({ address: '127.0.0.1', port: 0 }, { '/status': reads(() => 1) }, quiet, {
      folder,
    })
  })

  it('hands out bytes as they are, and takes what is posted as far as it is short', async () => {
    const reply = await ask('GET', '/ledger/ab/tile/0/000?x')
    expect([reply.status, reply.body, reply.headers['content-length']]).toEqual([200, '\x01\x02', '2'])
    expect((await ask('HEAD', '/ledger/ab')).body).toBe('')
    expect((await ask('POST', '/ledger/add', {}, '0123456789')).status).toBe(200)
    expect((await ask('POST', '/ledger/add', {}, '0123456789a')).status).toBe(413)
    expect(asked).toEqual(['GET /ledger/ab/tile/0/000 0', 'HEAD /ledger/ab 0', 'POST /ledger/add 10'])
    expect((await ask('GET', '/status')).status).toBe(200)
  })

  it('is behind the same door', async () => {
    expect((await ask('GET', '/ledger/ab', { host: 'evil.example' })).status).toBe(403)
    expect((await ask('POST', '/ledger/add', { origin: 'https://evil.example' })).status).toBe(403)
    expect(asked).toEqual([])
  })
})
