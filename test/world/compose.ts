/** Zones with their name servers -> a WorldSpec: SOA, apex NS, host addresses, delegations and glue are written for you. */
import type { Behaviour, ServerSpec, ViewSpec, WorldSpec, ZoneSpec } from './types.ts'

export interface ZonePlan {
  /** Absolute, e.g. 'example.com.'. */
  readonly origin: string
  /** Host names (absolute) of the name servers; the addresses of all hosts are in `hosts` of the plan. */
  readonly nameServers: readonly string[]
  /** Zone-file text without SOA and apex NS. */
  readonly text: string
  readonly views?: readonly ViewSpec[]
  /** Seconds of the NS sets, at the parent too. Default 86400. */
  readonly nsTtl?: number
  /** Seconds negative answers may be kept: SOA MINIMUM. Default 300. */
  readonly negativeTtl?: number
}

export interface WorldPlan {
  /** Address literals by absolute host name; IPv6 ones go into AAAA. Each host becomes a server named without the final dot. */
  readonly hosts: Readonly<Record<string, string | readonly string[]>>
  readonly zones: readonly ZonePlan[]
  /** By server name, e.g. 'ns1.example.com'. */
  readonly behaviours?: Readonly<Record<string, Behaviour>>
  /** Extra AAAA or A records of hosts at which nobody listens: broken IPv6. By absolute host name. */
  readonly deadAddresses?: Readonly<Record<string, readonly string[]>>
  readonly port?: number
  readonly seed?: number
}

/** Host name without the final dot: how servers are called. */
export const serverName = (host: string): string => host.replace(/\.$/, '')

export function composeSpec(plan: WorldPlan): WorldSpec {
  const servers: Record<string, ServerSpec> = {}
  for (const [host, addresses] of Object.entries(plan.hosts)) {
    const behaviour = plan.behaviours?.[serverName(host)]
    servers[serverName(host)] = {
      addresses: typeof addresses === 'string' ? [addresses] : addresses,
      ...(behaviour === undefined ? {} : { behaviour }),
    }
  }
  return {
    servers,
    zones: plan.zones.map((zone) => zoneSpec(zone, plan)),
    ...(plan.port === undefined ? {} : { port: plan.port }),
    ...(plan.seed === undefined ? {} : { seed: plan.seed }),
  }
}

function zoneSpec(zone: ZonePlan, plan: WorldPlan): ZoneSpec {
  const children = plan.zones.filter(({ origin }) => origin !== zone.origin && enclosing(origin, plan) === zone.origin)
  const owned = Object.keys(plan.hosts).filter((host) => zoneOfHost(host, plan) === zone.origin)
  const lines = [
    `$TTL 3600`,
    `${zone.origin} 3600 IN SOA ${zone.nameServers[0]} hostmaster.${zone.origin === '.' ? 'root.' : zone.origin} 1 7200 3600 1209600 ${zone.negativeTtl ?? 300}`,
    ...nsLines(zone),
    ...owned.flatMap((host) => addressLines(host, plan)),
    ...children.flatMap((child) => [...nsLines(child), ...glueLines(child, zone, plan)]),
    zone.text,
  ]
  return {
    origin: zone.origin,
    servers: zone.nameServers.map(serverName),
    text: `${lines.join('\n')}\n`,
    ...(zone.views === undefined ? {} : { views: zone.views }),
  }
}

const nsLines = (zone: ZonePlan): string[] =>
  zone.nameServers.map((host) => `${zone.origin} ${zone.nsTtl ?? 86_400} IN NS ${host}`)

function addressLines(host: string, plan: WorldPlan, ttl = 86_400): string[] {
  const given = plan.hosts[host] ?? []
  const all = [...(typeof given === 'string' ? [given] : given), ...(plan.deadAddresses?.[host] ?? [])]
  return all.map((address) => `${host} ${ttl} IN ${address.includes(':') ? 'AAAA' : 'A'} ${address}`)
}

/**
 * Glue for the hosts inside the delegated zone, and for those of a sibling zone that this parent delegates as well (the
 * root does so for com's servers in net). Hosts elsewhere stay glueless.
 */
function glueLines(child: ZonePlan, parent: ZonePlan, plan: WorldPlan): string[] {
  return child.nameServers
    .filter((host) => hasGlue(host, child, parent, plan))
    .flatMap((host) => addressLines(host, plan, Math.max(child.nsTtl ?? 0, 86_400)))
}

function hasGlue(host: string, child: ZonePlan, parent: ZonePlan, plan: WorldPlan): boolean {
  if (below(host, child.origin)) return true
  const home = zoneOfHost(host, plan)
  return home !== parent.origin && enclosing(home, plan) === parent.origin
}

const below = (name: string, zone: string): boolean => zone === '.' || name === zone || name.endsWith(`.${zone}`)

/** The origins of a plan: worlds of thousands of zones ask for each of them often. */
const originsOf = new WeakMap<WorldPlan, ReadonlySet<string>>()

function origins(plan: WorldPlan): ReadonlySet<string> {
  const known = originsOf.get(plan) ?? new Set(plan.zones.map(({ origin }) => origin))
  originsOf.set(plan, known)
  return known
}

/** The zone that `name` is in. */
function zoneOfHost(name: string, plan: WorldPlan): string {
  for (let at = name; at !== ''; at = at.slice(at.indexOf('.') + 1)) {
    if (origins(plan).has(at)) return at
    if (!at.includes('.')) break
  }
  return '.'
}

/** The zone that delegates `origin`. */
const enclosing = (origin: string, plan: WorldPlan): string => zoneOfHost(origin.slice(origin.indexOf('.') + 1), plan)
