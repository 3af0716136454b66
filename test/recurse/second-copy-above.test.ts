/** Bad copies where one does not look for them: at the root's servers, in questions for keys, in proofs for what lies below. */
import { describe, expect, it } from 'vitest'
import type { ZoneCopy } from '../world/index.ts'
import { type ScenarioZone, scenario } from '../world/scenario.ts'

const A = 'NOERROR AD: A 192.0.2.1'
const leaf: ScenarioZone = { text: 'www 60 A 192.0.2.1', signed: true }
const MANY = 12

const root = (copies: Readonly<Record<string, ZoneCopy>>) =>
  scenario({ zones: { '.': { signed: true, servers: 3, copies }, 'com.': { signed: true }, 'a.com.': leaf } })

describe('of three root servers', () => {
  it('two have a DS set of a TLD with a broken signature: the third is asked', async () => {
    const s = await root({ 'a.root': { corrupt: ['com. DS'] }, 'b.root': { corrupt: ['com. DS'] } })
    expect(await s.askFresh(MANY, 'www.a.com')).toEqual([A])
  })

  it('two have a DNSKEY set with expired signatures: the third is asked', async () => {
    const s = await root({ 'a.root': { expired: ['DNSKEY'] }, 'b.root': { expired: ['DNSKEY'] } })
    expect(await s.askFresh(MANY, 'www.a.com')).toEqual([A])
  })

  it('one has expired signatures only: another is asked', async () => {
    const s = await root({ 'a.root': { expired: ['*'] } })
    expect(await s.askFresh(MANY, 'www.a.com')).toEqual([A])
    expect(await s.askFresh(4, 'no-such-tld')).toEqual(['NXDOMAIN AD'])
  })
})

describe('a question for the keys themselves', () => {
  const isAnswered = async (type: string) => {
    const s = await scenario({
      zones: {
        'com.': { signed: true, servers: 2, copies: { 'ns1.com': { corrupt: ['a.com. DS'] } } },
        'a.com.': { ...leaf, servers: 2, copies: { 'ns1.a.com': { corrupt: ['DNSKEY'] } } },
      },
    })
    const texts = await s.askFresh(MANY, 'a.com', type)
    expect(texts.filter((text) => !text.startsWith('NOERROR AD'))).toEqual([])
  }

  it('(DS) is asked of another server when the first has a bad copy', () => isAnswered('DS'))
  it('(DNSKEY) is asked of another server when the first has a bad copy', () => isAnswered('DNSKEY'))
})

describe('an unsigned zone on the same servers as its signed parent', () => {
  it('is found insecure although one of the two has a denial with a broken signature', async () => {
    const s = await scenario({
      zones: {
        'com.': { signed: true },
        'a.com.': { ...leaf, servers: 2, copies: { 'ns1.a.com': { corrupt: ['NSEC'] } } },
        'sub.a.com.': { text: 'www A 192.0.2.1', servers: ['ns1.a.com.', 'ns2.a.com.'] },
      },
    })
    expect(await s.askFresh(MANY, 'www.sub.a.com')).toEqual(['NOERROR: A 192.0.2.1'])
  })
})
