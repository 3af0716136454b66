/** A delegation as this node observed it, to be signed. Pure. */
import { addressRdata, isSubdomain } from '../../dns/index.ts'
import { type Delegated, delegationQuestion, evidenceLimits, type Glue } from '../../evidence/index.ts'
import type { OwnDelegation } from '../../recurse/index.ts'
import type { OwnFinding } from './observation.ts'

/** What the parent said, to be signed. Only glue of servers inside the zone goes with it: that is all that parents owe. */
export function delegationFinding({ delegation, parent, expires, start }: OwnDelegation): OwnFinding {
  const { zone, nameServers, addresses, ds, proofs, ttl } = delegation
  const servers = nameServers.slice(0, evidenceLimits.MAX_NAME_SERVERS)
  const glue = servers.flatMap((name): Glue[] => {
    const texts = isSubdomain(name, zone) ? (addresses.get(name.key) ?? []) : []
    if (texts.length === 0) return []
    const rdatas = texts.slice(0, evidenceLimits.MAX_GLUE_ADDRESSES).map((text) => addressRdata(text).rdata)
    return [{ name, addresses: rdatas }]
  })
  const outcome: Delegated = { kind: 'delegation', zone, apex: parent, nameServers: servers, ds, glue, ttl, proofs }
  const evidence = { security: 'indeterminate', provenance: 'solo', observers: [] } as const
  return { question: delegationQuestion(zone), outcome, evidence, expires, start }
}
