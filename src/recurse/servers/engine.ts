/** What asking servers needs beside what all share. */
import type { Engine } from '../job/engine.ts'
import type { Cookies } from './cookies.ts'
import type { Crowd } from './crowd.ts'
import type { AddressFamilies } from './families.ts'
import type { ServerMemory } from './memory.ts'
import type { Outage } from './outage.ts'
import type { Reporting } from './reporting.ts'

export interface ServersEngine extends Engine {
  readonly servers: ServerMemory
  readonly families: AddressFamilies
  readonly outage: Outage
  readonly cookies: Cookies
  readonly crowd: Crowd
  /** Undefined when the operator wants nothing reported. */
  readonly reporting: Reporting | undefined
}
