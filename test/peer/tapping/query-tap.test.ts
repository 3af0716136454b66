import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { DnstapConfig } from '../../../src/config/index.ts'
import {
  decodeMessage,
  type EdnsOption,
  encodeMessage,
  type Message,
  makeQuery,
  OptionCode,
  parseName,
  readEde,
} from '../../../src/dns/index.ts'
import type { PrivacyLevel } from '../../../src/observe/index.ts'
import { QueryTap } from '../../../src/peer/tapping/query-tap.ts'
import { unmarkedQuery, unmarkedReply } from '../../../src/peer/tapping/unmarked.ts'
import { framesOf, messageOf } from '../../observe/dnstap/reading.ts'
import { quietLog } from '../../serve/support.ts'
import { testClock } from '../../setup/clock.ts'

const ECS = { code: OptionCode.ECS, data: Uint8Array.of(0, 1, 24, 0, 192, 0, 2) }
/** What dnsmasq adds with `add-mac`. */
const MAC = { code: 65_001, data: Uint8Array.of(2, 0, 0, 0, 0, 7) }
const COOKIE = { code: OptionCode.COOKIE, data: Uint8Array.from({ length: 8 }, (_, i) => i + 1) }
const EDE = { code: OptionCode.EDE, data: Uint8Array.of(0, 15, ...Buffer.from('blocked')) }

const edns = (options: readonly EdnsOption[]) => ({ udpSize: 1_232, version: 0, do: true, options })
const query = (name = 'www.example.', options: readonly EdnsOption[] = [ECS, MAC, COOKIE]) =>
  makeQuery({ id: 7, name: parseName(name), type: 1, rd: true, edns: edns(options) })
const reply = (options: readonly EdnsOption[] = [COOKIE, EDE, ECS]): Message => ({
  ...query(),
  qr: true,
  edns: edns(options),
})

const LAST: DnstapConfig = {
  to: { kind: 'unix', path: '/nowhere' },
  messages: ['client-query', 'client-response', 'resolver-query', 'resolver-response', 'forwarder-query'],
  identity: 'box',
  sendsVersion: true,
}

function tap(privacy: PrivacyLevel, change: Partial<DnstapConfig> = {}, ignore: readonly string[] = []) {
  const written: Uint8Array[] = []
  const clock = testClock()
  const chosen = { level: privacy }
  const made = new QueryTap({
    clock,
    log: quietLog(),
    version: '1.2',
    level: () => chosen.level,
    markOf: (client) => `#${client.length}`,
    outletOf: () => ({
      open: async () => {},
      write: async (bytes) => void written.push(...framesOf(bytes).payloads),
      finish: async () => {},
      destroy() {},
    }),
  })
  const configure = (dnstap: DnstapConfig | undefined) =>
    made.configure({ privacy, keep: 10, hours: 1, ignore, dnstap })
  configure({ ...LAST, ...change })
  const ask = (message = query(), kind: 'query' | 'response' = 'query') =>
    made.client({
      kind,
      protocol: 'tls',
      client: '192.0.2.9',
      port: 4_444,
      question: message.questions[0]!,
      bytes: encodeMessage(message),
      elapsedMs: kind === 'query' ? 0 : 12.5,
    })
  const all = async () => {
    await made.close(100)
    return written.map(messageOf)
  }
  return { tap: made, ask, all, chosen, clock, configure }
}

const upstream = (name: string, isForward = false) => ({
  kind: 'query' as const,
  about: { name: parseName(name).wire, zone: parseName('example.').wire, isForward },
  server: { address: '2001:db8::1', port: 53 },
  protocol: 'udp' as const,
  bytes: encodeMessage(query(name)),
  elapsedMs: 0,
})

