/** IP literals as rdata of A and AAAA; IPv6 text as RFC 5952 has it. */
import { badText, malformed } from '../errors.ts'
import { Type } from '../types.ts'

/** `rdata` of an A (4 octets) or AAAA (16 octets) record. Throws DNS_MALFORMED for any other length. */
export function addressText(rdata: Uint8Array): string {
  if (rdata.length === 4) return ipv4Text(rdata)
  if (rdata.length === 16) return ipv6Text(rdata)
  throw malformed(0, 'an address is 4 or 16 octets')
}

/** The type and rdata of an IP literal without brackets or zone. Throws DNS_BAD_TEXT. */
export function addressRdata(text: string): { type: number; rdata: Uint8Array } {
  return text.includes(':') ? { type: Type.AAAA, rdata: parseIpv6(text) } : { type: Type.A, rdata: parseIpv4(text) }
}

export function ipv4Text(octets: Uint8Array): string {
  return `${octets[0]}.${octets[1]}.${octets[2]}.${octets[3]}`
}

/** Dotted decimal of four, without leading zeros: `010` is 8 to some and 10 to others. */
export function parseIpv4(text: string): Uint8Array {
  const parts = text.split('.')
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)) {
    throw badText(`not an IPv4 address: ${text.slice(0, 60)}`)
  }
  return Uint8Array.from(parts, Number)
}

/** RFC 5952 section 4: lower case, no leading zeros, the longest run of two or more zero groups (the first of equals) as `::`. */
export function ipv6Text(octets: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, i) => (octets[2 * i]! << 8) | octets[2 * i + 1]!)
  let runStart = 0
  let runLength = 1
  for (let i = 0; i < 8; i++) {
    let j = i
    while (j < 8 && groups[j] === 0) j++
    if (j - i > runLength) {
      runStart = i
      runLength = j - i
    }
    if (j > i) i = j
  }
  // Section 5: IPv4-mapped addresses end in dotted decimal.
  if (runStart === 0 && runLength === 5 && groups[5] === 0xffff) return `::ffff:${ipv4Text(octets.subarray(12))}`
  const hex = (part: number[]) => part.map((group) => group.toString(16)).join(':')
  if (runLength < 2) return hex(groups)
  return `${hex(groups.slice(0, runStart))}::${hex(groups.slice(runStart + runLength))}`
}

export function parseIpv6(text: string): Uint8Array {
  const bad = () => badText(`not an IPv6 address: ${text.slice(0, 60)}`)
  const halves = text.split('::')
  if (halves.length > 2) throw bad()
  const [head, tail] = halves.map((half, i) => groupsOf(half, i === halves.length - 1, bad))
  const missing = 8 - head!.length - (tail?.length ?? 0)
  if (tail === undefined ? missing !== 0 : missing < 1) throw bad()
  const groups = [...head!, ...new Array<number>(missing).fill(0), ...(tail ?? [])]
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]))
}

function groupsOf(text: string, last: boolean, bad: () => Error): number[] {
  if (text === '') return []
  const parts = text.split(':')
  return parts.flatMap((part, i) => {
    if (last && i === parts.length - 1 && part.includes('.')) {
      const [a, b, c, d] = parseIpv4(part)
      return [(a! << 8) | b!, (c! << 8) | d!]
    }
    if (!/^[0-9a-fA-F]{1,4}$/.test(part)) throw bad()
    return [Number.parseInt(part, 16)]
  })
}
