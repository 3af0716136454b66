/** Servers that are odd in one way: the answer is taken where that is safe, and every way has its poisoning test beside it. */
import { describe, expect, it } from 'vitest'
import { encodeMessage, makeQuery, parseZone, Rcode, ROOT, Type } from '../../src/dns/index.ts'
import type { Behaviour } from '../world/index.ts'
import { odd, type ScenarioZone, scenario } from '../world/scenario.ts'

const A = 'NOERROR: A 192.0.2.1'
const AAAA = 'NOERROR: AAAA 2001:db8::1'
const records = (text: string) => parseZone(text, { origin: ROOT, defaultTtl: 3600 })
const zone: ScenarioZone = { text: 'www 60 A 192.0.2.1\nsix 60 AAAA 2001:db8::1\nalias 60 CNAME www', servers: 2 }

/** Both servers of the zone are odd; unsigned and signed. */
async function both(behaviour: Behaviour, change: ScenarioZone = {}, ad = '') {
  const s = await scenario({
    zones: {
      'com.': { signed: ad !== '' },
      'odd.com.': { ...zone, ...change, signed: ad !== '' },
      'other.com.': { servers: ['ns1.odd.com.', 'ns2.odd.com.'] },
    },
    servers: { 'ns1.odd.com': behaviour, 'ns2.odd.com': behaviour },
  })
  return s
}

/** The first of two is odd, and has other data: so that it shows whose answer was taken. */
async function oneOfTwo(behaviour: Behaviour) {
  return scenario({
    zones: {
      'com.': '',
      'odd.com.': { ...zone, copies: { 'ns1.odd.com': { records: 'www 60 A 192.0.2.66\nsix 60 AAAA 2001:db8::66' } } },
    },
    servers: { 'ns1.odd.com': behaviour },
  })
}

describe('a zone all of whose servers', () => {
  const isAnsweredWhole = async (behaviour: Behaviour) => {
    for (const [ad, s] of [
      ['', await both(behaviour)],
      [' AD', await both(behaviour, {}, ' AD')],
    ] as const) {
      expect(await s.ask('www.odd.com')).toBe(`NOERROR${ad}: A 192.0.2.1`)
      expect(await s.ask('www.odd.com', 'TXT')).toBe(`NOERROR${ad}`)
      expect(await s.ask('no.odd.com')).toBe(`NXDOMAIN${ad}`)
    }
  }

  it.each<[string, Behaviour]>([
    ['send octets after the message', odd.trailingOctets()],
    ['send many octets after the message', odd.trailingOctets(new Uint8Array(300).fill(7))],
    ['send a second OPT', odd.secondOpt()],
  ])('%s is answered, unsigned and signed', (_, behaviour) => isAnsweredWhole(behaviour))

  it.each<[string, Behaviour]>([
    ['say FORMERR, with OPT, for the cookie', odd.rcodeForCookie(Rcode.FORMERR)],
    ['say REFUSED, with OPT, for the cookie', odd.rcodeForCookie(Rcode.REFUSED)],
    ['say SERVFAIL, with OPT, for the cookie', odd.rcodeForCookie(Rcode.SERVFAIL)],
    ['say NOTIMP, with OPT, for the cookie', odd.rcodeForCookie(Rcode.NOTIMP)],
  ])('%s is answered, unsigned and signed', (_, behaviour) => isAnsweredWhole(behaviour))

  it('put records after those that the header counts: they are not read', async () => {
    // www.odd.com. 60 A 192.0.2.66, and a name server for com., as a parser that read on would see them.
    const forged = records('www.odd.com. 60 A 192.0.2.66\ncom. 60 NS ns.evil.com.')
    const empty = makeQuery({ id: 0, name: ROOT, type: Type.A, rd: false })
    const octets = encodeMessage({ ...empty, questions: [], answers: forged }).subarray(12)
    const s = await both(odd.trailingOctets(octets))
    expect(await s.ask('www.odd.com')).toBe(A)
    expect(await s.ask('www.odd.com')).toBe(A)
    expect(await s.ask('com', 'NS')).toBe('NOERROR: NS ns1.com.')
  })

  const isAnswered = async (behaviour: Behaviour) => {
    const s = await both(behaviour)
    expect(await s.ask('www.odd.com')).toBe(A)
    expect(await s.ask('www.odd.com', 'TXT')).toBe('NOERROR')
    expect(await s.ask('no.odd.com')).toBe('NXDOMAIN')
    // What was learned makes the next question quick.
    await s.wait(70)
    const before = s.clock.monotonic()
    expect(await s.ask('www.odd.com')).toBe(A)
    expect(s.clock.monotonic() - before).toBeLessThan(2_000)
  }

  it.each<[string, Behaviour]>([
    ['lower-case the question, and have TCP', odd.lowerCaseQuestion('works')],
    ['say FORMERR, with OPT, for EDNS', odd.rcodeForEdns(Rcode.FORMERR)],
    ['say FORMERR without OPT for EDNS', { edns: 'formerr' }],
  ])('%s is answered', (_, behaviour) => isAnswered(behaviour))

  it.each<[string, Behaviour]>([
    ['lower-case the question, and close TCP', odd.lowerCaseQuestion('closed')],
    ['lower-case the question, and are silent over TCP', odd.lowerCaseQuestion('silent')],
    ['say NOTIMP, with OPT, for EDNS', odd.rcodeForEdns(Rcode.NOTIMP)],
  ])('%s is answered', (_, behaviour) => isAnswered(behaviour))

  it('lower-case the question, and have TCP, is validated where it is signed', async () => {
    const s = await both(odd.lowerCaseQuestion('works'), {}, ' AD')
    expect(await s.ask('www.odd.com')).toBe('NOERROR AD: A 192.0.2.1')
  })

  it.each<[string, Behaviour]>([
    ['lower-case the question, and close TCP', odd.lowerCaseQuestion('closed')],
    ['lower-case the question, and are silent over TCP', odd.lowerCaseQuestion('silent')],
  ])('%s is answered and validated where it is signed', async (_, behaviour) => {
    const s = await both(behaviour, {}, ' AD')
    expect(await s.ask('www.odd.com')).toBe('NOERROR AD: A 192.0.2.1')
  })
})

