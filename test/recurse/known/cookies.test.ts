import { describe, expect, it } from 'vitest'
import { concatBytes } from '../../../src/base/index.ts'
import { findOption, type Message, OptionCode, Rcode } from '../../../src/dns/index.ts'
import { Cookies } from '../../../src/recurse/known/cookies.ts'
import { type Asked, createStack, createWorld, demoSpec, type Sending, texts } from '../../world/index.ts'
import { replyWith } from './reply.ts'

const server = { address: '192.0.2.1', port: 53 }
const other = { address: '192.0.2.2', port: 53 }
const random = { bytes: (length: number) => new Uint8Array(length).fill(7), below: () => 0 }
const SERVER_COOKIE = new Uint8Array(16).fill(0xab)

const reply = (cookie?: Uint8Array) =>
  replyWith(cookie === undefined ? [] : [{ code: OptionCode.COOKIE, data: cookie }])

describe('cookies towards authorities', () => {
  it('are eight bytes, and others for each server', () => {
    const cookies = new Cookies(random, 10, 1_000)
    expect(cookies.optionFor(server, 0)?.data).toHaveLength(8)
    expect(cookies.optionFor(server, 0)).not.toEqual(cookies.optionFor(other, 0))
  })

  it('come back with the server cookie, which is sent from then on', () => {
    const cookies = new Cookies(random, 10, 1_000)
    const sent = cookies.optionFor(server, 0)!
    expect(cookies.check(server, sent, reply(concatBytes(sent.data, SERVER_COOKIE)))).toBe('fine')
    expect(cookies.optionFor(server, 0)?.data).toEqual(concatBytes(sent.data, SERVER_COOKIE))
  })

  it('tell a forged reply by its wrong client cookie', () => {
    const cookies = new Cookies(random, 10, 1_000)
    const sent = cookies.optionFor(server, 0)
    expect(cookies.check(server, sent, reply(new Uint8Array(24)))).toBe('forged')
  })

  it('are missed only from servers that have sent them', () => {
    const cookies = new Cookies(random, 10, 1_000)
    const sent = cookies.optionFor(server, 0)!
    expect(cookies.check(server, sent, reply())).toBe('fine')
    cookies.check(server, sent, reply(concatBytes(sent.data, SERVER_COOKIE)))
    expect(cookies.check(server, sent, reply())).toBe('missing')
    cookies.forget(server)
    expect(cookies.check(server, sent, reply())).toBe('fine')
  })

  it('are left out for a while for a server that was silent to them, but not for one that knows them', () => {
    const cookies = new Cookies(random, 10, 1_000)
    const sent = cookies.optionFor(server, 0)!
    cookies.onSilence(server, sent, 0)
    expect(cookies.optionFor(server, 999)).toBeUndefined()
    expect(cookies.optionFor(server, 1_001)).toBeDefined()
    cookies.check(server, sent, reply(concatBytes(sent.data, SERVER_COOKIE)))
    cookies.onSilence(server, sent, 2_000)
    expect(cookies.optionFor(server, 2_001)).toBeDefined()
  })
})

describe('a resolver with cookies', () => {
  const cookieOf = ({ query }: Asked) => findOption(query.edns?.options ?? [], OptionCode.COOKIE)?.data
  const withCookie = (message: Message, cookie: Uint8Array): Message => ({
    ...message,
    edns: { ...message.edns!, options: [{ code: OptionCode.COOKIE, data: cookie }] },
  })
  const honest = (message: Message, asked: Asked): readonly Sending[] => {
    const cookie = cookieOf(asked)
    return [
      {
        reply: cookie === undefined ? message : withCookie(message, concatBytes(cookie.subarray(0, 8), SERVER_COOKIE)),
      },
    ]
  }

  it('asks again over TCP when a server that sends cookies seems to have stopped: a forger cannot know them', async () => {
    const world = await createWorld(demoSpec(), { sockets: false })
    const stack = createStack(world)
    const server = world.server('ns1.example.org')
    server.behave({ tamper: honest })
    await stack.ask({ name: 'www.example.org' })
    const forged = (message: Message): Message => ({
      ...message,
      answers: message.answers.map((one) => ({ ...one, rdata: Uint8Array.of(6, 6, 6, 6) })),
    })
    // The forger answers over UDP and cannot answer over TCP.
    server.behave({
      tamper: (message, asked) => (asked.protocol === 'udp' ? [{ reply: forged(message) }] : honest(message, asked)),
    })
    expect(texts((await stack.ask({ name: 'end.example.org' })).answers)).toEqual(['A 203.0.113.82'])
    expect(stack.recursor.stats().nearMisses).toBe(1)
  })

  it('sends the cookie that comes with BADCOOKIE', async () => {
    const world = await createWorld(demoSpec(), { sockets: false })
    const stack = createStack(world)
    for (const name of ['ns1.example.com', 'ns2.example.com'])
      world.server(name).behave({
        tamper: (message, asked) => {
          const cookie = cookieOf(asked)
          if (cookie === undefined) return [{ reply: message }]
          const full = withCookie(message, concatBytes(cookie.subarray(0, 8), SERVER_COOKIE))
          return [
            { reply: cookie.length > 8 ? full : { ...full, rcode: Rcode.BADCOOKIE, answers: [], authorities: [] } },
          ]
        },
      })
    expect(texts((await stack.ask({ name: 'www.example.com' })).answers)).toEqual(['A 192.0.2.81'])
    expect(stack.recursor.stats().tcpQueries).toBe(0)
  })

  it('resolves from servers that drop or refuse what has a cookie', async () => {
    const world = await createWorld(demoSpec(), { sockets: false })
    const stack = createStack(world)
    world
      .server('ns1.example.com')
      .behave({ tamper: (message, asked) => (cookieOf(asked) === undefined ? [{ reply: message }] : []) })
    world.server('ns2.example.com').behave({
      tamper: (message, asked) => [
        {
          reply:
            cookieOf(asked) === undefined
              ? message
              : { ...message, rcode: Rcode.FORMERR, answers: [], authorities: [] },
        },
      ],
    })
    expect(texts((await stack.ask({ name: 'www.example.com' })).answers)).toEqual(['A 192.0.2.81'])
  })
})
