/** Which network a member says that it is in: what an operator or a registry gives out as a whole (docs/decisions/0051, 0064). */
import type { MemberEntry } from '../types.ts'

/**
 * The first two bytes of its first public IPv4 address, or the first four of an IPv6 address; undefined when it lists none, as on
 * a LAN. One member is in one network: who lists many addresses keeps nobody else out of theirs.
 */
export function networkOf(entry: Pick<MemberEntry, 'addresses'>): string | undefined {
  if (!known.has(entry)) known.set(entry, firstNetwork(entry))
  return known.get(entry)
}

/** An entry never changes, and is looked at for each chunk whenever a table does. */
const known = new WeakMap<Pick<MemberEntry, 'addresses'>, string | undefined>()

function firstNetwork({ addresses }: Pick<MemberEntry, 'addresses'>): string | undefined {
  for (const address of addresses) {
    const [, kind, host = ''] = address.split('/')
    const network = kind === 'ip4' ? network4(host) : kind === 'ip6' ? network6(host) : undefined
    if (network !== undefined) return network
  }
  return undefined
}

function network4(host: string): string | undefined {
  const bytes = host.split('.').map(Number)
  if (bytes.length !== 4 || bytes.some((byte) => !Number.isInteger(byte) || byte < 0 || byte > 255)) return undefined
  const [a, b] = bytes as [number, number, number, number]
  // RFC 6890: this host, private, shared, loopback, link local, multicast and reserved say nothing about an operator.
  const isSpecial = a === 0 || a === 10 || a === 127 || a >= 224 || (a === 100 && b >= 64 && b < 128)
  const isPrivate = (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168) || (a === 169 && b === 254)
  return isSpecial || isPrivate ? undefined : `${a}.${b}`
}

/** Global unicast (2000::/3) only. */
function network6(host: string): string | undefined {
  const [first = '', second = ''] = host.toLowerCase().split(':')
  const high = Number.parseInt(first, 16)
  if (!/^[0-9a-f]{1,4}$/.test(first) || (high & 0xe000) !== 0x2000) return undefined
  // `2001::1`: the second group is one of those left out.
  const low = second === '' ? 0 : Number.parseInt(second, 16)
  return Number.isNaN(low) ? undefined : `${high.toString(16)}:${low.toString(16)}`
}
