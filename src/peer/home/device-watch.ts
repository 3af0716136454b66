/** Follows lease files, the neighbour table and what the router says, and tells what devices there are. */
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type Cancel, type Clock, errorText, fileTrouble, Listeners, type Log, type Random } from '../../base/index.ts'
import type { DevicesConfig } from '../../config/index.ts'
import {
  type Device,
  type DeviceFact,
  type DeviceLookup,
  devicesOf,
  hostsText,
  readArp,
  readLeases,
  readNeighbours,
} from '../../devices/index.ts'
import { compileLocal, type LocalData } from '../../resolver/index.ts'
import type { Settings } from '../../settings/index.ts'
import { limits } from '../limits.ts'
import { besideRouter, gatewayOf, type RouterNames } from './router-names.ts'

/** Where DHCP servers keep their leases; a name that ends with a slash is a directory of such files. */
const USUAL: readonly string[] = [
  '/var/lib/misc/dnsmasq.leases',
  '/var/lib/dnsmasq/dnsmasq.leases',
  '/tmp/dhcp.leases',
  '/var/lib/kea/kea-leases4.csv',
  '/var/lib/kea/kea-leases6.csv',
  '/var/lib/dhcp/dhcpd.leases',
  '/var/lib/systemd/network/dhcp-server-lease/',
]
const GIVEN = 'device/'
/** What people are told that an answer comes from. */
const FROM = 'the devices of the network'

/** The names that people gave. */
type GivenNames = Pick<Settings, 'list' | 'onChange'>

export interface DeviceWatchDeps {
  readonly config: DevicesConfig
  /** Undefined: they come later (`follow`), or never. */
  readonly settings?: GivenNames | undefined
  readonly routerNames: RouterNames
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Stands before the paths of /proc, for tests. */
  readonly root?: string
}

export interface DeviceWatchHooks {
  /** Other names are answered now. */
  readonly onChange: () => void
}

export class DeviceWatch implements DeviceLookup {
  readonly onChange: (listener: () => void) => Cancel
  readonly #deps: DeviceWatchDeps
  readonly #hooks: DeviceWatchHooks
  readonly #listeners: Listeners<[]>
  readonly #leases: LeaseFiles
  readonly #seed: Uint8Array
  #settings: GivenNames | undefined
  #neighbours: readonly DeviceFact[] = []
  #devices: readonly Device[] = []
  #byAddress: ReadonlyMap<string, Device> = new Map()
  #data: LocalData | undefined
  /** What the devices were made of. */
  #made = ''
  #timers: Cancel[] = []
  #unfollow: Cancel | undefined
  #isStopped = false

