/** A zone that changed is looked at anew before its records end, because it says so, or because its serial does; and nobody else's word counts. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { createCache } from '../../../src/cache/index.ts'
import type { Chunks } from '../../../src/chunks/index.ts'
import { loadConfig } from '../../../src/config/index.ts'
import { Class, nameToText, parseName, typeFromText } from '../../../src/dns/index.ts'
import { Core } from '../../../src/peer/core/core.ts'
import { resolverLimits } from '../../../src/resolver/index.ts'
import { seededRandom, type VirtualClock } from '../../../src/sim/index.ts'
import { testClock } from '../../setup/clock.ts'
import { createWorld, simpleSpec, texts, type World } from '../../world/index.ts'

const ZONES = {
  'com.': '',
  'example.com.': 'www 3600 A 192.0.2.1\nmail 3600 A 192.0.2.2\nout 3600 CNAME www.other.com.\n* 3600 TXT "any"',
  'other.com.': 'www 3600 A 192.0.2.10\nin 3600 A 192.0.2.11',
}
const spec = simpleSpec(ZONES)
const serverOf = (zone: string) => spec.servers[`ns1.${zone}`]!.addresses[0]!
const dir = mkdtempSync(join(tmpdir(), 'chordns-changes-'))
const HINTS = join(dir, 'hints')
afterAll(() => rmSync(dir, { recursive: true }))
const quiet = { debug() {}, info() {}, warn() {}, error() {} }

let world: World
let clock: VirtualClock
let core: Core
let observed: string[]

beforeEach(async () => {
  clock = testClock()
  world = await createWorld(spec, { sockets: false, clock })
  observed = []
  make()
})

function make(more: object = {}): void {
  const settings = {
    iterator: { rootHints: HINTS, port: world.port, queryLoopback: true, ipv6: false },
    dnssec: { validate: false },
    ...more,
  }
  writeFileSync(HINTS, world.hintsText())
  const files: Record<string, string> = { c: JSON.stringify(settings) }
  const { config } = loadConfig({ env: {}, file: 'c', readFile: (path) => files[path] })
  const cache = createCache({ ...config.cache, seed: randomBytes(8), clock })
  // A ring that has nothing.
  const chunks: Partial<Chunks> = {
    expects: () => 'no',
    read: async () => ({ kind: 'insufficient', reason: 'unknown', replies: [] }),
    hedgeMs: () => 30,
    tell() {},
    observedAnew: ({ name }) => void observed.push(nameToText(name)),
  }
  core = new Core(
    { cache, exchange: world.exchange('127.0.0.1'), clock, random: seededRandom('changes'), log: quiet },
    { ownListeners: () => [], chunks: () => chunks as Chunks },
    config,
  )
}

/** The zone as it is from now on: other text, and the serial. */
function change(origin: string, serial: number, from: string, to: string): void {
  const zone = spec.zones.find((one) => one.origin === origin)!
  const text = zone.text.replace(/(SOA\s+\S+\s+\S+\s+)\d+/, `$1${serial}`).replace(from, to)
  world.setZone({ ...zone, text })
}

async function ask(name: string, type = 'A'): Promise<string[]> {
  const control = new AbortController()
  const answer = core.resolver.resolve({
    question: { name: parseName(name), type: typeFromText(type)!, class: Class.IN },
    recursionDesired: true,
    checkingDisabled: false,
    dnssecOk: false,
    authenticData: false,
    client: 'test',
    signal: control.signal,
  })
  await clock.advanceAsync(200)
  return texts((await answer).answers)
}

const notify = (zone: string, from = serverOf(zone)) => core.notified(parseName(zone), from)
const asked = (type: string) => world.count((one) => one.type === type)

describe('NOTIFY from a server of the zone', () => {
  it('brings what is asked for of the zone, long before its TTL ends, and lets the ring know', async () => {
    expect(await ask('www.example.com')).toEqual(['A 192.0.2.1'])
    await ask('mail.example.com')
    change('example.com.', 100, '192.0.2.1', '192.0.2.77')
    expect(await ask('www.example.com')).toEqual(['A 192.0.2.1'])
    expect(notify('example.com')).toBe('taken')
    await clock.advanceAsync(1_000)
    expect(await ask('www.example.com')).toEqual(['A 192.0.2.77'])
    expect(core.changes()).toMatchObject({ looks: 1, fetched: 2, changed: 1 })
    expect(observed).toEqual(['www.example.com.'])
  })

  it('reaches names that are asked for by an alias of another zone', async () => {
    expect(await ask('out.example.com')).toHaveLength(2)
    change('other.com.', 100, '192.0.2.10', '192.0.2.99')
    expect(notify('other.com')).toBe('taken')
    await clock.advanceAsync(1_000)
    expect((await ask('out.example.com')).at(-1)).toBe('A 192.0.2.99')
  })

  it('whose serial is not newer leads to no fetch', async () => {
    await ask('www.example.com')
    notify('example.com')
    await clock.advanceAsync(60_000)
    const { fetched } = core.changes()
    change('example.com.', 1, '192.0.2.1', '192.0.2.77')
    notify('example.com')
    await clock.advanceAsync(60_000)
    expect(core.changes().fetched).toBe(fetched)
    // It was looked at as often as one NOTIFY allows, since a secondary may lag behind.
    expect(core.changes().looks).toBe(1 + resolverLimits.LOOKS_PER_NOTIFY)
  })

  it('is not listened to where the configuration says so', async () => {
    make({ resolver: { followChanges: false } })
    await ask('www.example.com')
    expect(notify('example.com')).toBeUndefined()
    await clock.advanceAsync(60_000)
    expect(asked('SOA')).toBe(0)
  })
})

