/** A zone that its parent has taken away, at a node whose operator wants it kept: the last delegation that the ring agreed on (B11). */
import { randomBytes, randomInt } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import type { Clock, Store } from '../../../src/base/index.ts'
import { createCache } from '../../../src/cache/index.ts'
import type { Chunks } from '../../../src/chunks/index.ts'
import { loadConfig } from '../../../src/config/index.ts'
import {
  addressRdata,
  Class,
  nameToText,
  parseName,
  type Question,
  Rcode,
  Type,
  typeFromText,
} from '../../../src/dns/index.ts'
import { Core } from '../../../src/peer/core/core.ts'
import type { ResolveStep } from '../../../src/resolver/index.ts'
import { createMemoryDisk, seededRandom } from '../../../src/sim/index.ts'
import {
  createWorld,
  dsRdata,
  makeKeys,
  signWorld,
  signZone,
  simpleSpec,
  systemClock,
  texts,
  type World,
} from '../../world/index.ts'

const dir = mkdtempSync(join(tmpdir(), 'chordns-kept-'))
afterAll(() => rmSync(dir, { recursive: true }))
let world: World | undefined
afterEach(() => world?.stopAll())

const SHOP = '127.54.8.1'
const HOUR = 3_600_000
const zoneKeys = { '.': makeKeys(13), 'com.': makeKeys(13) }
const shopKeys = makeKeys(13)

function internet(hasShop: boolean, isSigned: boolean) {
  const plain = simpleSpec({
    'com.': hasShop ? `shop 300 IN NS ns1.shop\nns1.shop 300 IN A ${SHOP}` : '',
    'example.com.': 'www A 192.0.2.81',
  })
  const signed = signWorld(plain, { '.': { keys: zoneKeys['.'] }, 'com.': { keys: zoneKeys['com.'] } })
  const text = `@ 300 IN SOA ns1 admin 1 3600 600 86400 60\n@ 300 IN NS ns1\nns1 300 IN A ${SHOP}\nwww 60 IN A 192.0.2.7\n`
  const shop = {
    origin: 'shop.com.',
    servers: ['shop'],
    text: isSigned ? signZone('shop.com.', text, { keys: shopKeys }) : text,
  }
  return {
    anchorText: signed.anchorText,
    spec: {
      ...signed.spec,
      servers: { ...signed.spec.servers, shop: { addresses: [SHOP] } },
      zones: [...signed.spec.zones, shop],
    },
  }
}

interface Options {
  readonly zones?: readonly string[]
  /** The owner signs the zone, and the agreed delegation has its DS set. */
  readonly isSigned?: boolean
  readonly store?: Store
  readonly strict?: boolean
}

async function node({
  zones = ['shop.com'],
  isSigned = false,
  store = createMemoryDisk({ random: seededRandom(1) }).open(),
  strict = false,
}: Options = {}) {
  const { spec, anchorText } = internet(true, isSigned)
  const net = await createWorld(spec, { sockets: false })
  world = net
  const [hints, anchors] = [join(dir, 'hints'), join(dir, 'anchors')]
  writeFileSync(hints, net.hintsText())
  writeFileSync(anchors, anchorText)
  const file = JSON.stringify({
    iterator: { rootHints: hints, port: net.port, queryLoopback: true, ipv6: false },
    dnssec: { trustAnchors: anchors },
    resolver: { keepDelegations: { zones, days: 2 }, strict },
    ring: { enabled: true },
  })
  let ahead = 0
  // Both times go ahead: what is known ends, and signatures are the older for it.
  const clock: Clock = Object.defineProperties(Object.create(systemClock) as Clock, {
    now: { value: () => systemClock.now() + ahead },
    monotonic: { value: () => systemClock.monotonic() + ahead },
  })
  const reads: string[] = []
  const shop = parseName('shop.com.')
  const server = parseName('ns1.shop.com.')
  // What the replicas of the zone's delegation have agreed on.
  const chunks: Partial<Chunks> = {
    expects: () => 'no',
    hedgeMs: () => 30,
    tell() {},
    read: async (question: Question) => {
      if (question.type !== 0) return { kind: 'insufficient', reason: 'unknown', replies: [] }
      reads.push(nameToText(question.name))
      if (question.name.key !== shop.key) return { kind: 'insufficient', reason: 'unknown', replies: [] }
      const ds = {
        name: shop,
        type: Type.DS,
        class: Class.IN,
        ttl: 300,
        rdatas: [dsRdata(shop, shopKeys.ksk)],
        signatures: [],
      }
      return {
        kind: 'delegation',
        replies: [],
        delegation: {
          delegated: {
            kind: 'delegation',
            zone: shop,
            apex: parseName('com.'),
            nameServers: [server],
            ds: isSigned ? ds : undefined,
            glue: [{ name: server, addresses: [addressRdata(SHOP).rdata] }],
            ttl: 300,
            proofs: [],
          },
          certificate: {} as never,
          observers: [],
          expires: clock.now() + 300_000,
        },
      }
    },
  }
  const start = () => {
    const config = loadConfig({ env: {}, file: 'c', readFile: () => file }).config
    const cache = createCache({ ...config.cache, staleSeconds: 0, seed: randomBytes(8), clock })
    return new Core(
      {
        cache,
        exchange: net.exchange('127.0.0.1'),
        clock,
        random: { bytes: (length) => new Uint8Array(randomBytes(length)), below: (bound) => randomInt(bound) },
        log: { debug() {}, info() {}, warn() {}, error() {} },
      },
      { ownListeners: () => [], chunks: () => chunks as Chunks, kept: () => store },
      config,
    )
  }
  let core = start()
  async function ask(question: string) {
    const [name = '', type = 'A'] = question.split(' ')
    const steps: ResolveStep[] = []
    const { rcode, answers, security, ede } = await core.resolver.resolve({
      question: { name: parseName(name), type: typeFromText(type)!, class: Class.IN },
      recursionDesired: true,
      checkingDisabled: false,
      dnssecOk: false,
      authenticData: true,
      client: 'test',
      signal: new AbortController().signal,
      onStep: (step) => steps.push(step),
    })
    const kept = steps.flatMap((step) => (step.kind === 'kept' ? [step.detail] : []))
    return { rcode, texts: texts(answers), security, ede: ede.map(({ text }) => text), kept }
  }
  const setParent = (hasShop: boolean) => {
    const com = internet(hasShop, isSigned).spec.zones.find(({ origin }) => origin === 'com.')!
    net.setZone(com)
  }
  return {
    ask,
    reads,
    net,
    removed: () => setParent(false),
    restored: () => setParent(true),
    later(ms: number) {
      ahead += ms
    },
    restart() {
      core = start()
    },
  }
}