describe('a question that comes back in lower case, without TCP', () => {
  const guessed = (answers: (i: number) => string): Behaviour => {
    let i = 0
    return odd.combined(odd.lowerCaseQuestion('closed'), {
      tamper: (reply, { type }) => [
        { reply: type === 'A' && reply.answers.length > 0 ? { ...reply, answers: records(answers(i++)) } : reply },
      ],
    })
  }

  it('is not believed once: each reply to a fresh id and port has to say the same', async () => {
    const s = await both(guessed((i) => `www.odd.com. 60 A 192.0.2.${i + 1}`))
    expect(await s.ask('www.odd.com')).toBe('SERVFAIL')
    // Two of three are not enough.
    const t = await both(guessed((i) => `www.odd.com. 60 A 192.0.2.${i % 4 === 3 ? 1 : 66}`))
    expect(await t.ask('www.odd.com')).toBe('SERVFAIL')
  })

  it('may rotate: the order of the records is no difference', async () => {
    const s = await both(
      guessed((i) =>
        i % 2 === 0
          ? 'www.odd.com. 60 A 192.0.2.1\nwww.odd.com. 60 A 192.0.2.2'
          : 'www.odd.com. 59 A 192.0.2.2\nwww.odd.com. 59 A 192.0.2.1',
      ),
    )
    expect(await s.ask('www.odd.com')).toBe('NOERROR: A 192.0.2.1, A 192.0.2.2')
  })
})

