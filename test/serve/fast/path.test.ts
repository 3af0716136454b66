import { createSocket } from 'node:dgram'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { afterEach, describe, expect, it } from 'vitest'
import { concatBytes } from '../../../src/base/index.ts'
import {
  decodeMessage,
  Ede,
  encodeMessage,
  type Message,
  OptionCode,
  parseName,
  Rcode,
  TcpMessageReader,
} from '../../../src/dns/index.ts'
import { systemClock } from '../../../src/io/index.ts'
import { newPrivateKey, selfSigned } from '../../../src/peer/tls/self-signed.ts'
import { compose } from '../../../src/resolver/compose.ts'
import type { ResolveRequest } from '../../../src/resolver/index.ts'
import { loadLibc } from '../../../src/serve/fast/system/libc.ts'
import { createFrontEnd, type FrontEnd, type FrontEndDeps, type FrontEndHooks } from '../../../src/serve/index.ts'
import { ask, askRaw, frame, queryFor } from '../../world/ask.ts'
import { FakeResolver, OPTIONS, quietLog, until } from '../support.ts'
import { addresses, found } from './support.ts'

/** Koffi brings its binary for the platforms that have a fast path. */
const isThere = loadLibc().libc !== undefined

class Fast {
  readonly resolver = new FakeResolver()
  readonly clock = systemClock()
  readonly log = quietLog()
  frontEnd!: FrontEnd

  async start(change: Partial<FrontEndDeps> = {}, hooks: FrontEndHooks = {}): Promise<this> {
    this.resolver.answer = (request) => this.answerOf(request)
    this.frontEnd = await createFrontEnd(
      {
        resolver: this.resolver,
        options: { ...OPTIONS, listen: { udp: ['127.0.0.1:0', '[::1]:0'], tcp: [] } },
        clock: this.clock,
        log: this.log,
        fast: { fast: true, workers: 1, tableBytes: 2 ** 20 },
        seed: new Uint8Array(8).fill(3),
        cookieSecret: new Uint8Array(32),
        ...change,
      },
      hooks,
    )
    return this
  }

  answerOf(request: ResolveRequest) {
    const { clock } = this
    const { question } = request
    const set = { ...addresses('www.example.com'), name: question.name }
    const finding = found('www.example.com', question.type, set, { question, expires: clock.now() + 300_000 })
    return compose([{ finding, synthesised: undefined, isTooLong: false, ede: [] }], request, clock.now())
  }

  get answered(): number {
    return this.frontEnd.stats().fast!.answered
  }

  at(index = 0) {
    return this.frontEnd.addresses[index]!
  }
}

let fast: Fast
afterEach(async () => {
  await fast.frontEnd.close(0)
})

