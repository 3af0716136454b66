/** What an operator does when a domain was set right and this node still says SERVFAIL: look, flush, ask again. */
import { describe, expect, it } from 'vitest'
import type { WarmCache } from '../../src/cache/index.ts'
import { parseName } from '../../src/dns/index.ts'
import { flushCached, showCached } from '../../src/peer/cache-commands.ts'
import { type Scenario, scenario } from '../world/scenario.ts'

const quiet = { debug() {}, info() {}, warn() {}, error() {} }

function operator({ stack, clock }: Scenario) {
  let forgotten = 0
  const warm: WarmCache = {
    start() {},
    stop() {},
    forget: () => void forgotten++,
    stats: () => ({ restored: 0, onDisk: 0 }),
  }
  const core = { recursor: stack.recursor, cacheRules: () => new Uint8Array() }
  const deps = { cache: stack.cache as never, warm, core, clock, log: quiet }
  return {
    show: (name: string, below = false) => showCached(deps, parseName(name), below ? 'below' : 'name'),
    flush: (name: string, below = false) => flushCached(deps, parseName(name), below ? 'below' : 'name'),
    timesForgottenOnDisk: () => forgotten,
  }
}

const com = { text: 'www 3600 A 192.0.2.1\nmail 3600 A 192.0.2.2', signed: true }

describe('show', () => {
  it('tells records, evidence and the seconds that are left, delegations, and what failed', async () => {
    const s = await scenario({ zones: { 'com.': com } })
    await s.ask('www.com')
    await s.wait(100)
    const { show } = operator(s)
    const { entries, delegations, failures } = show('com', true)
    expect(entries.find(({ question }) => question === 'www.com. A')).toMatchObject({
      context: 'main',
      records: [expect.stringContaining('192.0.2.1'), expect.stringContaining('RRSIG')],
      security: 'secure',
      provenance: 'solo',
      side: 'own',
      ttl: 3_500,
      ageSeconds: 100,
    })
    expect(delegations).toMatchObject([{ zone: 'com.', nameServers: ['ns1.com.'], signed: true }])
    expect(failures).toEqual([])
    expect(show('www.com').entries).toHaveLength(1)
    expect(show('nobody.com').entries).toEqual([])
  })

  it('tells what could not be resolved, and why', async () => {
    const s = await scenario({ zones: { 'com.': 'www A 192.0.2.1' }, servers: { 'ns1.com': { silent: true } } })
    expect(await s.ask('www.com')).toBe('SERVFAIL')
    const [failure] = operator(s).show('www.com').failures
    expect(failure).toMatchObject({ question: 'www.com. A', code: 'all-servers-failed' })
    expect(failure!.why).not.toBe('')
  })
})

describe('flush', () => {
  it('of a name asks for it anew, and leaves its neighbours', async () => {
    const s = await scenario({ zones: { 'com.': com } })
    await s.ask('www.com')
    await s.ask('mail.com')
    const { flush, timesForgottenOnDisk } = operator(s)
    expect(flush('www.com')).toMatchObject({ name: 'www.com.', below: false, forgotten: 1 })
    s.world.clearLog()
    expect(await s.ask('mail.com')).toBe('NOERROR AD: A 192.0.2.2')
    expect(s.asked()).toEqual([])
    expect(await s.ask('www.com')).toBe('NOERROR AD: A 192.0.2.1')
    expect(s.asked()).toEqual(['ns1.com www.com. A'])
    expect(timesForgottenOnDisk()).toBe(1)
  })

  it('of a zone forgets its keys: a zone that was signed anew is secure at once', async () => {
    const s = await scenario({ zones: { 'com.': com } })
    expect(await s.ask('www.com')).toBe('NOERROR AD: A 192.0.2.1')
    s.change({ 'com.': { keys: 'new' } })
    const { flush } = operator(s)
    const done = flush('com', true)
    expect(done.links).toBeGreaterThan(0)
    expect(done.forgotten).toBeGreaterThan(0)
    expect(await s.ask('www.com')).toBe('NOERROR AD: A 192.0.2.1')
  })

  it('forgets that a zone failed: the next question is asked at once', async () => {
    const s = await scenario({ zones: { 'com.': 'www A 192.0.2.1' }, servers: { 'ns1.com': { rcode: 2 } } })
    expect(await s.ask('www.com')).toBe('SERVFAIL')
    s.world.servers.get('ns1.com')!.behave({ rcode: undefined })
    operator(s).flush('com', true)
    expect(await s.ask('www.com')).toBe('NOERROR: A 192.0.2.1')
  })

  it('forgets that a name does not exist, also where a denial of its neighbours says so', async () => {
    const s = await scenario({ zones: { 'com.': com } })
    expect(await s.ask('new.com')).toBe('NXDOMAIN AD')
    expect(await s.ask('news.com')).toBe('NXDOMAIN AD')
    s.change({ 'com.': { text: `${com.text}\nnew 60 A 192.0.2.3\nnews 60 A 192.0.2.4` } })
    const { flush } = operator(s)
    flush('new.com')
    expect(await s.ask('new.com')).toBe('NOERROR AD: A 192.0.2.3')
    flush('news.com')
    expect(await s.ask('news.com')).toBe('NOERROR AD: A 192.0.2.4')
  })

  it('of everything leaves nothing', async () => {
    const s = await scenario({ zones: { 'com.': com } })
    await s.ask('www.com')
    const { flush, show } = operator(s)
    flush('.', true)
    expect(show('.', true)).toMatchObject({ entries: [], delegations: [], failures: [] })
    expect(await s.ask('www.com')).toBe('NOERROR AD: A 192.0.2.1')
  })
})
