/** Chains of CNAME and DNAME as they stand in the answer. */
import { describe, expect, it } from 'vitest'
import { type Message, nameToText, rcodeToText, rdataToText, typeToText } from '../../src/dns/index.ts'
import { type ScenarioZone, scenario } from '../world/scenario.ts'

const TEXT = `
old    DNAME new
a.new  CNAME b.old
b.new  A     192.0.2.16
away   DNAME .
self   DNAME x.self
one    DNAME two
two    DNAME one
`
const zones = (signed: boolean): Record<string, ScenarioZone> => ({
  'com.': { signed },
  'jib.com.': { text: TEXT, signed },
})

const lines = ({ answers }: Message) =>
  answers.map(({ name, type, rdata }) => `${nameToText(name)} ${typeToText(type)} ${rdataToText(type, rdata)}`)
const twice = (list: readonly string[]) => list.filter((line, i) => list.indexOf(line) !== i)

describe('an RRset that is used twice', () => {
  it.each([
    ['unsigned', false],
    ['signed', true],
  ])('stands in the answer once (%s)', async (_, signed) => {
    const s = await scenario({ zones: zones(signed) })
    for (const again of [false, true]) {
      const reply = await s.reply('a.old.jib.com', 'A', { do: true })
      const all = lines(reply)
      expect(
        all.filter((line) => !line.includes(' RRSIG ')),
        String(again),
      ).toEqual([
        'old.jib.com. DNAME new.jib.com.',
        'a.old.jib.com. CNAME a.new.jib.com.',
        'a.new.jib.com. CNAME b.old.jib.com.',
        'b.old.jib.com. CNAME b.new.jib.com.',
        'b.new.jib.com. A 192.0.2.16',
      ])
      expect(twice(all)).toEqual([])
      expect(reply.ad).toBe(signed)
    }
  })

  it('because a DNAME to the root applies to its own result stands there once', async () => {
    const s = await scenario({ zones: zones(false) })
    const reply = await s.reply('a.away.jib.com.away.jib.com', 'A')
    expect(rcodeToText(reply.rcode)).toBe('NXDOMAIN')
    expect(lines(reply)).toEqual([
      'away.jib.com. DNAME .',
      'a.away.jib.com.away.jib.com. CNAME a.away.jib.com.',
      'a.away.jib.com. CNAME a.',
    ])
  })
})

describe('a loop of DNAMEs', () => {
  it.each(['x.self.jib.com', 'x.one.jib.com'])('ends: %s', async (name) => {
    const s = await scenario({ zones: zones(false) })
    const reply = await s.reply(name, 'A')
    expect(['SERVFAIL', 'NOERROR', 'YXDOMAIN']).toContain(rcodeToText(reply.rcode))
    expect(twice(lines(reply))).toEqual([])
    expect(s.world.count()).toBeLessThan(60)
  })
})

describe('the question for the CNAME that a DNAME makes', () => {
  it.each([true, false])(
    'is answered by the DNAME that proves it, from the authority and from the cache (signed: %s)',
    async (signed) => {
      const zone = { text: 'dn 300 DNAME ent\nx.ent 300 A 192.0.2.1', signed }
      const s = await scenario({ zones: { 'com.': { signed }, 'a.com.': zone } })
      for (let i = 0; i < 2; i++) {
        const reply = await s.reply('x.dn.a.com', 'CNAME')
        expect(lines(reply)).toEqual(['dn.a.com. DNAME ent.a.com.', 'x.dn.a.com. CNAME x.ent.a.com.'])
        expect([rcodeToText(reply.rcode), reply.ad]).toEqual(['NOERROR', signed])
      }
    },
  )
})