const SHOP_SAYS = { rcode: Rcode.NOERROR, texts: ['A 192.0.2.7'], security: 'insecure' }
const NOBODY = { rcode: Rcode.NXDOMAIN, texts: [] }

describe('an unsigned zone whose delegation was removed', () => {
  it('is resolved by the last delegation that the ring agreed on, says so, and is never secure', async () => {
    const { ask, removed, later } = await node()
    expect(await ask('www.shop.com')).toMatchObject({ ...SHOP_SAYS, kept: [] })
    removed()
    later(HOUR)
    const said = await ask('www.shop.com')
    expect(said).toMatchObject(SHOP_SAYS)
    expect(said.ede.join()).toMatch(
      /^com\. says that shop\.com\. does not exist; resolved by the delegation that the ring agreed on last, of 20/,
    )
    expect(said.kept).toEqual(said.ede)
    // Out of the cache, and for what nobody had asked for before.
    expect(await ask('www.shop.com')).toMatchObject({ ...SHOP_SAYS, ede: said.ede })
    expect(await ask('nothing.shop.com')).toMatchObject({ ...NOBODY, ede: said.ede })
    expect(await ask('shop.com NS')).toMatchObject({ texts: ['NS ns1.shop.com.'], security: 'insecure' })
  })

  it('does not exist at a node whose operator has not named it', async () => {
    const { ask, removed, later, reads } = await node({ zones: ['other.com'] })
    expect(await ask('www.shop.com')).toMatchObject(SHOP_SAYS)
    removed()
    later(HOUR)
    expect(await ask('www.shop.com')).toMatchObject({ ...NOBODY, kept: [], ede: [] })
    expect(reads).toEqual([])
  })

  it('says of its DS set what the parent says', async () => {
    const { ask, removed, later } = await node()
    await ask('www.shop.com')
    removed()
    later(HOUR)
    await ask('www.shop.com')
    expect(await ask('shop.com DS')).toMatchObject({ rcode: Rcode.NXDOMAIN, kept: [] })
  })

  it('is the parent’s again within minutes of coming back', async () => {
    const { ask, removed, restored, later } = await node()
    await ask('www.shop.com')
    removed()
    later(HOUR)
    expect((await ask('www.shop.com')).kept).toHaveLength(1)
    restored()
    later(11 * 60_000)
    expect(await ask('www.shop.com')).toMatchObject({ ...SHOP_SAYS, kept: [], ede: [] })
  })

  it('is kept over a restart, and no longer than the operator wants', async () => {
    const { ask, removed, later, restart } = await node()
    await ask('www.shop.com')
    removed()
    later(HOUR)
    restart()
    expect(await ask('www.shop.com')).toMatchObject(SHOP_SAYS)
    later(48 * HOUR)
    expect(await ask('www.shop.com')).toMatchObject({ ...NOBODY, kept: [] })
    restart()
    expect(await ask('www.shop.com')).toMatchObject({ ...NOBODY, kept: [] })
  })

  it('was not agreed on: nothing is kept of what this node alone has seen', async () => {
    const { ask, removed, later } = await node({ zones: ['shop.com', 'example.com'] })
    expect(await ask('www.example.com')).toMatchObject({ texts: ['A 192.0.2.81'] })
    removed()
    later(HOUR)
    expect(await ask('www.example.com')).toMatchObject({ texts: ['A 192.0.2.81'], kept: [] })
  })

  it('is refused by a strict node: what it says is one node’s fetch', async () => {
    const { ask, removed, later } = await node({ strict: true })
    await ask('www.shop.com')
    removed()
    later(HOUR)
    expect((await ask('www.shop.com')).texts).toEqual([])
  })
})

describe('a zone whose owner signed it', () => {
  it('is held against the keys of the last agreed delegation, and is not called secure', async () => {
    const { ask, removed, later, net } = await node({ isSigned: true })
    await ask('www.shop.com')
    removed()
    later(HOUR)
    expect(await ask('www.shop.com')).toMatchObject(SHOP_SAYS)
    const shop = internet(false, false).spec.zones.find(({ origin }) => origin === 'shop.com.')!
    net.setZone({ ...shop, text: shop.text.replace('192.0.2.7', '192.0.2.66') })
    later(120_000)
    expect(await ask('www.shop.com')).toMatchObject({ rcode: Rcode.SERVFAIL, texts: [] })
  })
})
