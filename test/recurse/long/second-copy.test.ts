/** One server's bad copy is that server's, not the zone's: another is asked before anything is bogus, and the bad one is not remembered. */
import { describe, expect, it } from 'vitest'
import type { ZoneCopy } from '../../world/index.ts'
import { odd, type ScenarioZone, scenario } from '../../world/scenario.ts'

const A = 'NOERROR AD: A 192.0.2.1'
const plain = 'NOERROR: A 192.0.2.1'
const leaf: ScenarioZone = { text: 'www 60 A 192.0.2.1', signed: true }
/** Which server is asked first is drawn: so many resolvers that know nothing. MANY where two draws must go wrong. */
const FRESH = 6
const MANY = 16
const FEW = 3

/** The same copy on the first so many servers of a zone. */
const bad = (origin: string, count: number, copy: ZoneCopy): Record<string, ZoneCopy> =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`ns${i + 1}.${origin.replace(/\.$/, '')}`, copy]))

describe('a DS set with a broken signature', () => {
  const parent = (servers: number, count: number, copy: ZoneCopy): ScenarioZone => ({
    signed: true,
    servers,
    copies: bad('com.', count, copy),
  })

  it.each([
    [2, 1],
    [3, 2],
    [4, 3],
  ])('of %i parent servers, %i bad: the sound one is found', async (servers, count) => {
    const zones = { 'com.': parent(servers, count, { corrupt: ['signed.com. DS'] }), 'signed.com.': leaf }
    const s = await scenario({ zones })
    expect(await s.askFresh(MANY, 'www.signed.com')).toEqual([A])
  })

  it('is forgotten after the bad-cache time, not after the TTL of the set', async () => {
    const s = await scenario({ zones: { 'com.': parent(1, 1, { corrupt: ['signed.com. DS'] }), 'signed.com.': leaf } })
    expect(await s.ask('www.signed.com')).toBe('SERVFAIL')
    s.change({ 'com.': { copies: {} } })
    await s.wait(70)
    expect(await s.ask('www.signed.com')).toBe(A)
  })

  it('that was asked for, since parent and child share their servers, is asked of the other one', async () => {
    const s = await scenario({
      zones: {
        'com.': { signed: true },
        'brig.com.': { signed: true, servers: 2, copies: bad('brig.com.', 1, { corrupt: ['sub.brig.com. DS'] }) },
        'sub.brig.com.': { ...leaf, servers: ['ns1.brig.com.', 'ns2.brig.com.'] },
      },
    })
    expect(await s.askFresh(MANY, 'www.sub.brig.com')).toEqual([A])
  })

  it.each<[string, ZoneCopy]>([
    ['expired', { expired: ['signed.com. DS'] }],
    ['of another key', { records: `signed.com. DS 1 13 2 ${'00'.repeat(32)}` }],
    ['missing without a signed proof', { without: ['signed.com. DS'], corrupt: ['NSEC'] }],
  ])('or one that is %s is one server’s, too', async (_, copy) => {
    const s = await scenario({ zones: { 'com.': parent(2, 1, copy), 'signed.com.': leaf } })
    expect(await s.askFresh(MANY, 'www.signed.com')).toEqual([A])
  })

  it('forged on the way once does not switch a zone off for long', async () => {
    const s = await scenario({
      zones: { 'com.': { signed: true }, 'signed.com.': { ...leaf, signed: { dsTtl: 86_400 } } },
      servers: { 'ns1.com': odd.badSignatures('DS') },
    })
    expect(await s.ask('www.signed.com')).toBe('SERVFAIL')
    s.world.server('ns1.com').reset()
    s.world.server('ns1.com').behave({ tamper: undefined })
    await s.wait(70)
    expect(await s.ask('www.signed.com')).toBe(A)
  })
})

describe('a proof that there is no DS', () => {
  it.each([
    ['NSEC', {}],
    ['NSEC3', { nsec3: {} }],
    ['NSEC3 opt-out', { nsec3: { optOut: true } }],
  ])('with expired signatures (%s) at one of two parent servers is asked of the other', async (_, how) => {
    const copy: ZoneCopy = { expired: ['NSEC', 'NSEC3'] }
    const s = await scenario({
      zones: { 'com.': { signed: how, servers: 2, copies: bad('com.', 1, copy) }, 'plain.com.': 'www A 192.0.2.1' },
    })
    expect(await s.askFresh(MANY, 'www.plain.com')).toEqual([plain])
  })

  it('for a name between two zones that is no cut is asked of the other server, too', async () => {
    const copy: ZoneCopy = { expired: ['NSEC'] }
    const s = await scenario({
      zones: {
        'com.': { signed: true, servers: 2, copies: bad('com.', 1, copy) },
        'plain.between.com.': 'www A 192.0.2.1',
      },
    })
    expect(await s.askFresh(MANY, 'www.plain.between.com')).toEqual([plain])
  })

  it('with a broken signature is forgotten after the bad-cache time', async () => {
    const s = await scenario({
      zones: {
        'com.': { signed: true, copies: bad('com.', 1, { corrupt: ['NSEC'] }), negativeTtl: 3_600 },
        'plain.com.': 'www 60 A 192.0.2.1',
      },
    })
    expect(await s.ask('www.plain.com')).toBe('SERVFAIL')
    s.change({ 'com.': { copies: {} } })
    await s.wait(70)
    expect(await s.ask('www.plain.com')).toBe(plain)
  })
})

