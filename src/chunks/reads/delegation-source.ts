/** Agreed delegations of the ring, as iteration takes them: where it begins when the way to a parent is blocked. */
import type { Clock } from '../../base/index.ts'
import {
  addressText,
  agedDelegation,
  Class,
  type Delegation,
  type Name,
  type Question,
  suffixName,
  Type,
} from '../../dns/index.ts'
import { type Delegated, delegationQuestion, evidenceLimits } from '../../evidence/index.ts'
import type { DelegationSource } from '../../recurse/index.ts'
import { limits } from '../limits.ts'
import type { RingRead } from './ring-read.ts'

/** What is read of the ring: the `Chunks` of this node. */
export interface RingReader {
  read(question: Question, signal: AbortSignal): Promise<RingRead>
}

/**
 * The zones that are read lie on the way to a name that is shared already, so peers learn nothing new. What is found is as old as its
 * observations are.
 */
export function delegationSource(chunks: () => RingReader | undefined, clock: Pick<Clock, 'now'>): DelegationSource {
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
      const ttl = Math.min(delegated.ttl, evidenceLimits.MAX_AGREED_DELEGATION_SECONDS)
      const age = Math.max(0, ttl - (expires - clock.now()) / 1000)
      return { delegation: agedDelegation(delegationOf(delegated), age), parent: delegated.apex, expires }
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
