/** Where the root is: the only addresses a resolver must know beforehand. */

import { ChordnsError, isChordnsError } from '../base/index.ts'
import { addressText, type Name, nsName, parseName, parseZone, type ResourceRecord, ROOT, Type } from '../dns/index.ts'
import { familyOf } from './addresses.ts'
import { limits } from './limits.ts'

export interface RootHint {
  readonly name: Name
  readonly addresses: readonly string[]
}

/** https://www.internic.net/domain/named.root; b.root-servers.net renumbered on 2023-11-27. */
const BUILTIN: readonly (readonly [letter: string, ipv4: string, ipv6: string])[] = [
  ['a', '198.41.0.4', '2001:503:ba3e::2:30'],
  ['b', '170.247.170.2', '2801:1b8:10::b'],
  ['c', '192.33.4.12', '2001:500:2::c'],
  ['d', '199.7.91.13', '2001:500:2d::d'],
  ['e', '192.203.230.10', '2001:500:a8::e'],
  ['f', '192.5.5.241', '2001:500:2f::f'],
  ['g', '192.112.36.4', '2001:500:12::d0d'],
  ['h', '198.97.190.53', '2001:500:1::53'],
  ['i', '192.36.148.17', '2001:7fe::53'],
  ['j', '192.58.128.30', '2001:503:c27::2:30'],
  ['k', '193.0.14.129', '2001:7fd::1'],
  ['l', '199.7.83.42', '2001:500:9f::42'],
  ['m', '202.12.27.33', '2001:dc3::35'],
]

export function builtinHints(): readonly RootHint[] {
  return BUILTIN.map(([letter, ipv4, ipv6]) => ({
    name: parseName(`${letter}.root-servers.net.`),
    addresses: [ipv4, ipv6],
  }))
}

/**
 * Reads a hints file: zone-file lines with NS records of the root and A and AAAA records of the servers they name. A line that
 * cannot be read is told to `onFault` and passed over, or throws DNS_BAD_TEXT where there is none. Throws HINTS_EMPTY when no root
 * server has an address.
 */
export function parseHints(text: string, onFault?: (fault: string) => void): readonly RootHint[] {
  const records = readRecords(text, onFault)
  const servers = new Map<string, { name: Name; addresses: string[] }>()
  for (const record of records) {
    if (record.type !== Type.NS || record.name.labels !== 0 || servers.size >= limits.MAX_HINTS) continue
    const name = nsName(record.rdata)
    servers.set(name.key, { name, addresses: [] })
  }
  for (const record of records) {
    if (record.type !== Type.A && record.type !== Type.AAAA) continue
    const address = addressText(record.rdata)
    if (familyOf(address) !== undefined) servers.get(record.name.key)?.addresses.push(address)
  }
  const hints = [...servers.values()].filter((server) => server.addresses.length > 0)
  if (hints.length === 0) {
    throw new ChordnsError('HINTS_EMPTY', 'the root hints name no server of "." with an address', {
      servers: servers.size,
    })
  }
  return hints
}

function readRecords(text: string, onFault: ((fault: string) => void) | undefined): ResourceRecord[] {
  const options = { origin: ROOT, defaultTtl: 3_600_000 }
  try {
    return parseZone(text, options)
  } catch (error) {
    if (onFault === undefined || !isChordnsError(error, 'DNS_BAD_TEXT')) throw error
  }
  // Line by line: a quote or a parenthesis that is left open must not take the lines after it with it.
  return text.split('\n').flatMap((line, index) => {
    try {
      return parseZone(line, options)
    } catch (error) {
      if (!isChordnsError(error, 'DNS_BAD_TEXT')) throw error
      const { what } = error.detail as { readonly what?: unknown }
      onFault(`line ${index + 1}: ${typeof what === 'string' ? what : error.message}`)
      return []
    }
  })
}