const COPIES: readonly [string, ZoneCopy][] = [
  ['expired signatures', { expired: ['*'] }],
  ['a wrong signature over the data', { corrupt: ['www.harbour.com. A', 'NSEC'] }],
  ['a wrong signature over the DNSKEY set', { corrupt: ['DNSKEY'] }],
  ['no signatures at all', { signed: false }],
  ['keys of its own', { keys: 'other' }],
  ['no signature over the data', { unsigned: ['www.harbour.com. A', 'NSEC'] }],
  [
    'old data whose signatures have expired',
    { records: 'www 60 A 192.0.2.66', expired: ['www.harbour.com. A', 'NSEC'] },
  ],
  ['a denial with broken signatures', { without: ['www.harbour.com. A'], corrupt: ['NSEC'] }],
]

describe('of the servers of a signed zone', () => {
  it.each(COPIES)('one of two has %s: the other one is believed', async (_, copy) => {
    const s = await scenario({
      zones: {
        'com.': { signed: true },
        'harbour.com.': { ...leaf, servers: 2, copies: bad('harbour.com.', 1, copy) },
      },
    })
    expect(await s.askFresh(FRESH, 'www.harbour.com')).toEqual([A])
    expect(await s.askFresh(FEW, 'no.harbour.com')).toEqual(['NXDOMAIN AD'])
    expect(await s.askFresh(FEW, 'www.harbour.com', 'TXT')).toEqual(['NOERROR AD'])
  })

  it.each(COPIES)('two of three have %s: the third is believed', async (_, copy) => {
    const s = await scenario({
      zones: {
        'com.': { signed: true },
        'harbour.com.': { ...leaf, servers: 3, copies: bad('harbour.com.', 2, copy) },
      },
    })
    expect(await s.askFresh(FRESH, 'www.harbour.com')).toEqual([A])
    expect(await s.askFresh(FEW, 'no.harbour.com')).toEqual(['NXDOMAIN AD'])
  })

  const nozsk = (servers: number): Record<string, ScenarioZone> => ({
    'com.': { signed: true },
    'harbour.com.': { ...leaf, servers, copies: bad('harbour.com.', servers - 1, { dnskeys: 'ksk' }) },
  })

  it.each([2, 3])(
    'all but one of %i have a DNSKEY set without the signing key: the keys are asked of the last',
    async (servers) => {
      const s = await scenario({ zones: nozsk(servers) })
      expect(await s.askFresh(MANY, 'www.harbour.com')).toEqual([A])
    },
  )

  const staysRight = async (copy: ZoneCopy) => {
    for (let seed = 1; seed <= FRESH; seed++) {
      const s = await scenario({
        seed,
        zones: {
          'com.': { signed: true },
          'harbour.com.': { ...leaf, servers: 2, copies: bad('harbour.com.', 1, copy) },
        },
      })
      for (const type of ['DNSKEY', 'A', 'TXT', 'NS']) await s.reply('harbour.com', type, { cd: true, do: true })
      await s.reply('www.harbour.com', 'A', { cd: true })
      expect(await s.ask('www.harbour.com')).toBe(A)
      expect(await s.ask('no.harbour.com')).toBe('NXDOMAIN AD')
    }
  }
  const isWrongKeys = ([name]: readonly [string, ZoneCopy]) => name.endsWith('over the DNSKEY set')
  const CD = 'one of two has %s, and gave it to a client with CD: others get the right answer'

  it.each(COPIES.filter(isWrongKeys))(CD, (_, copy) => staysRight(copy))
  it.each(COPIES.filter((one) => !isWrongKeys(one)))(CD, (_, copy) => staysRight(copy))

  it.each(COPIES)('one of two has %s: the other one goes on being believed, name after name', async (_, copy) => {
    for (let seed = 1; seed <= FEW; seed++) {
      const s = await scenario({
        seed,
        zones: {
          'com.': { signed: true },
          'harbour.com.': {
            ...leaf,
            text: '* 60 A 192.0.2.1\nwww 60 A 192.0.2.1',
            servers: 2,
            copies: bad('harbour.com.', 1, copy),
          },
        },
      })
      const told = await s.clock.run(
        Promise.all(['a', 'www', 'b', 'c'].map((label) => s.stack.ask(`${label}.harbour.com`))),
      )
      expect(told.map(({ rcode }) => rcode)).toEqual([0, 0, 0, 0])
      for (let i = 0; i < 8; i++) {
        expect(await s.ask(`n${i}.harbour.com`)).toBe(A)
        expect(await s.ask('www.harbour.com', 'TXT')).toBe('NOERROR AD')
        await s.wait(20)
      }
      expect(await s.ask('harbour.com', 'DNSKEY')).toContain('NOERROR AD')
    }
  })

  it('each is asked at most twice for one question, however bad all are', async () => {
    const s = await scenario({
      zones: {
        'com.': { signed: true },
        'harbour.com.': { ...leaf, servers: 4, copies: bad('harbour.com.', 4, { corrupt: ['www.harbour.com. A'] }) },
      },
    })
    expect(await s.ask('www.harbour.com')).toBe('SERVFAIL')
    for (let i = 1; i <= 4; i++) {
      const questions = s.asked(`ns${i}.harbour.com`).filter((line) => line.endsWith(' www.harbour.com. A'))
      expect(questions.length).toBeLessThanOrEqual(2)
    }
  })

  it('the bad one is asked last from then on, and the zone’s other names are not slower for it', async () => {
    const s = await scenario({
      zones: {
        'com.': { signed: true },
        'harbour.com.': {
          text: '* 60 A 192.0.2.1',
          signed: true,
          servers: 2,
          copies: bad('harbour.com.', 1, { expired: ['*'] }),
        },
      },
    })
    for (let i = 0; i < 10; i++) expect(await s.ask(`a${i}.harbour.com`)).toBe(A)
    s.world.clearLog()
    for (let i = 0; i < 10; i++) expect(await s.ask(`b${i}.harbour.com`)).toBe(A)
    expect(s.asked('ns1.harbour.com').length).toBeLessThanOrEqual(2)
  })
})

