/** Local names through the whole stack: what the stub gets, and what the world and the ring never hear. */
import { beforeEach, describe, expect, it } from 'vitest'
import type { Chunks } from '../../../src/chunks/index.ts'
import { type Message, nameToText, parseName, type Question, Rcode, readEde } from '../../../src/dns/index.ts'
import { compileLocal, type LocalSpec, localNames } from '../../../src/resolver/index.ts'
import {
  type AskFlags,
  createStack,
  createWorld,
  demoSpec,
  type StackOptions,
  texts,
  type World,
} from '../../world/index.ts'

let world: World
beforeEach(async () => {
  world = await createWorld(demoSpec(), { sockets: false })
})

/** A ring that has nothing, and notes what it is asked for or told. */
function listeningRing(heard: string[]): Chunks {
  const note = ({ name }: Question) => void heard.push(nameToText(name))
  return {
    read: async (question: Question) => {
      note(question)
      return { kind: 'insufficient', reason: 'unknown', replies: [] }
    },
    tell: note,
    expects: () => 'unknown' as const,
    hedgeMs: () => 5,
  } as unknown as Chunks
}

function stackWith(spec: Partial<LocalSpec>, options: StackOptions & { readonly configured?: readonly string[] } = {}) {
  const { data, problems } = compileLocal({ hosts: [], records: [], zones: {}, allow: [], ...spec }, new Uint8Array(8))
  expect(problems).toEqual([])
  const configured = (options.configured ?? []).map((zone) => parseName(zone))
  const names = localNames({ data, dns64: undefined, configured })
  const stack = createStack(world, { ...options, local: names })
  const ask = (question: string, flags?: AskFlags) => {
    const [name = '', type = 'A'] = question.split(' ')
    return stack.ask({ name, type }, flags)
  }
  const say = async (question: string) => {
    const reply = await ask(question)
    return reply.answers.length > 0 ? texts(reply.answers).join(', ') : reply.rcode
  }
  return { ask, say, names }
}

const edeOf = (reply: Message) => readEde(reply.edns!.options)

describe('a local name', () => {
  it('is answered with authority, with RD=0 too, without AD, and the world hears nothing of it', async () => {
    const { ask } = stackWith({ records: ['www.example.com A 192.168.1.5'] })
    for (const rd of [true, false]) {
      const reply = await ask('www.example.com', { rd, ad: true, do: true })
      expect(texts(reply.answers)).toEqual(['A 192.168.1.5'])
      expect([reply.rcode, reply.aa, reply.ad]).toEqual([Rcode.NOERROR, true, false])
    }
    expect(world.queries()).toEqual([])
  })

  it('is there before special-use names, which stay as they are beside it', async () => {
    const { say } = stackWith({ records: ['nas.home.arpa A 192.168.1.5', 'localhost TXT "mine"'] })
    expect(await say('nas.home.arpa')).toBe('A 192.168.1.5')
    expect(await say('nas.home.arpa AAAA')).toBe(Rcode.NOERROR)
    expect(await say('other.home.arpa')).toBe(Rcode.NXDOMAIN)
    expect(await say('localhost TXT')).toBe('TXT "mine"')
  })

  it('does not change what its neighbours in the world are', async () => {
    const { say } = stackWith({ records: ['x.example.com A 192.168.1.5'] })
    expect(await say('www.example.com')).toBe('A 192.0.2.81')
    expect(await say('x.example.com')).toBe('A 192.168.1.5')
  })

  it('that is refused says so', async () => {
    const { ask } = stackWith({ zones: { 'example.com': 'refuse' } })
    const reply = await ask('www.example.com')
    expect([reply.rcode, edeOf(reply)]).toEqual([
      Rcode.REFUSED,
      [{ code: 15, text: 'blocked here by local zone example.com. refuse' }],
    ])
  })
})

