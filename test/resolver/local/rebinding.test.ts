/** DNS rebinding: names of the Internet that lead to addresses inside. */
import { beforeAll, describe, expect, it } from 'vitest'
import { addressRdata, Ede, parseName, Rcode, readEde, Type } from '../../../src/dns/index.ts'
import { compileLocal, localNames } from '../../../src/resolver/index.ts'
import { isPrivateAddress } from '../../../src/resolver/local/prefixes.ts'
import {
  type AskFlags,
  createStack,
  createWorld,
  type Stack,
  signWorld,
  simpleSpec,
  texts,
  type World,
} from '../../world/index.ts'

const ZONES = {
  'evil.': `
router 1 A 192.168.1.1
mixed 1 A 198.51.100.1
mixed 1 A 127.0.0.1
zero 1 A 0.0.0.0
six 1 AAAA fd00::1
six 1 AAAA 2001:db8::1
mapped 1 AAAA ::ffff:10.0.0.1
nat64 1 AAAA 64:ff9b::a00:1
alias 1 CNAME nas.lan.
other 1 CNAME router
https 1 HTTPS 1 . alpn=h2 ipv4hint=192.168.1.1
https 1 HTTPS 2 . alpn=h2 ipv4hint=198.51.100.1
bare 1 HTTPS 1 . alpn=h2
fine 1 A 198.51.100.2
`,
  'signed.': 'mixed 300 A 198.51.100.1\nmixed 300 A 10.0.0.1\nfine 300 A 198.51.100.2',
  'plex.': 'a 300 A 192.168.1.7',
  'corp.': 'host 300 A 10.1.2.3',
}
const signed = signWorld(simpleSpec(ZONES), { '.': {}, 'signed.': {} })

let world: World
let stack: Stack
beforeAll(async () => {
  world = await createWorld(signed.spec, { sockets: false })
  stack = stackWith(['plex'])
})

function stackWith(allow: readonly string[] | undefined): Stack {
  const records = ['nas.lan A 192.168.1.5']
  const { data } = compileLocal({ hosts: [], records, zones: {}, allow: [] }, new Uint8Array(8))
  const corp = parseName('corp')
  const local = localNames({ data, dns64: undefined, configured: [corp] })
  const [server] = Object.values(signed.spec.servers['ns1.corp']!.addresses)
  return createStack(world, {
    anchors: signed.anchorText,
    local,
    resolver: { rebinding: allow && { allow: allow.map((zone) => parseName(zone)) } },
    recursor: { stubs: [{ zone: corp, servers: [{ address: server!, port: world.port }] }] },
  })
}

async function say(question: string, flags?: AskFlags, at = stack) {
  const [name = '', type = 'A'] = question.split(' ')
  const reply = await at.ask({ name, type }, flags)
  return { ...reply, texts: texts(reply.answers), ede: readEde(reply.edns!.options) }
}

describe('with protection', () => {
  it.each([
    ['router.evil', []],
    ['mixed.evil', ['A 198.51.100.1']],
    ['zero.evil', []],
    ['six.evil AAAA', ['AAAA 2001:db8::1']],
    ['mapped.evil AAAA', []],
    ['nat64.evil AAAA', []],
    ['alias.evil', ['CNAME nas.lan.']],
    ['other.evil', ['CNAME router.evil.']],
    ['https.evil HTTPS', ['HTTPS 2 . alpn="h2" ipv4hint=198.51.100.1']],
  ])('%s loses what leads inside, and says so', async (question, kept) => {
    const reply = await say(question)
    expect([reply.rcode, reply.texts]).toEqual([Rcode.NOERROR, kept])
    expect(reply.ede).toEqual([{ code: Ede.BLOCKED, text: 'private address in the answer for a public name' }])
  })

  it.each([
    ['a public address', 'fine.evil', 'A 198.51.100.2'],
    ['a record without addresses', 'bare.evil HTTPS', 'HTTPS 1 . alpn="h2"'],
    ['a name of an allowed zone', 'a.plex', 'A 192.168.1.7'],
    ['a name of a stub zone', 'host.corp', 'A 10.1.2.3'],
    ['a local name', 'nas.lan', 'A 192.168.1.5'],
    ['a special-use name', 'x.localhost', 'A 127.0.0.1'],
  ])('%s is left alone', async (_, question, text) => {
    const reply = await say(question)
    expect([reply.texts, reply.ede]).toEqual([[text], []])
  })

  it('what is left of a signed set is not called signed', async () => {
    const mixed = await say('mixed.signed', { do: true })
    expect([mixed.texts, mixed.ad, mixed.answers.some((one) => one.type === Type.RRSIG)]).toEqual([
      ['A 198.51.100.1'],
      false,
      false,
    ])
    expect((await say('fine.signed', { ad: true })).ad).toBe(true)
  })
})

it('without protection private addresses are served', async () => {
  expect((await say('router.evil', {}, stackWith(undefined))).texts).toEqual(['A 192.168.1.1'])
})

describe('private addresses', () => {
  it.each([
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '100.127.255.255',
    '127.9.9.9',
    '169.254.1.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.0.1',
    '255.255.255.255',
    '::',
    '::1',
    'fc00::1',
    'fdff::1',
    'fe80::1',
    'febf::1',
    'fec0::1',
    '::ffff:192.168.0.1',
    '::10.0.0.1',
    '64:ff9b::10.0.0.1',
  ])('%s is one', (text) => {
    expect(isPrivateAddress(addressRdata(text).rdata)).toBe(true)
  })
  it.each([
    '1.1.1.1',
    '9.255.255.255',
    '11.0.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '126.0.0.1',
    '128.0.0.1',
    '172.15.255.255',
    '172.32.0.0',
    '192.167.1.1',
    '192.0.0.170',
    '192.0.2.1',
    '2001:db8::1',
    '2600::1',
    '::ffff:8.8.8.8',
    '64:ff9b::8.8.8.8',
    '64:ff9c::10.0.0.1',
    'fbff::1',
    'fe00::1',
  ])('%s is none', (text) => {
    expect(isPrivateAddress(addressRdata(text).rdata)).toBe(false)
  })
})
