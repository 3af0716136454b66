/** Who may ask: a list of CIDR ranges, matched by address family, with IPv4-mapped IPv6 addresses taken as IPv4. */
import ipaddr from 'ipaddr.js'
import { ChordnsError, type Endpoint } from '../../base/index.ts'
import type { AccessOptions } from '../types.ts'
import { isLoopback } from './addresses.ts'

type Range = readonly [ipaddr.IPv4 | ipaddr.IPv6, number]

/**
 * Compiles the list into a predicate over address texts. Throws CONFIG_ACCESS with detail {range} for what is not
 * "address/bits"; a bare address stands for itself.
 */
export function compileAccess({ allow }: AccessOptions): (address: string) => boolean {
  const ranges = allow.map(parseRange)
  return (text) => {
    const address = parseAddress(text)
    return address !== undefined && ranges.some((range) => matches(address, range))
  }
}

/** What is known of a client. */
export interface Client {
  readonly allowed: boolean
  /** Limits are counted by it; see `clientKey`. */
  readonly key: string
  readonly isLoopback: boolean
  /** The same key in two words, as `ReplyRate` counts. */
  readonly high: number
  readonly low: number
}

/** Remembers clients by address: parsing addresses took a tenth of the time of an answer, and most questions come from few clients. */
export function clientBook(access: (address: string) => boolean, maxClients: number): (address: string) => Client {
  const known = new Map<string, Client>()
  return (address) => {
    const found = known.get(address)
    if (found !== undefined) return found
    const client = {
      allowed: access(address),
      key: clientKey(address),
      isLoopback: isLoopback(address),
      ...keyWords(address),
    }
    // Forged sources must not fill the memory; then each address is parsed once more.
    if (known.size >= maxClients) known.clear()
    known.set(address, client)
    return client
  }
}

/**
 * An open resolver is an amplifier for others: a listener that the network can reach needs a list that says who may ask.
 * Throws CONFIG_ACCESS_MISSING with detail {address}.
 */
export function checkAccess(listen: readonly Endpoint[], access: AccessOptions): void {
  const open = listen.find(({ address }) => !isLoopback(address))
  if (open === undefined || access.allow.map(parseRange).some((range) => !isLoopbackRange(range))) return
  throw new ChordnsError(
    'CONFIG_ACCESS_MISSING',
    `listening on ${open.address}, but access.allow names nobody beyond this machine: add the networks that may ask, such as "192.168.0.0/16"`,
    { address: open.address },
  )
}

/** Whether anybody on the list can send a question to a listener on `address`: by its family, and to loopback from loopback only. */
export function somebodyMayAsk(address: string, { allow }: AccessOptions): boolean {
  const listener = parseAddress(address)
  if (listener === undefined) return true
  const isLocal = listener.range() === 'loopback'
  return allow.map(parseRange).some((range) => {
    if (range[0].kind() !== listener.kind()) return false
    return !isLocal || isLoopbackRange(range) || matches(listener, range)
  })
}

/** The key by which limits are counted: the address, or for IPv6 its /64, which is what one household has. */
export function clientKey(text: string): string {
  const address = parseAddress(text)
  if (address === undefined || address.kind() === 'ipv4') return address?.toString() ?? text
  return (address as ipaddr.IPv6).parts.slice(0, 4).join(':')
}

/** 0 and an IPv4 address, or the first half of an IPv6 one. */
function keyWords(text: string): { readonly high: number; readonly low: number } {
  const octets = parseAddress(text)?.toByteArray() ?? []
  const word = (at: number) =>
    ((octets[at] ?? 0) << 24) | ((octets[at + 1] ?? 0) << 16) | ((octets[at + 2] ?? 0) << 8) | (octets[at + 3] ?? 0)
  return octets.length === 4 ? { high: 0, low: word(0) } : { high: word(0), low: word(4) }
}

function parseAddress(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  const bare = text.replace(/%.*$/, '')
  return ipaddr.isValid(bare) ? ipaddr.process(bare) : undefined
}

function parseRange(text: string): Range {
  const [address = '', bits] = text.split('/')
  // ipaddr.js would read "10/8" as 0.0.0.10/8.
  const isIPv4 = ipaddr.IPv4.isValidFourPartDecimal(address)
  if (!isIPv4 && !ipaddr.IPv6.isValid(address)) throw badRange(text)
  if (bits === undefined) return unmapped([ipaddr.parse(address), isIPv4 ? 32 : 128])
  try {
    return unmapped(ipaddr.parseCIDR(text))
  } catch (cause) {
    throw badRange(text, cause)
  }
}

/** ::ffff:192.0.2.0/120 is 192.0.2.0/24. */
function unmapped([address, bits]: Range): Range {
  if (!(address instanceof ipaddr.IPv6) || !address.isIPv4MappedAddress() || bits < 96) return [address, bits]
  return [address.toIPv4Address(), bits - 96]
}

function matches(address: ipaddr.IPv4 | ipaddr.IPv6, [network, bits]: Range): boolean {
  if (address instanceof ipaddr.IPv4) return network instanceof ipaddr.IPv4 && address.match(network, bits)
  return network instanceof ipaddr.IPv6 && address.match(network, bits)
}

function isLoopbackRange([network, bits]: Range): boolean {
  return network.range() === 'loopback' && bits >= (network.kind() === 'ipv4' ? 8 : 128)
}

function badRange(range: string, cause?: unknown): ChordnsError<'CONFIG_ACCESS', { range: string }> {
  const text = `access.allow: "${range}" is not an address range such as "192.168.0.0/16" or "fd00::/8"`
  return new ChordnsError('CONFIG_ACCESS', text, { range }, { cause })
}
