/** `chordns cache` against a status API: what is asked, how, and what a person sees of it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  acts,
  type CacheView,
  createStatusServer,
  type FlushView,
  looksUp,
  type StatusServer,
} from '../../../src/observe/index.ts'
import { captured } from '../captured.ts'

const quiet = { debug() {}, info() {}, warn() {}, error() {} }

const view: CacheView = {
  name: 'example.com.',
  below: false,
  isCut: false,
  entries: [
    {
      context: 'main',
      question: 'example.com. A',
      records: ['example.com. 300 IN A 192.0.2.1'],
      side: 'own',
      security: 'secure',
      provenance: 'solo',
      ttl: 123,
      ageSeconds: 177,
    },
  ],
  delegations: [{ context: 'main', zone: 'example.com.', nameServers: ['ns1.example.com.'], signed: true, ttl: 60 }],
  failures: [{ context: 'main', question: 'example.com. MX', code: 'RECURSE_FAILED', why: 'no answer', ttl: 2 }],
}

let server: StatusServer
let node: string
const asked: string[] = []

beforeAll(async () => {
  const show = (query: URLSearchParams): CacheView => {
    asked.push(`show ${query}`)
    return query.get('name') === 'none.com' ? { ...view, entries: [], delegations: [], failures: [] } : view
  }
  const flush = (query: URLSearchParams): FlushView => {
    asked.push(`flush ${query}`)
    return { name: 'example.com.', below: query.has('below'), forgotten: 4, links: 2 }
  }
  const routes = { '/cache': looksUp(show), '/cache/flush': acts(flush) }
  server = await createStatusServer({ address: '127.0.0.1', port: 0 }, routes, quiet)
  node = `127.0.0.1:${server.address.port}`
})
afterAll(() => server.close())

const chordns = (...args: string[]) => captured('cache', ...args, '--node', node)

describe('chordns cache', () => {
  it('show prints entries, delegations and failures', async () => {
    const { code, stdout } = await chordns('show', 'example.com')
    expect([code, asked.at(-1)]).toEqual([0, 'show name=example.com'])
    expect(stdout).toMatch(/example\.com\. A.*secure, solo, own {2}123 s left/)
    expect(stdout).toContain('192.0.2.1')
    expect(stdout).toMatch(/example\.com\.\s+60 s left\s+signed\s+ns1\.example\.com\./)
    expect(stdout).toMatch(/example\.com\. MX\s+2 s left\s+RECURSE_FAILED\s+no answer/)
  })

  it('show --json prints what the node said', async () => {
    const { stdout } = await chordns('show', 'example.com', '--below', '--json')
    expect(asked.at(-1)).toBe('show name=example.com&below=1')
    expect(JSON.parse(stdout)).toEqual(view)
  })

  it('show says that there is nothing', async () => {
    expect((await chordns('show', 'none.com')).stdout).toContain('--below shows the names below it, too')
  })

  it('flush tells what was forgotten', async () => {
    const { code, stdout } = await chordns('flush', 'example.com', '--below')
    expect([code, asked.at(-1)]).toEqual([0, 'flush name=example.com&below=1'])
    expect(stdout).toContain('example.com. and below: forgot 4 entries, delegations and failures, and 2 links')
    expect(JSON.parse((await chordns('flush', 'example.com', '--json')).stdout)).toMatchObject({
      below: false,
      links: 2,
    })
  })

  it('wants a domain name', async () => {
    const before = asked.length
    expect(await chordns('flush', 'a..b')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('not a domain name'),
    })
    expect(await chordns('flush')).toMatchObject({ code: 2 })
    expect(asked).toHaveLength(before)
  })
})
