/** Which group a client is in: by what it is, then by the longest prefix of its address. */
import ipaddr from 'ipaddr.js'
import type { ClientIdentity, GroupOptions } from '../types.ts'

/** What clients are in that no group names. */
export const DEFAULT_GROUP = 'default'

type Range = readonly [ipaddr.IPv4 | ipaddr.IPv6, number]

export interface ClientGroups {
  /** Undefined for a word that is no address. */
  of(address: string, identity: ClientIdentity | undefined): string | undefined
}

export function clientGroups(groups: readonly GroupOptions[]): ClientGroups {
  const ranges: { readonly range: Range; readonly group: string }[] = []
  const words = new Map<string, string>()
  for (const { name, clients } of groups)
    for (const client of clients) {
      const range = rangeOf(client)
      // What two groups name is in the first.
      if (range !== undefined) ranges.push({ range, group: name })
      else if (!words.has(client.toLowerCase())) words.set(client.toLowerCase(), name)
    }
  ranges.sort((a, b) => b.range[1] - a.range[1])
  return {
    of(text, identity) {
      const address = addressOf(text)
      if (address === undefined) return undefined
      const byIdentity = [identity?.mac, ...(identity?.names ?? [])].map((word) => word && words.get(word))
      const named = byIdentity.find((group) => group !== undefined && group !== '')
      return named ?? ranges.find(({ range }) => isIn(address, range))?.group ?? DEFAULT_GROUP
    },
  }
}

/** Whether a client is one of those that a rule names. */
export function isNamed(values: readonly string[], text: string, identity: ClientIdentity | undefined): boolean {
  const address = addressOf(text)
  return values.some((value) => {
    const range = rangeOf(value)
    if (range !== undefined) return address !== undefined && isIn(address, range)
    return value === identity?.mac || identity?.names.includes(value) === true
  })
}

/** Undefined: it is no address and no prefix, but a MAC address or a name. */
function rangeOf(text: string): Range | undefined {
  const [bare = '', bits] = text.split('/')
  const isAddress = ipaddr.IPv4.isValidFourPartDecimal(bare) || ipaddr.IPv6.isValid(bare)
  if (!isAddress) return undefined
  if (bits === undefined) {
    const address = ipaddr.process(bare)
    return [address, address.kind() === 'ipv4' ? 32 : 128]
  }
  return ipaddr.isValidCIDR(text) ? ipaddr.parseCIDR(text) : undefined
}

function addressOf(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  const bare = text.replace(/%.*$/, '')
  return ipaddr.isValid(bare) ? ipaddr.process(bare) : undefined
}

function isIn(address: ipaddr.IPv4 | ipaddr.IPv6, [network, bits]: Range): boolean {
  if (address instanceof ipaddr.IPv4) return network instanceof ipaddr.IPv4 && address.match(network, bits)
  return network instanceof ipaddr.IPv6 && address.match(network, bits)
}
