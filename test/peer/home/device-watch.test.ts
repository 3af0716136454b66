/** Lease files, neighbours and a router, followed on virtual time: what devices there are, and what their names lead to. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ChordnsError, type Exchange, type Log } from '../../../src/base/index.ts'
import {
  Class,
  decodeMessage,
  encodeMessage,
  nameToText,
  parseName,
  type ResourceRecord,
  recordToText,
  Type,
} from '../../../src/dns/index.ts'
import { DeviceWatch } from '../../../src/peer/home/device-watch.ts'
import { besideRouter, gatewayOf, RouterNames } from '../../../src/peer/home/router-names.ts'
import { seededRandom } from '../../../src/sim/index.ts'
import { makeSettingsBoxes } from '../../settings/boxes.ts'
import { testClock } from '../../setup/clock.ts'

const quiet: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const MAC = '02:00:00:00:00:01'

/** With blanks between the fields. */
function textOf(record: ResourceRecord): string {
  return recordToText(record).replaceAll('\t', ' ')
}

/** A router that knows some reverse names, and a list of what it was asked. */
function router(names: Readonly<Record<string, string>>) {
  const asked: string[] = []
  const exchange: Pick<Exchange, 'exchange'> = {
    async exchange({ message, classify }) {
      const query = decodeMessage(message)
      const [question] = query.questions
      const name = nameToText(question!.name)
      asked.push(name)
      const target = names[name]
      if (target === 'silent') throw new ChordnsError('UPSTREAM_TIMEOUT', 'silent', {})
      const answers =
        target === undefined
          ? []
          : [{ ...question!, ttl: 60, rdata: parseName(target).wire, type: Type.PTR, class: Class.IN }]
      const reply = encodeMessage({ ...query, qr: true, rcode: target === undefined ? 3 : 0, answers })
      const other = encodeMessage({ ...query, id: query.id ^ 1, qr: true, answers })
      expect(classify(other)).toBe('ignore')
      expect(classify(Uint8Array.of(1, 2, 3))).toBe('ignore')
      expect(classify(reply)).toBe('accept')
      return reply
    },
  }
  return { exchange, asked }
}

describe('devices that are followed', () => {
  const dir = mkdtempSync(join(tmpdir(), 'chordns-devices-'))
  const leases = join(dir, 'dnsmasq.leases')
  const clock = testClock(1_796_000_000_000)
  const random = seededRandom(5)
  let watch: DeviceWatch
  let changes = 0
  const [box] = makeSettingsBoxes(1).all
  const theRouter = router({
    '10.1.168.192.in-addr.arpa.': 'router-says.fritz.box',
    '20.1.168.192.in-addr.arpa.': 'printer.fritz.box',
    '21.1.168.192.in-addr.arpa.': 'silent',
  })

  const wait = (ms: number) => clock.run(new Promise((resolve) => void clock.after(ms, () => resolve(undefined))))
  const answer = (name: string, type: number) =>
    watch.data?.answer({ name: parseName(name), type, class: Class.IN })?.answers.map(textOf)

  beforeEach(async () => {
    mkdirSync(join(dir, 'proc/net'), { recursive: true })
    writeFileSync(leases, `0 ${MAC} 192.168.1.10 laptop *\n`)
    writeFileSync(
      join(dir, 'proc/net/arp'),
      'IP address HW type Flags HW address Mask Device\n192.168.1.10 0x1 0x2 02:00:00:00:00:01 * eth0\n192.168.1.20 0x1 0x2 02:00:00:00:00:02 * eth0\n192.168.1.21 0x1 0x2 02:00:00:00:00:03 * eth0\n10.9.9.9 0x1 0x2 02:00:00:00:00:04 * vpn0\n',
    )
    changes = 0
    watch = new DeviceWatch(
      {
        config: { domain: 'home.arpa', isOwn: true, leases: [leases], router: '192.168.1.1', mdns: false },
        settings: box!.settings,
        routerNames: new RouterNames({ exchange: theRouter.exchange, clock, random }),
        clock,
        random,
        log: quiet,
        root: dir,
      },
      { onChange: () => changes++ },
    )
    watch.start()
    await expect.poll(() => watch.deviceOf('192.168.1.20')?.name, { timeout: 60_000 }).toBeDefined()
  })
  afterEach(() => watch.stop())
  afterAll(() => rmSync(dir, { recursive: true, force: true }))

  it('have the names of their leases before those of the router, both ways', () => {
    expect(watch.deviceOf('192.168.1.10')).toMatchObject({
      id: MAC,
      name: 'laptop',
      sources: ['lease', 'neighbour', 'router'],
    })
    expect(watch.deviceOf('192.168.1.20')).toMatchObject({ name: 'printer.fritz.box', hostName: 'printer.home.arpa' })
    expect(answer('laptop.home.arpa', Type.A)).toEqual(['laptop.home.arpa. 60 IN A 192.168.1.10'])
    expect(answer('20.1.168.192.in-addr.arpa', Type.PTR)).toEqual([
      '20.1.168.192.in-addr.arpa. 60 IN PTR printer.home.arpa.',
    ])
    // It is the router's to say what is in its own network, and nothing else.
    expect(theRouter.asked).not.toContain('9.9.9.10.in-addr.arpa.')
  })

  it('are there when the lease file changes, and gone when it is', async () => {
    writeFileSync(leases, `0 ${MAC} 192.168.1.10 laptop *\n0 02:00:00:00:00:09 192.168.1.90 new-tv *\n`)
    await wait(6_000)
    expect(answer('new-tv.home.arpa', Type.A)).toEqual(['new-tv.home.arpa. 60 IN A 192.168.1.90'])
    rmSync(leases)
    await wait(6_000)
    expect(answer('new-tv.home.arpa', Type.A)).toEqual([])
    expect(watch.deviceOf('192.168.1.10')).toMatchObject({ name: 'router-says.fritz.box' })
  })

  it('take the name that somebody gives, at once', () => {
    const before = changes
    box!.settings.edit([{ key: `device/${MAC}`, value: "Anna's laptop" }])
    expect(changes).toBe(before + 1)
    expect(answer('annas-laptop.home.arpa', Type.A)).toHaveLength(1)
    box!.settings.edit([{ key: `device/${MAC}`, value: null }])
    expect(answer('laptop.home.arpa', Type.A)).toHaveLength(1)
  })

  it('change nothing while nothing changes', async () => {
    const before = changes
    await wait(20_000)
    expect(changes).toBe(before)
  })
})

describe('the gateway', () => {
  const routes = (gateway: string, destination = '00000000') =>
    `Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\neth0\t${destination}\t${gateway}\t0003\t0\t0\t100\t00000000\n`

  it('is that of the default route, if its address is private', () => {
    expect(gatewayOf(routes('0101A8C0'))).toBe('192.168.1.1')
    expect(gatewayOf(routes('01010A0A'))).toBe('10.10.1.1')
    expect(gatewayOf(routes('010200C0'))).toBeUndefined()
    expect(gatewayOf(routes('0101A8C0', '0001A8C0'))).toBeUndefined()
    expect(gatewayOf('')).toBeUndefined()
  })

  it('is asked for its own network', () => {
    expect(besideRouter('192.168.1.1', ['192.168.1.5', '192.168.10.5', 'fd00::1', '10.0.0.1'])).toEqual(['192.168.1.5'])
  })
})