describe('NOTIFY from somebody else', () => {
  it('is refused, and costs nothing: another address, a zone that is not known, the root, a zone below it, a zone of stubs', async () => {
    await ask('www.example.com')
    const before = world.count()
    expect(notify('example.com', '192.0.2.200')).toBe('refused')
    expect(notify('example.com', serverOf('other.com'))).toBe('refused')
    expect(notify('unknown.com', serverOf('example.com'))).toBe('refused')
    expect(notify('www.example.com', serverOf('example.com'))).toBe('refused')
    expect(notify('com')).toBe('refused')
    expect(core.notified(parseName('.'), spec.servers['a.root']!.addresses[0]!)).toBe('refused')
    await clock.advanceAsync(60_000)
    expect(world.count()).toBe(before)
    expect(core.changes()).toMatchObject({ notified: 0, refused: 6, looks: 0 })
  })

  it('who forges the address of a server gets six queries a minute for a flood, and one set of fetches', async () => {
    for (const name of ['www', 'mail', 'a', 'b', 'c']) await ask(`${name}.example.com`, name.length > 1 ? 'A' : 'TXT')
    const before = world.count()
    for (let i = 0; i < 6_000; i++) {
      expect(notify('example.com')).toBe('taken')
      await clock.advanceAsync(10)
    }
    expect(core.changes()).toMatchObject({ notified: 6_000, fetched: 5, changed: 0 })
    expect(core.changes().looks).toBeLessThanOrEqual(6 + resolverLimits.LOOKS_PER_NOTIFY)
    expect(world.count() - before).toBeLessThanOrEqual(core.changes().looks + 5)
  })
})

describe('a newer serial that passes by', () => {
  /** An absence brings the SOA. */
  const absent = (i: number) => ask(`no${i}.other.com`)

  it('is a hint as NOTIFY is, for what was asked for more than once', async () => {
    expect(await ask('www.other.com')).toEqual(['A 192.0.2.10'])
    await ask('in.other.com')
    await absent(0)
    change('other.com.', 100, '192.0.2.10', '192.0.2.99')
    expect(await ask('www.other.com')).toEqual(['A 192.0.2.10'])
    await absent(1)
    await clock.advanceAsync(1_000)
    expect(await ask('www.other.com')).toEqual(['A 192.0.2.99'])
    expect(core.changes()).toMatchObject({ looks: 0, fetched: 1, changed: 1 })
  })

  it('of a zone that has a new one all the time leads to fetches ever more seldom', async () => {
    await ask('www.other.com')
    for (let i = 0; i < 600; i++) {
      change('other.com.', 100 + i, '', '')
      await absent(i)
      await ask('www.other.com')
      await clock.advanceAsync(5_600)
    }
    // One hour: after 1, 2, 4, 8, 16 and 32 minutes.
    expect(core.changes().changed).toBe(0)
    expect(core.changes().fetched).toBeLessThanOrEqual(8)
  })

  it('that is older, or half of all numbers away, is none', async () => {
    for (let i = 0; i < 2; i++) await ask('www.other.com')
    change('other.com.', 100, '', '')
    await absent(0)
    for (const [i, serial] of [99, 100, (100 + 0x8000_0000) >>> 0].entries()) {
      change('other.com.', serial, '', '')
      await absent(i + 1)
      await clock.advanceAsync(100_000)
    }
    expect(core.changes().fetched).toBe(0)
    // Past the end of the numbers it begins anew.
    for (const [i, serial] of [0x8000_0000, 0xffff_fff0, 5].entries()) {
      change('other.com.', serial, '', '')
      await absent(i + 9)
      await clock.advanceAsync(600_000)
    }
    expect(core.changes().fetched).toBe(3)
  })
})
