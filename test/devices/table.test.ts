/** Facts of all sources, put together to devices. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type DeviceFact, devicesOf, hostsText, labelOf } from '../../src/devices/index.ts'

const MAC = '02:00:00:00:00:01'
const OTHER = '02:00:00:00:00:02'
const none = new Map<string, string>()

function fact(address: string, mac?: string, name?: string, source: DeviceFact['source'] = 'lease'): DeviceFact {
  return { source, address, mac, name }
}

describe('devices', () => {
  it('have all their addresses, IPv4 first, by their MAC or by the name of their lease', () => {
    const facts = [
      fact('192.168.1.10', MAC, 'laptop'),
      fact('fd00::10', undefined, 'laptop'),
      fact('fd00::99', MAC, undefined, 'neighbour'),
      fact('fe80::1', MAC, undefined, 'neighbour'),
      fact('192.168.1.30', undefined, 'stranger', 'router'),
    ]
    expect(devicesOf(facts, none, 'home.arpa')).toEqual([
      {
        id: '02:00:00:00:00:01',
        mac: MAC,
        name: 'laptop',
        hostName: 'laptop.home.arpa',
        addresses: ['192.168.1.10', 'fd00::10', 'fd00::99', 'fe80::1'],
        sources: ['lease', 'neighbour'],
      },
      {
        id: '192.168.1.30',
        mac: undefined,
        name: 'stranger',
        hostName: 'stranger.home.arpa',
        addresses: ['192.168.1.30'],
        sources: ['router'],
      },
    ])
  })

  it('are told apart behind a repeater that has one MAC for all of them', () => {
    const facts = [
      fact('192.168.1.10', OTHER, undefined, 'neighbour'),
      fact('192.168.1.11', OTHER, undefined, 'neighbour'),
      fact('192.168.1.12', OTHER, undefined, 'neighbour'),
      fact('192.168.1.10', MAC, 'laptop'),
      fact('192.168.1.10', OTHER, 'wrong', 'router'),
      fact('192.168.1.11', '02:00:00:00:00:03', 'phone'),
    ]
    const devices = devicesOf(facts, none, 'lan').map(({ name, addresses }) => [name, ...addresses])
    expect(devices).toEqual([
      ['laptop', '192.168.1.10'],
      [undefined, '192.168.1.12'],
      ['phone', '192.168.1.11'],
    ])
  })

  it('take the name that people gave, by MAC or by address, before what they say', () => {
    const facts = [fact('192.168.1.10', MAC, 'android-1f3a'), fact('192.168.1.11', OTHER, 'tv')]
    const given = new Map([
      [MAC, "Anna's phone"],
      ['192.168.1.11', 'Big TV'],
    ])
    expect(devicesOf(facts, given, 'lan').map(({ name, hostName, sources }) => [name, hostName, sources])).toEqual([
      ["Anna's phone", 'annas-phone.lan', ['given', 'lease']],
      ['Big TV', 'big-tv.lan', ['given', 'lease']],
    ])
  })

  it('cannot take a name that people gave to another, nor the same name twice', () => {
    const facts = [
      fact('192.168.1.10', MAC, 'nas'),
      fact('192.168.1.11', OTHER, 'x'),
      fact('192.168.1.12', '02:00:00:00:00:03', 'nas'),
    ]
    const hostNames = devicesOf(facts, new Map([[OTHER, 'nas']]), 'lan').map(({ hostName }) => hostName)
    expect(hostNames).toEqual(['nas-2.lan', 'nas.lan', 'nas-3.lan'])
  })

  it('lead both ways as lines of a hosts file, without link-local addresses', () => {
    const facts = [fact('192.168.1.10', MAC, 'laptop'), fact('fe80::1', MAC), fact('192.168.1.11', OTHER)]
    expect(hostsText(devicesOf(facts, none, 'home.arpa'))).toBe('192.168.1.10 laptop.home.arpa')
  })

  it('have one name each, and each address once, whatever the facts are', () => {
    const some = fc.array(
      fc.record({
        source: fc.constantFrom('lease' as const, 'neighbour' as const, 'router' as const),
        address: fc.constantFrom('192.168.1.1', '192.168.1.2', '192.168.1.3', 'fd00::1', 'fe80::2'),
        mac: fc.option(fc.constantFrom(MAC, OTHER), { nil: undefined }),
        name: fc.option(fc.oneof(fc.constantFrom('nas', 'NAS', 'nas-2', 'wpad', '*'), fc.string()), { nil: undefined }),
      }),
    )
    fc.assert(
      fc.property(some, some, (facts, more) => {
        const given = new Map(more.map(({ mac, address, name }) => [mac ?? address, name ?? 'nas']))
        const devices = devicesOf(facts, given, 'lan')
        const names = devices.flatMap(({ hostName }) => hostName ?? [])
        expect(new Set(names).size).toBe(names.length)
        for (const name of names) expect(name).toMatch(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.lan$/)
        expect(new Set(devices.map(({ id }) => id)).size).toBe(devices.length)
        const addresses = devices.flatMap((one) => one.addresses)
        expect(new Set(addresses).size).toBe(addresses.length)
      }),
    )
  })
})

describe('names of devices', () => {
  it.each([
    ['laptop', 'laptop'],
    ["Anna's iPhone", 'annas-iphone'],
    ['tv.fritz.box', 'tv'],
    ['Küche', 'kuche'],
    ['my_printer (2)', 'my-printer-2'],
    ['-x-', 'x'],
    ['x'.repeat(80), 'x'.repeat(63)],
    ['wpad', undefined],
    ['WPAD.lan', undefined],
    ['localhost', undefined],
    ['***', undefined],
    ['', undefined],
    ['日本', undefined],
  ])('%s is %s', (text, label) => expect(labelOf(text)).toBe(label))
})
