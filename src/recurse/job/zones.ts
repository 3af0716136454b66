/** Which zones are not found from the root: stub and forward zones, and those anchored on the ledger. */
import type { CacheContext } from '../../cache/index.ts'
import { canonicalName, isSubdomain, type Name, nameToText, parentName, type Question, Type } from '../../dns/index.ts'
import { configuredServers } from '../../iterator/index.ts'
import type { Engine } from '../node/engine.ts'
import type { Cut } from './job.ts'
import type { RecursorOptions, ZoneServers } from './options.ts'

export const MAIN: CacheContext = 'main'

export interface ConfiguredZone {
  readonly zone: ZoneServers
  readonly role: 'authority' | 'forward'
  readonly context: CacheContext
}

/** Stub and forward zones, the deepest first. */
export function configuredZones(options: RecursorOptions): readonly ConfiguredZone[] {
  const entry = (zone: ZoneServers, role: 'authority' | 'forward'): ConfiguredZone => ({
    zone,
    role,
    context: `${role === 'forward' ? 'forward' : 'stub'}:${nameToText(canonicalName(zone.zone))}`,
  })
  const stubs = options.stubs.map((zone) => entry(zone, 'authority'))
  const forwards = options.forwards.map((zone) => entry(zone, 'forward'))
  return [...stubs, ...forwards].sort((a, b) => b.zone.zone.labels - a.zone.zone.labels)
}

/** The context that is responsible for a question: the deepest stub or forward zone around it, else `main`. */
export function contextOf(engine: Engine, question: Question): CacheContext {
  if (engine.zones.length === 0) return MAIN
  const name = nameToAskFor(question)
  return engine.zones.find(({ zone }) => isSubdomain(name, zone.zone))?.context ?? MAIN
}

/** Where a question begins that is not `main`'s: its configured servers. Undefined when the context names no zone. */
export function configuredCut(engine: Engine, context: CacheContext): Cut | undefined {
  const found = engine.zones.find((zone) => zone.context === context)
  const zone = found?.zone ?? engine.deps.anchors?.zoneOf(context)
  if (zone === undefined) return undefined
  const servers = configuredServers(zone.servers, engine.addressRules())
  return { zone: zone.zone, role: found?.role ?? 'authority', source: { kind: 'configured', servers }, cached: false }
}

/** The name whose closest zone is asked: a DS set lives in the parent (RFC 4035 section 3.1.4.1). */
export function nameToAskFor(question: Question): Name {
  return question.type === Type.DS && question.name.labels > 0 ? parentName(question.name) : question.name
}
