/** Policy zones by transfer: from a primary that does what it should, and from those that do not. */
import { createHmac } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import {
  Class,
  canonicalName,
  decodeMessage,
  encodeMessage,
  framedForTcp,
  type Message,
  parseName,
  parseZone,
  type ResourceRecord,
  ROOT,
  TcpMessageReader,
  Type,
} from '../../../src/dns/index.ts'
import { Filtering } from '../../../src/peer/filtering/filtering.ts'
import { type TransferDeps, transfer } from '../../../src/peer/filtering/transfer/transfer.ts'
import { zoneText } from '../../../src/peer/filtering/transfer/zone-text.ts'
import { quiet } from '../../settings/boxes.ts'
import { testClock } from '../../setup/clock.ts'
import { until } from '../../setup/until.ts'

const dir = mkdtempSync(join(tmpdir(), 'chordns-transfer-'))
const file = join(dir, 'frames')
const ZONE = parseName('rpz.example')
const NOW = 1_800_000_000_000
const SECRET = Buffer.from('0123456789abcdef0123456789abcdef')
const KEY = { name: parseName('key.example'), algorithm: 'hmac-sha256', secret: SECRET } as const
const servers: Server[] = []
const ended: (() => void)[] = []

const zone = (serial: number, ...lines: string[]) => {
  const soa = `rpz.example. 60 IN SOA ns.example. mail.example. ${serial} 300 100 1000 60`
  return parseZone([soa, ...lines, soa].join('\n'), { origin: ROOT })
}
const SMALL = zone(7, 'ads.example.rpz.example. 60 IN CNAME .', '*.ads.example.rpz.example. 60 IN CNAME .')

type Say = (socket: Socket, query: Message, raw: Uint8Array) => void
const reply = (query: Message, answers: readonly ResourceRecord[]) =>
  encodeMessage({ ...query, qr: true, aa: true, answers, additionals: [] })
/** As a primary should: the SOA, and the zone with so many records a message. */
const gives =
  (records: readonly ResourceRecord[], each = 2): Say =>
  (socket, query) => {
    const isSoa = query.questions[0]!.type === Type.SOA
    for (let i = 0; i < (isSoa ? 1 : records.length); i += each)
      socket.write(framedForTcp(reply(query, isSoa ? records.slice(0, 1) : records.slice(i, i + each))))
  }
/** The SOA as it should, and then this. */
const then =
  (say: Say, records = SMALL): Say =>
  (socket, query, raw) =>
    (query.questions[0]!.type === Type.SOA ? gives(records) : say)(socket, query, raw)

async function primary(say: Say | { say: Say }): Promise<{ address: string; port: number }> {
  const server = createServer((socket) => {
    const reader = new TcpMessageReader()
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      for (const raw of reader.feed(chunk)) (typeof say === 'function' ? say : say.say)(socket, decodeMessage(raw), raw)
    })
    ended.push(() => socket.destroy())
  })
  servers.push(server)
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  return { address: '127.0.0.1', port: (server.address() as AddressInfo).port }
}

const fetched = async (say: Say, more: Partial<TransferDeps> = {}) =>
  transfer([await primary(say)], file, {
    zone: ZONE,
    key: undefined,
    known: undefined,
    maxBytes: 1_000_000,
    signal: new AbortController().signal,
    now: () => NOW,
    ...more,
  })
const text = () => [...zoneText(readFileSync(file), ZONE)].join('')

/** The server's side of RFC 8945, written apart from the client's. `each`: one of so many messages is signed. */
function signer(raw: Uint8Array, each = 1, secret: Uint8Array = SECRET) {
  const asked = decodeMessage(raw).additionals.find(({ type }) => type === 250)!
  const word = canonicalName(parseName('hmac-sha256')).wire
  const key = canonicalName(KEY.name).wire
  const u16 = (value: number) => Buffer.from([value >> 8, value & 255])
  const before = { mac: Buffer.from(asked.rdata).subarray(word.length + 10, word.length + 42) }
  let unsigned: Uint8Array[] = []
  let count = 0
  return (message: Uint8Array, isLast: boolean): Uint8Array => {
    const isFirst = count === 0
    if (count++ % each !== 0 && !isLast) {
      unsigned.push(message)
      return message
    }
    const timers = Buffer.alloc(8)
    timers.writeUIntBE(NOW / 1000, 0, 6)
    timers.writeUInt16BE(300, 6)
    const all = Buffer.concat([key, u16(255), u16(0), u16(0), word, timers, u16(0), u16(0)])
    const parts = [u16(before.mac.length), before.mac, ...unsigned, message, isFirst ? all : timers]
    before.mac = createHmac('sha256', secret).update(Buffer.concat(parts)).digest()
    unsigned = []
    const rdata = Buffer.concat([word, timers, u16(32), before.mac, message.subarray(0, 2), u16(0), u16(0)])
    const out = Buffer.concat([message, key, u16(250), u16(255), u16(0), u16(0), u16(rdata.length), rdata])
    out.writeUInt16BE(out.readUInt16BE(10) + 1, 10)
    return out
  }
}
const givesSigned =
  (records: readonly ResourceRecord[], { each = 1, secret = SECRET, cut = false } = {}): Say =>
  (socket, query, raw) => {
    const sign = signer(raw, each, secret)
    if (query.questions[0]!.type === Type.SOA) {
      socket.write(framedForTcp(sign(reply(query, records.slice(0, 1)), true)))
      return
    }
    records.forEach((record, i) => {
      socket.write(framedForTcp(sign(reply(query, [record]), !cut && i === records.length - 1)))
    })
  }

