/** Which zones are not found from the root: stub and forward zones, and those anchored on the ledger. */
import type { CacheContext } from '../cache/index.ts'
import { isSubdomain, type Name, nameToText, parentName, type Question, Type } from '../dns/index.ts'
import { configuredServers } from '../iterator/index.ts'
import type { Engine } from './engine.ts'
import type { Cut } from './job.ts'
import type { RecursorOptions, ZoneServers } from './options.ts'

export const MAIN: CacheContext = 'main'

/** The context that is responsible for a question: the deepest stub or forward zone around it, else `main`. */
export function contextOf(options: RecursorOptions, question: Question): CacheContext {
  return configuredZone(options, question)?.context ?? MAIN
}

/** Where a question begins that is not `main`'s: its configured servers. Undefined when the context names no zone. */
export function configuredCut(engine: Engine, context: CacheContext): Cut | undefined {
  const { options, anchors } = engine.deps
  const found = allZones(options).find((zone) => zone.context === context)
  const anchored = found === undefined ? anchors?.zoneOf(context) : undefined
  const zone = found?.zone ?? anchored
  if (zone === undefined) return undefined
  const servers = configuredServers(zone.servers, { ...engine.addressRules(), queryLoopback: true })
  return {
    zone: zone.zone,
    role: found?.role ?? 'authority',
    source: { kind: 'configured', servers },
    expires: Number.POSITIVE_INFINITY,
    cached: false,
  }
}

/** The name whose closest zone is asked: a DS set lives in the parent (RFC 4035 section 3.1.4.1). */
export function nameToAskFor(question: Question): Name {
  return question.type === Type.DS && question.name.labels > 0 ? parentName(question.name) : question.name
}

interface ConfiguredZone {
  readonly zone: ZoneServers
  readonly role: 'authority' | 'forward'
  readonly context: CacheContext
}

function configuredZone(options: RecursorOptions, question: Question): ConfiguredZone | undefined {
  const name = nameToAskFor(question)
  return allZones(options)
    .filter(({ zone }) => isSubdomain(name, zone.zone))
    .sort((a, b) => b.zone.zone.labels - a.zone.zone.labels)[0]
}

function allZones(options: RecursorOptions): ConfiguredZone[] {
  const entry = (zone: ZoneServers, role: 'authority' | 'forward'): ConfiguredZone => ({
    zone,
    role,
    context: `${role === 'forward' ? 'forward' : 'stub'}:${nameToText(zone.zone).toLowerCase()}`,
  })
  return [
    ...options.stubs.map((zone) => entry(zone, 'authority')),
    ...options.forwards.map((zone) => entry(zone, 'forward')),
  ]
}