describe.runIf(isThere)('the fast path', () => {
  it('answers from a worker what was answered before, over IPv4 and IPv6', async () => {
    fast = await new Fast().start()
    for (const index of [0, 1]) {
      const before = fast.answered
      // The first question of all is answered from the cache, all others from the table.
      const fromTable = index === 0 ? 2 : 3
      await ask(fast.at(index), { name: 'www.example.com' })
      await ask(fast.at(index), { name: 'www.example.com' })
      const reply = await ask(fast.at(index), { name: 'WWW.example.com' })
      expect(reply.answers).toHaveLength(1)
      await until(() => fast.answered >= before + fromTable)
    }
    expect(fast.resolver.asked).toHaveLength(1)
    expect(fast.frontEnd.stats()).toMatchObject({ queries: 6, answered: 6, fast: { tableEntries: 1, restarts: 0 } })
  })

  it('asks the resolver again when the cache was changed under the name, or as a whole', async () => {
    fast = await new Fast().start()
    const asked = async () => {
      await ask(fast.at(), { name: 'www.example.com' })
      return fast.resolver.asked.length
    }
    expect([await asked(), await asked()]).toEqual([1, 1])
    fast.frontEnd.cacheChanged(parseName('other.example'))
    expect(await asked()).toBe(1)
    fast.frontEnd.cacheChanged(parseName('WWW.example.com'))
    expect([await asked(), await asked()]).toEqual([2, 2])
    fast.frontEnd.cacheChanged(undefined)
    expect([await asked(), await asked()]).toEqual([3, 3])
  })

  it('keeps nothing that had to be waited for, since the cache may know better', async () => {
    fast = await new Fast().start()
    fast.resolver.answer = async (request) => {
      await sleep(5)
      return fast.answerOf(request)
    }
    for (let i = 0; i < 3; i++) await ask(fast.at(), { name: 'www.example.com' })
    expect(fast.resolver.asked).toHaveLength(3)
  })

  it('answers nothing from the table while every question is to be told, and does so again afterwards', async () => {
    const heard: string[] = []
    const options = { ...OPTIONS, listen: { udp: ['127.0.0.1:0'], tcp: [] } }
    const onQuery = ({ client }: { readonly client: string }) => void heard.push(client)
    fast = await new Fast().start({ options: { ...options, tellsAll: true } }, { onQuery })
    const asked = async (times: number) => {
      for (let i = 0; i < times; i++) await ask(fast.at(), { name: 'www.example.com' })
      return heard.length
    }
    expect(await asked(3)).toBe(3)
    fast.frontEnd.reconfigure(options)
    expect(await asked(3)).toBe(4)
    fast.frontEnd.reconfigure({ ...options, tellsAll: true })
    expect(await asked(3)).toBe(7)
  })

  it('keeps a stale answer that was waited for, until the cache is changed under its name', async () => {
    fast = await new Fast().start()
    fast.resolver.answer = async (request) => {
      await sleep(5)
      return { ...fast.answerOf(request), ede: [{ code: Ede.STALE_ANSWER }] }
    }
    for (let i = 0; i < 3; i++) {
      const { edns } = await ask(fast.at(), { name: 'www.example.com' })
      expect(edns!.options).toMatchObject([{ code: 15, data: Uint8Array.of(0, 3) }])
    }
    expect(fast.resolver.asked).toHaveLength(1)
    fast.frontEnd.cacheChanged(parseName('www.example.com'))
    await ask(fast.at(), { name: 'www.example.com' })
    expect(fast.resolver.asked).toHaveLength(2)
  })

  it('refuses who may not ask, also what is in the table, and follows a change of the list', async () => {
    fast = await new Fast().start({ options: { ...OPTIONS, access: { allow: ['127.0.0.1/32'] } } })
    await ask(fast.at(), { name: 'www.example.com' })
    const rcode = async (from: string) => (await ask({ ...fast.at(), from }, { name: 'www.example.com' })).rcode
    expect(await rcode('127.0.0.9')).toBe(Rcode.REFUSED)
    expect(await rcode('127.0.0.1')).toBe(Rcode.NOERROR)
    fast.frontEnd.reconfigure({ ...OPTIONS, access: { allow: ['127.0.0.8/30'] } })
    expect(await rcode('127.0.0.9')).toBe(Rcode.NOERROR)
    expect(await rcode('127.0.0.9')).toBe(Rcode.NOERROR)
    expect(await rcode('127.0.0.1')).toBe(Rcode.REFUSED)
  })

  it('gives clients their cookie, and sends it back while it is young', async () => {
    fast = await new Fast().start()
    const asked = async (data: Uint8Array) => {
      const reply = await ask(fast.at(), { name: 'www.example.com' }, { options: [{ code: 10, data }] })
      return reply.edns!.options[0]!.data
    }
    const cookie = await asked(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8))
    expect(cookie).toHaveLength(24)
    for (let times = 0; times < 3; times++) expect(await asked(cookie)).toEqual(cookie)
    const forged = cookie.map((octet, i) => (i === 23 ? octet ^ 1 : octet))
    const renewed = await asked(forged)
    expect(renewed.subarray(0, 8)).toEqual(cookie.subarray(0, 8))
    expect(renewed).not.toEqual(forged)
    await until(() => fast.answered === 4)
    expect(fast.resolver.asked).toHaveLength(1)
  })

  it('leaves cookies to the main thread where nobody gives any, and other options always', async () => {
    fast = await new Fast().start({ cookieSecret: undefined as never })
    await ask(fast.at(), { name: 'www.example.com' })
    for (const code of [10, 3, 12]) {
      const reply = await ask(
        fast.at(),
        { name: 'www.example.com' },
        { options: [{ code, data: new Uint8Array(code === 3 ? 0 : 8) }] },
      )
      expect(reply.edns!.options).toEqual([])
    }
    expect(fast.answered).toBe(0)
  })

  it('counts the replies of a client together with the main thread, and spares whoever has a cookie', async () => {
    const rate = { perSecond: 10, slip: 2, countsLoopback: true }
    fast = await new Fast().start({ options: { ...OPTIONS, rate } })
    const name = 'www.example.com'
    const first = await ask(fast.at(), { name }, { options: [{ code: 10, data: new Uint8Array(8).fill(7) }] })
    const cookie = first.edns!.options[0]!
    const replies = { whole: 0, cut: 0 }
    const socket = createSocket('udp4')
    socket.on('message', (reply) => {
      if ((reply[2]! & 2) !== 0) replies.cut++
      else replies.whole++
    })
    // Half of them are for the main thread, and all are one client's.
    const padded = { options: [{ code: 12, data: new Uint8Array(4) }] }
    for (let i = 0; i < 30; i++)
      for (const given of [{}, padded])
        socket.send(encodeMessage(queryFor({ name }, given)), fast.at().port, '127.0.0.1')
    const limited = () => fast.frontEnd.stats().limited
    // 60 replies, and one for the cookie: each is sent whole, cut, or dropped.
    await until(() => replies.whole + limited() >= 60 && replies.cut >= Math.floor(limited() / 2))
    expect(replies.whole + limited()).toBe(60)
    expect(replies.whole).toBeGreaterThanOrEqual(9)
    expect(replies.cut).toBe(Math.floor(limited() / 2))
    expect(limited()).toBeGreaterThan(fast.frontEnd.stats().fast!.limited)
    expect(fast.frontEnd.stats().fast!.limited).toBeGreaterThan(0)
    for (let times = 0; times < 30; times++) {
      const reply = await ask(fast.at(), { name }, { options: [cookie] })
      expect([reply.tc, reply.answers.length]).toEqual([false, 1])
    }
    socket.close()
  })

  it('holds back nothing from this machine, whose addresses nobody can forge', async () => {
    fast = await new Fast().start({ options: { ...OPTIONS, rate: { perSecond: 3, slip: 2 } } })
    for (let times = 0; times < 8; times++) await ask(fast.at(), { name: 'www.example.com' })
    await until(() => fast.frontEnd.stats().answered === 8)
    expect(fast.frontEnd.stats()).toMatchObject({ limited: 0 })
  })

  it('answers what comes over a connection from the same table, all in one piece', async () => {
    fast = await new Fast().start({ options: { ...OPTIONS, listen: { udp: ['127.0.0.1:0'], tcp: ['127.0.0.1:0'] } } })
    const tcp = fast.frontEnd.addresses.find(({ protocol }) => protocol === 'tcp')!
    await ask(tcp, { name: 'www.example.com' })
    const socket = connect(tcp.port, tcp.address)
    const pieces: Uint8Array[] = []
    socket.on('data', (piece) => pieces.push(piece))
    const queries = [1, 2, 3, 4].map((id) =>
      frame(encodeMessage(queryFor({ name: id === 3 ? 'new.example.com' : 'wWw.example.com' }, { id }))),
    )
    socket.write(concatBytes(...queries))
    const reader = new TcpMessageReader()
    const replies: Message[] = []
    await until(() => {
      for (const piece of pieces.splice(0)) replies.push(...reader.feed(piece).map(decodeMessage))
      return replies.length === 4
    })
    expect(replies.map(({ id }) => id).sort()).toEqual([1, 2, 3, 4])
    expect(replies.every((reply) => reply.answers.length === 1)).toBe(true)
    expect(fast.frontEnd.stats().fast).toMatchObject({ overTcp: 3, answered: 3 })
    const padded = await ask(tcp, { name: 'www.example.com' }, { options: [{ code: 12, data: new Uint8Array(500) }] })
    expect(padded.answers).toHaveLength(1)
    socket.destroy()
  })

  it('answers from the table over TCP only who may ask', async () => {
    const listen = { udp: ['127.0.0.1:0'], tcp: ['127.0.0.1:0'] }
    fast = await new Fast().start({ options: { ...OPTIONS, listen, access: { allow: ['127.0.0.1/32'] } } })
    const tcp = fast.frontEnd.addresses.find(({ protocol }) => protocol === 'tcp')!
    for (let times = 0; times < 2; times++) await ask(tcp, { name: 'www.example.com' })
    expect((await ask({ ...tcp, from: '127.0.0.9' }, { name: 'www.example.com' })).rcode).toBe(Rcode.REFUSED)
    expect(fast.frontEnd.stats().fast).toMatchObject({ overTcp: 1 })
  })

  it('pads what it answers over TLS from the table as the desk pads it', async () => {
    const key = newPrivateKey()
    const tls = {
      key,
      certificate: selfSigned({ name: 'dns.example', addresses: ['127.0.0.1'] }, key, Date.now()),
      name: undefined,
    }
    fast = await new Fast().start({ options: { ...OPTIONS, listen: { udp: [], tcp: [], tls: ['127.0.0.1:0'] }, tls } })
    const socket = connectTls({ host: '127.0.0.1', port: fast.at().port, ca: tls.certificate })
    const reader = new TcpMessageReader()
    const replies: Uint8Array[] = []
    socket.on('data', (chunk) => replies.push(...reader.feed(chunk)))
    const padding = { code: OptionCode.PADDING, data: new Uint8Array(60) }
    const cookie = { code: OptionCode.COOKIE, data: new Uint8Array(8) }
    for (const options of [[padding], [padding], [cookie, padding]]) {
      const before = replies.length
      socket.write(frame(encodeMessage(queryFor({ name: 'www.example.com' }, { id: 5, options }))))
      await until(() => replies.length > before)
    }
    socket.destroy()
    expect(fast.answered).toBe(2)
    expect(replies.map(({ length }) => length)).toEqual([468, 468, 468])
    expect(replies[1]).toEqual(replies[0])
    expect(decodeMessage(replies[2]!).edns!.options.map(({ code }) => code)).toEqual([
      OptionCode.COOKIE,
      OptionCode.PADDING,
    ])
  })

  it('hands over what is long, and drops what no honest query is', async () => {
    fast = await new Fast().start()
    const padded = (bytes: number) =>
      encodeMessage(queryFor({ name: 'www.example.com' }, { options: [{ code: 12, data: new Uint8Array(bytes) }] }))
    expect(decodeMessage(await askRaw(fast.at(), padded(4_000))).answers).toHaveLength(1)
    await expect(askRaw(fast.at(), padded(5_000), 200)).rejects.toThrow()
    expect(fast.frontEnd.stats()).toMatchObject({ dropped: 1 })
  })

  it('tells the resolver what is about to end and still asked for', async () => {
    fast = await new Fast().start()
    fast.resolver.answer = (request) => {
      const { question } = request
      const set = { ...addresses('www.example.com'), name: question.name }
      const finding = found('www.example.com', 1, set, { question, expires: fast.clock.now() + 20_000 })
      return compose([{ finding, synthesised: undefined, isTooLong: false, ede: [] }], request, fast.clock.now())
    }
    for (let i = 0; i < 3; i++) await ask(fast.at(), { name: 'www.example.com' })
    await until(() => fast.resolver.asked.length === 2)
    expect(fast.resolver.asked[1]).toMatchObject({ client: 'refresh', recursionDesired: true })
    expect(fast.frontEnd.stats().fast).toMatchObject({ hints: 1 })
  })

  it('shares one address among several workers', async () => {
    fast = await new Fast().start({ fast: { fast: true, workers: 2, tableBytes: 2 ** 20 } })
    const replies = await Promise.all(
      Array.from({ length: 40 }, (_, i) => ask(fast.at(), { name: `host${i % 4}.example.com` })),
    )
    expect(replies.every((reply) => reply.answers.length === 1)).toBe(true)
  })

  it('does not share an address with another program, also with several workers', async () => {
    fast = await new Fast().start({ fast: { fast: true, workers: 2, tableBytes: 2 ** 20 } })
    const { port } = fast.at()
    const second = new Fast().start({
      options: { ...OPTIONS, listen: { udp: [`127.0.0.1:${port}`], tcp: [] } },
      fast: { fast: true, workers: 2, tableBytes: 2 ** 20 },
    })
    await expect(second).rejects.toMatchObject({ code: 'LISTEN_FAILED', detail: { reason: 'EADDRINUSE' } })
  })

  it('is the ordinary path where it is switched off', async () => {
    fast = await new Fast().start({ fast: { fast: false, workers: 1, tableBytes: 2 ** 20 } })
    expect((await ask(fast.at(), { name: 'www.example.com' })).answers).toHaveLength(1)
    expect(fast.frontEnd.stats().fast).toBeUndefined()
  })
})
