/** `dnssec.logOnly`: what fails validation is logged, and served all the same. */
import { describe, expect, it } from 'vitest'
import type { Log } from '../../src/base/index.ts'
import { Class, parseName, readEde, Type } from '../../src/dns/index.ts'
import { LogOnly } from '../../src/resolver/log-only.ts'
import { testClock } from '../setup/clock.ts'
import { scenario } from '../world/scenario.ts'

const zones = {
  'com.': { signed: true },
  'good.com.': { text: 'www 300 A 192.0.2.1', signed: true },
  'bad.com.': { text: 'www 300 A 192.0.2.2\nalias CNAME www.good.com.', signed: { corrupt: ['www.bad.com. A'] } },
}

describe('what fails validation', () => {
  it('is SERVFAIL by default', async () => {
    const s = await scenario({ zones })
    expect(await s.ask('www.bad.com')).toBe('SERVFAIL')
  })

  it('is served without AD, with the reason, again and again', async () => {
    const s = await scenario({ zones, config: { 'dnssec.logOnly': true } })
    for (let i = 0; i < 3; i++) {
      const reply = await s.reply('www.bad.com')
      expect([reply.rcode, reply.ad, reply.answers.length]).toEqual([0, false, 1])
      expect(readEde(reply.edns!.options)).toContainEqual(expect.objectContaining({ code: 6 }))
    }
    expect(await s.ask('www.bad.com')).toBe('NOERROR: A 192.0.2.2')
  })

  it('changes nothing for what does not', async () => {
    const s = await scenario({ zones, config: { 'dnssec.logOnly': true } })
    expect(await s.ask('www.good.com')).toBe('NOERROR AD: A 192.0.2.1')
    expect(await s.ask('none.good.com')).toBe('NXDOMAIN AD')
  })
})

describe('the log', () => {
  it('tells each question once a minute, with the reason, and is bounded', async () => {
    const clock = testClock()
    const told: object[] = []
    const log: Log = { debug() {}, info() {}, warn: (detail) => void told.push(detail), error() {} }
    const logOnly = new LogOnly({ clock, log })
    const question = (name: string) => ({ name: parseName(name), type: Type.A, class: Class.IN })
    for (let i = 0; i < 5; i++) logOnly.tell(question('www.bad.com'), [{ code: 7, text: 'signature expired' }])
    expect(told).toEqual([{ name: 'www.bad.com.', type: 'A', why: ['EDE 7: signature expired'] }])
    logOnly.tell({ ...question('www.bad.com'), type: Type.AAAA }, [])
    expect(told).toHaveLength(2)
    clock.advance(61_000)
    logOnly.tell(question('www.bad.com'), [])
    expect(told).toHaveLength(3)
    for (let i = 0; i < 5_000; i++) logOnly.tell(question(`n${i}.com`), [])
    expect(told).toHaveLength(5_003)
  })
})
