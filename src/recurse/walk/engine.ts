/** What walking down from the root needs beside what asking servers does. */
import type { ServersEngine } from '../servers/engine.ts'
import type { AgreedCutTable } from './agreed-cuts.ts'
import type { Dnames } from './dnames.ts'
import type { LookupShares } from './lookup-shares.ts'

export interface WalkEngine extends ServersEngine {
  readonly agreed: AgreedCutTable
  readonly dnames: Dnames
  readonly lookups: LookupShares
}
