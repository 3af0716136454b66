/** Facts of all sources, put together: one device with all its addresses, and one name each. Pure. */
import { isLinkLocal } from './addresses.ts'
import type { DeviceFact } from './facts.ts'
import { limits } from './limits.ts'
import { labelOf, shownName } from './names.ts'
import { DEVICE_SOURCES, type Device, type DeviceSource } from './types.ts'

/** What belongs together, before it has its name. */
interface Gathered {
  mac: string | undefined
  readonly addresses: Set<string>
  /** What it calls itself, by who says so; the first one counts. */
  readonly names: Map<DeviceSource, string>
  readonly sources: Set<DeviceSource>
}

/** `given`: names that people gave, by MAC or address. `domain`: what the names are in, without a final dot. */
export function devicesOf(facts: readonly DeviceFact[], given: ReadonlyMap<string, string>, domain: string): Device[] {
  const named = gather(facts)
    .map((one) => withName(one, given))
    .sort((a, b) => compareIds(a.id, b.id))
    .slice(0, limits.MAX_DEVICES)
  const taken = new Map<string, number>()
  // Names that people gave come first: no device can take one of them.
  const inTurn = [...named].sort((a, b) => Number(b.isGiven) - Number(a.isGiven))
  const labels = new Map(inTurn.map((one) => [one, freeLabel(one.name, taken)]))
  return named.map((one) => {
    const label = labels.get(one)
    const { id, mac, name, addresses, sources } = one
    return { id, mac, name, addresses, sources, hostName: label === undefined ? undefined : `${label}.${domain}` }
  })
}

/** The devices as lines of a hosts file: it gives both ways, from names to addresses and back. */
export function hostsText(devices: readonly Device[]): string {
  return devices
    .flatMap(({ hostName, addresses }) =>
      hostName === undefined ? [] : addresses.filter((one) => !isLinkLocal(one)).map((one) => `${one} ${hostName}`),
    )
    .join('\n')
}

function gather(facts: readonly DeviceFact[]): Gathered[] {
  const macs = ownersOf(facts)
  const found = new Map<string, Gathered>()
  for (const fact of facts) {
    const mac = macs.get(fact.address)
    if (fact.mac !== undefined && fact.mac !== mac) continue
    const key = mac ?? fact.address
    const one = found.get(key) ?? { mac, addresses: new Set(), names: new Map(), sources: new Set() }
    found.set(key, one)
    if (one.addresses.size < limits.MAX_ADDRESSES) one.addresses.add(fact.address)
    one.sources.add(fact.source)
    if (fact.name !== undefined && !one.names.has(fact.source)) one.names.set(fact.source, fact.name)
  }
  return joined([...found.values()])
}

/**
 * The MAC of each address. What a lease says stands before the neighbour table: behind a repeater that answers for others, several machines have its
 * MAC there.
 */
function ownersOf(facts: readonly DeviceFact[]): ReadonlyMap<string, string> {
  const macs = new Map<string, string>()
  for (const { address, mac, source } of facts)
    if (mac !== undefined && (source === 'lease' || !macs.has(address))) macs.set(address, mac)
  return macs
}

/** A lease of IPv6 names no MAC: it is that of the one device that calls itself the same in a lease. */
function joined(all: readonly Gathered[]): Gathered[] {
  const byName = new Map<string, Gathered[]>()
  for (const one of all) {
    const name = one.mac === undefined ? undefined : one.names.get('lease')
    if (name !== undefined) byName.set(name, [...(byName.get(name) ?? []), one])
  }
  return all.filter((one) => {
    const name = one.mac === undefined ? one.names.get('lease') : undefined
    const [owner, second] = name === undefined ? [] : (byName.get(name) ?? [])
    if (owner === undefined || second !== undefined) return true
    for (const address of one.addresses) if (owner.addresses.size < limits.MAX_ADDRESSES) owner.addresses.add(address)
    for (const source of one.sources) owner.sources.add(source)
    return false
  })
}

type Named = Omit<Device, 'hostName'> & { readonly isGiven: boolean }

function withName({ mac, addresses, names, sources }: Gathered, given: ReadonlyMap<string, string>): Named {
  const all = [...addresses].sort(compareAddresses)
  const id = mac ?? all[0]!
  const said = [id, ...all].flatMap((one) => given.get(one) ?? [])[0]
  const own = DEVICE_SOURCES.flatMap((source) => names.get(source) ?? [])[0]
  const shown = said ?? own
  const known = DEVICE_SOURCES.filter((source) => sources.has(source) || (source === 'given' && said !== undefined))
  return {
    id,
    mac,
    name: shown === undefined ? undefined : shownName(shown),
    addresses: all,
    sources: known,
    isGiven: said !== undefined,
  }
}

/** Two devices of one name: the second one is `name-2`. */
function freeLabel(name: string | undefined, taken: Map<string, number>): string | undefined {
  const label = name === undefined ? undefined : labelOf(name)
  if (label === undefined) return undefined
  for (let number = taken.get(label) ?? 0; ; number++) {
    const suffix = number === 0 ? '' : `-${number + 1}`
    const free = `${label.slice(0, limits.MAX_LABEL - suffix.length)}${suffix}`
    if (taken.has(free) && number > 0) continue
    if (number === 0 && taken.has(label)) continue
    taken.set(label, number + 1)
    if (free !== label) taken.set(free, 1)
    return free
  }
}

function compareIds(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** IPv4 first, link-local last. */
function compareAddresses(a: string, b: string): number {
  const rank = (text: string) => (isLinkLocal(text) ? 2 : text.includes(':') ? 1 : 0)
  return rank(a) - rank(b) || compareIds(a, b)
}
