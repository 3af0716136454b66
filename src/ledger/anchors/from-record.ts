/** From the record of a name to what the resolver goes by. */
import { addressText, Class, type Delegation, type Name, nameToText, Type } from '../../dns/index.ts'
import type { NameRecord } from '../modules/names/record.ts'
import { limits } from './limits.ts'
import type { Anchor, ProofNote } from './types.ts'

/** Undefined for a name that was given up, or that was past its grace when it was proven. */
export function anchorFrom(record: NameRecord, zone: Name, proof: ProofNote): Anchor | undefined {
  const { settings, generation } = record
  const until = record.life?.resolves ?? Number.POSITIVE_INFINITY
  if (record.owner === undefined || settings === undefined || until <= proof.time) return undefined
  const { ds, servers } = settings
  const ttl = limits.DELEGATION_TTL
  const delegation: Delegation = {
    zone,
    nameServers: servers.map(({ name }) => name),
    addresses: new Map(servers.map(({ name, addresses }) => [name.key, addresses.map(addressText)])),
    ds: { name: zone, type: Type.DS, class: Class.IN, ttl, rdatas: ds, signatures: [] },
    proofs: [],
    ttl,
  }
  const context = `ledger:${nameToText(zone).toLowerCase()}:${generation}`
  return { zone, context, delegation, ds, generation, until, proof }
}