  constructor(deps: DeviceWatchDeps, hooks: DeviceWatchHooks) {
    const { log, random, config, clock, settings } = deps
    this.#deps = deps
    this.#hooks = hooks
    this.#seed = random.bytes(8)
    this.#leases = new LeaseFiles({ config, clock, log })
    this.#listeners = new Listeners((error) =>
      log.warn({ reason: errorText(error) }, 'a change of devices was not followed'),
    )
    this.onChange = this.#listeners.add
    if (settings !== undefined) this.follow(settings)
  }

  start(): void {
    this.#every(limits.LEASES_EVERY_MS, async () => this.#leases.read())
    this.#every(limits.NEIGHBOURS_EVERY_MS, () => this.#lookAround())
  }

  /** Names that people give are in force from now on. Once. */
  follow(settings: GivenNames): void {
    this.#settings = settings
    this.#unfollow = settings.onChange((keys) => {
      if (keys.some((key) => key.startsWith(GIVEN))) this.#make()
    })
  }

  stop(): void {
    this.#isStopped = true
    this.#unfollow?.()
    for (const cancel of this.#timers) cancel()
    this.#deps.routerNames.stop()
  }

  /** Undefined: no device has a name. */
  get data(): LocalData | undefined {
    return this.#data
  }

  get domain(): string {
    return this.#deps.config.domain
  }

  deviceOf(address: string): Device | undefined {
    return this.#byAddress.get(address)
  }

  all(): readonly Device[] {
    return this.#devices
  }

  /** Now, and so long after each time. */
  #every(ms: number, work: () => Promise<void>): void {
    const slot = this.#timers.push(() => {}) - 1
    const run = async () => {
      await work()
      if (this.#isStopped) return
      this.#make()
      this.#timers[slot] = this.#deps.clock.after(ms, () => void run().catch(fail))
    }
    const fail = (error: unknown) =>
      this.#deps.log.warn({ reason: errorText(error) }, 'looking for devices failed unexpectedly')
    void run().catch(fail)
  }

  async #lookAround(): Promise<void> {
    const { config, routerNames, root = '' } = this.#deps
    const arp = readArp(textOf(`${root}/proc/net/arp`) ?? '')
    const six = readNeighbours(await neighbours6())
    this.#neighbours = [...arp, ...six]
    const router = config.router === 'auto' ? gatewayOf(textOf(`${root}/proc/net/route`) ?? '') : config.router
    if (router === false || router === undefined || this.#isStopped) return
    // The names that there are already show at once.
    this.#make()
    await routerNames.look(
      router,
      besideRouter(
        router,
        this.#neighbours.map(({ address }) => address),
      ),
    )
  }

  #make(): void {
    const { config, routerNames } = this.#deps
    const facts = [
      ...this.#leases.facts(),
      ...this.#neighbours.flatMap((one) => [one, ...fromRouter(one, routerNames)]),
    ]
    const given = (this.#settings?.list(GIVEN) ?? []).map(({ key, value }) => [key.slice(GIVEN.length), value] as const)
    const made = JSON.stringify([facts, given])
    if (made === this.#made) return
    this.#made = made
    this.#devices = devicesOf(facts, new Map(given), config.domain)
    this.#byAddress = new Map(this.#devices.flatMap((one) => one.addresses.map((address) => [address, one] as const)))
    const text = hostsText(this.#devices)
    this.#data = text === '' ? undefined : this.#compiled(text)
    this.#hooks.onChange()
    this.#listeners.tell()
  }

  /** No other name of the domain exists, unless somebody is to be asked for it. */
  #compiled(text: string): LocalData {
    const { domain, isOwn } = this.#deps.config
    const zones = isOwn ? { [domain]: 'static' as const } : {}
    return compileLocal({ hosts: [{ file: FROM, text }], records: [], zones, allow: [] }, this.#seed).data
  }
}

function fromRouter({ address }: DeviceFact, names: RouterNames): DeviceFact[] {
  const name = names.nameOf(address)
  return name === undefined ? [] : [{ source: 'router', address, mac: undefined, name }]
}

interface LeaseFile {
  readonly mark: string
  readonly text: string
  facts: readonly DeviceFact[]
}

interface LeaseFilesDeps {
  readonly config: Pick<DevicesConfig, 'leases'>
  readonly clock: Clock
  readonly log: Log
}

/** Read when they have changed. What is over is left out at each look. */
class LeaseFiles {
  readonly #deps: LeaseFilesDeps
  readonly #files = new Map<string, LeaseFile>()
  readonly #told = new Set<string>()

  constructor(deps: LeaseFilesDeps) {
    this.#deps = deps
  }

  read(): void {
    const { leases } = this.#deps.config
    const paths = (leases === 'auto' ? USUAL : leases).flatMap((path) => (path.endsWith('/') ? filesIn(path) : [path]))
    for (const path of [...this.#files.keys()]) if (!paths.includes(path)) this.#files.delete(path)
    for (const path of paths) this.#readOne(path, leases !== 'auto')
  }

  facts(): readonly DeviceFact[] {
    return [...this.#files.values()].flatMap(({ facts }) => facts)
  }

  #readOne(path: string, isWanted: boolean): void {
    try {
      const { mtimeMs, size, ino } = statSync(path)
      const mark = `${mtimeMs} ${size} ${ino}`
      const known = this.#files.get(path)
      const file = known?.mark === mark ? known : this.#changed(path, mark)
      file.facts = this.#factsOf(path, file.text)
    } catch (error) {
      this.#files.delete(path)
      if (isWanted) this.#say(path, fileTrouble(path, error))
    }
  }

  #changed(path: string, mark: string): LeaseFile {
    const file = { mark, text: readFileSync(path, 'utf8'), facts: [] }
    this.#files.set(path, file)
    return file
  }

  #factsOf(path: string, text: string): readonly DeviceFact[] {
    const { facts, faults } = readLeases(text, this.#deps.clock.now() / 1000)
    if (faults[0] !== undefined) this.#say(path, faults[0])
    return facts
  }

  /** Once for each file: it is read again and again. */
  #say(path: string, fault: string): void {
    if (this.#told.has(path)) return
    this.#told.add(path)
    this.#deps.log.warn({ file: path, fault }, 'leases: not all of it can be read')
  }
}

function filesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
      .slice(0, limits.MAX_LEASE_FILES)
      .map((name) => join(directory, name))
  } catch {
    return []
  }
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

/** Of IPv6, as `ip` prints it: the kernel has no file of it. Empty where there is no such program. */
function neighbours6(): Promise<string> {
  return new Promise((resolve) => {
    const options = { timeout: limits.NEIGHBOURS_TIMEOUT_MS, maxBuffer: limits.MAX_NEIGHBOURS_BYTES }
    execFile('ip', ['-6', '-j', 'neigh'], options, (error, stdout) => resolve(error === null ? stdout : ''))
  })
}
