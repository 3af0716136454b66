/**
 * Two boxes of one household and a device of their LAN, each in a namespace: what is entered on one box is answered by the other, edits on
 * both while they are apart merge, and one box alone goes on answering.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { NODE_FLAGS, parseReady } from '../world/cluster.ts'
import { available, Namespace } from './namespace.ts'
import { CLI, until } from './scenes/asking.ts'

const runnable = available('dig', 'getent')
if (!runnable) console.warn('skipped: the test of two boxes needs root, ip, dig and getent')

const MDNS = fileURLToPath(new URL('./scenes/mdns-machine.ts', import.meta.url))
const NETWORK = '192.168.78'
const STATUS = '127.0.0.1:8053'

interface Box {
  readonly ns: Namespace
  readonly address: string
  /** Its end of the cable is in the switch, which is the device's namespace. */
  readonly cable: string
  readonly file: string
  stop(): Promise<void>
}

describe.skipIf(!runnable)('two boxes of one household', () => {
  const dir = mkdtempSync(join(tmpdir(), 'chordns-boxes-'))
  const lan = new Namespace('boxes-lan')
  const boxes: Box[] = []

  /** A command as its user types it on a box. */
  const chordns = ({ ns }: Box, ...args: readonly string[]) =>
    ns.run(process.execPath, [CLI, ...args, '--node', STATUS])
  /** What a device of the LAN is answered. */
  const ask = ({ address }: Box, name: string, type = 'A') =>
    lan.run('dig', ['+short', '+time=5', '+tries=2', `@${address}`, name, type]).trim()

  function plug(index: number): Pick<Box, 'ns' | 'address' | 'cable'> {
    const ns = new Namespace(`box-${index}`)
    const [cable, address] = [`cable${index}`, `${NETWORK}.${index}`]
    execFileSync('ip', [
      'link',
      'add',
      'lan0',
      'netns',
      ns.name,
      'type',
      'veth',
      'peer',
      'name',
      cable,
      'netns',
      lan.name,
    ])
    lan.run('ip', ['link', 'set', cable, 'master', 'switch', 'up'])
    ns.run('ip', ['addr', 'add', `${address}/24`, 'dev', 'lan0'])
    ns.run('ip', ['link', 'set', 'lan0', 'up'])
    return { ns, address, cable }
  }

  /** What `setup` of a LAN has written, on a machine without an Internet. */
  function configure(address: string, file: string): void {
    const listen = ['127.0.0.1:53', `${address}:53`]
    const config = {
      listen: { udp: listen, tcp: listen },
      access: { allow: ['127.0.0.0/8', `${NETWORK}.0/24`] },
      iterator: { rootHints: join(dir, 'hints'), queryLoopback: true, port: 9, ipv6: false },
      devices: { leases: [join(dir, 'leases')], router: false, mdns: true },
      status: { listen: STATUS },
      data: 'data',
    }
    writeFileSync(file, JSON.stringify(config))
  }

  /** `token`: what `chordns setup ring` printed on the first box; undefined: this is the first. */
  async function boot(index: number, token?: string): Promise<Box> {
    const place = plug(index)
    const home = join(dir, `box-${index}`)
    mkdirSync(home, { mode: 0o700 })
    const file = join(home, 'resolver.config.json')
    configure(place.address, file)
    const setUp = [CLI, 'setup', 'ring', ...(token === undefined ? [] : [token]), '--config', file]
    expect(place.ns.run(process.execPath, setUp)).toContain(`wrote ${file}`)
    const child = place.ns.spawn(process.execPath, [...NODE_FLAGS, CLI, 'start', '--config', file])
    let log = ''
    child.stderr!.on('data', (chunk) => {
      log = (log + String(chunk)).slice(-20_000)
    })
    for await (const line of createInterface({ input: child.stdout! })) {
      if (parseReady(line) === undefined) continue
      const stop = () =>
        new Promise<void>((resolve) => {
          child.once('exit', () => resolve())
          child.kill('SIGKILL')
        })
      return { ...place, file, stop }
    }
    throw new Error(`box ${index} ended before it was ready:\n${log}`)
  }

  beforeAll(async () => {
    writeFileSync(join(dir, 'hints'), '. 3600 NS ns.test.\nns.test. 3600 A 127.0.0.1\n')
    writeFileSync(join(dir, 'leases'), '')
    lan.run('ip', ['link', 'add', 'switch', 'type', 'bridge'])
    lan.run('ip', ['addr', 'add', `${NETWORK}.50/24`, 'dev', 'switch'])
    lan.run('ip', ['link', 'set', 'switch', 'up'])
    const first = await boot(1)
    boxes.push(first)
    const said = first.ns.run(process.execPath, [CLI, 'setup', 'ring', '--config', first.file])
    boxes.push(await boot(2, said.match(/setup ring (\S+)/)?.[1]))
  })
  afterAll(async () => {
    for (const { ns } of boxes) await ns.close()
    await lan.close()
    rmSync(dir, { recursive: true, force: true })
  })

  it('answer a record that was added on the other one', async () => {
    const [first, second] = boxes
    expect(ask(second!, 'nas.home.arpa')).toBe('')
    expect(chordns(first!, 'record', 'add', 'nas.home.arpa', `${NETWORK}.20`)).toContain('record/nas.home.arpa A')
    const added = performance.now()
    expect(ask(first!, 'nas.home.arpa')).toBe(`${NETWORK}.20`)
    await until('the other box answers', () => ask(second!, 'nas.home.arpa') === `${NETWORK}.20`)
    console.info(
      `a record was answered by the other box after ${Math.round(performance.now() - added)} ms, two questions included`,
    )
    expect(ask(second!, `20.${NETWORK.split('.').reverse().join('.')}.in-addr.arpa`, 'PTR')).toBe('nas.home.arpa.')
  })

  it('merge what was edited on both while they were apart', async () => {
    const [first, second] = boxes
    lan.run('ip', ['link', 'set', second!.cable, 'down'])
    chordns(first!, 'record', 'add', 'tv.home.arpa', `${NETWORK}.21`)
    chordns(second!, 'record', 'add', 'printer.home.arpa', `${NETWORK}.22`)
    chordns(second!, 'record', 'remove', 'nas.home.arpa')
    expect(ask(first!, 'printer.home.arpa')).toBe('')
    lan.run('ip', ['link', 'set', second!.cable, 'up'])
    const names = ['tv', 'printer', 'nas'].map((name) => `${name}.home.arpa`)
    for (const box of boxes)
      await until(
        'both have both edits',
        () => names.map((name) => ask(box, name)).join() === `${NETWORK}.21,${NETWORK}.22,`,
        () => boxes.map((one) => chordns(one, 'settings', 'history')).join('\n'),
      )
    const history = JSON.parse(chordns(first!, 'settings', 'history', '--json')) as { changes: { by: string }[] }
    expect(new Set(history.changes.map(({ by }) => by)).size).toBe(2)
  })

  it('undo on one what was done on the other', async () => {
    const [first, second] = boxes
    chordns(first!, 'record', 'add', 'tv.home.arpa', 'TXT', '"wrong"')
    await until('the other one has it', () => ask(second!, 'tv.home.arpa', 'TXT') === '"wrong"')
    chordns(second!, 'settings', 'undo')
    await until('it is gone', () => ask(first!, 'tv.home.arpa', 'TXT') === '')
    expect(ask(first!, 'tv.home.arpa')).toBe(`${NETWORK}.21`)
  })

  it('block what was blocked on the other one, until somebody unblocks or pauses it on either', async () => {
    const [first, second] = boxes
    const name = 'ads.shop.org'
    const history = () => chordns(second!, 'settings', 'history')
    await until('nobody blocks it', () => ask(second!, name) === '', history)
    chordns(first!, 'block', name)
    expect(ask(first!, name)).toBe('0.0.0.0')
    await until('the other one blocks it', () => ask(second!, name) === '0.0.0.0', history)
    chordns(second!, 'pause', '60')
    await until('the first one rests', () => ask(first!, name) === '', history)
    chordns(first!, 'resume')
    await until('the other one blocks it again', () => ask(second!, name) === '0.0.0.0', history)
    chordns(second!, 'unblock', name)
    await until('the first one does not block it', () => ask(first!, name) === '', history)
    // What undo takes back is the rule.
    chordns(first!, 'settings', 'undo')
    await until('both block it', () => boxes.every((box) => ask(box, name) === '0.0.0.0'), history)
    chordns(second!, 'unblock', name)
  })

  it('give the devices of the LAN names, and one that somebody enters on either of them', async () => {
    const [first, second] = boxes
    const mac = lan.run('cat', ['/sys/class/net/switch/address']).trim()
    writeFileSync(join(dir, 'leases'), `0 ${mac} ${NETWORK}.50 laptop *\n`)
    await until('the lease was read', () => ask(first!, 'laptop.home.arpa') === `${NETWORK}.50`)
    expect(ask(first!, `50.${NETWORK.split('.').reverse().join('.')}.in-addr.arpa`, 'PTR')).toBe('laptop.home.arpa.')
    chordns(second!, 'devices', 'name', mac, 'Big Book')
    await until('the name is known', () => ask(first!, 'big-book.home.arpa') === `${NETWORK}.50`)
    expect(chordns(first!, 'devices')).toMatch(/Big Book +big-book\.home\.arpa/)
    expect(ask(first!, 'laptop.home.arpa')).toBe('')
  })

  it('ask the LAN for names of machines that answer for themselves', async () => {
    const machine = lan.spawn(process.execPath, [MDNS, 'printer.local', `${NETWORK}.60`, `${NETWORK}.50`])
    for await (const line of createInterface({ input: machine.stdout! })) if (line === 'ready') break
    await until('it answers', () => ask(boxes[0]!, 'printer.local') === `${NETWORK}.60`)
    expect(ask(boxes[0]!, 'nobody.local')).toBe('')
  })

  it('leave the LAN with answers when one of them is unplugged', async () => {
    const [first, second] = boxes
    lan.resolvConf(`nameserver ${first!.address}\nnameserver ${second!.address}\noptions timeout:1 attempts:5\n`)
    expect(lan.run('getent', ['ahostsv4', 'tv.home.arpa'])).toContain(`${NETWORK}.21`)
    await first!.stop()
    lan.run('ip', ['link', 'set', first!.cable, 'down'])
    expect(lan.run('getent', ['ahostsv4', 'tv.home.arpa'])).toContain(`${NETWORK}.21`)
    expect(chordns(second!, 'record', 'add', 'lamp.home.arpa', `${NETWORK}.23`)).toContain('lamp')
    expect(lan.run('getent', ['ahostsv4', 'lamp.home.arpa'])).toContain(`${NETWORK}.23`)
  })
})
