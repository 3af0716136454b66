import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { concatBytes } from '../../src/base/index.ts'
import { decodeMessage, encodeMessage, Rcode } from '../../src/dns/index.ts'
import { testClock } from '../setup/clock.ts'
import {
  ask,
  askRaw,
  createWorld,
  demoWorld,
  inject,
  malformedFirst,
  queryFor,
  repeated,
  simpleSpec,
  simpleWorld,
  texts,
  type World,
  wrongIdFirst,
} from './index.ts'

const EXAMPLE = `
www  300 A 192.0.2.1
rr   300 A 192.0.2.1
rr   300 A 192.0.2.2
rr   300 A 192.0.2.3
big  300 TXT ${'"0123456789012345678901234567890123456789" '.repeat(60)}
`

let world: World
const leaf = () => world.server('ns1.example.com')
const at = (name: string, protocol: 'udp' | 'tcp' = 'udp', from?: string) => ({
  address: world.server(name).addresses[0]!,
  port: world.port,
  protocol,
  ...(from === undefined ? {} : { from }),
})
const www = { name: 'www.example.com' }

beforeAll(async () => {
  const spec = simpleSpec({ 'com.': '', 'example.com.': EXAMPLE }, { serverCounts: { 'example.com.': 2 } })
  const zones = spec.zones.map((zone) =>
    zone.origin === 'example.com.'
      ? { ...zone, views: [{ from: ['127.0.9.0/24'], text: 'www 300 A 192.0.2.99' }] }
      : zone,
  )
  world = await createWorld({ ...spec, zones })
})
afterAll(() => world.stopAll())

describe('the way down', () => {
  it('starts at the hints and follows the glue', async () => {
    expect(world.hintsText()).toBe('. 3600000 IN NS a.root.\na.root. 3600000 IN A 127.54.0.1\n')
    const root = await ask(at('a.root'), www, { rd: false })
    expect(root).toMatchObject({ aa: false, answers: [] })
    expect(texts(root.authorities)).toEqual(['NS ns1.com.'])
    expect(texts(root.additionals)).toEqual(['A 127.54.1.1'])
    const com = await ask(at('ns1.com'), www, { rd: false })
    expect(texts(com.additionals)).toEqual(['A 127.54.2.1', 'A 127.54.2.2'])
    const answer = await ask(at('ns2.example.com'), www, { rd: false })
    expect(answer).toMatchObject({ aa: true, ra: false, rcode: 0 })
    expect(texts(answer.answers)).toEqual(['A 192.0.2.1'])
  })

  it('is refused where the zone is not served', async () => {
    expect((await ask(at('ns1.com'), { name: 'www.example.org' })).rcode).toBe(Rcode.REFUSED)
  })
})

describe('sizes', () => {
  it.each<[number | false, boolean]>([
    [false, true],
    [512, true],
    [1_232, true],
    [4_096, true],
  ])('EDNS %s: a large answer is cut over UDP, whole over TCP', async (edns, tc) => {
    const question = { name: 'big.example.com', type: 'TXT' }
    expect(await ask(at('ns1.example.com'), question, { edns })).toMatchObject({ tc, answers: [] })
    expect((await ask(at('ns1.example.com', 'tcp'), question, { edns })).answers).toHaveLength(1)
  })
})

