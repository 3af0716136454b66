import { describe, expect, it } from 'vitest'
import type { Endpoint } from '../../../src/base/index.ts'
import { endpointText } from '../../../src/serve/access/addresses.ts'
import { openAll } from '../../../src/serve/doors/listen.ts'
import type { Door } from '../../../src/serve/doors/udp.ts'
import type { ServeProtocol as Protocol } from '../../../src/serve/index.ts'

/** A machine whose sockets fail as told: by "udp 127.0.0.1:53", or by the address alone. */
function machine(failures: Record<string, string>) {
  const bound = new Set<string>()
  let nextPort = 10_000
  const open = async (protocol: Protocol, endpoint: Endpoint): Promise<Door> => {
    const port = endpoint.port === 0 ? nextPort++ : endpoint.port
    const actual = { ...endpoint, port }
    const key = `${protocol} ${endpointText(actual)}`
    const code = failures[key] ?? failures[endpoint.address] ?? (bound.has(key) ? 'EADDRINUSE' : undefined)
    if (code !== undefined) throw Object.assign(new Error(`bind ${code}`), { code })
    bound.add(key)
    const close = async () => void bound.delete(key)
    return { endpoint: actual, stopTaking: async () => {}, close, withdraw: close }
  }
  return { open, bound }
}

const silent = { warn: () => {} }

describe('listen auto', () => {
  it('takes port 53 of both loopback addresses', async () => {
    const { open, bound } = machine({})
    await openAll('auto', open, silent)
    expect([...bound]).toEqual(['udp 127.0.0.1:53', 'tcp 127.0.0.1:53', 'udp [::1]:53', 'tcp [::1]:53'])
  })

  it.each(['EACCES', 'EADDRINUSE'])('goes to 5300 when 53 gives %s, on one protocol even', async (code) => {
    const { open, bound } = machine({ 'tcp 127.0.0.1:53': code })
    const said: object[] = []
    await openAll('auto', open, { warn: (detail) => void said.push(detail) })
    expect(said).toEqual([{ port: 5300, reason: expect.stringContaining(code) }])
    expect([...bound]).toEqual(['udp 127.0.0.1:5300', 'tcp 127.0.0.1:5300', 'udp [::1]:5300', 'tcp [::1]:5300'])
  })

  it('does without IPv6 where there is none', async () => {
    const { open, bound } = machine({ '::1': 'EADDRNOTAVAIL' })
    await openAll('auto', open, silent)
    expect([...bound]).toEqual(['udp 127.0.0.1:53', 'tcp 127.0.0.1:53'])
  })

  it('fails with the last reason when neither port can be had', async () => {
    const { open, bound } = machine({ '127.0.0.1': 'EADDRINUSE' })
    await expect(openAll('auto', open, silent)).rejects.toMatchObject({
      code: 'LISTEN_FAILED',
      detail: { address: '127.0.0.1:5300', reason: 'EADDRINUSE' },
    })
    expect(bound.size).toBe(0)
  })
})

describe('listed addresses', () => {
  it('that cannot be bound are an error with the fixes, and nothing stays bound', async () => {
    const { open, bound } = machine({ 'udp 127.0.0.2:53': 'EACCES' })
    const listen = { udp: ['127.0.0.1:53', '127.0.0.2:53'], tcp: ['127.0.0.1:53'] }
    const failed = await openAll(listen, open, silent).catch((error) => error)
    expect(failed).toMatchObject({
      code: 'LISTEN_FAILED',
      detail: { address: '127.0.0.2:53', protocol: 'udp', reason: 'EACCES' },
    })
    expect(failed.detail.fix).toContain('AmbientCapabilities=CAP_NET_BIND_SERVICE')
    expect(failed.detail.fix).toContain('net.ipv4.ip_unprivileged_port_start=53')
    expect(failed.detail.fix).toContain('another port')
    expect(bound.size).toBe(0)
  })

  it('in use name the usual holder', async () => {
    const { open } = machine({ '127.0.0.1': 'EADDRINUSE' })
    await expect(openAll({ udp: ['127.0.0.1:53'], tcp: [] }, open, silent)).rejects.toThrow(/systemd-resolved/)
  })

  it('with port 0 share one port when both protocols name them', async () => {
    const { open, bound } = machine({ 'tcp 127.0.0.1:10000': 'EADDRINUSE', 'tcp 127.0.0.1:10001': 'EADDRINUSE' })
    const doors = await openAll({ udp: ['127.0.0.1:0'], tcp: ['127.0.0.1:0'] }, open, silent)
    expect(doors.map(({ protocol, door }) => `${protocol} ${door.endpoint.port}`)).toEqual(['udp 10002', 'tcp 10002'])
    expect(bound.size).toBe(2)
  })

  it('may differ by protocol', async () => {
    const { open, bound } = machine({})
    await openAll({ udp: ['127.0.0.1:53'], tcp: ['[::1]:54'] }, open, silent)
    expect([...bound]).toEqual(['udp 127.0.0.1:53', 'tcp [::1]:54'])
  })
})
