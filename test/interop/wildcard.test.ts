/**
 * `chordns start` on 0.0.0.0 and ::, on a machine with several addresses: what dig on another machine accepts. Dig drops a
 * reply from an address that it did not ask, as every stub resolver does.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { available, Namespace } from './namespace.ts'
import { CLI, comesTrue, until } from './scenes/asking.ts'

const runnable = available('dig')
if (!runnable) console.warn('skipped: the test of wildcard listeners needs root, ip and dig')

describe.skipIf(!runnable)('a listener on all addresses', () => {
  const dir = mkdtempSync(join(tmpdir(), 'chordns-wildcard-'))
  let server: Namespace
  let client: Namespace
  let log = ''

  /** `seconds`: few where it is tried again and again, and may be lost. */
  const dig = (address: string, seconds = 20, ...options: string[]): string => {
    try {
      const args = ['+short', `+time=${seconds}`, '+tries=2', '-p', '5300', ...options, `@${address}`, 'nas.lan']
      return client.run('dig', args).trim()
    } catch {
      return 'no answer'
    }
  }

  const logged = (text: string) =>
    until(
      `the log to say ${text}`,
      () => log.includes(text),
      () => log,
    )
  const answers = (address: string) =>
    comesTrue(
      `an answer of ${address}`,
      () => expect(dig(address, 3)).toBe('192.168.77.200'),
      () => log,
    )

  beforeAll(async () => {
    server = new Namespace('wild-server')
    client = new Namespace('wild-client')
    const link = ['link', 'add', 'eth0', 'netns', server.name, 'type', 'veth', 'peer', 'name', 'eth0']
    execFileSync('ip', [...link, 'netns', client.name])
    for (const [ns, last] of [
      [server, 1],
      [client, 9],
    ] as const) {
      ns.run('ip', ['addr', 'add', `192.168.77.${last}/24`, 'dev', 'eth0'])
      ns.run('ip', ['addr', 'add', `fd00:77::${last}/64`, 'dev', 'eth0', 'nodad'])
      ns.run('ip', ['link', 'set', 'eth0', 'up'])
    }
    server.run('ip', ['addr', 'add', '192.168.77.2/24', 'dev', 'eth0'])
    server.run('ip', ['addr', 'add', 'fd00:77::2/64', 'dev', 'eth0', 'nodad'])
    // An address that is reached through the machine, as that of a container or a VPN.
    server.run('ip', ['addr', 'add', '10.99.0.1/32', 'dev', 'lo'])
    client.run('ip', ['route', 'add', '10.99.0.1', 'via', '192.168.77.1'])
    const file = join(dir, 'resolver.config.json')
    const listen = ['0.0.0.0:5300', '[::]:5300']
    writeFileSync(
      file,
      JSON.stringify({
        listen: { udp: listen, tcp: listen },
        access: { allow: ['192.168.77.0/24', 'fd00:77::/64', 'fe80::/10'] },
        local: { records: ['nas.lan A 192.168.77.200'] },
        ring: { enabled: false },
        status: { listen: false },
        data: join(dir, 'data'),
      }),
    )
    const child = server.spawn(process.execPath, [CLI, 'start', '--config', file])
    child.stderr!.on('data', (chunk) => {
      log += String(chunk)
    })
    let ready = ''
    child.stdout!.on('data', (chunk) => {
      ready += String(chunk)
    })
    await until(
      'ready',
      () => ready.includes('ready '),
      () => log,
    )
  })

  afterAll(async () => {
    await server?.close()
    await client?.close()
    rmSync(dir, { recursive: true, force: true })
  })

  it.each(['192.168.77.1', '192.168.77.2', '10.99.0.1', 'fd00:77::1', 'fd00:77::2'])(
    'answers from %s when it was asked there, by UDP and TCP',
    (address) => {
      expect(dig(address)).toBe('192.168.77.200')
      expect(dig(address, 20, '+tcp')).toBe('192.168.77.200')
    },
  )

  it('answers at the address of its link', async () => {
    const [, address = ''] = /inet6 (fe80:[^/]+)/.exec(server.run('ip', ['addr', 'show', 'dev', 'eth0'])) ?? []
    await answers(`${address}%eth0`)
  })

  it('listens on an address that is added, and no longer on one that is taken away', async () => {
    server.run('ip', ['addr', 'add', '192.168.77.3/24', 'dev', 'eth0'])
    await answers('192.168.77.3')
    expect(dig('192.168.77.3', 20, '+tcp')).toBe('192.168.77.200')
    // The log comes through a pipe, after the answer.
    await logged('"listen":"192.168.77.3:5300","msg":"listens on an address"')
    server.run('ip', ['addr', 'del', '192.168.77.2/24', 'dev', 'eth0'])
    await logged('"listen":"192.168.77.2:5300","msg":"an address is gone')
    expect(dig('192.168.77.1')).toBe('192.168.77.200')
    expect(dig('192.168.77.3')).toBe('192.168.77.200')
  })

  it('listens again after its interface went away and came back', async () => {
    server.run('ip', ['link', 'set', 'eth0', 'down'])
    await logged('"listen":"192.168.77.1:5300","msg":"an address is gone')
    server.run('ip', ['link', 'set', 'eth0', 'up'])
    await answers('192.168.77.1')
  })
})
