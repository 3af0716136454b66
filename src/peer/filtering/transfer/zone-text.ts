/** The messages of a transfer as a zone file, a record a line: what lists are read from. Pure. */
import { decodeReply, isSubdomain, type Name, nameToText, recordToText, Type } from '../../../dns/index.ts'
import { broken } from './walk.ts'

/** Pieces of text, one a message. `frames`: each with two bytes of length before it. Throws TRANSFER_FAILED or DNS_MALFORMED. */
export function* zoneText(frames: Uint8Array, zone: Name): Generator<string> {
  let isBegun = false
  for (let at = 0; at < frames.length; ) {
    const end = at + 2 + frames[at]! * 256 + frames[at + 1]!
    const lines: string[] = []
    for (const record of decodeReply(frames.subarray(at + 2, end)).answers) {
      if (!isSubdomain(record.name, zone)) throw broken(`${nameToText(record.name)} is not of the zone`)
      // The last record is the first one again.
      if (record.type === Type.SOA && isBegun) continue
      isBegun = true
      lines.push(recordToText(record))
    }
    yield `${lines.join('\n')}\n`
    at = end
  }
}
