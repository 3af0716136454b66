/** A signed zone of which one server is no good: the other is asked before anything is called bogus. In virtual time. */
import { describe, expect, it } from 'vitest'
import { type Message, Rcode, Type } from '../../../src/dns/index.ts'
import { testClock } from '../../setup/clock.ts'
import { type Behaviour, createStack, createWorld, signWorld, simpleSpec } from '../../world/index.ts'

const SIGNED = signWorld(
  simpleSpec(
    { 'com.': '', 'example.com.': 'www A 192.0.2.1\nalias CNAME www\n', 'plain.com.': 'www A 192.0.2.2\n' },
    { serverCounts: { 'example.com.': 2, 'plain.com.': 2 } },
  ),
  { '.': {}, 'com.': {}, 'example.com.': {} },
)

async function bench(origin: string, behaviours: readonly Behaviour[]) {
  const clock = testClock(Date.now())
  const world = await createWorld(SIGNED.spec, { sockets: false, clock })
  for (const [i, behaviour] of behaviours.entries()) world.server(`ns${i + 1}.${origin}`).behave(behaviour)
  const stack = createStack(world, { anchors: SIGNED.anchorText, clock })
  return {
    world,
    ask: (name: string, type = 'A', flags = {}) => clock.run(stack.ask({ name, type }, { ad: true, ...flags })),
  }
}

const shown = ({ rcode, ad }: Message) => [rcode, ad]

/** What a secondary sends that got the zone before it was signed. */
const withoutSignatures = (types: readonly number[]): Behaviour => ({
  tamper: (reply, { question }) => {
    if (!types.includes(question.type)) return [{ reply }]
    const isPlain = ({ type }: { readonly type: number }) =>
      type !== Type.RRSIG && type !== Type.NSEC && type !== Type.NSEC3
    return [
      { reply: { ...reply, answers: reply.answers.filter(isPlain), authorities: reply.authorities.filter(isPlain) } },
    ]
  },
})

// Which of the two is asked first is drawn: each is tried in both places, and often.
const PLACES = [0, 1, 0, 1, 0, 1, 0, 1]
const placed = (place: number, bad: Behaviour): Behaviour[] => (place === 0 ? [bad, {}] : [{}, bad])

describe('one of two servers of a signed zone', () => {
  it.each<[string, Behaviour]>([
    ['ignores EDNS', { edns: 'ignore' }],
    ['refuses EDNS', { edns: 'formerr' }],
    ['has keys without signatures', withoutSignatures([Type.DNSKEY])],
    ['has no signatures at all', withoutSignatures([Type.A, Type.AAAA, Type.TXT, Type.DNSKEY, Type.NS])],
  ])('%s: the other one is believed', async (_, bad) => {
    for (const place of PLACES) {
      const { ask } = await bench('example.com', placed(place, bad))
      expect(shown(await ask('www.example.com'))).toEqual([Rcode.NOERROR, true])
      expect(shown(await ask('alias.example.com'))).toEqual([Rcode.NOERROR, true])
      expect(shown(await ask('missing.example.com'))).toEqual([Rcode.NXDOMAIN, true])
      expect(shown(await ask('www.example.com', 'TXT'))).toEqual([Rcode.NOERROR, true])
    }
  })

  it('is asked last while it is known to have no EDNS', async () => {
    const { ask, world } = await bench('example.com', [{ edns: 'ignore' }, {}])
    // Which is asked first is drawn: until it was the one.
    const bad = world.server('ns1.example.com')
    for (let i = 0; i < 100 && bad.count === 0; i++) await ask(`a${i}.www.example.com`, 'A', { cd: true })
    await ask('b.www.example.com')
    world.clearLog()
    await ask('www.example.com', 'MX', { cd: true })
    expect(world.count()).toBeLessThanOrEqual(1)
  })
})

describe('both servers', () => {
  it('without EDNS leave a signed zone bogus', async () => {
    const { ask } = await bench('example.com', [{ edns: 'ignore' }, { edns: 'ignore' }])
    expect((await ask('www.example.com')).rcode).toBe(Rcode.SERVFAIL)
    expect(shown(await ask('www.example.com', 'A', { cd: true }))).toEqual([Rcode.NOERROR, false])
  })

  it('without EDNS are fine for an unsigned zone, and nobody else is asked', async () => {
    const { ask, world } = await bench('plain.com', [{ edns: 'ignore' }, { edns: 'ignore' }])
    await ask('www.plain.com', 'TXT')
    world.clearLog()
    expect((await ask('www.plain.com')).rcode).toBe(Rcode.NOERROR)
    expect(world.count()).toBe(1)
  })
})
