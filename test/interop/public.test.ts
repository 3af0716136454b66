/** Two machines with public addresses, and nothing configured at all: one invites, the other joins. */
import { type ChildProcess, execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { statusView } from '../../src/observe/views.ts'
import { decodeToken } from '../../src/ring/index.ts'
import { parseReady } from '../world/cluster.ts'
import { available, Namespace } from './namespace.ts'
import { CLI, comesTrue } from './scenes/asking.ts'

const runnable = available('curl')
if (!runnable) console.warn('skipped: the test on public addresses needs root, ip and curl')

describe.skipIf(!runnable)('two machines on public addresses', () => {
  const dir = mkdtempSync(join(tmpdir(), 'chordns-public-'))
  const hosts: Namespace[] = []

  const chordns = (host: Namespace, args: readonly string[]) => host.run(process.execPath, [CLI, ...args]).trim()
  const statusOf = (host: Namespace) =>
    statusView.parse(JSON.parse(host.run('curl', ['-s', '--max-time', '100', 'http://127.0.0.1:8053/status'])))

  async function start(host: Namespace, config: string): Promise<string> {
    const child: ChildProcess = host.spawn(process.execPath, [CLI, 'start', '--config', config])
    let log = ''
    child.stderr!.on('data', (chunk) => {
      log = (log + String(chunk)).slice(-20_000)
    })
    for await (const line of createInterface({ input: child.stdout! })) {
      if (parseReady(line) !== undefined) return line
    }
    throw new Error(`it ended before it was ready:\n${log}`)
  }

  beforeAll(() => {
    for (const index of [1, 2]) hosts.push(new Namespace(`public-${index}`))
    const [a, b] = hosts as [Namespace, Namespace]
    const ends = ['type', 'veth', 'peer', 'name', 'eth0', 'netns', b.name]
    execFileSync('ip', ['link', 'add', 'eth0', 'netns', a.name, ...ends])
    for (const [index, host] of hosts.entries()) {
      host.run('ip', ['addr', 'add', `45.90.0.${index + 1}/24`, 'dev', 'eth0'])
      host.run('ip', ['link', 'set', 'eth0', 'up'])
    }
  })

  afterAll(async () => {
    await Promise.all(hosts.map((host) => host.close()))
    rmSync(dir, { recursive: true, force: true })
  })

  it('are one ring by an invitation, with no setting of a ring on either', async () => {
    const [a, b] = hosts as [Namespace, Namespace]
    // Only where the data is, since both machines share one disk here.
    const first = join(dir, 'first.json')
    writeFileSync(first, JSON.stringify({ data: join(dir, 'first-data') }))
    // Nobody else knows of it yet; whoever asks for it begins it.
    expect(await start(a, first)).toContain('ring=waiting')
    expect(statusOf(a).multiaddrs.map((one) => one.split('/')[2])).toEqual(['45.90.0.1', '127.0.0.1'])

    expect(statSync(join(dir, 'first-data/ring.secret')).mode & 0o777).toBe(0o600)

    const token = chordns(a, ['invite', '--config', first])
    expect(decodeToken(token).addresses.map((one) => one.split('/')[2])).toEqual(['45.90.0.1'])
    const second = join(dir, 'second.json')
    chordns(b, ['join', token, '--config', second, '--data', join(dir, 'second-data')])
    await start(b, second)
    // Each can dial the other: both say where they are.
    const members = (host: Namespace) =>
      statusOf(host).ring?.members.map(({ addresses }) => addresses[0]?.split('/')[2])
    for (const host of hosts)
      await comesTrue('one ring', () => expect(members(host)?.sort()).toEqual(['45.90.0.1', '45.90.0.2']))
  })
})
