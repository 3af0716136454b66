/** Who lives where. Root addresses are the real ones, so that resolvers need no hints of ours. */
import type { NameServer, ServerName, ZonePlan } from './types.ts'

export const ROOT_ADDRESSES = [
  '198.41.0.4',
  '170.247.170.2',
  '192.33.4.12',
  '199.7.91.13',
  '192.203.230.10',
  '192.5.5.241',
  '192.112.36.4',
  '198.97.190.53',
  '192.36.148.17',
  '192.58.128.30',
  '193.0.14.129',
  '199.7.83.42',
  '202.12.27.33',
] as const

export const ADDRESSES: Readonly<Record<ServerName, readonly string[]>> = {
  root: ROOT_ADDRESSES,
  'tld-nsd': ['192.5.6.30', '192.33.14.30'],
  'tld-knot': ['192.26.92.30', '192.31.80.30'],
  'tld-bind': ['192.12.94.30', '192.35.51.30'],
  'leaf-nsd': ['203.0.113.10', '203.0.113.11'],
  'leaf-knot': ['203.0.113.20', '203.0.113.21'],
  'leaf-bind': ['203.0.113.30', '203.0.113.31'],
  'sub-nsd': ['198.51.100.10', '198.51.100.11'],
  'sub-knot': ['198.51.100.20', '198.51.100.21'],
  'sub-bind': ['198.51.100.30', '198.51.100.31'],
}

/** Addresses in the namespace where no server is: an ICMP error comes back at once. */
export const DEAD_ADDRESSES = ['198.51.100.250', '198.51.100.251'] as const

/** The address of the n-th embedded server. */
export function oddAddress(index: number): string {
  return `192.0.${2 + (index >> 7)}.${10 + (index & 127)}`
}

export const rootLetter = (index: number): string => `${'abcdefghijklm'[index]}.root-servers.net.`

/** chordns and its references. */
export const RESOLVERS = { chordns: '127.0.0.1', unbound: '127.0.0.2', bind: '127.0.0.3', knot: '127.0.0.4' } as const
export type ResolverName = keyof typeof RESOLVERS

/** The name servers that the parent of a zone speaks of. */
export function nameServersOf(plan: ZonePlan, oddAddresses: ReadonlyMap<string, readonly string[]>): NameServer[] {
  if (plan.ns !== undefined) return [...plan.ns]
  if (plan.origin === '.') return ROOT_ADDRESSES.map((address, i) => ({ name: rootLetter(i), glue: [address] }))
  const addresses = oddAddresses.get(plan.origin) ?? ADDRESSES[plan.server]
  return addresses.map((address, i) => ({ name: `ns${i + 1}.${plan.origin}`, glue: [address] }))
}
