/** 0x20: the case of the query name as further entropy against off-path spoofing (draft-vixie-dnsext-dns0x20-00). */
import type { Random } from '../base/index.ts'
import type { Name } from '../dns/index.ts'

/** The same name with each letter's case drawn at random. */
export function randomiseCase(name: Name, random: Random): Name {
  const wire = name.wire.slice()
  const bits = random.bytes((wire.length + 7) >> 3)
  for (let i = 0; i < wire.length; i++) {
    const folded = wire[i]! | 0x20
    // Below 0x41 are the length bytes (at most 63), digits and hyphens.
    if (wire[i]! < 0x41 || folded < 0x61 || folded > 0x7a) continue
    wire[i] = ((bits[i >> 3]! >> (i & 7)) & 1) === 1 ? folded : folded & ~0x20
  }
  return { wire, key: name.key, labels: name.labels }
}
