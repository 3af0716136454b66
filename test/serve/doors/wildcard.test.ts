/** Listeners on 0.0.0.0 and ::, on a machine whose addresses come and go. */
import { describe, expect, it } from 'vitest'
import type { Endpoint, Log } from '../../../src/base/index.ts'
import { endpointText } from '../../../src/serve/access/addresses.ts'
import { type DoorSet, openDoors } from '../../../src/serve/doors/doors.ts'
import type { Door } from '../../../src/serve/doors/udp.ts'
import { limits } from '../../../src/serve/limits.ts'
import type { LocalAddress, Protocol } from '../../../src/serve/types.ts'
import { testClock } from '../../setup/clock.ts'

const ipv4 = (...addresses: string[]): LocalAddress[] => addresses.map((address) => ({ address, scope: 0 }))

/** A machine with addresses, where some cannot be bound. */
class Machine {
  addresses: LocalAddress[]
  readonly failures: Record<string, string> = {}
  readonly bound = new Set<string>()
  readonly logged: string[] = []
  readonly clock = testClock()
  maxAddresses: number = limits.MAX_LISTEN_ADDRESSES
  #nextPort = 10_000

  constructor(addresses: LocalAddress[]) {
    this.addresses = addresses
  }

  readonly #open = async (protocol: Protocol, endpoint: Endpoint): Promise<Door> => {
    const actual = { ...endpoint, port: endpoint.port === 0 ? this.#nextPort++ : endpoint.port }
    const key = `${protocol} ${endpointText(actual)}`
    const code = this.failures[endpoint.address] ?? (this.bound.has(key) ? 'EADDRINUSE' : undefined)
    if (code !== undefined) throw Object.assign(new Error(`bind ${code}`), { code })
    this.bound.add(key)
    const close = async () => void this.bound.delete(key)
    return { endpoint: actual, stopTaking: async () => {}, close, withdraw: close }
  }

  listen(udp: string[], tcp: string[] = []): Promise<DoorSet> {
    const at = (level: string) => (_: object, message: string) => void this.logged.push(`${level}: ${message}`)
    const log: Log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
    return openDoors(
      { udp, tcp },
      {
        open: this.#open,
        localAddresses: () => this.addresses,
        clock: this.clock,
        log,
        limits: { ...limits, MAX_LISTEN_ADDRESSES: this.maxAddresses },
      },
    )
  }

