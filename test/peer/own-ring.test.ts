/** A node that is told nothing of a ring: it begins one by itself, and is a resolver whatever comes of it. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { configLimits, loadConfig } from '../../src/config/index.ts'
import { type RunningNode, startNode } from '../../src/peer/index.ts'
import { mayWait } from '../../src/peer/waiting-ring.ts'

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

function freePort(): Promise<number> {
  const server = createServer()
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    }),
  )
}

/** Resolves when it is sent away. */
function visit(port: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    socket.once('close', () => resolve())
  })
}

describe('a node that nobody told of a ring', () => {
  it('is a ring of one, with a secret that only its owner can read, and one that it keeps', async () => {
    const node = await start({ ring: { listen: ['/ip4/127.0.0.1/tcp/0'] } })
    expect((await node.ring())?.members()).toHaveLength(1)
    const secret = statSync(join(dir, 'data/ring.secret'))
    expect(secret.mode & 0o777).toBe(0o600)
    await nodes.pop()!.close(0)
    await (await start({ ring: { listen: ['/ip4/127.0.0.1/tcp/0'] } })).ring()
    expect(statSync(join(dir, 'data/ring.secret')).ino).toBe(secret.ino)
  })

  it('takes another port when the one for peers is taken', async () => {
    taken = createServer()
    const port = await new Promise<number>((resolve) =>
      taken!.listen(0, '127.0.0.1', () => resolve((taken!.address() as { port: number }).port)),
    )
    const node = await start({ ring: { listen: [`/ip4/127.0.0.1/tcp/${port}`] } })
    expect((await node.ring())?.members()).toHaveLength(1)
    expect(node.multiaddrs[0]).not.toContain(`/tcp/${port}/`)
  })

  it('resolves without a ring when it cannot begin one', async () => {
    mkdirSync(join(dir, 'data'))
    writeFileSync(join(dir, 'data/ring.secret'), 'nonsense', { mode: 0o600 })
    const node = await start({ ring: { listen: ['/ip4/127.0.0.1/tcp/0'] } })
    expect(await node.ring()).toBeUndefined()
    expect(node.frontEnd.addresses).not.toEqual([])
  })

  it('has the number of chunks that it began with, whatever the default is now', async () => {
    const constants = join(dir, 'data/ring.constants')
    const kept = () => JSON.parse(readFileSync(constants, 'utf8')) as unknown
    const one = async (ring: object = {}) => {
      await (await start({ ring: { listen: ['/ip4/127.0.0.1/tcp/0'], ...ring } })).ring()
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
    expect(await node.ring()).toBeUndefined()
  }, 60_000)

  it('waits with it until somebody comes to its port, and is there when they come again', async () => {
    const port = await freePort()
    const node = await start({ ring: { listen: [`/ip4/127.0.0.1/tcp/${port}`] } })
    expect(node.readyLine).toMatch(/ ring=waiting$/)
    expect(node.multiaddrs).toEqual([])
    expect(existsSync(join(dir, 'data/ring.secret'))).toBe(false)
    await visit(port)
    await node.ring()
    expect(node.multiaddrs[0]).toContain(`/ip4/127.0.0.1/tcp/${port}/p2p/`)
  })

  it('begins it for who asks for the status, and all who ask at once hear of one', async () => {
    const node = await start({ status: { listen: '127.0.0.1:0' }, ring: { listen: ['/ip4/127.0.0.1/tcp/0'] } })
    const ask = async (path: string) => {
      const reply = await fetch(`http://127.0.0.1:${node.status!.address.port}${path}`)
      return (await reply.json()) as { multiaddrs?: string[]; peer?: string; ring?: { members: object[] } }
    }
    await ask('/healthz')
    expect(node.multiaddrs).toEqual([])
    const [one, other] = await Promise.all([ask('/status'), ask('/status')])
    expect(one.ring?.members).toHaveLength(1)
    expect(one.multiaddrs?.[0]).toContain('/p2p/')
    expect(other.multiaddrs).toEqual(one.multiaddrs)
  })

  it('begins none any more once it stops', async () => {
    const node = await start({ ring: { listen: ['/ip4/127.0.0.1/tcp/0'] } })
    await nodes.pop()!.close(0)
    expect(await node.ring()).toBeUndefined()
  })

  it('stops in order while its ring begins', async () => {
    const node = await start({ ring: { listen: ['/ip4/127.0.0.1/tcp/0'] } })
    const begun = node.ring()
    await nodes.pop()!.close(0)
    await begun
  })

  it('does not wait with a ring that others may know of, or whose settings hold for answers', () => {
    const config = (ring: object = {}) =>
      ({ ring: { byDefault: true, admission: 'psk', mdns: false, rendezvous: [], ...ring }, ledger: {} }) as never
    const store = (...keys: number[]) => ({
      *range(from: Uint8Array) {
        for (const key of keys) if (key >= from[0]!) yield [Uint8Array.of(key), new Uint8Array()] as const
      },
    })
    const kept = (ring = store(0), settings = store(0)) => ({ ring, settings }) as never
    expect(mayWait(config(), kept())).toBe(true)
    for (const other of [{ byDefault: false }, { admission: 'open' }, { mdns: true }, { rendezvous: ['/ip4/…'] }])
      expect(mayWait(config(other), kept())).toBe(false)
    for (const key of [1, 3, 4]) expect(mayWait(config(), kept(store(0, key)))).toBe(false)
    for (const key of [1, 2]) expect(mayWait(config(), kept(undefined, store(0, key)))).toBe(false)
  })

  it('has none when it is told so', async () => {
    const node = await start({ ring: { enabled: false } })
    expect(await node.ring()).toBeUndefined()
  })
})
