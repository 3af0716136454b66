/** Lists from servers that hang, lie and never end: the download is bounded in bytes and time, and leaves nothing behind when it fails. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type DownloadDeps, download } from '../../../src/peer/filtering/download.ts'
import { until } from '../../setup/until.ts'

const MAX_BYTES = 200_000
/** A bound that a test means to reach, and one that it must not reach on the busiest machine. */
const [SHORT_MS, LONG_MS] = [300, 240_000]

type Answer = (request: IncomingMessage, response: ServerResponse, socket: Socket) => void

const dir = mkdtempSync(join(tmpdir(), 'chordns-download-'))
const file = join(dir, 'list.new')
const open = new Set<Socket>()
let answer: Answer
let sent = 0
const server = createServer((request, response) => answer(request, response, request.socket))
server.on('connection', (socket) => {
  open.add(socket)
  // Whoever downloads may hang up at any time.
  socket.on('error', () => {})
  socket.once('close', () => {
    sent += socket.bytesWritten
    open.delete(socket)
  })
})

beforeEach(async () => {
  sent = 0
  if (!server.listening) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterEach(() => {
  for (const socket of open) socket.destroy()
  rmSync(file, { force: true })
})
afterAll(async () => {
  await new Promise((resolve) => server.close(resolve))
  rmSync(dir, { recursive: true, force: true })
})

/** The host has its address from the resolver that is handed in, and from nowhere else. */
function fetched(path = '/', deps: Partial<DownloadDeps> = {}) {
  const { port } = server.address() as AddressInfo
  return download(`http://lists.test:${port}${path}`, file, {
    resolve: async () => ['127.0.0.1'],
    known: undefined,
    maxBytes: MAX_BYTES,
    signal: new AbortController().signal,
    patience: { all: LONG_MS, idle: LONG_MS },
    ...deps,
  })
}

async function fails(why: RegExp, path?: string, deps?: Partial<DownloadDeps>): Promise<void> {
  const failure = await fetched(path, deps).then(
    () => 'it was fetched',
    (error: unknown) => error,
  )
  expect(failure).toMatchObject({ code: 'LIST_FETCH', message: expect.stringMatching(why) })
  expect(existsSync(file)).toBe(false)
  await until(() => open.size === 0)
}

/** As fast as it is read. */
function endless(response: ServerResponse): void {
  const block = Buffer.alloc(16_384, 'ads.example.com\n')
  const more = () => {
    while (!response.destroyed && response.write(block));
    if (!response.destroyed) response.once('drain', more)
  }
  more()
}

describe('the download of a list', () => {
  it('stores the text, and remembers what the server said of it', async () => {
    answer = (_request, response) =>
      response.writeHead(200, { etag: '"1"', 'last-modified': 'Sun, 29 Nov 2026 12:00:00 GMT' }).end('ads.example\n')
    expect(await fetched()).toEqual({ etag: '"1"', lastModified: 'Sun, 29 Nov 2026 12:00:00 GMT' })
    expect(readFileSync(file, 'utf8')).toBe('ads.example\n')
  })

  it('asks for what is newer, and takes "not modified" only where there is something', async () => {
    const heard: unknown[] = []
    answer = ({ headers }, response) => {
      heard.push([headers['if-none-match'], headers['if-modified-since']])
      response.writeHead(304).end()
    }
    expect(await fetched('/', { known: { etag: '"1"', lastModified: 'yesterday' } })).toBeUndefined()
    expect(existsSync(file)).toBe(false)
    await fails(/status 304/)
    expect(heard).toEqual([
      ['"1"', 'yesterday'],
      [undefined, undefined],
    ])
  })

  it('unpacks', async () => {
    answer = ({ headers }, response) => {
      expect(headers['accept-encoding']).toBe('gzip')
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('ads.example\n'))
    }
    await fetched()
    expect(readFileSync(file, 'utf8')).toBe('ads.example\n')
  })

  it('follows redirections, not for ever, and to the web only', async () => {
    answer = ({ url }, response) => {
      if (url === '/list') response.end('ads.example\n')
      else
        response
          .writeHead(302, { location: url === '/first' ? '/list' : url === '/file' ? 'file:///etc/x' : '/' })
          .end()
    }
    await fetched('/first')
    expect(readFileSync(file, 'utf8')).toBe('ads.example\n')
    rmSync(file)
    await fails(/too many redirections/)
    await fails(/leads to file:/, '/file')
  })
})

describe('a server of lists that', () => {
  it('never answers is given up', async () => {
    answer = () => {}
    await fails(/says nothing/, '/', { patience: { all: LONG_MS, idle: SHORT_MS } })
  })

  it('stops in the middle is given up', async () => {
    answer = (_request, response) => void response.writeHead(200).write('ads.example\n')
    await fails(/./, '/', { patience: { all: LONG_MS, idle: SHORT_MS } })
  })

  it('sends a little now and then is given up, too', async () => {
    answer = (_request, response) => {
      const timer = setInterval(() => response.write('a'), 20)
      response.once('close', () => clearInterval(timer))
    }
    await fails(/takes too long/, '/', { patience: { all: 2 * SHORT_MS, idle: LONG_MS } })
  })

  it('promises more than it sends is not believed', async () => {
    answer = (_request, response, socket) => {
      response.writeHead(200, { 'content-length': '5000' })
      response.write('ads.example\n', () => socket.end())
    }
    await fails(/./)
  })

  it('sends more than it promised is read as far as it promised', async () => {
    answer = (_request, _response, socket) =>
      void socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\nads.example\n${'evil.example\n'.repeat(100)}`)
    await fetched().catch(() => {})
    if (existsSync(file)) expect(readFileSync(file, 'utf8')).toBe('ads.example\n')
  })

  it('promises more than is allowed is not read', async () => {
    answer = (_request, response) => {
      response.writeHead(200, { 'content-length': String(1e15) })
      endless(response)
    }
    await fails(/more than 200000/)
  })

  it('sends without end is cut off', async () => {
    answer = (_request, response) => endless(response)
    await fails(/more than 200000/)
    // What is on the way fills the buffers of both sides.
    expect(sent).toBeLessThan(64 * 2 ** 20)
  })

  it('sends little that unpacks to much is cut off', async () => {
    answer = (_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(50_000_000, 'a')))
    }
    await fails(/more than 200000/)
  })

  it('sends what cannot be unpacked is not believed', async () => {
    const packed = gzipSync('ads.example\n'.repeat(1_000))
    answer = ({ url }, response) =>
      void response
        .writeHead(200, { 'content-encoding': 'gzip' })
        .end(url === '/cut' ? packed.subarray(0, 40) : Buffer.from('<html>log in</html>'))
    await fails(/./, '/cut')
    await fails(/./, '/page')
  })

  it('redirects, fails or has nothing new with a text without end is not listened to', async () => {
    answer = ({ url }, response) => {
      if (url === '/list') return void response.end('ads.example\n')
      response.writeHead(url === '/moved' ? 301 : 500, { location: '/list' })
      endless(response)
    }
    await fetched('/moved')
    await until(() => open.size === 0)
    await fails(/status 500/, '/broken')
    expect(sent).toBeLessThan(64 * 2 ** 20)
  })

  it('begins with a head without end is given up', async () => {
    answer = (_request, _response, socket) => void socket.write(`HTTP/1.1 200 OK\r\n${'x: y\r\n'.repeat(100_000)}`)
    await fails(/./)
  })

  it('is not there, or nobody knows, is said to be so', async () => {
    answer = (_request, response) => void response.end()
    await fails(/no address of lists\.test/, '/', { resolve: async () => [] })
    await fails(/no address of lists\.test: SERVFAIL/, '/', {
      resolve: async () => {
        throw new Error('SERVFAIL')
      },
    })
  })

  it('hangs does not hold up the end of the node', async () => {
    const control = new AbortController()
    answer = () => control.abort()
    await fails(/./, '/', { signal: control.signal })
  })
})
