/** What validating needs beside what all share. */
import type { Question } from '../../dns/index.ts'
import type { Engine } from '../job/engine.ts'
import type { AgreedCutTable } from '../walk/agreed-cuts.ts'

export interface TrustEngine extends Engine {
  /** Agreed delegations carry DS sets, too. */
  readonly agreed: Pick<AgreedCutTable, 'get'>
  readonly servers: {
    /** What the last server said to this question is bogus: the zone's others must be asked first. */
    onBogus(question: Question): void
  }
}
