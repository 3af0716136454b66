import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseName } from '../../src/dns/index.ts'
import {
  type AddressRules,
  afterRefusal,
  afterReply,
  afterTimeout,
  configuredServers,
  firstTimeout,
  IPV6_UNKNOWN,
  type Ipv6Event,
  ipv6OnTrial,
  ipv6Usable,
  iteratorLimits,
  mayAsk,
  pickServer,
  type ServerState,
  sample,
  serversAt,
  stepIpv6,
  timeoutFor,
  UNKNOWN_SERVER,
} from '../../src/iterator/index.ts'
import { seededRandom } from '../../src/sim/index.ts'

const RULES: AddressRules = { ipv4: true, ipv6: true, queryLoopback: false, port: 53, own: [] }

function candidate(address: string, state: ServerState = UNKNOWN_SERVER, tries = 0) {
  return { server: { endpoint: { address, port: 53 }, family: 4 as const, name: undefined }, state, tries }
}

function replied(rttMs: number, times = 10): ServerState {
  let state = UNKNOWN_SERVER
  for (let i = 0; i < times; i++) state = afterReply(state, rttMs, 0)
  return state
}

function picks(candidates: ReturnType<typeof candidate>[], now = 0): Set<string> {
  const random = seededRandom(3)
  const picked = Array.from({ length: 200 }, () => pickServer(candidates, random, now)?.server.endpoint.address)
  return new Set(picked.filter((address) => address !== undefined))
}

describe('choosing a server', () => {
  it('spreads over all within 400 ms of the best, unknown ones too', () => {
    const fast = candidate('a', replied(20))
    expect(picks([fast, candidate('b', replied(300)), candidate('c')])).toEqual(new Set(['a', 'b', 'c']))
    expect(picks([fast, candidate('d', replied(900))])).toEqual(new Set(['a']))
  })

  it('takes the least tried first', () => {
    expect(picks([candidate('a', replied(5), 1), candidate('b', replied(300))])).toEqual(new Set(['b']))
  })

  it('leaves out those that rest, unless there is nobody else, and tries them again later', () => {
    let dead = UNKNOWN_SERVER
    for (let i = 0; i < 3; i++) dead = afterTimeout(dead, 1_000)
    expect(picks([candidate('dead', dead), candidate('b', replied(300))], 1_500)).toEqual(new Set(['b']))
    expect(picks([candidate('dead', dead)], 1_500)).toEqual(new Set(['dead']))
    const refused = afterRefusal(UNKNOWN_SERVER, 1_000)
    expect(picks([candidate('refused', refused), candidate('b')], 1_500)).toEqual(new Set(['b']))
    expect(picks([candidate('refused', refused), candidate('b')], 2_001)).toEqual(new Set(['refused', 'b']))
  })

  it('has nobody to take from nobody', () => {
    expect(pickServer([], seededRandom(1), 0)).toBeUndefined()
  })
})

describe('time-outs', () => {
  it('begin at 400 ms, follow the round-trip time, double with silence, and stay within bounds', () => {
    expect(timeoutFor(UNKNOWN_SERVER, 0)).toBe(400)
    expect(timeoutFor(replied(1), 0)).toBe(iteratorLimits.MIN_TIMEOUT_MS)
    expect(timeoutFor(replied(500, 40), 0)).toBeCloseTo(510, 0)
    expect(timeoutFor(afterTimeout(UNKNOWN_SERVER, 0), 0)).toBe(800)
    let silent = UNKNOWN_SERVER
    for (let i = 0; i < 50; i++) silent = afterTimeout(silent, 0)
    expect(timeoutFor(silent, 0)).toBe(iteratorLimits.MAX_TIMEOUT_MS)
    expect(silent.restsUntil).toBe(iteratorLimits.MAX_REST_MS)
  })

  it('end with the first reply, and are forgotten after a quarter of an hour', () => {
    const silent = afterTimeout(afterTimeout(afterTimeout(replied(100), 0), 0), 0)
    expect(afterReply(silent, 100, 0)).toMatchObject({ timeouts: 0, restsUntil: 0 })
    expect(timeoutFor(silent, iteratorLimits.SERVER_MEMORY_MS + 1)).toBe(400)
  })
})

