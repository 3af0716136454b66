/** Which zones are not found from the root: stub and forward zones, and those anchored on the ledger. */
import type { CacheContext } from '../../cache/index.ts'
import {
  canonicalName,
  type Delegation,
  isSubdomain,
  type Name,
  nameToText,
  parentName,
  type Question,
  Type,
} from '../../dns/index.ts'
import type { AnchorSource, RecursorOptions, ZoneServers } from './options.ts'

export const MAIN: CacheContext = 'main'

export interface ConfiguredZone {
  readonly zone: ZoneServers
  readonly role: 'authority' | 'forward'
  readonly context: CacheContext
}

export class ZoneMap {
  /** Stub and forward zones, the deepest first. */
  readonly #configured: readonly ConfiguredZone[]
  readonly #anchors: AnchorSource | undefined

  constructor(options: Pick<RecursorOptions, 'stubs' | 'forwards'>, anchors: AnchorSource | undefined) {
    const stubs = options.stubs.map((zone) => configured(zone, 'authority'))
    const forwards = options.forwards.map((zone) => configured(zone, 'forward'))
    this.#configured = [...stubs, ...forwards].sort((a, b) => b.zone.zone.labels - a.zone.zone.labels)
    this.#anchors = anchors
  }

  /** The context that is responsible for a question: the deepest stub or forward zone around it, else an anchored zone, else `main`. */
  contextOf(question: Question): CacheContext {
    if (this.#configured.length === 0 && this.#anchors === undefined) return MAIN
    const name = nameToAskFor(question)
    const configured = this.#configured.find(({ zone }) => isSubdomain(name, zone.zone))?.context
    return configured ?? this.#anchors?.contextOf(name) ?? MAIN
  }

  /** The zone that a context other than `main` stands for; undefined when it names none. */
  zoneOf(context: CacheContext): Pick<ConfiguredZone, 'zone' | 'role'> | undefined {
    return this.#configured.find((zone) => zone.context === context)
  }

  /** The servers of an anchored zone, if it is one that the context stands for. */
  anchored(context: CacheContext): Delegation | undefined {
    return this.#anchors?.delegationOf(context)
  }
}

/** The name whose closest zone is asked: a DS set lives in the parent (RFC 4035 section 3.1.4.1). */
export function nameToAskFor(question: Question): Name {
  return question.type === Type.DS && question.name.labels > 0 ? parentName(question.name) : question.name
}

function configured(zone: ZoneServers, role: ConfiguredZone['role']): ConfiguredZone {
  const kind = role === 'forward' ? 'forward' : 'stub'
  return { zone, role, context: `${kind}:${nameToText(canonicalName(zone.zone))}` }
}