describe('answers with AA clear and RA set', () => {
  it('are taken when no server does better', async () => {
    const s = await both(odd.fromCache())
    expect(await s.ask('www.odd.com')).toBe(A)
    expect(await s.ask('alias.odd.com')).toBe('NOERROR: A 192.0.2.1, CNAME www.odd.com.')
    expect(await s.ask('www.odd.com', 'TXT')).toBe('NOERROR')
    expect(await s.ask('no.odd.com')).toBe('NXDOMAIN')
  })

  it('are validated where the zone is signed', async () => {
    const s = await both(odd.fromCache(), {}, ' AD')
    expect(await s.ask('www.odd.com')).toBe('NOERROR AD: A 192.0.2.1')
    const bad = await both(odd.combined(odd.fromCache(), odd.badSignatures('A')), {}, ' AD')
    expect(await bad.ask('www.odd.com')).toBe('SERVFAIL')
  })

  it('wait for a server with AA', async () => {
    const s = await oneOfTwo(odd.fromCache())
    expect(await s.askFresh(6, 'www.odd.com')).toEqual([A])
  })

  it('wait for a server with AA that is slow', async () => {
    const s = await oneOfTwo(odd.fromCache())
    s.world.server('ns2.odd.com').behave({ delayMs: 600 })
    expect(await s.askFresh(6, 'www.odd.com')).toEqual([A])
  })

  it('are taken while the server with AA is down', async () => {
    const s = await oneOfTwo(odd.fromCache())
    s.world.server('ns2.odd.com').behave({ silent: true })
    expect(await s.askFresh(6, 'www.odd.com')).toEqual(['NOERROR: A 192.0.2.66'])
  })

  it('give a name server’s address, too', async () => {
    const s = await scenario({
      zones: {
        'com.': '',
        'net.': '',
        'pilot.net.': '',
        'a.com.': { text: 'www A 192.0.2.1', servers: ['ns1.pilot.net.'] },
      },
      servers: { 'ns1.pilot.net': odd.fromCache(({ name }) => name.toLowerCase().endsWith('pilot.net.')) },
    })
    expect(await s.ask('www.a.com')).toBe(A)
  })

  it('with nothing but NS records of the zone are no answer', async () => {
    const s = await both({
      tamper: (reply, _asked, truth) => [
        {
          reply: {
            ...reply,
            rcode: 0,
            aa: false,
            ra: true,
            answers: [],
            authorities: truth('NS', 'odd.com.').answers,
            additionals: [],
          },
        },
      ],
    })
    expect(await s.ask('www.odd.com')).toBe('SERVFAIL')
  })

  it('are of this zone only: what they add of other zones is not used', async () => {
    const forged = records('www.third.com. A 192.0.2.66\nns1.com. A 192.0.2.66\nwww.net. A 192.0.2.66')
    const s = await both(
      odd.combined(odd.fromCache(), {
        tamper: (reply) => [
          {
            reply: {
              ...reply,
              answers: [...reply.answers, ...forged],
              additionals: [...reply.additionals, ...forged],
              authorities: [...reply.authorities, ...records('com. NS ns1.evil.odd.com.')],
            },
          },
        ],
      }),
      { text: `${zone.text}\nevil A 192.0.2.66` },
    )
    expect(await s.ask('www.odd.com')).toBe(A)
    expect(await s.ask('www.third.com')).not.toContain('192.0.2.66')
    expect(await s.ask('ns1.com')).not.toContain('192.0.2.66')
  })

  it('never replace what an authority said', async () => {
    const s = await oneOfTwo({})
    s.world.server('ns1.odd.com').behave({ silent: true })
    expect(await s.ask('six.odd.com', 'AAAA')).toBe(AAAA)
    s.world.server('ns2.odd.com').behave({ silent: true })
    s.world.server('ns1.odd.com').behave({ silent: undefined, ...odd.fromCache() })
    await s.ask('www.odd.com')
    expect(await s.ask('six.odd.com', 'AAAA')).toBe(AAAA)
  })
})

