/** Where a name server's address comes from: glue, the zone's own word, a question. When one source fails, the other is tried. */
import { describe, expect, it } from 'vitest'
import { parseZone, ROOT } from '../../src/dns/index.ts'
import type { Behaviour } from '../world/index.ts'
import { odd, type ScenarioSpec, type ScenarioZone, scenario } from '../world/scenario.ts'

const A = 'NOERROR: A 192.0.2.1'
const RIGHT = '127.54.44.1'
const WRONG = '127.54.99.9'

/** `tide.net` is served at RIGHT, with `shoal.com`, whose only name server is ns.tide.net: no glue for it in com. */
function tide(change: Partial<ScenarioSpec> & { readonly tide?: ScenarioZone; readonly shoal?: ScenarioZone }) {
  const { tide: own, shoal, ...spec } = change
  return scenario({
    ...spec,
    zones: {
      'com.': '',
      'net.': '',
      'tide.net.': { servers: ['ns.tide.net.'], ...own },
      'shoal.com.': { text: 'www 60 A 192.0.2.1', servers: ['ns.tide.net.'], ...shoal },
      ...spec.zones,
    },
    hosts: { 'ns.tide.net.': [RIGHT], 'wrong.': [WRONG], ...spec.hosts },
  })
}

describe('an address that the zone itself gives and that is no good', () => {
  const own = { records: `ns.tide.net. A ${WRONG}` }

  it.each<[string, Behaviour]>([
    ['says SERVFAIL', { rcode: 2 }],
    ['says REFUSED', { rcode: 5 }],
    ['says nothing', { silent: true }],
    ['refers up', { lame: 'refer-up' }],
  ])('%s: the glue seen on the way is tried', async (_, behaviour) => {
    const s = await tide({ tide: own, servers: { wrong: behaviour } })
    expect(await s.ask('www.shoal.com')).toBe(A)
  })

  it('is nobody’s: the glue seen on the way is tried', async () => {
    const s = await tide({ tide: own })
    await s.world.stop('wrong')
    expect(await s.ask('www.shoal.com')).toBe(A)
  })

  it('is tried before the glue: the zone’s word ranks higher (RFC 2181 section 5.4.1)', async () => {
    const s = await tide({ tide: own, servers: { wrong: { rcode: 2 } } })
    await s.ask('www.shoal.com')
    const order = s.world.queries(({ name }) => name.toLowerCase() === 'www.shoal.com.').map(({ address }) => address)
    expect(order.filter((address) => address === WRONG || address === RIGHT)[0]).toBe(WRONG)
  })

  it('does not hide that another server of the zone fails in its own way', async () => {
    const s = await tide({
      tide: own,
      shoal: { servers: ['ns.tide.net.', 'ns2.shoal.com.'] },
      servers: { wrong: { rcode: 2 }, 'ns2.shoal.com': { rcode: 5 } },
    })
    expect(await s.askFresh(4, 'www.shoal.com')).toEqual([A])
  })
})

describe('a name server’s name that leads nowhere', () => {
  it('has glue that is good enough to ask', async () => {
    const s = await tide({
      tide: { without: ['ns.tide.net. A'], records: 'ns.tide.net. NS ns.gone.net.' },
      hosts: { 'ns.gone.net.': [] },
    })
    expect(await s.ask('www.shoal.com')).toBe(A)
  })

  it('and that does not exist in its own zone has glue that is good enough to ask', async () => {
    const s = await tide({ tide: { without: ['ns.tide.net. A'] } })
    expect(await s.ask('www.shoal.com')).toBe(A)
  })

  it('without glue anywhere is a failure', async () => {
    const s = await scenario({
      zones: { 'com.': '', 'net.': '', 'shoal.com.': { text: 'www A 192.0.2.1', servers: ['ns.gone.net.'] } },
      hosts: { 'ns.gone.net.': [] },
    })
    expect(await s.ask('www.shoal.com')).toBe('SERVFAIL')
  })
})

