/** Ways out for single servers (`iterator.servers`), and the CD bit for forwarders (RFC 6840 section 5.9). */
import { describe, expect, it } from 'vitest'
import { findOption, OptionCode, optionsOf } from '../../../src/dns/index.ts'
import type { ServerSwitches } from '../../../src/recurse/index.ts'
import { type Scenario, scenario } from '../../world/scenario.ts'

const ZONES = {
  'com.': 'www 3600 A 192.0.2.1\nlong-name-without-digits 3600 A 192.0.2.2',
  'org.': 'www 3600 A 192.0.2.3',
}
const SIGNED = { 'com.': { text: ZONES['com.'], signed: true }, 'org.': { text: ZONES['org.'], signed: true } }

const addressOf = (s: Scenario, server: string) => s.world.servers.get(server)!.addresses[0]!

/** Asks a fresh resolver that has switches for the server of com, and returns what that server was sent. */
async function sentTo(server: string, switches: ServerSwitches, name = 'www.com') {
  const s = await scenario({ zones: ZONES })
  const stack = s.fresh(2, { 'iterator.servers': { [addressOf(s, 'ns1.com')]: switches } })
  const reply = await stack.ask(name, 'A')
  expect(reply.rcode).toBe(0)
  return s.world.queries((asked) => asked.server === server)
}

describe('a server with switches', () => {
  it('is asked as all others are where nothing is switched', async () => {
    const asked = await sentTo('ns1.com', {})
    expect(asked.map(({ protocol }) => protocol)).toEqual(asked.map(() => 'udp'))
    expect(asked.every(({ query }) => query.edns !== undefined && !query.cd)).toBe(true)
  })

  it('is asked by TCP only', async () => {
    const asked = await sentTo('ns1.com', { transport: 'tcp' })
    expect(asked.length).toBeGreaterThan(0)
    expect(asked.every(({ protocol }) => protocol === 'tcp')).toBe(true)
    const others = await sentTo('a.root', { transport: 'tcp' })
    expect(others.some(({ protocol }) => protocol === 'udp')).toBe(true)
  })

  it('gets no EDNS', async () => {
    expect((await sentTo('ns1.com', { edns: false })).every(({ query }) => query.edns === undefined)).toBe(true)
    expect((await sentTo('a.root', { edns: false })).every(({ query }) => query.edns !== undefined)).toBe(true)
  })

  it('gets no cookie, and EDNS all the same', async () => {
    const hasCookie = ({ query }: Awaited<ReturnType<typeof sentTo>>[number]) =>
      findOption(optionsOf(query), OptionCode.COOKIE) !== undefined
    expect((await sentTo('ns1.com', {})).every(hasCookie)).toBe(true)
    const asked = await sentTo('ns1.com', { cookie: false })
    expect(asked.some(hasCookie)).toBe(false)
    expect(asked.every(({ query }) => query.edns !== undefined)).toBe(true)
  })

  it('gets names as they were asked', async () => {
    const name = 'long-name-without-digits.com'
    const mixed = (await sentTo('ns1.com', {}, name)).at(-1)!.name
    expect(mixed).not.toBe(mixed.toLowerCase())
    expect((await sentTo('ns1.com', { caseRandomisation: false }, name)).at(-1)!.name).toBe(`${name}.`)
  })

  it('gets CD', async () => {
    expect((await sentTo('ns1.com', { cd: true })).every(({ query }) => query.cd)).toBe(true)
    expect((await sentTo('a.root', { cd: true })).some(({ query }) => query.cd)).toBe(false)
  })

  it('has records that are kept no longer than wanted', async () => {
    const s = await scenario({ zones: ZONES })
    const stack = s.fresh(2, { 'iterator.servers': { [addressOf(s, 'ns1.com')]: { maxTtl: 60 } } })
    const reply = await stack.ask('www.com', 'A')
    expect(reply.answers.map(({ ttl }) => ttl)).toEqual([60])
    expect((await stack.ask('www.org', 'A')).answers.map(({ ttl }) => ttl)).toEqual([3_600])
    s.world.clearLog()
    await s.wait(61)
    await stack.ask('www.com', 'A')
    expect(s.asked('ns1.com')).toEqual(['ns1.com www.com. A'])
  })

  it('is the same one in each form of its IPv6 address', async () => {
    const { switchesOf } = await import('../../../src/recurse/known/switches.ts')
    const { loadConfig } = await import('../../../src/config/index.ts')
    const overrides = { 'iterator.servers': { '2001:DB8:0::1': { edns: false } } }
    const { iterator } = loadConfig({ env: {}, overrides, readFile: () => undefined }).config
    expect(switchesOf(iterator, '2001:db8::1')).toEqual({ edns: false })
    expect(switchesOf(iterator, '2001:db8::2')).toEqual({})
    expect(switchesOf({}, '2001:db8::1')).toEqual({})
  })
})

describe('a forwarder', () => {
  const forwarding = async (
    config: Record<string, unknown> = {},
    zones: Parameters<typeof scenario>[0]['zones'] = SIGNED,
  ) => {
    const s = await scenario({ zones })
    const address = addressOf(s, 'ns1.com')
    const stack = s.fresh(2, { 'iterator.forwards': { com: [`${address}:${s.world.port}`] }, ...config })
    return { s, stack, address }
  }

  it('is asked with CD when this node validates itself, and authorities are not', async () => {
    const { s, stack } = await forwarding()
    expect((await stack.ask('www.com', 'A', { ad: true })).ad).toBe(true)
    await stack.ask('www.org', 'A')
    const asked = s.world.queries()
    const forwarded = asked.filter(({ query }) => query.rd)
    expect(forwarded.length).toBeGreaterThan(0)
    expect(forwarded.every(({ query }) => query.cd)).toBe(true)
    expect(asked.some(({ query }) => !query.rd && query.cd)).toBe(false)
  })

  it('is left to validate when this node does not', async () => {
    const { s, stack } = await forwarding({ 'dnssec.validate': false })
    await stack.ask('www.com', 'A')
    expect(s.world.queries(({ query }) => query.rd).some(({ query }) => query.cd)).toBe(false)
  })

  it('is asked without CD where the operator says so', async () => {
    const s = await scenario({ zones: SIGNED })
    const address = addressOf(s, 'ns1.com')
    const stack = s.fresh(2, {
      'iterator.forwards': { com: [`${address}:${s.world.port}`] },
      'iterator.servers': { [address]: { cd: false } },
    })
    await stack.ask('www.com', 'A')
    expect(s.world.queries(({ query }) => query.rd).some(({ query }) => query.cd)).toBe(false)
  })

  it('that finds a zone bogus lets its data through, below a negative trust anchor of ours', async () => {
    const { s, stack } = await forwarding({ 'dnssec.negativeTrustAnchors': ['com'] })
    s.world.servers.get('ns1.com')!.behave({ rcode: ({ query }) => (query.cd ? undefined : 2) })
    expect((await stack.ask('www.com', 'A')).rcode).toBe(0)
  })
})
