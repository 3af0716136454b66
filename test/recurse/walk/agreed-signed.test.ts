/** Signed zones whose parents are silent: what the ring has agreed on is judged by this node's own anchor, down every link. */
import { describe, expect, it } from 'vitest'
import { Budget } from '../../../src/base/index.ts'
import { type Delegation, parseName, Rcode, Type } from '../../../src/dns/index.ts'
import type { Outcome } from '../../../src/evidence/index.ts'
import type { DelegationSource } from '../../../src/recurse/index.ts'
import { testClock } from '../../setup/clock.ts'
import { createStack, createWorld, signWorld, simpleSpec, texts } from '../../world/index.ts'

const SIGNED = signWorld(
  simpleSpec({ 'com.': '', 'example.com.': 'www A 192.0.2.1\n', 'plain.com.': 'www A 192.0.2.2\n', 'evil.com.': '' }),
  { '.': {}, 'com.': {}, 'example.com.': {} },
)
const ZONES = ['com.', 'example.com.', 'plain.com.']
const signal = new AbortController().signal

/** What a ring of honest peers would have: read from the world while its parents still answer. */
async function agreedOn(zones: readonly string[], change: (one: Delegation) => Delegation) {
  const clock = testClock(Date.now())
  const world = await createWorld(SIGNED.spec, { sockets: false, clock })
  const seen = createStack(world, { anchors: SIGNED.anchorText, clock })
  const budget = () =>
    new Budget({ queries: 200, bytes: 1e6, timeMs: 60_000, signatures: 99, hashes: 99 }, () => clock.monotonic())
  const known = new Map<string, Delegation>()
  const keys = new Map<string, Outcome>()
  for (const zone of zones) {
    const name = parseName(zone)
    const found = await clock.run(seen.recursor.delegation(name, { budget: budget(), signal }))
    known.set(name.key, change(found.delegation))
  }
  for (const zone of ['.', 'com.', 'example.com.']) {
    const question = { name: parseName(zone), type: Type.DNSKEY, class: 1 }
    const request = { question, budget: budget(), signal, origin: 'own', checkingDisabled: true } as const
    keys.set(question.name.key, (await clock.run(seen.recursor.resolve(request))).outcome)
  }
  const source: DelegationSource = {
    find: async (name, above) => {
      const fits = [...known.values()].filter(({ zone }) => zone.labels > above && name.key.endsWith(zone.key))
      const delegation = fits.sort((a, b) => b.zone.labels - a.zone.labels)[0]
      return delegation && { delegation, parent: parseName('com.'), expires: Number.MAX_SAFE_INTEGER }
    },
    keys: async (zone) => keys.get(zone.key),
  }
  world.server('a.root').behave({ silent: true })
  world.server('ns1.com').behave({ silent: true })
  // A liar's server, with the zones and without their keys.
  const [address] = world.server('ns1.evil.com').addresses
  for (const origin of ['example.com.', 'plain.com.']) {
    const text = `@ SOA ns1 h 1 2 3 4 60\n@ NS ns1\nns1 A ${address}\nwww A 203.0.113.66\n`
    world.server('ns1.evil.com').setZone({ origin, servers: ['ns1.evil.com'], text })
  }
  const stack = createStack(world, { anchors: SIGNED.anchorText, clock, delegations: source })
  return (name: string) => clock.run(stack.ask({ name, type: 'A' }, { ad: true }))
}

/** To the liar's server, whatever else it says. */
const EVIL = '127.54.4.1'
const misled = (one: Delegation): Delegation => ({
  ...one,
  addresses: new Map([...one.addresses.keys()].map((server) => [server, [EVIL]])),
})
const isEvil = SIGNED.spec.servers['ns1.evil.com']?.addresses.includes(EVIL)

describe('an unsigned zone', () => {
  it('is found by its delegation, whose proof says that it is unsigned', async () => {
    const answer = await (await agreedOn(ZONES, (one) => one))('www.plain.com')
    expect([answer.rcode, answer.ad, texts(answer.answers)]).toEqual([Rcode.NOERROR, false, ['A 192.0.2.2']])
  })
})

describe('a signed zone', () => {
  it('is found and secure, by delegation and keys that the ring has', async () => {
    const answer = await (await agreedOn(ZONES, (one) => one))('www.example.com')
    expect([answer.rcode, answer.ad, texts(answer.answers)]).toEqual([Rcode.NOERROR, true, ['A 192.0.2.1']])
  })

  it.each<[string, (one: Delegation) => Delegation]>([
    ['leads to a liar', misled],
    ['leads to a liar and has lost its DS', (one) => ({ ...misled(one), ds: undefined, proofs: [] })],
    ['has lost its DS', (one) => ({ ...one, ds: undefined, proofs: [] })],
    [
      'has another DS',
      (one) => ({
        ...misled(one),
        ds: one.ds && {
          ...one.ds,
          rdatas: one.ds.rdatas.map((rdata) => rdata.map((byte, i) => (i < 4 ? byte : byte ^ 1))),
        },
      }),
    ],
  ])('is not answered unsigned when its agreed delegation %s', async (_, change) => {
    expect(isEvil).toBe(true)
    const answer = await (await agreedOn(ZONES, (one) => (one.zone.labels === 1 ? one : change(one))))(
      'www.example.com',
    )
    expect([answer.rcode, answer.answers]).toEqual([Rcode.SERVFAIL, []])
    // It failed for its signatures, not for the time that silent servers cost.
    const reasons = answer.edns?.options.map(({ data }) => new TextDecoder().decode(data.slice(2))).join()
    expect(reasons).toMatch(/DS/)
    expect(reasons).not.toMatch(/budget/)
  })
})