describe('an absence', () => {
  const isNodata = async (behaviour: Behaviour) => {
    const s = await both(behaviour)
    expect(await s.ask('www.odd.com', 'AAAA')).toBe('NOERROR')
    expect(await s.ask('www.odd.com')).toBe(A)
    expect(await s.ask('alias.odd.com', 'AAAA')).toBe('NOERROR: CNAME www.odd.com.')
  }

  it.each<[string, Behaviour]>([
    ['that is an empty NOERROR with AA and no SOA', odd.emptyWithAa()],
    ['without SOA', odd.withoutSoa()],
    ['shown by the zone’s own NS set, with AA', odd.ownNsForNodata('odd.com.')],
  ])('of a type, %s, is NODATA', (_, behaviour) => isNodata(behaviour))

  it.each<[string, Behaviour]>([
    ['that is an empty NOERROR with AA clear', odd.emptyWithoutAa()],
    ['with the SOA of another zone of the server', odd.soaOf('other.com.')],
    ['shown by the zone’s own NS set, without AA', odd.ownNsForNodata('odd.com.', { aa: false })],
  ])('of a type, %s, is NODATA', (_, behaviour) => isNodata(behaviour))

  const isNxdomain = async (behaviour: Behaviour) => {
    const s = await both(behaviour)
    expect(await s.ask('no.odd.com')).toBe('NXDOMAIN')
    expect(await s.ask('www.odd.com')).toBe(A)
  }

  it('of a name, without SOA, is NXDOMAIN', () => isNxdomain(odd.withoutSoa()))

  it('of a name, with the SOA of another zone of the server, is NXDOMAIN', () => isNxdomain(odd.soaOf('other.com.')))

  const isNotBelieved = async (behaviour: Behaviour) => {
    const s = await scenario({
      zones: { 'com.': '', 'odd.com.': { ...zone, copies: { 'ns1.odd.com': { without: ['www.odd.com. A'] } } } },
      servers: { 'ns1.odd.com': behaviour },
    })
    expect(await s.askFresh(6, 'www.odd.com')).toEqual([A])
  }

  it.each<[string, Behaviour]>([
    ['an empty NOERROR with AA clear', odd.emptyWithoutAa(() => true)],
    ['the SOA of another zone', odd.soaOf('net.')],
    ['an upward referral', odd.upwardReferral()],
  ])('with %s is not believed while another server has the name', (_, behaviour) => isNotBelieved(behaviour))

  it('with the SOA of a zone above is not kept for that zone', async () => {
    const s = await both(odd.soaOf('com.'))
    await s.ask('no.odd.com')
    await s.ask('www.odd.com', 'AAAA')
    expect(await s.ask('www.odd.com')).toBe(A)
    expect(await s.ask('no.com')).toBe('NXDOMAIN')
    expect(s.asked('ns1.com')).toContain('ns1.com no.com. A')
  })

  it('of a name without SOA is of the question only, and not kept: the name’s other types are answered', async () => {
    const s = await both({
      tamper: (reply, { type }) => [
        { reply: type === 'AAAA' ? { ...reply, rcode: 3, answers: [], authorities: [] } : reply },
      ],
    })
    expect(await s.ask('www.odd.com', 'AAAA')).toBe('NXDOMAIN')
    expect(await s.ask('www.odd.com')).toBe(A)
    await s.wait(1)
    s.world.clearLog()
    await s.ask('www.odd.com', 'AAAA')
    expect(s.world.count()).toBeGreaterThan(0)
  })

  it('of a signed name that is only one of these is bogus without its proof', async () => {
    for (const behaviour of [odd.emptyWithoutAa(), odd.withoutSignatures(), odd.ownNsForNodata('odd.com.')]) {
      const s = await both(behaviour, {}, ' AD')
      expect(await s.ask('www.odd.com', 'AAAA')).toBe('SERVFAIL')
    }
  })
})

describe('an upward referral with AA', () => {
  it('at one of two servers: the other is asked', async () => {
    const s = await oneOfTwo(odd.upwardReferral({ aa: true }))
    expect(await s.askFresh(6, 'www.odd.com')).toEqual([A])
    expect(await s.askFresh(6, 'six.odd.com', 'AAAA')).toEqual([AAAA])
  })

  it('at all servers is SERVFAIL', async () => {
    const s = await both(odd.upwardReferral({ aa: true }))
    expect(await s.ask('www.odd.com')).toBe('SERVFAIL')
  })

  it('to a zone between the root and the server is no better', async () => {
    const up: Behaviour = {
      tamper: (reply) => [
        {
          reply: {
            ...reply,
            rcode: 0,
            aa: true,
            answers: [],
            authorities: records('com. NS ns1.com.'),
            additionals: [],
          },
        },
      ],
    }
    expect(await (await oneOfTwo(up)).askFresh(6, 'www.odd.com')).toEqual([A])
    expect(await (await both(up)).ask('www.odd.com')).toBe('SERVFAIL')
  })
})