describe('programmed servers', () => {
  const with_ = async (behaviour: Parameters<ReturnType<typeof leaf>['behave']>[0], run: () => Promise<void>) => {
    leaf().behave(behaviour)
    try {
      await run()
    } finally {
      leaf().reset()
    }
  }
  const answer = () => ask(at('ns1.example.com'), www)
  const silence = () => expect(ask(at('ns1.example.com'), www, { timeoutMs: 80 })).rejects.toThrow('no reply')

  it('keep silent, lose everything, or do not speak UDP', async () => {
    await with_({ silent: true }, silence)
    await with_({ loss: 1 }, silence)
    await with_({ noUdp: true }, async () => {
      await silence()
      expect((await ask(at('ns1.example.com', 'tcp'), www)).answers).toHaveLength(1)
    })
    await with_({ noTcp: true }, () => expect(ask(at('ns1.example.com', 'tcp'), www)).rejects.toThrow())
  })

  it('take their time', async () => {
    await with_({ delayMs: 60 }, async () => {
      const before = performance.now()
      await answer()
      expect(performance.now() - before).toBeGreaterThan(55)
    })
  })

  it('refuse, fail, are lame', async () => {
    await with_({ rcode: Rcode.SERVFAIL }, async () => expect((await answer()).rcode).toBe(Rcode.SERVFAIL))
    await with_({ lame: 'no-aa' }, async () => expect((await answer()).aa).toBe(false))
    await with_({ lame: 'refer-up' }, async () => expect(texts((await answer()).authorities)).toEqual(['NS a.root.']))
  })

  it('truncate always', async () => {
    await with_({ truncate: true }, async () => expect(await answer()).toMatchObject({ tc: true, answers: [] }))
  })

  it('have their way with EDNS', async () => {
    await with_({ edns: 'formerr' }, async () => {
      const reply = await answer()
      expect([reply.rcode, reply.edns]).toEqual([Rcode.FORMERR, undefined])
      expect((await ask(at('ns1.example.com'), www, { edns: false })).answers).toHaveLength(1)
    })
    await with_({ edns: 'ignore' }, async () => {
      const reply = await answer()
      expect([reply.answers.length, reply.edns]).toEqual([1, undefined])
    })
    await with_({ edns: 'drop' }, silence)
    await with_({ edns: 'badvers' }, async () => expect((await answer()).rcode).toBe(Rcode.BADVERS))
  })

  it('forget the case of the question', async () => {
    const question = { name: 'WwW.example.com' }
    expect((await ask(at('ns1.example.com'), question)).questions).toEqual(queryFor(question).questions)
    await with_({ lowerCase: true }, async () => {
      expect((await ask(at('ns1.example.com'), question)).questions).toEqual(queryFor(www).questions)
    })
  })

  it('rotate, or show only a part', async () => {
    const turn = async () => texts((await ask(at('ns1.example.com'), { name: 'rr.example.com' })).answers)
    await with_({ rotate: true }, async () => {
      const turns = [await turn(), await turn(), await turn()]
      expect(new Set(turns.map((lines) => lines[0])).size).toBe(3)
      expect(turns.every((lines) => lines.length === 3)).toBe(true)
    })
    await with_({ subset: 2 }, async () => {
      const seen = new Set([...(await turn()), ...(await turn()), ...(await turn())])
      expect(seen.size).toBe(3)
      expect(await turn()).toHaveLength(2)
    })
  })

  it('lie, for as long as they are told to', async () => {
    await with_({ lie: 'www.example.com. 60 A 6.6.6.6\nnew.example.com. 60 A 6.6.6.7' }, async () => {
      expect(texts((await answer()).answers)).toEqual(['A 6.6.6.6'])
      expect(texts((await ask(at('ns1.example.com'), { name: 'new.example.com' })).answers)).toEqual(['A 6.6.6.7'])
      expect(texts((await ask(at('ns2.example.com'), www)).answers)).toEqual(['A 192.0.2.1'])
    })
    expect(texts((await answer()).answers)).toEqual(['A 192.0.2.1'])
  })

  it('tell each asker something else', async () => {
    expect(texts((await ask(at('ns1.example.com', 'udp', '127.0.9.4'), www)).answers)).toEqual(['A 192.0.2.99'])
    expect(texts((await answer()).answers)).toEqual(['A 192.0.2.1'])
  })

  it('forge', async () => {
    const bytes = encodeMessage(queryFor(www, { id: 5 }))
    await with_({ tamper: wrongIdFirst() }, async () => {
      expect(decodeMessage(await askRaw(at('ns1.example.com'), bytes)).id).toBe(6)
    })
    await with_({ tamper: malformedFirst() }, async () => {
      const first = await askRaw(at('ns1.example.com'), bytes)
      expect(() => decodeMessage(first)).toThrow()
    })
    await with_({ tamper: inject('additionals', 'victim.example.org. 60 A 6.6.6.6') }, async () => {
      expect(texts((await answer()).additionals)).toEqual(['A 6.6.6.6'])
    })
    await with_({ tamper: repeated(3) }, async () => expect((await answer()).answers).toHaveLength(1))
  })

  it('write TCP answers in pieces', async () => {
    await with_({ tcpPieces: 1 }, async () => {
      expect((await ask(at('ns1.example.com', 'tcp'), www)).answers).toHaveLength(1)
    })
  })
})

describe('the log', () => {
  it('counts who asked what, how, from where', async () => {
    world.clearLog()
    await ask(at('ns1.example.com', 'udp', '127.0.0.7'), www)
    await ask(at('ns1.com', 'tcp'), { name: 'example.com', type: 'NS' })
    expect(world.count()).toBe(2)
    expect(leaf().count).toBe(1)
    expect(world.queries()).toMatchObject([
      { server: 'ns1.example.com', name: 'www.example.com.', type: 'A', from: '127.0.0.7', protocol: 'udp' },
      { server: 'ns1.com', name: 'example.com.', type: 'NS', protocol: 'tcp' },
    ])
    expect(world.count(({ type }) => type === 'NS')).toBe(1)
  })
})

