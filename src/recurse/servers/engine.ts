/** What asking servers needs beside what all share. */
import type { Engine } from '../job/engine.ts'
import type { Cookies } from '../known/cookies.ts'
import type { Crowd } from '../known/crowd.ts'
import type { AddressFamilies } from '../known/families.ts'
import type { Outage } from '../known/outage.ts'
import type { Reporting } from '../known/reporting.ts'
import type { ServerMemory } from '../known/server-memory.ts'

export interface ServersEngine extends Engine {
  readonly servers: ServerMemory
  readonly families: AddressFamilies
  readonly outage: Outage
  readonly cookies: Cookies
  readonly crowd: Crowd
  /** Undefined when the operator wants nothing reported. */
  readonly reporting: Reporting | undefined
}
