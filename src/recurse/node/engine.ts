/** Puts together what all questions of one recursor share. */
import { SteadyTime } from '../../base/index.ts'
import type { Engine } from '../job/engine.ts'
import type { RecursorDeps } from '../job/options.ts'
import { ZoneMap } from '../job/zones.ts'
import { Cookies } from '../known/cookies.ts'
import { Crowd } from '../known/crowd.ts'
import { AddressFamilies } from '../known/families.ts'
import { Outage } from '../known/outage.ts'
import { Reporting } from '../known/reporting.ts'
import { ServerMemory } from '../known/server-memory.ts'
import { limits as builtinLimits } from '../limits.ts'
import { AgreedCutTable } from '../walk/agreed-cuts.ts'
import { Dnames } from '../walk/dnames.ts'
import type { WalkEngine } from '../walk/engine.ts'
import { LookupShares } from '../walk/lookup-shares.ts'
import { BOGUS } from './failures.ts'

export function createEngine(deps: RecursorDeps): WalkEngine {
  const { options, clock, random } = deps
  const limits = { ...builtinLimits, ...options.limits }
  const monotonic = () => clock.monotonic()
  const outage = new Outage(limits, monotonic, {
    onOver: () => {
      servers.forgetRests()
      deps.cache.forgetFailures(BOGUS)
    },
    onMoved: () => {
      servers.forgetManners()
      deps.cache.forgetFailures()
    },
  })
  const families = new AddressFamilies(deps, limits, outage)
  const servers = new ServerMemory({ families, outage, limits, monotonic })
  const counters: Engine['counters'] = {
    upstreamQueries: 0,
    upstreamBytes: 0,
    timeouts: 0,
    tcpQueries: 0,
    nearMisses: 0,
    merged: 0,
  }
  return {
    deps,
    limits,
    zones: new ZoneMap(options, deps.anchors),
    counters,
    now: () => clock.now(),
    monotonic,
    families,
    outage,
    servers,
    cookies: new Cookies(random, limits.SERVERS_REMEMBERED, limits.COOKIE_AVOID_MS),
    crowd: new Crowd({ perZone: limits.WAITING_PER_ZONE, perTopZone: limits.WAITING_PER_TOP_ZONE }),
    reporting: options.errorReporting === true ? new Reporting(monotonic) : undefined,
    agreed: new AgreedCutTable(limits.AGREED_REMEMBERED, new SteadyTime(clock)),
    dnames: new Dnames(limits.DNAMES_REMEMBERED),
    lookups: new LookupShares(limits.LOOKUPS_PER_BUDGET),
  }
}