describe('a name server whose address is not known yet', () => {
  const zones = (copy: ZoneCopy, servers: readonly string[] = ['ns.harbour.com.', 'ns1.pilot.net.']) => ({
    'com.': { signed: true },
    'net.': { signed: true },
    'pilot.net.': '',
    'harbour.com.': { ...leaf, servers, copies: { 'ns.harbour.com': copy } },
  })

  it.each([
    ...COPIES,
    ['NS and address records of its own', { expired: ['*'], records: '@ NS ns9\nns9 A 127.54.99.9' }] as const,
  ])('is looked up and asked when the one with glue has %s', async (_, copy) => {
    const s = await scenario({ zones: zones(copy) })
    expect(await s.askFresh(4, 'www.harbour.com')).toEqual([A])
  })

  it('is looked up although a third cannot be resolved', async () => {
    const s = await scenario({
      zones: zones({ expired: ['*'] }, ['ns.harbour.com.', 'ns.gone.net.', 'ns1.pilot.net.']),
      hosts: { 'ns.gone.net.': [] },
    })
    expect(await s.askFresh(4, 'www.harbour.com')).toEqual([A])
  })
})

describe('a DS question that fails', () => {
  const zones = {
    'com.': { signed: true },
    'brig.com.': { signed: true },
    'sub.brig.com.': { text: 'www A 192.0.2.1', servers: ['ns1.brig.com.'] },
  }

  it('for the asked name does not end the question: the cuts above show that the zone is insecure', async () => {
    const s = await scenario({
      zones,
      servers: { 'ns1.brig.com': odd.rcodeFor(odd.asksFor('DS', 'www.sub.brig.com')) },
    })
    expect(await s.ask('www.sub.brig.com')).toBe(plain)
  })

  it.each([
    ['SERVFAIL', odd.rcodeFor(odd.asksFor('DS', 'www.brig.com'))],
    ['silence', { silent: odd.asksFor('DS', 'www.brig.com') }],
  ])(
    'with %s, beside an unsigned copy of a signed zone: the answer is asked for again from the other server',
    async (_, failing) => {
      const s = await scenario({
        zones: {
          'com.': { signed: true },
          'brig.com.': { ...leaf, servers: 2, copies: { 'ns1.brig.com': { signed: false } } },
        },
        servers: { 'ns1.brig.com': failing, 'ns2.brig.com': failing },
      })
      expect(await s.askFresh(FRESH, 'www.brig.com')).toEqual([A])
    },
  )

  it('where no cut can be shown, and there is no other copy, is SERVFAIL: nothing is insecure for want of an answer', async () => {
    const s = await scenario({
      zones: { 'com.': { signed: true }, 'brig.com.': { ...leaf, copies: { 'ns1.brig.com': { signed: false } } } },
      servers: {
        'ns1.brig.com': odd.rcodeFor('DS'),
        'ns1.com': odd.combined(odd.rcodeFor(odd.asksFor('DS', 'brig.com'))),
      },
    })
    expect(await s.ask('www.brig.com')).toBe('SERVFAIL')
  })
})
