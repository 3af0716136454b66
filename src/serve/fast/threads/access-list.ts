/** The writing side of the list of who may ask, for the workers: prefixes in shared memory. */
import ipaddr from 'ipaddr.js'
import type { AccessOptions } from '../../types.ts'
import { FAMILY_IPV4, FAMILY_IPV6, HEAD_WORDS, MAX_PREFIXES, PREFIX_WORDS } from './access-view.ts'

export function accessMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer((HEAD_WORDS + MAX_PREFIXES * PREFIX_WORDS) * 4)
}

/** Puts a list in force. The version is odd while it is being written. Entries that `compileAccess` would refuse must not be in it. */
export function writeAccess(memory: SharedArrayBuffer, { allow }: AccessOptions): void {
  const words = new Int32Array(memory)
  Atomics.add(words, 0, 1)
  const prefixes = allow.length > MAX_PREFIXES ? [] : allow.map(prefixOf)
  words[1] = prefixes.length
  for (const [index, prefix] of prefixes.entries()) words.set(prefix, HEAD_WORDS + index * PREFIX_WORDS)
  Atomics.add(words, 0, 1)
}

function prefixOf(text: string): number[] {
  const [address = '', bits] = text.split('/')
  const parsed = ipaddr.process(address)
  const isMapped = parsed.kind() === 'ipv4' && address.includes(':')
  const octets = parsed.toByteArray()
  const most = octets.length * 8
  const length = bits === undefined ? most : Number(bits) - (isMapped ? 96 : 0)
  const view = new DataView(new ArrayBuffer(16))
  for (const [i, octet] of octets.entries()) view.setUint8(i, octet)
  const family = parsed.kind() === 'ipv4' ? FAMILY_IPV4 : FAMILY_IPV6
  // ::ffff:0.0.0.0/90 is more than IPv4, and holds none of the addresses that senders have here.
  if (length < 0) return [0, 0, 0, 0, 0, 0]
  return [family, length, view.getInt32(0), view.getInt32(4), view.getInt32(8), view.getInt32(12)]
}
