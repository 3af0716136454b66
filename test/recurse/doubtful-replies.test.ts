/** Replies that leave a doubt: what else can prove them, and what is not to be concluded from them. */
import { describe, expect, it } from 'vitest'
import type { Behaviour } from '../world/index.ts'
import { odd, scenario } from '../world/scenario.ts'

const A = 'NOERROR: A 192.0.2.1'
const zones = { 'com.': '', 'a.com.': 'www 60 A 192.0.2.1' }

/** A reply with another id comes before the true one, and TCP is closed: whoever guesses must not win, nor be able to deny. */
const guessed = (forged: Behaviour = {}): Behaviour => ({
  noTcp: true,
  tamper: (reply, asked, truth) => {
    const [first] = forged.tamper?.(reply, asked, truth) ?? [{ reply }]
    const message = first!.reply
    if (message instanceof Uint8Array) return [{ reply }]
    return [{ reply: { ...message, id: message.id ^ 0x5555 } }, { reply, afterMs: 5 }]
  },
})

describe('a server without TCP whose replies come after a guess with another id', () => {
  it.fails('is believed after equal replies to fresh ids and ports', async () => {
    const s = await scenario({ zones, servers: { 'ns1.a.com': guessed() } })
    expect(await s.ask('www.a.com')).toBe(A)
  })

  it('is not believed when the replies to fresh ids and ports are not equal', async () => {
    let turn = 0
    const changing: Behaviour = {
      tamper: (reply) => [
        {
          reply: {
            ...reply,
            answers: reply.answers.map((record) => ({ ...record, rdata: Uint8Array.of(192, 0, 2, 100 + turn++) })),
          },
        },
      ],
    }
    const s = await scenario({
      zones,
      servers: {
        'ns1.a.com': {
          noTcp: true,
          tamper: (reply, asked, truth) => {
            const sent = changing.tamper!(reply, asked, truth)[0]!.reply
            if (sent instanceof Uint8Array) return [{ reply }]
            return [{ reply: { ...sent, id: sent.id ^ 0x5555 } }, { reply: sent, afterMs: 5 }]
          },
        },
      },
    })
    expect(await s.ask('www.a.com')).toBe('SERVFAIL')
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

  it.fails('with the SOA of the parent beside it is followed: it is no NODATA', async () => {
    const withSoa: Behaviour = {
      tamper: (reply, _asked, truth) => [
        {
          reply: reply.aa ? reply : { ...reply, authorities: [...reply.authorities, ...truth('SOA', 'com.').answers] },
        },
      ],
    }
    const s = await scenario({ zones, servers: { 'ns1.com': withSoa } })
    expect(await s.ask('www.a.com')).toBe(A)
  })
})

describe('the root', () => {
  it.fails.each([
    ['REFUSED', odd.rcodeFor(({ name }) => name === '.', 5)],
    ['SERVFAIL', odd.rcodeFor(({ name }) => name === '.', 2)],
    ['silence', { silent: ({ name }) => name === '.' } satisfies Behaviour],
  ])('that answers the question for its own NS set with %s is reached by the hints', async (_, behaviour) => {
    const s = await scenario({ zones, servers: { 'a.root': behaviour } })
    expect(await s.ask('www.a.com')).toBe(A)
  })
})