describe('sample', () => {
  it('draws distinct items, as many as asked for, each with the same chance', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(), { maxLength: 30 }), fc.nat(40), fc.nat(), (items, count, seed) => {
        const drawn = sample(items, count, seededRandom(seed))
        expect(drawn).toHaveLength(Math.min(count, items.length))
        expect(new Set(drawn).size).toBe(drawn.length)
        for (const item of drawn) expect(items).toContain(item)
      }),
    )
    const random = seededRandom(5)
    const hits = new Map<number, number>()
    for (let i = 0; i < 6_000; i++)
      for (const item of sample([0, 1, 2, 3], 2, random)) hits.set(item, (hits.get(item) ?? 0) + 1)
    for (const count of hits.values()) expect(Math.abs(count - 3_000)).toBeLessThan(200)
  })
})

describe('addresses', () => {
  it('that are no server are never asked', () => {
    const never = ['0.0.0.0', '0.1.2.3', '169.254.1.1', '224.0.0.1', '239.1.1.1', '240.0.0.1', '255.255.255.255']
    const never6 = ['::', '::ffff:192.0.2.1', '::192.0.2.1', 'fe80::1', 'fec0::1', 'ff02::1']
    for (const address of [...never, ...never6, 'localhost', '', '1.2.3', '0x7f.1', '1.2.3.4.5', 'fe80::1%eth0']) {
      expect(mayAsk(address, 53, { ...RULES, queryLoopback: true }), address).toBe(false)
    }
  })

  it('of this host only where told so, of other hosts always', () => {
    for (const address of ['127.0.0.1', '127.9.9.9', '::1']) {
      expect(mayAsk(address, 53, RULES), address).toBe(false)
      expect(mayAsk(address, 53, { ...RULES, queryLoopback: true }), address).toBe(true)
    }
    for (const address of ['192.0.2.1', '10.0.0.1', '198.41.0.4', '2001:db8::1', '2801:1b8:10::b', 'fd00::1']) {
      expect(mayAsk(address, 53, RULES), address).toBe(true)
    }
  })

  it('of an own listener never, however it is written', () => {
    const own = [
      { address: '127.0.0.1', port: 53 },
      { address: '2001:db8:0:0::1', port: 53 },
    ]
    const rules = { ...RULES, queryLoopback: true, own }
    expect(mayAsk('127.0.0.1', 53, rules)).toBe(false)
    expect(mayAsk('127.0.0.1', 5_354, rules)).toBe(true)
    expect(mayAsk('2001:DB8::1', 53, rules)).toBe(false)
    expect(configuredServers([{ address: '127.0.0.1', port: 53 }], { ...rules, queryLoopback: false })).toEqual([])
    expect(configuredServers([{ address: '127.0.0.1', port: 5_353 }], { ...rules, queryLoopback: false })).toHaveLength(
      1,
    )
  })

  it('of a family that is off are not asked', () => {
    expect(mayAsk('192.0.2.1', 53, { ...RULES, ipv4: false })).toBe(false)
    expect(mayAsk('2001:db8::1', 53, { ...RULES, ipv6: false })).toBe(false)
  })

  it('shared by several names are one server, and there are at most 40', () => {
    const name = parseName('ns.test.')
    const same = Array.from({ length: 13 }, () => [name, '192.0.2.1'] as const)
    expect(serversAt(same, RULES)).toHaveLength(1)
    const many = Array.from({ length: 200 }, (_, i) => [name, `192.0.2.${i + 1}`] as const)
    expect(serversAt(many, RULES)).toHaveLength(iteratorLimits.MAX_ADDRESSES_USED)
  })
})