afterEach(() => {
  for (const end of ended.splice(0)) end()
  for (const server of servers.splice(0)) server.close()
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

describe('a zone by transfer', () => {
  it('comes in any number of messages, and becomes a zone file', async () => {
    for (const each of [1, 2, 100]) {
      expect(await fetched(gives(SMALL, each))).toEqual({
        timers: { serial: 7, refresh: 300, retry: 100, expire: 1000 },
        brought: 'whole',
      })
      expect(text().trim().split('\n')).toEqual([
        expect.stringMatching(/^rpz\.example\.\t60\tIN\tSOA\t/),
        'ads.example.rpz.example.\t60\tIN\tCNAME\t.',
        '*.ads.example.rpz.example.\t60\tIN\tCNAME\t.',
      ])
    }
  })

  it('of a serial that is known is not fetched', async () => {
    rmSync(file, { force: true })
    const never: Say = () => expect.unreachable()
    expect(await fetched(then(never), { known: 7 })).toMatchObject({ brought: undefined, timers: { serial: 7 } })
    expect(existsSync(file)).toBe(false)
  })

  it('comes from the next primary where the first one does not give it', async () => {
    const refuses: Say = (socket, query) => socket.write(framedForTcp(encodeMessage({ ...query, qr: true, rcode: 5 })))
    const both = [await primary(refuses), await primary(gives(SMALL))]
    const deps = { zone: ZONE, key: undefined, known: undefined, maxBytes: 1e6, now: () => NOW }
    expect(await transfer(both, file, { ...deps, signal: new AbortController().signal })).toMatchObject({
      brought: 'whole',
    })
  })

  const raw =
    (...bytes: number[]): Say =>
    (socket) =>
      socket.write(Uint8Array.from(bytes))
  it.each<[string, Say, RegExp, Partial<TransferDeps>?]>([
    ['hangs', () => {}, /says nothing/, { patience: { all: 5_000, idle: 50 } }],
    [
      'never ends',
      then((s, q) => endless(s, q)),
      /takes too long|more than/,
      { patience: { all: 200, idle: 5_000 }, maxBytes: 1e9 },
    ],
    ['sends more than was said', then((s, q) => endless(s, q)), /more than 5000 bytes/, { maxBytes: 5_000 }],
    [
      'sends another zone',
      gives(parseZone('x.example. 1 IN SOA a. b. 7 1 1 1 1', { origin: ROOT })),
      /zone x\.example/,
    ],
    [
      'ends early',
      then((socket, query) => socket.end(framedForTcp(reply(query, SMALL.slice(0, 2))))),
      /before the zone/,
    ],
    ['begins in the middle', then(gives(SMALL.slice(1))), /begin with its SOA/],
    ['changes on the way', then(gives([...SMALL.slice(0, 3), ...zone(8).slice(1)])), /has changed/],
    ['sends records behind the end', then(gives([...SMALL, SMALL[1]!], 100)), /behind the end/],
    ['sends no records', then((socket, query) => socket.write(framedForTcp(reply(query, [])))), /without records/],
    ['lies about the length of a message', then(raw(0, 3, 1, 2, 3)), /without a header/],
    ['lies about the length of a record', then(lying), /ends early/],
    [
      'answers what nobody asked',
      then((s, q) => s.write(framedForTcp(reply({ ...q, id: q.id ^ 1 }, SMALL)))),
      /not asked/,
    ],
    ['refuses', (s, q) => s.write(framedForTcp(encodeMessage({ ...q, qr: true, rcode: 9 }))), /NOTAUTH/],
    ['does not sign', gives(SMALL), /does not sign/, { key: KEY }],
    ['has another key', givesSigned(SMALL, { secret: Buffer.from('other') }), /does not hold/, { key: KEY }],
    ['has another time', givesSigned(SMALL), /clocks/, { key: KEY, now: () => NOW + 301_000 }],
    ['leaves the end unsigned', givesSigned(SMALL, { each: 2, cut: true }), /end of the transfer/, { key: KEY }],
  ])('is not taken from a primary that %s', async (_, say, why, more) => {
    await expect(fetched(say, more)).rejects.toMatchObject({
      code: 'TRANSFER_FAILED',
      message: expect.stringMatching(why),
    })
    expect(existsSync(file)).toBe(false)
  })

  it('with a record of another zone in it is not read', async () => {
    const odd = zone(7, 'elsewhere.test. 60 IN CNAME .')
    await fetched(gives(odd))
    expect(text).toThrow(/not of the zone/)
  })

  it.each([1, 3])('that is signed is taken, with one of %i messages signed', async (each) => {
    expect(await fetched(givesSigned(SMALL, { each }), { key: KEY })).toMatchObject({ brought: 'whole' })
  })
})

function endless(socket: Socket, query: Message, records: readonly ResourceRecord[] = SMALL): void {
  socket.write(framedForTcp(reply(query, records.slice(0, 2))))
  const more = framedForTcp(reply(query, [records[2]!, records[2]!]))
  const again = () => {
    while (!socket.destroyed && socket.write(more));
  }
  socket.on('drain', again)
  again()
}

function lying(socket: Socket, query: Message): void {
  const message = Buffer.from(reply(query, SMALL.slice(0, 1)))
  message.writeUInt16BE(message.readUInt16BE(6) + 1, 6)
  socket.write(framedForTcp(message))
}

const [SOA_7, SOA_8] = [SMALL[0]!, zone(8)[0]!]
const NEW = zone(8, 'new.example.rpz.example. 60 IN CNAME .')[1]!
/** From 7 to 8: one rule goes, one comes. */
const CHANGES = [SOA_8, SOA_7, SMALL[1]!, SOA_8, NEW, SOA_8]
const CHANGED = [SOA_8, SMALL[2]!, NEW, SOA_8]
/** Says what it was asked for. */
function changesFrom(ixfr: Say, asked: string[] = []): Say {
  return (socket, query, raw) => {
    const { type } = query.questions[0]!
    asked.push(type === Type.IXFR ? `IXFR ${viewSerial(query.authorities)}` : type === Type.AXFR ? 'AXFR' : 'SOA')
    ;(type === Type.IXFR ? ixfr : gives(CHANGED))(socket, query, raw)
  }
}
function viewSerial([soa]: readonly ResourceRecord[]): number {
  expect(soa).toMatchObject({ type: Type.SOA, name: ZONE })
  return Buffer.from(soa!.rdata).readUInt32BE(soa!.rdata.length - 20)
}

describe('differences by transfer', () => {
  it.each([1, 2, 50])('come where the primary has them, %i records a message', async (each) => {
    const asked: string[] = []
    const found = await fetched(changesFrom(gives(CHANGES, each), asked), { known: 7, takesDifferences: true })
    expect(found).toMatchObject({ brought: 'differences', timers: { serial: 8 } })
    expect(asked).toEqual(['SOA', 'IXFR 7'])
  })

  it('that are signed are taken, and with another key nothing is', async () => {
    const signed = (more = {}): Say => {
      const [soa, changes] = [givesSigned(CHANGED, more), givesSigned(CHANGES, { each: 2, ...more })]
      return (socket, query, raw) => (query.questions[0]!.type === Type.SOA ? soa : changes)(socket, query, raw)
    }
    const wants = { known: 7, takesDifferences: true, key: KEY }
    expect(await fetched(signed(), wants)).toMatchObject({ brought: 'differences' })
    await expect(fetched(signed({ secret: Buffer.from('other') }), wants)).rejects.toThrow(/does not hold/)
  })

  it('may be the whole zone after all', async () => {
    const found = await fetched(changesFrom(gives(CHANGED)), { known: 7, takesDifferences: true })
    expect(found).toMatchObject({ brought: 'whole' })
    expect(text()).toContain('new.example')
  })

  it.each<[string, Say, Partial<TransferDeps>?]>([
    ['does not know them', (s, q) => s.write(framedForTcp(encodeMessage({ ...q, qr: true, rcode: 4 })))],
    ['hangs', () => {}, { patience: { all: 5_000, idle: 50 } }],
    ['goes', (socket) => socket.destroy()],
    ['says that there is nothing new', (s, q) => s.end(framedForTcp(reply(q, [SOA_7])))],
    ['has others', gives([SOA_8, zone(6)[0]!, SMALL[1]!, SOA_8, NEW, SOA_8])],
    ['never ends', (s, q) => endless(s, q, [SOA_8, SOA_7, NEW]), { maxBytes: 5_000 }],
  ])('are not needed: a primary that %s is asked for the zone', async (_what, say, more) => {
    const asked: string[] = []
    const found = await fetched(changesFrom(say, asked), { known: 7, takesDifferences: true, ...more })
    expect(found).toMatchObject({ brought: 'whole' })
    expect(asked).toEqual(['SOA', 'IXFR 7', 'SOA', 'AXFR'])
    expect(text()).toContain('new.example')
  })

  it('are not asked for from a serial that went back, nor without a copy', async () => {
    for (const known of [9, undefined]) {
      const asked: string[] = []
      await fetched(changesFrom(gives(CHANGES), asked), { known, takesDifferences: true })
      expect(asked).toEqual(['SOA', 'AXFR'])
    }
  })
})

describe('a list by transfer', () => {
  it('is in force, follows NOTIFY from its primary, outlives it, and expires', async () => {
    const clock = testClock(NOW)
    const wait = (ms: number) => clock.run(new Promise<void>((resolve) => void clock.after(ms, () => resolve())))
    /** Time goes on until it is so: what is fetched comes through real sockets, and is asked for anew a while after it has failed. */
    const goesOn = async (isSo: () => boolean) => {
      for (let turn = 0; turn < 2_000 && !isSo(); turn++) {
        await wait(5_000)
        await setTimeout(1)
      }
      expect(isSo(), String(isSo)).toBe(true)
    }
    const now: { say: Say } = { say: gives(SMALL) }
    const server = await primary(now)
    const list = {
      source: 'rpz rpz.example. from somewhere',
      isUrl: true,
      everyMs: 86_400_000,
      maxBytes: 1_000_000,
      isShared: false,
      options: { name: 'policy', kind: 'block', format: 'rpz', rewrites: false },
      transfer: { zone: ZONE, primaries: [server], tsig: undefined },
    } as const
    const options = { groups: [], mode: 'null', ttl: 10, own: { all: [], groups: {} } } as const
    const filtering = new Filtering(
      {
        config: { filter: { lists: [list], options, disabled: [] }, data: dir },
        clock,
        seed: new Uint8Array(16),
        log: quiet,
        resolve: async () => [],
      },
      { onChange: () => {} },
    )
    ended.push(() => filtering.stop())
    const blocks = (name: string) =>
      filtering.questions.judge({ name: parseName(name), type: Type.A, class: Class.IN }, '192.0.2.1').answer !==
      undefined
    void filtering.start()
    await until(() => blocks('x.ads.example'))
    expect(filtering.lists()[0]).toMatchObject({ entries: 2, trouble: undefined })

    now.say = gives(zone(8, 'new.example.rpz.example. 60 IN CNAME .'))
    expect(filtering.notified(ZONE, '192.0.2.53')).toBe(false)
    expect(filtering.notified(parseName('other.example'), '127.0.0.1')).toBe(false)
    await wait(11_000)
    expect(filtering.notified(ZONE, '127.0.0.1')).toBe(true)
    await until(() => blocks('new.example'))
    expect(blocks('ads.example')).toBe(false)

    const asked: string[] = []
    const [new8, soa9] = [zone(8, 'new.example.rpz.example. 60 IN CNAME .'), zone(9)[0]!]
    const come = zone(9, 'new.example.rpz.example. 60 IN CNAME .', 'come.example.rpz.example. 60 IN CNAME .')
    const ixfr =
      (given: readonly ResourceRecord[], whole: readonly ResourceRecord[]): Say =>
      (socket, query, raw) => {
        const { type } = query.questions[0]!
        asked.push(String(type))
        gives(type === Type.IXFR ? given : whole)(socket, query, raw)
      }
    now.say = ixfr([soa9, new8[0]!, soa9, come[2]!, soa9], come)
    await wait(11_000)
    filtering.notified(ZONE, '127.0.0.1')
    await until(() => blocks('come.example'))
    expect(blocks('new.example')).toBe(true)
    expect(asked).toEqual([Type.SOA, Type.IXFR].map(String))
    // A rule that never was is taken away: the zone comes whole.
    const odd = zone(10, 'odd.example.rpz.example. 60 IN CNAME .')
    asked.length = 0
    now.say = ixfr([odd[0]!, soa9, odd[1]!, odd[0]!, odd[0]!], zone(10, 'new.example.rpz.example. 60 IN CNAME .'))
    await wait(11_000)
    filtering.notified(ZONE, '127.0.0.1')
    await until(() => !blocks('come.example'))
    expect(blocks('new.example')).toBe(true)
    expect(asked).toEqual([Type.SOA, Type.IXFR, Type.SOA, Type.AXFR].map(String))

    now.say = then(lying, zone(11))
    await goesOn(() => filtering.lists()[0]!.trouble !== undefined)
    expect(blocks('new.example')).toBe(true)
    await goesOn(() => !blocks('new.example'))
    now.say = gives(zone(12, 'back.example.rpz.example. 60 IN CNAME .'))
    await goesOn(() => blocks('back.example'))
  })
})