describe('glue that is out of date', () => {
  it('gives way to the zone’s own address', async () => {
    const s = await tide({
      zones: { 'net.': { records: `ns.tide.net. A ${WRONG}` } },
      tide: { servers: ['ns.tide.net.', 'ns2.tide.net.'] },
      servers: { wrong: { rcode: 2 } },
    })
    expect(await s.askFresh(6, 'www.shoal.com')).toEqual([A])
  })

  it('does not hide the right address when that is in the cache', async () => {
    const s = await scenario({
      zones: {
        'com.': { records: `ns1.a.com. A ${WRONG}` },
        'a.com.': { text: '* 60 A 192.0.2.1', servers: 2 },
      },
      hosts: { 'wrong.': [WRONG] },
      servers: { wrong: { silent: true } },
    })
    expect(await s.ask('ns1.a.com')).toBe(`NOERROR: A ${s.world.server('ns1.a.com').addresses[0]}`)
    s.world.server('ns2.a.com').behave({ silent: true })
    expect(await s.ask('x.a.com')).toBe(A)
    // And is not what every question begins with from then on.
    await s.wait(5)
    s.world.clearLog()
    for (let i = 0; i < 10; i++) expect(await s.ask(`x${i}.a.com`)).toBe(A)
    expect(s.asked('wrong').length).toBeLessThanOrEqual(2)
  })

  it('does not make a zone unreachable that gives its own address in another zone of the same server', async () => {
    const s = await scenario({
      zones: {
        'com.': { records: `ns1.a.com. A ${WRONG}` },
        'a.com.': { text: 'www 60 A 192.0.2.1', servers: ['ns1.a.com.', 'ns1.b.com.'] },
        'b.com.': 'www 60 A 192.0.2.1',
      },
      hosts: { 'wrong.': [WRONG] },
      servers: { wrong: { rcode: 5 } },
    })
    expect(await s.askFresh(6, 'www.a.com')).toEqual([A])
  })
})

describe('in-zone glue that the parent left out of the referral', () => {
  const zones = { 'com.': '', 'reef.com.': 'www A 192.0.2.1' }

  it('is asked for, and comes as glue of the same referral', async () => {
    const s = await scenario({ zones, servers: { 'ns1.com': odd.withoutGlue() } })
    expect(await s.ask('www.reef.com')).toBe(A)
  })

  it('is asked for, and comes as an answer', async () => {
    const answers = parseZone('ns1.reef.com. 3600 A 127.54.2.1', { origin: ROOT })
    const answered: Behaviour = {
      tamper: (reply, { name, type }) =>
        name.toLowerCase() === 'ns1.reef.com.' && type === 'A'
          ? [{ reply: { ...reply, aa: true, answers, authorities: [], additionals: [] } }]
          : [{ reply }],
    }
    const s = await scenario({ zones, servers: { 'ns1.com': odd.combined(odd.withoutGlue(), answered) } })
    expect(s.world.server('ns1.reef.com').addresses).toEqual(['127.54.2.1'])
    expect(await s.ask('www.reef.com')).toBe(A)
  })

  it('is asked for by each name of several, until one has it', async () => {
    const s = await scenario({
      zones: { 'com.': '', 'reef.com.': { text: 'www A 192.0.2.1', servers: ['ns1.reef.com.', 'ns2.reef.com.'] } },
      hosts: { 'ns1.reef.com.': [] },
      servers: { 'ns1.com': odd.withoutGlue() },
    })
    expect(await s.askFresh(4, 'www.reef.com')).toEqual([A])
  })

  it('that the parent does not have is SERVFAIL, and costs one question a name', async () => {
    const s = await scenario({ zones, servers: { 'ns1.com': odd.withoutGlue({ evenIfAsked: true }) } })
    expect(await s.ask('www.reef.com')).toBe('SERVFAIL')
    expect(s.asked('ns1.com').filter((line) => line.endsWith(' ns1.reef.com. A')).length).toBeLessThanOrEqual(1)
  })

  it('is not taken from a parent that speaks of a name outside its zone', async () => {
    const answers = parseZone('ns.elsewhere.net. 3600 A 127.54.2.1', { origin: ROOT })
    const lying: Behaviour = {
      tamper: (reply, { name }) =>
        name.toLowerCase().endsWith('elsewhere.net.')
          ? [{ reply: { ...reply, rcode: 0, aa: true, answers, authorities: [], additionals: [] } }]
          : [{ reply }],
    }
    const s = await scenario({
      zones: { 'com.': '', 'net.': '', 'reef.com.': { text: 'www A 192.0.2.1', servers: ['ns.elsewhere.net.'] } },
      hosts: { 'ns.elsewhere.net.': [] },
      servers: { 'ns1.com': lying },
    })
    expect(await s.ask('www.reef.com')).toBe('SERVFAIL')
  })
})