describe('IPv6 in auto', () => {
  const run = (events: readonly Ipv6Event[], now = 0) =>
    events.reduce((state, event) => stepIpv6(state, event, now), IPV6_UNKNOWN)
  const timeouts = (count: number): Ipv6Event[] =>
    Array.from({ length: count }, () => ['ipv6-sent', 'ipv6-timeout'] as const).flat()

  it('goes off for a minute after eight time-outs, if IPv4 works', () => {
    const seven = run(['ipv4-reply', ...timeouts(7)])
    expect(ipv6Usable(seven, 0)).toBe(true)
    const eight = run(['ipv4-reply', ...timeouts(8)])
    expect(ipv6Usable(eight, 59_999)).toBe(false)
    expect(ipv6Usable(eight, 60_000)).toBe(true)
  })

  it('rests twice as long each time that it is tried again in vain, up to an hour, and a minute again after a reply', () => {
    let state = stepIpv6(IPV6_UNKNOWN, 'ipv4-reply', 0)
    const rest = (now: number) => {
      for (let i = 0; i < 8; i++) state = stepIpv6(stepIpv6(state, 'ipv6-sent', now), 'ipv6-timeout', now)
      return state.offUntil - now
    }
    const rests: number[] = []
    for (let i = 0; i < 9; i++) rests.push(rest(state.offUntil))
    expect(rests.map((ms) => ms / 60_000)).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60])
    state = stepIpv6(stepIpv6(state, 'ipv6-sent', state.offUntil), 'ipv6-reply', state.offUntil)
    expect(rest(state.offUntil)).toBe(60_000)
  })

  it('stays on where there is nothing else', () => {
    expect(ipv6Usable(run(timeouts(20)), 0)).toBe(true)
  })

  it('starts counting anew with each success', () => {
    const state = run(['ipv4-reply', ...timeouts(7), 'ipv6-sent', 'ipv6-reply', ...timeouts(7)])
    expect(ipv6Usable(state, 0)).toBe(true)
    expect(ipv6Usable(stepIpv6(stepIpv6(state, 'ipv6-sent', 0), 'ipv6-timeout', 0), 0)).toBe(false)
  })

  it('never has more than eight sends out on trial, in any order of events', () => {
    const EVENTS: Ipv6Event[] = ['ipv6-sent', 'ipv6-timeout', 'ipv6-other', 'ipv4-reply']
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...EVENTS), { maxLength: 100 }), (events) => {
        let state = stepIpv6(IPV6_UNKNOWN, 'ipv4-reply', 0)
        let open = 0
        for (const event of events) {
          if (event === 'ipv6-sent' && !ipv6Usable(state, 0)) continue
          if (event !== 'ipv6-sent' && event !== 'ipv4-reply' && open === 0) continue
          open += event === 'ipv6-sent' ? 1 : event === 'ipv4-reply' ? 0 : -1
          state = stepIpv6(state, event, 0)
          expect(open).toBeLessThanOrEqual(iteratorLimits.IPV6_TIMEOUTS)
        }
      }),
    )
  })

  it('is free of charge only until it is proven', () => {
    expect(ipv6OnTrial(IPV6_UNKNOWN)).toBe(true)
    expect(ipv6OnTrial(run(['ipv6-sent', 'ipv6-reply']))).toBe(false)
  })
})

describe('the first time-out for an unknown server', () => {
  it('is 400 ms until a reply tells how far away everything is', () => {
    expect(firstTimeout(undefined)).toBe(400)
    expect(firstTimeout(20)).toBe(400)
  })

  it('grows with the nearest server, up to a bound', () => {
    expect(firstTimeout(600)).toBe(1_000)
    expect(firstTimeout(5_000)).toBe(iteratorLimits.MAX_INITIAL_TIMEOUT_MS)
  })
})
