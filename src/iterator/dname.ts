/** Where a DNAME leads (RFC 6672). */
import { concatBytes } from '../base/index.ts'
import { cnameTarget, type Name, nameFromWire } from '../dns/index.ts'

/**
 * Where a DNAME at `owner` sends `name`, a name strictly below it (RFC 6672 section 2.2); undefined when the result would be
 * longer than a name may be.
 */
export function dnameTarget(name: Name, owner: Name, rdata: Uint8Array): Name | undefined {
  const target = cnameTarget(rdata)
  const prefix = name.wire.subarray(0, name.wire.length - owner.wire.length)
  return prefix.length + target.wire.length > 255 ? undefined : nameFromWire(concatBytes(prefix, target.wire))
}
