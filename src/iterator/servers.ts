/** From a delegation to the addresses that may be asked. */
import type { Endpoint, Random } from '../base/index.ts'
import type { Delegation, Name } from '../dns/index.ts'
import { familyOf, mayAsk } from './addresses.ts'
import { limits } from './limits.ts'
import { sample } from './selection.ts'
import type { AddressRules, Server } from './types.ts'

/** The name servers of a delegation that are used: at most 13, drawn at random (NXNSAttack). */
export function serversUsed(delegation: Delegation, random: Random): readonly Name[] {
  return sample(delegation.nameServers, limits.MAX_NS_USED, random)
}

/**
 * The addresses that may be asked, each once: several names with one address are one server (CVE-2026-3592), and self-pointed
 * or unroutable ones are none.
 */
export function serversAt(
  addresses: readonly (readonly [name: Name | undefined, address: string])[],
  rules: AddressRules,
): readonly Server[] {
  const servers = new Map<string, Server>()
  for (const [name, address] of addresses) {
    if (servers.size >= limits.MAX_ADDRESSES_USED) break
    const family = familyOf(address)
    if (family === undefined || servers.has(address) || !mayAsk(address, rules.port, rules)) continue
    servers.set(address, { endpoint: { address, port: rules.port }, family, name })
  }
  return [...servers.values()]
}

/** Configured servers of a stub or forward zone: the operator chose them, so loopback is allowed; a listener of this node is not. */
export function configuredServers(endpoints: readonly Endpoint[], rules: AddressRules): readonly Server[] {
  return endpoints.flatMap((endpoint) => {
    const family = familyOf(endpoint.address)
    const usable = mayAsk(endpoint.address, endpoint.port, { ...rules, queryLoopback: true })
    return family === undefined || !usable ? [] : [{ endpoint, family, name: undefined }]
  })
}
