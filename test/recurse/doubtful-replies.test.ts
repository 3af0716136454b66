/** Replies that leave a doubt: what else can prove them, and what is not to be concluded from them. */
import { describe, expect, it } from 'vitest'
import { concatBytes } from '../../src/base/index.ts'
import { findOption, type Message, OptionCode, ROOT } from '../../src/dns/index.ts'
import type { Behaviour } from '../world/index.ts'
import { odd, scenario } from '../world/scenario.ts'

const A = 'NOERROR: A 192.0.2.1'
const zones = { 'com.': '', 'a.com.': 'www 60 A 192.0.2.1' }

/** What a forger gives in place of a reply. */
const forged = (reply: Message, last = 66): Message => ({
  ...reply,
  answers: reply.answers.map((record) => ({ ...record, rdata: Uint8Array.of(6, 6, 6, last) })),
})
const guess = (reply: Message): Message => ({ ...reply, id: reply.id ^ 0x5555 })

/** Replies with another id come before the true one, and TCP is closed: whoever guesses must not win, nor be able to deny. */
const guessed = (guesses = 1): Behaviour => ({
  noTcp: true,
  tamper: (reply) => [...Array.from({ length: guesses }, () => ({ reply: guess(reply) })), { reply, afterMs: 5 }],
})

/** The server without TCP that somebody guesses beside; the forger hits the ids of the queries of these turns, counted from 0. */
const hit = (turns: (turn: number) => boolean, last: (turn: number) => number = () => 66): Behaviour => {
  let turn = 0
  return {
    noTcp: true,
    tamper: (reply) => {
      const isHit = turns(turn)
      const answer = isHit ? forged(reply, last(turn)) : reply
      turn++
      return [{ reply: guess(reply) }, { reply: answer, afterMs: isHit ? 2 : 5 }]
    },
  }
}

describe('a server without TCP whose replies come after a guess with another id', () => {
  it('is believed after equal replies to fresh ids and ports', async () => {
    const s = await scenario({ zones, servers: { 'ns1.a.com': guessed() } })
    expect(await s.ask('www.a.com')).toBe(A)
  })

  it('is believed when its TCP is silent, not closed', async () => {
    const silent: Behaviour = { silent: ({ protocol }) => protocol === 'tcp', tamper: guessed().tamper! }
    const s = await scenario({ zones, servers: { 'ns1.a.com': silent } })
    expect(await s.ask('www.a.com')).toBe(A)
  })

  it('is believed when it does not keep the case of the name either', async () => {
    const s = await scenario({ zones, servers: { 'ns1.a.com': { ...guessed(), lowerCase: true } } })
    expect(await s.ask('www.a.com')).toBe(A)
  })

  it('is not believed when the replies to fresh ids and ports are not equal', async () => {
    const s = await scenario({
      zones,
      servers: {
        'ns1.a.com': hit(
          () => true,
          (turn) => turn,
        ),
      },
    })
    expect(await s.ask('www.a.com')).toBe('SERVFAIL')
  })

  it('is not believed with one equal reply fewer: the forger has to win every race', async () => {
    // The first query finds the guess, the next two the forger; the last one finds the truth.
    const s = await scenario({ zones, servers: { 'ns1.a.com': hit((turn) => turn === 1 || turn === 2) } })
    expect(await s.ask('www.a.com')).toBe('SERVFAIL')
  })

  it('is not believed after one guess more than may be let pass', async () => {
    const tries = 4
    const s = await scenario({
      zones,
      servers: {
        'ns1.a.com': {
          noTcp: true,
          tamper: (reply) => [
            ...Array.from({ length: tries }, () => ({ reply: guess(reply) })),
            { reply: forged(reply), afterMs: 2 },
            { reply, afterMs: 5 },
          ],
        },
      },
    })
    expect(await s.ask('www.a.com')).toBe('SERVFAIL')
  })

  it('is asked by TCP first: no guess is let pass where there is TCP', async () => {
    const s = await scenario({
      zones,
      servers: {
        'ns1.a.com': {
          tamper: (reply, { protocol }) =>
            protocol === 'tcp' ? [{ reply }] : [{ reply: guess(reply) }, { reply: forged(reply), afterMs: 2 }],
        },
      },
    })
    expect(await s.ask('www.a.com')).toBe(A)
  })
})

describe('a server that has sent cookies and sends none now, and has no TCP', () => {
  /** The cookie of each query comes back, with a server's part. */
  const withCookies: Behaviour = {
    tamper: (reply, { query }) => {
      const cookie = findOption(query.edns?.options ?? [], OptionCode.COOKIE)?.data
      if (cookie === undefined || reply.edns === undefined) return [{ reply }]
      const data = concatBytes(cookie.subarray(0, 8), new Uint8Array(16).fill(7))
      return [{ reply: { ...reply, edns: { ...reply.edns, options: [{ code: OptionCode.COOKIE, data }] } } }]
    },
  }
  const afterCookies = async (now: Behaviour) => {
    const s = await scenario({ zones: { ...zones, 'a.com.': 'www 60 A 192.0.2.1\nfirst A 192.0.2.2' } })
    const server = s.world.server('ns1.a.com')
    server.behave(withCookies)
    await s.ask('first.a.com')
    server.reset()
    server.behave({ noTcp: true, ...now })
    return s.ask('www.a.com')
  }

  it('is believed after equal replies to fresh ids and ports', async () => {
    expect(await afterCookies({})).toBe(A)
  })

  it('is not believed with one equal reply fewer', async () => {
    let turn = 0
    const changing: Behaviour = { tamper: (reply) => [{ reply: turn++ < 3 ? forged(reply) : reply }] }
    // The parent is asked anew, and then all replies are true.
    expect(await afterCookies(changing)).toBe(A)
  })
})

