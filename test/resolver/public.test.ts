/** RD=0: only what is this node's own, and the start of `dig +trace`. */
import { describe, expect, it } from 'vitest'
import { Rcode } from '../../src/dns/index.ts'
import { texts } from '../world/index.ts'
import { scenario } from '../world/scenario.ts'

const zones = { 'com.': { text: 'www 300 A 192.0.2.1\n@ 300 MX 10 www', signed: true } }

describe('a question without recursion', () => {
  it("for the root's name servers is answered, as dig +trace wants, with signatures if it sets DO", async () => {
    const s = await scenario({ zones })
    await s.ask('www.com')
    const reply = await s.reply('.', 'NS', { rd: false })
    expect([reply.rcode, reply.rd, reply.ra, reply.aa]).toEqual([Rcode.NOERROR, false, true, false])
    expect(reply.answers.map(({ type }) => type)).toEqual([2])
    const signed = await s.reply('.', 'NS', { rd: false, do: true })
    expect(signed.answers.map(({ type }) => type)).toEqual([2, 46])
    s.world.clearLog()
    await s.reply('.', 'NS', { rd: false })
    expect(s.asked()).toEqual([])
  })

  it('is answered by a node that was never asked anything', async () => {
    const s = await scenario({ zones })
    expect((await s.reply('.', 'NS', { rd: false })).answers).toHaveLength(1)
  })

  it("for the root's name servers is answered by the hints while the root cannot be asked", async () => {
    const s = await scenario({ zones })
    s.world.network.cut()
    const reply = await s.reply('.', 'NS', { rd: false })
    expect([reply.rcode, reply.aa, reply.ad, texts(reply.answers)]).toEqual([
      Rcode.NOERROR,
      false,
      false,
      ['NS a.root.'],
    ])
    // With recursion it is a question like any other.
    expect((await s.reply('.', 'NS')).rcode).toBe(Rcode.SERVFAIL)
  })

  it("for the root's name servers is not, when what the root says of them is bogus", async () => {
    const s = await scenario({ zones: { ...zones, '.': { signed: { corrupt: ['. NS'] } } } })
    expect((await s.reply('.', 'NS', { rd: false })).rcode).toBe(Rcode.SERVFAIL)
  })

  it('for anything else is refused, known or not: nobody learns what was asked here', async () => {
    const s = await scenario({ zones })
    await s.ask('www.com')
    await s.ask('com', 'NS')
    for (const [name, type] of [
      ['www.com', 'A'],
      ['com', 'NS'],
      ['com', 'DS'],
      ['.', 'DNSKEY'],
      ['.', 'SOA'],
      ['.', 'ANY'],
    ] as const)
      expect((await s.reply(name, type, { rd: false })).rcode).toBe(Rcode.REFUSED)
  })
})