describe('a record of another type in the answer section', () => {
  it.each(['AAAA', 'HTTPS', 'MX'])('(A for %s) is NODATA', async (type) => {
    const s = await both(odd.wrongType(type, 'A'))
    expect(await s.ask('www.odd.com', type)).toBe('NOERROR')
    expect(await s.ask('www.odd.com')).toBe(A)
  })

  it('is kept for seconds only', async () => {
    const s = await both(odd.wrongType('AAAA', 'A'))
    await s.ask('www.odd.com', 'AAAA')
    s.world.clearLog()
    await s.wait(60)
    await s.ask('www.odd.com', 'AAAA')
    expect(s.world.count()).toBeGreaterThan(0)
  })

  it('is believed after the other servers only', async () => {
    const s = await scenario({
      zones: { 'com.': '', 'odd.com.': { ...zone, text: 'www 60 A 192.0.2.1\nwww 60 AAAA 2001:db8::1' } },
      servers: { 'ns1.odd.com': odd.wrongType('AAAA', 'A') },
    })
    expect(await s.askFresh(6, 'www.odd.com', 'AAAA')).toEqual([AAAA])
  })

  it('and of another name stays useless', async () => {
    const answers = records('www.elsewhere.com. 60 A 192.0.2.66')
    const s = await both({
      tamper: (reply, { type }) => [{ reply: type === 'A' ? { ...reply, rcode: 0, aa: true, answers } : reply }],
    })
    expect(await s.ask('www.odd.com')).toBe('SERVFAIL')
  })

  it('is not taken for the asked type in a signed zone without a proof', async () => {
    const s = await both(odd.wrongType('AAAA', 'A'), {}, ' AD')
    expect(await s.ask('www.odd.com', 'AAAA')).toBe('SERVFAIL')
  })
})

describe('YXDOMAIN', () => {
  const target = `${'t'.repeat(63)}.${'u'.repeat(63)}.${'v'.repeat(63)}.${'w'.repeat(23)}.keel.com.`
  const long = `${'l'.repeat(40)}.d.keel.com`
  const keel = (signed: boolean, change: ScenarioZone = {}): Record<string, ScenarioZone> => ({
    'com.': { signed },
    'keel.com.': { text: `d DNAME ${target}`, signed, ...change },
  })

  it('with the DNAME that explains it is the answer, from the server and then from the cache', async () => {
    const s = await scenario({ zones: keel(false) })
    expect(await s.ask(long)).toBe(`YXDOMAIN: DNAME ${target}`)
    expect(await s.ask(`x${long}`)).toBe(`YXDOMAIN: DNAME ${target}`)
  })

  it('is validated where it is signed', async () => {
    expect(await (await scenario({ zones: keel(true) })).ask(long)).toBe(`YXDOMAIN AD: DNAME ${target}`)
    const wrong = keel(true, { copies: { 'ns1.keel.com': { corrupt: ['DNAME'] } } })
    expect(await (await scenario({ zones: wrong })).ask(long)).toBe('SERVFAIL')
  })

  it('without such a DNAME is an error of that server', async () => {
    const s = await oneOfTwo({ rcode: Rcode.YXDOMAIN })
    expect(await s.askFresh(6, 'www.odd.com')).toEqual([A])
    expect(await (await both({ rcode: Rcode.YXDOMAIN })).ask('www.odd.com')).toBe('SERVFAIL')
  })

  it('with a DNAME that would not make the name too long is an error of that server', async () => {
    const answers = records('d.odd.com. 60 DNAME short.odd.com.')
    const s = await both({
      tamper: (reply) => [{ reply: { ...reply, rcode: Rcode.YXDOMAIN, aa: true, answers, authorities: [] } }],
    })
    expect(await s.ask('x.d.odd.com')).toBe('SERVFAIL')
  })
})

describe('large sets', () => {
  const many = Array.from({ length: 300 }, (_, i) => `big 60 TXT "record ${i}"`).join('\n')

  it.each([
    ['unsigned', ''],
    ['signed', ' AD'],
  ])('of 300 records are answered whole (%s)', async (_, ad) => {
    const s = await both({}, { text: many }, ad)
    const reply = await s.reply('big.odd.com', 'TXT')
    expect([reply.rcode, reply.answers.length, reply.ad]).toEqual([0, 300, ad !== ''])
  })
})

describe('an absence whose SOA stands in the answer section', () => {
  it('is an absence', async () => {
    const s = await both(odd.soaInAnswer())
    expect(await s.ask('www.odd.com', 'TXT')).toBe('NOERROR')
    expect(await s.ask('no.odd.com')).toBe('NXDOMAIN')
    expect(await s.ask('www.odd.com')).toBe(A)
  })

  it('of a signed zone is bogus unless its proof stands where it belongs', async () => {
    const s = await both(odd.combined(odd.soaInAnswer(), odd.withoutSignatures()), {}, ' AD')
    expect(await s.ask('www.odd.com', 'TXT')).toBe('SERVFAIL')
  })
})
