/** Address space that means something else in every network (IANA special-purpose registries, RFC 6890 and updates). */

/** `rdata` of an A (4 bytes) or AAAA (16 bytes) record. True for any other length: that is not to be shared either. */
export function isPrivateAddress(rdata: Uint8Array): boolean {
  if (rdata.length === 4) return isPrivateV4(rdata)
  if (rdata.length !== 16) return true
  const leading = (count: number) => rdata.subarray(0, count).every((byte) => byte === 0)
  // ::ffff:0:0/96 (RFC 4291) and 64:ff9b::/96 (RFC 6052) carry an IPv4 address.
  if (leading(10) && rdata[10] === 0xff && rdata[11] === 0xff) return isPrivateV4(rdata.subarray(12))
  if (matches(rdata, [0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0])) return isPrivateV4(rdata.subarray(12))
  // ::, ::1 and the old IPv4-compatible space.
  if (leading(12)) return true
  const first = rdata[0]!
  const second = rdata[1]!
  if ((first & 0xfe) === 0xfc) return true // fc00::/7 unique local
  if (first === 0xfe && second >= 0x80) return true // fe80::/10 link local, fec0::/10 site local
  if (first === 0xff) return true // ff00::/8 multicast
  if (matches(rdata, [0x20, 0x01, 0x0d, 0xb8])) return false // documentation: used as public by tests and examples
  return matches(rdata, [0x01, 0x00, 0, 0, 0, 0, 0, 0]) // 100::/64 discard
}

function isPrivateV4(rdata: Uint8Array): boolean {
  const a = rdata[0]!
  const b = rdata[1]!
  return (
    a === 0 || // this network
    a === 10 ||
    a === 127 ||
    (a === 100 && b >= 64 && b < 128) || // RFC 6598
    (a === 169 && b === 254) ||
    (a === 172 && b >= 16 && b < 32) ||
    (a === 192 && b === 168) ||
    (a === 192 && b === 0 && rdata[2] === 0) || // RFC 6890: IETF protocol assignments
    a >= 224 // multicast, reserved, broadcast
  )
}

function matches(bytes: Uint8Array, prefix: readonly number[]): boolean {
  return prefix.every((byte, i) => bytes[i] === byte)
}
