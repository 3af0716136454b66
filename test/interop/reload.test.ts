/** SIGHUP at a real process: `chordns start` reads its configuration again while it answers. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Rcode, readEde } from '../../src/dns/index.ts'
import { type Cluster, type PeerProcess, startCluster } from '../world/cluster.ts'
import { ask, demoWorld, texts, type World } from '../world/index.ts'

type Settings = Record<string, Record<string, unknown>>

let world: World
let cluster: Cluster
let peer: PeerProcess
let started: Settings

beforeAll(async () => {
  world = await demoWorld()
  cluster = await startCluster({
    peers: 1,
    hints: world.hintsText(),
    authorityPort: world.port,
    replicas: 2,
    admitAfter: 1,
  })
  peer = cluster.peers[0]!
  started = JSON.parse(await readFile(peer.configFile, 'utf8')) as Settings
})
afterAll(async () => {
  await cluster?.stop()
  await world?.stopAll()
})

const reload = (settings: object | string, what?: RegExp) => peer.reload(settings, what)

async function say(name: string, type = 'A', flags: { readonly rd?: boolean } = {}) {
  const reply = await ask({ address: peer.address, port: peer.port }, { name, type }, flags)
  return { rcode: reply.rcode, texts: texts(reply.answers), ede: readEde(reply.edns!.options), aa: reply.aa }
}

describe('SIGHUP', () => {
  it('brings local names into force, and keeps the cache', async () => {
    expect((await say('www.example.com')).texts).toEqual(['A 192.0.2.81'])
    expect((await say('ads.example.com')).rcode).toBe(Rcode.NXDOMAIN)
    const asked = world.count()
    await writeFile(join(cluster.dir, 'hosts'), '192.168.1.5 nas.lan\n0.0.0.0 ads.example.com\n')
    const settings = {
      ...started,
      local: {
        hosts: [join(cluster.dir, 'hosts')],
        records: ['www.lan CNAME www.example.com'],
        zones: { lan: 'static' },
      },
    }
    expect(await reload(settings)).toContain('"changed":["local.hosts","local.records","local.zones"]')
    expect(await say('nas.lan', 'A', { rd: false })).toMatchObject({ texts: ['A 192.168.1.5'], aa: true })
    expect((await say('5.1.168.192.in-addr.arpa', 'PTR')).texts).toEqual(['PTR nas.lan.'])
    expect((await say('nas.lan', 'AAAA')).rcode).toBe(Rcode.NOERROR)
    expect((await say('other.lan')).rcode).toBe(Rcode.NXDOMAIN)
    expect((await say('ads.example.com')).texts).toEqual(['A 0.0.0.0'])
    expect((await say('www.lan')).texts).toEqual(['CNAME www.example.com.', 'A 192.0.2.81'])
    expect((await say('www.example.com')).texts).toEqual(['A 192.0.2.81'])
    expect(world.count()).toBe(asked)

    // The file has changed, the configuration has not.
    await writeFile(join(cluster.dir, 'hosts'), '192.168.1.6 nas.lan\n')
    expect(await reload(settings)).toContain('"changed":[]')
    expect((await say('nas.lan')).texts).toEqual(['A 192.168.1.6'])
    expect((await say('ads.example.com')).rcode).toBe(Rcode.NXDOMAIN)
  })

  it('brings a stub zone into force, and forgets what was known of its names', async () => {
    expect((await say('www.example.net')).texts).toEqual(['A 198.51.100.81'])
    const stubs = { 'example.net': ['127.53.99.99'] }
    const logged = await reload({ ...started, iterator: { ...started['iterator'], stubs } })
    expect(logged).toContain('kept, except for changed zones')
    // Nobody is there: were it answered, it would be by what was known before.
    expect((await say('www.example.net')).rcode).toBe(Rcode.SERVFAIL)
    await reload(started)
    expect((await say('www.example.net')).texts).toEqual(['A 198.51.100.81'])
  })

  it('changes who may ask', async () => {
    await reload({ ...started, access: { allow: ['127.0.0.9', '::1'] } })
    const other = { address: peer.address, port: peer.port, from: '127.0.0.9' }
    expect(await say('www.example.com')).toMatchObject({ rcode: Rcode.REFUSED, ede: [{ code: 18 }] })
    expect(texts((await ask(other, { name: 'www.example.com' })).answers)).toEqual(['A 192.0.2.81'])
    await reload(started)
    expect((await say('www.example.com')).rcode).toBe(Rcode.NOERROR)
  })

  it('changes the log level', async () => {
    const from = peer.log().length
    await say('loop1.example.com')
    await reload({ ...started, log: { level: 'debug' } })
    expect(peer.log().slice(from)).not.toContain('"level":"debug"')
    await say('loop1.example.com')
    await peer.logged(/"level":"debug".*"msg":"question failed"/, from)
    await reload(started)
  })

  it('leaves a wrong configuration alone, and says all that is wrong with it', async () => {
    await reload({ ...started, local: { records: ['nas.lan A 192.168.1.7'] } })
    const logged = await reload({ ...started, resolver: { strikt: true }, cache: { maxTtl: 'long' } })
    expect(logged).toContain('configuration not reloaded: the old one stays in force')
    expect(logged).toContain('resolver.strikt: unknown key; did you mean `strict`?')
    expect(logged).toContain('cache.maxTtl: must be a whole number')
    expect(await reload('{ "local": ')).toContain('CONFIG_SYNTAX')
    expect(await reload({ ...started, local: { hosts: ['/nowhere'], records: ['x'] } })).toContain(
      'there is no file /nowhere',
    )
    expect((await say('nas.lan')).texts).toEqual(['A 192.168.1.7'])
  })

  it('says which keys need a restart', async () => {
    const settings = { ...started, cache: { maxBytes: '32MiB' }, status: { listen: false } }
    const logged = await reload(settings, /"msg":"these keys have changed, and need a restart/)
    expect(logged).toContain('"keys":["cache.maxBytes","status.listen"]')
    expect((await say('www.example.com')).rcode).toBe(Rcode.NOERROR)
  })

  it('does not lose a question, however often it comes', async () => {
    let stop = false
    const askAll = async () => {
      const seen: number[] = []
      for (let i = 0; !stop; i++) seen.push((await say(i % 2 === 0 ? 'www.example.com' : 'www.example.org')).rcode)
      return seen
    }
    const asking = Promise.all([askAll(), askAll()])
    for (let i = 0; i < 10; i++) await reload({ ...started, local: { records: [`n${i}.lan A 192.168.1.${i}`] } })
    stop = true
    const rcodes = new Set((await asking).flat())
    expect(rcodes).toEqual(new Set([Rcode.NOERROR]))
    expect((await say('n9.lan')).texts).toEqual(['A 192.168.1.9'])
    expect((await say('n8.lan')).rcode).toBe(Rcode.NXDOMAIN)
  })
})
