/** Kept delegations on disk: a row of data.db each, of which only its zone's name is the key. */
import { ChordnsError, isChordnsError, type Store } from '../../base/index.ts'
import { type CborField, type CborValue, cborReader, encodeCanonical } from '../../crypto/index.ts'
import { addressRdata, addressText, Class, canonicalName, type Name, nameFromWire, Type } from '../../dns/index.ts'
import { keptLimits as limits } from '../limits.ts'
import type { KeptDelegation, KeptStore } from './kept.ts'

const VERSION = 1

const { readCbor, readRow, readList, readInteger, readBytes } = cborReader(
  () => new ChordnsError('CACHE_ROW_DAMAGED', 'a kept delegation on disk is not as it was written', {}),
)

export function keptStore(store: Store): KeptStore {
  const keyOf = (zone: Name) => canonicalName(zone).wire
  return {
    get(zone) {
      const row = store.get(keyOf(zone))
      return row && fromRow(row, zone)
    },
    put(kept) {
      const { zone } = kept.delegation
      store.batch([{ kind: 'put', key: keyOf(zone), value: toRow(kept) }], { durable: false })
    },
    delete: (zone) => store.batch([{ kind: 'delete', key: keyOf(zone) }], { durable: false }),
  }
}

/** [version, when, [[server, [address, ...]], ...], [DS, ...]]. */
function toRow({ delegation, at }: KeptDelegation): Uint8Array {
  const { nameServers, addresses, ds } = delegation
  const servers = nameServers.map(
    (server): CborValue => [server.wire, (addresses.get(server.key) ?? []).map((one) => addressRdata(one).rdata)],
  )
  return encodeCanonical([VERSION, at, servers, ds === undefined ? [] : [...ds.rdatas]])
}

/** Undefined for what is damaged, or of another release. */
function fromRow(bytes: Uint8Array, zone: Name): KeptDelegation | undefined {
  try {
    const [version, at, rows, rdatas] = readRow(readCbor(bytes, limits.MAX_KEPT_BYTES, 'row'), 4, 'row')
    if (version !== VERSION) return undefined
    const servers = readList(rows, 64, 'servers', serverFrom)
    const ds = readList(rdatas, 64, 'DS', (one) => readBytes(one, 4, 512, 'DS'))
    const ttl = limits.KEPT_TTL_SECONDS
    return {
      at: readInteger(at, 0, Number.MAX_SAFE_INTEGER, 'time'),
      delegation: {
        zone,
        nameServers: servers.map(({ name }) => name),
        addresses: new Map(servers.map(({ name, addresses }) => [name.key, addresses])),
        ds:
          ds.length === 0 ? undefined : { name: zone, type: Type.DS, class: Class.IN, ttl, rdatas: ds, signatures: [] },
        proofs: [],
        ttl,
      },
    }
  } catch (error) {
    if (isChordnsError(error)) return undefined
    throw error
  }
}

function serverFrom(field: CborField) {
  const [wire, addresses] = readRow(field, 2, 'server')
  return {
    name: nameFromWire(readBytes(wire, 1, 255, 'server')),
    addresses: readList(addresses, 64, 'addresses', (one) => addressText(readBytes(one, 4, 16, 'address'))),
  }
}
