/** Listen addresses: "127.0.0.1:53", "[::1]:53". */
import ipaddr from 'ipaddr.js'
import { ChordnsError, type Endpoint } from '../../base/index.ts'

/**
 * Reads one listen address. Throws CONFIG_ADDRESS with detail {address} when it is not an IP literal and a port;
 * port 0 lets the system choose.
 */
export function parseListenAddress(text: string): Endpoint {
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*)):(\d{1,5})$/.exec(text)
  const bracketed = match?.[1]
  const host = bracketed ?? match?.[2] ?? ''
  const port = Number(match?.[3] ?? Number.NaN)
  if (match === null) throw bad(text, hintFor(text))
  const [bare = '', zone] = host.split('%')
  const fits = bracketed === undefined ? ipaddr.IPv4.isValidFourPartDecimal(bare) : ipaddr.IPv6.isValid(bare)
  if (!fits || (zone !== undefined && bracketed === undefined)) throw bad(text, `"${host}" is not an IP address`)
  if (port > 65_535) throw bad(text, 'a port is at most 65535')
  return { address: host, port }
}

/** The text that `parseListenAddress` reads. */
export function endpointText({ address, port }: Endpoint): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

/** True for 0.0.0.0 and ::, which stand for all addresses of this machine. */
export function isWildcard(address: string): boolean {
  return ipaddr.process(address.replace(/%.*$/, '')).range() === 'unspecified'
}

/** True for 127.0.0.0/8 and ::1, also as ::ffff:127.0.0.1. Wildcards are not loopback. */
export function isLoopback(address: string): boolean {
  return ipaddr.process(address.replace(/%.*$/, '')).range() === 'loopback'
}

function hintFor(text: string): string {
  if (ipaddr.IPv6.isValid(text)) return `write IPv6 addresses in brackets: "[${text}]:53"`
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return `the port is missing: "${text}:53"`
  return 'expected "127.0.0.1:53" or "[::1]:53"'
}

function bad(address: string, why: string): ChordnsError<'CONFIG_ADDRESS', { address: string }> {
  return new ChordnsError('CONFIG_ADDRESS', `listen address "${address}": ${why}`, { address })
}
