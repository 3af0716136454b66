/** The shortest way to a world: zones by name, everything else made up. */
import { composeSpec, type WorldPlan, type ZonePlan } from './compose.ts'
import type { Behaviour, WorldSpec } from './types.ts'
import { createWorld, type World, type WorldOptions } from './world.ts'

export interface SimpleOptions extends WorldOptions {
  /** How many servers a zone has; default 1. By origin. */
  readonly serverCounts?: Readonly<Record<string, number>>
  /** By server name: 'ns1.example.com', 'ns1.com', 'a.root'. */
  readonly behaviours?: Readonly<Record<string, Behaviour>>
  readonly deadAddresses?: WorldPlan['deadAddresses']
  readonly port?: number
  readonly seed?: number
  /** First two octets of all addresses; default 127.54. */
  readonly network?: string
}

/**
 * `{ 'com.': '', 'example.com.': 'www A 192.0.2.1' }` -> a root, those zones, and their delegations. The root is added
 * when it is not named. Servers are ns1.<zone>, ns2.<zone> ... at 127.54.<zone's number>.<n>; the root's is a.root.
 */
export function simpleSpec(zones: Readonly<Record<string, string>>, options: SimpleOptions = {}): WorldSpec {
  const all: Record<string, string> = '.' in zones ? { ...zones } : { '.': '', ...zones }
  const hosts: Record<string, string> = {}
  const plans = Object.entries(all).map(([origin, text], index): ZonePlan => {
    const count = options.serverCounts?.[origin] ?? 1
    const nameServers = Array.from({ length: count }, (_, i) => {
      const host = origin === '.' ? `${String.fromCharCode(97 + i)}.root.` : `ns${i + 1}.${origin}`
      hosts[host] = `${options.network ?? '127.54'}.${index}.${i + 1}`
      return host
    })
    return { origin, nameServers, text }
  })
  return composeSpec({
    hosts,
    zones: plans,
    ...(options.behaviours === undefined ? {} : { behaviours: options.behaviours }),
    ...(options.deadAddresses === undefined ? {} : { deadAddresses: options.deadAddresses }),
    ...(options.port === undefined ? {} : { port: options.port }),
    ...(options.seed === undefined ? {} : { seed: options.seed }),
  })
}

export function simpleWorld(zones: Readonly<Record<string, string>>, options: SimpleOptions = {}): Promise<World> {
  return createWorld(simpleSpec(zones, options), options)
}