describe('an alias', () => {
  it("of ours leads into the world: its part is ours, the rest is the world's", async () => {
    const { ask } = stackWith({ records: ['www.lan 300 CNAME www.example.com'] })
    const reply = await ask('www.lan', { ad: true })
    expect(texts(reply.answers)).toEqual(['CNAME www.example.com.', 'A 192.0.2.81'])
    expect([reply.aa, reply.ad]).toEqual([true, false])
    expect(await ask('www.lan', { rd: false }).then((one) => texts(one.answers))).toEqual(['CNAME www.example.com.'])
  })

  it('of ours leads to names of ours', async () => {
    const { say } = stackWith({
      records: ['www.lan CNAME nas.lan', 'nas.lan A 192.168.1.5', '*.old.lan CNAME nas.lan'],
    })
    expect(await say('www.lan')).toBe('CNAME nas.lan., A 192.168.1.5')
    expect(await say('x.old.lan')).toBe('CNAME nas.lan., A 192.168.1.5')
    expect(await say('www.lan AAAA')).toBe('CNAME nas.lan.')
    expect(await say('www.lan ANY')).toBe('CNAME nas.lan.')
  })

  it('of ours may be a DNAME', async () => {
    const { say } = stackWith({ records: ['corp DNAME example.com'] })
    expect(await say('www.corp')).toBe('DNAME example.com., CNAME www.example.com., A 192.0.2.81')
  })

  it('of ours that comes back to itself is SERVFAIL', async () => {
    const { ask } = stackWith({ records: ['a.lan CNAME b.lan', 'b.lan CNAME a.lan'] })
    expect((await ask('a.lan')).rcode).toBe(Rcode.SERVFAIL)
  })

  it('of the world to a name of ours gets our answer: a tracker is blocked under any name', async () => {
    const { ask, say } = stackWith({ hosts: [{ file: 'list', text: '0.0.0.0 www.example.com' }] })
    expect(await say('alias.example.com')).toBe('CNAME www.example.com., A 0.0.0.0')
    const reply = await ask('alias.example.com')
    expect([reply.aa, edeOf(reply)]).toEqual([false, [{ code: 15, text: 'blocked here by list:1' }]])
  })

  it("of the world is the world's when the operator allows it, or a name above it, whatever a list says", async () => {
    const hosts = [{ file: 'list', text: '0.0.0.0 www.example.com\n192.168.1.5 nas.example.com' }]
    for (const allow of ['www.example.com', 'example.com', 'com'])
      expect(await stackWith({ hosts, allow: [parseName(allow)] }).say('www.example.com')).toBe('A 192.0.2.81')
    const { say } = stackWith({ hosts, allow: [parseName('w.www.example.com'), parseName('example.com.org')] })
    expect(await say('www.example.com')).toBe('A 0.0.0.0')
    // A device of the house is no block.
    expect(await stackWith({ hosts, allow: [parseName('com')] }).say('nas.example.com')).toBe('A 192.168.1.5')
  })

  it('of the world to a name that we refuse is refused', async () => {
    const { ask } = stackWith({ zones: { 'example.org': 'refuse' } })
    const reply = await ask('chain.example.com')
    expect([reply.rcode, edeOf(reply)[0]?.code]).toEqual([Rcode.REFUSED, 15])
  })

  it('of the world to a special-use name asks nobody for it', async () => {
    const server = world.server('ns1.example.net')
    server.behave({ lie: 'www.example.net. 300 CNAME printer.local.' })
    world.server('ns2.example.net').behave({ lie: 'www.example.net. 300 CNAME printer.local.' })
    const { ask } = stackWith({})
    expect((await ask('www.example.net')).rcode).toBe(Rcode.NXDOMAIN)
    expect(world.queries((one) => one.name.toLowerCase().includes('local'))).toEqual([])
  })
})

describe('the ring', () => {
  it('hears of no local name, in any direction', async () => {
    const heard: string[] = []
    const { ask, names } = stackWith(
      {
        hosts: [{ file: 'hosts', text: '192.168.1.5 host.example.net' }],
        records: ['www.lan CNAME www.example.com'],
        zones: { 'static.example': 'static' },
      },
      { chunks: listeningRing(heard) },
    )
    for (const name of ['host.example.net', 'www.lan', 'x.static.example', '5.1.168.192.in-addr.arpa']) await ask(name)
    expect(new Set(heard)).toEqual(new Set(['www.example.com.']))
    for (const name of ['host.example.net', 'www.lan', 'x.static.example', '5.1.168.192.in-addr.arpa', 'x.local'])
      expect(names.covers(parseName(name))).toBe(true)
    expect(names.covers(parseName('www.example.com'))).toBe(false)
  })
})

describe('special-use names', () => {
  it('give way to a stub or forward zone of the operator, as deep as they are or deeper', async () => {
    const servers = [{ address: '127.53.10.1', port: world.port }]
    const zone = parseName('home.arpa')
    world.server('ns1.example.com').behave({ lie: 'x.home.arpa. 60 A 192.168.1.9' })
    const recursor = { stubs: [{ zone, servers }] }
    const { say, names } = stackWith({}, { recursor, configured: ['home.arpa'] })
    expect(await say('other.internal')).toBe(Rcode.NXDOMAIN)
    await say('x.home.arpa')
    // With a cookie, and since it is refused once without.
    expect(world.queries().map((one) => one.name.toLowerCase())).toEqual(['x.home.arpa.', 'x.home.arpa.'])
    expect(names.covers(parseName('x.home.arpa'))).toBe(true)
    const above = stackWith({}, { configured: ['arpa'] })
    expect(await above.say('x.home.arpa')).toBe(Rcode.NXDOMAIN)
  })

  it('give way to a transparent local zone, as in Unbound', async () => {
    const { say } = stackWith({ zones: { test: 'transparent' } })
    await say('www.test')
    expect(world.count()).toBeGreaterThan(0)
  })

  it('resolver.arpa has what the operator serves there, and no data for all else (RFC 9462)', async () => {
    const { ask } = stackWith({ records: ['_dns.resolver.arpa SVCB 1 dns.lan. alpn=dot'] })
    expect(texts((await ask('_dns.resolver.arpa SVCB')).answers)).toEqual(['SVCB 1 dns.lan. alpn="dot"'])
    for (const question of ['_dns.resolver.arpa A', 'x.resolver.arpa SVCB', 'resolver.arpa MX']) {
      const reply = await ask(question)
      expect([reply.rcode, reply.answers.length, texts(reply.authorities)[0]?.slice(0, 4)]).toEqual([0, 0, 'SOA '])
    }
  })

  it('localhost never gives way', async () => {
    const { say } = stackWith({}, { configured: ['localhost'] })
    expect(await say('localhost')).toBe('A 127.0.0.1')
  })

  it('in arpa leave their DS set to the world, which can prove that there is none (RFC 8375)', async () => {
    const { say } = stackWith({})
    await say('home.arpa DS')
    expect(world.count()).toBeGreaterThan(0)
    const before = world.count()
    await say('x.home.arpa DS')
    await say('onion DS')
    expect(world.count()).toBe(before)
  })
})
