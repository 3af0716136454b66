/** Which server addresses may be asked at all. */
import ipaddr from 'ipaddr.js'
import type { Endpoint } from '../base/index.ts'
import { limits } from './limits.ts'
import type { AddressRules } from './types.ts'

/** What a text says as an address. */
interface Known {
  readonly family: 4 | 6 | undefined
  readonly reach: Reach
  /** The one form of an address that can be written in many. */
  readonly normal: string
}

/**
 * What the texts of late were. The same servers are looked at for each question, and to parse their addresses anew each time was a
 * tenth of the CPU of a cold one. Bounded: it begins anew when it is full.
 */
const known = new Map<string, Known>()

function look(address: string): Known {
  const found = known.get(address)
  if (found !== undefined) return found
  const fresh = parse(address)
  if (known.size >= limits.MAX_ADDRESSES_KNOWN) known.clear()
  known.set(address, fresh)
  return fresh
}

function parse(address: string): Known {
  const isFour = ipaddr.IPv4.isValidFourPartDecimal(address)
  const family = isFour ? 4 : address.includes(':') && ipaddr.IPv6.isValid(address) ? 6 : undefined
  const normal = ipaddr.isValid(address) ? ipaddr.parse(address).toNormalizedString() : address
  if (family === undefined) return { family, reach: 'never', normal }
  const bytes = ipaddr.parse(address).toByteArray()
  return { family, reach: family === 4 ? reachOf4(bytes) : reachOf6(bytes), normal }
}

/** 4 or 6 for an IP literal, undefined for anything else. */
export function familyOf(address: string): 4 | 6 | undefined {
  return look(address).family
}

/**
 * True when this node may send a query there. `port` is the one that the query would go to. Private ranges may be asked: stub
 * zones and split horizons live there.
 */
export function mayAsk(address: string, port: number, rules: AddressRules): boolean {
  const { family, reach } = look(address)
  if (family === undefined || !(family === 4 ? rules.ipv4 : rules.ipv6)) return false
  if (reach === 'never' || (reach === 'loopback' && !rules.queryLoopback)) return false
  return !rules.own.some((own) => own.port === port && sameAddress(own.address, address))
}

type Reach = 'routed' | 'loopback' | 'never'

/** CVE-2026-50251: glue 0.0.0.0 made a resolver ask itself. 0/8, 169.254/16, multicast, class E and broadcast: no server. */
function reachOf4(bytes: readonly number[]): Reach {
  const [first = 0, second = 0] = bytes
  if (first === 127) return 'loopback'
  return first === 0 || first >= 224 || (first === 169 && second === 254) ? 'never' : 'routed'
}

/** ::, IPv4-compatible and -mapped addresses, link-local (fe80::/10), site-local (fec0::/10) and multicast: no server. */
function reachOf6(bytes: readonly number[]): Reach {
  const [first = 0, second = 0] = bytes
  if (first === 0xff || (first === 0xfe && second >= 0x80)) return 'never'
  if (bytes.slice(0, 10).some((byte) => byte !== 0)) return 'routed'
  return bytes.slice(10, 15).every((byte) => byte === 0) && bytes[15] === 1 ? 'loopback' : 'never'
}

export function sameAddress(a: string, b: string): boolean {
  return a === b || normalAddress(a) === normalAddress(b)
}

/** The one form of an address that can be written in many; what is no address as it is. */
export function normalAddress(text: string): string {
  return look(text).normal
}

/** `192.0.2.1:53`, `[2001:db8::1]:53`. */
export function endpointText({ address, port }: Endpoint): string {
  const found = texts.get(address)
  if (found?.port === port) return found.text
  const text = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
  if (texts.size >= limits.MAX_ADDRESSES_KNOWN) texts.clear()
  texts.set(address, { port, text })
  return text
}

/** The texts of the last endpoints: keys of several tables that each query looks into, and a new string has to be hashed each time. */
const texts = new Map<string, { readonly port: number; readonly text: string }>()
