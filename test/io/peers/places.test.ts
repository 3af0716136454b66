import { describe, expect, it } from 'vitest'
import { limits } from '../../../src/io/limits.ts'
import { DoorPlaces, hostOf, networkOf } from '../../../src/io/peers/places.ts'

const MEMBER = '198.51.100.7'
const places = () => new DoorPlaces({ isKnown: (host) => host === MEMBER })

describe('places at the door', () => {
  it('are few for one network, whatever its hosts', () => {
    const door = places()
    let inside = 0
    for (let i = 0; i < 200; i++) if (door.take(`192.0.2.${i}`, { evict: () => {} }, 0) !== undefined) inside++
    expect(inside).toBe(limits.MAX_STRANGERS_PER_NETWORK)
  })

  it('change hands after a while: the first makes room, and not before', () => {
    const door = places()
    const evicted: number[] = []
    for (let i = 0; i < limits.MAX_STRANGERS_PER_NETWORK; i++)
      door.take('192.0.2.1', { evict: () => evicted.push(i) }, i)
    expect(door.take('192.0.2.2', { evict: () => {} }, limits.PLACE_KEPT_MS - 1)).toBeUndefined()
    expect(door.take('192.0.2.2', { evict: () => {} }, limits.PLACE_KEPT_MS)).toBeDefined()
    expect(evicted).toEqual([0])
    expect(door.counts().strangers).toBe(limits.MAX_STRANGERS_PER_NETWORK)
  })

  it('are kept for the networks that have none: whoever has most makes room at once', () => {
    const door = places()
    const evicted: string[] = []
    for (let network = 0; network < 4; network++)
      for (let i = 0; i < 16; i++) door.take(`10.0.${network}.1`, { evict: () => evicted.push(`${network}`) }, 0)
    expect(door.counts().strangers).toBe(limits.MAX_STRANGERS)
    expect(door.take('10.1.0.1', { evict: () => {} }, 1)).toBeDefined()
    expect(door.take('10.1.0.1', { evict: () => {} }, 1)).toBeUndefined()
    expect(evicted).toHaveLength(1)
    expect(door.counts().strangers).toBe(limits.MAX_STRANGERS)
  })

  it('of members are theirs, whoever else stands there', () => {
    const door = places()
    for (let i = 0; i < 1_000; i++) door.take(`10.${i >> 8}.${i & 255}.1`, { evict: () => {} }, 0)
    expect(door.counts()).toEqual({ known: 0, strangers: limits.MAX_STRANGERS })
    for (let i = 0; i < limits.MAX_WAITING_PER_MEMBER_HOST; i++)
      expect(door.take(MEMBER, { evict: () => {} }, 0)).toBeDefined()
    expect(door.take(MEMBER, { evict: () => {} }, 0)).toBeUndefined()
  })

  it('given back twice count once', () => {
    const door = places()
    const leave = door.take('192.0.2.1', { evict: () => {} }, 0)!
    door.take('192.0.2.1', { evict: () => {} }, 0)
    leave()
    leave()
    expect(door.counts().strangers).toBe(1)
  })

  it('hold out against four hosts that begin 64 hellos a second each for a minute: a newcomer and members get in', () => {
    const door = places()
    const terms: { readonly at: number; readonly leave: () => void }[] = []
    let handshakes = 0
    let most = 0
    const refused = { member: 0, newcomer: 0 }
    const knock = (host: string, now: number) => {
      const leave = door.take(host, { evict: () => {} }, now)
      if (leave !== undefined) terms.push({ at: now + limits.STRANGER_MS, leave })
      return leave
    }
    for (let now = 0; now < 60_000; now += 1_000 / 256) {
      while (terms.length > 0 && terms[0]!.at <= now) terms.shift()!.leave()
      if (knock(`10.0.${Math.round(now * 0.256) % 4}.1`, now) !== undefined) handshakes++
      if (Math.round(now * 0.256) % 256 === 100) {
        const member = knock(MEMBER, now)
        const newcomer = knock('203.0.113.9', now)
        if (member === undefined) refused.member++
        if (newcomer === undefined) refused.newcomer++
        member?.()
        newcomer?.()
      }
      most = Math.max(most, door.counts().strangers)
    }
    expect(refused).toEqual({ member: 0, newcomer: 0 })
    expect(most).toBe(limits.MAX_STRANGERS)
    // 4 ms each: half a core.
    expect(handshakes / 60).toBeLessThanOrEqual((1_000 / limits.PLACE_KEPT_MS) * limits.MAX_STRANGERS + 2)
  })
})

describe('hosts', () => {
  it.each([
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:DB8::1', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
  ])('%s is %s', (address, host) => expect(hostOf(address)).toBe(host))

  it.each([
    ['192.0.2.1', '192.0.2.200', true],
    ['192.0.2.1', '192.0.3.1', false],
    ['127.0.0.1', '127.0.0.2', true],
    ['2001:db8:1:2::1', '2001:db8:1:3::1', true],
    ['2001:db8:1::1', '2001:db8:2::1', false],
  ])('%s and %s are of one network: %s', (a, b, isOne) => expect(networkOf(a) === networkOf(b)).toBe(isOne))
})