describe('life and death', () => {
  it('a stopped server is unreachable, and comes back', async () => {
    await world.stop('ns1.example.com')
    await expect(ask(at('ns1.example.com'), www, { timeoutMs: 500 })).rejects.toThrow()
    await expect(ask(at('ns1.example.com', 'tcp'), www)).rejects.toThrow()
    await world.restart('ns1.example.com')
    expect((await ask(at('ns1.example.com'), www)).answers).toHaveLength(1)
  })

  it('a zone can change', async () => {
    const other = await simpleWorld({ 'com.': 'now A 192.0.2.1' })
    const target = { address: other.server('ns1.com').addresses[0]!, port: other.port }
    other.setZone({ origin: 'com.', servers: ['ns1.com'], text: '@ SOA ns1 h 2 1 1 1 1\n@ NS ns1\nnow A 192.0.2.2' })
    expect(texts((await ask(target, { name: 'now.com' })).answers)).toEqual(['A 192.0.2.2'])
    await other.stopAll()
  })

  it('two worlds live side by side', async () => {
    const [one, two] = await Promise.all([simpleWorld({ 'com.': '' }), simpleWorld({ 'com.': '' })])
    expect(one.port).not.toBe(two.port)
    await Promise.all([one.stopAll(), two.stopAll()])
  })

  it('a packet that is no query is FORMERR or nothing', async () => {
    const bytes = encodeMessage(queryFor(www, { id: 9 }))
    expect([...(await askRaw(at('a.root'), bytes.slice(0, 14)))].slice(0, 4)).toEqual([0, 9, 0x81, 1])
    await expect(askRaw(at('a.root'), concatBytes(bytes).slice(0, 3), 60)).rejects.toThrow('no reply')
  })
})

describe('without sockets', () => {
  const classify = () => 'accept' as const
  const query = (address: string, port: number) => ({
    server: { address, port },
    protocol: 'udp' as const,
    message: encodeMessage(queryFor(www)),
    timeoutMs: 1_000,
    signal: new AbortController().signal,
    classify,
  })

  it('time is the clock that was given', async () => {
    const clock = testClock()
    const still = await simpleWorld({ 'com.': '', 'example.com.': EXAMPLE }, { sockets: false, clock })
    still.server('ns1.example.com').behave({ delayMs: 700 })
    const reply = await clock.run(still.exchange().exchange(query('127.54.2.1', still.port)))
    expect(texts(decodeMessage(reply).answers)).toEqual(['A 192.0.2.1'])
    expect(clock.monotonic()).toBe(700)
  })

  it('stopped servers refuse, unknown addresses cannot be reached', async () => {
    const still = await simpleWorld({ 'com.': '' }, { sockets: false })
    await still.stop('ns1.com')
    await expect(still.exchange().exchange(query('127.54.1.1', still.port))).rejects.toMatchObject({
      code: 'UPSTREAM_REFUSED',
    })
    await expect(still.exchange().exchange(query('192.0.2.9', still.port))).rejects.toMatchObject({
      code: 'UPSTREAM_UNREACHABLE',
    })
  })
})

describe('the demo world', () => {
  it('starts, and holds every shape once', async () => {
    const demo = await demoWorld()
    const to = (server: string, from?: string) => ({
      address: demo.server(server).addresses[0]!,
      port: demo.port,
      ...(from === undefined ? {} : { from }),
    })
    expect(demo.hintsText().match(/NS/g)).toHaveLength(2)
    const com = await ask(to('a.root'), { name: 'www.example.com' })
    expect(texts(com.additionals)).toEqual(['A 127.53.1.1', 'A 127.53.1.2'])
    const glueless = await ask(to('a.gtld.net'), { name: 'www.glueless.net' })
    expect(texts(glueless.authorities)).toEqual(['NS ns1.hosting.org.', 'NS ns2.hosting.org.'])
    expect(glueless.additionals).toEqual([])
    const thirteen = await ask(to('ns1.nic.org'), { name: 'www.thirteen.org' })
    expect([thirteen.authorities.length, thirteen.additionals.length]).toEqual([13, 13])
    const geo = async (from: string) =>
      texts((await ask(to('ns1.example.net', from), { name: 'geo.example.net' })).answers)
    expect(new Set([await geo('127.0.0.1'), await geo('127.0.1.1'), await geo('127.0.2.1')].flat()).size).toBe(3)
    const deep = await ask(to('ns.b.c.d.example.info'), { name: 'www.a.b.c.d.example.info' })
    expect(texts(deep.additionals)).toEqual(['A 127.53.14.5'])
    expect(
      texts((await ask(to('ns1.example.com'), { name: 'future.example.com', type: 'TYPE65280' })).answers),
    ).toEqual(['TYPE65280 \\# 4 DEADBEEF'])
    expect((await ask(to('ns1.example.com'), { name: 'big.example.com', type: 'TXT' })).tc).toBe(true)
    await demo.stopAll()
  })
})