describe('a server that says FORMERR to EDNS with a header only, and has no TCP', () => {
  const bare = (isBare: (turn: number) => boolean): Behaviour => {
    let turn = 0
    return {
      noTcp: true,
      tamper: (reply, { query }) => {
        if (query.edns === undefined || !isBare(turn++)) return [{ reply }]
        const { edns: _, ...plain } = reply
        return [
          { reply: { ...plain, aa: false, rcode: 1, questions: [], answers: [], authorities: [], additionals: [] } },
        ]
      },
    }
  }

  it('is asked without EDNS after equal errors', async () => {
    const s = await scenario({ zones, servers: { 'ns1.a.com': bare(() => true) } })
    expect(await s.ask('www.a.com')).toBe(A)
  })

  it('is not when one error differs: whoever forges one must not take EDNS, and with it signatures, away', async () => {
    const s = await scenario({ zones, servers: { 'ns1.a.com': bare((turn) => turn < 3) } })
    expect(await s.ask('www.a.com')).toBe('SERVFAIL')
    const without = s.world.queries(({ server, query }) => server === 'ns1.a.com' && query.edns === undefined)
    expect(without).toHaveLength(0)
  })
})

describe('a referral', () => {
  it.each<[string, Behaviour]>([
    ['AA', { tamper: (reply) => [{ reply: { ...reply, aa: true } }] }],
    ['RA', { tamper: (reply) => [{ reply: { ...reply, ra: true } }] }],
  ])('with %s is followed', async (_, behaviour) => {
    const s = await scenario({ zones, servers: { 'ns1.com': behaviour } })
    expect(await s.ask('www.a.com')).toBe(A)
  })

  const withSoa = (flags: Partial<Message> = {}): Behaviour => ({
    tamper: (reply, _asked, truth) => {
      if (reply.aa) return [{ reply }]
      return [{ reply: { ...reply, ...flags, authorities: [...reply.authorities, ...truth('SOA', 'com.').answers] } }]
    },
  })

  it('with the SOA of the parent beside it is followed: it is no NODATA', async () => {
    const s = await scenario({ zones, servers: { 'ns1.com': withSoa() } })
    expect(await s.ask('www.a.com')).toBe(A)
  })

  it('with that SOA and AA is none: the parent says with authority that there is no such type', async () => {
    const s = await scenario({ zones, servers: { 'ns1.com': withSoa({ aa: true }) } })
    expect(await s.ask('www.a.com')).toBe('NOERROR')
  })

  it('with the SOA of the zone that it names is none: a server of both denies what the child lacks', async () => {
    // One server has both zones, and leaves out AA.
    const denial: Behaviour = {
      tamper: (reply, { type }, truth) => {
        if (type !== 'TXT') return [{ reply }]
        const { answers } = truth('SOA', 'a.com.')
        return [
          { reply: { ...reply, aa: false, answers: [], authorities: [...answers, ...truth('NS', 'a.com.').answers] } },
        ]
      },
    }
    const s = await scenario({
      zones: { 'com.': { servers: ['ns.com.'] }, 'a.com.': { text: 'www 60 A 192.0.2.1', servers: ['ns.com.'] } },
      servers: { 'ns.com': denial },
    })
    expect(await s.ask('www.a.com', 'TXT')).toBe('NOERROR')
    expect(s.asked('ns.com').filter((asked) => asked.endsWith(' TXT'))).toHaveLength(1)
  })
})

describe('the root', () => {
  it.each([
    ['REFUSED', odd.rcodeFor(({ name }) => name === '.', 5)],
    ['SERVFAIL', odd.rcodeFor(({ name }) => name === '.', 2)],
    ['silence', { silent: ({ name }) => name === '.' } satisfies Behaviour],
  ])('that answers the question for its own NS set with %s is reached by the hints', async (_, behaviour) => {
    const s = await scenario({ zones, servers: { 'a.root': behaviour } })
    expect(await s.ask('www.a.com')).toBe(A)
  })

  it('that says nothing at all is not waited for by each question', async () => {
    const s = await scenario({ zones, servers: { 'a.root': { silent: true } } })
    expect(await s.ask('www.a.com')).toBe('SERVFAIL')
    const from = s.clock.monotonic()
    expect(await s.ask('www.b.com')).toBe('SERVFAIL')
    expect(s.clock.monotonic() - from).toBeLessThan(10)
    // The operator says that all is well again.
    s.world.server('a.root').behave({ silent: false })
    s.stack.recursor.forget(ROOT, 'name')
    s.stack.cache.flush()
    expect(await s.ask('www.a.com')).toBe(A)
  })

  it('that names other servers than the hints is not left for them when it fails later', async () => {
    const s = await scenario({ zones })
    expect(await s.ask('www.a.com')).toBe(A)
    const before = s.stack.cache.delegation('main', ROOT, s.clock.now())!.delegation
    s.world.server('a.root').behave(odd.rcodeFor(({ name }) => name === '.', 5))
    await s.wait(3 * 86_400)
    await s.ask('www.a.com')
    const { delegation } = s.stack.cache.delegation('main', ROOT, s.clock.now())!
    expect(delegation.nameServers).toBe(before.nameServers)
  })
})
