/** The dashboard of a node that runs: on loopback for its programs, on the LAN for who has the password. */
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadConfig } from '../../src/config/index.ts'
import { hashPassword, queriesView, sessionView, signedInView, signInKey } from '../../src/observe/index.ts'
import { dashboardKey, keepDashboardPassword } from '../../src/peer/index.ts'
import { type RunningNode, startNode } from '../../src/peer/node.ts'

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
let dir: string
let node: RunningNode | undefined

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'chordns-dashboard-'))
  writeFileSync(join(dir, 'root.hints'), '. 3600 NS a.root.\na.root. 3600 A 127.0.0.1\n')
})
afterEach(async () => {
  await node?.close(0)
  node = undefined
  rmSync(dir, { recursive: true, force: true })
})

const data = () => join(dir, 'data')

async function start(changes: object = {}): Promise<RunningNode> {
  const file = JSON.stringify({
    listen: { udp: ['127.0.0.1:0'], tcp: ['127.0.0.1:0'] },
    iterator: { rootHints: join(dir, 'root.hints'), port: 1, queryLoopback: true, ipv6: false },
    dnssec: { validate: false },
    ring: { enabled: false },
    status: { listen: '127.0.0.1:0', dashboard: '127.0.0.1:0' },
    data: data(),
    ...changes,
  })
  const readFile = (path: string) => (path.endsWith('c.json') ? file : undefined)
  const loaded = loadConfig({ file: join(dir, 'c.json'), env: {}, readFile })
  node = await startNode({ config: loaded.config, log, version: 'test', shown: loaded })
  return node
}

interface Reply {
  readonly status: number
  readonly body: string
}

function ask(method: string, path: string, headers: Record<string, string> = {}, body?: object): Promise<Reply> {
  const { port } = node!.dashboard!.address
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, method, path, headers, rejectUnauthorized: false, agent: false }
    const outgoing = request(options, (reply) => {
      let text = ''
      reply.on('data', (chunk: Buffer) => {
        text += chunk.toString()
      })
      reply.on('end', () => resolve({ status: reply.statusCode ?? 0, body: text }))
    })
    outgoing.on('error', reject)
    outgoing.end(body === undefined ? undefined : JSON.stringify(body))
  })
}

const ours = { 'x-chordns': '1' }
const signIn = (proof: object) => ask('POST', '/session/begin', ours, proof)
const owner = async (proof: object) => {
  const { token } = signedInView.parse(JSON.parse((await signIn(proof)).body))
  return { ...ours, authorization: `Bearer ${token}` }
}

describe('the dashboard on the LAN', () => {
  it('does not begin without a password', async () => {
    await expect(start()).rejects.toMatchObject({ code: 'DASHBOARD_NO_PASSWORD' })
  }, 60_000)

  it('gives its pages to all, and what they show to who has signed in', async () => {
    const file = await keepDashboardPassword(data(), await hashPassword('a good one'))
    expect(statSync(file).mode & 0o777).toBe(0o600)
    await start()
    expect((await ask('GET', '/')).body).toContain('<script type="module" src="/web/app.js">')
    expect((await ask('GET', '/web/app.js')).status).toBe(200)
    for (const path of ['/status', '/metrics', '/overview', '/events', '/queries'])
      expect((await ask('GET', path, ours)).status, path).toBe(401)
    const guest = sessionView.parse(JSON.parse((await ask('GET', '/session')).body))
    expect(guest).toEqual({ isOwner: false, isNeeded: true, hasPassword: true })
    expect((await signIn({ password: 'a bad one' })).status).toBe(400)
    const headers = await owner({ password: 'a good one' })
    expect((await ask('GET', '/status', headers)).status).toBe(200)
    expect((await ask('GET', '/status', { ...headers, host: 'evil.example' })).status).toBe(403)
    expect((await ask('GET', '/configuration', headers)).body).toContain('status.dashboard')
  }, 60_000)

  it('keeps questions by the level that was chosen there, and goes back to that of the configuration', async () => {
    await keepDashboardPassword(data(), await hashPassword('a good one'))
    await start({ queries: { privacy: 'off', keep: 10 } })
    const headers = await owner({ password: 'a good one' })
    const choose = async (query: string) =>
      queriesView.parse(JSON.parse((await ask('POST', `/queries/privacy?${query}`, headers)).body))
    expect(await choose('level=names&minutes=10')).toMatchObject({ privacy: 'names', until: expect.any(Number) })
    expect(await choose('level=names&minutes=0')).toMatchObject({ privacy: 'off', until: null, keep: 10 })
    expect((await ask('POST', '/queries/privacy?level=all', headers)).body).toContain('USAGE')
    expect((await ask('POST', '/queries/privacy?level=full&minutes=1441', headers)).body).toContain('USAGE')
  }, 60_000)

  it('takes the key that only the user of the node can make, and says so of who asks', async () => {
    await keepDashboardPassword(data(), await hashPassword('a good one'))
    await start()
    const secret = await dashboardKey(data())
    expect(statSync(join(data(), 'dashboard.key')).mode & 0o777).toBe(0o600)
    expect(await dashboardKey(data())).toBe(secret)
    const headers = await owner({ key: signInKey(secret, Date.now()) })
    const session = sessionView.parse(JSON.parse((await ask('GET', '/session', headers)).body))
    expect(session).toEqual({ isOwner: true, isNeeded: true, hasPassword: true })
  }, 60_000)
})
