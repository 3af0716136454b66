import { describe, expect, it } from 'vitest'
import { loadConfig } from '../../src/config/index.ts'

const load = (config: object) =>
  loadConfig({ env: {}, file: 'c.json', readFile: (path) => (path === 'c.json' ? JSON.stringify(config) : undefined) })
    .config.devices

const LAN = { listen: { udp: ['192.168.1.10:53'], tcp: ['192.168.1.10:53'] }, access: { allow: ['192.168.1.0/24'] } }

describe('the section devices', () => {
  it('is on where the node answers a LAN', () => {
    expect(load({})).toBeUndefined()
    expect(load({ listen: { udp: ['127.0.0.1:53'], tcp: ['[::1]:53'] } })).toBeUndefined()
    expect(load(LAN)).toEqual({ domain: 'home.arpa', isOwn: true, leases: 'auto', router: 'auto', mdns: false })
    expect(load({ ...LAN, devices: { enabled: false } })).toBeUndefined()
    expect(load({ devices: { enabled: true, domain: 'Lan.', leases: ['/tmp/leases'], router: false } })).toEqual({
      domain: 'Lan',
      isOwn: true,
      leases: ['/tmp/leases'],
      router: false,
      mdns: false,
    })
  })

  it('leaves the rest of the domain to whoever is asked for it', () => {
    const devices = { enabled: true, domain: 'lan' }
    expect(load({ devices, iterator: { forwards: { lan: ['192.168.1.1'] } } })?.isOwn).toBe(false)
    expect(load({ devices, local: { zones: { lan: 'transparent' } } })?.isOwn).toBe(false)
    expect(load({ devices, iterator: { forwards: { example: ['192.168.1.1'] } } })?.isOwn).toBe(true)
  })

  it.each([
    [{ domain: 'a..b' }, /devices\.domain/],
    [{ leases: 5 }, /devices\.leases.*"auto" or a list of files/],
    [{ router: 'fritz' }, /devices\.router/],
    [{ enabled: 'maybe' }, /devices\.enabled.*"auto", true or false/],
  ])('refuses %j', (devices, why) => {
    try {
      load({ devices })
      expect.unreachable()
    } catch (error) {
      const { problems } = (error as { detail: { problems: { path: string; message: string }[] } }).detail
      expect(problems.map(({ path, message }) => `${path}: ${message}`).join('\n')).toMatch(why)
    }
  })
})
