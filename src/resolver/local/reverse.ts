/** Reverse names of addresses, and back (RFC 1035 section 3.5, RFC 3596 section 2.5). */
import { toHex } from '../../base/index.ts'
import { isSubdomain, labelsOf, type Name, parseName } from '../../dns/index.ts'

const IP6_ARPA = parseName('ip6.arpa')
const NIBBLES = 32

/** `rdata` of an A or AAAA record. */
export function reverseName(rdata: Uint8Array): Name {
  if (rdata.length === 4) return parseName(`${[...rdata].reverse().join('.')}.in-addr.arpa`)
  return parseName(`${[...toHex(rdata)].reverse().join('.')}.ip6.arpa`)
}

/** The IPv6 address of a complete reverse name; undefined for all other names. */
export function addressOfReverse(name: Name): Uint8Array | undefined {
  if (name.labels !== NIBBLES + IP6_ARPA.labels || !isSubdomain(name, IP6_ARPA)) return undefined
  const address = new Uint8Array(16)
  const labels = labelsOf(name)
  for (let i = 0; i < NIBBLES; i++) {
    const label = labels[NIBBLES - 1 - i]!
    const nibble = label.length === 1 ? hexDigit(label[0]!) : -1
    if (nibble === -1) return undefined
    address[i >> 1]! |= nibble << (i % 2 === 0 ? 4 : 0)
  }
  return address
}

function hexDigit(unit: number): number {
  if (unit >= 0x30 && unit <= 0x39) return unit - 0x30
  const folded = unit | 0x20
  return folded >= 0x61 && folded <= 0x66 ? folded - 0x61 + 10 : -1
}
