/** Many small zones that answer, and zones whose servers never do. */
import { seeded } from '../lib/stats.ts'
import { type Behaviour, composeSpec, type WorldSpec, type ZonePlan } from '../lib/world-parts.ts'

export interface CrowdOptions {
  /** Zones that answer. */
  readonly liveZones: number
  /** Zones whose servers are silent, besides `one-dead.org.`. */
  readonly deadZones: number
  readonly minDelayMs: number
  readonly maxDelayMs: number
  readonly seed: number
  readonly port?: number
}

export const liveZone = (i: number): string => `live${i}.com.`
export const deadZone = (i: number): string => `dead${i}.org.`
export const ONE_DEAD_ZONE = 'one-dead.org.'

/** Every live zone answers any name below it: each question can be a new one. */
export function crowdWorld(options: CrowdOptions): WorldSpec {
  const { liveZones, deadZones, minDelayMs, maxDelayMs } = options
  const chance = seeded(options.seed)
  const hosts: Record<string, string> = {}
  const behaviours: Record<string, Behaviour> = {}
  let serial = 0
  const zone = (origin: string, servers: number, text: string, silent = false): ZonePlan => {
    const nameServers = Array.from({ length: servers }, (_, i) => {
      const host = origin === '.' ? `${'abcd'[i]}.root.` : `ns${i + 1}.${origin}`
      hosts[host] = `127.53.${Math.floor(serial / 250)}.${1 + (serial % 250)}`
      serial++
      const delayMs = Math.round(minDelayMs + chance() * (maxDelayMs - minDelayMs))
      behaviours[host.slice(0, -1)] = silent ? { silent: true } : { delayMs }
      return host
    })
    return { origin, nameServers, text }
  }
  const zones = [
    zone('.', 4, ''),
    zone('com.', 4, ''),
    zone('org.', 4, ''),
    ...Array.from({ length: liveZones }, (_, i) => zone(liveZone(i), 2, '* 300 A 192.0.2.1\n')),
    ...Array.from({ length: deadZones }, (_, i) => zone(deadZone(i), 2, '* 300 A 192.0.2.1\n', true)),
    zone(ONE_DEAD_ZONE, 3, '* 300 A 192.0.2.1\n', true),
  ]
  return composeSpec({
    hosts,
    zones,
    behaviours,
    seed: options.seed,
    ...(options.port === undefined ? {} : { port: options.port }),
  })
}