  async wait(): Promise<void> {
    this.clock.advance(limits.INTERFACES_MS)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

describe('a wildcard', () => {
  it('is one socket for each address of its family, so that replies leave from the address that was asked', async () => {
    const machine = new Machine([...ipv4('127.0.0.1', '192.168.1.5', '192.168.1.6'), { address: '::1', scope: 0 }])
    const doors = await machine.listen(['0.0.0.0:53'], ['0.0.0.0:53'])
    expect([...machine.bound].sort()).toEqual(
      ['127.0.0.1', '192.168.1.5', '192.168.1.6'].flatMap((one) => [`tcp ${one}:53`, `udp ${one}:53`]).sort(),
    )
    expect(doors.addresses()).toHaveLength(6)
    expect(doors.addresses()).toContainEqual({ protocol: 'udp', address: '192.168.1.6', port: 53 })
  })

  it('of IPv6 takes the addresses of links with their zone', async () => {
    const addresses = [...ipv4('127.0.0.1', '::1', '2001:db8::5'), { address: 'fe80::1%eth0', scope: 2 }]
    const machine = new Machine(addresses)
    await machine.listen(['[::]:53'])
    expect([...machine.bound]).toEqual(['udp [::1]:53', 'udp [2001:db8::5]:53', 'udp [fe80::1%eth0]:53'])
  })

  it('follows addresses that are added and taken away, and logs both', async () => {
    const machine = new Machine(ipv4('127.0.0.1', '192.168.1.5'))
    const doors = await machine.listen(['0.0.0.0:53'])
    machine.logged.length = 0
    machine.addresses = ipv4('127.0.0.1', '10.8.0.2')
    await machine.wait()
    expect([...machine.bound]).toEqual(['udp 127.0.0.1:53', 'udp 10.8.0.2:53'])
    expect(doors.addresses().map(({ address }) => address)).toEqual(['127.0.0.1', '10.8.0.2'])
    expect(machine.logged).toEqual([
      'info: an address is gone, and its socket is closed',
      'info: listens on an address',
    ])
    machine.addresses = ipv4('127.0.0.1', '192.168.1.5')
    await machine.wait()
    expect([...machine.bound]).toEqual(['udp 127.0.0.1:53', 'udp 192.168.1.5:53'])
  })

  it('binds the address of a link anew when its interface was made anew under the old name', async () => {
    const machine = new Machine([{ address: 'fe80::1%wg0', scope: 4 }])
    await machine.listen(['[::]:53'])
    machine.logged.length = 0
    machine.addresses = [{ address: 'fe80::1%wg0', scope: 9 }]
    await machine.wait()
    expect(machine.logged).toContain('info: an address is gone, and its socket is closed')
    expect([...machine.bound]).toEqual(['udp [fe80::1%wg0]:53'])
  })

  it('goes on without an address that another program has, says so once, and takes it when it is free', async () => {
    const machine = new Machine(ipv4('127.0.0.1', '192.168.122.1'))
    machine.failures['192.168.122.1'] = 'EADDRINUSE'
    await machine.listen(['0.0.0.0:53'])
    expect([...machine.bound]).toEqual(['udp 127.0.0.1:53'])
    await machine.wait()
    await machine.wait()
    expect(machine.logged).toEqual(['warn: does not listen on an address'])
    delete machine.failures['192.168.122.1']
    await machine.wait()
    expect([...machine.bound]).toEqual(['udp 127.0.0.1:53', 'udp 192.168.122.1:53'])
  })

  it('fails at the start when none of its addresses can be bound, and leaves nothing bound', async () => {
    const machine = new Machine(ipv4('127.0.0.1', '192.168.1.5'))
    for (const { address } of machine.addresses) machine.failures[address] = 'EACCES'
    await expect(machine.listen(['127.0.0.9:53', '0.0.0.0:53'])).rejects.toMatchObject({
      code: 'LISTEN_FAILED',
      detail: { reason: 'EACCES' },
    })
    expect(machine.bound.size).toBe(0)
    expect(machine.clock.pending).toBe(0)
  })

  it('of a family that is not there yet waits for its first address', async () => {
    const machine = new Machine(ipv4('127.0.0.1'))
    await machine.listen(['127.0.0.1:53', '[::]:53'])
    expect(machine.logged).toEqual(['warn: there is no address to listen on yet'])
    machine.addresses = ipv4('127.0.0.1', '2001:db8::5')
    await machine.wait()
    expect([...machine.bound]).toEqual(['udp 127.0.0.1:53', 'udp [2001:db8::5]:53'])
  })

  it('leaves to a listed address its own socket', async () => {
    const machine = new Machine(ipv4('127.0.0.1', '192.168.1.5'))
    await machine.listen(['127.0.0.1:53', '0.0.0.0:53'], ['0.0.0.0:53'])
    expect([...machine.bound].sort()).toEqual([
      'tcp 127.0.0.1:53',
      'tcp 192.168.1.5:53',
      'udp 127.0.0.1:53',
      'udp 192.168.1.5:53',
    ])
  })

  it('with port 0 has one port for all addresses', async () => {
    const machine = new Machine(ipv4('127.0.0.1', '192.168.1.5'))
    const doors = await machine.listen(['0.0.0.0:0'], ['0.0.0.0:0'])
    expect(new Set(doors.addresses().map(({ port }) => port)).size).toBe(1)
  })

  it('has a bound on its sockets, and takes addresses of links last', async () => {
    const links = Array.from({ length: 9 }, (_, i) => ({ address: `fe80::1%veth${i}`, scope: i + 1 }))
    const machine = new Machine([...links, ...ipv4('::1', '2001:db8::5')])
    machine.maxAddresses = 3
    await machine.listen(['[::]:53'])
    expect([...machine.bound]).toEqual(['udp [::1]:53', 'udp [2001:db8::5]:53', 'udp [fe80::1%veth0]:53'])
  })

  it('opens nothing more once it was told to stop', async () => {
    const machine = new Machine(ipv4('127.0.0.1'))
    const doors = await machine.listen(['0.0.0.0:53'])
    await doors.stopTaking()
    machine.addresses = ipv4('127.0.0.1', '192.168.1.5')
    await machine.wait()
    await doors.close()
    expect([machine.bound.size, machine.clock.pending]).toEqual([0, 0])
  })

  it('is one socket where the system does not say which addresses there are', async () => {
    const machine = new Machine([])
    await machine.listen(['0.0.0.0:53'])
    expect([...machine.bound]).toEqual(['udp 0.0.0.0:53'])
  })
})
