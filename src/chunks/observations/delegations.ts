/** Delegations as the ring keeps them, and as iteration takes them. */
import {
  addressRdata,
  addressText,
  Class,
  type Delegation,
  isSubdomain,
  type Name,
  suffixName,
  Type,
} from '../../dns/index.ts'
import { type Delegated, delegationQuestion, evidenceLimits, type Glue } from '../../evidence/index.ts'
import type { DelegationSource, OwnDelegation } from '../../recurse/index.ts'
import { limits } from '../limits.ts'
import type { Chunks, OwnFinding } from '../types.ts'

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

/** Where iteration begins when the way to a parent is blocked. The names that are asked for are on the way to one that is shared. */
export function delegationSource(chunks: () => Pick<Chunks, 'read'> | undefined): DelegationSource {
  return {
    async find(name, above, signal) {
      const ring = chunks()
      if (ring === undefined) return undefined
      const first = Math.max(1, above + 1)
      const last = Math.min(name.labels, first + limits.MAX_DELEGATION_READS - 1)
      const zones: Name[] = []
      for (let labels = first; labels <= last; labels++) zones.push(suffixName(name, labels))
      const reads = await Promise.all(zones.map((zone) => ring.read(delegationQuestion(zone), signal)))
      const found = reads.findLast((read) => read.kind === 'delegation')
      if (found === undefined) return undefined
      const { delegated, expires } = found.delegation
      return { delegation: delegationOf(delegated), parent: delegated.apex, expires }
    },
    async keys(zone, signal) {
      const read = await chunks()?.read({ name: zone, type: Type.DNSKEY, class: Class.IN }, signal)
      return read?.kind === 'accepted' ? read.finding.outcome : undefined
    },
  }
}

function delegationOf({ zone, nameServers, ds, glue, proofs, ttl }: Delegated): Delegation {
  const addresses = new Map(glue.map((one) => [one.name.key, one.addresses.map(addressText)]))
  return { zone, nameServers, addresses, ds, proofs, ttl }
}
