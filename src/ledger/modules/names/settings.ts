/** What an owner sets for a name: keys of its zone and servers, and their one form in bytes (D35). */
import { compareBytes, equalBytes } from '../../../base/index.ts'
import type { CborField, CborValue } from '../../../crypto/index.ts'
import { canonicalName, isSubdomain, type Name, nameFromWire } from '../../../dns/index.ts'
import { ledgerReader, malformed } from '../../refusal.ts'
import { limits } from './limits.ts'

const { readRow, readList, readInteger, readBytes, readHash } = ledgerReader

/** Schemes of owner keys, as of transactions: 1 is Ed25519 (strict). */
const ED25519 = 1
/** The format has one bit so far. */
const MOST_FLAGS = 1

export interface NameServer {
  /** In lower case. */
  readonly name: Name
  /** Of 4 or 16 bytes. A server inside the name has one at least. */
  readonly addresses: readonly Uint8Array[]
}

/** What the owner sets. */
export interface NameSettings {
  /** Whoever shows a signed CDS set may change `ds`. */
  readonly updateByCds: boolean
  /** RDATA, ascending. */
  readonly ds: readonly Uint8Array[]
  readonly servers: readonly NameServer[]
}

export function keyToValue(owner: Uint8Array): CborValue {
  return [ED25519, owner]
}

export function keyFromValue(value: CborField): Uint8Array {
  const [scheme, key] = readRow(value, 2, 'owner')
  readInteger(scheme, ED25519, ED25519, 'scheme')
  return readHash(key, 'owner')
}

/** [flags, DS rdatas, [[server, addresses], ...]]. */
export function settingsToValue({ updateByCds, ds, servers }: NameSettings): CborValue {
  return [updateByCds ? 1 : 0, [...ds], servers.map(({ name, addresses }) => [name.wire, [...addresses]])]
}

/** Throws LEDGER_MALFORMED: there is one form only of the same settings. */
export function settingsFromValue(value: CborField): NameSettings {
  const [flags, ds, servers] = readRow(value, 3, 'settings')
  return {
    updateByCds: readInteger(flags, 0, MOST_FLAGS, 'flags') === 1,
    ds: dsFromValue(ds),
    servers: atLeastOne(
      readList(servers, limits.MAX_SERVERS, 'servers', serverFromValue),
      'servers',
      (a, b) => a.name.key !== b.name.key,
    ),
  }
}

function dsFromValue(value: CborField): Uint8Array[] {
  const ds = readList(value, limits.MAX_DS, 'DS set', (one) => {
    const rdata = readBytes(one, 5, 52, 'DS')
    if (!isAnchorDs(rdata)) throw malformed('DS')
    return rdata
  })
  if (ds.length === 0) throw malformed('DS set')
  for (const [index, rdata] of ds.entries())
    if (index > 0 && compareBytes(ds[index - 1]!, rdata) >= 0) throw malformed('DS set: not ascending')
  return ds
}

/** SHA-256 or SHA-384 of a key of an algorithm that is not given up (RFC 8624). */
export function isAnchorDs(rdata: Uint8Array): boolean {
  const [algorithm, digest] = [rdata[2]!, rdata[3]!]
  const isLong = (digest === 2 && rdata.length === 36) || (digest === 4 && rdata.length === 52)
  return isLong && [8, 10, 13, 14, 15, 16].includes(algorithm)
}

function serverFromValue(value: CborField): NameServer {
  const [wire, addresses] = readRow(value, 2, 'server')
  const name = nameOrMalformed(readBytes(wire, 2, 255, 'server'))
  const distinct = readList(addresses, limits.MAX_ADDRESSES, 'addresses', (one) => {
    const address = readBytes(one, 4, 16, 'address')
    if (address.length !== 4 && address.length !== 16) throw malformed('address')
    return address
  })
  if (distinct.some((one, index) => distinct.slice(0, index).some((other) => equalBytes(one, other))))
    throw malformed('addresses: the same twice')
  return { name, addresses: distinct }
}

function nameOrMalformed(wire: Uint8Array): Name {
  let name: Name
  try {
    name = nameFromWire(wire)
  } catch (cause) {
    throw malformed('server', cause)
  }
  if (!equalBytes(canonicalName(name).wire, wire)) throw malformed('server: not in lower case')
  return name
}

function atLeastOne<T>(items: readonly T[], what: string, differ: (a: T, b: T) => boolean): readonly T[] {
  if (items.length === 0) throw malformed(what)
  for (const [index, one] of items.entries())
    if (!items.slice(0, index).every((other) => differ(one, other))) throw malformed(`${what}: the same twice`)
  return items
}

/** A server inside the zone is found by its address only. */
export function lacksGlue(zone: Name, { servers }: NameSettings): boolean {
  return servers.some(({ name, addresses }) => addresses.length === 0 && isSubdomain(name, zone))
}
