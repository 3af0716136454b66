import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { decodeMessage, encodeMessage, parseName, Rcode } from '../../../src/dns/index.ts'
import { systemClock } from '../../../src/io/index.ts'
import { compose } from '../../../src/resolver/compose.ts'
import type { ResolveRequest } from '../../../src/resolver/index.ts'
import { loadLibc } from '../../../src/serve/fast/system/libc.ts'
import { createFrontEnd, type FrontEnd, type FrontEndDeps } from '../../../src/serve/index.ts'
import { ask, askRaw, queryFor } from '../../world/ask.ts'
import { FakeResolver, OPTIONS, quietLog, until } from '../support.ts'
import { addresses, found } from './support.ts'

/** Koffi brings its binary for the platforms that have a fast path. */
const isThere = loadLibc().libc !== undefined

class Fast {
  readonly resolver = new FakeResolver()
  readonly clock = systemClock()
  readonly log = quietLog()
  frontEnd!: FrontEnd

  async start(change: Partial<FrontEndDeps> = {}): Promise<this> {
    this.resolver.answer = (request) => this.answerOf(request)
    this.frontEnd = await createFrontEnd({
      resolver: this.resolver,
      options: { ...OPTIONS, listen: { udp: ['127.0.0.1:0', '[::1]:0'], tcp: [] } },
      clock: this.clock,
      log: this.log,
      fast: { fast: true, workers: 1, tableBytes: 2 ** 20 },
      seed: new Uint8Array(8).fill(3),
      cookieSecret: new Uint8Array(32),
      ...change,
    })
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
      await ask(fast.at(index), { name: 'www.example.com' })
      await ask(fast.at(index), { name: 'www.example.com' })
      const reply = await ask(fast.at(index), { name: 'WWW.example.com' })
      expect(reply.answers).toHaveLength(1)
      await until(() => fast.answered >= before + 2)
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

  it('leaves cookies and other options to the main thread', async () => {
    fast = await new Fast().start()
    const cookie = { code: 10, data: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) }
    await ask(fast.at(), { name: 'www.example.com' })
    const reply = await ask(fast.at(), { name: 'www.example.com' }, { options: [cookie] })
    expect(reply.edns!.options[0]!.data).toHaveLength(24)
    expect(fast.answered).toBe(0)
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
