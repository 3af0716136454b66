/** A node that is told nothing of a ring: it begins one by itself, and is a resolver whatever comes of it. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { configLimits, loadConfig } from '../../src/config/index.ts'
import { type RunningNode, startNode } from '../../src/peer/index.ts'

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
let dir: string
let nodes: RunningNode[]
let taken: Server | undefined

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'chordns-own-ring-'))
  writeFileSync(join(dir, 'root.hints'), '. 3600 NS a.root.\na.root. 3600 A 127.0.0.1\n')
  nodes = []
  taken = undefined
})
afterEach(async () => {
  for (const node of nodes) await node.close(0)
  taken?.close()
  rmSync(dir, { recursive: true, force: true })
})

async function start(changes: object = {}): Promise<RunningNode> {
  const file = JSON.stringify({
    listen: { udp: ['127.0.0.1:0'], tcp: ['127.0.0.1:0'] },
    iterator: { rootHints: join(dir, 'root.hints'), port: 1, queryLoopback: true, ipv6: false },
    dnssec: { validate: false },
    status: { listen: false },
    data: join(dir, 'data'),
    ...changes,
  })
  const { config } = loadConfig({
    file: join(dir, 'c.json'),
    env: {},
    readFile: (path) => (path.endsWith('c.json') ? file : undefined),
  })
  const node = await startNode({ config, log, version: 'test' })
  nodes.push(node)
  return node
}

describe('a node that nobody told of a ring', () => {
  it('is a ring of one, with a secret that only its owner can read, and one that it keeps', async () => {
    const node = await start({ ring: { listen: ['/ip4/127.0.0.1/tcp/0'] } })
    expect(node.ring?.members()).toHaveLength(1)
    const secret = statSync(join(dir, 'data/ring.secret'))
    expect(secret.mode & 0o777).toBe(0o600)
    await nodes.pop()!.close(0)
    await start({ ring: { listen: ['/ip4/127.0.0.1/tcp/0'] } })
    expect(statSync(join(dir, 'data/ring.secret')).ino).toBe(secret.ino)
  })

  it('takes another port when the one for peers is taken', async () => {
    taken = createServer()
    const port = await new Promise<number>((resolve) =>
      taken!.listen(0, '127.0.0.1', () => resolve((taken!.address() as { port: number }).port)),
    )
    const node = await start({ ring: { listen: [`/ip4/127.0.0.1/tcp/${port}`] } })
    expect(node.ring?.members()).toHaveLength(1)
    expect(node.multiaddrs[0]).not.toContain(`/tcp/${port}/`)
  })

  it('resolves without a ring when it cannot begin one', async () => {
    mkdirSync(join(dir, 'data'))
    writeFileSync(join(dir, 'data/ring.secret'), 'nonsense', { mode: 0o600 })
    const node = await start({ ring: { listen: ['/ip4/127.0.0.1/tcp/0'] } })
    expect(node.ring).toBeUndefined()
    expect(node.frontEnd.addresses).not.toEqual([])
  })

  it('has the number of chunks that it began with, whatever the default is now', async () => {
    const constants = join(dir, 'data/ring.constants')
    const kept = () => JSON.parse(readFileSync(constants, 'utf8')) as unknown
    const one = async (ring: object = {}) => {
      await start({ ring: { listen: ['/ip4/127.0.0.1/tcp/0'], ...ring } })
      await nodes.pop()!.close(0)
      return kept()
    }
    expect(await one()).toEqual({ ring: 'home', chunkBits: configLimits.NEW_RING_CHUNK_BITS })
    expect(await one({ chunkBits: 12 })).toEqual({ ring: 'home', chunkBits: 12 })
    expect(await one()).toEqual({ ring: 'home', chunkBits: 12 })
    // As a release left it that kept no constants.
    rmSync(constants)
    expect(await one()).toEqual({ ring: 'home', chunkBits: 8 })
    // Another ring begins now.
    expect(await one({ id: 'cabin' })).toEqual({ ring: 'cabin', chunkBits: configLimits.NEW_RING_CHUNK_BITS })
  }, 60_000)

  it('begins none on constants that are damaged: it would look in other places than the others', async () => {
    mkdirSync(join(dir, 'data'))
    writeFileSync(join(dir, 'data/ring.constants'), '{"ring":"home"')
    const node = await start({ ring: { listen: ['/ip4/127.0.0.1/tcp/0'] } })
    expect(node.ring).toBeUndefined()
  }, 60_000)

  it('has none when it is told so', async () => {
    const node = await start({ ring: { enabled: false } })
    expect(node.ring).toBeUndefined()
  })
})
