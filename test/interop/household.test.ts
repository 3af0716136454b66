/** Three boxes of one household in three processes: what one has resolved the others answer without a query, also one that was away. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Cluster, type PeerProcess, startCluster } from '../world/cluster.ts'
import { ask, createWorld, demoSpec, signWorld, texts, type World } from '../world/index.ts'
import { allKnow, lookup, statusOf, until } from './scenes/asking.ts'

const BOXES = 3

describe('three boxes of a household', () => {
  let world: World
  let cluster: Cluster

  /** Questions of clients that came to an authority; the root's own are asked by each box for itself. */
  const queries = () =>
    world.queries(({ name }) => name !== '.').map(({ server, name, type }) => `${server} ${name.toLowerCase()} ${type}`)
  const resolve = async ({ address, port }: PeerProcess, name: string) => {
    const { answers, ad } = await ask({ address, port }, { name }, { ad: true })
    return `${ad ? 'AD ' : ''}${texts(answers).join(', ')}`
  }
  const rows = async (peer: PeerProcess, count: 'rowsTaken' | 'caughtUp') => (await statusOf(peer)).household![count]!
  /** Asks one box, and waits until both others have taken what it found. */
  async function resolveAndTell(peer: PeerProcess, name: string): Promise<string> {
    const others = cluster.peers.filter((one) => one !== peer)
    const before = await Promise.all(others.map((one) => rows(one, 'rowsTaken')))
    const answer = await resolve(peer, name)
    await until('the others were told', async () => {
      const now = await Promise.all(others.map((one) => rows(one, 'rowsTaken')))
      return now.every((count, i) => count > before[i]!)
    })
    return answer
  }

  beforeAll(async () => {
    const signed = signWorld(demoSpec(), { '.': {}, 'com.': {}, 'org.': {}, 'example.com.': {} })
    world = await createWorld(signed.spec)
    cluster = await startCluster({
      peers: BOXES,
      hints: world.hintsText(),
      authorityPort: world.port,
      anchors: signed.anchorText,
      replicas: 2,
      admitAfter: 'auto',
      // A restarted box knows nothing.
      config: { cache: { persist: false }, ring: { acceptFrom: 'any-member' } },
    })
    await allKnow(cluster.peers)
  })
  afterAll(async () => {
    await cluster?.stop()
    await world?.stopAll()
  })

  it.each([
    ['www.example.com', 'AD A 192.0.2.81'],
    ['www.example.org', 'A 203.0.113.81'],
  ])('answer %s without a query when one of them has resolved it', async (name, answer) => {
    const [first, ...others] = cluster.peers
    expect(await resolveAndTell(first!, name)).toBe(answer)
    world.clearLog()
    for (const other of others) {
      expect(await resolve(other, name)).toBe(answer)
      const view = await lookup(other, name)
      const teller = first!.multiaddr.split('/p2p/')[1]!
      expect(view.steps.map(({ text }) => text).join('\n')).toContain(`told by ${teller}`)
    }
    expect(queries()).toEqual([])
  })

  it('ask the servers of the zone alone for its other names', async () => {
    const [first, second] = cluster.peers
    await resolve(first!, 'www.example.com')
    world.clearLog()
    expect(await resolve(second!, 'mail.example.com')).toMatch(/^AD A /)
    const servers = new Set(queries().map((query) => query.split(' ')[0]))
    for (const server of servers) expect(server).toMatch(/^ns\d\.example\.com$/)
  })

  it('bring one that was away up to date, from nothing', async () => {
    const [first, , third] = cluster.peers
    await third!.stop('SIGTERM')
    await resolve(first!, 'www.example.net')
    await resolve(first!, 'www.example.com')
    const back = await cluster.start(third!.index)
    await allKnow(cluster.peers)
    // Once the others know it as a member again, one of them sends all in several messages.
    await back.logged(/took over what the household knows/)
    expect(await rows(back, 'caughtUp')).toBeGreaterThan(0)
    world.clearLog()
    expect(await resolve(back, 'www.example.net')).toMatch(/^A /)
    expect(await resolve(back, 'www.example.com')).toBe('AD A 192.0.2.81')
    expect(queries()).toEqual([])
  })

  it('go on alone when the others are gone', async () => {
    const [first, second, third] = cluster.peers
    await Promise.all([second!.stop('SIGKILL'), third!.stop('SIGKILL')])
    expect(await resolve(first!, 'www.thirteen.org')).toMatch(/^A /)
  })
})
