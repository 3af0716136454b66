/** Addresses in the system's form (sockaddr_in, sockaddr_in6), and as text. */
import { networkInterfaces } from 'node:os'
import ipaddr from 'ipaddr.js'
import type { Endpoint } from '../../../base/index.ts'
import { addressText } from '../../../dns/index.ts'
import { AF_INET, AF_INET6, sockaddrBytes } from './sockaddr.ts'

/** In memory of its own, for the system. `address` is an IP literal, with its zone if it has one. */
export function toSockaddr({ address, port }: Endpoint): Uint8Array<ArrayBuffer> {
  const [bare = '', zone] = address.split('%')
  const octets = ipaddr.parse(bare).toByteArray()
  const family = octets.length === 4 ? AF_INET : AF_INET6
  // Longer than 64 bytes, so that V8 does not keep it where it may move.
  const bytes = new Uint8Array(new ArrayBuffer(128), 0, sockaddrBytes(family))
  const view = new DataView(bytes.buffer)
  view.setUint16(0, family, true)
  view.setUint16(2, port)
  bytes.set(octets, family === AF_INET ? 4 : 8)
  if (zone !== undefined) view.setUint32(24, scopeOf(zone), true)
  return bytes
}

export function fromSockaddr(bytes: Uint8Array): Endpoint & { readonly family: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const family = view.getUint16(0, true)
  const port = view.getUint16(2)
  if (family === AF_INET) return { family, address: addressText(bytes.subarray(4, 8)), port }
  const scope = view.getUint32(24, true)
  const address = addressText(bytes.subarray(8, 24))
  return { family, address: scope === 0 ? address : `${address}%${zoneOf(scope)}`, port }
}

function scopeOf(zone: string): number {
  if (/^\d+$/.test(zone)) return Number(zone)
  return networkInterfaces()[zone]?.find((one) => one.family === 'IPv6' && one.scopeid !== 0)?.scopeid ?? 0
}

function zoneOf(scope: number): string {
  const found = Object.entries(networkInterfaces()).find(([, all]) =>
    all?.some((one) => one.family === 'IPv6' && one.scopeid === scope),
  )
  return found?.[0] ?? String(scope)
}