describe('dnstap of clients', () => {
  it('at "full" has addresses and the message as it was', async () => {
    const { ask, all, clock } = tap('full')
    ask()
    ask(reply(), 'response')
    const [asked, answered] = await all()
    expect(asked).toMatchObject({
      identity: 'box',
      version: 'chordns 1.2',
      extra: undefined,
      type: 5,
      family: 1,
      protocol: 3,
      queryAddress: Uint8Array.of(192, 0, 2, 9),
      queryPort: 4_444,
      query: Uint8Array.from(encodeMessage(query())),
    })
    const at = (one: typeof answered) => one!.responseSeconds! * 1_000 + one!.responseNanoseconds! / 1e6
    expect(at(answered)).toBe(clock.now())
    expect(at(answered) - answered!.querySeconds! * 1_000 - answered!.queryNanoseconds! / 1e6).toBeCloseTo(12.5)
    expect(answered).toMatchObject({ type: 6, response: Uint8Array.from(encodeMessage(reply())) })
  })

  it.each(['names', 'clients'] as const)('at "%s" has nothing that says which client it was', async (privacy) => {
    const { ask, all } = tap(privacy)
    ask()
    ask(reply(), 'response')
    const [asked, answered] = await all()
    for (const one of [asked, answered])
      expect(one).toMatchObject({
        queryAddress: undefined,
        queryPort: undefined,
        extra: privacy === 'names' ? undefined : '#9',
      })
    const left = decodeMessage(asked!.query!)
    expect(left.questions).toEqual(query().questions)
    expect(left.edns).toMatchObject({ udpSize: 1_232, do: true, options: [] })
    const { options } = decodeMessage(answered!.response!).edns!
    expect(options.map(({ code }) => code)).toEqual([OptionCode.PADDING, OptionCode.EDE, OptionCode.PADDING])
    expect(readEde(options)).toEqual([{ code: 15, text: 'blocked' }])
  })

  it('says nothing of names that are kept nowhere, nor of those below', async () => {
    const { tap: made, ask, all } = tap('full', {}, ['Bank.example'])
    ask(query('www.bank.example.'))
    made.upstream(upstream('bank.example.'))
    ask(query('www.example.'))
    expect((await all()).map(({ type }) => type)).toEqual([5])
  })

  it('obeys a stricter level that somebody chose for a while, and no laxer one', async () => {
    const { tap: made, ask, all, chosen } = tap('names')
    chosen.level = 'full'
    ask()
    chosen.level = 'off'
    ask()
    made.upstream(upstream('www.example.'))
    expect(made.wantsUpstream).toBe(false)
    const written = await all()
    expect(written).toHaveLength(1)
    expect(written[0]!.queryAddress).toBeUndefined()
  })

  it('has those messages that are wanted', async () => {
    const {
      tap: made,
      ask,
      all,
    } = tap('full', { messages: ['client-response'], identity: undefined, sendsVersion: false })
    expect(made.wantsUpstream).toBe(false)
    ask()
    ask(reply(), 'response')
    made.upstream(upstream('www.example.'))
    const written = await all()
    expect(written).toMatchObject([{ type: 6, identity: undefined, version: undefined }])
  })

  it('never throws at who brings a message: what cannot be written is counted', () => {
    const { tap: made } = tap('full')
    made.client({
      kind: 'query',
      protocol: 'udp',
      client: 'no address',
      port: 1,
      question: query().questions[0]!,
      bytes: new Uint8Array(),
      elapsedMs: 0,
    })
    expect(made.stats()).toMatchObject({ dropped: 1 })
  })

  it('leaves its reader when the configuration does, and keeps it when only the messages change', async () => {
    const { tap: made, ask, all, configure } = tap('full')
    ask()
    configure({ ...LAST, messages: ['client-query'] })
    ask()
    expect(made.stats()!.waitingBytes + made.stats()!.sent).toBeGreaterThan(0)
    configure(undefined)
    ask()
    expect(made.stats()).toBeUndefined()
    expect(await all()).toHaveLength(2)
  })
})

describe('dnstap of servers', () => {
  it('has server and zone, and tells servers of zones from those that resolve for us', async () => {
    const { tap: made, all } = tap('names')
    made.upstream(upstream('www.example.'))
    made.upstream(upstream('www.example.', true))
    const [plain, forwarded] = await all()
    expect(plain).toMatchObject({ type: 3, family: 2, protocol: 1, responsePort: 53, zone: parseName('example.').wire })
    expect(plain!.responseAddress).toHaveLength(16)
    expect(plain!.queryAddress).toBeUndefined()
    expect(forwarded).toMatchObject({ type: 7 })
  })
})

describe('messages without marks', () => {
  const options = fc.array(fc.record({ code: fc.nat(65_535), data: fc.uint8Array({ minLength: 4, maxLength: 40 }) }), {
    maxLength: 6,
  })

  it('have no octet of any option but extended errors', () => {
    fc.assert(
      fc.property(options, (given) => {
        expect(decodeMessage(unmarkedQuery(encodeMessage(query('a.example.', given)))!).edns!.options).toEqual([])
        const left = decodeMessage(unmarkedReply(encodeMessage(reply(given)))!).edns!.options
        for (const { code, data } of left) {
          if (code === OptionCode.EDE) continue
          expect(code).toBe(OptionCode.PADDING)
          expect(data.every((octet) => octet === 0)).toBe(true)
        }
      }),
    )
  })

  it('have no record of a query but its OPT', () => {
    const key = { name: parseName('phone.key.'), type: 250, class: 255, ttl: 0, rdata: new Uint8Array(16) }
    const bytes = encodeMessage({ ...query(), additionals: [key] })
    expect(Buffer.from(unmarkedQuery(bytes)!).includes('phone')).toBe(false)
    expect(decodeMessage(unmarkedQuery(bytes)!)).toMatchObject({ answers: [], authorities: [], additionals: [] })
  })

  it('are none where nobody can say what is in it', () => {
    const whole = encodeMessage(reply())
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(whole.length), (noise, cut) => {
        for (const bytes of [noise, whole.subarray(0, cut), Buffer.concat([whole.subarray(0, cut), noise])])
          for (const made of [unmarkedQuery(bytes), unmarkedReply(bytes)])
            if (made !== undefined) expect(Buffer.from(made).includes(Buffer.from(COOKIE.data))).toBe(false)
      }),
    )
  })
})
