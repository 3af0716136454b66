/** Servers that say nothing, or no, to what they do not know: asked plainer before they are given up, and not believed any sooner. */
import { describe, expect, it } from 'vitest'
import type { Message } from '../../src/dns/index.ts'
import type { Asked, Behaviour } from '../world/index.ts'
import { odd, type ScenarioZone, scenario } from '../world/scenario.ts'

const A = 'NOERROR: A 192.0.2.1'
const zones: Record<string, ScenarioZone> = {
  'com.': {},
  'a.com.': { text: 'www 60 A 192.0.2.1\nother 60 A 192.0.2.1' },
}
const signed: Record<string, ScenarioZone> = {
  'com.': { signed: true },
  'a.com.': { text: 'www 60 A 192.0.2.1', signed: true },
}
const isMixed = ({ name }: Pick<Asked, 'name'>) => name !== name.toLowerCase()
const hasEdns = ({ query }: Asked) => query.edns !== undefined
const forged = (reply: Message): Message => ({
  ...reply,
  answers: reply.answers.map((record) => ({ ...record, rdata: Uint8Array.of(6, 6, 6, 6) })),
})

describe.each<[string, Behaviour]>([
  ['silent to EDNS', { silent: hasEdns }],
  ['silent to EDNS, with TCP closed', { silent: hasEdns, noTcp: true }],
  ['silent to names in mixed case', { silent: isMixed }],
  ['refusing names in mixed case', { rcode: (asked) => (isMixed(asked) ? 5 : undefined) }],
  ['failing names in mixed case', { rcode: (asked) => (isMixed(asked) ? 2 : undefined) }],
])('a server that is %s', (_, behaviour) => {
  it('is asked plainer, and at once the next time', async () => {
    const s = await scenario({ zones, servers: { 'ns1.a.com': behaviour } })
    expect(await s.ask('www.a.com')).toBe(A)
    s.world.clearLog()
    const from = s.clock.monotonic()
    expect(await s.ask('other.a.com')).toBe(A)
    expect(s.clock.monotonic() - from).toBeLessThan(100)
    expect(s.asked()).toHaveLength(1)
  })
})

describe('a plainer query', () => {
  it('without EDNS is not sent where signatures are expected: none could come', async () => {
    const s = await scenario({ zones: signed, servers: { 'ns1.a.com': { silent: hasEdns } } })
    expect(await s.ask('www.a.com')).toBe('SERVFAIL')
    expect(s.world.queries(({ server, query }) => server === 'ns1.a.com' && query.edns === undefined)).toEqual([])
  })

  it('without EDNS is not what a signed zone gets from a server that an unsigned one has taught us', async () => {
    const both = { ...signed, 'b.com.': { text: 'www 60 A 192.0.2.1', servers: ['ns1.a.com.'] } }
    const s = await scenario({ zones: both, servers: { 'ns1.a.com': { silent: hasEdns } } })
    expect(await s.ask('www.b.com')).toBe(A)
    s.world.server('ns1.a.com').behave({ silent: false })
    expect(await s.ask('www.a.com')).toBe('NOERROR AD: A 192.0.2.1')
  })

  it.each<[string, number, Partial<Behaviour>]>([
    ['silent to', 2, { silent: isMixed }],
    // The first one only tells what it is that is refused.
    ['refused', 3, { rcode: (asked) => (isMixed(asked) ? 5 : undefined) }],
  ])('without 0x20 needs as many equal replies as stand for TCP (%s)', async (_, hits, behaviour) => {
    let plain = 0
    const guessing: Behaviour = {
      ...behaviour,
      tamper: (reply, asked) => {
        if (isMixed(asked) || asked.protocol === 'tcp') return [{ reply }]
        // The forger wins all of these races but the last.
        const isHit = plain++ < hits
        return [{ reply: isHit ? forged(reply) : reply }]
      },
    }
    const s = await scenario({ zones, servers: { 'ns1.a.com': guessing } })
    expect(await s.ask('www.a.com')).not.toContain('6.6.6.6')
  })

  it('goes to a server that is away once in ten minutes, not with every question', async () => {
    const s = await scenario({ zones, servers: { 'ns1.a.com': { silent: true, noTcp: true } } })
    const plain = () => s.world.queries((asked) => !hasEdns(asked) && asked.server === 'ns1.a.com').length
    for (let i = 0; i < 10; i++) {
      await s.ask(`n${i}.a.com`)
      await s.wait(20)
    }
    expect(plain()).toBe(1)
    await s.wait(600)
    await s.ask('last.a.com')
    expect(plain()).toBe(2)
  })

  it('does not follow a refusal that is meant: one query more, as ever', async () => {
    const s = await scenario({ zones, servers: { 'ns1.a.com': odd.rcodeFor('A', 5) } })
    expect(await s.ask('www.a.com')).toBe('SERVFAIL')
    expect(s.asked('ns1.a.com')).toHaveLength(2)
  })
})
