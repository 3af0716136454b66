/** Address ranges as they are written in a configuration, and those that mean something else in every network. */
import { addressRdata } from '../../dns/index.ts'

/** The first `bits` of an address of 4 or 16 octets; the others are zero. */
export interface AddressRange {
  readonly octets: Uint8Array
  readonly bits: number
}

/** "64:ff9b::/96", "10.0.0.0/8". Throws DNS_BAD_TEXT, or a RangeError when bits beyond the length are set. */
export function parsePrefix(text: string): AddressRange {
  const [address = '', length, more] = text.split('/')
  const { rdata } = addressRdata(address)
  const bits = Number(length)
  if (more !== undefined || length === undefined || !/^\d{1,3}$/.test(length) || bits > rdata.length * 8)
    throw new RangeError(`must be an address and a length, such as "64:ff9b::/96", not "${text}"`)
  for (let bit = bits; bit < rdata.length * 8; bit++)
    if ((rdata[bit >> 3]! & (0x80 >> (bit & 7))) !== 0) throw new RangeError(`"${text}" has bits beyond its length`)
  return { octets: rdata, bits }
}

export function matchesPrefix(address: Uint8Array, { octets, bits }: AddressRange): boolean {
  if (address.length !== octets.length) return false
  const whole = bits >> 3
  for (let i = 0; i < whole; i++) if (address[i] !== octets[i]) return false
  const rest = bits & 7
  return rest === 0 || (address[whole]! ^ octets[whole]!) >> (8 - rest) === 0
}

/** What is inside of some network: RFC 1918, 6598, 3927, 4193, 4291, and this host. What Unbound's manual lists, and 0/8, 127/8. */
const PRIVATE: readonly AddressRange[] = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '255.255.255.255/32',
  '::/128',
  '::1/128',
  'fc00::/7',
  'fe80::/10',
  'fec0::/10',
].map(parsePrefix)

/** Addresses that carry an IPv4 address at their end: mapped, compatible (RFC 4291), NAT64 (RFC 6052). */
const CARRIERS: readonly AddressRange[] = ['::ffff:0:0/96', '::/96', '64:ff9b::/96'].map(parsePrefix)

/** `rdata` of an A or AAAA record. */
export function isPrivateAddress(rdata: Uint8Array): boolean {
  if (PRIVATE.some((prefix) => matchesPrefix(rdata, prefix))) return true
  return CARRIERS.some((prefix) => matchesPrefix(rdata, prefix)) && isPrivateAddress(rdata.subarray(12))
}
