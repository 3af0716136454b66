/** The root as a delegation: as its own servers tell it, or as the hints do. Pure. */
import { type Delegation, groupRRsets, type Message, type Name, nsName, ROOT, type RRset } from '../../dns/index.ts'
import { glueOf, iteratorLimits, type RootHint } from '../../iterator/index.ts'

export function hintedRoot(hints: readonly RootHint[], ttl: number): Delegation {
  return rootWith(
    hints.map(({ name }) => name),
    new Map(hints.map(({ name, addresses }) => [name.key, addresses])),
    ttl,
  )
}

/**
 * Addresses come from the additional section; a root server without any keeps those of its hint. Undefined when none has an address:
 * there would be nobody to ask for one.
 */
export function toldRoot(servers: RRset, message: Message, hints: readonly RootHint[]): Delegation | undefined {
  const nameServers: Name[] = servers.rdatas.map(nsName).slice(0, iteratorLimits.MAX_NS_KEPT)
  const addresses = new Map(glueOf(nameServers, groupRRsets(message.additionals), ROOT))
  for (const hint of hints) {
    const isServer = nameServers.some((name) => name.key === hint.name.key)
    if (isServer && !addresses.has(hint.name.key)) addresses.set(hint.name.key, hint.addresses)
  }
  return addresses.size === 0 ? undefined : rootWith(nameServers, addresses, servers.ttl)
}

function rootWith(
  nameServers: readonly Name[],
  addresses: ReadonlyMap<string, readonly string[]>,
  ttl: number,
): Delegation {
  return { zone: ROOT, nameServers, addresses, ds: undefined, proofs: [], ttl }
}
